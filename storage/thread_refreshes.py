"""What is under way to complete a thread that somebody reads: a row for clients to ask how it goes, and a job."""

from datetime import datetime, timedelta

import msgspec

from storage.db import Conn
from storage.rows import columns, struct


class Refresh(msgspec.Struct, frozen=True):
    id: int
    status_id: int
    fetched: int
    started_at: datetime
    finished_at: datetime | None


COLUMNS = columns(Refresh)


async def latest(conn: Conn, status_id: int, *, within: timedelta) -> Refresh | None:
    """The last one of a post, if it is not too long ago."""
    record = await conn.fetchrow(
        f"""
        select {COLUMNS} from thread_refreshes where status_id = $1 and started_at > now() - $2::interval
        order by started_at desc limit 1
        """,
        status_id, within,
    )  # fmt: skip
    return struct(Refresh, record)


async def start(conn: Conn, status_id: int) -> Refresh:
    """A new one; the caller leaves the job that works on it."""
    record = await conn.fetchrow(f"insert into thread_refreshes (status_id) values ($1) returning {COLUMNS}", status_id)
    found = struct(Refresh, record)
    assert found is not None
    return found


async def by_id(conn: Conn, refresh_id: int) -> Refresh | None:
    return struct(Refresh, await conn.fetchrow(f"select {COLUMNS} from thread_refreshes where id = $1", refresh_id))


async def count(conn: Conn, status_id: int) -> None:
    """Another post came."""
    await conn.execute(
        "update thread_refreshes set fetched = fetched + 1 where status_id = $1 and finished_at is null", status_id
    )


async def finish(conn: Conn, status_id: int) -> None:
    await conn.execute(
        "update thread_refreshes set finished_at = now() where status_id = $1 and finished_at is null", status_id
    )


async def prune(conn: Conn, *, older_than: timedelta, limit: int) -> int:
    """Forget those that nobody asks about any more; how many."""
    records = await conn.fetch(
        """
        delete from thread_refreshes where id in (
            select id from thread_refreshes where started_at < now() - $1::interval limit $2) returning id
        """,
        older_than, limit,
    )  # fmt: skip
    return len(records)
