"""What moderators told somebody about their conduct, and what they did with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import struct, structs

Action = Literal["none", "disable", "mark_statuses_as_sensitive", "delete_statuses", "sensitive", "silence", "suspend"]


class Warning(msgspec.Struct, frozen=True):  # noqa: A001 (read after its module)
    id: int
    account_id: int
    action: Action
    text: str
    status_ids: list[int]
    created_at: datetime
    appeal: str | None
    appeal_state: str | None  # pending, approved, rejected


_SELECT = """
    select w.id, w.account_id, w.action, w.text, w.status_ids, w.created_at, p.text as appeal,
        case when p.id is null then null when p.approved_at is not null then 'approved'
            when p.rejected_at is not null then 'rejected' else 'pending' end as appeal_state
    from account_warnings w left join appeals p on p.warning_id = w.id
"""


async def add(
    conn: Conn,
    account_id: int,
    action: Action,
    text: str,
    *,
    status_ids: Sequence[int] = (),
    moderator_id: int | None = None,
    report_id: int | None = None,
    told: bool = True,
) -> int:
    """Remember what was done to an account; the id. `moderator_id`: by whom, None for the operator. `told`: the person
    is to hear of it, so `AccountWarned` is emitted."""
    warning_id: int = await conn.fetchval(
        """
        insert into account_warnings (account_id, action, text, status_ids, moderator_id, report_id)
        values ($1, $2, $3, $4, $5, $6) returning id
        """,
        account_id, action, text, list(status_ids), moderator_id, report_id,
    )  # fmt: skip
    if told:
        await events.emit(conn, events.AccountWarned(warning_id))
    return warning_id


async def by_ids(conn: Conn, warning_ids: Sequence[int]) -> dict[int, Warning]:
    records = await conn.fetch(f"{_SELECT} where w.id = any($1)", warning_ids)
    return {row.id: row for row in structs(Warning, records)}


async def of(conn: Conn, account_id: int, *, limit: int) -> list[Warning]:
    """Latest first."""
    records = await conn.fetch(f"{_SELECT} where w.account_id = $1 order by w.id desc limit $2", account_id, limit)
    return structs(Warning, records)


async def own(conn: Conn, account_id: int, warning_id: int) -> Warning | None:
    """None for one that somebody else was given."""
    return struct(
        Warning, await conn.fetchrow(f"{_SELECT} where w.id = $2 and w.account_id = $1", account_id, warning_id)
    )


async def stands(conn: Conn, account_id: int, action: Action) -> bool:
    """Whether there is a strike with this action that no appeal has overruled."""
    record = await conn.fetchrow(
        "select from account_warnings where account_id = $1 and action = $2 and overruled_at is null limit 1",
        account_id, action,
    )  # fmt: skip
    return record is not None
