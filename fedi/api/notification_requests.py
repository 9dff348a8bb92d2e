"""People whose notifications were put aside: to be let in or sent away."""

import msgspec

from fedi import entities, errors
from fedi.api.notifications import READ, WRITE
from fedi.entities.notification_request import NotificationRequest
from fedi.http.endpoint import Call, NoParams, get, post
from fedi.http.paging import PageParams, link, page
from fedi.services import notification_requests as service
from storage import notification_requests


class IdsParams(msgspec.Struct, frozen=True, kw_only=True):
    id: tuple[int, ...] = ()


class Merged(msgspec.Struct, frozen=True):
    merged: bool


async def index(call: Call[PageParams]) -> list[NotificationRequest]:
    asked = page(call.params, default=40, most=80)
    async with call.read() as conn:
        rows = await notification_requests.page(conn, call.user.account_id, asked)
        found = await entities.notification_requests(call.app, conn, rows, call.user.account_id)
    link(call, [row.id for row in rows], full=len(rows) == asked.size)
    return found


async def show(call: Call[NoParams]) -> NotificationRequest:
    async with call.read() as conn:
        rows = await notification_requests.by_ids(conn, call.user.account_id, [call.id()])
        found = await entities.notification_requests(call.app, conn, rows, call.user.account_id)
    if not found:
        raise errors.NotFound
    return found[0]


async def merged(call: Call[NoParams]) -> Merged:
    async with call.read() as conn:
        return Merged(await notification_requests.merged(conn, call.user.account_id))


async def accept(call: Call[NoParams]) -> None:
    if not await service.accept(call.app, call.user.account_id, [call.id()]):
        raise errors.NotFound


async def dismiss(call: Call[NoParams]) -> None:
    if not await service.dismiss(call.app, call.user.account_id, [call.id()]):
        raise errors.NotFound


async def accept_several(call: Call[IdsParams]) -> None:
    await service.accept(call.app, call.user.account_id, call.params.id)


async def dismiss_several(call: Call[IdsParams]) -> None:
    await service.dismiss(call.app, call.user.account_id, call.params.id)


ROUTES = [
    get("/api/v1/notifications/requests", index, access=READ, params=PageParams),
    get("/api/v1/notifications/requests/merged", merged, access=READ),
    post("/api/v1/notifications/requests/accept", accept_several, access=WRITE, params=IdsParams),
    post("/api/v1/notifications/requests/dismiss", dismiss_several, access=WRITE, params=IdsParams),
    get("/api/v1/notifications/requests/:id", show, access=READ),
    post("/api/v1/notifications/requests/:id/accept", accept, access=WRITE),
    post("/api/v1/notifications/requests/:id/dismiss", dismiss, access=WRITE),
]
