"""Reports: who tells moderators about whom, and which posts and collections they mean."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage import events
from storage.db import Conn
from storage.paging import Page
from storage.rows import columns, struct, structs


class Report(msgspec.Struct, frozen=True):
    id: int
    account_id: int
    target_id: int
    uri: str | None
    comment: str
    category: str
    status_ids: list[int]
    rule_ids: list[int]
    forwarded: bool
    action_taken_at: datetime | None
    created_at: datetime
    updated_at: datetime
    assigned_id: int | None
    action_taken_by_id: int | None
    collection_ids: list[int]
    forward_domains: list[str]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Open ones by default. `account_id`: of somebody here, since nobody is to learn who reported elsewhere.
    `target_domain`: of whom they are about."""

    resolved: bool = False
    account_id: int | None = None
    target_id: int | None = None
    target_domain: str | None = None


_COLUMNS = columns(Report)


async def add(
    conn: Conn,
    *,
    account_id: int,
    target_id: int,
    comment: str,
    status_ids: Sequence[int],
    uri: str | None = None,
    category: str = "other",
    forwarded: bool = False,
    rule_ids: Sequence[int] = (),
    collection_ids: Sequence[int] = (),
    forward_domains: Sequence[str] = (),
) -> int | None:
    """File a report; its id, or None for a Flag that came before. Emits `Reported`."""
    report_id: int | None = await conn.fetchval(
        """
        insert into reports (account_id, target_id, comment, status_ids, uri, category, forwarded, rule_ids,
            collection_ids, forward_domains)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (uri) where uri is not null do nothing returning id
        """,
        account_id, target_id, comment, list(status_ids), uri, category, forwarded, list(rule_ids),
        list(collection_ids),
        list(forward_domains),
    )  # fmt: skip
    if report_id is not None:
        await events.emit(conn, events.Reported(report_id))
    return report_id


class Named(msgspec.Struct, frozen=True):
    """Somebody here, or a post of theirs, that another server reports."""

    account_id: int
    status_id: int | None


async def named(conn: Conn, addresses: Sequence[str], *, reporter_id: int) -> list[Named]:
    """What of ours is meant by URIs and by addresses of pages. Of a post that nobody on the server of the reporter may
    read, only whose it is: some servers report in the name of one actor for all."""
    records = await conn.fetch(
        """
        select id as account_id, null::bigint as status_id from accounts
            where is_local and id > 0 and not pending and (uri = any($1) or url = any($1))
        union all
        select s.account_id, case when s.held_until is null and (s.visibility < 2
                or exists (select from mentions m join accounts o on o.id = m.account_id
                    where m.status_id = s.id and lower(o.domain) = lower(r.domain))
                or s.visibility = 2 and exists (select from follows f join accounts o on o.id = f.account_id
                    where f.target_id = s.account_id and lower(o.domain) = lower(r.domain)))
            then s.id end
            from statuses s join accounts r on r.id = $2
            where s.is_local and s.reblog_of_id is null and (s.uri = any($1) or s.url = any($1))
        order by 1, 2
        """,
        list(addresses), reporter_id,
    )  # fmt: skip
    return structs(Named, records)


async def other_inboxes(conn: Conn, report_id: int) -> list[str]:
    """Where a report goes besides the server of whom it is about: to servers that its author chose, of the people whom
    the posts answer and of the communities that they are in."""
    records = await conn.fetch(
        """
        select distinct coalesce(a.shared_inbox, a.inbox) from reports r
        join accounts a on not a.is_local and a.suspended_at is null and lower(a.domain) = any(r.forward_domains)
            and (a.id in (select s.in_reply_to_account_id from statuses s where s.id = any(r.status_ids))
                or a.id in (select g.account_id from status_groups g where g.status_id = any(r.status_ids)))
        where r.id = $1
        """,
        report_id,
    )
    return [record[0] for record in records]


async def by_id(conn: Conn, report_id: int) -> Report | None:
    return struct(Report, await conn.fetchrow(f"select {_COLUMNS} from reports where id = $1", report_id))


async def by_ids(conn: Conn, report_ids: Sequence[int]) -> dict[int, Report]:
    records = await conn.fetch(f"select {_COLUMNS} from reports where id = any($1)", report_ids)
    return {row.id: row for row in structs(Report, records)}


async def listed(conn: Conn, wanted: Filter, page: Page) -> list[Report]:
    """Newest first."""
    records = await conn.fetch(
        f"""
        select {_COLUMNS} from reports r
        where id < $1 and id > $2 and (action_taken_at is not null) = $4
            and ($5::bigint is null
                or (account_id = $5 and exists (select from accounts a where a.id = $5 and a.is_local)))
            and ($6::bigint is null or target_id = $6)
            and ($7::text is null or exists (
                select from accounts a where a.id = r.target_id and not a.is_local and lower(a.domain) = lower($7)))
        order by id {page.order} limit $3
        """,
        page.below, page.above, page.size, wanted.resolved, wanted.account_id, wanted.target_id, wanted.target_domain,
    )  # fmt: skip
    return page.arrange(structs(Report, records))


async def open_about(conn: Conn, target_id: int) -> list[Report]:
    """Those about an account that nobody has closed, locked."""
    records = await conn.fetch(
        f"select {_COLUMNS} from reports where target_id = $1 and action_taken_at is null order by id for update",
        target_id,
    )
    return structs(Report, records)


async def lock(conn: Conn, report_id: int) -> Report | None:
    record = await conn.fetchrow(f"select {_COLUMNS} from reports where id = $1 for update", report_id)
    return struct(Report, record)


async def resolve(conn: Conn, report_ids: Sequence[int], *, by_id: int | None) -> None:
    await conn.execute(
        """
        update reports set action_taken_at = now(), action_taken_by_id = $2, updated_at = now()
        where id = any($1) and action_taken_at is null
        """,
        list(report_ids), by_id,
    )  # fmt: skip


async def reopen(conn: Conn, report_id: int) -> None:
    await conn.execute(
        "update reports set action_taken_at = null, action_taken_by_id = null, updated_at = now() where id = $1",
        report_id,
    )


async def assign(conn: Conn, report_id: int, account_id: int | None) -> None:
    """Somebody of the staff takes it, or with None nobody has it any more."""
    await conn.execute("update reports set assigned_id = $2, updated_at = now() where id = $1", report_id, account_id)


async def classify(conn: Conn, report_id: int, *, category: str, rule_ids: Sequence[int]) -> None:
    await conn.execute(
        "update reports set category = $2, rule_ids = $3, updated_at = now() where id = $1",
        report_id, category, list(rule_ids),
    )  # fmt: skip


async def forward(conn: Conn, report_id: int) -> None:
    """Mark that it goes to the server of whom it is about. Emits `ReportForwarded`."""
    done = await conn.fetchval(
        "update reports set forwarded = true, updated_at = now() where id = $1 and not forwarded returning id",
        report_id,
    )
    if done is not None:
        await events.emit(conn, events.ReportForwarded(report_id))
