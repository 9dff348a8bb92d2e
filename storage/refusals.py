"""Posts that were asked for in vain: not asked for again before some time has passed, longer each time."""

from collections.abc import Sequence

from storage.db import Conn
from storage.inbox import digest

FIRST_SECONDS = 6 * 3600
MOST_SECONDS = 30 * 24 * 3600


async def note(conn: Conn, uri: str) -> None:
    """Asked for in vain once more."""
    await conn.execute(
        """
        insert into refusals as r (uri_hash, until) values ($1, now() + make_interval(secs => $2))
        on conflict (uri_hash) do update set times = r.times + 1,
            until = now() + make_interval(secs => least($2 * power(2, least(r.times, 10)), $3))
        """,
        digest(uri), float(FIRST_SECONDS), float(MOST_SECONDS),
    )  # fmt: skip


async def among(conn: Conn, uris: Sequence[str]) -> set[str]:
    """Those that are not to be asked for yet."""
    by_hash = {digest(uri): uri for uri in uris}
    records = await conn.fetch(
        "select uri_hash from refusals where uri_hash = any($1) and until > now()", list(by_hash)
    )
    return {by_hash[record[0]] for record in records}


async def forget(conn: Conn, *, limit: int) -> int:
    """Drop those that have been over for as long as the longest lasts; how many."""
    records = await conn.fetch(
        """
        delete from refusals where uri_hash in (
            select uri_hash from refusals where until < now() - make_interval(secs => $1) limit $2) returning 1
        """,
        float(MOST_SECONDS), limit,
    )  # fmt: skip
    return len(records)
