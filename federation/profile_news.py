"""What others hear of a profile besides its Update: that it has moved, and which hashtags it shows.

Like `outbound`, this runs inside the transaction of an effect.
"""

from federation import hashtags, outgoing, uris
from federation.context import Site
from federation.vocab import activity
from storage import audiences, moves
from storage.accounts import Account
from storage.db import Conn


async def moved(conn: Conn, site: Site, account: Account, target: Account, move_id: int) -> None:
    """Move, after the Update that says so too."""
    uri, followers = uris.move(account.uri, move_id), account.followers_uri or uris.followers(account.uri)
    await moves.name(conn, move_id, uri)
    document = activity.move(uri, account.uri, target.uri, followers=followers)
    inboxes = await audiences.of_move(conn, account.id)
    await outgoing.send(conn, site, document, sender_id=account.id, inboxes=inboxes, object_uri=None)


async def tag_featured(conn: Conn, site: Site, account: Account, name: str, *, undo: bool = False) -> None:
    """Add a hashtag to the featured collection, as Mastodon does, or Remove it."""
    uri = uris.answer(account.uri, "removes" if undo else "adds", outgoing.now())
    make = activity.remove if undo else activity.add
    document = make(uri, account.uri, hashtags.hashtag(site.base_url, name), target=account.featured_uri or "")
    inboxes = await audiences.of_followers(conn, account.id)
    await outgoing.send(conn, site, document, sender_id=account.id, inboxes=inboxes, object_uri=None)
