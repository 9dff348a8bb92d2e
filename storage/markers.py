"""How far a person has read: one row per login, account and timeline, since several people may run one account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, structs

Timeline = Literal["home", "notifications"]


class Marker(msgspec.Struct, frozen=True):
    timeline: str
    last_read_id: int
    version: int
    updated_at: datetime


async def read(conn: Conn, user_id: int, account_id: int, timelines: Sequence[str]) -> list[Marker]:
    """Those that were ever written."""
    records = await conn.fetch(
        f"select {columns(Marker)} from markers where user_id = $1 and account_id = $2 and timeline = any($3)",
        user_id, account_id, list(timelines),
    )  # fmt: skip
    return structs(Marker, records)


async def write(
    conn: Conn, user_id: int, account_id: int, positions: Mapping[Timeline, int], known: Sequence[Marker]
) -> list[Marker]:
    """Move the markers to these positions. `known` are the rows as the caller has read them: `Conflict` when another
    device has moved one since."""
    versions = {marker.timeline: marker.version for marker in known}
    timelines = sorted(positions)
    records = await conn.fetch(
        f"""
        insert into markers as m (user_id, account_id, timeline, last_read_id)
        select $1, $2, t, p from unnest($3::text[], $4::bigint[]) n(t, p)
        on conflict (user_id, account_id, timeline) do update
            set last_read_id = excluded.last_read_id, version = m.version + 1, updated_at = now()
            where m.version = ($5::int[])[array_position($3, m.timeline)]
        returning {columns(Marker)}
        """,
        user_id, account_id, timelines, [positions[timeline] for timeline in timelines],
        [versions.get(timeline, 0) for timeline in timelines],
    )  # fmt: skip
    if len(records) < len(timelines):
        raise Conflict("Conflict during update, please try again")
    return structs(Marker, records)
