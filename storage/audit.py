"""What operators and moderators did, for those who ask later. Never deleted by us."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import orjson

from storage.db import Conn
from storage.rows import columns, structs

CLI = "cli"


class Entry(msgspec.Struct, frozen=True):
    """`actor` is a user id, or `CLI`; `detail` is JSON."""

    id: int
    actor: str
    action: str
    target: str
    detail: str
    created_at: datetime


async def record(
    conn: Conn, action: str, *, actor: str, target: str = "", detail: Mapping[str, Any] | None = None
) -> None:
    """`action` is a noun and a verb, such as account.suspend. In the transaction of what it tells about, if possible.

    `detail` must not hold secrets. Any: what JSON holds.
    """
    await conn.execute(
        "insert into audit_log (actor, action, target, detail) values ($1, $2, $3, $4::jsonb)",
        actor, action, target, orjson.dumps(detail or {}).decode(),
    )  # fmt: skip


async def latest(conn: Conn, *, limit: int = 50, action: str | None = None, target: str | None = None) -> list[Entry]:
    """Newest first: all, those whose action begins so, those about one thing."""
    records = await conn.fetch(
        f"""
        select {columns(Entry)} from audit_log
        where ($2::text is null or starts_with(action, $2)) and ($3::text is null or target = $3)
        order by id desc limit $1
        """,
        limit, action, target,
    )  # fmt: skip
    return structs(Entry, records)
