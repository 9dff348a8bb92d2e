"""The same page for many viewers: what `bundles` reads for one of them, read for each in one query.

The SQL is that of `bundles`, word for word, run for each viewer inside of the database: whoever listens is shown what
they would read.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

import asyncpg
import msgspec

from storage import bundles
from storage.bundles import ASKS_FOLLOWED, ASKS_FOLLOWS, Filter, Head, Poll
from storage.db import Conn

T = TypeVar("T", bound=msgspec.Struct)


def _each(sql: str) -> str:
    """`sql`, whose $1 is a viewer, for viewers that $1 lists; a row begins with whose it is."""
    own = sql.replace("$1", "viewer.id")
    return f"select viewer.id as viewer_id, own.* from unnest($1::bigint[]) viewer(id) cross join lateral ({own}) own"


_HEADS = _each(bundles.HEADS)
_POLLS = _each(bundles.POLLS)
_FILTERS = _each(bundles.FILTERS)


def _by_viewer(kind: type[T], records: Sequence[asyncpg.Record]) -> dict[int, list[T]]:
    found = defaultdict[int, list[T]](list)
    for record in records:
        viewer_id, *values = record.values()
        found[viewer_id].append(kind(*values))
    return found


async def heads(
    conn: Conn, viewer_ids: Sequence[int], status_ids: Sequence[int], *, wanted: bool
) -> dict[int, list[Head]]:
    """By viewer, without those who may read none of it. `wanted` as `bundles.heads` has it."""
    return _by_viewer(Head, await conn.fetch(_HEADS, viewer_ids, status_ids, wanted, False))


async def polls(conn: Conn, viewer_ids: Sequence[int], poll_ids: Sequence[int]) -> dict[int, list[Poll]]:
    return _by_viewer(Poll, await conn.fetch(_POLLS, viewer_ids, poll_ids))


async def filters(conn: Conn, viewer_ids: Sequence[int], status_ids: Sequence[int]) -> dict[int, list[Filter]]:
    """By viewer, without those who have none."""
    return _by_viewer(Filter, await conn.fetch(_FILTERS, viewer_ids, status_ids))


async def follows(
    conn: Conn, viewer_ids: Sequence[int], account_ids: Sequence[int]
) -> dict[tuple[int, int], tuple[bool, bool]]:
    """By viewer and account, whether the one follows the other and is followed, where collections depend on it."""
    records = await conn.fetch(
        f"""
        select viewer.id, a.id,
            ({ASKS_FOLLOWS}) and exists (select from follows where account_id = viewer.id and target_id = a.id),
            ({ASKS_FOLLOWED}) and exists (select from follows where account_id = a.id and target_id = viewer.id)
        from unnest($1::bigint[]) viewer(id), accounts a where a.id = any($2)
        """,
        viewer_ids, account_ids,
    )  # fmt: skip
    return {(viewer_id, account_id): (follows, followed) for viewer_id, account_id, follows, followed in records}
