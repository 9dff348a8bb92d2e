"""How much this server is used: what nodeinfo says about it."""

import msgspec

from storage.db import Conn
from storage.rows import struct


class Usage(msgspec.Struct, frozen=True):
    """Accounts of people here, those active lately, and their posts."""

    users: int
    active_month: int
    active_halfyear: int
    local_posts: int


async def count(conn: Conn) -> Usage:
    """The instance actor and suspended accounts are left out."""
    record = await conn.fetchrow(
        """
        select count(*) as users,
            count(*) filter (where s.last_active_at > now() - interval '30 days') as active_month,
            count(*) filter (where s.last_active_at > now() - interval '180 days') as active_halfyear,
            coalesce(sum(t.statuses_count), 0)::bigint as local_posts
        from accounts a join account_settings s on s.account_id = a.id join account_stats t on t.account_id = a.id
        where a.is_local and a.id > 0 and a.suspended_at is null and not a.pending
        """
    )
    found = struct(Usage, record)
    return found or Usage(0, 0, 0, 0)
