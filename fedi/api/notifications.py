"""What happened to a person, one line an event."""

import msgspec

from fedi import entities, errors, i18n
from fedi.context import App
from fedi.entities.notification import REACTION, TYPES, WITH_COLLECTION, Notification
from fedi.http.endpoint import Call, NoParams, User, delete, get, post, user
from fedi.http.paging import PageParams, link, page
from storage import markers, notifications
from storage.db import Conn
from storage.notifications import Notification as Row
from storage.notifications import Wanted
from storage.paging import Page

READ, WRITE = user("read:notifications"), user("write:notifications")

# When filters leave lines out, so many more pages are read to fill up a page: clients take a short one for the last.
MAX_REFILLS = 10
COUNTED, MAX_COUNTED = 100, 1000


class FallbackParams(msgspec.Struct, frozen=True, kw_only=True):
    supported_types: tuple[str, ...] | None = None


class ListParams(PageParams, frozen=True, kw_only=True):
    supported_types: tuple[str, ...] | None = None
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    account_id: int | None = None
    include_filtered: bool = False


class CountParams(msgspec.Struct, frozen=True, kw_only=True):
    limit: int | None = None
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    account_id: int | None = None


class IdParams(msgspec.Struct, frozen=True, kw_only=True):
    id: int


class IdsParams(msgspec.Struct, frozen=True, kw_only=True):
    ids: tuple[int, ...] = ()


class Count(msgspec.Struct, frozen=True):
    count: int


def wanted(params: ListParams | CountParams) -> Wanted:
    """Types that do not exist are left out; when none is left, nothing is wanted."""
    return Wanted(
        types=tuple(each for each in params.types if each in TYPES) if params.types else None,
        without=params.exclude_types,
        from_id=params.account_id,
        filtered=isinstance(params, ListParams) and params.include_filtered,
    )


def known(me: User, params: FallbackParams | ListParams) -> frozenset[str] | None:
    """Types that the app says it knows. Words for others are in the person's language."""
    i18n.use(i18n.choose(me.locale))
    if params.supported_types is not None:
        return ALWAYS_KNOWN.union(params.supported_types)
    # Who asks for reactions by name knows what they are.
    return TYPES if isinstance(params, ListParams) and REACTION in params.types else None


# Old enough for every app; there are no words for them.
ALWAYS_KNOWN = (
    TYPES - {"admin.sign_up", "admin.report", "severed_relationships", "moderation_warning", REACTION} - WITH_COLLECTION
)


async def index(call: Call[ListParams]) -> list[Notification]:
    asked, which, types = page(call.params, default=40, most=80), wanted(call.params), known(call.user, call.params)
    me = call.user.account_id
    async with call.read() as conn:
        rows = await notifications.page(conn, me, asked, which)
        found = await entities.notifications(call.app, conn, rows, me, known=types)
        seen, read = list(rows), len(rows) == asked.size
        upwards = asked.min_id is not None
        for _refill in range(MAX_REFILLS):
            if not (len(found) < asked.size and read and seen):
                break
            rows = await notifications.page(conn, me, asked.beyond(seen[0].id, seen[-1].id, size=asked.size), which)
            more = await entities.notifications(call.app, conn, rows, me, known=types)
            seen, found = (rows + seen, more + found) if upwards else (seen + rows, found + more)
            read = len(rows) == asked.size
    return _cut(call, asked, seen, found)


def _cut(call: Call[ListParams], asked: Page, seen: list[Row], found: list[Notification]) -> list[Notification]:
    """A page of it. What is cut off counts as not seen: the next page begins with it."""
    ids = [row.id for row in seen]
    if len(found) > asked.size and asked.min_id is None:
        found = found[: asked.size]
        ids = [ident for ident in ids if ident >= int(found[-1].id)]
    elif len(found) > asked.size:
        found = found[-asked.size :]
        ids = [ident for ident in ids if ident <= int(found[0].id)]
    link(call, ids)
    return found


async def show(call: Call[FallbackParams]) -> Notification:
    types = known(call.user, call.params)
    async with call.read() as conn:
        row = await notifications.by_id(conn, call.user.account_id, call.id())
        rows = [row] if row else []
        found = await entities.notifications(call.app, conn, rows, call.user.account_id, known=types)
    if not found:
        raise errors.NotFound
    return found[0]


async def marker(conn: Conn, me: User) -> int:
    """The newest that the person has read."""
    rows = await markers.read(conn, me.user_id, me.account_id, ["notifications"])
    return rows[0].last_read_id if rows else 0


def count_limit(params: CountParams) -> int:
    return COUNTED if params.limit is None else min(abs(params.limit), MAX_COUNTED)


async def unread_count(call: Call[CountParams]) -> Count:
    """How many are newer than the marker, as far as the limit."""
    async with call.read() as conn:
        above = await marker(conn, call.user)
        count = await notifications.unread_count(
            conn, call.user.account_id, wanted(call.params), above=above, limit=count_limit(call.params)
        )
    return Count(count)


async def dismiss(call: Call[NoParams]) -> None:
    await _dismiss_one(call.app, call.user, call.id())


async def dismiss_named(call: Call[IdParams]) -> None:
    """As apps did before 3.0."""
    await _dismiss_one(call.app, call.user, call.params.id)


async def _dismiss_one(app: App, me: User, notification_id: int) -> None:
    async with app.db.transaction() as conn:
        if not await notifications.dismiss(conn, me.account_id, [notification_id]):
            raise errors.NotFound


async def dismiss_several(call: Call[IdsParams]) -> None:
    """Ids that are not there any more do not matter."""
    async with call.app.db.transaction() as conn:
        await notifications.dismiss(conn, call.user.account_id, call.params.ids)


async def clear(call: Call[NoParams]) -> None:
    async with call.app.db.transaction() as conn:
        await notifications.clear(conn, call.user.account_id)


ROUTES = [
    get("/api/v1/notifications", index, access=READ, params=ListParams),
    get("/api/v1/notifications/unread_count", unread_count, access=READ, params=CountParams),
    post("/api/v1/notifications/clear", clear, access=WRITE),
    post("/api/v1/notifications/dismiss", dismiss_named, access=WRITE, params=IdParams),
    delete("/api/v1/notifications/destroy_multiple", dismiss_several, access=WRITE, params=IdsParams),
    get("/api/v1/notifications/:id", show, access=READ, params=FallbackParams),
    post("/api/v1/notifications/:id/dismiss", dismiss, access=WRITE),
    delete("/api/v1/notifications/:id", dismiss, access=WRITE),
]
