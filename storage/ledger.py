"""The deliveries as a ledger: which servers got something, which did not, why, and when they are asked next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.db import Conn, wake
from storage.deliveries import QUEUE
from storage.paging import Page
from storage.rows import columns, struct, structs

State = Literal["waiting", "delivered", "refused", "expired"]


class Entry(msgspec.Struct, frozen=True):
    """A delivery. `next_at` counts the pause of the host in, and is None once it has ended."""

    id: int
    host: str
    inbox: str
    type: str  # of the activity
    activity_uri: str
    object_uri: str | None
    state: State
    attempts: int
    last_status: int | None
    last_error: str | None
    next_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime


class Counts(msgspec.Struct, frozen=True):
    waiting: int = 0
    delivered: int = 0
    refused: int = 0
    expired: int = 0


_ENTRY = """
    select d.id, d.host, d.inbox, a.body::jsonb ->> 'type' as type, a.uri as activity_uri, a.object_uri, d.state,
        d.attempts, d.last_status, d.last_error,
        case when d.state = 'waiting' then greatest(d.next_at, h.next_at) end as next_at, d.delivered_at, d.created_at
    from deliveries d join activities a on a.id = d.activity_id left join hosts h on h.host = d.host
"""
# Said of what need not be sent any more, as against what could not be.
_NEEDED = "coalesce(d.last_error, '') not in ('the object was deleted', 'the domain was blocked')"


async def of_object(conn: Conn, object_uri: str, page: Page) -> list[Entry]:
    """Of everything that was said about a post or a boost, newest first."""
    records = await conn.fetch(
        f"{_ENTRY} where a.object_uri = $1 and d.id < $2 and d.id > $3 order by d.id {page.order} limit $4",
        object_uri, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Entry, records))


async def of_host(conn: Conn, host: str, page: Page, *, failed: bool = False) -> list[Entry]:
    """What waits for it, or what it did not take; newest first."""
    states = "d.state in ('refused', 'expired')" if failed else "d.state = 'waiting'"
    records = await conn.fetch(
        f"{_ENTRY} where d.host = $1 and {states} and d.id < $2 and d.id > $3 order by d.id {page.order} limit $4",
        host, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Entry, records))


async def counts(conn: Conn, object_uri: str) -> Counts:
    """How many deliveries about an object are in each state."""
    record = await conn.fetchrow(
        """
        select count(*) filter (where d.state = 'waiting') as waiting,
            count(*) filter (where d.state = 'delivered') as delivered,
            count(*) filter (where d.state = 'refused') as refused,
            count(*) filter (where d.state = 'expired') as expired
        from deliveries d join activities a on a.id = d.activity_id where a.object_uri = $1
        """,
        object_uri,
    )
    return struct(Counts, record) or Counts()


async def retry_object(conn: Conn, object_uri: str, *, ended: bool) -> list[str]:
    """Try now what waits to be said about an object, and wake the hosts; with `ended` also what was refused or given
    up, as far as nothing newer about it went to the same inbox. The hosts."""
    records = await conn.fetch(
        f"""
        update deliveries d set state = 'waiting', next_at = now(), created_at = case when d.state = 'waiting'
            then d.created_at else now() end
        from activities a
        where a.id = d.activity_id and a.object_uri = $1 and d.leased_until is null
          and (d.state = 'waiting' or ($2 and d.state in ('refused', 'expired') and {_NEEDED} and not exists (
              select from deliveries l join activities b on b.id = l.activity_id
              where b.object_uri = $1 and l.inbox = d.inbox and l.id > d.id)))
        returning d.host
        """,
        object_uri, ended,
    )  # fmt: skip
    found = sorted({record[0] for record in records})
    await _wake_hosts(conn, found)
    return found


async def retry_host(conn: Conn, host: str, *, ended: bool) -> int:
    """Try now everything that waits for a host, whatever pause it is in; with `ended` also what was refused or given up
    in the last fortnight, where nothing newer about the same went there. How many."""
    records = await conn.fetch(
        f"""
        with meant as materialized (
            select id from deliveries where host = $1 and state = 'waiting' and leased_until is null
            union all
            select d.id from deliveries d join activities a on a.id = d.activity_id
            where $2 and d.host = $1 and d.state in ('refused', 'expired') and {_NEEDED}
              and d.created_at > now() - interval '28 days' and not exists (
                select from deliveries l join activities b on b.id = l.activity_id
                where b.object_uri = a.object_uri and l.inbox = d.inbox and l.id > d.id))
        update deliveries d set state = 'waiting', next_at = now(), created_at = case when d.state = 'waiting'
            then d.created_at else now() end
        from meant where d.id = meant.id returning 1
        """,
        host, ended,
    )  # fmt: skip
    await _wake_hosts(conn, [host])
    return len(records)


async def _wake_hosts(conn: Conn, hosts: Sequence[str]) -> None:
    await conn.execute(
        "update hosts set next_at = null, rest_until = null where host = any($1) and next_at is not null", hosts
    )
    queues = wake.get()
    if queues is not None and hosts:
        queues.add(QUEUE)


class Object(msgspec.Struct, frozen=True):
    """What somebody names when they ask about a post: its URI, and whose it is."""

    uri: str
    account_id: int


async def find_object(conn: Conn, name: str) -> Object | None:
    """By id, URI or page of a post of ours that is there, or by the URI of one that is gone."""
    status_id = int(name) if name.isdecimal() and len(name) < 19 else None
    record = await conn.fetchrow(
        f"""
        select {columns(Object)} from (
            select uri, account_id from statuses where is_local and (id = $2 or uri = $1 or url = $1)
            union all select object_uri, account_id from activities where object_uri = $1) found
        limit 1
        """,
        name, status_id,
    )  # fmt: skip
    return struct(Object, record)
