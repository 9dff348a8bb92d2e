"""Communities: actors of the type Group that posts are written to, and that pass on what is written to them."""

from collections.abc import Sequence

from storage.db import Conn


async def among(conn: Conn, uris: Sequence[str]) -> list[int]:
    """Those of the actors that are communities elsewhere."""
    records = await conn.fetch(
        'select id from accounts where uri = any($1) and "group" and not is_local and suspended_at is null', uris
    )
    return [record[0] for record in records]


async def add(conn: Conn, status_id: int, account_ids: Sequence[int]) -> None:
    """A post belongs to communities. Nothing when it is gone."""
    if account_ids:
        await conn.execute(
            """
            insert into status_groups (status_id, account_id)
            select s.id, unnest($2::bigint[]) from statuses s where s.id = $1 on conflict do nothing
            """,
            status_id, account_ids,
        )  # fmt: skip


async def place(conn: Conn, status_id: int, uris: Sequence[str]) -> None:
    """A post belongs to those that are communities among the actors it is addressed to."""
    await add(conn, status_id, await among(conn, uris))


async def remove(conn: Conn, status_id: int, account_id: int) -> None:
    """A community does not want a post any more."""
    await conn.execute("delete from status_groups where status_id = $1 and account_id = $2", status_id, account_id)


async def holds(conn: Conn, account_id: int, status_ids: Sequence[int]) -> bool:
    """Whether one of the posts belongs to a community."""
    found: bool = await conn.fetchval(
        "select exists (select from status_groups where account_id = $1 and status_id = any($2))",
        account_id, status_ids,
    )  # fmt: skip
    return found


async def joined(conn: Conn, status_id: int) -> list[int]:
    """The communities that a public post of ours belongs to: those it names, and those of what it answers. They are
    written down."""
    records = await conn.fetch(
        """
        with found as (
            select m.account_id from mentions m where m.status_id = $1
            union select g.account_id from statuses s
                join status_groups g on g.status_id in (s.in_reply_to_id, s.thread_id) and g.status_id <> s.id
                where s.id = $1 and s.in_reply_to_id is not null)
        insert into status_groups (status_id, account_id)
        select s.id, a.id from statuses s, found f join accounts a on a.id = f.account_id
        where s.id = $1 and s.is_local and s.visibility < 2 and a."group" and not a.is_local and a.suspended_at is null
        on conflict (status_id, account_id) do update set status_id = excluded.status_id returning account_id
        """,
        status_id,
    )  # fmt: skip
    return [record[0] for record in records]
