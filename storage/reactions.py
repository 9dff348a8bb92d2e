"""Reactions: who put which emoji under what. The counter of the status moves with the row.

Called for people here and for the inbox alike.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from storage import events
from storage.db import Conn
from storage.errors import Conflict, Missing
from storage.rows import columns, struct, structs

MAX_DIFFERENT = 200  # under one post; what comes after is left out

Type = Literal["Like", "EmojiReact"]


class Reaction(msgspec.Struct, frozen=True):
    """`domain`: whose custom emoji `name` is, '' for ours; None when `name` is an emoji itself."""

    id: int
    status_id: int
    account_id: int
    name: str
    domain: str | None
    key: str
    type: Type
    uri: str | None


class New(msgspec.Struct, frozen=True, kw_only=True):
    """`uri`: that of the activity; a local one is minted from `id`, which is given then."""

    status_id: int
    account_id: int
    name: str
    domain: str | None
    key: str
    type: Type
    uri: str | None
    id: int | None = None


class Picture(msgspec.Struct, frozen=True):
    """A custom emoji, of ours or of another server."""

    id: int
    shortcode: str
    domain: str
    uri: str | None
    file: str | None
    static_file: str | None
    remote_url: str | None
    static_remote_url: str | None


class Person(msgspec.Struct, frozen=True):
    key: str
    account_id: int


_COLUMNS = columns(Reaction)


async def add(conn: Conn, new: New, *, most: int) -> bool:
    """React; False when it was so already, or when the post has too many different ones. Emits `Reacted` for a new row.

    `Conflict` when the account has given the post `most` others; `Missing` when the post is gone.
    """
    # The post first, as in a deletion, or the two could wait for each other.
    if await conn.fetchrow("select from statuses where id = $1 for key share", new.status_id) is None:
        raise Missing("The post is gone")
    given = await conn.fetchrow(
        """
        select count(*) filter (where account_id = $2) as own, count(distinct key) as different,
            coalesce(bool_or(key = $3), false) as known,
            coalesce(bool_or(key = $3 and account_id = $2), false) as mine
        from reactions where status_id = $1
        """,
        new.status_id, new.account_id, new.key,
    )  # fmt: skip
    if given is None or given["mine"] or (given["different"] >= MAX_DIFFERENT and not given["known"]):
        return False
    if given["own"] >= most:
        raise Conflict(f"Limit of {most} different reactions reached")
    reaction_id: int | None = await conn.fetchval(
        """
        with added as (
            insert into reactions (id, status_id, account_id, name, domain, key, type, uri)
            values (coalesce($1, timestamp_id()), $2, $3, $4, $5, $6, $7, $8)
            on conflict (status_id, account_id, key) do nothing returning id, status_id),
        counted as (
            update status_stats set reactions_count = reactions_count + 1
            where status_id in (select status_id from added))
        select id from added
        """,
        new.id, new.status_id, new.account_id, new.name, new.domain, new.key, new.type, new.uri,
    )  # fmt: skip
    if reaction_id is None:
        return False
    await events.emit(conn, events.Reacted(new.status_id, new.account_id, reaction_id))
    return True


async def remove(conn: Conn, *, account_id: int, status_id: int, key: str) -> bool:
    """Take one back; False when there was none. Emits `Unreacted` only if there was one."""
    record = await conn.fetchrow(
        f"""
        with held as (select id from statuses where id = $2 for key share),
        removed as (
            delete from reactions where account_id = $1 and key = $3 and status_id in (select id from held)
            returning {_COLUMNS}),
        counted as (
            update status_stats set reactions_count = greatest(reactions_count - 1, 0)
            where status_id in (select status_id from removed))
        select {_COLUMNS} from removed
        """,
        account_id, status_id, key,
    )  # fmt: skip
    gone = struct(Reaction, record)
    if gone is None:
        return False
    await events.emit(
        conn,
        events.Unreacted(
            status_id, account_id, gone.id, name=gone.name, domain=gone.domain, type=gone.type, uri=gone.uri
        ),
    )
    return True


async def by_uri(conn: Conn, uri: str) -> Reaction | None:
    """By the URI of its activity."""
    return struct(Reaction, await conn.fetchrow(f"select {_COLUMNS} from reactions where uri = $1 limit 1", uri))


async def by_ids(conn: Conn, reaction_ids: Sequence[int]) -> dict[int, Reaction]:
    records = await conn.fetch(f"select {_COLUMNS} from reactions where id = any($1)", list(reaction_ids))
    return {row.id: row for row in structs(Reaction, records)}


async def of_account(conn: Conn, account_id: int, *, limit: int) -> list[Reaction]:
    records = await conn.fetch(f"select {_COLUMNS} from reactions where account_id = $1 limit $2", account_id, limit)
    return structs(Reaction, records)


async def latest_like(conn: Conn, *, account_id: int, status_id: int) -> Reaction | None:
    """What of an account's reactions went as a Like last."""
    record = await conn.fetchrow(
        f"""
        select {_COLUMNS} from reactions
        where account_id = $1 and status_id = $2 and type = 'Like' and uri is not null order by id desc limit 1
        """,
        account_id, status_id,
    )  # fmt: skip
    return struct(Reaction, record)


async def rename(conn: Conn, reaction_id: int, uri: str) -> None:
    """It is sent again, by another id, or servers that remember ids would not listen."""
    await conn.execute("update reactions set uri = $2 where id = $1", reaction_id, uri)


async def people(conn: Conn, viewer_id: int | None, status_id: int, *, key: str | None = None) -> list[Person]:
    """Who gave what to a post, the first that was given first; without the suspended and those the viewer does not want
    to meet."""
    records = await conn.fetch(
        """
        select r.key, r.account_id from reactions r join accounts a on a.id = r.account_id
        where r.status_id = $2 and ($3::text is null or r.key = $3) and a.suspended_at is null
          and not exists (select from blocks b
            where (b.account_id, b.target_id) in ((a.id, $1), ($1::bigint, a.id)))
          and not exists (select from mutes m where m.account_id = $1 and m.target_id = a.id
            and (m.expires_at is null or m.expires_at > now()))
        order by r.id limit 1000
        """,
        viewer_id, status_id, key,
    )  # fmt: skip
    return structs(Person, records)


async def picture(conn: Conn, name: str, domain: str) -> Picture | None:
    """The custom emoji of a domain, '' for ours."""
    return (await pictures(conn, [(name, domain)])).get((name, domain))


async def pictures(conn: Conn, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Picture]:
    """Custom emojis by shortcode and domain; ours only while they may be used."""
    records = await conn.fetch(
        f"""
        select {columns(Picture, "e")} from unnest($1::text[], $2::text[]) w (shortcode, domain)
        join custom_emojis e on e.domain = w.domain and e.shortcode = w.shortcode
        where not (e.domain = '' and e.disabled)
        """,
        [name for name, _ in wanted], [domain for _, domain in wanted],
    )  # fmt: skip
    return {(row.shortcode, row.domain): row for row in structs(Picture, records)}
