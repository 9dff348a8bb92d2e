"""Answers to public posts of ours go on to those who follow the author of the post (ActivityPub 7.1.2), and so do their
edits and deletions: as they came, and only if they prove by themselves whose they are. Nobody would believe us else.
"""

import orjson
from msgspec import Struct

from federation import outgoing
from federation.http.addresses import parse_url
from federation.inbox.box import Box
from federation.inbox.forwarded import PROVABLE
from federation.vocab.normalise import JSON
from storage import accounts, audiences, blocks, statuses
from storage.visibility import PRIVATE

MAX_BYTES = 60_000


class Answer(Struct, frozen=True):
    """An answer that was passed on or will be: to what, and in whose name."""

    uri: str
    parent_id: int
    account_id: int


def _proves(document: JSON) -> bool:
    """Whether it has something to show for itself; whoever gets it looks whether that holds."""
    return isinstance(document.get("signature"), dict) or isinstance(document.get("proof"), dict | list)


async def _answer(box: Box) -> Answer | None:
    """The answer that an activity is about."""
    envelope = box.activity
    if envelope.id is None or envelope.type not in PROVABLE or not _proves(envelope.raw) or box.actor.silenced_at:
        return None
    async with box.fed.db.read() as conn:
        post = await statuses.by_uri(conn, box.object_id)
        if post is None or post.account_id != box.actor.id or post.visibility >= PRIVATE:
            return None
        parent = await statuses.by_id(conn, post.in_reply_to_id or 0)
        if parent is None or not parent.is_local or parent.visibility >= PRIVATE or parent.held_until is not None:
            return None
        author = await accounts.by_id(conn, parent.account_id)
        if author is None or author.suspended_at is not None or await blocks.exists(conn, author.id, box.actor.id):
            return None
    return Answer(post.uri, parent.id, author.id)


async def on(box: Box, document: JSON) -> None:
    """If an activity is about such an answer, leave the deliveries, but none to the server that it came from. Twice is
    as good as once. Nothing that is longer than what we say goes on: there are servers that take no more."""
    found = await _answer(box)
    if found is None or len(orjson.dumps(document)) > MAX_BYTES:
        return
    home = parse_url(box.actor.uri).authority
    async with box.fed.db.transaction() as conn:
        inboxes = [
            inbox
            for inbox in await audiences.of_followers_of_author(conn, found.parent_id)
            if outgoing.host_of(inbox) != home
        ]
        await outgoing.send(
            conn, box.fed.site, document, sender_id=found.account_id, inboxes=inboxes, object_uri=found.uri, whole=True
        )
