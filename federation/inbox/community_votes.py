"""Votes for posts of ours that a community passes on; votes between others are theirs to count.

They are believed of people of the community's own host, and of others when their own server shows the vote.
"""

from federation import actors, origins
from federation.errors import Gone, Rejected
from federation.inbox.box import Box
from federation.vocab import activity, normalise
from federation.vocab.activity import Activity
from storage import favourites, inbox, statuses


async def liked(box: Box, wrapped: Activity) -> None:
    inner = await _proven(box, wrapped)
    if inner is None or not await _is_ours(box, inner.object_id):
        return
    voter = await actors.actor(box.fed, inner.actor or "")
    if voter.is_local or voter.suspended_at is not None:
        return
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, inner.object_id or "")
        if post is None or (inner.id and await inbox.buried(conn, inner.id, actor_uri=voter.uri)):
            return
        if await statuses.visible(conn, voter.id, [post.id]):
            await favourites.add(conn, account_id=voter.id, status_id=post.id, uri=inner.id)


async def undone(box: Box, wrapped: Activity, uri: str | None) -> None:
    """The vote for this post is taken back."""
    proven = await _proven(box, wrapped) if await _is_ours(box, uri) else None
    if proven is None:
        return
    voter = await actors.actor(box.fed, proven.actor or "")
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, uri or "")
        if post is not None and not voter.is_local:
            await favourites.remove(conn, account_id=voter.id, status_id=post.id)


async def _is_ours(box: Box, uri: str | None) -> bool:
    async with box.fed.db.read() as conn:
        post = await statuses.by_uri(conn, uri or "")
    return post is not None and post.is_local


async def _proven(box: Box, inner: Activity) -> Activity | None:
    """The activity itself, if it is the actor's: of the community's own host, or as its own server shows it."""
    if inner.actor is None or inner.object_id is None:
        return None
    if box.speaks_for(inner.actor):
        return inner
    if inner.id is None or not await _is_ours(box, _about(inner)):
        return None
    try:
        found = activity.arrived((await origins.document(box.fed, inner.id)).body)
    except (Gone, Rejected):
        return None
    same = (found.id, found.type, found.actor, _about(found)) == (inner.id, inner.type, inner.actor, _about(inner))
    return found if same else None


def _about(found: Activity) -> str | None:
    """The post that a Like, or the Undo of one, is about."""
    ref = found.object
    if found.type == "Undo" and ref is not None and ref.doc is not None:
        return normalise.iri(ref.doc.get("object"))
    return found.object_id
