"""Add and Remove: somebody elsewhere pins a post to their profile, or takes it down."""

from federation import resolve
from federation.inbox.box import Box
from storage import pins, statuses

MAX_PINS = 50


async def added(box: Box) -> None:
    """Their own post, to their own featured collection; fetched if it is not known."""
    if not _featured(box) or not box.owns(box.object_id):
        return
    post = await resolve.status(box.fed, box.object_id)
    if post.account_id == box.actor.id:
        async with box.fed.db.transaction() as conn:
            await pins.add(conn, account_id=box.actor.id, status_id=post.id, most=MAX_PINS)


async def removed(box: Box) -> None:
    if not _featured(box):
        return
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, box.object_id)
        if post is not None and post.account_id == box.actor.id:
            await pins.remove(conn, account_id=box.actor.id, status_id=post.id)


def _featured(box: Box) -> bool:
    target = box.activity.target
    return target is not None and target.id is not None and target.id == box.actor.featured_uri
