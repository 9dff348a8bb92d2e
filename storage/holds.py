"""Posts that are held back: their authors may take them back or change them before anybody else hears of them.

A held post has `held_until`. It is hidden by the one fragment that says who may read what, counts for nothing and has
caused no event but `StatusHeld`. Its release makes it an ordinary new post, once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from storage import events, jobs, quotes, status_counts, statuses, tags
from storage.db import Conn
from storage.rows import structs
from storage.statuses import Status
from storage.visibility import PUBLIC

JOB = "release_status"  # payload {"status_id": …}


class Hold(msgspec.Struct, frozen=True):
    """Until when, and whether people here may read it meanwhile."""

    until: datetime
    locally: bool


class Held(msgspec.Struct, frozen=True):
    id: int
    held_until: datetime
    suspended: bool  # its author


async def plan(conn: Conn, status_id: int, until: datetime) -> None:
    """Leave the job that lets it out."""
    await jobs.enqueue(conn, JOB, {"status_id": status_id}, queue="slow", key=str(status_id), run_at=until)


async def chain(conn: Conn, status_id: int) -> list[Held]:
    """A held post after those that it answers and that are held too, first the first: they leave in this order. Nobody
    else lets them out meanwhile."""
    records = await conn.fetch(
        """
        with recursive up as (
            select id, in_reply_to_id from statuses where id = $1 and held_until is not null
            union all
            select p.id, p.in_reply_to_id from up join statuses p on p.id = up.in_reply_to_id
            where p.held_until is not null)
        select s.id, s.held_until, a.suspended_at is not null as suspended
        from statuses s join accounts a on a.id = s.account_id
        where s.id in (select id from up) and s.held_until is not null
        order by s.id for no key update of s
        """,
        status_id,
    )
    return structs(Held, records)


async def release(conn: Conn, status_ids: Sequence[int]) -> None:
    """Let them out, in this order. Nothing happens to what is out already."""
    for status_id in status_ids:
        before = await statuses.lock(conn, status_id)
        if before is not None and before.held_until is not None:
            await _release(conn, before)


async def _release(conn: Conn, before: Status) -> None:
    """For whoever could not read it, it is of now, and so is the time that its poll has."""
    moment: datetime = await conn.fetchval(
        """
        update statuses set held_until = null, held_locally = false, version = version + 1,
            created_at = case when held_locally then created_at else greatest(created_at, clock_timestamp()) end
        where id = $1 returning created_at
        """,
        before.id,
    )
    passed: timedelta = moment - before.created_at
    if before.poll_id is not None and passed:
        await conn.execute("update polls set expires_at = expires_at + $2 where id = $1", before.poll_id, passed)
    after = msgspec.structs.replace(before, held_until=None, created_at=moment)
    if before.visibility == PUBLIC:
        await tags.count(conn, before.id, account_id=before.account_id)
    await quotes.release(conn, before.id, answered_id=before.in_reply_to_id)
    await status_counts.change(conn, after, 1)
    await events.emit(conn, events.StatusCreated(before.id, released=True))
