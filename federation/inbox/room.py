"""How much may wait here to be handled: of one site, and in all. Whoever floods us fills neither the database nor the
others' time, under however many subdomains.
"""

import time
from typing import Literal

from cachetools import LRUCache

from federation.context import Fed
from storage import inbox, sites

# After so many activities of a site it is counted how many of them still wait: the quiet ones cost no query.
COUNT_EVERY = 100
# What has no room left is counted again so often; all together in any case, since other processes take some in too.
PAUSE_SECONDS = 1.0
ALL_SECONDS = 10.0
# When too much waits in all, whoever has next to nothing waiting is heard all the same, up to a tenth more.
LITTLE = 10
BEYOND = 1.1

Verdict = Literal["room", "site full", "all full"]


class Load:
    """A site as this process sees it, or all of them."""

    __slots__ = ("counted_at", "full", "taken", "waiting")

    def __init__(self) -> None:
        self.taken = 0  # since it was counted
        self.full = False
        self.waiting = 0
        self.counted_at = time.monotonic()


async def left(fed: Fed, host: str) -> Verdict:
    """Whether one more activity of a host may be queued."""
    site = sites.of_host(host)
    everything = await _everything(fed)
    if everything.waiting >= fed.site.max_waiting:
        if everything.waiting >= fed.site.max_waiting * BEYOND:
            return "all full"
        async with fed.db.read() as conn:
            return "room" if await inbox.waiting(conn, site, limit=LITTLE) < LITTLE else "all full"
    return "room" if await _of_site(fed, site) else "site full"


async def _everything(fed: Fed) -> Load:
    load: Load = fed.kept("inbox.load", lambda: Load())
    load.waiting += 1  # counted anew below, with what has been handled taken off
    now = time.monotonic()
    if now >= load.counted_at + (PAUSE_SECONDS if load.waiting >= fed.site.max_waiting else ALL_SECONDS):
        load.counted_at = now
        async with fed.db.read() as conn:
            load.waiting = await inbox.waiting_in_all(conn, limit=round(fed.site.max_waiting * BEYOND) + 1)
    return load


async def _of_site(fed: Fed, site: str) -> bool:
    loads: LRUCache[str, Load] = fed.kept("inbox.loads", lambda: LRUCache(10_000))
    load = loads.setdefault(site, Load())
    most = fed.site.max_waiting_per_host
    now = time.monotonic()
    load.taken += 1
    if load.full:
        if now < load.counted_at + PAUSE_SECONDS:
            return False
    elif load.taken < min(COUNT_EVERY, most):
        return True
    load.taken, load.counted_at = 0, now
    async with fed.db.read() as conn:
        load.full = await inbox.waiting(conn, site, limit=most) >= most
    return not load.full
