"""What is gone for good: objects and activities that were deleted or undone, perhaps before they were ever seen here.

Only the origin can bury something: a tombstone counts for things of the actor that asked for it.
"""

from collections.abc import Sequence
from datetime import timedelta

from storage.db import Conn

# A late copy may still arrive by another path; long after that the row is only weight.
KEPT = timedelta(days=90)


async def bury(conn: Conn, uri: str, actor_uri: str) -> None:
    """Refuse the URI from now on when it is this actor's."""
    await conn.execute(
        """
        insert into tombstones (uri_hash, actor_uri) values (sha256(convert_to($1, 'UTF8')), $2)
        on conflict (uri_hash) do nothing
        """,
        uri, actor_uri,
    )  # fmt: skip


async def buried(conn: Conn, uris: Sequence[str], actor_uri: str) -> bool:
    """Whether one of the URIs, said to be this actor's, was deleted or undone by it."""
    found: bool = await conn.fetchval(
        """
        select exists (select from tombstones
            where uri_hash in (select sha256(convert_to(u, 'UTF8')) from unnest($1::text[]) u) and actor_uri = $2)
        """,
        uris, actor_uri,
    )  # fmt: skip
    return found


async def lock(conn: Conn, uri: str) -> None:
    """Until the transaction ends nobody else handles this object: Create, Update, Announce and Delete take turns."""
    await conn.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", uri)


async def sweep(conn: Conn, *, limit: int = 5000) -> int:
    """Forget the oldest; how many."""
    records = await conn.fetch(
        """
        delete from tombstones where uri_hash in (
            select uri_hash from tombstones where created_at < now() - $1::interval limit $2)
        returning 1
        """,
        KEPT, limit,
    )  # fmt: skip
    return len(records)
