"""Home timelines: a row per reader and status, written when a status appears, for readers who come here.

Whoever stays away long enough loses the rows (`home_built_at` becomes null) and has them made again on return. What a
home takes in is said twice, for one status and many readers (`_UNWILLING`) and for one reader and many statuses
(`_fill`), since each can be asked once for all rows of its query.
"""

from collections.abc import Sequence

import msgspec

from storage.db import Conn
from storage.paging import Page
from storage.rows import ANY_OF_2, structs

MAX_ROWS = 800
IDLE_DAYS = 30
# A boost is left out when the same post, or a boost of it, is among this many of the newest.
RECENT = 40
_PER_AUTHOR = 40


class Entry(msgspec.Struct, frozen=True):
    """A line of a timeline."""

    status_id: int
    orig_id: int  # the boosted status, or the same


class Chunk(msgspec.Struct, frozen=True):
    """Part of a fan-out: readers who got a row, and the follow to go on after; None when there is no more."""

    owner_ids: list[int]
    after: int | None


async def entries(conn: Conn, owner_id: int, page: Page) -> list[Entry]:
    """Newest first. Who may see what is asked of each status when it is loaded."""
    records = await conn.fetch(
        f"""
        select status_id, orig_id from home where owner_id = $1 and status_id < $2 and status_id > $3
        order by status_id {page.order} limit $4
        """,
        owner_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Entry, records))


def _both_sides(reader: str) -> str:
    """Answers go to those who follow both sides, as in Mastodon: nobody reads half of a talk between strangers."""
    return f"""(case when s.in_reply_to_account_id is null then s.in_reply_to_uri is null
        else s.in_reply_to_account_id in (s.account_id, {reader}) or exists (
            select from follows wf where wf.account_id = {reader} and wf.target_id = s.in_reply_to_account_id) end)"""


# Who does not want status $1 of the people $2, or is not to have it, asked once for all readers.
_UNWILLING = f"""unwilling as materialized (
        select account_id from blocks where target_id = {ANY_OF_2}
        union all select account_id from mutes
            where target_id = {ANY_OF_2} and (expires_at is null or expires_at > now())
        union all select b.target_id from statuses s join statuses o on o.id = coalesce(s.reblog_of_id, s.id)
            join blocks b on b.account_id = o.account_id where s.id = $1
        union all select d.account_id from statuses s left join statuses o on o.id = s.reblog_of_id
            join accounts a on a.id in (s.account_id, o.account_id) and not a.is_local
            join account_domain_blocks d on d.domain = lower(a.domain) where s.id = $1)"""

_LANGUAGE = """(f.languages is null or f.languages = '{}' or coalesce(o.language, s.language) is null
        or coalesce(o.language, s.language) = any(f.languages))"""

_PEOPLE = """array(
        select unnest(array[s.account_id, o.account_id])
        union all select wn.account_id from mentions wn where wn.status_id in (s.id, o.id) and not wn.silent)"""


async def people(conn: Conn, status_id: int) -> list[int]:
    """The author of a status, the author of what it boosts, and everybody either of them mentions."""
    found: list[int] | None = await conn.fetchval(
        f"select {_PEOPLE} from statuses s left join statuses o on o.id = s.reblog_of_id where s.id = $1", status_id
    )
    return [account_id for account_id in found or () if account_id is not None]


async def add_own(conn: Conn, status_id: int) -> list[int]:
    """Put a status into its author's own home; the author, or nobody."""
    records = await conn.fetch(
        """
        insert into home (owner_id, status_id, orig_id)
        select h.account_id, s.id, coalesce(s.reblog_of_id, s.id)
        from statuses s join account_settings h on h.account_id = s.account_id and h.home_built_at is not null
        where s.id = $1 on conflict do nothing returning owner_id
        """,
        status_id,
    )
    return [record[0] for record in records]


async def add_to_followers(conn: Conn, status_id: int, people: Sequence[int], *, after: int, limit: int) -> Chunk:
    """Put a status into the homes of `limit` followers of its author, in the order of follows."""
    record = await conn.fetchrow(
        f"""
        with {_UNWILLING},
        batch as materialized (
            select f.id, f.account_id, f.show_reblogs, f.languages
            from follows f join account_settings h on h.account_id = f.account_id and h.home_built_at is not null
            where f.target_id = (select account_id from statuses where id = $1) and f.id > $3
            order by f.id limit $4),
        added as (
            insert into home (owner_id, status_id, orig_id)
            select f.account_id, s.id, coalesce(o.id, s.id)
            from statuses s left join statuses o on o.id = s.reblog_of_id cross join batch f
            where s.id = $1 and (f.show_reblogs or o.id is null) and {_LANGUAGE}
                and (s.visibility < 3 or exists (
                    select from mentions m where m.status_id = s.id and m.account_id = f.account_id))
                and (o.id is null or not exists (
                    select from (select h.orig_id from home h where h.owner_id = f.account_id
                        order by h.status_id desc limit {RECENT}) r where r.orig_id = o.id))
                and {_both_sides("f.account_id")}
                and f.account_id not in (select account_id from unwilling)
                and f.account_id not in (select l.account_id from list_accounts la join lists l on l.id = la.list_id
                    where la.account_id = (select account_id from statuses where id = $1) and l.exclusive)
            on conflict do nothing returning owner_id)
        select (select count(*) from batch) as seen, (select max(id) from batch) as last,
            array(select owner_id from added) as owner_ids
        """,
        status_id, people, after, limit,
    )  # fmt: skip
    assert record is not None
    return Chunk(record["owner_ids"], record["last"] if record["seen"] == limit else None)


