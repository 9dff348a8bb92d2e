"""Accounts that go on as others: whether that is so, and what people here take along.

The new account must say that the old one was its own, which is read from its server at that moment. Whoever followed
the old one asks to follow the new one, and leaves the old one when that was agreed to.
"""

import functools
from datetime import UTC, datetime, timedelta
from typing import Any

from federation import actors, uris
from federation.context import Fed, Site
from federation.errors import Gone, Rejected
from storage import accounts, blocks, follows, moves, mutes
from storage.accounts import Account
from storage.db import Conn

BATCH = 100
# Somebody else's account moves this often; ours are held to more by the service.
COOLDOWN = timedelta(days=7)
MAX_NOTE_CHARS = 2000
# Two that point to each other must not make us read them for ever.
FRESH_HOURS = 1 / 6


async def destination(fed: Fed, account: Account, uri: str, *, max_age_hours: float = 0) -> Account:
    """The account at `uri`, if it says that `account` is its own. Raises Rejected or Retry.

    `max_age_hours`: what was read so lately counts; otherwise its server is asked now.
    """
    if uri == account.uri:
        raise Rejected("it would move to itself")
    async with fed.db.read() as conn:
        known = await accounts.by_uri(conn, uri)
    read_at = known.fetched_at if known is not None else None
    recent = read_at is not None and read_at > datetime.now(UTC) - timedelta(hours=max_age_hours)
    try:
        # One that has moved on is not followed there: those who point to the next and the next have no end.
        target = await actors.actor(fed, uri, refresh=not recent, onward=False)
    except Gone as exc:
        raise Rejected(f"{uri} is gone") from exc
    if target.id < 0 or target.suspended_at is not None:
        raise Rejected(f"nobody can move to {uri}")
    if target.moved_to_id is not None and (target.is_local or target.moved_to_id != account.id):
        raise Rejected(f"{uri} has moved on itself")
    if account.uri not in target.also_known_as:
        raise Rejected(f"{uri} does not say that {account.uri} is its own")
    return target


async def moved(fed: Fed, account: Account, uri: str) -> None:
    """Somebody elsewhere says that they move. The same again changes nothing, and another target counts in a week."""
    async with fed.db.read() as conn:
        before = await moves.latest(conn, account.id)
    if before is not None and before.created_at > datetime.now(UTC) - COOLDOWN:
        return
    target = await destination(fed, account, uri)
    async with fed.db.transaction() as conn:
        await moves.lock(conn, account.id)
        latest = await moves.latest(conn, account.id)
        if (latest.id if latest else None) != (before.id if before else None):
            return
        if target.moved_to_id == account.id:
            await moves.point(conn, target.id, None)  # they come back
        await moves.record(conn, account.id, target.id)


async def redirect(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: the document of an actor says that it has moved. That is shown if it is true; nobody here moves by it, since
    its server may tell us so again whenever it likes."""
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, payload["account_id"])
    if account is None or account.is_local or account.suspended_at is not None:
        return
    target = await destination(fed, account, payload["uri"], max_age_hours=FRESH_HOURS)
    if target.moved_to_id is None:
        async with fed.db.transaction() as conn:
            await moves.point(conn, account.id, target.id)


async def carry(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: people here take along whom they follow, block and mute, and what they noted down; in steps, each of which
    can be done twice."""
    async with fed.db.read() as conn:
        found = await accounts.by_ids(conn, [payload["account_id"], payload["target_id"]])
    account, target = found.get(payload["account_id"]), found.get(payload["target_id"])
    if account is None or target is None or account.moved_to_id != target.id or target.suspended_at is not None:
        return
    async with fed.db.transaction() as conn:
        await moves.copy_notes(conn, account.id, target.id, handle=account.handle, most=MAX_NOTE_CHARS)
    blocks_of = functools.partial(_blocks, fed.site)
    for step in (blocks_of, _mutes, _follows):
        after: int | None = 0
        while after is not None:
            async with fed.db.transaction() as conn:
                after = await step(conn, account, target, after)


async def _follows(conn: Conn, account: Account, target: Account, after: int) -> int | None:
    found = await moves.followers(conn, account.id, target.id, after=after, limit=BATCH)
    for follower in found:
        if follower.present:
            await settle(conn, follower.account_id, account.id, target.id)
            continue
        follow_id = await accounts.new_id(conn)
        await follows.ask(
            conn,
            follow_id=follow_id,
            uri=uris.follow(follower.uri, follow_id),
            account_id=follower.account_id,
            target_id=target.id,
            options=follower.options,
        )
    return found[-1].id if len(found) == BATCH else None


async def settle(conn: Conn, follower_id: int, account_id: int, target_id: int) -> None:
    """Somebody here follows the new account: it takes the place of the old one, which is left."""
    await moves.copy_lists(conn, follower_id, account_id, target_id)
    await follows.unfollow(conn, follower_id, account_id)


async def _blocks(site: Site, conn: Conn, account: Account, target: Account, after: int) -> int | None:
    found = await moves.blockers(conn, account.id, target.id, after=after, limit=BATCH)
    for one in found:
        block_id = await accounts.new_id(conn)
        uri = uris.block(one.uri, block_id) if site.send_blocks else None
        await blocks.add(conn, one.account_id, target.id, uri=uri, block_id=block_id)
    return found[-1].id if len(found) == BATCH else None


async def _mutes(conn: Conn, account: Account, target: Account, after: int) -> int | None:
    found = await moves.muters(conn, account.id, target.id, after=after, limit=BATCH)
    for one in found:
        await mutes.add(
            conn, one.account_id, target.id, hide_notifications=one.hide_notifications, expires_at=one.expires_at
        )
    return found[-1].id if len(found) == BATCH else None
