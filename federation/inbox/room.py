"""How much one host may leave here for later: whoever floods us fills neither the database nor the others' time."""

import time

from cachetools import LRUCache

from federation.context import Fed
from storage import inbox

# After so many activities of a host it is counted how many of them still wait: the quiet ones cost no query.
COUNT_EVERY = 100
# A host that has no room left is counted again so often.
PAUSE_SECONDS = 1.0


class Load:
    """A host as this process sees it."""

    __slots__ = ("counted_at", "full", "taken")

    def __init__(self) -> None:
        self.taken = 0  # since it was counted
        self.full = False
        self.counted_at = 0.0


async def left(fed: Fed, host: str) -> bool:
    """Whether one more activity of a host may be queued."""
    loads: LRUCache[str, Load] = fed.memory.setdefault("inbox.loads", LRUCache(10_000))
    load = loads.setdefault(host, Load())
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
        load.full = await inbox.waiting(conn, host, limit=most) >= most
    return not load.full