async def add_to_tag_followers(conn: Conn, status_id: int, people: Sequence[int]) -> list[int]:
    """Put a public post into the homes of those who follow one of its tags; who got a row by it."""
    records = await conn.fetch(
        f"""
        with {_UNWILLING}
        insert into home (owner_id, status_id, orig_id)
        select distinct f.account_id, s.id, s.id
        from statuses s join accounts a on a.id = s.account_id
        join status_tags st on st.status_id = s.id join tag_follows f on f.tag_id = st.tag_id
        join account_settings h on h.account_id = f.account_id and h.home_built_at is not null
        where s.id = $1 and s.visibility = 0 and s.reblog_of_id is null and a.silenced_at is null
            and f.account_id not in (select account_id from unwilling)
        on conflict do nothing returning owner_id
        """,
        status_id, people,
    )  # fmt: skip
    return [record[0] for record in records]


async def list_ids(conn: Conn, status_id: int, people: Sequence[int]) -> list[int]:
    """Lists that show a status: their owner follows the author, and their rule about replies lets it in."""
    records = await conn.fetch(
        f"""
        with {_UNWILLING}
        select l.id from statuses s left join statuses o on o.id = s.reblog_of_id
        join list_accounts la on la.account_id = s.account_id join lists l on l.id = la.list_id
        left join follows f on f.account_id = l.account_id and f.target_id = s.account_id
        where s.id = $1 and s.visibility < 3 and (f.id is not null or l.account_id = s.account_id)
            and (o.id is null or f.show_reblogs is not false) and {_LANGUAGE} and {LIST_REPLIES}
            and {_both_sides("l.account_id")} and l.account_id not in (select account_id from unwilling)
        """,
        status_id, people,
    )  # fmt: skip
    return [record[0] for record in records]


# Whether a list `l` shows the status `s` as far as answers to others are concerned.
LIST_REPLIES = """(
        (s.in_reply_to_account_id is null and s.in_reply_to_uri is null)
        or s.in_reply_to_account_id in (s.account_id, l.account_id)
        or l.replies_policy = 'followed'
        or (l.replies_policy = 'list' and exists (
            select from list_accounts lr where lr.list_id = l.id and lr.account_id = s.in_reply_to_account_id)))"""


async def holders(conn: Conn, status_id: int, *, limit: int) -> list[int]:
    """Owners of homes that hold a status itself, not a boost of it."""
    records = await conn.fetch("select owner_id from home where status_id = $1 limit $2", status_id, limit)
    return [record[0] for record in records]


