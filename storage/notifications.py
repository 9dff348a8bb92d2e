"""What a person is told: one row per recipient, kind, who caused it and post. Ids count upwards and order the list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from storage.db import Conn
from storage.hearing import VERDICT, WANTS
from storage.paging import Page
from storage.roles import STAFF
from storage.rows import columns, struct, structs

Type = Literal[
    "mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update", "admin.sign_up",
    "admin.report", "severed_relationships", "moderation_warning", "quote", "quoted_update", "added_to_collection",
    "collection_update", "pleroma:emoji_reaction",
]  # fmt: skip


class Notification(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    from_account_id: int
    type: str
    status_id: int | None
    about_id: int | None  # a report, severance, warning, collection or reaction
    group_key: str | None
    created_at: datetime


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a list. `types` None is all of them."""

    types: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    from_id: int | None = None
    filtered: bool = False
    """Also what the policy has put aside."""

    @property
    def values(self) -> tuple[list[str] | None, list[str], int | None, bool]:
        """What IN_LIST takes."""
        return None if self.types is None else list(self.types), list(self.without), self.from_id, self.filtered


# The sender is there. Not a join: whatever the planner thinks of accounts, the list is read in its own order.
PRESENT = "(select f.suspended_at is null from accounts f where f.id = n.from_account_id)"

# With `Wanted.values` as $4 to $7. Who reports elsewhere is not to be found out by asking for them.
IN_LIST = f"""(
    (not n.filtered or $7) and ($4::text[] is null or n.type = any($4)) and n.type <> all($5)
    and ($6::bigint is null or (n.from_account_id = $6
        and (n.type <> 'admin.report' or (select f.is_local from accounts f where f.id = $6)))) and {PRESENT})"""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a notification is about. `group_keys`: those it may join, best first; the first one is its own otherwise."""

    status_id: int | None = None
    about_id: int | None = None
    group_keys: tuple[str, ...] = ()


_COLUMNS = columns(Notification, "n")
# Types that tell people of themselves, or of nobody.
_OWN = "('poll', 'severed_relationships', 'moderation_warning')"


async def add(
    conn: Conn, kind: Type, *, recipient_ids: Sequence[int], from_id: int, about: About
) -> list[tuple[int, int]]:
    """Tell the local ones of the recipients who want to hear of it; (notification id, account id) of new rows that are
    to be seen at once.

    Nobody is told about themselves, nor what `hearing.WANTS` rules out. What the reader's policy filters is put aside,
    a mention with a request of its sender's; what it drops is not written.
    """
    pairs = [(account_id, about.status_id) for account_id in recipient_ids]
    return await _insert(conn, kind, pairs, from_id=from_id, about_id=about.about_id, group_keys=about.group_keys)


async def add_quoted_updates(conn: Conn, quoters: Sequence[tuple[int, int]], *, from_id: int) -> list[tuple[int, int]]:
    """Tell (account id, id of their post) that what the post quotes was edited; an earlier notice of it gives way."""
    await conn.execute(
        "delete from notifications where type = 'quoted_update' and from_account_id = $1 and status_id = any($2)",
        from_id, [status_id for _, status_id in quoters],
    )  # fmt: skip
    return await _insert(conn, "quoted_update", quoters, from_id=from_id)


async def _insert(
    conn: Conn,
    kind: Type,
    pairs: Sequence[tuple[int, int | None]],
    *,
    from_id: int,
    about_id: int | None = None,
    group_keys: Sequence[str] = (),
) -> list[tuple[int, int]]:
    """`pairs`: whom, and about which status."""
    if not pairs:
        return []
    records = await conn.fetch(
        f"""
        with heard as materialized (
            select a.id, r.status_id, {VERDICT} as verdict, (
                select g.key from unnest($6::text[]) with ordinality g(key, place)
                where exists (select from notifications o where o.account_id = a.id and o.group_key = g.key)
                order by g.place limit 1) as group_key
            from unnest($1::bigint[], $4::bigint[]) as r (account_id, status_id)
            join accounts a on a.id = r.account_id join accounts f on f.id = $3 and f.suspended_at is null
            left join statuses s on s.id = r.status_id
            cross join (select $2::text) k(type)
            where a.is_local and a.suspended_at is null
              and (a.id <> f.id or k.type in {_OWN}) and {WANTS}
            order by a.id),
        told as (
            insert into notifications (account_id, from_account_id, type, status_id, about_id, filtered, group_key)
            select h.id, $3, $2, h.status_id, $5, h.verdict = 'filter',
                case when h.verdict = 'accept' then coalesce(h.group_key, ($6::text[])[1]) end
            from heard h where h.verdict <> 'drop' order by h.id
            on conflict do nothing returning id, account_id, filtered),
        asked as (
            insert into notification_requests (account_id, from_account_id)
            select account_id, $3 from told where filtered and $2 in ('mention', 'quote') order by account_id
            on conflict (account_id, from_account_id) do update set updated_at = now())
        select id, account_id from told where not filtered order by account_id
        """,
        [account_id for account_id, _ in pairs], kind, from_id, [status_id for _, status_id in pairs], about_id,
        list(group_keys),
    )  # fmt: skip
    return [(record[0], record[1]) for record in records]


async def page(conn: Conn, account_id: int, page: Page, wanted: Wanted) -> list[Notification]:
    """The list of an account, newest first."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from notifications n
        where n.account_id = $1 and n.id < $2 and n.id > $3 and {IN_LIST}
        order by n.id {page.order} limit $8
        """,
        account_id, page.below, page.above, *wanted.values, page.size,
    )  # fmt: skip
    return page.arrange(structs(Notification, records))


async def by_id(conn: Conn, account_id: int, notification_id: int) -> Notification | None:
    """One of the account's own."""
    record = await conn.fetchrow(
        f"select {_COLUMNS} from notifications n where n.id = $2 and n.account_id = $1 and {PRESENT}",
        account_id, notification_id,
    )  # fmt: skip
    return struct(Notification, record)


async def unread_count(conn: Conn, account_id: int, wanted: Wanted, *, above: int, limit: int) -> int:
    """How many of `page` are newer than the marker `above`, at most `limit`."""
    count: int = await conn.fetchval(
        f"""
        select count(*) from (
            select from notifications n
            where n.account_id = $1 and n.id > $2 and {IN_LIST} limit $3) t
        """,
        account_id, above, limit, *wanted.values,
    )  # fmt: skip
    return count


async def dismiss(conn: Conn, account_id: int, notification_ids: Sequence[int]) -> int:
    """How many of the ids were the account's own, and are gone."""
    records = await conn.fetch(
        "delete from notifications where id = any($2) and account_id = $1 returning id",
        account_id, list(notification_ids),
    )  # fmt: skip
    return len(records)


async def clear(conn: Conn, account_id: int) -> None:
    await conn.execute("delete from notifications where account_id = $1", account_id)


async def withdraw(
    conn: Conn,
    kind: Type,
    *,
    from_id: int,
    status_id: int | None = None,
    recipient_id: int | None = None,
    about_id: int | None = None,
) -> None:
    """What it told of was taken back."""
    await conn.execute(
        """
        delete from notifications where type = $1 and from_account_id = $2
          and ($3::bigint is null or status_id = $3) and ($4::bigint is null or account_id = $4)
          and ($5::bigint is null or about_id = $5)
        """,
        kind, from_id, status_id, recipient_id, about_id,
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
        f"""
        select m.account_id from users u join memberships m on m.user_id = u.id and m.role = 'owner'
        join roles r on r.name = u.role where {STAFF} and u.disabled_at is null
        """
    )
    return [record[0] for record in records]
