"""Activities that could not be handled: put aside with what they failed with, until somebody replays or drops them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.db import Conn, wake
from storage.inbox import QUEUE
from storage.paging import Page
from storage.rows import columns, struct, structs


class Parked(msgspec.Struct, frozen=True):
    """One of them, as in a list. `sender` is who signed it, as far as it still says."""

    id: int
    source: str
    attempts: int
    created_at: datetime
    failed_at: datetime
    last_error: str | None
    body: str
    trace: str | None


class Waiting(msgspec.Struct, frozen=True):
    """How much of one site is not handled yet."""

    source: str
    waiting: int
    oldest_at: datetime


_COLUMNS = columns(Parked).replace('"body"', "payload ->> 'body' as body")
_PARKED = f"queue = '{QUEUE}' and failed_at is not null"


async def page(conn: Conn, page: Page) -> list[Parked]:
    """Newest first."""
    records = await conn.fetch(
        f"select {_COLUMNS} from jobs where {_PARKED} and id < $1 and id > $2 order by id {page.order} limit $3",
        page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Parked, records))


async def by_id(conn: Conn, job_id: int) -> Parked | None:
    return struct(Parked, await conn.fetchrow(f"select {_COLUMNS} from jobs where {_PARKED} and id = $1", job_id))


async def replay(conn: Conn, ids: Sequence[int] | None) -> int:
    """Handle these again, or all; how many there were."""
    records = await conn.fetch(
        f"""
        update jobs set failed_at = null, attempts = 0, run_at = now(), holder = null
        where {_PARKED} and ($1::bigint[] is null or id = any($1)) returning 1
        """,
        ids,
    )
    queues = wake.get()
    if queues is not None and records:
        queues.add(QUEUE)
    return len(records)


async def drop(conn: Conn, ids: Sequence[int] | None) -> int:
    """Forget these, or all; how many there were."""
    records = await conn.fetch(
        f"delete from jobs where {_PARKED} and ($1::bigint[] is null or id = any($1)) returning 1", ids
    )
    return len(records)


async def waiting(conn: Conn, *, limit: int = 100) -> list[Waiting]:
    """By site, the largest first."""
    records = await conn.fetch(
        """
        select source, count(*) as waiting, min(created_at) as oldest_at from jobs
        where queue = $1 and failed_at is null group by source order by 2 desc, 1 limit $2
        """,
        QUEUE, limit,
    )  # fmt: skip
    return structs(Waiting, records)
