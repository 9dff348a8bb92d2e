"""What a person is told: one row per recipient, kind, who caused it and post. Ids count upwards and order the list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct, structs

Type = Literal[
    "mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "admin.sign_up",
    "admin.report",
]  # fmt: skip


class Notification(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    from_account_id: int
    type: str
    status_id: int | None
    group_key: str | None
    created_at: datetime


_COLUMNS = columns(Notification, "n")


async def add(
    conn: Conn,
    kind: Type,
    *,
    recipient_ids: Sequence[int],
    from_id: int,
    status_id: int | None = None,
    thread_id: int | None = None,
    group_key: str | None = None,
) -> list[tuple[int, int]]:
    """Tell the local ones of the recipients who want to hear of it; (notification id, account id) of new rows.

    Nobody is told about themselves, by somebody they blocked or muted or whose domain they blocked, or who blocked
    them, nor about threads they muted. Of limited accounts only their followers hear.
    """
    if not recipient_ids:
        return []
    records = await conn.fetch(
        """
        insert into notifications (account_id, from_account_id, type, status_id, group_key)
        select a.id, f.id, $2, $4, $6
        from accounts a, accounts f
        where a.id = any($1) and a.is_local and a.suspended_at is null and f.id = $3
          and (a.id <> f.id or $2 = 'poll')
          and (f.suspended_at is null)
          and not exists (select from blocks b where (b.account_id, b.target_id) in ((a.id, f.id), (f.id, a.id)))
          and not exists (select from mutes m where m.account_id = a.id and m.target_id = f.id
                and m.hide_notifications and (m.expires_at is null or m.expires_at > now()))
          and not exists (select from conversation_mutes c where c.account_id = a.id and c.thread_id = $5)
          and (exists (select from follows w where w.account_id = a.id and w.target_id = f.id)
               or (f.silenced_at is null and not exists (
                    select from account_domain_blocks d where d.account_id = a.id and d.domain = lower(f.domain))))
        order by a.id
        on conflict do nothing returning id, account_id
        """,
        list(recipient_ids), kind, from_id, status_id, thread_id, group_key,
    )  # fmt: skip
    return [(record[0], record[1]) for record in records]


async def page(
    conn: Conn,
    account_id: int,
    page: Page,
    *,
    types: Sequence[str] | None = None,
    without: Sequence[str] = (),
    from_id: int | None = None,
) -> list[Notification]:
    """The list of an account, newest first. `types` None is all of them."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from notifications n join accounts f on f.id = n.from_account_id
        where n.account_id = $1 and n.id < $2 and n.id > $3 and not n.filtered and f.suspended_at is null
          and ($5::text[] is null or n.type = any($5)) and n.type <> all($6)
          and ($7::bigint is null or n.from_account_id = $7)
        order by n.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size, list(types) if types is not None else None, list(without),
        from_id,
    )  # fmt: skip
    return page.arrange(structs(Notification, records))


async def by_id(conn: Conn, account_id: int, notification_id: int) -> Notification | None:
    """One of the account's own."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from notifications n where n.id = $2 and n.account_id = $1", account_id, notification_id
    )
    return struct(Notification, record)


async def unread_count(
    conn: Conn,
    account_id: int,
    *,
    above: int,
    limit: int,
    types: Sequence[str] | None,
    without: Sequence[str],
    from_id: int | None = None,
) -> int:
    """How many of `page` are newer than the marker `above`, at most `limit`."""
    count: int = await conn.fetchval(
        """
        select count(*) from (
            select from notifications n join accounts f on f.id = n.from_account_id
            where n.account_id = $1 and n.id > $2 and not n.filtered and f.suspended_at is null
              and ($4::text[] is null or n.type = any($4)) and n.type <> all($5)
              and ($6::bigint is null or n.from_account_id = $6) limit $3) t
        """,
        account_id, above, limit, list(types) if types is not None else None, list(without), from_id,
    )  # fmt: skip
    return count


async def dismiss(conn: Conn, account_id: int, notification_id: int) -> bool:
    done = await conn.fetchval(
        "delete from notifications where id = $2 and account_id = $1 returning id", account_id, notification_id
    )
    return done is not None


async def clear(conn: Conn, account_id: int) -> None:
    await conn.execute("delete from notifications where account_id = $1", account_id)


async def withdraw(
    conn: Conn, kind: Type, *, from_id: int, status_id: int | None = None, recipient_id: int | None = None
) -> None:
    """What it told of was taken back."""
    await conn.execute(
        """
        delete from notifications where type = $1 and from_account_id = $2
          and ($3::bigint is null or status_id = $3) and ($4::bigint is null or account_id = $4)
        """,
        kind, from_id, status_id, recipient_id,
    )  # fmt: skip


async def forget_status(conn: Conn, status_id: int, *, limit: int) -> int:
    """Remove what is about a post that is gone, at most `limit` rows; how many."""
    records = await conn.fetch(
        """
        delete from notifications where id in (
            select id from notifications where status_id = $1 limit $2) returning id
        """,
        status_id, limit,
    )  # fmt: skip
    return len(records)


async def forget_person(conn: Conn, account_id: int, from_id: int) -> None:
    """Remove whatever somebody caused from an account's list."""
    await conn.execute("delete from notifications where account_id = $1 and from_account_id = $2", account_id, from_id)


async def moderators(conn: Conn) -> list[int]:
    """The accounts of those who moderate."""
    records = await conn.fetch(
        """
        select m.account_id from users u join memberships m on m.user_id = u.id and m.role = 'owner'
        where u.role in ('moderator', 'admin', 'owner') and u.disabled_at is null
        """
    )
    return [record[0] for record in records]
