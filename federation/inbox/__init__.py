"""HANDLERS: which function handles which activity. What we knowingly ignore stands here too."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from federation import budgets, resolve
from federation.context import Fed
from federation.errors import Gone, Rejected
from federation.inbox import (
    announce,
    approval,
    bare,
    block,
    collection,
    community,
    create,
    delete,
    feature,
    feature_request,
    flag,
    follow,
    forwarded,
    judging,
    move,
    passing,
    permission,
    quote,
    react,
    undo,
    update,
)
from federation.inbox.box import Box
from federation.vocab import activity, normalise
from federation.vocab.activity import Activity

log = logging.getLogger("fedi.inbox")

# What a handler gives back concerns nobody here.
Handler = Callable[[Box], Awaitable[object]]

ANY = "*"
# From suspended senders only what takes something back is heard.
_HEARD_FROM_SUSPENDED = frozenset(("Delete", "Undo", "Reject", "Update"))


async def ignored(_box: Box) -> None:
    """Known, and of no interest."""


HANDLERS: dict[tuple[str, str], Handler] = {
    ("Create", ANY): create.post,
    ("Update", ANY): update.anything,
    ("Delete", ANY): delete.anything,
    ("Follow", ANY): follow.asked,
    ("Accept", "Follow"): follow.accepted,
    ("Accept", "QuoteRequest"): quote.accepted,
    ("Accept", "FeatureRequest"): feature_request.accepted,
    **{("Accept", kind): approval.accepted for kind in permission.STAMPS},
    **{("Reject", kind): approval.rejected for kind in permission.STAMPS},
    ("Accept", "EmojiReact"): approval.accepted,
    ("Accept", ""): bare.accepted,
    ("Accept", "Create"): approval.accepted,
    ("Accept", "Note"): approval.accepted,
    ("Accept", "Question"): approval.accepted,
    ("Accept", "Announce"): approval.accepted,
    ("Accept", "Like"): approval.accepted,
    ("Reject", "Follow"): follow.rejected,
    ("Reject", "QuoteRequest"): quote.rejected,
    ("Reject", "FeatureRequest"): feature_request.rejected,
    ("Reject", ""): bare.rejected,
    ("Reject", "Create"): approval.rejected,
    ("Reject", "Note"): approval.rejected,
    ("Reject", "Question"): approval.rejected,
    ("Reject", "Announce"): approval.rejected,
    ("Reject", "Like"): approval.rejected,
    ("Reject", "EmojiReact"): approval.rejected,
    ("RejectReply", ANY): approval.rejected,
    ("Like", ANY): react.liked,
    ("Announce", ANY): announce.boosted,
    ("Announce", "Create"): community.posted,
    ("Announce", "Update"): community.posted,
    ("Announce", "Delete"): community.removed,
    ("Announce", "Add"): community.pinned,
    ("Announce", "Remove"): community.unpinned,
    ("Announce", "Like"): community.liked,
    ("Announce", "Undo"): community.undone,
    ("Undo", "Follow"): undo.follow,
    ("Undo", "Like"): undo.like,
    ("Undo", "EmojiReact"): undo.like,
    ("Undo", "Announce"): undo.announce,
    ("Undo", "Block"): undo.block,
    ("Undo", "Accept"): undo.accept,
    ("Undo", "Create"): undo.create,
    ("Undo", ""): undo.anything,
    ("Block", ANY): block.blocked,
    ("Flag", ANY): flag.reported,
    ("Add", "FeaturedCollection"): collection.changed,
    ("Add", "FeaturedItem"): collection.item_added,
    ("Add", "Hashtag"): feature.tag_added,
    ("Add", "Create"): community.posted,
    ("Add", ""): collection.added,
    ("Add", ANY): feature.added,
    ("Remove", "Hashtag"): feature.tag_removed,
    ("Remove", ANY): collection.removed,
    ("Update", "FeaturedCollection"): collection.changed,
    ("Move", ANY): move.moved,
    ("EmojiReact", ANY): react.reacted,
    ("QuoteRequest", ANY): quote.requested,
    ("LikeRequest", ANY): permission.requested,
    ("ReplyRequest", ANY): permission.requested,
    ("AnnounceRequest", ANY): permission.requested,
    ("FeatureRequest", ANY): feature_request.requested,
    **{(kind, ANY): ignored for kind in judging.IDLE},
    ("Accept", ANY): ignored,
    ("Reject", ANY): ignored,
    ("Undo", ANY): ignored,
}


async def dispatch(fed: Fed, payload: dict[str, Any]) -> None:
    """Handle a queued activity. Handlers make twice the same as once. Any: the job's payload."""
    document = normalise.loads(str(payload["body"]).encode())
    envelope = activity.arrived(document)
    sender_uri = str(payload.get("sender_uri") or envelope.actor)
    with budgets.of_activity(envelope.id or str(payload["body"]), normalise.host(sender_uri) or ""):
        await _handle(fed, document, envelope, payload)


async def _handle(fed: Fed, document: normalise.JSON, envelope: Activity, payload: dict[str, Any]) -> None:
    passed_on = bool(payload.get("forwarded"))
    passed_by = str(payload.get("sender_uri", ""))
    if passed_on and (
        await forwarded.is_relayed_news(fed, envelope, passed_by) or not await forwarded.proven(fed, document, envelope)
    ):
        await forwarded.recheck(fed, envelope, passed_by)
        return
    itself_gone = envelope.type == "Delete" and envelope.object_id == envelope.actor
    if itself_gone:
        await delete.account(fed, envelope.actor or "")
        return
    handler = HANDLERS.get((envelope.type, envelope.object_type)) or HANDLERS.get((envelope.type, ANY))
    if handler is None:
        log.info("unknown activity", extra={"type": envelope.type, "object": envelope.object_type})
        return
    sender = await resolve.actor(fed, envelope.actor or "")
    if sender.is_local:
        raise Rejected("an activity of ours came back")
    if sender.suspended_at is not None and envelope.type not in _HEARD_FROM_SUSPENDED:
        raise Rejected("its sender is suspended")
    if not normalise.has_context(document):
        log.warning("not said to be ActivityStreams", extra={"sender": sender.uri})
    if payload.get("limited") and sender.silenced_at is None:
        await judging.limit(fed, sender)
    # Whose inbox somebody else chose for it says nothing about whom its author meant.
    recipient_id = None if passed_on else payload.get("recipient_id")
    box = Box(fed, envelope, sender, recipient_id, passed_on)
    if envelope.type == "Delete" and not passed_on:
        # First, since nobody could tell afterwards what was answered, should we be interrupted in between.
        await passing.on(box, document)
    try:
        await handler(box)
    except Gone as exc:
        raise Rejected(str(exc)) from exc
    if envelope.type != "Delete" and not passed_on:
        await passing.on(box, document)
