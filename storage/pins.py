"""Pinned posts: what an account shows first on its profile, and its `featured` collection."""

from collections.abc import Sequence

import asyncpg

from storage import events
from storage.db import Conn
from storage.errors import Conflict, Missing


async def add(conn: Conn, *, account_id: int, status_id: int, most: int) -> bool:
    """Pin a post; False when it is pinned already, `Conflict` when `most` are, `Missing` when the post is gone.
    Emits `StatusPinned` only for a new row."""
    # Two pins at once must not both be the last one: the account's counters are locked while counting.
    await conn.execute("select from account_stats where account_id = $1 for update", account_id)
    records = await conn.fetch("select status_id from status_pins where account_id = $1", account_id)
    pinned = {record[0] for record in records}
    if status_id in pinned:
        return False
    if len(pinned) >= most:
        raise Conflict("You have already pinned the maximum number of posts")
    try:
        await conn.execute(
            """
            with added as (
                insert into status_pins (account_id, status_id) values ($1, $2) returning account_id, status_id)
            insert into marks as m (account_id, status_id, flags)
            select p.account_id, p.status_id, 8 from added p join accounts a on a.id = p.account_id and a.is_local
            on conflict (account_id, status_id) do update set flags = m.flags | 8
            """,
            account_id, status_id,
        )  # fmt: skip
    except asyncpg.ForeignKeyViolationError as exc:
        raise Missing("The post is gone") from exc
    await events.emit(conn, events.StatusPinned(status_id, account_id))
    return True


async def remove(conn: Conn, *, account_id: int, status_id: int) -> bool:
    """Unpin; False when it was not pinned. Emits `StatusUnpinned` only if it was."""
    removed: bool = await conn.fetchval(
        """
        with removed as (
            delete from status_pins where account_id = $1 and status_id = $2 returning account_id, status_id),
        marked as (
            update marks m set flags = m.flags & ~8::smallint from removed r
            where m.account_id = r.account_id and m.status_id = r.status_id)
        select exists (select from removed)
        """,
        account_id, status_id,
    )  # fmt: skip
    if removed:
        await events.emit(conn, events.StatusUnpinned(status_id, account_id))
    return removed


async def replace(conn: Conn, account_id: int, status_ids: Sequence[int]) -> None:
    """Make these the pins of a remote account, first one newest, as its `featured` collection lists them: its own
    posts, and of a community those that are in it. No event."""
    await conn.execute("delete from status_pins where account_id = $1 and status_id <> all($2)", account_id, status_ids)
    # Ids ascend from the last to the first, so that listings by id descending give the collection's order.
    await conn.execute(
        """
        insert into status_pins (account_id, status_id)
        select $1, t.id from unnest($2::bigint[]) with ordinality t(id, position)
        join statuses s on s.id = t.id and (s.account_id = $1 or exists (
            select from status_groups g where g.status_id = s.id and g.account_id = $1))
        order by t.position desc
        on conflict (account_id, status_id) do nothing
        """,
        account_id, status_ids,
    )  # fmt: skip
