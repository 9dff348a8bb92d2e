"""The outgoing queue, which is its own ledger: one row per activity and inbox, from waiting to its end.

How rows are taken to be sent, and in which order, is in `storage.claims`.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.db import Conn, wake

QUEUE = "deliver"
# So long a host waits for a process that hangs. Not renewed: a batch ends well before.
LEASE_SECONDS = 120
EXPIRY_DAYS = 14
# What an answer says of the host rather than of what was sent; 0 is no answer at all.
HOST_STATUSES = (0, 408, 429, 502, 503, 504)


class Delivery(msgspec.Struct, frozen=True):
    id: int
    activity_id: int
    sender_id: int
    host: str
    inbox: str
    bulk: bool
    attempts: int
    last_status: int | None
    created_at: datetime
    leased_until: datetime  # names the lease: whoever has lost it writes nothing


class Outcome(msgspec.Struct, frozen=True):
    """How an attempt ended. `state` waiting means another one after `delay_seconds`; `rest_seconds`: how long the host
    asked to be left alone."""

    id: int
    lease: datetime
    state: str
    status: int | None
    error: str | None
    delay_seconds: float = 0.0
    attempted: bool = True
    rest_seconds: float = 0.0


async def enqueue(
    conn: Conn, activity_id: int, sender_id: int, inboxes: Sequence[tuple[str, str]], *, bulk: bool
) -> int:
    """Leave deliveries to (inbox, host) pairs, each inbox once ever; how many are new."""
    if not inboxes:
        return 0
    urls, hosts = [url for url, _ in inboxes], [host for _, host in inboxes]
    await conn.execute(
        "insert into hosts (host) select distinct h from unnest($1::text[]) h order by h on conflict do nothing", hosts
    )
    records = await conn.fetch(
        """
        insert into deliveries (activity_id, sender_id, inbox, host, bulk)
        select $1, $2, i, h, $5 from unnest($3::text[], $4::text[]) as t(i, h)
        on conflict (activity_id, inbox) do nothing returning id
        """,
        activity_id, sender_id, urls, hosts, bulk,
    )  # fmt: skip
    queues = wake.get()
    if queues is not None and records:
        queues.add(QUEUE)
    return len(records)


async def held(conn: Conn, outcomes: Sequence[Outcome]) -> set[int]:
    """Ids of the deliveries that nobody else has taken since."""
    records = await conn.fetch(
        """
        select d.id from deliveries d join unnest($1::bigint[], $2::timestamptz[]) as o(id, lease) on o.id = d.id
        where d.leased_until = o.lease and d.holder = current_setting('application_name') and d.state = 'waiting'
        """,
        [o.id for o in outcomes], [o.lease for o in outcomes],
    )  # fmt: skip
    return {record[0] for record in records}


async def finish(conn: Conn, outcomes: Sequence[Outcome]) -> int:
    """Write how attempts ended and give the leases back; how many. What somebody else has taken since is theirs."""
    records = await conn.fetch(
        """
        update deliveries d set state = o.state, leased_until = null, holder = null,
            last_status = case when o.attempted then o.status else d.last_status end,
            last_error = case when o.attempted then o.error else d.last_error end,
            attempts = d.attempts + o.attempted::int,
            next_at = case when o.attempted then now() + make_interval(secs => o.delay) else d.next_at end,
            delivered_at = case when o.state = 'delivered' then now() end
        from unnest($1::bigint[], $2::text[], $3::int[], $4::text[], $5::float8[], $6::bool[], $7::timestamptz[])
            as o(id, state, status, error, delay, attempted, lease)
        where d.id = o.id and d.leased_until = o.lease and d.holder = current_setting('application_name')
            and d.state = 'waiting'
        returning 1
        """,
        [o.id for o in outcomes], [o.state for o in outcomes], [o.status for o in outcomes],
        [o.error[:500].replace("\0", "") if o.error else None for o in outcomes], [o.delay_seconds for o in outcomes],
        [o.attempted for o in outcomes], [o.lease for o in outcomes],
    )  # fmt: skip
    return len(records)


async def resume(conn: Conn, host: str) -> None:
    """What a host did not take while it was silent is due now."""
    await conn.execute(
        """
        update deliveries set next_at = now()
        where host = $1 and state = 'waiting' and attempts > 0 and next_at > now() and leased_until is null
        """,
        host,
    )
    queues = wake.get()
    if queues is not None:
        queues.add(QUEUE)


async def stop_host(conn: Conn, domain: str) -> None:
    """Nothing more goes to a domain that was blocked, nor to what lies below it."""
    await conn.execute(
        """
        update deliveries set state = 'expired', last_error = 'the domain was blocked'
        where state = 'waiting' and (host = $1 or host like '%.' || $1)
        """,
        domain,
    )


async def waiting(conn: Conn) -> int:
    """How many are still to be made."""
    count: int = await conn.fetchval("select count(*) from deliveries where state = 'waiting'")
    return count
