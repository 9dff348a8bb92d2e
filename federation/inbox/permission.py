"""LikeRequest, ReplyRequest, AnnounceRequest: somebody elsewhere asks before they act (GoToSocial).

Our posts allow everything to whoever may see them, so that the answer is a stamp; it can be looked up, and holds while
the post is there.
"""

from federation import uris
from federation.errors import Rejected
from federation.inbox import answer
from federation.inbox.box import Box
from federation.vocab import consent
from storage import accounts, approvals, statuses
from storage.visibility import PRIVATE

STAMPS = {
    "LikeRequest": "LikeAuthorization",
    "ReplyRequest": "ReplyAuthorization",
    "AnnounceRequest": "AnnounceAuthorization",
}


async def requested(box: Box) -> None:
    """No answer tells that somebody may not see the post."""
    ref, kind = box.activity.instrument, STAMPS[box.activity.type]
    if ref is None or ref.id is None or box.activity.id is None or not box.owns(ref.id):
        return
    async with box.fed.db.transaction() as conn:
        post = await statuses.by_uri(conn, box.object_id)
        author = await accounts.by_id(conn, post.account_id) if post is not None else None
        if post is None or author is None or not post.is_local or post.reblog_of_id is not None:
            return
        if await box.undone(conn):
            return
        shown = bool(await statuses.visible(conn, box.actor.id, [post.id]))
        if not shown and (post.visibility >= PRIVATE or post.held_until is not None):
            raise Rejected("the post is not theirs to see")
        # What is not public is not passed on.
        agreed = shown and (post.visibility < PRIVATE or kind != "AnnounceAuthorization")
        uri = None
        if agreed:
            stamp_id = await approvals.stamp(
                conn, account_id=author.id, status_id=post.id, kind=kind, interacting_uri=ref.id
            )
            uri = uris.interaction_stamp(author.uri, stamp_id)
        asked = consent.Request(
            id=box.activity.id, type=box.activity.type, actor=box.actor.uri, object=post.uri, instrument=ref.id
        )
        await answer.give(conn, box, asked, sender=author, stamp=uri)
