"""Whole servers that a person does not want to meet. What the server itself blocks is in `domains.py`."""

import msgspec

from storage import events, follows, severances
from storage.db import Conn
from storage.paging import Page
from storage.rows import struct


async def add(conn: Conn, account_id: int, domain: str) -> bool:
    """Block a domain (lower case, ASCII) and end every follow between the person and its people. False when it was so
    already. Emits `RelationshipsSevered` when there was one, and
    `DomainBlocked`."""
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
        await events.emit(conn, events.DomainBlocked(account_id, domain))
    return done is not None


# Of a table with a sender: they are of the domain $2, of which person $1 wants to hear nothing but of whom they follow.
_ITS_PEOPLE = """exists (
    select from accounts f where f.id = t.from_account_id and lower(f.domain) = $2 and not f.is_local
        and not exists (select from follows w where w.account_id = $1 and w.target_id = f.id))"""


async def forget_people(conn: Conn, account_id: int, domain: str, *, limit: int) -> bool:
    """Remove what the people of a domain caused for a person: notifications, requests, permissions, conversations; at
    most `limit` rows of each. Whether there may be more."""
    more = False
    for table in ("notifications", "notification_requests", "notification_permissions"):
        done = await conn.execute(
            f"""
            delete from {table} where ctid = any(array(
                select t.ctid from {table} t where t.account_id = $1 and {_ITS_PEOPLE} limit $3))
            """,
            account_id, domain, limit,
        )  # fmt: skip
        more |= int(done.split()[-1]) == limit
    done = await conn.execute(
        """
        delete from conversations where id = any(array(
            select c.id from conversations c where c.account_id = $1 and exists (
                select from accounts f where f.id = any(c.participant_ids) and lower(f.domain) = $2 and not f.is_local)
            limit $3))
        """,
        account_id, domain, limit,
    )  # fmt: skip
    return more or int(done.split()[-1]) == limit


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
