"""Links that work without logging in: e-mail confirmation, password reset, owner sign-up, appeals. Only a hash of the
secret is kept."""

from datetime import timedelta
from typing import Literal

import msgspec

from storage.db import Conn
from storage.rows import columns, struct

Purpose = Literal["confirm", "reset", "owner", "appeal"]


class UserToken(msgspec.Struct, frozen=True):
    purpose: str
    user_id: int | None
    data: str | None


_COLUMNS = columns(UserToken)


async def create(
    conn: Conn, hashed: bytes, purpose: Purpose, *, user_id: int | None, lifetime: timedelta, data: str | None = None
) -> None:
    """Earlier links of the same person for the same purpose end."""
    await conn.execute(
        "delete from user_tokens where purpose = $1 and user_id is not distinct from $2", purpose, user_id
    )
    await conn.execute(
        """
        insert into user_tokens (hash, purpose, user_id, data, expires_at)
        values ($1, $2, $3, $4, now() + $5::interval)
        """,
        hashed, purpose, user_id, data, lifetime,
    )  # fmt: skip


async def by_hash(conn: Conn, hashed: bytes, purpose: Purpose) -> UserToken | None:
    """Look without using it up."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from user_tokens where hash = $1 and purpose = $2 and expires_at > now()", hashed, purpose
    )
    return struct(UserToken, record)


async def take(conn: Conn, hashed: bytes, purpose: Purpose) -> UserToken | None:
    """Use it up; None when it is unknown, used or too old."""
    record = await conn.fetchrow(
        f"delete from user_tokens where hash = $1 and purpose = $2 and expires_at > now() returning {_COLUMNS}",
        hashed, purpose,
    )  # fmt: skip
    return struct(UserToken, record)


async def forget_expired(conn: Conn) -> None:
    await conn.execute("delete from user_tokens where expires_at <= now()")
