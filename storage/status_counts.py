"""What a post counts for: answers and boosts of another, posts of its author."""

from datetime import datetime
from typing import Protocol

from storage.db import Conn


class Counted(Protocol):
    """A post that is, or is to be."""

    @property
    def account_id(self) -> int: ...
    @property
    def visibility(self) -> int: ...
    @property
    def in_reply_to_id(self) -> int | None: ...
    @property
    def reblog_of_id(self) -> int | None: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def held_until(self) -> datetime | None: ...


async def change(conn: Conn, status: Counted, by: int) -> None:
    """One more or one less: of what it answers or boosts, and of its author. Nothing while it is held back."""
    if status.held_until is not None:
        return
    if status.reblog_of_id is not None:
        await conn.execute(
            "update status_stats set reblogs_count = greatest(reblogs_count + $2, 0) where status_id = $1",
            status.reblog_of_id, by,
        )  # fmt: skip
    elif status.in_reply_to_id is not None and status.visibility < 2:
        await conn.execute(
            "update status_stats set replies_count = greatest(replies_count + $2, 0) where status_id = $1",
            status.in_reply_to_id, by,
        )  # fmt: skip
    # After the counters of posts, as in a deletion: in one order, or two could wait for each other.
    if status.visibility < 3:
        await conn.execute(
            """
            update account_stats set statuses_count = greatest(statuses_count + $2, 0),
                last_status_at = case when $2 > 0 then greatest(last_status_at, $3) else last_status_at end
            where account_id = $1
            """,
            status.account_id, by, status.created_at,
        )  # fmt: skip
    if status.reblog_of_id is not None:
        await _mark_reblogged(conn, status.account_id, status.reblog_of_id, reblogged=by > 0)


async def hold(conn: Conn, *status_ids: int | None) -> None:
    """The counters of several posts are about to change, each in its turn: all of them are locked first, in one order,
    and before those of authors."""
    await conn.execute(
        "select from status_stats where status_id = any($1) order by status_id for no key update",
        [status_id for status_id in status_ids if status_id is not None],
    )


async def _mark_reblogged(conn: Conn, account_id: int, status_id: int, *, reblogged: bool) -> None:
    if reblogged:
        await conn.execute(
            """
            insert into marks as m (account_id, status_id, flags)
            select $1, $2, 4 where exists (select from accounts where id = $1 and is_local)
            on conflict (account_id, status_id) do update set flags = m.flags | 4
            """,
            account_id, status_id,
        )  # fmt: skip
    else:
        await conn.execute(
            "update marks set flags = flags & ~4::smallint where account_id = $1 and status_id = $2",
            account_id,
            status_id,
        )
