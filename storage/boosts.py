"""Reading boosts: rows of `statuses` that carry another one. They are made and deleted by `statuses`."""

import msgspec

from storage.db import Conn
from storage.paging import Page
from storage.rows import structs


class Boost(msgspec.Struct, frozen=True):
    id: int
    account_id: int


async def of_account(conn: Conn, account_id: int, status_id: int) -> int | None:
    """The id of an account's boost of a post."""
    boost_id: int | None = await conn.fetchval(
        "select id from statuses where account_id = $1 and reblog_of_id = $2", account_id, status_id
    )
    return boost_id


async def of_status(conn: Conn, viewer_id: int | None, status_id: int, page: Page) -> list[Boost]:
    """Who boosted a post publicly, latest first, without the suspended and those the viewer does not want to meet."""
    records = await conn.fetch(
        f"""
        select r.id, r.account_id from statuses r join accounts a on a.id = r.account_id
        where r.reblog_of_id = $2 and r.id < $3 and r.id > $4 and (r.visibility < 2 or r.account_id = $1)
          and a.suspended_at is null
          and not exists (select from blocks b
            where (b.account_id, b.target_id) in ((a.id, $1), ($1::bigint, a.id)))
          and not exists (select from mutes m where m.account_id = $1 and m.target_id = a.id
            and (m.expires_at is null or m.expires_at > now()))
        order by r.id {page.order} limit $5
        """,
        viewer_id, status_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Boost, records))


async def ids(conn: Conn, status_id: int, *, limit: int) -> list[int]:
    """Some boosts of a post, or of one that is gone, in the order in which the counters of their authors are locked."""
    records = await conn.fetch(
        """
        select id from (
            select id, account_id from statuses where reblog_of_id = $1 order by id desc limit $2) latest
        order by account_id
        """,
        status_id, limit,
    )  # fmt: skip
    return [record[0] for record in records]


async def local_boosters(conn: Conn, status_id: int) -> list[int]:
    """Local accounts that boosted a post."""
    records = await conn.fetch(
        """
        select s.account_id from statuses s where s.reblog_of_id = $1 and s.is_local
        """,
        status_id,
    )
    return [record[0] for record in records]
