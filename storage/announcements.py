"""Words of the operators to everybody here, who has read them, and what people think of them in one picture."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events
from storage.db import Conn
from storage.errors import Conflict
from storage.rows import columns, structs


class Announcement(msgspec.Struct, frozen=True):
    id: int
    text: str
    content: str
    starts_at: datetime | None
    ends_at: datetime | None
    all_day: bool
    published_at: datetime
    updated_at: datetime


class Reaction(msgspec.Struct, frozen=True):
    announcement_id: int
    name: str
    count: int
    me: bool


_COLUMNS = columns(Announcement, "n")
_CURRENT = "(n.ends_at is null or n.ends_at > now())"


async def current(conn: Conn, account_id: int, *, dismissed: bool) -> list[Announcement]:
    """What is not over, in the order of time; with those the account has `dismissed`, or without."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from announcements n where {_CURRENT} and ($2 or not exists (
            select from announcement_reads r where r.account_id = $1 and r.announcement_id = n.id))
        order by coalesce(n.starts_at, n.published_at), n.id
        """,
        account_id, dismissed,
    )  # fmt: skip
    return structs(Announcement, records)


async def listed(conn: Conn) -> list[Announcement]:
    """All there are, those that are over too, newest first; for operators."""
    return structs(Announcement, await conn.fetch(f"select {_COLUMNS} from announcements n order by n.id desc"))


async def by_ids(conn: Conn, announcement_ids: Sequence[int]) -> dict[int, Announcement]:
    records = await conn.fetch(f"select {_COLUMNS} from announcements n where n.id = any($1)", list(announcement_ids))
    return {row.id: row for row in structs(Announcement, records)}


async def is_current(conn: Conn, announcement_id: int) -> bool:
    record = await conn.fetchrow(f"select from announcements n where n.id = $1 and {_CURRENT}", announcement_id)
    return record is not None


async def read_ids(conn: Conn, account_id: int, announcement_ids: Sequence[int]) -> set[int]:
    """Those of them that the account has dismissed."""
    records = await conn.fetch(
        "select announcement_id from announcement_reads where account_id = $1 and announcement_id = any($2)",
        account_id, list(announcement_ids),
    )  # fmt: skip
    return {record[0] for record in records}


async def reactions(conn: Conn, account_id: int, announcement_ids: Sequence[int]) -> list[Reaction]:
    """Of each, the first that was given first."""
    records = await conn.fetch(
        """
        select announcement_id, name, count(*) as count, bool_or(account_id = $1) as me
        from announcement_reactions where announcement_id = any($2)
        group by announcement_id, name order by announcement_id, min(created_at), name
        """,
        account_id, list(announcement_ids),
    )  # fmt: skip
    return structs(Reaction, records)


class Given(msgspec.Struct, frozen=True):
    """A reaction as nobody's own, and which of those that were asked about gave it."""

    reaction: Reaction
    account_ids: frozenset[int]


async def readers(conn: Conn, announcement_id: int, account_ids: Sequence[int]) -> set[int]:
    """Those of the accounts that have dismissed it."""
    records = await conn.fetch(
        "select account_id from announcement_reads where announcement_id = $1 and account_id = any($2)",
        announcement_id, list(account_ids),
    )  # fmt: skip
    return {record[0] for record in records}


async def givers(conn: Conn, announcement_id: int, account_ids: Sequence[int]) -> list[Given]:
    """The reactions to one as `reactions` has them, for many accounts."""
    records = await conn.fetch(
        """
        select name, count(*), array_agg(account_id) filter (where account_id = any($2))
        from announcement_reactions where announcement_id = $1 group by name order by min(created_at), name
        """,
        announcement_id, list(account_ids),
    )  # fmt: skip
    return [
        Given(Reaction(announcement_id, name, count, me=False), frozenset(account_ids or ()))
        for name, count, account_ids in records
    ]


async def reaction_count(conn: Conn, announcement_id: int, name: str) -> int | None:
    """How many gave it; None when there is no such announcement."""
    count: int | None = await conn.fetchval(
        """
        select (select count(*) from announcement_reactions r where r.announcement_id = n.id and r.name = $2)
        from announcements n where n.id = $1
        """,
        announcement_id, name,
    )  # fmt: skip
    return count


async def create(
    conn: Conn, *, text: str, content: str, starts_at: datetime | None, ends_at: datetime | None, all_day: bool
) -> int:
    """Emits `AnnouncementPublished`."""
    announcement_id: int = await conn.fetchval(
        """
        insert into announcements (text, content, starts_at, ends_at, all_day) values ($1, $2, $3, $4, $5) returning id
        """,
        text, content, starts_at, ends_at, all_day,
    )  # fmt: skip
    await events.emit(conn, events.AnnouncementPublished(announcement_id))
    return announcement_id


async def delete(conn: Conn, announcement_id: int) -> bool:
    """Emits `AnnouncementRemoved`."""
    done = await conn.fetchval("delete from announcements where id = $1 returning id", announcement_id)
    if done is not None:
        await events.emit(conn, events.AnnouncementRemoved(announcement_id))
    return done is not None


async def dismiss(conn: Conn, account_id: int, announcement_id: int) -> None:
    await conn.execute(
        "insert into announcement_reads (account_id, announcement_id) values ($1, $2) on conflict do nothing",
        account_id, announcement_id,
    )  # fmt: skip


async def react(conn: Conn, account_id: int, announcement_id: int, name: str, *, most: int) -> None:
    """`Conflict` when others have given `most` different reactions already. Giving one twice is giving it once."""
    await conn.execute("select from announcements where id = $1 for no key update", announcement_id)
    names = await conn.fetch(
        "select distinct name from announcement_reactions where announcement_id = $1", announcement_id
    )
    if len(names) >= most and name not in {record[0] for record in names}:
        raise Conflict(f"Limit of {most} different reactions reached")
    done = await conn.fetchval(
        """
        insert into announcement_reactions (announcement_id, account_id, name) values ($1, $2, $3)
        on conflict do nothing returning true
        """,
        announcement_id, account_id, name,
    )  # fmt: skip
    if done:
        await events.emit(conn, events.AnnouncementReacted(announcement_id=announcement_id, name=name))


async def unreact(conn: Conn, account_id: int, announcement_id: int, name: str) -> None:
    done = await conn.fetchval(
        """
        delete from announcement_reactions where announcement_id = $1 and account_id = $2 and name = $3 returning true
        """,
        announcement_id, account_id, name,
    )  # fmt: skip
    if done:
        await events.emit(conn, events.AnnouncementReacted(announcement_id=announcement_id, name=name))


async def listener_ids(conn: Conn) -> list[int]:
    """Local accounts that were here lately, whose clients may be open."""
    records = await conn.fetch(
        """
        select s.account_id from account_settings s join accounts a on a.id = s.account_id
        where a.is_local and a.id > 0 and a.suspended_at is null and s.last_active_at > now() - interval '30 days'
        order by s.account_id
        """
    )
    return [record[0] for record in records]
