"""Accept and Reject of what somebody here did with a post elsewhere: an answer, a boost, a favourite (GoToSocial)."""

from federation.inbox.box import Box
from federation.vocab import normalise
from storage import approvals, favourites, reactions, statuses
from storage.db import Conn
from storage.statuses import Status


async def accepted(box: Box) -> bool:
    """Whether it answers something of ours. Older versions take the Accept itself for the proof."""
    uri = box.activity.result or box.activity.id
    async with box.fed.db.transaction() as conn:
        ours = await _ours(conn, box)
        if ours is None:
            return False
        if uri is not None and normalise.is_http(uri) and box.owns(uri):
            await approvals.approve(conn, ours.id, uri)
    return True


async def rejected(box: Box) -> bool:
    """A boost or favourite is taken back; an answer stays with whoever wrote it."""
    async with box.fed.db.transaction() as conn:
        ours = await _ours(conn, box)
        if ours is not None and ours.reblog_of_id is not None:
            await statuses.delete(conn, ours.id)
        elif ours is not None:
            await approvals.part(conn, ours.id)
        return ours is not None or await _unlike(conn, box)


async def _ours(conn: Conn, box: Box) -> Status | None:
    """The answer or boost of ours that is meant, by its own id or that of its Create, if it is about a post of the
    sender's."""
    uri = box.object_id
    found = await statuses.by_uri(conn, uri) or await statuses.by_uri(conn, uri.removesuffix("/activity"))
    if found is None or not found.is_local:
        return None
    about = await statuses.by_id(conn, found.reblog_of_id or found.in_reply_to_id or 0)
    return found if about is not None and about.account_id == box.actor.id else None


async def _unlike(conn: Conn, box: Box) -> bool:
    """A favourite, or a reaction."""
    given = await reactions.by_uri(conn, box.object_id)
    found = given or await favourites.by_uri(conn, box.object_id)
    about = await statuses.by_id(conn, found.status_id) if found is not None else None
    if found is None or about is None or about.account_id != box.actor.id:
        return False
    if given is not None:
        return await reactions.remove(conn, account_id=given.account_id, status_id=given.status_id, key=given.key)
    return await favourites.remove(conn, account_id=found.account_id, status_id=found.status_id)
