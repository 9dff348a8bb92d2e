"""Linked data signatures on what we send, for relays that want them: made once for an activity, before it leaves.

Not in the transaction that stores it, since each takes a process of its own.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from federation import origins, outgoing, signing
from federation.context import Fed
from federation.errors import SignatureError
from federation.signatures import linked_data
from federation.vocab.audience import PUBLIC
from storage import activities

log = logging.getLogger("fedi.delivery")

JSON = dict[str, Any]  # Any: ActivityStreams


async def signed(fed: Fed, senders: Mapping[int, int], bodies: dict[int, bytes]) -> dict[int, bytes]:
    """The bodies of activities, those of public ones signed. `senders`: activity → account. What is private stays
    deniable."""
    bare = {activity_id: document for activity_id, body in bodies.items() if (document := _unsigned(body)) is not None}
    if not bare:
        return bodies
    async with fed.db.read() as conn:
        if not await outgoing.wants_linked(conn, fed.site):
            return bodies
    found = dict(bodies)
    for activity_id, document in bare.items():
        made = await _once(fed, activity_id, senders[activity_id], document)
        found[activity_id] = made.encode() if made is not None else bodies[activity_id]
    return found


def _unsigned(body: bytes) -> JSON | None:
    """What everybody may read, and neither we nor whoever made it elsewhere have signed."""
    if b'"proof":' in body or b'"signature":' in body:  # what is parsed for nothing costs as much as its delivery
        return None
    document: JSON = orjson.loads(body)
    return document if PUBLIC in (*document.get("to", ()), *document.get("cc", ())) else None


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
