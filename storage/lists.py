"""Lists: named sets of people whom their owner follows. Whoever is followed no more is on no list any more."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from storage.db import Conn
from storage.errors import Conflict, Missing
from storage.paging import Page
from storage.rows import columns, struct, structs

RepliesPolicy = Literal["followed", "list", "none"]


class List(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    title: str
    replies_policy: str
    exclusive: bool


_COLUMNS = columns(List)


async def of_account(conn: Conn, account_id: int) -> list[List]:
    """All lists of an owner, oldest first."""
    return structs(
        List, await conn.fetch(f"select {_COLUMNS} from lists where account_id = $1 order by id", account_id)
    )


async def own(conn: Conn, account_id: int, list_id: int) -> List | None:
    """One of the owner's."""
    record = await conn.fetchrow(f"select {_COLUMNS} from lists where id = $2 and account_id = $1", account_id, list_id)
    return struct(List, record)


async def holding(conn: Conn, account_id: int, member_id: int) -> list[List]:
    """Lists of the owner that the member is on."""
    records = await conn.fetch(
        f"""
        select {columns(List, "l")} from lists l join list_accounts m on m.list_id = l.id
        where l.account_id = $1 and m.account_id = $2 order by l.id
        """,
        account_id, member_id,
    )  # fmt: skip
    return structs(List, records)


async def create(
    conn: Conn, *, account_id: int, title: str, replies_policy: RepliesPolicy, exclusive: bool, most: int
) -> List:
    """`Conflict` when the owner has `most` already."""
    record = await conn.fetchrow(
        f"""
        insert into lists (account_id, title, replies_policy, exclusive)
        select $1, $2, $3, $4 where (select count(*) from lists where account_id = $1) < $5
        returning {_COLUMNS}
        """,
        account_id, title, replies_policy, exclusive, most,
    )  # fmt: skip
    made = struct(List, record)
    if made is None:
        raise Conflict(f"You can have at most {most} lists")
    return made


async def update(
    conn: Conn,
    list_id: int,
    *,
    title: str | None = None,
    replies_policy: RepliesPolicy | None = None,
    exclusive: bool | None = None,
) -> List:
    """None stays as it is."""
    record = await conn.fetchrow(
        f"""
        update lists set title = coalesce($2, title), replies_policy = coalesce($3, replies_policy),
            exclusive = coalesce($4, exclusive)
        where id = $1 returning {_COLUMNS}
        """,
        list_id, title, replies_policy, exclusive,
    )  # fmt: skip
    changed = struct(List, record)
    if changed is None:
        raise Missing("There is no such list")
    return changed


async def delete(conn: Conn, account_id: int, list_id: int) -> bool:
    """One of the owner's, with its members."""
    done = await conn.fetchval("delete from lists where id = $2 and account_id = $1 returning id", account_id, list_id)
    return done is not None


async def members(conn: Conn, list_id: int, page: Page | None) -> list[tuple[int, int]]:
    """(cursor, account id), newest first; all of them without a page. Suspended ones are left out."""
    wanted = page or Page(size=2**31)
    records = await conn.fetch(
        f"""
        select m.id, m.account_id from list_accounts m join accounts a on a.id = m.account_id
        where m.list_id = $1 and m.id < $2 and m.id > $3 and a.suspended_at is null
        order by m.id {wanted.order} limit $4
        """,
        list_id, wanted.below, wanted.above, wanted.size,
    )  # fmt: skip
    return wanted.arrange([(record[0], record[1]) for record in records])


async def eligible(conn: Conn, account_id: int, target_ids: Sequence[int]) -> set[int]:
    """Those of the targets that may be on the owner's lists: who is followed or asked, and the owner."""
    records = await conn.fetch(
        """
        select id from unnest($2::bigint[]) t(id)
        where id = $1 or exists (select from follows f where f.account_id = $1 and f.target_id = t.id)
            or exists (select from follow_requests r where r.account_id = $1 and r.target_id = t.id)
        """,
        account_id, list(target_ids),
    )  # fmt: skip
    return {record[0] for record in records}


async def add(conn: Conn, list_id: int, member_ids: Sequence[int]) -> None:
    """Who is on the list already stays there."""
    await conn.execute(
        "insert into list_accounts (list_id, account_id) select $1, unnest($2::bigint[]) on conflict do nothing",
        list_id, list(member_ids),
    )  # fmt: skip


async def remove(conn: Conn, list_id: int, member_ids: Sequence[int]) -> None:
    await conn.execute(
        "delete from list_accounts where list_id = $1 and account_id = any($2)", list_id, list(member_ids)
    )


async def drop(conn: Conn, account_id: int, member_id: int) -> None:
    """Take somebody off all lists of an owner."""
    await conn.execute(
        """
        delete from list_accounts m using lists l
        where l.id = m.list_id and l.account_id = $1 and m.account_id = $2
        """,
        account_id, member_id,
    )  # fmt: skip
