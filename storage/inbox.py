"""What arrived from other servers: remembered by its id, queued to be handled, and what is gone before it came."""

import hashlib
from collections.abc import Sequence

import msgspec
import orjson

from storage.db import Conn, wake

QUEUE = "inbox"
JOB = "inbox"


class Arrival(msgspec.Struct, frozen=True):
    """A verified activity. `uri` is its id, or a name made from its content for those that have none."""

    uri: str
    actor_uri: str
    body: str
    recipient_id: int | None
    forwarded: bool = False


def digest(uri: str) -> bytes:
    return hashlib.sha256(uri.encode()).digest()


async def known(conn: Conn, uri: str) -> bool:
    """Whether an activity arrived before."""
    return await conn.fetchrow("select from inbox_activities where uri_hash = $1", digest(uri)) is not None


async def accept(conn: Conn, arrivals: Sequence[Arrival]) -> int:
    """Queue activities, each id once ever; how many were new. One actor's are handled in the order they came."""
    by_hash = {digest(arrival.uri): arrival for arrival in reversed(arrivals)}
    records = await conn.fetch(
        """
        insert into inbox_activities (uri_hash) select h from unnest($1::bytea[]) h order by h
        on conflict do nothing returning uri_hash
        """,
        list(by_hash),
    )
    fresh = {record[0] for record in records}
    new = [arrival for arrival in arrivals if digest(arrival.uri) in fresh and by_hash[digest(arrival.uri)] is arrival]
    payloads = [
        orjson.dumps({"body": item.body, "recipient_id": item.recipient_id, "forwarded": item.forwarded}).decode()
        for item in new
    ]
    await conn.execute(
        """
        insert into jobs (queue, name, payload, lane)
        select $1, $2, p::jsonb, l from unnest($3::text[], $4::text[]) with ordinality as t(p, l, o) order by o
        """,
        QUEUE, JOB, payloads, [item.actor_uri for item in new],
    )  # fmt: skip
    queues = wake.get()
    if queues is not None and new:
        queues.add(QUEUE)
    return len(new)


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


async def reopen(conn: Conn, uris: Sequence[str]) -> None:
    """Activities of these ids may come once more: some peers follow the same person under the same id every time."""
    await conn.execute("delete from inbox_activities where uri_hash = any($1)", [digest(uri) for uri in uris])


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


async def unbury(conn: Conn, uri: str, *, actor_uri: str) -> bool:
    """Whether this actor had taken its activity back before it came. That is done with now, and it may come again."""
    record = await conn.fetchrow(
        "delete from tombstones where uri_hash = $1 and actor_uri = $2 returning true", digest(uri), actor_uri
    )
    if record is not None:
        await reopen(conn, [uri])
    return record is not None


async def lock(conn: Conn, uri: str) -> None:
    """Until the transaction ends nobody else handles this object: Create, Update, Announce and Delete take turns."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", uri)
