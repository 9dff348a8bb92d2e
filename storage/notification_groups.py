"""Notifications in groups: likes or boosts of one post, follows, sign-ups within a span of time.

The key of a group is stored with its rows. A row without one, or of a type that the reader does not want grouped, is a
group of its own, `ungrouped-ID`. A page covers a stretch of the list without a gap: every row in it belongs to one of
the page's groups, and what lies outside of it is on other pages.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import ids
from storage.db import Conn
from storage.notifications import IN_LIST, PRESENT, Wanted
from storage.paging import Page
from storage.rows import struct, structs

GROUPED = ("favourite", "reblog", "follow", "admin.sign_up")
SAMPLES = 8
_ALONE = "ungrouped-"


class Group(msgspec.Struct, frozen=True):
    """`count`, `latest_id` and `sample_ids` (latest first) know nothing newer than the page. What begins with `page_`
    is about those of the rows that the page covers."""

    key: str
    type: str
    status_id: int | None
    about_id: int | None
    page_min_id: int
    page_max_id: int
    page_latest_at: datetime
    count: int
    latest_id: int
    sample_ids: list[int]


_KEY = f"case when n.type = any($8::text[]) and n.group_key is not null then n.group_key else '{_ALONE}' || n.id end"

# One row of each group, found by going down (or up) the list and stepping over the groups that were met before.
_PICK = f"""
    with recursive pick (id, key, met) as (
        (select n.id, {_KEY}, array[{_KEY}]
        from notifications n
        where n.account_id = $1 and n.id < $2 and n.id > $3 and {IN_LIST}
        order by n.id %(order)s limit 1)
        union all
        select x.id, x.key, p.met || x.key from pick p cross join lateral (
            select n.id, {_KEY} as key from notifications n
            where n.account_id = $1 and n.id < $2 and n.id > $3 and {IN_LIST}
                and n.id %(beyond)s p.id and {_KEY} <> all(p.met)
            order by n.id %(order)s limit 1) x
        where cardinality(p.met) < $9)"""

# What the page covers: as far as its last row if it is full, else to where it was to end.
_DOWN = (
    _PICK % {"order": "desc", "beyond": "<"}
    + """,
    span as (select case when count(*) < $9 then $3 else min(id) - 1 end as above, $2 as below from pick)"""
)
_UP = (
    _PICK % {"order": "asc", "beyond": ">"}
    + """,
    span as (select $3 as above, case when count(*) < $9 then $2 else max(id) + 1 end as below from pick)"""
)

# All of the group `p` that is not newer than the page.
_MEMBERS = f"""
    notifications n
    where n.account_id = $1 and n.group_key = p.key and n.id < (select below from span) and {IN_LIST}"""

_GROUPS = f"""
    , page as (
        select {_KEY} as key, min(n.type) as type, min(n.status_id) as status_id, min(n.about_id) as about_id,
            min(n.id) as page_min_id, max(n.id) as page_max_id, max(n.created_at) as page_latest_at,
            min(n.from_account_id) as from_id, bool_or(n.group_key is not null and n.type = any($8)) as grouped
        from notifications n
        where n.account_id = $1 and n.id > (select above from span) and n.id < (select below from span) and {IN_LIST}
        group by 1)
    select p.key, p.type, p.status_id, p.about_id, p.page_min_id, p.page_max_id, p.page_latest_at,
        case when p.grouped then (select count(*) from {_MEMBERS}) else 1 end as count, p.page_max_id as latest_id,
        case when p.grouped then array(select n.from_account_id from {_MEMBERS} order by n.id desc limit {SAMPLES})
            else array[p.from_id] end as sample_ids
    from page p order by p.page_max_id desc"""


async def page(
    conn: Conn, account_id: int, page: Page, wanted: Wanted, *, grouped: Sequence[str] = GROUPED
) -> list[Group]:
    """At most `page.size` groups, newest first."""
    if page.size == 0:
        return []
    records = await conn.fetch(
        f"{_DOWN if page.min_id is None else _UP} {_GROUPS}",
        account_id, page.below, page.above, *wanted.values, list(grouped), page.size,
    )  # fmt: skip
    return structs(Group, records)


# The rows of account $1 that have the key $2 or, where it means one alone, the id $3.
_MEMBER = "n.account_id = $1 and (n.group_key = $2 or n.id = $3)"


def _alone(key: str) -> int | None:
    """The id in the key of a row that is a group of its own."""
    return ids.parse(key.removeprefix(_ALONE)) if key.startswith(_ALONE) else None


async def by_key(conn: Conn, account_id: int, key: str) -> Group | None:
    """One of the account's own, whole."""
    record = await conn.fetchrow(
        f"""
        select $2::text as key, min(n.type) as type, min(n.status_id) as status_id, min(n.about_id) as about_id,
            min(n.id) as page_min_id, max(n.id) as page_max_id, max(n.created_at) as page_latest_at,
            count(*) as count, max(n.id) as latest_id,
            (array_agg(n.from_account_id order by n.id desc))[1:{SAMPLES}] as sample_ids
        from notifications n where {_MEMBER} and {PRESENT} having count(*) > 0
        """,
        account_id, key, _alone(key),
    )  # fmt: skip
    return struct(Group, record)


async def accounts(conn: Conn, account_id: int, key: str, page: Page) -> list[tuple[int, int]]:
    """(notification id, account id) of a group, latest first."""
    records = await conn.fetch(
        f"""
        select n.id, n.from_account_id
        from notifications n where {_MEMBER} and {PRESENT} and n.id < $4 and n.id > $5
        order by n.id {page.order} limit $6
        """,
        account_id, key, _alone(key), page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange([(record[0], record[1]) for record in records])


async def dismiss(conn: Conn, account_id: int, key: str) -> None:
    await conn.execute(f"delete from notifications n where {_MEMBER}", account_id, key, _alone(key))


async def unread_count(
    conn: Conn, account_id: int, wanted: Wanted, *, above: int, limit: int, grouped: Sequence[str] = GROUPED
) -> int:
    """How many groups have something newer than the marker `above`, at most `limit`."""
    if limit == 0:
        return 0
    count: int = await conn.fetchval(
        f"{_DOWN} select count(*) from pick",
        account_id, ids.MAX_ID, above, *wanted.values, list(grouped), limit,
    )  # fmt: skip
    return count
