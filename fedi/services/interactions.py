"""What people do with posts: favourite, boost, bookmark, pin, mute. Doing it twice is doing it once.

Who acts on a boost acts on the boosted post.
"""

from typing import Literal

from federation import uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from storage import accounts, blocks, bookmarks, boosts, favourites, ids, pins, statuses, threads
from storage.db import Conn
from storage.statuses import Status
from storage.visibility import DIRECT, PRIVATE, PUBLIC, UNLISTED, number

BoostVisibility = Literal["public", "unlisted", "private"]
# Announced in `configuration.accounts` of the instance.
MAX_PINS = 5


async def favourite(app: App, user: User, status_id: int) -> int:
    """The id of the post."""
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        await _check_not_blocked(conn, user, status)
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
        # What can no longer be seen can still be let go of; the answer tells nothing about it.
        if await favourites.remove(conn, account_id=user.account_id, status_id=status_id):
            return status_id
        status = await access.proper_status(conn, user.account_id, status_id)
        await favourites.remove(conn, account_id=user.account_id, status_id=status.id)
    return status.id


async def boost(app: App, user: User, status_id: int, visibility: BoostVisibility | None) -> int:
    """The id of the boost, new or not. A private post can be boosted by its author only, a direct one by nobody."""
    async with app.db.transaction() as conn:
        status = await access.proper_status(conn, user.account_id, status_id)
        await _check_not_blocked(conn, user, status)
        own = status.account_id == user.account_id
        if status.visibility == DIRECT or (status.visibility == PRIVATE and not own):
            raise errors.Forbidden
        account = await accounts.by_id(conn, user.account_id)
        if account is None:
            raise errors.NotFound
        chosen = number(visibility) if visibility else PUBLIC
        if status.visibility == PRIVATE:
            chosen = PRIVATE
        elif chosen == PUBLIC and account.silenced_at is not None:
            chosen = UNLISTED
        boost_id = await statuses.new_id(conn)
        uri = uris.status(account.uri, boost_id)
        boost_id, _ = await statuses.create(
            conn,
            statuses.New(
                id=boost_id,
                account_id=account.id,
                uri=uris.activity(uri),
                url=uris.activity(uri),
                is_local=True,
                visibility=chosen,
                created_at=ids.time_of(boost_id),
                reblog_of_id=status.id,
            ),
        )
    return boost_id


async def unboost(app: App, user: User, status_id: int) -> int:
    """The id of the post that was boosted."""
    async with app.db.transaction() as conn:
        boost_id, boosted_id = await boosts.of_account(conn, user.account_id, status_id), status_id
        if boost_id is None:
            boosted_id = (await access.proper_status(conn, user.account_id, status_id)).id
            boost_id = await boosts.of_account(conn, user.account_id, boosted_id)
        if boost_id is not None:
            await statuses.delete(conn, boost_id)
    return boosted_id


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


async def _check_not_blocked(conn: Conn, user: User, status: Status) -> None:
    """Whom one has blocked one does not applaud."""
    if await blocks.exists(conn, user.account_id, status.account_id):
        raise errors.Forbidden
