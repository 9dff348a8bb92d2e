"""Hashtags whose posts somebody wants in their home timeline."""

from storage.db import Conn
from storage.paging import Page


async def add(conn: Conn, account_id: int, tag_id: int) -> bool:
    """False when it was followed already."""
    done = await conn.fetchval(
        "insert into tag_follows (account_id, tag_id) values ($1, $2) on conflict do nothing returning id",
        account_id, tag_id,
    )  # fmt: skip
    return done is not None


async def remove(conn: Conn, account_id: int, tag_id: int) -> bool:
    """False when it was not followed."""
    done = await conn.fetchval(
        "delete from tag_follows where account_id = $1 and tag_id = $2 returning id", account_id, tag_id
    )
    return done is not None


async def names(conn: Conn, account_id: int, page: Page) -> list[tuple[int, str]]:
    """(follow id, tag name), latest follow first."""
    records = await conn.fetch(
        f"""
        select f.id, t.name from tag_follows f join tags t on t.id = f.tag_id
        where f.account_id = $1 and f.id < $2 and f.id > $3 order by f.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange([(record[0], record[1]) for record in records])
