"""Threads: what is above and below a post, and which threads a local account does not want to hear of."""

from storage.db import Conn
from storage.rows import struct, structs
from storage.statuses import COLUMNS, S_COLUMNS, Status
from storage.visibility import VISIBLE, WANTED

# How much of a thread is looked at to answer one request, whatever may be shown of it.
MOST_VISITED = 5000


async def ancestors(conn: Conn, viewer_id: int | None, status_id: int, *, most: int) -> list[int]:
    """The posts above, oldest first: the nearest `most` of them, without what the viewer may or would not read."""
    records = await conn.fetch(
        f"""
        with recursive above (id, parent, height, seen) as (
            select id, in_reply_to_id, 0, array[id] from statuses where id = $2
            union all
            select s.id, s.in_reply_to_id, a.height + 1, a.seen || s.id
            from above a join statuses s on s.id = a.parent
            where a.height < $3 and s.id <> all(a.seen))
        select s.id from above t join statuses s on s.id = t.id
        where t.height > 0 and {VISIBLE} and {WANTED}
        order by t.height desc
        """,
        viewer_id, status_id, most,
    )  # fmt: skip
    return [record[0] for record in records]


async def top(conn: Conn, status_id: int, *, most: int) -> Status | None:
    """The highest post above that is known here, or the post itself. No viewer is asked about."""
    record = await conn.fetchrow(
        f"""
        with recursive above (id, parent, seen) as (
            select id, in_reply_to_id, array[id] from statuses where id = $1
            union all
            select s.id, s.in_reply_to_id, a.seen || s.id
            from above a join statuses s on s.id = a.parent
            where cardinality(a.seen) < $2 and s.id <> all(a.seen))
        select {S_COLUMNS} from above t join statuses s on s.id = t.id
        order by cardinality(t.seen) desc limit 1
        """,
        status_id, most,
    )  # fmt: skip
    return struct(Status, record)


async def descendants(conn: Conn, viewer_id: int | None, status_id: int, *, most: int, depth: int) -> list[int]:
    """The posts below, depth first, older branches before newer ones, without what the viewer may or would not read."""
    records = await conn.fetch(
        f"""
        with recursive below (id, path) as (
            select id, array[id] from statuses where in_reply_to_id = $2 and id <> $2
            union all
            select s.id, b.path || s.id
            from below b join statuses s on s.in_reply_to_id = b.id
            where cardinality(b.path) < $4 and s.id <> all(b.path) and s.id <> $2)
        select s.id from (select id, path from below limit $5) t join statuses s on s.id = t.id
        where {VISIBLE} and {WANTED}
        order by t.path limit $3
        """,
        viewer_id, status_id, most, depth, MOST_VISITED,
    )  # fmt: skip
    return [record[0] for record in records]


async def reply_uris(conn: Conn, status_id: int, *, above: int, limit: int) -> list[tuple[int, str]]:
    """(id, URI) of the answers to a post that everybody may read, oldest first."""
    records = await conn.fetch(
        f"""
        select s.id, s.uri from statuses s
        where s.in_reply_to_id = $2 and s.id > $3 and s.visibility < 2 and {VISIBLE} order by s.id limit $4
        """,
        None, status_id, above, limit,
    )  # fmt: skip
    return [(record[0], record[1]) for record in records]


async def member_uris(conn: Conn, thread_id: int, *, limit: int) -> list[str]:
    """URIs of the posts of a thread that everybody may read, oldest first."""
    records = await conn.fetch(
        f"""
        select s.uri from statuses s
        where s.thread_id = $2 and s.reblog_of_id is null and s.visibility < 2 and {VISIBLE}
        order by s.id limit $3
        """,
        None, thread_id, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def mute(conn: Conn, *, account_id: int, thread_id: int) -> None:
    """No more notifications of this thread."""
    await conn.execute(
        "insert into conversation_mutes (account_id, thread_id) values ($1, $2) on conflict do nothing",
        account_id, thread_id,
    )  # fmt: skip


async def unmute(conn: Conn, *, account_id: int, thread_id: int) -> None:
    await conn.execute("delete from conversation_mutes where account_id = $1 and thread_id = $2", account_id, thread_id)


async def answers(conn: Conn, status_id: int, *, limit: int) -> list[Status]:
    """Public answers to a post, oldest first. No viewer is asked about."""
    records = await conn.fetch(
        f"select {COLUMNS} from statuses where in_reply_to_id = $1 and visibility < 2 order by id limit $2",
        status_id, limit,
    )  # fmt: skip
    return structs(Status, records)
