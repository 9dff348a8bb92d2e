"""The queue: rows that a transaction leaves behind for later. Claimed with a lease, finished by deletion.

A job is run at least once; whoever runs it makes twice the same as once. `event` jobs are the exception: they run in
the transaction that deletes them, so their effects happen exactly once, and in the order of the events.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import orjson

from storage import restored, sites
from storage.db import Conn, wake
from storage.rows import columns, structs

# Renewed while they run: so long the others wait for a process that hangs, and no job is longer than that by itself.
LEASE_SECONDS = 60
MAX_ATTEMPTS = 12
# What fails by itself, and not for want of somebody else's answer, fails again: it is put aside sooner.
MAX_FAILURES = 5
# So many due jobs are looked at, the oldest of each site, however much of one waits before that of another.
WINDOW = 4000

# Events wait for a process that hangs while it has them.
STILL_SECONDS = 10
MAX_ERROR_CHARS = 8000
_EVENTS_LOCK = 0x6576_656E


class Job(msgspec.Struct, frozen=True):
    id: int
    queue: str
    name: str
    payload: str
    lane: str | None
    source: str
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


class Failure(msgspec.Struct, frozen=True):
    """Why a job did not end well; `trace` if that was a mistake of ours."""

    error: str
    trace: str | None = None


_COLUMNS = columns(Job)
_OURS = "holder = current_setting('application_name')"


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

    With `key`, at most one job of this (name, key) waits: a second is dropped, or brings it forward. One that is under
    way does not count, since it may have read already what has changed now.
    """
    await conn.execute(
        """
        insert into jobs (queue, name, payload, key, lane, run_at, failed_at, source)
        values ($1, $2, $3::jsonb, $4, $5, coalesce($6, now()), case when $7 then now() end, $8)
        on conflict (name, key) where key is not null and holder is null
        do update set run_at = least(jobs.run_at, excluded.run_at)
        """,
        queue, name, orjson.dumps(payload).decode(), key, lane, run_at, parked, sites.of_uri(lane or ""),
    )  # fmt: skip
    _wake(queue)


async def enqueue_many(
    conn: Conn,
    name: str,
    payloads: Iterable[Mapping[str, Any]],
    *,
    queue: str = "network",
    lanes: Sequence[str] | None = None,
) -> None:
    """Leave many jobs of one name in one statement, each perhaps with its lane."""
    bodies = [orjson.dumps(payload).decode() for payload in payloads]
    if bodies:
        await conn.execute(
            """
            insert into jobs (queue, name, payload, lane, source)
            select $1, $2, body::jsonb, lane, coalesce(source, '')
            from unnest($3::text[], $4::text[], $5::text[]) t(body, lane, source)
            """,
            queue, name, bodies, lanes or [], [sites.of_uri(lane) for lane in lanes or ()],
        )  # fmt: skip
        _wake(queue)


def _wake(queue: str) -> None:
    queues = wake.get()
    if queues is not None:
        queues.add(queue)


async def claim(conn: Conn, queue: str, *, limit: int, busy: Sequence[str] = ()) -> list[Job]:
    """Lease due jobs: of the sites in whose name they came (the lane is an actor's URI) each in turn, of a site the
    oldest first. Of a lane only its oldest job is handed out, and none while one is leased. None of the sites `busy`.
    Nothing that speaks to others while that is held back.
    """
    # A loose index scan finds the sites: nothing of one waits behind all of another. Which is the oldest of a lane is
    # asked last, and only until there are enough: behind a flood it costs too much. What is chosen is materialized: a
    # subquery may be run again for every row, and each time skip what it has locked.
    records = await conn.fetch(
        f"""
        with recursive sites(source) as (
            (select source from jobs where queue = $1 and failed_at is null order by source limit 1)
            union all
            select (select j.source from jobs j where j.queue = $1 and j.failed_at is null and j.source > s.source
                    order by j.source limit 1)
            from sites s where s.source is not null),
        fair as materialized (
            select d.id from sites s cross join lateral (
                select id, run_at, row_number() over (order by run_at, id) as turn from (
                    select distinct on (coalesce(lane, id::text)) id, run_at from (
                        select id, run_at, lane from jobs
                        where queue = $1 and failed_at is null and source = s.source and run_at <= now()
                            and (name <> all($5) or not (select sending_held()))
                        order by run_at, id limit greatest({WINDOW} / (select count(*) from sites), 5)) early
                    order by coalesce(lane, id::text), id) first) d
            where s.source is not null and s.source <> all($4)
            order by d.turn, d.run_at, d.id),
        chosen as materialized (
            select oldest.id from fair cross join lateral (
                select j.id from jobs j
                where j.id = fair.id and j.failed_at is null and j.run_at <= now() and (j.lane is null or j.id = (
                    select o.id from jobs o where o.lane = j.lane and o.failed_at is null order by o.id limit 1))
                for update skip locked) oldest
            limit $2)
        update jobs set run_at = now() + make_interval(secs => $3), attempts = attempts + 1,
            holder = current_setting('application_name')
        where id in (select id from chosen) returning {_COLUMNS}
        """,
        queue, limit, float(LEASE_SECONDS), list(busy), restored.OUTWARD,
    )  # fmt: skip
    return sorted(structs(Job, records), key=lambda job: job.id)


