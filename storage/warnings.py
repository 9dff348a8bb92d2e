"""What moderators told somebody about their conduct, and what they did with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import columns, structs

Action = Literal["none", "disable", "mark_statuses_as_sensitive", "delete_statuses", "sensitive", "silence", "suspend"]


class Warning(msgspec.Struct, frozen=True):  # noqa: A001 (read after its module)
    id: int
    account_id: int
    action: Action
    text: str
    status_ids: list[int]
    created_at: datetime


_COLUMNS = columns(Warning)


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
    records = await conn.fetch(f"select {_COLUMNS} from account_warnings where id = any($1)", warning_ids)
    return {row.id: row for row in structs(Warning, records)}
