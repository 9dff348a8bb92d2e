"""Follows that ended because a server was blocked or an account suspended: how many each local person lost, and for a
while which.

A severance is counted in steps, as the follows end, and told once all have.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.follows import Follow
from storage.rows import struct, structs

Type = Literal["domain_block", "user_domain_block", "account_suspension"]
# How long somebody can look up whom they have lost.
KEPT = timedelta(days=365)


class Severance(msgspec.Struct, frozen=True):
    """`target_name`: a domain, or a handle. `purged`: which follows they were is not known any more."""

    id: int
    account_id: int
    type: Type
    target_name: str
    followers_count: int
    following_count: int
    created_at: datetime
    purged: bool


class Lost(msgspec.Struct, frozen=True):
    """A follow that ended, with the one on the other end of it."""

    username: str
    domain: str
    show_reblogs: bool
    notify: bool
    languages: list[str] | None

    @property
    def acct(self) -> str:
        return f"{self.username}@{self.domain}"


class Cause(msgspec.Struct, frozen=True):
    type: Type
    target_name: str


_SELECT = """
    select v.id, v.account_id, v.type, v.target_name, v.followers_count, v.following_count, v.created_at,
        not exists (select from severed_follows f where f.severance_id = v.id) as purged
    from severances v
"""


async def count(conn: Conn, cause: Cause, ended: Sequence[Follow]) -> None:
    """Add follows between local people and the target, which is elsewhere."""
    if not ended:
        return
    await conn.execute(
        """
        with ended as (
            select a.id as own_id, e.* from unnest($3::bigint[], $4::bigint[], $5::boolean[], $6::boolean[], $7::text[])
                e(follower_id, target_id, show_reblogs, notify, languages)
            join accounts a on a.id in (e.follower_id, e.target_id) and a.is_local),
        counted as (
            insert into severances as v (account_id, type, target_name, followers_count, following_count)
            select own_id, $1, $2, count(*) filter (where target_id = own_id), count(*) filter (
                where follower_id = own_id)
            from ended group by own_id order by own_id
            on conflict (type, target_name, account_id) where not told do update set
                followers_count = v.followers_count + excluded.followers_count,
                following_count = v.following_count + excluded.following_count
            returning v.id, v.account_id)
        insert into severed_follows (severance_id, account_id, is_follower, show_reblogs, notify, languages)
        select c.id, l.id, e.target_id = c.account_id, e.show_reblogs, e.notify, string_to_array(e.languages, ',')
        from counted c join ended e on e.own_id = c.account_id
        join accounts l on l.id = e.follower_id + e.target_id - e.own_id
        order by e.follower_id, e.target_id
        """,
        cause.type, cause.target_name, [each.account_id for each in ended], [each.target_id for each in ended],
        [each.show_reblogs for each in ended], [each.notify for each in ended],
        [None if each.languages is None else ",".join(each.languages) for each in ended],
    )  # fmt: skip


async def tell(conn: Conn, cause: Cause, *, limit: int) -> int:
    """Of those who lost somebody, tell some that have not been told; how many. Emits `RelationshipsSevered`."""
    records = await conn.fetch(
        """
        with picked as materialized (
            select id from severances where type = $1 and target_name = $2 and not told
            order by id limit $3 for update)
        update severances set told = true where id in (select id from picked) returning id
        """,
        cause.type, cause.target_name, limit,
    )  # fmt: skip
    happened = [events.RelationshipsSevered(record[0]) for record in records]
    await events.emit_many(conn, events.RelationshipsSevered, happened)
    return len(records)


async def by_ids(conn: Conn, severance_ids: Sequence[int]) -> dict[int, Severance]:
    records = await conn.fetch(f"{_SELECT} where v.id = any($1)", severance_ids)
    return {row.id: row for row in structs(Severance, records)}


async def own(conn: Conn, account_id: int, severance_id: int) -> Severance | None:
    """None for somebody else's."""
    record = await conn.fetchrow(
        f"{_SELECT} where v.id = $2 and v.account_id = $1 and v.told", account_id, severance_id
    )
    return struct(Severance, record)


async def listed(conn: Conn, account_id: int, *, limit: int) -> list[Severance]:
    """Those the account was told of, latest first."""
    records = await conn.fetch(
        f"{_SELECT} where v.account_id = $1 and v.told order by v.id desc limit $2", account_id, limit
    )
    return structs(Severance, records)


async def lost(conn: Conn, account_id: int, severance_id: int, *, followers: bool) -> list[Lost]:
    """Followers or followed whom the account lost, latest first; none of anybody else's severance."""
    records = await conn.fetch(
        """
        select a.username, a.domain, f.show_reblogs, f.notify, f.languages
        from severed_follows f join severances v on v.id = f.severance_id join accounts a on a.id = f.account_id
        where v.id = $2 and v.account_id = $1 and v.told and f.is_follower = $3 order by f.id desc
        """,
        account_id, severance_id, followers,
    )  # fmt: skip
    return structs(Lost, records)


async def forget(conn: Conn, *, limit: int) -> int:
    """Some of what has been kept long enough; how many."""
    records = await conn.fetch(
        """
        delete from severed_follows where id in (
            select id from severed_follows where created_at < now() - $1::interval order by created_at limit $2)
        returning id
        """,
        KEPT, limit,
    )  # fmt: skip
    return len(records)
