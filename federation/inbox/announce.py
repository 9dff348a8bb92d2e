"""Announce: somebody elsewhere boosts a post."""

from datetime import UTC, datetime

from federation import resolve
from federation.errors import Gone, Rejected
from federation.inbox.box import Box
from federation.vocab import audience
from storage import relevance, statuses
from storage.errors import Missing
from storage.statuses import Status
from storage.visibility import PRIVATE, UNLISTED, number


async def boosted(box: Box) -> None:
    """A post of ours, or of anybody when the sender is followed here; fetched if it is not known."""
    uri = box.object_id
    if not uri or box.activity.id is None:
        return
    async with box.fed.db.read() as conn:
        post = await statuses.by_uri(conn, uri)
        followed = await relevance.has_local_followers(conn, box.actor.id)
    if not (followed or (post is not None and post.is_local)):
        return
    if post is None:
        try:
            post = await resolve.status(box.fed, uri)
        except (Gone, Rejected):
            return
    await _store(box, post)


async def _store(box: Box, post: Status) -> None:
    if post.reblog_of_id is not None:
        raise Rejected("a boost of a boost")
    if post.visibility > PRIVATE or (post.visibility == PRIVATE and post.account_id != box.actor.id):
        raise Rejected("the post is not public")
    envelope = box.activity
    level = number(audience.visibility(envelope.to, envelope.cc, box.actor.followers_uri, author=box.actor.uri))
    if level > PRIVATE:
        level = UNLISTED
    now = datetime.now(UTC)
    published = min(envelope.published or now, now)
    async with box.fed.db.transaction() as conn:
        if await box.undone(conn):
            return
        if not await statuses.visible(conn, box.actor.id, [post.id]):
            raise Rejected("the post is not theirs to see")
        boost = statuses.New(
            id=await statuses.new_id(conn, published),
            account_id=box.actor.id,
            uri=envelope.id or "",
            url=None,
            is_local=False,
            visibility=max(level, post.visibility),
            created_at=published,
            reblog_of_id=post.id,
        )
        try:
            await statuses.create(conn, boost)
        except Missing as exc:
            raise Rejected("the post was deleted meanwhile") from exc
