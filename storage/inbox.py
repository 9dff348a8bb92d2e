"""What arrived from other servers: remembered by its id, queued to be handled, and what is gone before it came."""

import hashlib
from collections.abc import Sequence

import msgspec
import orjson

from storage import sites
from storage.db import Conn, wake

QUEUE = "inbox"
JOB = "inbox"


class Arrival(msgspec.Struct, frozen=True):
    """A verified activity. `uri` is its id `of_actor`, or a name made from its content for those that have none;
    `sender_uri` who signed it; `limited`: it is shown only to who follows them."""

    uri: str
    sender_uri: str
    body: str
    recipient_id: int | None
    forwarded: bool = False
    limited: bool = False


def of_actor(uri: str, actor_uri: str) -> str:
    """What an activity is remembered by: an id is its actor's, and a neighbour on the same server who knows it first
    must not use it up."""
    return f"{actor_uri} {uri}"


def digest(uri: str) -> bytes:
    return hashlib.sha256(uri.encode()).digest()


async def known(conn: Conn, uri: str) -> bool:
    """Whether an activity arrived before."""
    return await conn.fetchrow("select from inbox_activities where uri_hash = $1", digest(uri)) is not None


async def remember(conn: Conn, name: str) -> None:
    """From now on it is known."""
    await conn.execute("insert into inbox_activities (uri_hash) values ($1) on conflict do nothing", digest(name))


async def accept(conn: Conn, arrivals: Sequence[Arrival]) -> int:
    """Queue activities, each id once ever; how many were new. Those of a sender are handled in the order they came."""
    given: dict[bytes, Arrival] = {}
    for arrival in arrivals:
        given.setdefault(digest(arrival.uri), arrival)
    payloads = [
        orjson.dumps(
            {
                "body": item.body,
                "recipient_id": item.recipient_id,
                "forwarded": item.forwarded,
                "sender_uri": item.sender_uri,
                "limited": item.limited,
            }
        ).decode()
        for item in given.values()
    ]  # fmt: skip
    records = await conn.fetch(
        """
        with given as (
            select * from unnest($3::bytea[], $4::text[], $5::text[], $6::text[])
                with ordinality as t(uri_hash, payload, lane, source, n)),
        fresh as (
            insert into inbox_activities (uri_hash) select uri_hash from given order by uri_hash
            on conflict do nothing returning uri_hash)
        insert into jobs (queue, name, payload, lane, source)
        select $1, $2, g.payload::jsonb, g.lane, g.source from given g join fresh using (uri_hash)
        order by g.n returning 1
        """,
        QUEUE, JOB, list(given), payloads, [item.sender_uri for item in given.values()],
        [sites.of_uri(item.sender_uri) for item in given.values()],
    )  # fmt: skip
    queues = wake.get()
    if queues is not None and records:
        queues.add(QUEUE)
    return len(records)


async def waiting(conn: Conn, site: str, *, limit: int) -> int:
    """How many activities that came from a site are not handled yet, counted up to a limit."""
    count: int = await conn.fetchval(
        """
        select count(*) from (
            select from jobs where queue = 'inbox' and failed_at is null and source = $1 limit $2) w
        """,
        site, limit,
    )  # fmt: skip
    return count


async def waiting_in_all(conn: Conn, *, limit: int) -> int:
    """How many activities are not handled yet, counted up to a limit."""
    count: int = await conn.fetchval(
        "select count(*) from (select from jobs where queue = 'inbox' and failed_at is null limit $1) w", limit
    )
    return count


async def forget(conn: Conn, *, days: int, limit: int) -> int:
    """Drop the memory of activities so old that nobody sends them again; how many."""
    records = await conn.fetch(
        """
        delete from inbox_activities where uri_hash in (
            select uri_hash from inbox_activities where received_at < now() - make_interval(days => $1)
            order by received_at limit $2)
        returning 1
        """,
        days, limit,
    )  # fmt: skip
    return len(records)


async def reopen(conn: Conn, *activities: tuple[int, str]) -> None:
    """Activities of these accounts and ids may come once more: some peers follow the same person under the same id
    every time."""
    await conn.execute(
        """
        delete from inbox_activities where uri_hash in (
            select sha256(convert_to(a.uri || ' ' || t.uri, 'UTF8'))
            from unnest($1::bigint[], $2::text[]) as t(account_id, uri) join accounts a on a.id = t.account_id)
        """,
        [account_id for account_id, _ in activities], [uri for _, uri in activities],
    )  # fmt: skip


async def bury(conn: Conn, uri: str, *, actor_uri: str) -> None:
    """Remember that an object or an activity is deleted or undone, perhaps before it was ever seen here. Only for this
    actor: what others say of the same URI stands beside it."""
    await conn.execute(
        "insert into tombstones (uri_hash, actor_uri) values ($1, $2) on conflict do nothing", digest(uri), actor_uri
    )


async def buried(conn: Conn, uri: str, *, actor_uri: str) -> bool:
    """Whether this actor said that its object or activity is gone."""
    record = await conn.fetchrow(
        "select from tombstones where uri_hash = $1 and actor_uri = $2", digest(uri), actor_uri
    )
    return record is not None


async def standing(conn: Conn, uri: str, *, actor_uri: str) -> tuple[bool, int | None]:
    """Of a post: whether its author said that it is gone, and its id if it is here."""
    record = await conn.fetchrow(
        """
        select exists (select from tombstones where uri_hash = $1 and actor_uri = $2),
            (select id from statuses where uri = $3)
        """,
        digest(uri), actor_uri, uri,
    )  # fmt: skip
    return (record[0], record[1]) if record is not None else (False, None)


async def unbury(conn: Conn, uri: str, *, actor_uri: str) -> bool:
    """Whether this actor had taken its activity back before it came. That is done with now, and it may come again."""
    record = await conn.fetchrow(
        "delete from tombstones where uri_hash = $1 and actor_uri = $2 returning true", digest(uri), actor_uri
    )
    if record is not None:
        await conn.execute("delete from inbox_activities where uri_hash = $1", digest(of_actor(uri, actor_uri)))
    return record is not None


async def lock(conn: Conn, uri: str) -> None:
    """Until the transaction ends nobody else handles this object: Create, Update, Announce and Delete take turns."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", uri)
