"""Announce: somebody elsewhere boosts a post."""

from datetime import UTC, datetime

from federation import interacting, posts, resolve
from federation.errors import Gone, Rejected
from federation.inbox import forwarded
from federation.inbox.box import Box
from federation.vocab import audience, note, types
from storage import communities, relays, relevance, statuses
from storage.db import Conn
from storage.errors import Missing
from storage.statuses import Status
from storage.visibility import PRIVATE, UNLISTED, number


async def boosted(box: Box) -> None:
    """A post of ours, or of anybody when the sender is followed here; fetched if it is not known."""
    uri = box.object_id
    kind = box.activity.object_type
    if not uri or box.activity.id is None or kind in types.ACTIVITIES or kind in types.COLLECTIONS:
        return
    async with box.fed.db.read() as conn:
        post = await statuses.by_uri(conn, uri)
        followed = await relevance.has_local_followers(conn, box.actor.id)
        relayed = await relays.speaks(conn, box.actor.uri)
    if relayed:
        if post is None:
            await forwarded.relayed(box.fed, uri)
        return
    if not (followed or (post is not None and post.is_local)):
        return
    if post is None:
        try:
            post = await _brought(box) or await resolve.status(box.fed, uri)
        except (Gone, Rejected):
            return
    await show(box, post)


async def _brought(box: Box) -> Status | None:
    """A post of the sender's own that came with the boost: one for followers is not shown to us as a server."""
    parsed = note.brought(box.activity, box.activity.object)
    if parsed is None:
        return None
    status_id, _ = await posts.store(box.fed, parsed, sender=box.actor, quiet=True)
    async with box.fed.db.read() as conn:
        return await statuses.by_id(conn, status_id)


async def show(box: Box, post: Status, *, wrapped: bool = False) -> None:
    """A community's own post is shown as boosted by it, an answer stands in its thread. `wrapped`: the activity was
    announced, not the post."""
    if box.actor.group:
        async with box.fed.db.transaction() as conn:
            await communities.add(conn, post.id, [box.actor.id])
            if await _is_answer(conn, box, post, wrapped=wrapped):
                return
    elif wrapped:
        return
    await _store(box, post)


async def _is_answer(conn: Conn, box: Box, post: Status, *, wrapped: bool) -> bool:
    """Whether a post answers something in the community. What answers something elsewhere is news in it."""
    if post.in_reply_to_id is None:
        return post.in_reply_to_uri is not None
    return wrapped or await communities.holds(conn, box.actor.id, [post.in_reply_to_id, post.thread_id])


async def _store(box: Box, post: Status) -> None:
    if post.reblog_of_id is not None:
        raise Rejected("a boost of a boost")
    if post.visibility > PRIVATE or (post.visibility == PRIVATE and post.account_id != box.actor.id):
        raise Rejected("the post is not public")
    envelope = box.activity
    level = number(audience.visibility(envelope.to, envelope.cc, box.actor.followers_uri, author=box.actor.uri))
    if level > PRIVATE:
        level = UNLISTED
    await interacting.admit_activity(box.fed, box.activity, box.actor, "announce", post.uri)
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
