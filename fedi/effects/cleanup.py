"""What a deleted status leaves behind: rows in homes, boosts, notifications. In steps, as it can be much.

Nobody is shown any of it meanwhile: a boost of nothing is not visible, and ids without a status are left out.
"""

from typing import Any

from fedi.context import App
from fedi.effects.context import Context, Message
from fedi.effects.distribute import messages, publish, users
from storage import boosts, events, homes, jobs, notifications, statuses, timelines
from storage.db import Conn

JOB = "forget_status"
HOMES = 5000
BOOSTS = 50
NOTIFICATIONS = 5000


async def deletion(ctx: Context, event: events.StatusDeleted) -> None:
    """Tell everybody who may have it on their screen, and begin to clean up."""
    readers = await homes.remove_status(ctx.conn, event.status_id, limit=HOMES)
    channels = users(readers)
    if event.visibility < 3 and not event.held:
        channels += [f"list:{list_id}" for list_id in await timelines.lists_with(ctx.conn, event.account_id)]
    ctx.stream.extend(messages([*channels, *_shared(event)], "delete", event.status_id))
    if await _forget(ctx.conn, event.status_id, event.uri) or len(readers) == HOMES:
        await jobs.enqueue(ctx.conn, JOB, {"status_id": event.status_id, "uri": event.uri}, queue="slow")


def _shared(event: events.StatusDeleted) -> list[str]:
    """Channels of the shared timelines: all that could have shown it."""
    if event.visibility > 0 or event.reblog_of_id is not None or event.held:
        return []
    origin = "local" if event.is_local else "remote"
    found = ["public", f"public:{origin}", *(f"hashtag:{name}" for name in event.tags)]
    if event.is_local:
        found += [f"hashtag:local:{name}" for name in event.tags]
    if event.has_media:
        found += ["public:media", f"public:{origin}:media"]
    return found


async def forget(app: App, payload: dict[str, Any]) -> None:
    """The next step; leaves a job for the one after it."""
    status_id: int = payload["status_id"]
    stream: list[Message] = []
    async with app.db.transaction() as conn:
        readers = await homes.remove_status(conn, status_id, limit=HOMES)
        stream.extend(messages(users(readers), "delete", status_id))
        if await _forget(conn, status_id, payload.get("uri")) or len(readers) == HOMES:
            await jobs.enqueue(conn, JOB, payload, queue="slow")
    publish(app, stream)


async def _forget(conn: Conn, status_id: int, uri: str | None) -> bool:
    """Delete boosts, each with an event of its own, and notifications; whether there may be more."""
    boost_ids = await boosts.ids(conn, status_id, limit=BOOSTS)
    for boost_id in boost_ids:
        await statuses.delete(conn, boost_id, boosted_uri=uri)
    gone = await notifications.forget_status(conn, status_id, limit=NOTIFICATIONS)
    return len(boost_ids) == BOOSTS or gone == NOTIFICATIONS
