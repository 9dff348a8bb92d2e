"""The undo window: posts that only their author hears of for a while, if the author wants that.

Scheduled posts are not held: they could be taken back all the time before. Boosts are not either. An answer to a held
post is held at least as long, so that nothing leaves that points to what has not.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.services.authors import Author
from storage import holds
from storage.db import Conn
from storage.holds import Hold
from storage.statuses import Status

MAX_SECONDS = 24 * 3600
# Of somebody suspended nothing leaves; it is looked again so often.
SUSPENDED_AGAIN = timedelta(hours=1)


def of_new(writer: Author, parent: Status | None, *, wanted: bool = True) -> Hold | None:
    """How a new post is held. `wanted`: as its author's settings say."""
    seconds = writer.settings.hold_seconds if wanted else 0
    own = Hold(datetime.now(UTC) + timedelta(seconds=seconds), writer.settings.hold_locally) if seconds else None
    if parent is None or parent.held_until is None:
        return own
    if own is None:
        return Hold(parent.held_until, parent.held_locally)
    return Hold(max(own.until, parent.held_until), own.locally and parent.held_locally)


def check_out(status: Status) -> None:
    """`Unprocessable` for what would tell others of a post that they do not know yet."""
    if status.held_until is not None:
        raise errors.Unprocessable("This post has not been sent yet")


async def send_now(app: App, user: User, status_id: int) -> None:
    """The author does not want to wait. What is out already stays out."""
    async with app.db.transaction() as conn:
        status = await access.own_status(conn, user.account_id, status_id)
        waiting = await holds.chain(conn, status.id)
        if len(waiting) > 1:
            raise errors.Unprocessable("This post answers one that has not been sent yet")
        await holds.release(conn, [each.id for each in waiting])


async def release(app: App, payload: dict[str, Any]) -> None:
    """Job: its time has come, and that of what it answers. Any: the job's payload."""
    status_id: int = payload["status_id"]
    async with app.db.transaction() as conn:
        waiting = await holds.chain(conn, status_id)
        later = _later(waiting)
        if later is None:
            await holds.release(conn, [each.id for each in waiting])
        else:
            await holds.plan(conn, status_id, later)


def _later(waiting: list[holds.Held]) -> datetime | None:
    """When to look again, if not all of them may leave now."""
    now = datetime.now(UTC)
    if any(each.suspended for each in waiting):
        return now + SUSPENDED_AGAIN
    last = max((each.held_until for each in waiting), default=now)
    return last if last > now else None


async def hold(conn: Conn, status_id: int, wanted: Hold | None) -> None:
    """Leave the job for a post that was stored as held."""
    if wanted is not None:
        await holds.plan(conn, status_id, wanted.until)
