"""Whom somebody does not want to meet, for a while or for good. A mute is nobody else's business and leaves follows."""

from datetime import datetime

import msgspec

from storage import events
from storage.db import Conn
from storage.paging import Page
from storage.rows import structs


class Muted(msgspec.Struct, frozen=True):
    id: int
    target_id: int
    expires_at: datetime | None


async def add(
    conn: Conn, account_id: int, target_id: int, *, hide_notifications: bool, expires_at: datetime | None
) -> None:
    """Mute, or change how. An expired mute counts as none. Emits `Muted` when nothing was muted before."""
    muted = await conn.fetchval(
        """
        select expires_at is null or expires_at > now() from mutes
        where account_id = $1 and target_id = $2 for update
        """,
        account_id, target_id,
    )  # fmt: skip
    await conn.execute(
        """
        insert into mutes (account_id, target_id, hide_notifications, expires_at) values ($1, $2, $3, $4)
        on conflict (account_id, target_id)
        do update set hide_notifications = excluded.hide_notifications, expires_at = excluded.expires_at
        """,
        account_id, target_id, hide_notifications, expires_at,
    )  # fmt: skip
    if not muted:
        await events.emit(conn, events.Muted(account_id, target_id))


async def remove(conn: Conn, account_id: int, target_id: int) -> bool:
    """False when there was none."""
    done = await conn.fetchval(
        "delete from mutes where account_id = $1 and target_id = $2 returning id", account_id, target_id
    )
    return done is not None


async def silences(conn: Conn, account_id: int, target_id: int) -> bool:
    """Whether a mute in force hides notifications too."""
    record = await conn.fetchrow(
        """
        select from mutes where account_id = $1 and target_id = $2 and hide_notifications
            and (expires_at is null or expires_at > now())
        """,
        account_id, target_id,
    )  # fmt: skip
    return record is not None


async def prune(conn: Conn) -> None:
    """Delete what has expired. Readers do not wait for it: they look at `expires_at`."""
    await conn.execute("delete from mutes where expires_at <= now()")


async def targets(conn: Conn, account_id: int, page: Page) -> list[Muted]:
    """Mutes in force on accounts that are not suspended, latest first."""
    records = await conn.fetch(
        f"""
        select m.id, m.target_id, m.expires_at from mutes m
        join accounts a on a.id = m.target_id and a.suspended_at is null
        where m.account_id = $1 and m.id < $2 and m.id > $3 and (m.expires_at is null or m.expires_at > now())
        order by m.id {page.order} limit $4
        """,
        account_id, page.below, page.above, page.size,
    )  # fmt: skip
    return page.arrange(structs(Muted, records))
