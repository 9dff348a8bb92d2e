"""What a community passes on (FEP-1b12): the activities of its members, wrapped in an Announce.

It is a hint, since anybody could wrap anything: posts are read where they live, likes too, and whether something was
deleted is asked there. Only of its own host a community may speak, and who is none of nobody but themselves. What is
its own affair is what it shows: an opening post appears as a boost by it, answers stand in their thread and flood
nobody.
"""

from datetime import UTC, datetime, timedelta

from federation import actors, edits, posts, resolve
from federation.errors import Gone, Rejected
from federation.inbox import announce, community_votes, feature, forwarded
from federation.inbox.box import Box
from federation.vocab import activity, normalise, note, types
from federation.vocab.activity import Activity
from federation.vocab.types import Ref
from storage import boosts, communities, pins, relevance, statuses
from storage.errors import Conflict, Missing
from storage.statuses import Status

# Older posts are kept, but nobody is told of them.
NEWS = timedelta(days=2)


async def posted(box: Box) -> None:
    """Create, or Update: a post of a member."""
    inner = _inner(box)
    if inner is None or inner.object is None:
        return
    if inner.object.type in types.ACTORS:
        if inner.type == "Update" and inner.object_id == box.actor.uri:
            await actors.actor(box.fed, box.actor.uri, refresh=True)
        return
    if inner.object_id is None or not await _concerns(box, inner.object):
        return
    try:
        post = await _read(box, inner, inner.object)
    except Gone as exc:
        raise Rejected("it is gone already") from exc
    # The edit of something old is no reason to put it before everybody again.
    if post is not None and (inner.type == "Create" or _is_news(post.created_at)):
        await announce.show(box, post, wrapped=True)


async def removed(box: Box) -> None:
    """Delete: by its author, which its server confirms, or by a moderator, who decides what the community shows."""
    inner = _inner(box)
    if inner is None or inner.object_id is None:
        return
    async with box.fed.db.read() as conn:
        post = await statuses.by_uri(conn, inner.object_id)
    if post is None:
        return
    if not post.is_local:
        await forwarded.recheck(box.fed, inner)
    async with box.fed.db.transaction() as conn:
        await communities.remove(conn, post.id, box.actor.id)
        await pins.remove(conn, account_id=box.actor.id, status_id=post.id)
        boost_id = await boosts.of_account(conn, box.actor.id, post.id)
        if boost_id is not None:
            await statuses.delete(conn, boost_id)


async def pinned(box: Box) -> None:
    """Add: what is in the community is put before its other posts, which is its own affair."""
    uri = _featured(box)
    if uri is None or not await _concerns(box, Ref(uri)):
        return
    try:
        post = await resolve.status(box.fed, uri)
    except Gone as exc:
        raise Rejected("it is gone already") from exc
    async with box.fed.db.transaction() as conn:
        if not await communities.holds(conn, box.actor.id, [post.id]):
            raise Rejected("it is not in the community")
        try:
            await pins.add(conn, account_id=box.actor.id, status_id=post.id, most=feature.MAX_PINS)
        except (Conflict, Missing) as exc:
            raise Rejected(str(exc)) from exc


async def unpinned(box: Box) -> None:
    """Remove."""
    uri = _featured(box)
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, uri) if uri is not None else None
        if post is not None:
            await pins.remove(conn, account_id=box.actor.id, status_id=post.id)


def _featured(box: Box) -> str | None:
    """What is added to, or removed from, the pins of the community; None when it is about something else, as who its
    moderators are."""
    inner = _inner(box)
    if inner is None or not box.actor.group or inner.target is None or inner.target.id != box.actor.featured_uri:
        return None
    return inner.object_id


async def liked(box: Box) -> None:
    inner = _inner(box)
    if inner is not None:
        await community_votes.liked(box, inner)


async def undone(box: Box) -> None:
    """Of a vote for a post of ours; of a deletion, after which the post is there again."""
    inner = _inner(box)
    if inner is None or inner.object is None:
        return
    done = inner.object
    target = normalise.iri(done.doc.get("object")) if done.doc is not None else None
    if done.type == "Delete" and target is not None and await _concerns(box, Ref(target)):
        post = await resolve.status(box.fed, target, refresh=True)
        await announce.show(box, post, wrapped=True)
    elif done.type == "Like":
        await community_votes.undone(box, inner, target)


def _inner(box: Box) -> Activity | None:
    """The activity inside; what it says of its actor is to be proven."""
    ref = box.activity.object
    return activity.arrived(ref.doc) if ref is not None and ref.doc is not None else None


async def _concerns(box: Box, ref: Ref) -> bool:
    """Whether somebody here follows the community, wrote what is answered, or is addressed."""
    doc = ref.doc or {}
    addressed = [*normalise.iris(doc.get("to")), *normalise.iris(doc.get("cc"))]
    async with box.fed.db.read() as conn:
        if await statuses.by_uri(conn, ref.id or "") is not None:
            return True
        return await relevance.of_post(
            conn,
            author_id=box.actor.id,
            recipient_id=None,
            addressed=addressed,
            in_reply_to=normalise.iri(doc.get("inReplyTo")),
            quotes=None,
        )


async def _read(box: Box, inner: Activity, ref: Ref) -> Status | None:
    """The post: taken as it came from the community's own host, read from where it lives otherwise."""
    uri = ref.id or ""
    if ref.doc is not None and note.is_post(ref.doc):
        parsed = note.parse(ref.doc)
        if parsed.is_vote:
            return None
        if box.speaks_for(inner.actor) and note.vouched(inner, parsed):
            parsed = note.addressed(inner, parsed)
            status_id, created = await posts.store(box.fed, parsed, quiet=not _is_news(parsed.published))
            if not created:
                await edits.apply(box.fed, parsed)
            async with box.fed.db.read() as conn:
                return await statuses.by_id(conn, status_id)
        return await resolve.status(box.fed, uri, refresh=inner.type == "Update", quiet=not _is_news(parsed.published))
    return await resolve.status(box.fed, uri, refresh=inner.type == "Update") if ref.doc is None else None


def _is_news(published: datetime) -> bool:
    return published > datetime.now(UTC) - NEWS
