"""What stands between one account and others: follows, requests, blocks, mutes, notes, read at once."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from storage.db import Conn
from storage.rows import structs


class Relationship(msgspec.Struct, frozen=True):
    """How account `id` stands to the viewer. The three options belong to the follow, or to the request for one."""

    id: int
    following: bool
    requested: bool
    show_reblogs: bool | None
    notify: bool | None
    languages: list[str] | None
    followed_by: bool
    requested_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    hide_notifications: bool | None
    mute_expires_at: datetime | None
    domain_blocking: bool
    endorsed: bool
    note: str | None


async def between(conn: Conn, viewer_id: int, account_ids: Sequence[int]) -> dict[int, Relationship]:
    """By account id; ids of no account are left out."""
    records = await conn.fetch(
        """
        select a.id, f.id is not null as following, r.id is not null as requested,
            coalesce(f.show_reblogs, r.show_reblogs) as show_reblogs, coalesce(f.notify, r.notify) as notify,
            case when f.id is not null then f.languages else r.languages end as languages,
            exists (select from follows x where x.account_id = a.id and x.target_id = $1) as followed_by,
            exists (select from follow_requests x where x.account_id = a.id and x.target_id = $1) as requested_by,
            exists (select from blocks x where x.account_id = $1 and x.target_id = a.id) as blocking,
            exists (select from blocks x where x.account_id = a.id and x.target_id = $1) as blocked_by,
            m.id is not null as muting, m.hide_notifications, m.expires_at as mute_expires_at,
            not a.is_local and exists (
                select from account_domain_blocks x
                where x.account_id = $1 and x.domain = lower(a.domain)) as domain_blocking,
            exists (select from endorsements x where x.account_id = $1 and x.target_id = a.id) as endorsed,
            (select comment from account_notes x where x.account_id = $1 and x.target_id = a.id) as note
        from accounts a
        left join follows f on f.account_id = $1 and f.target_id = a.id
        left join follow_requests r on r.account_id = $1 and r.target_id = a.id
        left join mutes m on m.account_id = $1 and m.target_id = a.id and (m.expires_at is null or m.expires_at > now())
        where a.id = any($2)
        """,
        viewer_id, account_ids,
    )  # fmt: skip
    return {row.id: row for row in structs(Relationship, records)}
