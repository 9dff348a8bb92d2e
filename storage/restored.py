"""Data that were put back from a backup: nothing is sent for them until the operator says so.

What waited when the backup was made was most likely sent since, by the server that is lost. The table `installation`
holds where the rows are at home; a database that finds itself elsewhere was restored or copied. SQL `sending_held()`
is asked whenever something would go out, so it holds too when the database is exchanged below running processes.
"""

from datetime import datetime

import msgspec

from storage import deliveries
from storage.db import Conn, wake
from storage.rows import struct

# Jobs that speak to somebody outside, beside the deliveries.
OUTWARD = ("mail", "push", "ask_subscriber", "send_to_subscribers")
# So far sequences go on above what the backup knows: more than was given out since.
AHEAD, AHEAD_OF_INT = 100_000_000, 10_000
_UNKNOWN = "not known whether it was sent: restored from a backup"


class Held(msgspec.Struct, frozen=True):
    """Since when, and what waits: from the backup, and from afterwards."""

    held_at: datetime
    before: int
    after: int


async def arrive(conn: Conn) -> bool:
    """At each start: whether the rows have come from elsewhere since the last. Then nothing is sent from now on, and
    no number is given out twice. In a transaction."""
    await conn.execute("insert into installation (place) values (database_place()) on conflict do nothing")
    moved = await conn.fetchval(
        """
        update installation set held_at = now(), place = database_place() where place <> database_place()
        returning true
        """
    )
    if moved:
        await _go_ahead(conn)
    return bool(moved)


async def hold(conn: Conn) -> bool:
    """The rows are a copy, though they do not know it: their files were put back. False if that is known. In a
    transaction."""
    held = await conn.fetchval("update installation set held_at = now() where held_at is null returning true")
    if held:
        await _go_ahead(conn)
    return bool(held)


async def _go_ahead(conn: Conn) -> None:
    """Ids made of time do so by themselves."""
    await conn.execute(
        """
        select setval(format('%I.%I', schemaname, sequencename)::regclass,
            coalesce(last_value, start_value)
                + case when data_type = 'bigint'::regtype then $1::bigint else $2::bigint end)
        from pg_sequences where schemaname = current_schema()
        """,
        AHEAD, AHEAD_OF_INT,
    )  # fmt: skip


async def held(conn: Conn) -> Held | None:
    """None when everything is sent as ever."""
    record = await conn.fetchrow(
        """
        select i.at as held_at, count(d.id) filter (where d.created_at < i.at) as before,
            count(d.id) filter (where d.created_at >= i.at) as after
        from (select coalesce(held_at, now()) as at from installation where sending_held()) i
        left join deliveries d on d.state = 'waiting' group by i.at
        """
    )
    return struct(Held, record)


async def resume(conn: Conn, *, send_waiting: bool) -> Held | None:
    """Send again, from now on; None if nothing was held. What waited in the backup has come to its end, nobody knows
    which, unless nothing was lost between the backup and now (`send_waiting`). In a transaction."""
    await arrive(conn)
    found = await held(conn)
    if found is None:
        return None
    if not send_waiting:
        await conn.execute(
            """
            update deliveries set state = 'expired', last_error = $2, leased_until = null, holder = null
            where state = 'waiting' and created_at < $1
            """,
            found.held_at, _UNKNOWN,
        )  # fmt: skip
        await conn.execute(
            "delete from jobs where name = any($2) and failed_at is null and created_at < $1", found.held_at, OUTWARD
        )
    await conn.execute("update installation set held_at = null")
    queues = wake.get()
    if queues is not None:
        queues.update(("network", "push", deliveries.QUEUE))
    return found
