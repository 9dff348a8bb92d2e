"""Posts that wait for their time. One is published in the transaction that removes its row, so exactly once."""

from datetime import datetime

import msgspec

from storage import jobs
from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct, structs

PUBLISH_JOB = "publish_scheduled"  # payload {"id": …}


class Scheduled(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    user_id: int
    scheduled_at: datetime
    params: str  # JSON: the draft
    media_ids: list[int]
    failed: str | None  # why it could not be published at its time; it waits for its author


_COLUMNS = columns(Scheduled)
# Of a scheduled post `p`, the login `u` that made it and the account `a` it is for.
_MAY_POST = """(u.id = p.user_id and u.disabled_at is null and a.id = p.account_id and a.suspended_at is null
    and exists (select from memberships m where m.user_id = u.id and m.account_id = a.id))"""


async def create(
    conn: Conn, *, account_id: int, user_id: int, scheduled_at: datetime, params: bytes, media_ids: list[int]
) -> int:
    scheduled_id: int = await conn.fetchval(
        """
        insert into scheduled_statuses (account_id, user_id, scheduled_at, params, media_ids)
        values ($1, $2, $3, $4::jsonb, $5) returning id
        """,
        account_id, user_id, scheduled_at, params.decode(), media_ids,
    )  # fmt: skip
    return scheduled_id


async def counts(conn: Conn, account_id: int, day: datetime) -> tuple[int, int]:
    """How many an account has waiting in all, and on the day of that moment."""
    # Two requests at once must not both be the last one that fits.
    await conn.execute("select from account_stats where account_id = $1 for update", account_id)
    record = await conn.fetchrow(
        """
        select count(*), count(*) filter (where date_trunc('day', scheduled_at) = date_trunc('day', $2::timestamptz))
        from scheduled_statuses where account_id = $1
        """,
        account_id, day,
    )  # fmt: skip
    return (record[0], record[1]) if record is not None else (0, 0)


async def by_id(conn: Conn, scheduled_id: int) -> Scheduled | None:
    return struct(
        Scheduled, await conn.fetchrow(f"select {_COLUMNS} from scheduled_statuses where id = $1", scheduled_id)
    )


async def own(conn: Conn, account_id: int, scheduled_id: int) -> Scheduled | None:
    record = await conn.fetchrow(
        f"select {_COLUMNS} from scheduled_statuses where account_id = $1 and id = $2", account_id, scheduled_id
    )
    return struct(Scheduled, record)


async def by_account(conn: Conn, account_id: int, page: Page) -> list[Scheduled]:
    """Latest made first."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from scheduled_statuses where account_id = $1 and id < $2 and id > $3
        order by id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Scheduled, records))


async def move(conn: Conn, account_id: int, scheduled_id: int, scheduled_at: datetime) -> bool:
    """Another time; one that failed gets another chance. False when it is not there (any more)."""
    moved = await conn.fetchval(
        """
        update scheduled_statuses set scheduled_at = $3, failed = null where account_id = $1 and id = $2 returning true
        """,
        account_id, scheduled_id, scheduled_at,
    )  # fmt: skip
    return bool(moved)


async def remove(conn: Conn, account_id: int, scheduled_id: int) -> bool:
    """False when it is not there (any more): whoever gets True, and nobody else, publishes or drops it."""
    removed = await conn.fetchval(
        "delete from scheduled_statuses where account_id = $1 and id = $2 returning true", account_id, scheduled_id
    )
    return bool(removed)


async def take(conn: Conn, scheduled_id: int) -> bool:
    """Likewise, if its people may post now."""
    taken = await conn.fetchval(
        f"delete from scheduled_statuses p using users u, accounts a where p.id = $1 and {_MAY_POST} returning true",
        scheduled_id,
    )
    return bool(taken)


async def fail(conn: Conn, scheduled_id: int, reason: str) -> None:
    """It cannot be published as it is."""
    await conn.execute("update scheduled_statuses set failed = $2 where id = $1", scheduled_id, reason[:500])


async def enqueue_due(conn: Conn, *, limit: int = 100) -> int:
    """Leave a job for each post whose time has come; how many. Asking again while one waits adds none.

    Of people who may not post now, none: theirs wait.
    """
    records = await conn.fetch(
        f"""
        select p.id from scheduled_statuses p, users u, accounts a
        where {_MAY_POST} and p.scheduled_at <= now() and p.failed is null order by p.scheduled_at limit $1
        """,
        limit,
    )
    for record in records:
        await jobs.enqueue(conn, PUBLISH_JOB, {"id": record[0]}, key=str(record[0]))
    return len(records)
