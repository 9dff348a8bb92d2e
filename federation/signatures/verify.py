"""Which scheme signed a request, and one answer for all of them.

The order of work is: `claim` (cheap, no key), then the caller finds the key of `claim.key_id`, then `confirm`.
"""

from collections.abc import Container
from datetime import datetime

from msgspec import Struct

from federation.signatures import draft_cavage, keys
from federation.signatures.draft_cavage import SignedRequest


class Claim(Struct, frozen=True):
    """What a request says about its signer, believable only after `confirm`."""

    key_id: str
    parsed: draft_cavage.Parsed


def claim(request: SignedRequest, now: datetime, *, hosts: Container[str]) -> Claim:
    """Raise SignatureError (status 400 or 401) when the request can be refused without a key."""
    parsed = draft_cavage.claim(request, now, hosts=hosts)
    return Claim(parsed.key_id, parsed)


def confirm(request: SignedRequest, claimed: Claim, key: keys.PublicKey) -> None:
    """Raise SignatureError unless this key made the signature."""
    draft_cavage.confirm(request, claimed.parsed, key)
