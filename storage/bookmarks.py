"""Bookmarks: posts a local account keeps for itself. Nobody else is told."""

import msgspec

from storage import events
from storage.db import Conn
from storage.errors import Missing
from storage.paging import Page
from storage.rows import columns, structs
from storage.visibility import VISIBLE


class Bookmark(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    status_id: int


_B_COLUMNS = columns(Bookmark, "b")


async def add(conn: Conn, *, account_id: int, status_id: int) -> bool:
    """False when it was kept already. `Missing` when the post is gone. Emits `Bookmarked`."""
    # The post first, as in a deletion, or the two could wait for each other.
    added: bool | None = await conn.fetchval(
        """
        with held as (select id from statuses where id = $2 for key share),
        added as (
            insert into bookmarks (account_id, status_id) select $1, id from held
            on conflict (account_id, status_id) do nothing returning account_id, status_id),
        marked as (
            insert into marks as m (account_id, status_id, flags) select account_id, status_id, 2 from added
            on conflict (account_id, status_id) do update set flags = m.flags | 2)
        select exists (select from added) from held
        """,
        account_id, status_id,
    )  # fmt: skip
    if added is None:
        raise Missing("The post is gone")
    if added:
        await events.emit(conn, events.Bookmarked(status_id, account_id))
    return added


async def remove(conn: Conn, *, account_id: int, status_id: int) -> bool:
    """False when it was not kept."""
    removed: bool = await conn.fetchval(
        """
        with held as (select id from statuses where id = $2 for key share),
        removed as (
            delete from bookmarks where account_id = $1 and status_id in (select id from held)
            returning account_id, status_id),
        marked as (
            update marks m set flags = m.flags & ~2::smallint from removed r
            where m.account_id = r.account_id and m.status_id = r.status_id)
        select exists (select from removed)
        """,
        account_id, status_id,
    )  # fmt: skip
    return removed


async def by_account(conn: Conn, account_id: int, page: Page) -> list[Bookmark]:
    """What an account kept and may still read, latest first. Cursors are ids of bookmarks."""
    records = await conn.fetch(
        f"""
        select {_B_COLUMNS} from bookmarks b join statuses s on s.id = b.status_id
        where b.account_id = $1 and b.id < $2 and b.id > $3 and {VISIBLE}
        order by b.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Bookmark, records))
