"""The queue: rows that a transaction leaves behind for later. Claimed with a lease, finished by deletion.

A job is run at least once; whoever runs it makes twice the same as once. `event` jobs are the exception: they run in
the transaction that deletes them, so their effects happen exactly once.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
import orjson

from storage.db import Conn, wake
from storage.rows import columns, structs

LEASE_SECONDS = 300
MAX_ATTEMPTS = 12


class Job(msgspec.Struct, frozen=True):
    id: int
    queue: str
    name: str
    payload: str
    lane: str | None
    attempts: int
    created_at: datetime

    @property
    def data(self) -> dict[str, Any]:
        """The payload. Any: each job's function knows its own shape."""
        data: dict[str, Any] = orjson.loads(self.payload)
        return data


class Parked(msgspec.Struct, frozen=True):
    id: int
    name: str
    attempts: int
    failed_at: datetime
    last_error: str | None


_COLUMNS = columns(Job)


async def enqueue(
    conn: Conn,
    name: str,
    payload: Mapping[str, Any],
    *,
    queue: str = "network",
    key: str | None = None,
    lane: str | None = None,
    run_at: datetime | None = None,
    parked: bool = False,
) -> None:
    """Leave a job; `parked` at once, for what has failed too often elsewhere.

    With `key`, at most one job of this (name, key) waits: a second is dropped, or brings it forward.
    """
    await conn.execute(
        """
        insert into jobs (queue, name, payload, key, lane, run_at, failed_at)
        values ($1, $2, $3::jsonb, $4, $5, coalesce($6, now()), case when $7 then now() end)
        on conflict (name, key) where key is not null
        do update set run_at = least(jobs.run_at, excluded.run_at)
        """,
        queue, name, orjson.dumps(payload).decode(), key, lane, run_at, parked,
    )  # fmt: skip
    _wake(queue)


async def enqueue_many(conn: Conn, name: str, payloads: Iterable[Mapping[str, Any]], *, queue: str = "network") -> None:
    """Leave many jobs of one name in one statement."""
    bodies = [orjson.dumps(payload).decode() for payload in payloads]
    if bodies:
        await conn.execute(
            "insert into jobs (queue, name, payload) select $1, $2, unnest($3::text[])::jsonb", queue, name, bodies
        )
        _wake(queue)


def _wake(queue: str) -> None:
    queues = wake.get()
    if queues is not None:
        queues.add(queue)


async def claim(conn: Conn, queue: str, *, limit: int) -> list[Job]:
    """Lease due jobs, oldest first. Of a lane only its oldest job is handed out, and none while one is leased."""
    records = await conn.fetch(
        f"""
        update jobs set run_at = now() + make_interval(secs => $3), attempts = attempts + 1,
            holder = current_setting('application_name')
        where id in (
            select j.id from jobs j
            where j.queue = $1 and j.failed_at is null and j.run_at <= now()
              and (j.lane is null or not exists (
                    select from jobs o where o.lane = j.lane and o.id < j.id and o.failed_at is null))
            order by j.run_at, j.id limit $2 for update skip locked)
        returning {_COLUMNS}
        """,
        queue, limit, float(LEASE_SECONDS),
    )  # fmt: skip
    return sorted(structs(Job, records), key=lambda job: job.id)


async def take(conn: Conn, queue: str, *, limit: int) -> list[Job]:
    """Lock due jobs in the running transaction, oldest first: they are done when it commits with `finish`."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from jobs where queue = $1 and failed_at is null and run_at <= now()
        order by id limit $2 for update skip locked
        """,
        queue, limit,
    )  # fmt: skip
    return structs(Job, records)


async def finish(conn: Conn, ids: list[int]) -> None:
    await conn.execute("delete from jobs where id = any($1)", ids)


async def retry(conn: Conn, job_id: int, *, error: str, delay_seconds: float) -> None:
    """Run again later, out of its lane: what follows in it does not wait."""
    await conn.execute(
        """
        update jobs set run_at = now() + make_interval(secs => $2), last_error = $3, lane = null, holder = null
        where id = $1
        """,
        job_id, delay_seconds, error[:2000],
    )  # fmt: skip


async def park(conn: Conn, job_id: int, *, error: str) -> None:
    """Give up, but keep the row where an operator sees it. Its key and lane become free."""
    await conn.execute(
        "update jobs set failed_at = now(), key = null, attempts = attempts + 1, last_error = $2 where id = $1",
        job_id, error[:2000],
    )  # fmt: skip


async def parked(conn: Conn, *, limit: int = 50) -> list[Parked]:
    """The latest that were given up, newest first."""
    records = await conn.fetch(
        f"select {columns(Parked)} from jobs where failed_at is not null order by failed_at desc limit $1", limit
    )
    return structs(Parked, records)


async def waiting(conn: Conn) -> dict[str, tuple[int, float]]:
    """Per queue: how many jobs are due, and the age of the oldest in seconds."""
    records = await conn.fetch(
        """
        select queue, count(*), extract(epoch from now() - min(run_at))::float8 from jobs
        where failed_at is null and run_at <= now() group by queue
        """
    )
    return {record[0]: (record[1], record[2]) for record in records}
