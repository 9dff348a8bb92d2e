"""What people do with posts, who did it, and what one has favourited and bookmarked."""

from collections.abc import Awaitable, Callable

import msgspec

from fedi import access, entities
from fedi.context import App
from fedi.entities.account import Account
from fedi.entities.status import Status
from fedi.http.endpoint import Call, Endpoint, NoParams, User, get, post, public, user
from fedi.http.paging import PageParams, link, page
from fedi.services import boosts as boosting
from fedi.services import interactions
from fedi.services.boosts import BoostVisibility
from storage import bookmarks, boosts, favourites


class BoostParams(msgspec.Struct, frozen=True):
    visibility: BoostVisibility | None = None


Act = Callable[[App, User, int], Awaitable[int]]


def _on_status(act: Act) -> Callable[[Call[NoParams]], Awaitable[Status]]:
    """An endpoint that does `act` and answers the post."""

    async def endpoint(call: Call[NoParams]) -> Status:
        status_id = await act(call.app, call.user, call.id())
        async with call.read() as conn:
            return await entities.status(call.app, conn, status_id, call.user.account_id)

    endpoint.__name__ = act.__name__
    return endpoint


def _letting_go(act: Act) -> Callable[[Call[NoParams]], Awaitable[Status]]:
    """The same for an `act` that takes something back, which one may where one may not look any more."""

    async def endpoint(call: Call[NoParams]) -> Status:
        status_id = await act(call.app, call.user, call.id())
        async with call.read() as conn:
            return await entities.status_let_go(call.app, conn, status_id, call.user.account_id)

    endpoint.__name__ = act.__name__
    return endpoint


async def boost(call: Call[BoostParams]) -> Status:
    """Answers the boost, with the post in it."""
    boost_id = await boosting.add(call.app, call.user, call.id(), call.params.visibility)
    async with call.read() as conn:
        return await entities.status(call.app, conn, boost_id, call.user.account_id)


async def favourited_by(call: Call[PageParams]) -> list[Account]:
    wanted = page(call.params, default=40, most=80)
    async with call.read() as conn:
        status = await access.proper_status(conn, call.viewer_id, call.id())
        rows = await favourites.of_status(conn, call.viewer_id, status.id, wanted)
        people = await entities.accounts(call.app, conn, [row.account_id for row in rows], call.viewer_id)
    link(call, [row.id for row in rows], full=len(rows) == wanted.size)
    return people


async def boosted_by(call: Call[PageParams]) -> list[Account]:
    wanted = page(call.params, default=40, most=80)
    async with call.read() as conn:
        status = await access.proper_status(conn, call.viewer_id, call.id())
        rows = await boosts.of_status(conn, call.viewer_id, status.id, wanted)
        people = await entities.accounts(call.app, conn, [row.account_id for row in rows], call.viewer_id)
    link(call, [row.id for row in rows], full=len(rows) == wanted.size)
    return people


async def favourited(call: Call[PageParams]) -> list[Status]:
    wanted = page(call.params, default=20, most=40)
    async with call.read() as conn:
        rows = await favourites.by_account(conn, call.user.account_id, wanted)
        found = await entities.statuses(call.app, conn, [row.status_id for row in rows], call.user.account_id)
    link(call, [row.id for row in rows], full=len(rows) == wanted.size)
    return found


async def bookmarked(call: Call[PageParams]) -> list[Status]:
    wanted = page(call.params, default=20, most=40)
    async with call.read() as conn:
        rows = await bookmarks.by_account(conn, call.user.account_id, wanted)
        found = await entities.statuses(call.app, conn, [row.status_id for row in rows], call.user.account_id)
    link(call, [row.id for row in rows], full=len(rows) == wanted.size)
    return found


def _action(name: str, act: Act, scope: str) -> Endpoint:
    return post(f"/api/v1/statuses/:id/{name}", _on_status(act), access=user(scope))


def _undoing(name: str, act: Act, scope: str) -> Endpoint:
    return post(f"/api/v1/statuses/:id/{name}", _letting_go(act), access=user(scope))


ROUTES = [
    _action("favourite", interactions.favourite, "write:favourites"),
    _undoing("unfavourite", interactions.unfavourite, "write:favourites"),
    post("/api/v1/statuses/:id/reblog", boost, access=user("write:statuses"), params=BoostParams, limit="statuses"),
    _undoing("unreblog", boosting.remove, "write:statuses"),
    _action("bookmark", interactions.bookmark, "write:bookmarks"),
    _undoing("unbookmark", interactions.unbookmark, "write:bookmarks"),
    _action("pin", interactions.pin, "write:accounts"),
    _action("unpin", interactions.unpin, "write:accounts"),
    _action("mute", interactions.mute, "write:mutes"),
    _action("unmute", interactions.unmute, "write:mutes"),
    get("/api/v1/statuses/:id/favourited_by", favourited_by, access=public("read:accounts"), params=PageParams),
    get("/api/v1/statuses/:id/reblogged_by", boosted_by, access=public("read:accounts"), params=PageParams),
    get("/api/v1/favourites", favourited, access=user("read:favourites"), params=PageParams),
    get("/api/v1/bookmarks", bookmarked, access=user("read:bookmarks"), params=PageParams),
]
