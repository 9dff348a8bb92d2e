"""Add and Remove: somebody elsewhere pins a post to their profile, or takes it down."""

from federation import hashtags, resolve
from federation.inbox.box import Box
from storage import featured_tags, pins, statuses, tags
from storage.db import Conn

MAX_PINS = 50


async def added(box: Box) -> None:
    """Their own post, to their own featured collection; fetched if it is not known."""
    if not _featured(box) or not box.owns(box.object_id):
        return
    post = await resolve.status(box.fed, box.object_id)
    if post.account_id == box.actor.id:
        async with box.fed.db.transaction() as conn:
            await pins.add(conn, account_id=box.actor.id, status_id=post.id, most=MAX_PINS)


async def tag_added(box: Box) -> None:
    """A hashtag that they show on their profile."""
    if not _featured(box):
        return
    async with box.fed.db.transaction() as conn:
        shown = await featured_tags.names(conn, box.actor.id)
        await _show(conn, box, [*shown, *hashtags.names(box.activity.objects)])


async def tag_removed(box: Box) -> None:
    if not _featured(box):
        return
    gone = {tags.normalise(name) for name in hashtags.names(box.activity.objects)}
    async with box.fed.db.transaction() as conn:
        shown = await featured_tags.names(conn, box.actor.id)
        await _show(conn, box, [name for name in shown if name not in gone])


async def _show(conn: Conn, box: Box, names: list[str]) -> None:
    ensured = await tags.ensure(conn, names[: hashtags.MAX_READ]) if names else []
    await featured_tags.replace(conn, box.actor.id, [each.id for each in ensured])


async def removed(box: Box) -> None:
    if not _featured(box):
        return
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, box.object_id)
        if post is not None and post.account_id == box.actor.id:
            await pins.remove(conn, account_id=box.actor.id, status_id=post.id)


def _featured(box: Box) -> bool:
    target = box.activity.target
    return (
        target is not None
        and target.id is not None
        and target.id
        in (
            box.actor.featured_uri,
            box.actor.featured_tags_uri,
        )
    )
