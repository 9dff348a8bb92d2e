"""Whole servers that a person does not want to meet. What the server itself blocks is in `domains.py`."""

import msgspec

from storage import follows, severances
from storage.db import Conn
from storage.paging import Page
from storage.rows import struct


async def add(conn: Conn, account_id: int, domain: str) -> bool:
    """Block a domain (lower case, ASCII) and end every follow between the person and its people. False when it was so
    already. Emits `RelationshipsSevered` when there was one."""
    done = await conn.fetchval(
        """
        insert into account_domain_blocks (account_id, domain) values ($1, $2)
        on conflict (account_id, domain) do nothing returning id
        """,
        account_id, domain,
    )  # fmt: skip
    if done is not None:
        cause = severances.Cause("user_domain_block", domain)
        await severances.count(conn, cause, await follows.sever_domain(conn, account_id, domain))
        await severances.tell(conn, cause, limit=1)
    return done is not None


class Preview(msgspec.Struct, frozen=True):
    """How many follows a block would end."""

    following_count: int
    followers_count: int


async def preview(conn: Conn, account_id: int, domain: str) -> Preview:
    record = await conn.fetchrow(
        """
        select
            (select count(*) from follows f join accounts a on a.id = f.target_id
                where f.account_id = $1 and lower(a.domain) = $2 and not a.is_local) as following_count,
            (select count(*) from follows f join accounts a on a.id = f.account_id
                where f.target_id = $1 and lower(a.domain) = $2 and not a.is_local) as followers_count
        """,
        account_id, domain,
    )  # fmt: skip
    return struct(Preview, record) or Preview(0, 0)


async def remove(conn: Conn, account_id: int, domain: str) -> bool:
    """False when there was none."""
    done = await conn.fetchval(
        "delete from account_domain_blocks where account_id = $1 and domain = $2 returning id", account_id, domain
    )
    return done is not None


async def exists(conn: Conn, account_id: int, domain: str) -> bool:
    record = await conn.fetchrow(
        "select from account_domain_blocks where account_id = $1 and domain = lower($2)", account_id, domain
    )
    return record is not None


async def domains(conn: Conn, account_id: int, page: Page) -> list[tuple[int, str]]:
    """(id, domain), latest first."""
    records = await conn.fetch(
        f"""
        select id, domain from account_domain_blocks
        where account_id = $1 and id < $2 and id > $3 order by id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange([(record[0], record[1]) for record in records])
