"""Likes of people here, to whoever counts them.

Like `outbound`, this runs inside the transaction of an effect.
"""

from federation import asking, outgoing, uris
from federation.context import Site
from federation.vocab import activity
from federation.vocab.normalise import JSON
from storage import accounts, audiences
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status


async def favourited(conn: Conn, site: Site, status: Status, account: Account, uri: str, *, undo: bool = False) -> None:
    """Like, or its Undo, to the author, and to the community, which counts. Where the author wants to agree first, they
    alone hear of it until they have."""
    author = await accounts.by_id(conn, status.account_id)
    if author is None:
        return
    document = activity.like(uri, account.uri, status.uri, author=author.uri)
    undone = activity.undo(uris.undo(uri), account.uri, document) if undo else None
    await tell(conn, site, document, undone, status=status, account=account)


async def tell(
    conn: Conn, site: Site, document: JSON, undone: JSON | None, *, status: Status, account: Account
) -> None:
    """A Like or an EmojiReact, or its Undo if there is one, to those who are to hear of it now."""
    if undone is not None:
        sent = await asking.unlike(conn, document, undone)
    else:
        sent = await asking.like(conn, site, document, post=status, account=account)
    if sent is None:
        return
    inboxes = await audiences.of_opinion(conn, status.id)
    await outgoing.send(conn, site, sent, sender_id=account.id, inboxes=inboxes, object_uri=None, bulk=False)
