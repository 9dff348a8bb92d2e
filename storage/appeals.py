"""Appeals against what moderators did: one a strike, decided once."""

from datetime import datetime

import msgspec

from storage.db import Conn
from storage.errors import Conflict
from storage.rows import struct, structs
from storage.warnings import Action


class Appeal(msgspec.Struct, frozen=True):
    """With the strike it is about, and whom that struck."""

    id: int
    warning_id: int
    account_id: int
    username: str
    action: Action
    said: str
    struck_at: datetime
    text: str
    state: str
    created_at: datetime


_STATE = """case when p.approved_at is not null then 'approved'
    when p.rejected_at is not null then 'rejected' else 'pending' end"""
_SELECT = f"""
    select p.id, p.warning_id, p.account_id, a.username, w.action, w.text as said, w.created_at as struck_at, p.text,
        {_STATE} as state, p.created_at
    from appeals p join account_warnings w on w.id = p.warning_id join accounts a on a.id = p.account_id
"""


async def add(conn: Conn, account_id: int, warning_id: int, text: str) -> int:
    """The id. Conflict when there is one already."""
    appeal_id: int | None = await conn.fetchval(
        """
        insert into appeals (account_id, warning_id, text) values ($1, $2, $3)
        on conflict (warning_id) do nothing returning id
        """,
        account_id, warning_id, text,
    )  # fmt: skip
    if appeal_id is None:
        raise Conflict("There is an appeal already")
    return appeal_id


async def listed(conn: Conn, *, decided: bool = False, limit: int = 200) -> list[Appeal]:
    """Those that wait, oldest first; or those that were decided, latest first."""
    records = await conn.fetch(
        f"""
        {_SELECT} where (coalesce(p.approved_at, p.rejected_at) is not null) = $1
        order by case when $1 then -p.id else p.id end limit $2
        """,
        decided, limit,
    )  # fmt: skip
    return structs(Appeal, records)


async def waiting(conn: Conn) -> int:
    count: int = await conn.fetchval("select count(*) from appeals where approved_at is null and rejected_at is null")
    return count


async def by_id(conn: Conn, appeal_id: int) -> Appeal | None:
    return struct(Appeal, await conn.fetchrow(f"{_SELECT} where p.id = $1", appeal_id))


async def lock(conn: Conn, appeal_id: int) -> Appeal | None:
    return struct(Appeal, await conn.fetchrow(f"{_SELECT} where p.id = $1 for update of p", appeal_id))


async def approve(conn: Conn, appeal: Appeal, *, by_id: int | None) -> None:
    """`by_id`: None for the operator. The strike no longer counts."""
    await conn.execute("update appeals set approved_at = now(), decided_by_id = $2 where id = $1", appeal.id, by_id)
    await conn.execute("update account_warnings set overruled_at = now() where id = $1", appeal.warning_id)


async def reject(conn: Conn, appeal: Appeal, *, by_id: int | None) -> None:
    await conn.execute("update appeals set rejected_at = now(), decided_by_id = $2 where id = $1", appeal.id, by_id)
