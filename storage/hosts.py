"""Other servers as hosts: whether they answer, since when not, and when to try again."""

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


_COLUMNS = columns(Host)


async def find(conn: Conn, host: str) -> Host | None:
    return struct(Host, await conn.fetchrow(f"select {_COLUMNS} from hosts where host = $1", host))


async def failing(conn: Conn, *, limit: int = 100) -> list[Host]:
    """Hosts that do not answer, longest first."""
    records = await conn.fetch(
        f"select {_COLUMNS} from hosts where failing_since is not null order by failing_since limit $1", limit
    )
    return structs(Host, records)


async def count(conn: Conn) -> int:
    found: int = await conn.fetchval("select count(*) from hosts")
    return found


async def succeeded(conn: Conn, host: str) -> None:
    """It answered. Written at most once a minute while nothing changes."""
    await conn.execute(
        """
        update hosts set failing_since = null, failures = 0, next_at = null, last_error = null, last_ok_at = now()
        where host = $1 and (failures > 0 or last_ok_at is null or last_ok_at < now() - interval '1 minute')
        """,
        host,
    )


async def failed(conn: Conn, host: str, *, error: str, delay_seconds: float | None = None) -> float:
    """It did not answer: pause it as one, 15 s doubling to six hours with jitter, or longer if it asked for that. How
    long it is."""
    seconds: float | None = await conn.fetchval(
        """
        update hosts set failing_since = coalesce(failing_since, now()), failures = failures + 1, last_error = $2,
            next_at = now() + make_interval(secs => greatest($3::float8,
                least(15 * power(2, least(failures, 12)), 21600) * (0.8 + random() * 0.4)))
        where host = $1
        returning extract(epoch from next_at - now())::float8
        """,
        host, error[:500].replace("\0", ""), delay_seconds,
    )  # fmt: skip
    return seconds or 0.0


async def rest(conn: Conn, host: str, seconds: float) -> None:
    """It answers, and asks to be left alone for a while."""
    await conn.execute(
        "update hosts set next_at = greatest(next_at, now() + make_interval(secs => $2)) where host = $1", host, seconds
    )


async def seen(conn: Conn, host: str) -> None:
    """A verified request came from it: whatever waits for it may go at once. Written at most once a minute."""
    was_failing = await conn.fetchval(
        """
        insert into hosts as h (host, last_seen_at) values ($1, now())
        on conflict (host) do update set last_seen_at = now(), failing_since = null, failures = 0, next_at = null
        where h.failures > 0 or h.last_seen_at is null or h.last_seen_at < now() - interval '1 minute'
        returning (select o.failures > 0 from hosts o where o.host = $1)
        """,
        host,
    )
    if was_failing:
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
