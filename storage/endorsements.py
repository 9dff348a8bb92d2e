"""Whom a person shows on their profile as worth following."""

from storage import follows
from storage.db import Conn
from storage.errors import Conflict
from storage.paging import Page


async def add(conn: Conn, account_id: int, target_id: int) -> None:
    """Again changes nothing. `Conflict` for somebody the account does not follow."""
    await follows.lock(conn, account_id, target_id)
    if await follows.find(conn, account_id, target_id) is None:
        raise Conflict("You must be already following the person you want to endorse")
    await conn.execute(
        "insert into endorsements (account_id, target_id) values ($1, $2) on conflict do nothing", account_id, target_id
    )


async def remove(conn: Conn, account_id: int, target_id: int) -> None:
    await conn.execute("delete from endorsements where account_id = $1 and target_id = $2", account_id, target_id)


async def target_ids(conn: Conn, account_id: int, page: Page) -> list[tuple[int, int]]:
    """(id of the entry, account id), latest first; nobody suspended."""
    records = await conn.fetch(
        f"""
        select e.id, e.target_id from endorsements e join accounts a on a.id = e.target_id
        where e.account_id = $1 and e.id < $2 and e.id > $3 and a.suspended_at is null and not a.pending
        order by e.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange([(record[0], record[1]) for record in records])
