"""Words of the operators to everybody here."""

import msgspec

from fedi import entities
from fedi.entities.announcement import Announcement
from fedi.http.endpoint import ANY_USER, Call, NoParams, delete, get, patch, post, put, user
from fedi.services import announcements as service
from storage import announcements

REACT = user("write:favourites")


class ListParams(msgspec.Struct, frozen=True):
    with_dismissed: bool = False


async def index(call: Call[ListParams]) -> list[Announcement]:
    """All that are not over, without those dismissed unless they are asked for."""
    viewer_id = call.user.account_id
    async with call.read() as conn:
        rows = await announcements.current(conn, viewer_id, dismissed=call.params.with_dismissed)
        return await entities.announced(call.app, conn, rows, viewer_id)


async def dismiss(call: Call[NoParams]) -> None:
    await service.dismiss(call.app, call.user.account_id, call.id())


async def react(call: Call[NoParams]) -> None:
    await service.react(call.app, call.user.account_id, call.id(), call.path["name"])


async def unreact(call: Call[NoParams]) -> None:
    await service.unreact(call.app, call.user.account_id, call.id(), call.path["name"])


ROUTES = [
    get("/api/v1/announcements", index, access=ANY_USER, params=ListParams),
    post("/api/v1/announcements/:id/dismiss", dismiss, access=user("write:accounts")),
    put("/api/v1/announcements/:id/reactions/:name", react, access=REACT),
    patch("/api/v1/announcements/:id/reactions/:name", react, access=REACT),
    delete("/api/v1/announcements/:id/reactions/:name", unreact, access=REACT),
]
