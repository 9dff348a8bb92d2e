"""Followers as two servers see them: those of one of ours who live elsewhere, and those of somebody elsewhere who live
here."""

from storage.accounts import Account
from storage.db import Conn
from storage.rows import columns, structs


async def remote(conn: Conn, account_id: int) -> list[tuple[str, str]]:
    """URIs of everybody elsewhere who follows one of ours, with where each is written to."""
    records = await conn.fetch(
        """
        select a.uri, coalesce(a.shared_inbox, a.inbox) from follows f join accounts a on a.id = f.account_id
        where f.target_id = $1 and not a.is_local and a.suspended_at is null
        """,
        account_id,
    )
    return [(record[0], record[1]) for record in records]


async def remote_at(conn: Conn, account_id: int, prefix: str, *, limit: int) -> list[str]:
    """Of those the ones whose URIs begin so, in the order in which they came."""
    records = await conn.fetch(
        """
        select a.uri from follows f join accounts a on a.id = f.account_id
        where f.target_id = $1 and not a.is_local and a.suspended_at is null and starts_with(a.uri, $2)
        order by f.id limit $3
        """,
        account_id, prefix, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def local(conn: Conn, target_id: int) -> dict[str, int]:
    """URIs and ids of everybody here who follows somebody elsewhere."""
    records = await conn.fetch(
        """
        select a.uri, a.id from follows f join accounts a on a.id = f.account_id
        where f.target_id = $1 and a.is_local
        """,
        target_id,
    )
    return {record[0]: record[1] for record in records}


async def ours(conn: Conn, uris: list[str]) -> list[Account]:
    """Accounts of people here, by their URIs."""
    records = await conn.fetch(
        f"select {columns(Account)} from accounts where uri = any($1) and is_local and id > 0 and suspended_at is null",
        uris,
    )
    return structs(Account, records)
