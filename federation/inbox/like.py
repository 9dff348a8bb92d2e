"""Like: somebody elsewhere favours a post."""

from federation.errors import Rejected
from federation.inbox.box import Box
from storage import favourites, statuses


async def liked(box: Box) -> None:
    """Of a post that we hold and that the sender may read."""
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, box.object_id)
        if post is None:
            return
        if await box.undone(conn):
            return
        if not await statuses.visible(conn, box.actor.id, [post.id]):
            raise Rejected("the post is not theirs to see")
        await favourites.add(conn, account_id=box.actor.id, status_id=post.id, uri=box.activity.id)
