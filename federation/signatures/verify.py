"""Which scheme signed a request, and one answer for all of them.

The order of work is: `claims` (cheap, no key), then for each the caller finds the key of `key_id`, then `confirm`.
"""

from collections.abc import Container
from datetime import datetime

from msgspec import Struct

from federation.signatures import draft_cavage, keys, rfc9421
from federation.signatures.requests import SignedRequest


class Claim(Struct, frozen=True):
    """What a request says about its signer, believable only after `confirm`."""

    key_id: str
    parsed: draft_cavage.Parsed | rfc9421.Parsed

    @property
    def is_rfc9421(self) -> bool:
        return isinstance(self.parsed, rfc9421.Parsed)

    def covers(self, name: str) -> bool:
        """Whether a header, in lower case, is signed."""
        if isinstance(self.parsed, rfc9421.Parsed):
            return name in self.parsed.names
        return name in self.parsed.headers


def claims(request: SignedRequest, now: datetime, *, hosts: Container[str], require_host: bool = True) -> list[Claim]:
    """At least one, of which the first that is confirmed counts. Raise SignatureError (status 400 or 401) when the
    request can be refused without a key. `require_host`: see `draft_cavage.claim`. Whoever sends Signature-Input means
    RFC 9421."""
    if request.values("signature-input"):
        return [Claim(parsed.key_id, parsed) for parsed in rfc9421.claims(request, now, hosts=hosts)]
    parsed = draft_cavage.claim(request, now, hosts=hosts, require_host=require_host)
    return [Claim(parsed.key_id, parsed)]


def confirm(request: SignedRequest, claimed: Claim, key: keys.PublicKey) -> None:
    """Raise SignatureError unless this key made the signature."""
    if isinstance(claimed.parsed, rfc9421.Parsed):
        rfc9421.confirm(request, claimed.parsed, key)
    else:
        draft_cavage.confirm(request, claimed.parsed, key)
