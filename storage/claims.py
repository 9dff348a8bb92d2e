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


async def claim(conn: Conn, names: Sequence[str], *, limit: int) -> dict[str, Batch]:
    """Take due rows of hosts under leases, of each the oldest first; nothing of one when somebody else has some, or
    while it is paused. One that failed last time gets one, to see whether it answers again. In a transaction."""
    records = await conn.fetch(
        f"""
        select {_HOST} from hosts where host = any($1) and (next_at is null or next_at <= now())
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
    # A host that fails is asked with something that it has not refused itself, if there is.
    order = f"case when {_blamed('d')} then d.attempts else 0 end, d.bulk, d.id" if failing else "d.bulk, d.id"
    records = await conn.fetch(
        f"""
        with chosen as materialized (
            select d.id from unnest($1::text[]) as named(host)
            cross join lateral (
                select max(o.leased_until) as until from deliveries o
                where o.host = named.host and o.state = 'waiting' and o.leased_until is not null) lease
            cross join lateral (
                select d.id from deliveries d
                where d.host = named.host and d.state = 'waiting' and d.next_at <= now()
                  and (select true from deliveries e where e.host = d.host and e.state = 'waiting' and e.id < d.id
                       and e.sender_id = d.sender_id and e.attempts > 0 and (e.next_at > now() or $4)
                       and (d.bulk or not e.bulk)
                       and not (e.attempts >= 3 and {_blamed("e")} and not {_SAME_OBJECT}) limit 1) is null
                order by {order} limit $2) d
            where lease.until > now() is not true)
        update deliveries set leased_until = clock_timestamp() + make_interval(secs => $3),
            holder = current_setting('application_name')
        where id in (select id from chosen) and state = 'waiting'
        returning {columns(Delivery)}
        """,
        names, limit, float(LEASE_SECONDS), failing,
    )  # fmt: skip
    return structs(Delivery, records)


# A Delete waits for its Create even then: overtaken, it would be undone.
_SAME_OBJECT = """exists (
    select from activities x join activities y on y.object_uri = x.object_uri
    where x.id = d.activity_id and y.id = e.activity_id)"""


def _blamed(alias: str) -> str:
    """Whether a row was refused for what it is, as far as one can tell, and not because the host is in trouble."""
    return f"coalesce({alias}.last_status, 0) not in {HOST_STATUSES}"
