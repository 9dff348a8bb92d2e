"""Links of profiles that are proven to belong to their owner: the page links back."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import orjson

from storage.accounts import Field
from storage.db import Conn

JOB = "verify_links"


async def due(conn: Conn, *, days: int, limit: int) -> list[int]:
    """Local accounts whose links were not looked at for so long; from now on they count as looked at."""
    records = await conn.fetch(
        """
        with due as materialized (
            select id from accounts
            where is_local and fields <> '[]' and suspended_at is null and not pending
                and (links_checked_at is null or links_checked_at < now() - make_interval(days => $1))
            order by links_checked_at nulls first limit $2 for update skip locked)
        update accounts set links_checked_at = now() where id in (select id from due) returning id
        """,
        days, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def judge(conn: Conn, account_id: int, verdicts: Mapping[str, bool]) -> None:
    """Write what was found out about the links that were typed so. Others were typed meanwhile, and stay."""
    text = await conn.fetchval("select fields from accounts where id = $1 for update", account_id)
    if text is None:
        return
    fields = msgspec.json.decode(text, type=list[Field])
    now = datetime.now(UTC)
    judged = [_judged(field, verdicts.get(field.source or ""), now) for field in fields]
    await conn.execute(
        """
        update accounts set fields = $2, links_checked_at = now(),
            version = version + case when $3 then 1 else 0 end
        where id = $1
        """,
        account_id, orjson.dumps(msgspec.to_builtins(judged)).decode(), judged != fields,
    )  # fmt: skip


def _judged(field: Field, verdict: bool | None, now: datetime) -> Field:
    """What was verified before keeps the time of it."""
    if verdict is None or (verdict and field.verified_at is not None):
        return field
    return msgspec.structs.replace(field, verified_at=now if verdict else None)
