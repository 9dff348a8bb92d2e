"""How much may be fetched because of what others sent, and from whom: counted here, so that it holds for all processes
and goes on where an interrupted job begins again.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from storage.db import Conn


class Limit(msgspec.Struct, frozen=True):
    """So many documents, and actors among them, in a window of so many seconds."""

    key: str
    documents: int
    actors: int
    seconds: int


async def spend(conn: Conn, limits: Sequence[Limit], *, actor: bool) -> bool:
    """Count one document, perhaps an actor, against each of the limits; whether there was room in all of them."""
    ordered = sorted(limits, key=lambda limit: limit.key)
    records = await conn.fetch(
        """
        with asked as (
            select * from unnest($1::text[], $2::int[], $3::int[], $4::float8[]) t(key, documents, actors, seconds)),
        spent as (
            insert into fetch_budgets as b (key, documents, actors) select key, 1, $5 from asked order by key
            on conflict (key) do update set
                (since, documents, actors) = (
                    select case when old then now() else b.since end,
                        case when old then 1 else b.documents + 1 end,
                        case when old then 0 else b.actors end + $5
                    from (select b.since < now() - make_interval(secs => a.seconds) as old
                        from asked a where a.key = b.key) w)
            returning key, documents, actors)
        select from spent join asked using (key)
        where spent.documents <= asked.documents and spent.actors <= asked.actors
        """,
        [limit.key for limit in ordered], [limit.documents for limit in ordered],
        [limit.actors for limit in ordered], [float(limit.seconds) for limit in ordered], int(actor),
    )  # fmt: skip
    return len(records) == len(ordered)


async def forget(conn: Conn, *, older_than: timedelta, limit: int) -> int:
    """Drop windows that ended long ago; how many."""
    records = await conn.fetch(
        """
        delete from fetch_budgets where key in (
            select key from fetch_budgets where since < now() - $1::interval limit $2) returning 1
        """,
        older_than, limit,
    )  # fmt: skip
    return len(records)
