"""Trends, counted once a minute and process: the answer is nearly the same for everybody, and costly."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from cachetools import TTLCache

from fedi.context import App
from storage import bundles, trends
from storage.db import Conn
from storage.trends import Link

T = TypeVar("T")

COUNTED_SECONDS = 60
TOPIC = "trends"  # of the bus
# Nobody reads further.
MOST = 200


class Usage(msgspec.Struct, frozen=True, array_like=True):
    day: date
    people: int
    uses: int


class _Memory:
    def __init__(self) -> None:
        self.found: TTLCache[str, list[Any]] = TTLCache(3, COUNTED_SECONDS)  # Any: each kind has its own rows
        self.turn = asyncio.Lock()


async def tags(app: App) -> list[str]:
    """Names of all that trend."""
    return await _counted(app, "tags", lambda conn: trends.tags(conn, limit=MOST, approved=_approved(app)))


async def statuses(app: App) -> list[int]:
    """Ids of all that trend; who may see them is not asked."""
    return await _counted(app, "statuses", lambda conn: trends.statuses(conn, limit=MOST, approved=_approved(app)))


async def links(app: App) -> list[Link]:
    own, approved = f"{app.settings.base_url}/", _approved(app)
    return await _counted(app, "links", lambda conn: trends.links(conn, but_below=own, limit=MOST, approved=approved))


async def all_tags(conn: Conn) -> list[str]:
    """Counted anew, whatever staff has decided: what is up for review."""
    return await trends.tags(conn, limit=MOST, approved=None)


async def all_statuses(conn: Conn) -> list[int]:
    return await trends.statuses(conn, limit=MOST, approved=None)


async def all_links(app: App, conn: Conn) -> list[Link]:
    return await trends.links(conn, but_below=f"{app.settings.base_url}/", limit=MOST, approved=None)


def forget(app: App) -> None:
    """Staff decided about something: count again, in every process."""
    app.bus.publish(TOPIC, None)


def _approved(app: App) -> bool:
    return app.settings.trends_review


def usage(link: Link) -> list[Usage]:
    return bundles.decode(link.usage, Usage)


def host(url: str) -> str:
    """Whose page it is."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


async def _counted(app: App, kind: str, count: Callable[[Conn], Awaitable[list[T]]]) -> list[T]:
    memory = _memory(app)
    known: list[T] | None = memory.found.get(kind)
    if known is None:
        async with memory.turn:  # Others wait for the first who asks.
            known = memory.found.get(kind)
            if known is None:
                async with app.db.read() as conn:
                    known = await count(conn)
                memory.found[kind] = known
    return known


def _memory(app: App) -> _Memory:
    memory: _Memory | None = app.memory.get(__name__)
    if memory is None:
        memory = app.memory[__name__] = _Memory()
        app.bus.subscribe(TOPIC, lambda _: memory.found.clear())
    return memory
