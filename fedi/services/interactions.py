"""What people do with posts: favourite, bookmark, pin, mute; for boosts see `boosts`. Doing it twice is doing it once.

Who acts on a boost acts on the boosted post.
"""

from federation import interacting, uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services import holds
from storage import accounts, blocks, bookmarks, favourites, pins, statuses, threads
from storage.approvals import Action
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import DIRECT

# Announced in `configuration.accounts` of the instance.
MAX_PINS = 5


async def applaudable(conn: Conn, user: User, status_id: int) -> Status:
    """The post that is meant; whom one has blocked one does not applaud."""
    status = await access.proper_status(conn, user.account_id, status_id)
    if await blocks.exists(conn, user.account_id, status.account_id):
        raise errors.Forbidden
    return status


async def permitted(conn: Conn, account_id: int, status: Status, action: Action) -> None:
    """What the author, elsewhere, lets nobody do, or not this person, is not done. What they want to agree to first is:
    they are asked by being sent it."""
    account = await accounts.by_id(conn, account_id)
    if account is None or await interacting.verdict(conn, status, account, action) == "denied":
        raise errors.Forbidden("The author of the post does not allow this")


async def favourite(app: App, user: User, status_id: int) -> int:
    """The id of the post."""
    async with app.db.transaction() as conn:
        status = await applaudable(conn, user, status_id)
        await permitted(conn, user.account_id, status, "like")
        account = await accounts.by_id(conn, user.account_id)
        if account is None:
            raise errors.NotFound
        favourite_id = await statuses.new_id(conn)
        await favourites.add(
            conn,
            account_id=account.id,
            status_id=status.id,
            uri=uris.like(account.uri, favourite_id),
            favourite_id=favourite_id,
        )
    return status.id


async def unfavourite(app: App, user: User, status_id: int) -> int:
    async with app.db.transaction() as conn:
        # What can no longer be seen can still be let go of; the answer shows nothing of it.
        if await favourites.remove(conn, account_id=user.account_id, status_id=status_id):
            return status_id
        status = await access.proper_status(conn, user.account_id, status_id)
        await favourites.remove(conn, account_id=user.account_id, status_id=status.id)
    return status.id


async def bookmark(app: App, user: User, status_id: int) -> int:
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        await bookmarks.add(conn, account_id=user.account_id, status_id=status.id)
    return status.id


async def unbookmark(app: App, user: User, status_id: int) -> int:
    async with app.db.transaction() as conn:
        if await bookmarks.remove(conn, account_id=user.account_id, status_id=status_id):
            return status_id
        status = await access.proper_status(conn, user.account_id, status_id)
        await bookmarks.remove(conn, account_id=user.account_id, status_id=status.id)
    return status.id


async def pin(app: App, user: User, status_id: int) -> int:
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        if status.account_id != user.account_id:
            raise errors.Invalid("Someone else's post cannot be pinned")
        if status.visibility == DIRECT:
            raise errors.Invalid("Posts that are only visible to mentioned users cannot be pinned")
        holds.check_out(status)
        await pins.add(conn, account_id=user.account_id, status_id=status.id, most=MAX_PINS)
    return status.id


async def unpin(app: App, user: User, status_id: int) -> int:
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        await pins.remove(conn, account_id=user.account_id, status_id=status.id)
    return status.id


async def mute(app: App, user: User, status_id: int) -> int:
    """No more notifications of the thread that the post is in."""
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        await threads.mute(conn, account_id=user.account_id, thread_id=status.thread_id)
    return status.id


async def unmute(app: App, user: User, status_id: int) -> int:
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        await threads.unmute(conn, account_id=user.account_id, thread_id=status.thread_id)
    return status.id
