"""Home, public, tag and list timelines: pages that are full as long as there is more, however much a viewer hides."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from cachetools import TTLCache

from fedi import access, entities, errors
from fedi.effects.readers import REBUILD_JOB
from fedi.entities.bundle import FilterContext
from fedi.entities.status import Status
from fedi.http.endpoint import Call, get, public, user
from fedi.http.paging import PageParams, link, page
from storage import activity, homes, jobs, tags, timelines
from storage.db import Conn
from storage.errors import DatabaseFull
from storage.homes import Entry
from storage.paging import Page

# How often a page is topped up before a short one is answered, and how many tags of each kind are looked at.
MAX_ROUNDS = 5
MAX_TAGS = 4
TOUCH_SECONDS = 3600.0
MAX_PRESENT = 50_000


class Slice(msgspec.Struct, frozen=True):
    """Part of a timeline: what was looked at, and what of it may be shown."""

    scanned: list[int]
    fitting: list[Entry]


Fetch = Callable[[Conn, Page], Awaitable[Slice]]


class PublicParams(PageParams, frozen=True, kw_only=True):
    local: bool = False
    remote: bool = False
    only_media: bool = False

    @property
    def origin(self) -> timelines.Origin:
        if self.local:
            return "local"
        return "remote" if self.remote else "all"


class LinkParams(PageParams, frozen=True, kw_only=True):
    url: str


class TagParams(PublicParams, frozen=True, kw_only=True):
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


async def home(call: Call[PageParams]) -> list[Status]:
    """206 while the timeline is being made again for somebody who was away."""
    owner_id = call.user.account_id
    wanted = page(call.params, default=20, most=40)

    async def fetch(conn: Conn, part: Page) -> Slice:
        rows = await homes.entries(conn, owner_id, part)
        return Slice([row.status_id for row in rows], rows)

    async with call.read() as conn:
        await _touch(call, conn, owner_id)
        found = await _read(call, conn, wanted, fetch, "home")
        built = bool(found) or wanted.size == 0 or await homes.is_built(conn, owner_id)
    if not built:
        async with call.app.db.transaction() as conn:
            await jobs.enqueue(conn, REBUILD_JOB, {"account_id": owner_id}, queue="slow", key=str(owner_id))
        call.status = 206
    return found


async def _touch(call: Call[Any], conn: Conn, owner_id: int) -> None:
    """Once an hour is enough to know who is here."""
    seen: TTLCache[int, bool] | None = call.app.memory.get(__name__)
    if seen is None:
        seen = call.app.memory[__name__] = TTLCache(MAX_PRESENT, TOUCH_SECONDS)
    if owner_id not in seen:
        seen[owner_id] = True
        with contextlib.suppress(DatabaseFull):  # No reason to show nothing.
            await homes.touch(conn, owner_id)
            await activity.note_presence(conn, owner_id)


async def everybody(call: Call[PublicParams]) -> list[Status]:
    params, viewer_id = call.params, call.viewer_id
    kind = timelines.Public(origin=params.origin, only_media=params.only_media)

    async def fetch(conn: Conn, part: Page) -> Slice:
        return _slice(await timelines.public(conn, viewer_id, kind, part))

    async with call.read() as conn:
        return await _read(call, conn, page(params, default=20, most=40), fetch, "public")


async def direct(call: Call[PageParams]) -> list[Status]:
    """The older view of conversations."""
    viewer_id = call.user.account_id
    call.headers["Deprecation"] = "@1529193600"

    async def fetch(conn: Conn, part: Page) -> Slice:
        return _slice(await timelines.direct(conn, viewer_id, part))

    async with call.read() as conn:
        return await _read(call, conn, page(call.params, default=20, most=40), fetch, "home")


async def linking(call: Call[LinkParams]) -> list[Status]:
    """Posts about a page."""
    params, viewer_id = call.params, call.viewer_id

    async def fetch(conn: Conn, part: Page) -> Slice:
        return _slice(await timelines.linking(conn, viewer_id, params.url, part))

    async with call.read() as conn:
        found = await _read(call, conn, page(params, default=20, most=40), fetch, "public")
        if not found and not await timelines.known_link(conn, params.url):
            raise errors.NotFound
        return found


async def tag(call: Call[TagParams]) -> list[Status]:
    params, viewer_id = call.params, call.viewer_id
    kind = timelines.Tagged(
        any=(tags.normalise(call.path["hashtag"].removeprefix("#")), *_names(params.any)),
        all=_names(params.all),
        none=_names(params.none),
        origin=params.origin,
        only_media=params.only_media,
    )

    async def fetch(conn: Conn, part: Page) -> Slice:
        return _slice(await timelines.tagged(conn, viewer_id, kind, part))

    async with call.read() as conn:
        return await _read(call, conn, page(params, default=20, most=40), fetch, "public")


async def members(call: Call[PageParams]) -> list[Status]:
    """Of one of the viewer's lists."""
    owner_id = call.user.account_id

    list_id = call.id()

    async def fetch(conn: Conn, part: Page) -> Slice:
        rows = await timelines.listed(conn, owner_id, list_id, part)
        return Slice([row.status_id for row in rows], [Entry(row.status_id, row.orig_id) for row in rows if row.fits])

    async with call.read() as conn:
        found = await _read(call, conn, page(call.params, default=20, most=40), fetch, "home")
        if not found:
            await access.own_list(conn, owner_id, list_id)
        return found


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tags.normalise(name.removeprefix("#")) for name in names[:MAX_TAGS])


