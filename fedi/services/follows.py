"""What people do to people: follow, block, mute, and answer those who ask. The rules; `storage` keeps the state."""

from datetime import UTC, datetime, timedelta
from typing import Any

from federation import uris
from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from storage import accounts, blocks, domain_blocks, follows, mutes, notes
from storage.accounts import Account
from storage.db import Conn

MAX_NOTE_CHARS = 2000
BATCH = 100
# Longer than anybody lives; a larger number is a mistake, or an attack on the date type.
MAX_MUTE_SECONDS = 100 * 365 * 86400


async def follow(app: App, user: User, target_id: int, options: follows.Options) -> None:
    """Follow or ask to; following again changes the options."""
    async with app.db.transaction() as conn:
        me, target = await _pair(conn, user, target_id)
        if target.id == me.id or target.suspended_at is not None:
            raise errors.NotFound
        if target.moved_to_id is not None or await _is_blocked(conn, me, target):
            raise errors.Forbidden
        follow_id = await accounts.new_id(conn)
        await follows.ask(
            conn,
            follow_id=follow_id,
            uri=uris.follow(me.uri, follow_id),
            account_id=me.id,
            target_id=target.id,
            options=options,
        )


async def unfollow(app: App, user: User, target_id: int) -> None:
    """End a follow or withdraw the request; nothing to end is fine."""
    async with app.db.transaction() as conn:
        _, target = await _pair(conn, user, target_id)
        await follows.unfollow(conn, user.account_id, target.id)


async def remove_follower(app: App, user: User, follower_id: int) -> None:
    async with app.db.transaction() as conn:
        _, follower = await _pair(conn, user, follower_id)
        await follows.reject(conn, follower.id, user.account_id)


async def authorize(app: App, user: User, follower_id: int) -> None:
    """Let somebody follow who asked to."""
    async with app.db.transaction() as conn:
        if not await follows.accept(conn, follower_id, user.account_id):
            raise errors.NotFound


async def refuse(app: App, user: User, follower_id: int) -> None:
    """Turn down somebody who asked to follow."""
    async with app.db.transaction() as conn:
        if await follows.find_request(conn, follower_id, user.account_id) is None:
            raise errors.NotFound
        await follows.reject(conn, follower_id, user.account_id)


async def block(app: App, user: User, target_id: int) -> None:
    """Ends what either follows of the other, at once."""
    async with app.db.transaction() as conn:
        me, target = await _other(conn, user, target_id)
        block_id = await accounts.new_id(conn)
        uri = uris.block(me.uri, block_id) if app.fed.site.send_blocks else None
        await blocks.add(conn, me.id, target.id, uri=uri, block_id=block_id)


async def unblock(app: App, user: User, target_id: int) -> None:
    async with app.db.transaction() as conn:
        _, target = await _pair(conn, user, target_id)
        await blocks.remove(conn, user.account_id, target.id)


async def mute(app: App, user: User, target_id: int, *, notifications: bool, seconds: int) -> None:
    """For a while, or for good with 0 seconds."""
    lasting = min(seconds, MAX_MUTE_SECONDS)
    expires_at = datetime.now(UTC) + timedelta(seconds=lasting) if lasting > 0 else None
    async with app.db.transaction() as conn:
        _, target = await _other(conn, user, target_id)
        await mutes.add(conn, user.account_id, target.id, hide_notifications=notifications, expires_at=expires_at)


async def unmute(app: App, user: User, target_id: int) -> None:
    async with app.db.transaction() as conn:
        _, target = await _pair(conn, user, target_id)
        await mutes.remove(conn, user.account_id, target.id)


async def write_note(app: App, user: User, target_id: int, comment: str) -> None:
    """Empty removes it."""
    if len(comment) > MAX_NOTE_CHARS:
        raise errors.Invalid(f"Comment is too long (maximum is {MAX_NOTE_CHARS} characters)")
    async with app.db.transaction() as conn:
        _, target = await _pair(conn, user, target_id)
        await notes.write(conn, user.account_id, target.id, comment)


async def accept_waiting(app: App, payload: dict[str, Any]) -> None:
    """Job: an account that has unlocked itself lets in those who wait, but for people a moderator has limited."""
    account_id: int = payload["account_id"]
    while True:
        async with app.db.transaction() as conn:
            account = await access.account(conn, account_id, account_id)
            if account.locked or account.suspended_at is not None:  # by now
                return
            waiting = await follows.waiting_ids(conn, account_id, limit=BATCH)
            for follower_id in waiting:
                await follows.accept(conn, follower_id, account_id)
        if len(waiting) < BATCH:
            return


async def prune_mutes(app: App) -> None:
    """For the clock: expired mutes go."""
    async with app.db.transaction() as conn:
        await mutes.prune(conn)


async def _pair(conn: Conn, user: User, target_id: int) -> tuple[Account, Account]:
    """The acting account and the one it is about. Suspended ones too: one may always leave or block them."""
    target = await access.account(conn, user.account_id, target_id)
    return await access.account(conn, user.account_id, user.account_id), target


async def _other(conn: Conn, user: User, target_id: int) -> tuple[Account, Account]:
    """As `_pair`, and not oneself."""
    if target_id == user.account_id:
        raise errors.Forbidden
    return await _pair(conn, user, target_id)


async def _is_blocked(conn: Conn, me: Account, target: Account) -> bool:
    return (
        await blocks.exists(conn, me.id, target.id)
        or await blocks.exists(conn, target.id, me.id)
        or (not target.is_local and await domain_blocks.exists(conn, me.id, target.domain))
    )
