"""Hashtags a person shows on their profile."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events
from storage.db import Conn
from storage.errors import Conflict, Missing
from storage.rows import structs

MAX_FEATURED_TAGS = 10
READ_JOB = "read_featured_tags"  # payload {"account_id": …}


class Featured(msgspec.Struct, frozen=True):
    id: int
    name: str
    statuses_count: int
    last_status_at: datetime | None


async def of(conn: Conn, account_id: int) -> list[Featured]:
    """The most used first, with how often and when the account last used each in public."""
    records = await conn.fetch(
        """
        select f.id, t.name, count(s.id) as statuses_count, max(s.created_at) as last_status_at
        from featured_tags f join tags t on t.id = f.tag_id
        left join (status_tags st join statuses s on s.id = st.status_id and s.visibility < 2)
            on st.tag_id = f.tag_id and s.account_id = f.account_id
        where f.account_id = $1 group by f.id, t.name order by count(s.id) desc, t.name
        """,
        account_id,
    )
    return structs(Featured, records)


async def add(conn: Conn, account_id: int, tag_id: int) -> int:
    """The id of the entry. `Conflict` when the tag is there already or there are too many. Emits `TagFeatured`."""
    held = await conn.fetch("select tag_id from featured_tags where account_id = $1 for update", account_id)
    if any(record[0] == tag_id for record in held):
        raise Conflict("Hashtag has already been featured")
    if len(held) >= MAX_FEATURED_TAGS:
        raise Conflict("You have already featured the maximum number of hashtags")
    entry: int | None = await conn.fetchval(
        "insert into featured_tags (account_id, tag_id) values ($1, $2) on conflict do nothing returning id",
        account_id, tag_id,
    )  # fmt: skip
    if entry is None:
        raise Conflict("Hashtag has already been featured")
    name: str = await conn.fetchval("select name from tags where id = $1", tag_id)
    await events.emit(conn, events.TagFeatured(account_id, name))
    return entry


async def names(conn: Conn, account_id: int) -> list[str]:
    records = await conn.fetch(
        """
        select t.name from featured_tags f join tags t on t.id = f.tag_id where f.account_id = $1 order by f.id
        """,
        account_id,
    )
    return [record[0] for record in records]


async def has(conn: Conn, account_id: int, tag_id: int) -> bool:
    found: bool = await conn.fetchval(
        "select exists (select from featured_tags where account_id = $1 and tag_id = $2)", account_id, tag_id
    )
    return found


async def remove_named(conn: Conn, account_id: int, name: str) -> None:
    """Nothing when it is not featured. Emits `TagUnfeatured`."""
    entry: int | None = await conn.fetchval(
        "select f.id from featured_tags f join tags t on t.id = f.tag_id where f.account_id = $1 and t.name = $2",
        account_id, name,
    )  # fmt: skip
    if entry is not None:
        await remove(conn, account_id, entry)


async def remove(conn: Conn, account_id: int, featured_id: int) -> None:
    """`Missing` when the account has no such entry. Emits `TagUnfeatured`."""
    name = await conn.fetchval(
        """
        delete from featured_tags f using tags t
        where f.account_id = $1 and f.id = $2 and t.id = f.tag_id returning t.name
        """,
        account_id, featured_id,
    )  # fmt: skip
    if name is None:
        raise Missing("This hashtag is not featured")
    await events.emit(conn, events.TagUnfeatured(account_id, name))


async def replace(conn: Conn, account_id: int, tag_ids: Sequence[int]) -> None:
    """Make these the hashtags of a remote account. No event."""
    await conn.execute("delete from featured_tags where account_id = $1 and tag_id <> all($2)", account_id, tag_ids)
    await conn.execute(
        """
        insert into featured_tags (account_id, tag_id) select $1, unnest($2::bigint[])
        on conflict (account_id, tag_id) do nothing
        """,
        account_id, tag_ids,
    )  # fmt: skip


async def suggestions(conn: Conn, account_id: int, *, limit: int) -> list[str]:
    """Names the account uses most of late and has not featured."""
    records = await conn.fetch(
        """
        select t.name from (
            select id from statuses where account_id = $1 and visibility < 2 and reblog_of_id is null
            order by id desc limit 500) s
        join status_tags st on st.status_id = s.id join tags t on t.id = st.tag_id and t.usable
        where not exists (select from featured_tags f where f.account_id = $1 and f.tag_id = t.id)
        group by t.id, t.name order by count(*) desc, t.name limit $2
        """,
        account_id, limit,
    )  # fmt: skip
    return [record[0] for record in records]
