"""Collections of people on other servers (FEP-7aa9) come, change and go, and so do those who are in them."""

from federation import featuring
from federation.errors import Gone, Rejected
from federation.inbox import feature
from federation.inbox.box import Box
from federation.vocab import featured
from storage import collection_items, collections, inbox
from storage.accounts import Account
from storage.collections import Collection
from storage.db import Conn


async def theirs(box: Box, uri: str) -> Collection | None:
    """The sender's collection, read from their server when it is not known."""
    try:
        found = await featuring.fetched(box.fed, uri)
    except (Gone, Rejected):
        return None
    return found if found.account_id == box.actor.id else None


async def changed(box: Box) -> None:
    """Add or Update of a collection: the sender's own, as they show it, or as their server does."""
    ref = box.activity.object
    if ref is None or ref.id is None or not box.owns(ref.id):
        raise Rejected("somebody else's collection")
    if ref.doc is None:
        await featuring.fetched(box.fed, ref.id, again=True)
    else:
        await featuring.store(box.fed, featured.parse(ref.doc), box.actor)


async def added(box: Box) -> None:
    """Add of something given by its id: to what, says what it is."""
    target = box.activity.target.id if box.activity.target is not None else None
    if target is not None and target == box.actor.collections_uri:
        await changed(box)
    else:
        await feature.added(box)


async def item_added(box: Box) -> None:
    """Somebody more is in a collection of the sender's."""
    target, ref = box.activity.target, box.activity.object
    if target is None or target.id is None or ref is None or ref.doc is None:
        return
    parsed = featured.parse_item(ref.doc)
    if parsed is None or not box.owns(parsed.id) or not box.owns(target.id):
        raise Rejected("not theirs to add")
    async with box.fed.db.read() as conn:
        known = await collections.by_uri(conn, target.id)
    if known is None:
        await theirs(box, target.id)
        return
    if known.account_id != box.actor.id:
        raise Rejected("somebody else's collection")
    async with box.fed.db.transaction() as conn:
        await inbox.lock(conn, known.uri)
        await collection_items.place(conn, known.id, [featuring.listed(parsed)])
        await featuring.settle_later(conn, known.id)


async def removed(box: Box) -> None:
    """Remove: a collection, somebody in one, or a pinned post."""
    for ref in box.activity.objects:
        async with box.fed.db.transaction() as conn:
            if ref.id is not None and await gone(conn, box.actor, ref.id):
                return
    await feature.removed(box)


async def gone(conn: Conn, actor: Account, uri: str) -> bool:
    """A collection of this actor's, or somebody in one, is no more; whether it was either."""
    known = await collections.by_uri(conn, uri)
    if known is not None and known.account_id == actor.id and not known.is_local:
        return await collections.remove(conn, known.id)
    item = await collection_items.by_uri(conn, uri, owner_id=actor.id)
    if item is not None:
        await collection_items.remove(conn, item.id)
    return item is not None


async def updated_by_id(box: Box) -> bool:
    """Update of a collection given by its id; whether it was one."""
    async with box.fed.db.read() as conn:
        known = await collections.by_uri(conn, box.object_id)
    if known is None or known.is_local:
        return False
    await changed(box)
    return True