async def remove_status(conn: Conn, status_id: int, *, limit: int) -> list[int]:
    """Take a status out of at most `limit` homes; their owners."""
    records = await conn.fetch(
        """
        delete from home where status_id = $1 and owner_id in (
            select owner_id from home where status_id = $1 limit $2) returning owner_id
        """,
        status_id, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def merge(conn: Conn, owner_id: int, author_id: int) -> None:
    """Bring the recent posts of somebody newly followed into a home that exists."""
    await _fill(conn, owner_id, author_id)


async def rebuild(conn: Conn, owner_id: int) -> None:
    """Make the home of somebody who has come back: the recent posts of all they follow, and their own."""
    await _fill(conn, owner_id, None)
    await conn.execute("update account_settings set home_built_at = now() where account_id = $1", owner_id)


async def _fill(conn: Conn, owner_id: int, author_id: int | None) -> None:
    """From the newest of each author the newest of all, by one descent of an index per author."""
    await conn.execute(
        f"""
        with unwanted as materialized (
            select target_id as id from blocks where account_id = $1
            union all select target_id from mutes where account_id = $1 and (expires_at is null or expires_at > now())
            union all select account_id from blocks where target_id = $1),
        sources as (
            select f.target_id, f.show_reblogs, f.languages from follows f
            where f.account_id = $1 and ($2::bigint is null or f.target_id = $2)
            union all select $1, true, null where $2::bigint is null),
        recent as materialized (
            select r.id, f.languages from sources f cross join lateral (
                select n.id from statuses n
                where n.account_id = f.target_id and n.visibility < 3 and (f.show_reblogs or n.reblog_of_id is null)
                order by n.id desc limit $3) r
            order by r.id desc limit $4),
        fitting as (
            select s.id, coalesce(o.id, s.id) as orig_id, o.id is not null as is_boost
            from recent f join statuses s on s.id = f.id left join statuses o on o.id = s.reblog_of_id
            where (s.reblog_of_id is null or o.id is not null) and {_LANGUAGE}
                and (s.account_id = $1 or (
                    {_both_sides("$1")}
                    and s.account_id not in (select id from unwanted)
                    and coalesce(o.account_id, 0) not in (select id from unwanted)
                    and not exists (select from mentions m where m.status_id in (s.id, o.id) and not m.silent
                        and m.account_id in (select id from unwanted))
                    and not exists (select from accounts a join account_domain_blocks d on d.domain = lower(a.domain)
                        where d.account_id = $1 and a.id in (s.account_id, o.account_id) and not a.is_local)
                    and not exists (select from list_accounts la join lists l on l.id = la.list_id
                        where la.account_id = s.account_id and l.account_id = $1 and l.exclusive)))),
        counted as (
            select id, orig_id, is_boost, bool_or(not is_boost) over (partition by orig_id) as has_original,
                row_number() over (partition by orig_id order by id desc) as place
            from fitting)
        insert into home (owner_id, status_id, orig_id)
        select $1, c.id, c.orig_id from counted c
        where not c.is_boost or (not c.has_original and c.place = 1 and not exists (
            select from home h where h.owner_id = $1 and h.orig_id = c.orig_id))
        on conflict do nothing
        """,
        owner_id, author_id, _PER_AUTHOR, MAX_ROWS // 2,
    )  # fmt: skip


async def remove_author(conn: Conn, owner_id: int, author_id: int) -> None:
    """Take out what somebody wrote or boosted: they are followed no more."""
    await conn.execute(
        "delete from home h using statuses s where h.owner_id = $1 and s.id = h.status_id and s.account_id = $2",
        owner_id, author_id,
    )  # fmt: skip


async def remove_exclusive(conn: Conn, owner_id: int) -> None:
    """Take out what those wrote or boosted whom the owner keeps on exclusive lists."""
    await conn.execute(
        """
        delete from home h using statuses s
        where h.owner_id = $1 and s.id = h.status_id and s.account_id <> $1 and s.account_id in (
            select m.account_id from list_accounts m join lists l on l.id = m.list_id
            where l.account_id = $1 and l.exclusive)
        """,
        owner_id,
    )


async def remove_person(conn: Conn, owner_id: int, account_id: int) -> None:
    """Take out what somebody wrote or boosted, boosts of it, and what others say to them: they are not to be met."""
    await conn.execute(
        """
        delete from home h using statuses s
        where h.owner_id = $1 and s.id = h.status_id and s.account_id <> $1 and (
            s.account_id = $2
            or exists (select from statuses o where o.id = s.reblog_of_id and o.account_id = $2)
            or exists (select from mentions m where m.status_id = h.orig_id and m.account_id = $2 and not m.silent))
        """,
        owner_id, account_id,
    )  # fmt: skip


async def is_built(conn: Conn, owner_id: int) -> bool:
    built: bool | None = await conn.fetchval(
        "select home_built_at is not null from account_settings where account_id = $1", owner_id
    )
    return built is True


async def touch(conn: Conn, owner_id: int) -> None:
    """The owner is here."""
    await conn.execute(
        """
        with today as (
            insert into active_days (day, account_id) select current_date, a.id from accounts a where a.id = $1
            on conflict do nothing)
        update account_settings set last_active_at = now() where account_id = $1
        """,
        owner_id,
    )


async def trim(conn: Conn, *, after: int, limit: int) -> int | None:
    """Cut the homes of `limit` accounts, in the order of ids, to `MAX_ROWS`; the last id looked at, None at the end."""
    record = await conn.fetchrow(
        """
        with owners as materialized (
            select account_id from account_settings
            where account_id > $1 and home_built_at is not null order by account_id limit $2),
        edges as (
            select o.account_id, (select h.status_id from home h where h.owner_id = o.account_id
                order by h.status_id desc offset $3 limit 1) as status_id
            from owners o),
        cut as (
            delete from home h using edges e where h.owner_id = e.account_id and h.status_id <= e.status_id)
        select max(account_id) as last, count(*) as seen from owners
        """,
        after, limit, MAX_ROWS,
    )  # fmt: skip
    assert record is not None
    return record["last"] if record["seen"] == limit else None


async def drop_idle(conn: Conn, *, limit: int) -> int:
    """Remove the homes of accounts that have not been here for long; how many."""
    records = await conn.fetch(
        """
        with idle as materialized (
            select account_id from account_settings
            where home_built_at is not null and last_active_at < now() - make_interval(days => $1)
            order by account_id limit $2 for update skip locked)
        update account_settings set home_built_at = null where account_id in (select account_id from idle)
        returning account_id
        """,
        IDLE_DAYS, limit,
    )  # fmt: skip
    owner_ids = [record[0] for record in records]
    if owner_ids:
        await conn.execute("delete from home where owner_id = any($1)", owner_ids)
    return len(owner_ids)