async def due_queues(conn: Conn) -> set[str]:
    """Queues with anything that is due."""
    records = await conn.fetch("select distinct queue from jobs where failed_at is null and run_at <= now()")
    return {record["queue"] for record in records}


async def give_back(conn: Conn, ids: Sequence[int]) -> None:
    """They were not begun."""
    await conn.execute(
        f"update jobs set run_at = now(), attempts = attempts - 1, holder = null where id = any($1) and {_OURS}", ids
    )


async def keep(conn: Conn, ids: Sequence[int]) -> None:
    """Renew the leases of jobs that are still under way here."""
    await conn.execute(
        f"update jobs set run_at = now() + make_interval(secs => $2) where id = any($1) and {_OURS}",
        list(ids), float(LEASE_SECONDS),
    )  # fmt: skip


async def take(conn: Conn, *, limit: int) -> list[Job]:
    """Lock due events in the running transaction, oldest first: they are done when it commits with `finish`.

    Whoever else wants some waits for the end of the transaction: an Undo must not be told before what it undoes. It
    ends soon if we stand still in the middle of it.
    """
    await conn.execute(
        "select set_config('idle_in_transaction_session_timeout', $2, true), pg_advisory_xact_lock($1)",
        _EVENTS_LOCK, f"{STILL_SECONDS}s",
    )  # fmt: skip
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from jobs where queue = 'event' and failed_at is null and run_at <= now()
        order by id limit $1 for update skip locked
        """,
        limit,
    )
    return structs(Job, records)


async def finish(conn: Conn, ids: list[int]) -> None:
    """Done. Not if somebody else has leased it since: then it is theirs."""
    await conn.execute(f"delete from jobs where id = any($1) and (holder is null or {_OURS})", ids)


async def retry(conn: Conn, job_id: int, failure: Failure, *, delay_seconds: float) -> None:
    """Run again later, out of its lane: what follows in it does not wait. If the same was asked for meanwhile, that
    is enough."""
    await conn.execute(
        f"""
        with again as (
            delete from jobs j where j.id = $1 and {_OURS} and exists (
                select from jobs o where o.name = j.name and o.key = j.key and o.holder is null) returning id)
        update jobs set run_at = now() + make_interval(secs => $2), last_error = $3, trace = $4, lane = null,
            holder = null
        where id = $1 and {_OURS} and not exists (select from again)
        """,
        job_id, delay_seconds, _storable(failure.error), _storable(failure.trace),
    )  # fmt: skip


async def park(conn: Conn, job_id: int, failure: Failure) -> None:
    """Give up, but keep the row where an operator sees it. Its key and lane become free."""
    await conn.execute(
        f"""
        update jobs set failed_at = now(), key = null, holder = null, attempts = attempts + 1, last_error = $2,
            trace = coalesce($3, trace)
        where id = $1 and (holder is null or {_OURS})
        """,
        job_id, _storable(failure.error), _storable(failure.trace),
    )  # fmt: skip


def _storable(text: str | None) -> str | None:
    """It may quote what somebody else wrote. The end of a traceback says most."""
    return text[-MAX_ERROR_CHARS:].replace("\0", "") if text is not None else None


async def parked(conn: Conn, *, limit: int = 50) -> list[Parked]:
    """The latest that were given up, newest first."""
    records = await conn.fetch(
        f"select {columns(Parked)} from jobs where failed_at is not null order by failed_at desc limit $1", limit
    )
    return structs(Parked, records)


async def count(conn: Conn, queue: str, name: str, *, at_most: int) -> int:
    """How many jobs of a name are waiting or under way in a queue, counted up to a limit."""
    found: int = await conn.fetchval(
        "select count(*) from (select from jobs where queue = $1 and name = $2 and failed_at is null limit $3) j",
        queue, name, at_most,
    )  # fmt: skip
    return found


async def waiting(conn: Conn) -> dict[str, tuple[int, float]]:
    """Per queue: how many jobs are due, and the age of the oldest in seconds."""
    records = await conn.fetch(
        """
        select queue, count(*), extract(epoch from now() - min(run_at))::float8 from jobs
        where failed_at is null and run_at <= now() group by queue
        """
    )
    return {record[0]: (record[1], record[2]) for record in records}
