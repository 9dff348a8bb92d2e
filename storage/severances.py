"""Follows that ended because a server was blocked or an account suspended: how many each local person lost.

A severance is counted in steps, as the follows end, and told once all have.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.rows import columns, structs

Type = Literal["domain_block", "user_domain_block", "account_suspension"]


class Severance(msgspec.Struct, frozen=True):
    """`target_name`: a domain, or a handle."""

    id: int
    account_id: int
    type: Type
    target_name: str
    followers_count: int
    following_count: int
    created_at: datetime


class Cause(msgspec.Struct, frozen=True):
    type: Type
    target_name: str


async def count(conn: Conn, cause: Cause, ended: Sequence[tuple[int, int]]) -> None:
    """Add follows (follower, followed) between local people and the target, which is elsewhere."""
    if not ended:
        return
    await conn.execute(
        """
        insert into severances as v (account_id, type, target_name, followers_count, following_count)
        select a.id, $1, $2, count(*) filter (where e.followed = a.id), count(*) filter (where e.follower = a.id)
        from unnest($3::bigint[], $4::bigint[]) e(follower, followed)
        join accounts a on a.id in (e.follower, e.followed) and a.is_local
        group by a.id order by a.id
        on conflict (type, target_name, account_id) where not told do update set
            followers_count = v.followers_count + excluded.followers_count,
            following_count = v.following_count + excluded.following_count
        """,
        cause.type, cause.target_name, [each[0] for each in ended], [each[1] for each in ended],
    )  # fmt: skip


async def tell(conn: Conn, cause: Cause, *, limit: int) -> int:
    """Of those who lost somebody, tell some that have not been told; how many. Emits `RelationshipsSevered`."""
    records = await conn.fetch(
        """
        update severances set told = true where id in (
            select id from severances where type = $1 and target_name = $2 and not told
            order by id limit $3 for update)
        returning id
        """,
        cause.type, cause.target_name, limit,
    )  # fmt: skip
    happened = [events.RelationshipsSevered(record[0]) for record in records]
    await events.emit_many(conn, events.RelationshipsSevered, happened)
    return len(records)


async def by_ids(conn: Conn, severance_ids: Sequence[int]) -> dict[int, Severance]:
    records = await conn.fetch(f"select {columns(Severance)} from severances where id = any($1)", severance_ids)
    return {row.id: row for row in structs(Severance, records)}
