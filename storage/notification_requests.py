"""People whose mentions the policy has put aside, until the reader lets them in or sends them away.

A request is shown as long as there is a mention of theirs; how many and the last one are read from the notifications.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events
from storage.db import Conn
from storage.paging import Page
from storage.rows import structs

# More are not counted.
MAX_COUNT = 100
# Rows that one step of a merge lets through.
STEP = 200


class Request(msgspec.Struct, frozen=True):
    id: int
    from_account_id: int
    created_at: datetime
    updated_at: datetime
    notifications_count: int
    last_status_id: int


# Requests of account $1 with what was put aside of each sender. Not of people who are suspended or have been blocked,
# alone or with their domain, or muted since: they wait for nothing.
_SHOWN = f"""
    select r.id, r.from_account_id, r.created_at, r.updated_at, c.notifications_count, c.last_status_id
    from notification_requests r
    join accounts f on f.id = r.from_account_id and f.suspended_at is null
    cross join lateral (
        select count(*) as notifications_count, max(n.status_id) as last_status_id
        from (select status_id from notifications
            where account_id = r.account_id and from_account_id = r.from_account_id and filtered
                and type in ('mention', 'quote')
            order by id desc limit {MAX_COUNT}) n) c
    where r.account_id = $1 and c.notifications_count > 0
        and not exists (
            select from blocks b where (b.account_id, b.target_id) in ((r.account_id, f.id), (f.id, r.account_id)))
        and (f.is_local or exists (select from follows w where w.account_id = r.account_id and w.target_id = f.id)
            or not exists (select from account_domain_blocks d
                where d.account_id = r.account_id and d.domain = lower(f.domain)))
        and not exists (select from mutes m where m.account_id = r.account_id and m.target_id = f.id
            and m.hide_notifications and (m.expires_at is null or m.expires_at > now()))"""


async def page(conn: Conn, account_id: int, page: Page) -> list[Request]:
    """Those that wait for this account, newest first."""
    records = await conn.fetch(
        f"{_SHOWN} and r.id < $2 and r.id > $3 order by r.id {page.order} limit $4",
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Request, records))


async def by_ids(conn: Conn, account_id: int, request_ids: Sequence[int]) -> list[Request]:
    """Those of the ids that wait for this account, newest first."""
    records = await conn.fetch(f"{_SHOWN} and r.id = any($2) order by r.id desc", account_id, list(request_ids))
    return structs(Request, records)


async def pending(conn: Conn, account_id: int) -> tuple[int, int]:
    """How many requests, and how many notifications in them, as far as is counted."""
    record = await conn.fetchrow(
        f"""
        select count(*), coalesce(sum(p.notifications_count), 0)::bigint
        from ({_SHOWN} order by r.id desc limit {MAX_COUNT}) p
        """,
        account_id,
    )
    assert record is not None
    return record[0], record[1]


async def permit(conn: Conn, account_id: int, from_ids: Sequence[int]) -> None:
    """From now on the policy does not hold for these people, and nothing of theirs waits."""
    await conn.execute(
        """
        insert into notification_permissions (account_id, from_account_id) select $1, unnest($2::bigint[])
        on conflict do nothing
        """,
        account_id, list(from_ids),
    )  # fmt: skip
    await _remove(conn, account_id, from_ids)


async def dismiss(conn: Conn, account_id: int, from_ids: Sequence[int]) -> None:
    """Send these people away for now, with all that was put aside of theirs."""
    await _remove(conn, account_id, from_ids)
    await conn.execute(
        "delete from notifications where account_id = $1 and from_account_id = any($2) and filtered",
        account_id, list(from_ids),
    )  # fmt: skip


async def forget(conn: Conn, account_id: int, from_id: int) -> None:
    """What was between a reader and somebody they blocked or muted: no request, no permission, nothing put aside."""
    await dismiss(conn, account_id, [from_id])
    await conn.execute(
        "delete from notification_permissions where account_id = $1 and from_account_id = $2", account_id, from_id
    )


async def _remove(conn: Conn, account_id: int, from_ids: Sequence[int]) -> None:
    await conn.execute(
        "delete from notification_requests where account_id = $1 and from_account_id = any($2)",
        account_id, list(from_ids),
    )  # fmt: skip


async def merge(conn: Conn, account_id: int) -> tuple[bool, list[int]]:
    """Let through some of what had been put aside of people with a permission: whether there may be more, and the ids
    of the posts that mention the reader, oldest first. Emits `NotificationsMerged` when nothing is left."""
    # Materialized, since a subquery may be run again for every row, and skips then what it has locked.
    records = await conn.fetch(
        """
        with picked as materialized (
            select n.id from notifications n join notification_permissions p
                on p.account_id = n.account_id and p.from_account_id = n.from_account_id
            where n.account_id = $1 and n.filtered order by n.id limit $2 for update of n)
        update notifications set filtered = false where id in (select id from picked) returning type, status_id
        """,
        account_id, STEP,
    )  # fmt: skip
    more = len(records) == STEP
    if not more:
        await events.emit(conn, events.NotificationsMerged(account_id))
    mentions = {record["status_id"] for record in records if record["type"] == "mention"}
    return more, sorted(each for each in mentions if each is not None)


async def merged(conn: Conn, account_id: int) -> bool:
    """Whether everything of people with a permission stands in the list."""
    found: bool = await conn.fetchval(
        """
        select not exists (
            select from notifications n join notification_permissions p
                on p.account_id = n.account_id and p.from_account_id = n.from_account_id
            where n.account_id = $1 and n.filtered)
        """,
        account_id,
    )
    return found
