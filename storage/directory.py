"""People who want to be found, in the order in which they were last heard of or came."""

from typing import Literal

from storage.db import Conn

Order = Literal["active", "new"]
_ORDERS: dict[Order, str] = {"active": "st.last_status_at desc nulls last, a.id desc", "new": "a.id desc"}


async def account_ids(
    conn: Conn, viewer_id: int | None, *, order: Order, local: bool, limit: int, offset: int
) -> list[int]:
    """Nobody limited, moved or passed away, and nobody the viewer avoids."""
    records = await conn.fetch(
        f"""
        select a.id from accounts a join account_stats st on st.account_id = a.id
        where a.discoverable and a.id > 0 and not a.pending and a.suspended_at is null and a.silenced_at is null
            and a.moved_to_id is null and not a.memorial and (not $2 or a.is_local)
            and ($1::bigint is null or a.id = $1 or (
                not exists (select from blocks b where (b.account_id, b.target_id) in (($1, a.id), (a.id, $1)))
                and not exists (select from mutes m where m.account_id = $1 and m.target_id = a.id
                    and (m.expires_at is null or m.expires_at > now()))
                and (a.is_local or not exists (select from account_domain_blocks d
                    where d.account_id = $1 and d.domain = lower(a.domain)))))
        order by {_ORDERS[order]} limit $3 offset $4
        """,
        viewer_id, local, limit, offset,
    )  # fmt: skip
    return [record[0] for record in records]
