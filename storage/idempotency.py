"""Idempotency keys: the same request sent twice within an hour makes one post."""

from storage.db import Conn

HOURS = 1


async def claim(conn: Conn, account_id: int, key: str) -> int | None:
    """Take the key in the running transaction: None when it was free, else the id that `fill` gave it.

    A second claim waits until the first one's transaction has ended, and takes the key if that rolled back.
    """
    taken = await conn.fetchval(
        """
        insert into idempotency_keys as i (account_id, key) values ($1, $2)
        on conflict (account_id, key) do update set status_id = null, created_at = now()
            where i.created_at < now() - make_interval(hours => $3)
        returning true
        """,
        account_id, key, HOURS,
    )  # fmt: skip
    return None if taken else await find(conn, account_id, key)


async def fill(conn: Conn, account_id: int, key: str, status_id: int) -> None:
    """What the request made: a post, or a scheduled one."""
    await conn.execute(
        "update idempotency_keys set status_id = $3 where account_id = $1 and key = $2", account_id, key, status_id
    )


async def find(conn: Conn, account_id: int, key: str) -> int | None:
    """What a committed request with this key has made."""
    status_id: int | None = await conn.fetchval(
        """
        select status_id from idempotency_keys
        where account_id = $1 and key = $2 and created_at >= now() - make_interval(hours => $3)
        """,
        account_id, key, HOURS,
    )  # fmt: skip
    return status_id


async def forget_old(conn: Conn) -> None:
    await conn.execute("delete from idempotency_keys where created_at < now() - make_interval(hours => $1)", HOURS)
