"""Activities that somebody passed on (ActivityPub 7.1.2): believed when they prove by themselves whose they are, else
no more than a reason to look at the origin.
"""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from federation import resolve, signers
from federation.context import Fed
from federation.errors import Gone, Rejected, SignatureError
from federation.http.fetch import NotFound
from federation.signatures import keys, linked_data, proofs
from federation.vocab import normalise
from federation.vocab.activity import Activity
from storage import accounts, inbox, relays, statuses
from storage.statuses import Status
from storage.visibility import PRIVATE

log = logging.getLogger("fedi.inbox")

JSON = dict[str, Any]  # Any: as it arrived

# What proves a thing for ever proves it to whoever sends it again: these do no harm a second time.
PROVABLE = frozenset(("Create", "Update", "Delete"))


async def proven(fed: Fed, document: JSON, envelope: Activity) -> bool:
    """Whether the document itself shows that its actor made it: a proof, or for what is deleted a linked data
    signature, which is good for nothing more. Raises Retry when that cannot be told now."""
    proof = proofs.find(document)
    signature = linked_data.find(document) if envelope.type == "Delete" and proof is None else None
    if envelope.actor is None or envelope.type not in PROVABLE or (proof is None and signature is None):
        return False
    if not await _concerns_us(fed, envelope):
        return False
    if proof is not None:

        async def check(key: keys.PublicKey) -> None:
            proofs.verify(document, proof, key, datetime.now(UTC))

        return await _made_by(fed, envelope.actor, proof.method, check)
    if signature is None:
        return False

    async def check_linked(key: keys.PublicKey) -> None:
        await linked_data.verify(document, signature, key)

    return await _made_by(fed, envelope.actor, signature.creator, check_linked)


async def is_relayed_news(fed: Fed, envelope: Activity, sender_uri: str) -> bool:
    """Whether a relay tells of a post that is not here: fetched, proof or not, since it is for everybody here and not
    only for whom it concerns."""
    if envelope.type not in ("Create", "Update"):
        return False
    async with fed.db.read() as conn:
        return await relays.speaks(conn, sender_uri) and await statuses.by_uri(conn, envelope.object_id or "") is None


async def _made_by(fed: Fed, actor: str, key_id: str, check: Callable[[keys.PublicKey], Awaitable[None]]) -> bool:
    """Whether a key of this very actor passes the check; read again, now and then, if the one we know does not."""
    try:
        found = await signers.key(fed, key_id)
        if found.owner != actor:
            return False
        try:
            await check(keys.load_public(found.public_pem))
        except SignatureError:
            found = await signers.key(fed, key_id, refresh=True)
            if found.owner != actor:
                return False
            await check(keys.load_public(found.public_pem))
    except (Rejected, Gone) as exc:
        log.info("not proven", extra={"actor": actor, "key": key_id[:200], "error": str(exc)})
        return False
    return True


async def _concerns_us(fed: Fed, envelope: Activity) -> bool:
    """Checking costs the fetch of a key: not for what we would drop anyway."""
    async with fed.db.read() as conn:
        if await accounts.by_uri(conn, envelope.actor or "") is not None:
            return True
        answers = _answered(envelope)
        return answers is not None and await statuses.by_uri(conn, answers) is not None


def _answered(envelope: Activity) -> str | None:
    ref = envelope.object
    return normalise.iri(ref.doc.get("inReplyTo")) if ref is not None and ref.doc is not None else None


async def relayed(fed: Fed, uri: str) -> None:
    """A relay tells us of a public post: for the federated timeline, and for who follows its hashtags."""
    with contextlib.suppress(Gone, Rejected):
        await resolve.status(fed, uri, quiet=False, climb=False)


async def recheck(fed: Fed, envelope: Activity, sender_uri: str = "") -> None:
    """Fetch what it is about: a post that concerns us, or that a relay passes on, is stored or updated, one that is
    gone is deleted."""
    uri = envelope.object_id
    if uri is None:
        return
    async with fed.db.read() as conn:
        known = await statuses.by_uri(conn, uri)
        answers = _answered(envelope)
        wanted = answers is not None and await statuses.by_uri(conn, answers) is not None
        by_relay = await relays.speaks(conn, sender_uri)
    if known is None and by_relay and envelope.type != "Delete":
        await relayed(fed, uri)
        return
    if known is None and not wanted:
        return
    try:
        await resolve.status(fed, uri, refresh=True)
    except (Gone, NotFound):
        # A post for followers is never shown to us as a server: its absence there proves nothing.
        if envelope.type == "Delete" and known is not None and known.visibility < PRIVATE:
            await _forget(fed, known)


async def _forget(fed: Fed, known: Status) -> None:
    async with fed.db.transaction() as conn:
        author = await accounts.by_id(conn, known.account_id)
        if author is not None and not author.is_local:
            await inbox.bury(conn, known.uri, actor_uri=author.uri)
            await statuses.delete(conn, known.id)
