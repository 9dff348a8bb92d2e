"""Who sends what: rows of several hosts taken under a lease in one transaction, each host for itself.

A host is one ordered queue. Whoever serves it takes a run of its rows; nobody else takes rows of that host meanwhile.
What one person tells another goes before what is for many (`bulk`). Of one sender nothing overtakes what is waiting for
another try, unless the host has refused that very thing three times: it may take others; and what is for one person
does not wait for what is for many.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from storage.db import Conn
from storage.deliveries import HOST_STATUSES, LEASE_SECONDS, Delivery
from storage.hosts import Host
from storage.rows import columns, structs

_HOST = columns(Host)
# Of a host that failed, so many rows are looked at for the one it is asked with.
CHOICE = 100


class Batch(msgspec.Struct, frozen=True):
    """What was taken of a host. None for `host`: it is paused, or somebody else takes of it. `more`: perhaps there is
    more to take."""

    rows: list[Delivery]
    host: Host | None = None
    more: bool = False

    @property
    def proven(self) -> bool:
        """It answered last time."""
        return self.host is not None and self.host.failures == 0


class Due(msgspec.Struct, frozen=True):
    """A host with something to send. `failing`: it did not answer last time; `bulk`: nothing from one person to
    another is among it."""

    host: str
    failing: bool
    bulk: bool


async def due(conn: Conn, *, busy: Sequence[str], after: str, limit: int) -> list[Due]:
    """Hosts with something to send now that answer or whose pause is over, and that nobody serves: by name from `after`
    on, and round again to it. Costs as much as the hosts that are walked past, however much waits for each."""
    order = "d.host, d.bulk, d.id"
    walks = f"{_walk('onward', 'd.host > $2', order)}, {_walk('again', 'd.host <= $2', order)}"
    return await _due(conn, walks, "select * from onward union all select * from again", busy, after, limit)


async def due_in_person(conn: Conn, *, busy: Sequence[str], limit: int) -> list[Due]:
    """The same for hosts where one person waits for another's words."""
    return await _due(
        conn, _walk("personal", "d.host > $2 and not d.bulk", "d.host, d.id"), "select * from personal", busy, "", limit
    )


def _walk(name: str, within: str, order: str) -> str:
    """A loose index scan: what comes first of each host, which is nearly always what is due."""
    first = f"""
        select d.host, d.bulk, d.next_at from deliveries d
        where d.state = 'waiting' and {within} %s order by {order} limit 1"""
    return f"""
        {name} as (({first % ""}) union all
            select n.* from {name} w cross join lateral ({first % "and d.host > w.host"}) n)"""


async def _due(conn: Conn, walks: str, walked: str, busy: Sequence[str], after: str, limit: int) -> list[Due]:
    # What is not limited in itself is looked up for every host there is, where one of a few is wanted.
    records = await conn.fetch(
        f"""
        with recursive leased as materialized (
            select distinct host from deliveries
            where state = 'waiting' and leased_until is not null and leased_until > now()),
        {walks}
        select w.host, coalesce(h.failures, 0) > 0 as failing, b.bulk from ({walked}) w
        left join lateral (select failures, next_at from hosts where host = w.host limit 1) h on true
        cross join lateral (
            select case when w.next_at <= now() then w.bulk else (
                select d.bulk from deliveries d where d.host = w.host and d.state = 'waiting' and d.next_at <= now()
                order by d.bulk, d.id limit 1) end as bulk) b
        where not (select sending_held()) and (h.next_at is null or h.next_at <= now()) and w.host <> all($1)
          and w.host not in (select host from leased) and b.bulk is not null
        limit $3
        """,
        busy, after, limit,
    )  # fmt: skip
    return structs(Due, records)


async def claim(conn: Conn, names: Sequence[str], *, limit: int) -> dict[str, Batch]:
    """Take due rows of hosts under leases, of each the oldest first; nothing of one when somebody else has some, or
    while it is paused. One that failed last time gets one, to see whether it answers again. In a transaction."""
    records = await conn.fetch(
        f"""
        select {_HOST} from hosts where host = any($1) and (next_at is null or next_at <= now())
            and not (select sending_held())
        order by host for update skip locked
        """,
        names,
    )
    free = structs(Host, records)
    taken: dict[str, list[Delivery]] = defaultdict(list)
    for failing, most in ((False, limit), (True, 1)):
        hosts = [host.host for host in free if (host.failures > 0) == failing]
        for row in await _take(conn, hosts, limit=most, failing=failing) if hosts else ():
            taken[row.host].append(row)
    found = {name: Batch([]) for name in names}
    for host in free:
        rows = sorted(taken[host.host], key=lambda row: (row.bulk, row.id))
        found[host.host] = Batch(rows, host, more=len(rows) == (1 if host.failures else limit))
    return found


async def _take(conn: Conn, names: Sequence[str], *, limit: int, failing: bool) -> list[Delivery]:
    # A host that fails is asked with something that it has not refused itself, if there is: of what comes first.
    order = f"case when {_blamed('d')} then d.attempts else 0 end, d.bulk, d.id" if failing else "d.bulk, d.id"
    records = await conn.fetch(
        f"""
        with chosen as materialized (
            select d.id from unnest($1::text[]) as named(host)
            cross join lateral (
                select max(o.leased_until) as until from deliveries o
                where o.host = named.host and o.state = 'waiting' and o.leased_until is not null) lease
            cross join lateral (
                select d.id from (
                    select d.id, d.bulk, d.attempts, d.last_status from deliveries d
                    where d.host = named.host and d.state = 'waiting' and d.next_at <= now()
                      and (select true from deliveries e where e.host = d.host and e.state = 'waiting' and e.id < d.id
                           and e.sender_id = d.sender_id and e.attempts > 0 and (e.next_at > now() or $4)
                           and (d.bulk or not e.bulk)
                           and not (e.attempts >= 3 and {_blamed("e")} and not {_SAME_OBJECT}) limit 1) is null
                    order by d.bulk, d.id limit $5) d
                order by {order} limit $2) d
            where lease.until > now() is not true)
        update deliveries set leased_until = clock_timestamp() + make_interval(secs => $3),
            holder = current_setting('application_name')
        where id in (select id from chosen) and state = 'waiting'
        returning {columns(Delivery)}
        """,
        names, limit, float(LEASE_SECONDS), failing, CHOICE if failing else limit,
    )  # fmt: skip
    return structs(Delivery, records)


# A Delete waits for its Create even then: overtaken, it would be undone.
_SAME_OBJECT = """exists (
    select from activities x join activities y on y.object_uri = x.object_uri
    where x.id = d.activity_id and y.id = e.activity_id)"""


def _blamed(alias: str) -> str:
    """Whether a row was refused for what it is, as far as one can tell, and not because the host is in trouble."""
    return f"coalesce({alias}.last_status, 0) not in {HOST_STATUSES}"
