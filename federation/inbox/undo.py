"""Undo: something is taken back, perhaps before it arrived."""

from federation.inbox import delete, react
from federation.inbox import follow as answers
from federation.inbox.box import Box
from federation.vocab import activity, normalise, reaction, types
from storage import accounts, blocks, boosts, favourites, follows, inbox, reactions, statuses
from storage.db import Conn


async def follow(box: Box) -> None:
    async with box.fed.db.transaction() as conn:
        await inbox.lock(conn, box.object_id)
        if await _follow(conn, box):
            return
        # Some name a Follow by another id than it had, or by none. One that did come was replaced by a later one, which
        # stands: this Undo has been overtaken.
        target = await accounts.by_uri(conn, _inner_object(box))
        if target is not None and not await inbox.known(conn, inbox.of_actor(box.object_id, box.actor.uri)):
            await follows.unfollow(conn, box.actor.id, target.id)
        await _bury(conn, box)


async def like(box: Box) -> None:
    """A favourite or a reaction."""
    async with box.fed.db.transaction() as conn:
        await inbox.lock(conn, box.object_id)
        if not await _like(conn, box):
            await _bury(conn, box)


async def announce(box: Box) -> None:
    async with box.fed.db.transaction() as conn:
        await inbox.lock(conn, box.object_id)
        if not await _announce(conn, box):
            await _bury(conn, box)


async def block(box: Box) -> None:
    async with box.fed.db.transaction() as conn:
        await inbox.lock(conn, box.object_id)
        if not await _block(conn, box):
            await _bury(conn, box)


async def accept(box: Box) -> None:
    """Somebody whom people here follow lets go of one of them."""
    inner = box.activity.object
    doc = inner.doc if inner is not None else None
    if doc is None or normalise.iri(doc.get("actor")) not in (None, box.actor.uri):
        return
    async with box.fed.db.transaction() as conn:
        ours = await answers.asked_by_us(conn, box.actor, types.refs(doc.get("object")))
        if ours is not None:
            await follows.reject(conn, ours.account_id, ours.target_id)


async def create(box: Box) -> None:
    """The post is deleted."""
    uri = _inner_object(box)
    if uri:
        await delete.post(box, uri)


async def anything(box: Box) -> None:
    """Only the id of what is undone is given."""
    async with box.fed.db.transaction() as conn:
        await inbox.lock(conn, box.object_id)
        for attempt in (_follow, _like, _announce, _block):
            if await attempt(conn, box):
                return
        await _bury(conn, box)


async def _bury(conn: Conn, box: Box) -> None:
    """It may still come."""
    if box.object_id and box.owns(box.object_id):
        await inbox.bury(conn, box.object_id, actor_uri=box.actor.uri)


def _inner_object(box: Box) -> str:
    """What the undone activity was about."""
    ref = box.activity.object
    return normalise.iri(ref.doc.get("object")) or "" if ref is not None and ref.doc is not None else ""


async def _follow(conn: Conn, box: Box) -> bool:
    found = await follows.by_uri(conn, box.object_id)
    if found is None or found.account_id != box.actor.id:
        return False
    return await follows.unfollow(conn, box.actor.id, found.target_id)


async def _like(conn: Conn, box: Box) -> bool:
    found = await favourites.by_uri(conn, box.object_id)
    if found is not None and found.account_id == box.actor.id:
        return await favourites.remove(conn, account_id=box.actor.id, status_id=found.status_id)
    given = await reactions.by_uri(conn, box.object_id)
    if given is not None and given.account_id == box.actor.id:
        return await reactions.remove(conn, account_id=box.actor.id, status_id=given.status_id, key=given.key)
    post = await statuses.by_uri(conn, _inner_object(box))
    return post is not None and await _unnamed_like(conn, box, post.id)


async def _unnamed_like(conn: Conn, box: Box, status_id: int) -> bool:
    """By what it was about and, of a reaction, by its emoji: it came with another id, or with none."""
    ref = box.activity.object
    given = reaction.parse(activity.parse(ref.doc)) if ref is not None and ref.doc is not None else None
    if given is not None:
        key = reaction.key(given.name, await react.named(conn, box, given))
        return await reactions.remove(conn, account_id=box.actor.id, status_id=status_id, key=key)
    if box.activity.object_type == reaction.REACT:
        return False
    return await favourites.remove(conn, account_id=box.actor.id, status_id=status_id)


async def _announce(conn: Conn, box: Box) -> bool:
    found = await statuses.by_uri(conn, box.object_id)
    if found is None:
        post = await statuses.by_uri(conn, _inner_object(box))
        boost_id = await boosts.of_account(conn, box.actor.id, post.id) if post is not None else None
        found = await statuses.by_id(conn, boost_id) if boost_id is not None else None
    if found is None or found.account_id != box.actor.id or found.reblog_of_id is None:
        return False
    await statuses.delete(conn, found.id)
    return True


async def _block(conn: Conn, box: Box) -> bool:
    found = await blocks.by_uri(conn, box.object_id)
    if found is not None and found.account_id == box.actor.id:
        return await blocks.remove(conn, box.actor.id, found.target_id)
    target = await accounts.by_uri(conn, _inner_object(box))
    return target is not None and await blocks.remove(conn, box.actor.id, target.id)
