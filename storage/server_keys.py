"""Secrets that the server makes once and keeps for good."""

from storage.db import Conn


async def kept(conn: Conn, name: str, value: str) -> str:
    """What stands under this name: `value` if nothing did."""
    await conn.execute("insert into settings (name, value) values ($1, $2) on conflict do nothing", name, value)
    return await found(conn, name) or value


async def found(conn: Conn, name: str) -> str | None:
    value: str | None = await conn.fetchval("select value from settings where name = $1", name)
    return value


async def put(conn: Conn, name: str, value: str) -> None:
    """Instead of what stood there."""
    await conn.execute(
        "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
        name, value,
    )  # fmt: skip
