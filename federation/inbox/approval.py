"""Accept and Reject of what somebody here did, or asked to do, with a post elsewhere: an answer, a boost, a favourite
(GoToSocial)."""

from federation.inbox.box import Box
from federation.vocab import normalise
from storage import accounts, approvals, consents, favourites, reactions, statuses
from storage.consents import Consent
from storage.db import Conn
from storage.favourites import Favourite
from storage.reactions import Reaction
from storage.statuses import Status


async def accepted(box: Box) -> bool:
    """Whether it answers something of ours. Older versions take the Accept itself for the proof; whoever was asked
    first has one to show."""
    async with box.fed.db.transaction() as conn:
        asked = await _asked(conn, box)
        uri = box.activity.result or (box.activity.id if asked is None or asked.request_uri is None else None)
        proof = uri if uri is not None and normalise.is_http(uri) and box.owns(uri) else None
        if asked is not None:
            if proof is not None:
                await consents.give(conn, asked, proof)
            return True
        ours = await _ours(conn, box, box.object_id)
        if ours is not None:
            if proof is not None:
                await approvals.approve(conn, ours.id, proof)
            return True
        liked = await _liked(conn, box, box.object_id)
        giver = await accounts.by_id(conn, liked.account_id) if liked is not None else None
        if giver is None or not giver.is_local:
            return False
        if liked is not None and liked.uri is not None and proof is not None:
            done = Consent(liked.uri, None, liked.account_id, liked.status_id, "given", proof)
            await consents.give(conn, done, proof)
        return True


async def rejected(box: Box) -> bool:
    """A boost or favourite is taken back; an answer stays with whoever wrote it."""
    async with box.fed.db.transaction() as conn:
        asked = await _asked(conn, box)
        uri = asked.interacting_uri if asked is not None else box.object_id
        if asked is not None:
            await consents.refuse(conn, uri)
        ours = await _ours(conn, box, uri)
        if ours is not None and ours.reblog_of_id is not None:
            await statuses.delete(conn, ours.id)
        elif ours is not None:
            await approvals.part(conn, ours.id)
        return ours is not None or await _unlike(conn, box, uri) or asked is not None


async def _asked(conn: Conn, box: Box) -> Consent | None:
    """What the sender was asked, by the question or what it is about."""
    for ref in box.activity.objects:
        instrument = normalise.iri(ref.doc.get("instrument")) if ref.doc is not None else None
        for uri in (ref.id, instrument):
            row = await consents.named(conn, uri) if uri else None
            about = await statuses.by_id(conn, row.status_id) if row is not None else None
            if about is not None and about.account_id == box.actor.id:
                return row
    return None


async def _ours(conn: Conn, box: Box, uri: str) -> Status | None:
    """The answer or boost of ours that is meant, by its own id or that of its Create, if it is about a post of the
    sender's."""
    found = await statuses.by_uri(conn, uri) or await statuses.by_uri(conn, uri.removesuffix("/activity"))
    if found is None or not found.is_local:
        return None
    about = await statuses.by_id(conn, found.reblog_of_id or found.in_reply_to_id or 0)
    return found if about is not None and about.account_id == box.actor.id else None


async def _liked(conn: Conn, box: Box, uri: str) -> Reaction | Favourite | None:
    """A favourite, or a reaction, of somebody here, of a post of the sender's."""
    found = await reactions.by_uri(conn, uri) or await favourites.by_uri(conn, uri)
    about = await statuses.by_id(conn, found.status_id) if found is not None else None
    return found if about is not None and about.account_id == box.actor.id else None


async def _unlike(conn: Conn, box: Box, uri: str) -> bool:
    given = await _liked(conn, box, uri)
    if isinstance(given, Reaction):
        return await reactions.remove(conn, account_id=given.account_id, status_id=given.status_id, key=given.key)
    if given is not None:
        return await favourites.remove(conn, account_id=given.account_id, status_id=given.status_id)
    return False
