"""Linked data signatures on what we send, where the operator wants them: made once for an activity, before it leaves.

Not in the transaction that stores it, since each takes a process of its own.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from federation import origins, signing
from federation.context import Fed
from federation.errors import SignatureError
from federation.signatures import linked_data
from federation.vocab.audience import PUBLIC
from storage import activities

log = logging.getLogger("fedi.delivery")


async def signed(fed: Fed, senders: Mapping[int, int], bodies: dict[int, bytes]) -> dict[int, bytes]:
    """The bodies of activities, those of public ones signed. `senders`: activity → account. What is private stays
    deniable."""
    if not fed.site.linked_data_signatures:
        return bodies
    found = dict(bodies)
    for activity_id, body in bodies.items():
        document = orjson.loads(body)
        signed = not {"signature", "proof"}.isdisjoint(document)  # before, or by whoever made it elsewhere
        if PUBLIC in (*document.get("to", ()), *document.get("cc", ())) and not signed:
            made = await _once(fed, activity_id, senders[activity_id], document)
            found[activity_id] = made.encode() if made is not None else body
    return found


async def _once(fed: Fed, activity_id: int, account_id: int, document: dict[str, Any]) -> str | None:
    """Any: JSON. Hosts are served side by side, and all want the same."""
    return await origins.once(fed, ("linked", activity_id), lambda: _sign(fed, activity_id, account_id, document))


async def _sign(fed: Fed, activity_id: int, account_id: int, document: dict[str, Any]) -> str | None:
    """Any: JSON. None when it goes unsigned."""
    try:
        signer = await signing.signer(fed, account_id)
        if not isinstance(signer.key, RSAPrivateKey):
            return None
        made = await linked_data.sign(document, signer.key, signer.key_id, datetime.now(UTC))
    except (SignatureError, LookupError, ValueError) as exc:
        log.warning("activity %d goes without a linked data signature: %s", activity_id, exc)
        return None
    async with fed.db.transaction() as conn:
        return await activities.sign(conn, activity_id, made)
