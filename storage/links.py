"""Links of profiles that are proven to belong to their owner: the page links back."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import orjson

from storage.accounts import Field
from storage.db import Conn

JOB = "verify_links"


async def due(conn: Conn, *, days: int, limit: int) -> list[int]:
    """Accounts whose links were not looked at for so long, ours and those that were looked at once because somebody
    here follows them; from now on they count as looked at."""
    records = await conn.fetch(
        """
        with due as materialized (
            select id from accounts
            where fields <> '[]' and (is_local or links_checked_at is not null) and suspended_at is null and not pending
                and (links_checked_at is null or links_checked_at < now() - make_interval(days => $1))
            order by links_checked_at nulls first limit $2 for update skip locked)
        update accounts set links_checked_at = now() where id in (select id from due) returning id
        """,
        days, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def judge(conn: Conn, account_id: int, verdicts: Mapping[str, bool]) -> None:
    """Write what was found out about lines that say so (`said`). Others were written meanwhile, and stay."""
    text = await conn.fetchval("select fields from accounts where id = $1 for update", account_id)
    if text is None:
        return
    fields = msgspec.json.decode(text, type=list[Field])
    now = datetime.now(UTC)
    judged = [_judged(field, verdicts.get(said(field)), now) for field in fields]
    await conn.execute(
        """
        update accounts set fields = $2, links_checked_at = now(),
            version = version + case when $3 then 1 else 0 end
        where id = $1
        """,
        account_id, orjson.dumps(msgspec.to_builtins(judged)).decode(), judged != fields,
    )  # fmt: skip


def said(field: Field) -> str:
    """What a line says: as typed by a person here, as HTML by others."""
    return field.value if field.source is None else field.source


def _judged(field: Field, verdict: bool | None, now: datetime) -> Field:
    """What was verified before keeps the time of it."""
    if verdict is None or (verdict and field.verified_at is not None):
        return field
    return msgspec.structs.replace(field, verified_at=now if verdict else None)
