"""Removing what an account that is gone has left, in steps small enough for a transaction each."""

from storage import blocks, favourites, follows, severances, statuses
from storage.db import Conn

STEP = 100


async def step(conn: Conn, account_id: int) -> bool:
    """One step; whether there is more. Goes through the ordinary deletions, so that counters and readers follow."""
    for remove in (_statuses, _follows, _favourites, _blocks):
        if await remove(conn, account_id):
            return True
    await conn.execute("delete from notifications where from_account_id = $1 or account_id = $1", account_id)
    await conn.execute(
        """
        update accounts set display_name = '', note = '', fields = '[]', avatar_remote_url = null,
            header_remote_url = null, also_known_as = '{}', version = version + 1
        where id = $1 and not is_local
        """,
        account_id,
    )
    return False


async def part(conn: Conn, account_id: int, cause: severances.Cause | None = None) -> bool:
    """One step of ending every follow of an account, in both directions, since it is gone or its domain is suspended;
    whether there is more. What local people lose by it is counted when there is a cause to tell them."""
    return await _follows(conn, account_id, cause)


async def turn_away(conn: Conn, account_id: int, cause: severances.Cause) -> bool:
    """One step of ending what an account follows here, which is what its suspension does; whether there is more."""
    records = await conn.fetch(
        """
        select target_id, true as agreed from follows where account_id = $1
        union all select target_id, false from follow_requests where account_id = $1 limit $2
        """,
        account_id, STEP,
    )  # fmt: skip
    for record in records:
        await follows.reject(conn, account_id, record["target_id"])
    await severances.count(conn, cause, [(account_id, record["target_id"]) for record in records if record["agreed"]])
    return bool(records)


async def _statuses(conn: Conn, account_id: int) -> bool:
    records = await conn.fetch("select id from statuses where account_id = $1 order by id limit $2", account_id, STEP)
    for record in records:
        await statuses.delete(conn, record[0])
    return bool(records)


async def _follows(conn: Conn, account_id: int, cause: severances.Cause | None = None) -> bool:
    records = await conn.fetch(
        """
        select account_id, target_id, true as agreed from follows where $1 in (account_id, target_id)
        union all
        select account_id, target_id, false from follow_requests where $1 in (account_id, target_id) limit $2
        """,
        account_id, STEP,
    )  # fmt: skip
    for record in records:
        if record["account_id"] == account_id:
            await follows.unfollow(conn, account_id, record["target_id"])
        else:
            await follows.reject(conn, record["account_id"], account_id)
    if cause is not None:
        ended = [(record["account_id"], record["target_id"]) for record in records if record["agreed"]]
        await severances.count(conn, cause, ended)
    return bool(records)


async def _favourites(conn: Conn, account_id: int) -> bool:
    records = await conn.fetch("select status_id from favourites where account_id = $1 limit $2", account_id, STEP)
    for record in records:
        await favourites.remove(conn, account_id=account_id, status_id=record[0])
    return bool(records)


async def _blocks(conn: Conn, account_id: int) -> bool:
    records = await conn.fetch("select target_id from blocks where account_id = $1 limit $2", account_id, STEP)
    for record in records:
        await blocks.remove(conn, account_id, record[0])
    return bool(records)