def _slice(status_ids: list[int]) -> Slice:
    return Slice(status_ids, [Entry(status_id, status_id) for status_id in status_ids])


async def _read(call: Call[Any], conn: Conn, wanted: Page, fetch: Fetch, context: FilterContext) -> list[Status]:
    """A full page, unless there is no more: what is hidden from the viewer is made up for by what follows.

    The Link header names the ends of what was looked at, so that nothing is skipped and nothing comes twice.
    """
    found, scanned, shown = list[Status](), list[int](), set[int]()
    part = wanted
    for _round in range(MAX_ROUNDS if wanted.size else 0):
        rows = await fetch(conn, part)
        ids = _once(rows.fitting, shown)
        load = entities.Wanted(status_ids=ids, filter_context=context, unmuted=True)
        loaded = (await entities.load(call.app, conn, call.viewer_id, load)).pick(ids)
        ascending = wanted.min_id is not None
        found = [*loaded, *found] if ascending else [*found, *loaded]
        scanned = [*rows.scanned, *scanned] if ascending else [*scanned, *rows.scanned]
        if len(found) >= wanted.size or len(rows.scanned) < part.size:
            break
        part = _beyond(wanted, scanned)
    found, scanned = _cut(wanted, found, scanned)
    link(call, scanned)
    return found


def _once(entries: list[Entry], shown: set[int]) -> list[int]:
    """Ids, without a second appearance of the same post on one page."""
    ids = []
    for entry in entries:
        if entry.orig_id not in shown:
            shown.add(entry.orig_id)
            ids.append(entry.status_id)
    return ids


def _beyond(wanted: Page, scanned: list[int]) -> Page:
    """What comes after the part that was looked at, in the direction of reading."""
    if wanted.min_id is None:
        return msgspec.structs.replace(wanted, max_id=scanned[-1])
    return msgspec.structs.replace(wanted, min_id=scanned[0])


def _cut(wanted: Page, found: list[Status], scanned: list[int]) -> tuple[list[Status], list[int]]:
    """At most a page of it. What is cut off was not looked at: the next page begins with it."""
    if len(found) <= wanted.size:
        return found, scanned
    if wanted.min_id is None:
        kept = found[: wanted.size]
        return kept, [ident for ident in scanned if ident >= int(kept[-1].id)]
    kept = found[-wanted.size :]
    return kept, [ident for ident in scanned if ident <= int(kept[0].id)]


ROUTES = [
    get("/api/v1/timelines/home", home, access=user("read:statuses"), params=PageParams),
    get("/api/v1/timelines/public", everybody, access=public("read:statuses"), params=PublicParams),
    get("/api/v1/timelines/tag/:hashtag", tag, access=public("read:statuses"), params=TagParams),
    get("/api/v1/timelines/direct", direct, access=user("read:statuses"), params=PageParams),
    get("/api/v1/timelines/link", linking, access=public("read:statuses"), params=LinkParams),
    get("/api/v1/timelines/list/:id", members, access=user("read:lists"), params=PageParams),
]
