"""Activities that we send: the JSON exactly as it goes out, stored once however many inboxes receive it."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from storage.db import Conn
from storage.rows import columns, struct


class Activity(msgspec.Struct, frozen=True):
    id: int
    uri: str
    account_id: int
    object_uri: str | None
    body: str


_COLUMNS = columns(Activity)


async def store(
    conn: Conn,
    document: Mapping[str, Any],  # Any: JSON
    *,
    account_id: int,
    object_uri: str | None = None,
) -> int:
    """Keep an outgoing activity by its `id`; the row's id. The same activity again is the same row."""
    activity_id: int = await conn.fetchval(
        """
        insert into activities (uri, account_id, object_uri, body) values ($1, $2, $3, $4)
        on conflict (uri) do update set uri = excluded.uri returning id
        """,
        document["id"], account_id, object_uri, orjson.dumps(document).decode(),
    )  # fmt: skip
    return activity_id


async def replace(conn: Conn, uri: str) -> None:
    """An activity is about to be said again, by its id and with more to it: what was stored of it makes room."""
    await conn.execute(
        """
        with former as (update activities set uri = uri || '#replaced-' || id where uri = $1 returning id)
        update deliveries set state = 'expired', last_error = 'said again'
        where activity_id in (select id from former) and state = 'waiting' and leased_until is null
        """,
        uri,
    )


async def by_uri(conn: Conn, uri: str) -> Activity | None:
    return struct(Activity, await conn.fetchrow(f"select {_COLUMNS} from activities where uri = $1", uri))


async def bodies(conn: Conn, activity_ids: Sequence[int]) -> dict[int, str]:
    records = await conn.fetch("select id, body from activities where id = any($1)", activity_ids)
    return {record[0]: record[1] for record in records}


async def sign(conn: Conn, activity_id: int, document: Mapping[str, Any]) -> str:  # Any: JSON
    """Keep the signed form of an activity, unless another process was faster; what is kept."""
    body: str = await conn.fetchval(
        """
        update activities set body = case when body::jsonb ? 'signature' then body else $2 end
        where id = $1 returning body
        """,
        activity_id, orjson.dumps(document).decode(),
    )  # fmt: skip
    return body


async def lately(conn: Conn, object_uri: str, *, seconds: float) -> bool:
    """Whether something was said about an object in the last few seconds."""
    found: bool = await conn.fetchval(
        """
        select exists (select from activities
            where object_uri = $1 and created_at > now() - make_interval(secs => $2))
        """,
        object_uri, seconds,
    )  # fmt: skip
    return found


async def discard_waiting(conn: Conn, object_uri: str) -> None:
    """The object is gone: what was still to be told about it, except its Delete, is not sent any more."""
    await conn.execute(
        """
        update deliveries set state = 'expired', last_error = 'the object was deleted'
        where state = 'waiting' and leased_until is null
          and activity_id in (select id from activities where object_uri = $1)
        """,
        object_uri,
    )


async def sweep(conn: Conn, *, days: int, limit: int) -> int:
    """Forget activities all of whose deliveries ended long ago; how many. That an account is gone is never forgotten:
    its address answers so for ever."""
    # Each is asked about when its turn comes, and not all before the first: hence no `exists`.
    records = await conn.fetch(
        """
        delete from activities where id in (
            select a.id from activities a
            where a.id < (extract(epoch from now() - make_interval(days => $1)) * 1000)::bigint << 16
              and (select true from accounts c where c.id = a.account_id and a.uri = c.uri || '#delete') is null
              and (select true from deliveries d where d.activity_id = a.id and d.state = 'waiting' limit 1) is null
            order by a.id limit $2)
        returning id
        """,
        days, limit,
    )  # fmt: skip
    return len(records)
