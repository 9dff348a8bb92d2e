"""When the pins and posts of a remote profile were last read."""

from datetime import timedelta

from storage.db import Conn


async def postpone(conn: Conn, account_id: int, *, every: timedelta, by: timedelta) -> None:
    """They could not be read: it is time again sooner than after a success."""
    await conn.execute(
        "update profile_reads set read_at = now() - $2::interval + $3::interval where account_id = $1",
        account_id, every, by,
    )  # fmt: skip


async def claim(conn: Conn, account_id: int, *, every: timedelta) -> bool:
    """Whether it is time to read them, which is noted; of several that ask at once, one is told so."""
    claimed: bool | None = await conn.fetchval(
        """
        insert into profile_reads as r (account_id) values ($1)
        on conflict (account_id) do update set read_at = now() where r.read_at < now() - $2::interval
        returning true
        """,
        account_id, every,
    )  # fmt: skip
    return claimed is not None
