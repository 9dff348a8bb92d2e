"""Statuses and what hangs on them: ids in, entities out."""

from collections.abc import Sequence

from fedi import errors
from fedi.context import App
from fedi.entities import bundle, rendering
from fedi.entities.bundle import FilterContext, Wanted
from fedi.entities.media import MediaAttachment
from fedi.entities.media import build as build_media
from fedi.entities.poll import Poll
from fedi.entities.status import Status, withheld
from storage import bundles
from storage.db import Conn


async def statuses(
    app: App, conn: Conn, ids: Sequence[int], viewer_id: int | None, filter_context: FilterContext | None = None
) -> list[Status]:
    """In the order given. Left out: what is gone, what the viewer may not see, and in the contexts `home` and
    `notifications` what they filter with `hide`."""
    wanted = Wanted(status_ids=ids, filter_context=filter_context)
    return (await bundle.load(app, conn, viewer_id, wanted)).pick(ids)


async def status(app: App, conn: Conn, status_id: int, viewer_id: int | None) -> Status:
    """`NotFound` for what the viewer may not see."""
    found = await statuses(app, conn, [status_id], viewer_id)
    if not found:
        raise errors.NotFound
    return found[0]


async def status_let_go(app: App, conn: Conn, status_id: int, viewer_id: int) -> Status:
    """What somebody has taken their mark off. Of what they may not see any more nothing but whose it is."""
    found = await statuses(app, conn, [status_id], viewer_id)
    if found:
        return found[0]
    wanted = Wanted(status_ids=[status_id], everything=True)
    hidden = (await bundle.load(app, conn, viewer_id, wanted)).pick([status_id])
    if not hidden:
        raise errors.NotFound
    return withheld(hidden[0])


async def media(app: App, conn: Conn, ids: Sequence[int]) -> list[MediaAttachment]:
    """In the order given. The caller has checked whose they are."""
    rows = await bundles.media(conn, ids)
    return [build_media(rendering.medium(app.settings.base_url, row)) for row in rows]


async def poll(app: App, conn: Conn, poll_id: int, viewer_id: int | None) -> Poll:
    """`NotFound` when the viewer may not see its status."""
    rows = await bundles.polls(conn, viewer_id, [poll_id])
    if not rows:
        raise errors.NotFound
    found = (await status(app, conn, rows[0].status_id, viewer_id)).poll
    if found is None:
        raise errors.NotFound
    return found
