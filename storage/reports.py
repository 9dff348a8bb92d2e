"""Reports: who tells moderators about whom, and which posts they mean."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import columns, struct, structs


class Report(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    target_id: int
    uri: str | None
    comment: str
    category: str
    status_ids: list[int]
    rule_ids: list[int]
    forwarded: bool
    action_taken_at: datetime | None
    created_at: datetime


_COLUMNS = columns(Report)


async def add(
    conn: Conn,
    *,
    account_id: int,
    target_id: int,
    comment: str,
    status_ids: Sequence[int],
    uri: str | None = None,
    category: str = "other",
    forwarded: bool = False,
    rule_ids: Sequence[int] = (),
) -> int | None:
    """File a report; its id, or None for a Flag that came before. Emits `Reported`."""
    report_id: int | None = await conn.fetchval(
        """
        insert into reports (account_id, target_id, comment, status_ids, uri, category, forwarded, rule_ids)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (uri) where uri is not null do nothing returning id
        """,
        account_id, target_id, comment, list(status_ids), uri, category, forwarded, list(rule_ids),
    )  # fmt: skip
    if report_id is not None:
        await events.emit(conn, events.Reported(report_id))
    return report_id


async def by_id(conn: Conn, report_id: int) -> Report | None:
    return struct(Report, await conn.fetchrow(f"select {_COLUMNS} from reports where id = $1", report_id))


async def by_ids(conn: Conn, report_ids: Sequence[int]) -> dict[int, Report]:
    records = await conn.fetch(f"select {_COLUMNS} from reports where id = any($1)", report_ids)
    return {row.id: row for row in structs(Report, records)}
