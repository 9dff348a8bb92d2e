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
    return await _counted(app, "tags", lambda conn: trends.tags(conn, limit=MOST))


async def statuses(app: App) -> list[int]:
    """Ids of all that trend; who may see them is not asked."""
    return await _counted(app, "statuses", lambda conn: trends.statuses(conn, limit=MOST))


async def links(app: App) -> list[Link]:
    own = f"{app.settings.base_url}/"
    return await _counted(app, "links", lambda conn: trends.links(conn, but_below=own, limit=MOST))


def usage(link: Link) -> list[Usage]:
    return bundles.decode(link.usage, Usage)


def host(url: str) -> str:
    """Whose page it is."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


async def _counted(app: App, kind: str, count: Callable[[Conn], Awaitable[list[T]]]) -> list[T]:
    memory: _Memory = app.memory.setdefault(__name__, _Memory())
    known: list[T] | None = memory.found.get(kind)
    if known is None:
        async with memory.turn:  # Others wait for the first who asks.
            known = memory.found.get(kind)
            if known is None:
                async with app.db.read() as conn:
                    known = await count(conn)
                memory.found[kind] = known
    return known
