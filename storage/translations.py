"""Translations of posts, kept as long as the post is the same."""

from storage.db import Conn


async def find(conn: Conn, status_id: int, version: int, language: str) -> str | None:
    """JSON, as it was kept."""
    found: str | None = await conn.fetchval(
        "select body from translations where status_id = $1 and version = $2 and language = $3",
        status_id, version, language,
    )  # fmt: skip
    return found


async def keep(conn: Conn, status_id: int, version: int, language: str, body: str) -> None:
    """In place of one of an older version. Nothing when the post is gone."""
    await conn.execute(
        """
        insert into translations (status_id, version, language, body)
        select id, $2, $3, $4::jsonb from statuses where id = $1
        on conflict (status_id, language)
        do update set version = excluded.version, body = excluded.body, created_at = now()
        """,
        status_id, version, language, body,
    )  # fmt: skip


async def forget(conn: Conn, *, days: int) -> None:
    await conn.execute("delete from translations where created_at < now() - make_interval(days => $1)", days)
