"""Favourites: who liked what. The counter of the status and the flag of a local account move with the row.

Called for people here and for the inbox alike.
"""

import msgspec

from storage import events
from storage.db import Conn
from storage.errors import Missing
from storage.paging import Page
from storage.rows import columns, struct, structs
from storage.visibility import VISIBLE


class Favourite(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    status_id: int
    uri: str | None


_COLUMNS = columns(Favourite)
_F_COLUMNS = columns(Favourite, "f")


async def add(
    conn: Conn, *, account_id: int, status_id: int, uri: str | None = None, favourite_id: int | None = None
) -> bool:
    """Like a post; False when it was liked already. Emits `Favourited` only for a new row.

    `uri` is that of the Like; a local one is minted from the id (`statuses.new_id`), which is passed then. `Missing`
    when the post is gone.
    """
    # The post first, as in a deletion, and the counter before the mark, as in a boost, or two could wait for each
    # other. Parts of a statement run in no order but that in which they read each other.
    added: bool | None = await conn.fetchval(
        """
        with held as (select id from statuses where id = $3 for key share),
        added as (
            insert into favourites (id, account_id, status_id, uri)
            select coalesce($1, timestamp_id()), $2, held.id, $4 from held
            on conflict (account_id, status_id) do nothing returning account_id, status_id),
        counted as (
            update status_stats set favourites_count = favourites_count + 1
            where status_id in (select status_id from added) returning status_id),
        marked as (
            insert into marks as m (account_id, status_id, flags)
            select a.id, c.status_id, 1 from counted c cross join added f
                join accounts a on a.id = f.account_id and a.is_local
            on conflict (account_id, status_id) do update set flags = m.flags | 1)
        select exists (select from added) from held
        """,
        favourite_id, account_id, status_id, uri,
    )  # fmt: skip
    if added is None:
        raise Missing("The post is gone")
    if added:
        await events.emit(conn, events.Favourited(status_id, account_id))
    return added


async def remove(conn: Conn, *, account_id: int, status_id: int) -> bool:
    """Take a like back; False when there was none. Emits `Unfavourited` only if there was one."""
    record = await conn.fetchrow(
        """
        with held as (select id from statuses where id = $2 for key share),
        removed as (
            delete from favourites where account_id = $1 and status_id in (select id from held)
            returning account_id, status_id, uri),
        counted as (
            update status_stats set favourites_count = greatest(favourites_count - 1, 0)
            where status_id in (select status_id from removed) returning status_id),
        marked as (
            update marks m set flags = m.flags & ~1::smallint from counted c
            where m.account_id = $1 and m.status_id = c.status_id)
        select uri from removed
        """,
        account_id, status_id,
    )  # fmt: skip
    if record is None:
        return False
    await events.emit(conn, events.Unfavourited(status_id, account_id, record[0]))
    return True


async def by_uri(conn: Conn, uri: str) -> Favourite | None:
    """By the URI of its Like."""
    return struct(Favourite, await conn.fetchrow(f"select {_COLUMNS} from favourites where uri = $1", uri))


async def uri_of(conn: Conn, *, account_id: int, status_id: int) -> str | None:
    """The URI of the Like; None without one."""
    uri: str | None = await conn.fetchval(
        "select uri from favourites where account_id = $1 and status_id = $2", account_id, status_id
    )
    return uri


async def rename(conn: Conn, *, account_id: int, status_id: int, uri: str) -> None:
    """The Like is sent again, by another id, or servers that remember ids would not listen."""
    await conn.execute(
        "update favourites set uri = $3 where account_id = $1 and status_id = $2", account_id, status_id, uri
    )


async def by_account(conn: Conn, account_id: int, page: Page) -> list[Favourite]:
    """What an account liked and may still read, latest like first. Cursors are ids of likes."""
    records = await conn.fetch(
        f"""
        select {_F_COLUMNS} from favourites f join statuses s on s.id = f.status_id
        where f.account_id = $1 and f.id < $2 and f.id > $3 and {VISIBLE}
        order by f.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Favourite, records))


async def of_status(conn: Conn, viewer_id: int | None, status_id: int, page: Page) -> list[Favourite]:
    """Who liked a post, latest first, without the suspended and those the viewer does not want to meet."""
    records = await conn.fetch(
        f"""
        select {_F_COLUMNS} from favourites f join accounts a on a.id = f.account_id
        where f.status_id = $2 and f.id < $3 and f.id > $4 and a.suspended_at is null
          and not exists (select from blocks b
            where (b.account_id, b.target_id) in ((a.id, $1), ($1::bigint, a.id)))
          and not exists (select from mutes m where m.account_id = $1 and m.target_id = a.id
            and (m.expires_at is null or m.expires_at > now()))
        order by f.id {page.order} limit $5
        """,
        viewer_id, status_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Favourite, records))
