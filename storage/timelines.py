"""Timelines that are read from statuses themselves: public, of tags, of lists. Homes are rows: see `storage.homes`."""

from typing import Literal

import msgspec

from storage.db import Conn
from storage.homes import LIST_REPLIES
from storage.paging import Page
from storage.rows import struct, structs
from storage.visibility import VISIBLE, WANTED

Origin = Literal["all", "local", "remote"]

_ORIGINS: dict[Origin, str] = {"all": "true", "local": "s.is_local", "remote": "not s.is_local"}

# Limited accounts are met only by those who follow them.
_LISTED = """(exists (
    select from accounts pa where pa.id = s.account_id and (
        pa.silenced_at is null or s.account_id = $1
        or exists (select from follows pf where pf.account_id = $1 and pf.target_id = s.account_id))))"""

_NO_REPLY = """(
    s.in_reply_to_account_id = s.account_id or (s.in_reply_to_account_id is null and s.in_reply_to_uri is null))"""


class Public(msgspec.Struct, frozen=True, kw_only=True):
    origin: Origin = "all"
    only_media: bool = False


async def public(conn: Conn, viewer_id: int | None, wanted: Public, page: Page) -> list[int]:
    """Public posts without boosts and without answers to others, newest first."""
    records = await conn.fetch(
        f"""
        select s.id from statuses s
        where s.visibility = 0 and s.reblog_of_id is null and {_ORIGINS[wanted.origin]}
            and s.id < $2 and s.id > $3 and (not $5 or s.media_ids <> '{{}}')
            and {_NO_REPLY} and {_LISTED} and {VISIBLE} and {WANTED}
        order by s.id {page.order} limit $4
        """,
        viewer_id, page.below, page.above, page.size, wanted.only_media,
    )  # fmt: skip
    return page.arrange([record[0] for record in records])


class Tagged(msgspec.Struct, frozen=True, kw_only=True):
    """Normalised names: posts with one of `any`, with each of `all`, with none of `none`."""

    any: tuple[str, ...]
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    origin: Origin = "all"
    only_media: bool = False


async def tagged(conn: Conn, viewer_id: int | None, wanted: Tagged, page: Page) -> list[int]:
    """Public posts with these tags, answers too, newest first."""
    records = await conn.fetch(
        f"""
        select distinct r.id from tags t cross join lateral (
            select s.id from status_tags st join statuses s on s.id = st.status_id
            where st.tag_id = t.id and st.status_id < $2 and st.status_id > $3
                and s.visibility = 0 and s.reblog_of_id is null and {_ORIGINS[wanted.origin]}
                and (not $5 or s.media_ids <> '{{}}')
                and (cardinality($7::text[]) = 0 or cardinality($7) = (
                    select count(*) from status_tags x join tags y on y.id = x.tag_id
                    where x.status_id = s.id and y.name = any($7)))
                and (cardinality($8::text[]) = 0 or not exists (
                    select from status_tags x join tags y on y.id = x.tag_id
                    where x.status_id = s.id and y.name = any($8)))
                and {_LISTED} and {VISIBLE} and {WANTED}
            order by st.status_id {page.order} limit $4) r
        where t.name = any($6)
        order by r.id {page.order} limit $4
        """,
        viewer_id, page.below, page.above, page.size, wanted.only_media,
        wanted.any, list(set(wanted.all)), wanted.none,
    )  # fmt: skip
    return page.arrange([record[0] for record in records])


async def known_link(conn: Conn, url: str) -> bool:
    """Whether any public post links to it."""
    found: bool = await conn.fetchval(
        "select exists (select from status_links where url_hash = sha256(convert_to($1, 'UTF8')))", url
    )
    return found


