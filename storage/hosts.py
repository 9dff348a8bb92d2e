"""Other servers as hosts: whether they answer, since when not, and when to try again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import deliveries
from storage.db import Conn
from storage.rows import columns, struct, structs

Scheme = Literal["cavage", "rfc9421"]

# A server that was upgraded, or that was signed for differently by mistake, is asked anew after so many days.
SCHEME_DAYS = 30


class Host(msgspec.Struct, frozen=True):
    host: str
    software: str | None
    version: str | None
    nodeinfo_at: datetime | None
    failing_since: datetime | None
    failures: int
    next_at: datetime | None
    last_error: str | None
    last_ok_at: datetime | None
    last_seen_at: datetime | None
    signature_scheme: Scheme | None
    signature_scheme_at: datetime | None
    takes_rfc9421_at: datetime | None
    rest_until: datetime | None


_COLUMNS = columns(Host)
# A pause that a sign of life ends.
_REVIVABLE = """(h.failures > 0 and h.next_at > greatest(h.rest_until, now())
    and (h.revived_at is null or h.revived_at < now() - make_interval(mins => least(h.failures, 60))))"""


async def find(conn: Conn, host: str) -> Host | None:
    return struct(Host, await conn.fetchrow(f"select {_COLUMNS} from hosts where host = $1", host))


async def failing(conn: Conn, *, limit: int = 100) -> list[Host]:
    """Hosts that do not answer, longest first."""
    records = await conn.fetch(
        f"select {_COLUMNS} from hosts where failing_since is not null order by failing_since limit $1", limit
    )
    return structs(Host, records)


class Queue(msgspec.Struct, frozen=True):
    """A host as deliveries see it."""

    host: str
    waiting: int
    oldest_at: datetime | None  # since when the oldest waits
    failures: int
    failing_since: datetime | None
    next_at: datetime | None  # nothing is sent before
    last_error: str | None
    last_ok_at: datetime | None
    last_seen_at: datetime | None


async def queues(conn: Conn, *, after: str = "", limit: int = 100) -> list[Queue]:
    """Hosts for which something waits or which do not answer, by name."""
    records = await conn.fetch(
        """
        with recursive waiting(host) as (
            (select host from deliveries where state = 'waiting' and host > $1 order by host limit 1)
            union all
            select (select d.host from deliveries d where d.state = 'waiting' and d.host > w.host
                    order by d.host limit 1)
            from waiting w where w.host is not null),
        named as (
            select host from waiting where host is not null
            union select host from hosts where failing_since is not null and host > $1
            order by host limit $2)
        select n.host, coalesce(d.waiting, 0) as waiting, d.oldest_at, coalesce(h.failures, 0) as failures,
            h.failing_since, h.next_at, h.last_error, h.last_ok_at, h.last_seen_at
        from named n left join hosts h on h.host = n.host
        left join lateral (
            select count(*) as waiting, min(created_at) as oldest_at from deliveries
            where host = n.host and state = 'waiting') d on true
        order by n.host
        """,
        after, limit,
    )  # fmt: skip
    return structs(Queue, records)


async def count(conn: Conn) -> int:
    found: int = await conn.fetchval("select count(*) from hosts")
    return found


class Trouble(msgspec.Struct, frozen=True):
    """What was wrong with a host, and how long it asked to be left alone, if it did."""

    host: str
    error: str
    rest_seconds: float | None = None


async def succeeded(conn: Conn, names: Sequence[str]) -> None:
    """They answered. Written at most once a minute while nothing changes."""
    await conn.execute(
        """
        update hosts set failing_since = null, failures = 0, next_at = null, last_error = null, last_ok_at = now(),
            rest_until = null, revived_at = null
        where host in (select host from hosts where host = any($1)
            and (failures > 0 or last_ok_at is null or last_ok_at < now() - interval '1 minute')
            order by host for update)
        """,
        names,
    )


async def failed(conn: Conn, troubles: Sequence[Trouble]) -> dict[str, float]:
    """They did not answer: pause each as one, 15 s doubling to six hours with jitter, or longer if it asked for that.
    How long it is."""
    records = await conn.fetch(
        """
        with locked as materialized (select host from hosts where host = any($1) order by host for update)
        update hosts h set failing_since = coalesce(h.failing_since, now()), failures = h.failures + 1,
            last_error = t.error, rest_until = now() + make_interval(secs => t.rest),
            next_at = now() + make_interval(secs => greatest(t.rest,
                least(15 * power(2, least(h.failures, 12)), 21600) * (0.8 + random() * 0.4)))
        from unnest($1::text[], $2::text[], $3::float8[]) as t(host, error, rest) join locked using (host)
        where h.host = t.host
        returning h.host, extract(epoch from h.next_at - now())::float8
        """,
        [each.host for each in troubles], [each.error[:500].replace("\0", "") for each in troubles],
        [each.rest_seconds for each in troubles],
    )  # fmt: skip
    return {record[0]: record[1] for record in records}


async def rest(conn: Conn, seconds: Mapping[str, float]) -> None:
    """They answer, and ask to be left alone for a while."""
    await conn.execute(
        """
        with locked as materialized (select host from hosts where host = any($1) order by host for update)
        update hosts h set next_at = greatest(h.next_at, now() + make_interval(secs => t.rest)),
            rest_until = greatest(h.rest_until, now() + make_interval(secs => t.rest))
        from unnest($1::text[], $2::float8[]) as t(host, rest) join locked using (host)
        where h.host = t.host
        """,
        list(seconds), list(seconds.values()),
    )  # fmt: skip


async def seen(conn: Conn, host: str) -> None:
    """A verified request came from it: what waits for it is tried at once. It is still asked with one delivery, and not
    before the end of a rest that it asked for; and a host that speaks but never answers is not asked ever more often:
    after each sign of life that came to nothing, the next counts some minutes later."""
    revived: bool | None = await conn.fetchval(
        f"""
        insert into hosts as h (host, last_seen_at) values ($1, now())
        on conflict (host) do update set last_seen_at = now(),
            next_at = case when {_REVIVABLE} then greatest(h.rest_until, now()) else h.next_at end,
            revived_at = case when {_REVIVABLE} then now() else h.revived_at end
        where {_REVIVABLE} or h.last_seen_at is null or h.last_seen_at < now() - interval '1 minute'
        returning revived_at = now()
        """,
        host,
    )
    if revived:
        await deliveries.resume(conn, host)


async def unread(conn: Conn, host: str) -> bool:
    """Whether its nodeinfo was never read, or a week ago."""
    record = await conn.fetchrow("select from hosts where host = $1 and nodeinfo_at > now() - interval '7 days'", host)
    return record is None


async def set_software(conn: Conn, host: str, software: str | None, version: str | None) -> None:
    """What its nodeinfo says."""
    await conn.execute(
        """
        insert into hosts (host, software, version, nodeinfo_at) values ($1, $2, $3, now())
        on conflict (host) do update set software = excluded.software, version = excluded.version, nodeinfo_at = now()
        """,
        host, software, version,
    )  # fmt: skip


async def accepted(conn: Conn, host: str, scheme: Scheme) -> None:
    """It took a signature of this kind after it had refused the other."""
    await conn.execute(
        """
        insert into hosts (host, signature_scheme, signature_scheme_at) values ($1, $2, now())
        on conflict (host) do update set signature_scheme = excluded.signature_scheme, signature_scheme_at = now()
        """,
        host, scheme,
    )  # fmt: skip


async def takes_rfc9421(conn: Conn, host: str) -> None:
    """It signs with RFC 9421 itself, or says that it can. Written at most once a day."""
    await conn.execute(
        """
        insert into hosts as h (host, takes_rfc9421_at) values ($1, now())
        on conflict (host) do update set takes_rfc9421_at = now()
        where h.takes_rfc9421_at is null or h.takes_rfc9421_at < now() - interval '1 day'
        """,
        host,
    )
