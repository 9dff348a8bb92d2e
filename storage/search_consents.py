"""By whom a post of another server may be found, where it says so itself; of all others their author's wish counts."""

from storage.db import Conn

EVERYBODY, FOLLOWERS, AUTHOR = 0, 1, 2


async def put(conn: Conn, status_id: int, level: int | None) -> None:
    """None: it says nothing."""
    if level is None:
        await conn.execute("delete from search_consents where status_id = $1", status_id)
        return
    await conn.execute(
        """
        insert into search_consents as c (status_id, level) values ($1, $2)
        on conflict (status_id) do update set level = excluded.level where c.level <> excluded.level
        """,
        status_id, level,
    )  # fmt: skip
