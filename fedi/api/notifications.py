"""What happened to a person, one line an event."""

from collections.abc import Sequence

import msgspec

from fedi import entities, errors
from fedi.entities.notification import TYPES, Notification
from fedi.http.endpoint import Call, NoParams, get, post, user
from fedi.http.paging import PageParams, link, page
from storage import markers, notifications
from storage.db import Conn
from storage.notifications import Notification as Row
from storage.paging import Page

READ, WRITE = user("read:notifications"), user("write:notifications")

# When filters leave lines out, so many more pages are read to fill up a page: clients take a short one for the last.
MAX_REFILLS = 3
COUNTED, MAX_COUNTED = 100, 1000


class ListParams(PageParams, frozen=True, kw_only=True):
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    account_id: int | None = None


class CountParams(msgspec.Struct, frozen=True, kw_only=True):
    limit: int | None = None
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    account_id: int | None = None


class Count(msgspec.Struct, frozen=True):
    count: int


def _known(types: Sequence[str]) -> list[str] | None:
    """Those that exist; None, which means all, when none was asked for."""
    return [each for each in types if each in TYPES] if types else None


async def index(call: Call[ListParams]) -> list[Notification]:
    wanted = page(call.params, default=40, most=80)
    async with call.read() as conn:
        rows = await _page(conn, call, wanted)
        found = await entities.notifications(call.app, conn, rows, call.user.account_id)
        seen, read = list(rows), len(rows) == wanted.size
        for _refill in range(MAX_REFILLS):
            missing = wanted.size - len(found)
            if not (missing and read and seen):
                break
            rows = await _page(conn, call, _next(wanted, seen, missing))
            more = await entities.notifications(call.app, conn, rows, call.user.account_id)
            upwards = wanted.min_id is not None
            seen, found = (rows + seen, more + found) if upwards else (seen + rows, found + more)
            read = len(rows) == missing
    link(call, [row.id for row in seen])
    return found


def _next(wanted: Page, seen: Sequence[Row], size: int) -> Page:
    """The page after those seen, in the direction of reading."""
    if wanted.min_id is None:
        return msgspec.structs.replace(wanted, size=size, max_id=seen[-1].id)
    return msgspec.structs.replace(wanted, size=size, min_id=seen[0].id)


async def _page(conn: Conn, call: Call[ListParams], wanted: Page) -> list[Row]:
    params = call.params
    return await notifications.page(
        conn,
        call.user.account_id,
        wanted,
        types=_known(params.types),
        without=params.exclude_types,
        from_id=params.account_id,
    )


async def show(call: Call[NoParams]) -> Notification:
    async with call.read() as conn:
        row = await notifications.by_id(conn, call.user.account_id, call.id())
        found = await entities.notifications(call.app, conn, [row], call.user.account_id) if row else []
    if not found:
        raise errors.NotFound
    return found[0]


async def unread_count(call: Call[CountParams]) -> Count:
    """How many are newer than the marker, as far as the limit."""
    params, me = call.params, call.user
    limit = COUNTED if params.limit is None else min(abs(params.limit), MAX_COUNTED)
    async with call.read() as conn:
        marker = await markers.read(conn, me.user_id, me.account_id, ["notifications"])
        count = await notifications.unread_count(
            conn,
            me.account_id,
            above=marker[0].last_read_id if marker else 0,
            limit=limit,
            types=_known(params.types),
            without=params.exclude_types,
            from_id=params.account_id,
        )
    return Count(count)


async def dismiss(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        if not await notifications.dismiss(conn, call.user.account_id, call.id()):
            raise errors.NotFound


async def clear(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await notifications.clear(conn, call.user.account_id)


ROUTES = [
    get("/api/v1/notifications", index, access=READ, params=ListParams),
    get("/api/v1/notifications/unread_count", unread_count, access=READ, params=CountParams),
    post("/api/v1/notifications/clear", clear, access=WRITE),
    get("/api/v1/notifications/:id", show, access=READ),
    post("/api/v1/notifications/:id/dismiss", dismiss, access=WRITE),
]
