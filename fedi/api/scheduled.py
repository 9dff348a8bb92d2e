"""Posts that wait for their time. They are made by `POST /api/v1/statuses` with a `scheduled_at`."""

from datetime import datetime

import msgspec

from fedi import entities, errors
from fedi.context import App
from fedi.entities import scheduled_status
from fedi.entities.scheduled_status import ScheduledParams, ScheduledPoll, ScheduledStatus
from fedi.http.endpoint import Call, NoParams, delete, get, patch, put, user
from fedi.http.paging import PageParams, link, page
from fedi.services import scheduling
from storage import scheduled
from storage.db import Conn
from storage.scheduled import Scheduled


class Move(msgspec.Struct, frozen=True):
    scheduled_at: datetime | None = None


async def index(call: Call[PageParams]) -> list[ScheduledStatus]:
    wanted = page(call.params, default=20, most=40)
    async with call.read() as conn:
        rows = await scheduled.by_account(conn, call.user.account_id, wanted)
        result = await _entities(call.app, conn, rows)
    link(call, [row.id for row in rows], full=len(rows) == wanted.size)
    return result


async def show(call: Call[NoParams]) -> ScheduledStatus:
    return await entity(call.app, call.user.account_id, call.id())


async def move(call: Call[Move]) -> ScheduledStatus:
    await scheduling.move(call.app, call.user, call.id(), call.params.scheduled_at)
    return await entity(call.app, call.user.account_id, call.id())


async def cancel(call: Call[NoParams]) -> None:
    await scheduling.cancel(call.app, call.user, call.id())


async def entity(app: App, account_id: int, scheduled_id: int) -> ScheduledStatus:
    """One of the account's own."""
    async with app.db.read() as conn:
        row = await scheduled.own(conn, account_id, scheduled_id)
        if row is None:
            raise errors.NotFound
        return (await _entities(app, conn, [row]))[0]


async def _entities(app: App, conn: Conn, rows: list[Scheduled]) -> list[ScheduledStatus]:
    ids = [media_id for row in rows for media_id in row.media_ids]
    media = {each.id: each for each in await entities.media(app, conn, ids)} if ids else {}
    return [
        scheduled_status.build(
            row.id, row.scheduled_at, _params(row), [media[str(each)] for each in row.media_ids if str(each) in media]
        )
        for row in rows
    ]


def _params(row: Scheduled) -> ScheduledParams:
    waiting = scheduling.waiting(row)
    draft = waiting.draft
    poll = draft.poll if draft.poll and draft.poll.options else None
    return ScheduledParams(
        text=draft.status,
        poll=ScheduledPoll(poll.options, poll.expires_in or 0, poll.multiple, poll.hide_totals) if poll else None,
        language=draft.language,
        media_ids=[str(each) for each in draft.media_ids] or None,
        sensitive=draft.sensitive,
        visibility=draft.visibility,
        idempotency=waiting.key,
        spoiler_text=draft.spoiler_text or None,
        application_id=waiting.application_id or 0,
        in_reply_to_id=draft.in_reply_to_id or None,
        quoted_status_id=draft.quoted_status_id or None,
        quote_approval_policy=draft.quote_approval_policy,
    )


ROUTES = [
    get("/api/v1/scheduled_statuses", index, access=user("read:statuses"), params=PageParams),
    get("/api/v1/scheduled_statuses/:id", show, access=user("read:statuses")),
    put("/api/v1/scheduled_statuses/:id", move, access=user("write:statuses"), params=Move),
    patch("/api/v1/scheduled_statuses/:id", move, access=user("write:statuses"), params=Move),
    delete("/api/v1/scheduled_statuses/:id", cancel, access=user("write:statuses")),
]
