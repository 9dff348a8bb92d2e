"""Verified activities on their way into the queue: those of a moment share a transaction, and none is queued twice."""

import functools
import hashlib
from collections.abc import Sequence

import orjson

from federation.context import Fed
from federation.signatures import verify
from federation.together import Together
from federation.vocab import audience, normalise
from federation.vocab.activity import Activity
from storage import inbox as rows
from storage.inbox import Arrival

GATHER_SECONDS = 0.01
MAX_GATHERED = 200


async def store(
    fed: Fed, document: normalise.JSON, envelope: Activity, recipient_id: int | None, sender_uri: str, *, limited: bool
) -> None:
    """Queue it; returns after the commit. What arrived before is left out."""
    body = orjson.dumps(document).decode()
    # What is passed on may be a fake: it must not use up the id of the genuine.
    forwarded = sender_uri != envelope.actor
    if envelope.id is None or forwarded:
        uri = f"urn:sha256:{hashlib.sha256(body.encode()).hexdigest()}"
    else:
        uri = rows.of_actor(envelope.id, sender_uri)
        if recipient_id is not None and envelope.type == "Create" and not _is_public(envelope):
            # Whose inbox it came to may be all that tells for whom it is.
            uri += f" {recipient_id}"
    accept = functools.partial(_accept, fed)
    gathered: Together[Arrival, None] = fed.kept(
        "intake", lambda: Together(accept, most=MAX_GATHERED, gather_seconds=GATHER_SECONDS)
    )
    await gathered.ask(Arrival(uri, sender_uri, body, recipient_id, forwarded, limited))


def _is_public(envelope: Activity) -> bool:
    doc = (envelope.object.doc if envelope.object is not None else None) or {}
    named = (*envelope.to, *envelope.cc, *audience.addresses(doc.get("to")), *audience.addresses(doc.get("cc")))
    return any(map(audience.is_public, named))


async def _accept(fed: Fed, arrivals: Sequence[Arrival]) -> Sequence[None]:
    async with fed.db.transaction() as conn:
        await rows.accept(conn, arrivals)
    return [None] * len(arrivals)


def _name(envelope: Activity, claim: verify.Claim | None) -> str | None:
    """Of a Follow its signature, too, is heard once: its id may come again when it has ended, but from whoever signs it
    anew, and not from whoever kept a copy."""
    if claim is None or envelope.type != "Follow":
        return None
    return f"urn:signature:{hashlib.sha256(claim.parsed.signature).hexdigest()}"


async def is_replayed(fed: Fed, envelope: Activity, claim: verify.Claim | None) -> bool:
    """Whether this very signature was heard before, where that matters."""
    name = _name(envelope, claim)
    if name is None:
        return False
    async with fed.db.read() as conn:
        return await rows.known(conn, name)


async def heard(fed: Fed, envelope: Activity, claim: verify.Claim | None) -> None:
    """After the activity is stored: a sender who got no answer sends the very same again."""
    name = _name(envelope, claim)
    if name is not None:
        async with fed.db.transaction() as conn:
            await rows.remember(conn, name)
