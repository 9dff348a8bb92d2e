"""How often somebody has called, for processes that count on their own and tell each other now and then.

The table is not logged: a crash of Postgres forgets it, which costs nobody anything.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.db import Conn


class Spent(msgspec.Struct, frozen=True):
    """Calls counted against a bucket, which is one window of one caller. A hash, so that no address is written down."""

    bucket: int
    ends_at: datetime
    calls: int


async def add(conn: Conn, spent: Sequence[Spent]) -> dict[int, int]:
    """Add the calls; all calls of each bucket since its window began, those of other processes included."""
    ordered = sorted(spent, key=lambda each: each.bucket)  # one order for all processes, so that none waits in a ring
    records = await conn.fetch(
        """
        insert into rate_limits as known (bucket, ends_at, calls)
        select * from unnest($1::bigint[], $2::timestamptz[], $3::int[])
        on conflict (bucket) do update set calls = known.calls + excluded.calls
        returning bucket, calls
        """,
        [each.bucket for each in ordered], [each.ends_at for each in ordered], [each.calls for each in ordered],
    )  # fmt: skip
    return {record["bucket"]: record["calls"] for record in records}


async def forget(conn: Conn, *, limit: int) -> int:
    """Delete up to `limit` of those whose window has ended; how many there were."""
    status = await conn.execute(
        """
        with ended as materialized (
            select bucket from rate_limits where ends_at < now() limit $1 for update skip locked
        )
        delete from rate_limits using ended where rate_limits.bucket = ended.bucket
        """,
        limit,
    )
    return int(status.split()[-1])