async def linking(conn: Conn, viewer_id: int | None, url: str, page: Page) -> list[int]:
    """Public posts that link to a page, of people who want to be found, newest first."""
    records = await conn.fetch(
        f"""
        select s.id from status_links l join statuses s on s.id = l.status_id join accounts a on a.id = s.account_id
        where l.url_hash = sha256(convert_to($5, 'UTF8')) and l.status_id < $2 and l.status_id > $3
            and s.visibility = 0 and s.reblog_of_id is null and a.discoverable
            and {_LISTED} and {VISIBLE} and {WANTED}
        order by l.status_id {page.order} limit $4
        """,
        viewer_id, page.below, page.above, page.size, url,
    )  # fmt: skip
    return page.arrange([record[0] for record in records])


async def direct(conn: Conn, viewer_id: int, page: Page) -> list[int]:
    """Direct posts that the viewer wrote or is named in, newest first."""
    kinds = f"s.visibility = 3 and s.id < $2 and s.id > $3 and {VISIBLE} and {WANTED}"
    records = await conn.fetch(
        f"""
        select id from (
            (select s.id from statuses s where s.account_id = $1 and {kinds} order by s.id {page.order} limit $4)
            union (select s.id from mentions m join statuses s on s.id = m.status_id
                where m.account_id = $1 and not m.silent and {kinds} order by s.id {page.order} limit $4)) found
        order by id {page.order} limit $4
        """,
        viewer_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange([record[0] for record in records])


class Listed(msgspec.Struct, frozen=True):
    """A line of a list timeline; `fits`: the list and its owner's follow let it in."""

    status_id: int
    orig_id: int
    fits: bool


async def listed(conn: Conn, owner_id: int, list_id: int, page: Page) -> list[Listed]:
    """Posts and boosts of the members whom the owner of a list follows, newest first: the newest of each member, and of
    these the newest, by one descent of an index a member. Nothing of somebody else's list. Who may see what is asked
    of each status when it is loaded."""
    records = await conn.fetch(
        f"""
        with recent as materialized (
            select r.id, f.show_reblogs, f.languages
            from lists own join list_accounts la on la.list_id = own.id
            left join follows f on f.account_id = $1 and f.target_id = la.account_id
            cross join lateral (
                select s.id from statuses s
                where s.account_id = la.account_id and s.visibility < 3 and s.id < $3 and s.id > $4
                order by s.id {page.order} limit $5) r
            where own.id = $2 and own.account_id = $1 and (f.id is not null or la.account_id = $1)
            order by r.id {page.order} limit $5)
        select s.id as status_id, coalesce(s.reblog_of_id, s.id) as orig_id,
            (s.reblog_of_id is null or f.show_reblogs is not false)
            and (f.languages is null or f.languages = '{{}}' or s.language is null or s.language = any(f.languages))
            and {LIST_REPLIES} as fits
        from recent f join statuses s on s.id = f.id join lists l on l.id = $2
        order by s.id {page.order}
        """,
        owner_id, list_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Listed, records))


class Stage(msgspec.Struct, frozen=True):
    """What decides in which shared timelines a status appears."""

    id: int
    account_id: int
    is_local: bool
    visibility: int
    is_boost: bool
    is_answer: bool  # to somebody else
    has_media: bool
    is_limited: bool  # its author
    is_held: bool
    tags: list[str]


async def stage(conn: Conn, status_id: int) -> Stage | None:
    record = await conn.fetchrow(
        f"""
        select s.id, s.account_id, s.is_local, s.visibility, s.reblog_of_id is not null as is_boost,
            not {_NO_REPLY} as is_answer, s.media_ids <> '{{}}' as has_media, a.silenced_at is not null as is_limited,
            s.held_until is not null as is_held,
            array(select t.name from status_tags st join tags t on t.id = st.tag_id where st.status_id = s.id) as tags
        from statuses s join accounts a on a.id = s.account_id where s.id = $1
        """,
        status_id,
    )
    return struct(Stage, record)


async def lists_with(conn: Conn, account_id: int) -> list[int]:
    """Lists that an account is on."""
    records = await conn.fetch("select list_id from list_accounts where account_id = $1", account_id)
    return [record[0] for record in records]
