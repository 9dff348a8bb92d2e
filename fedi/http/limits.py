"""How often a token or an address may call, per family of routes: Mastodon's numbers, in fixed windows.

A process counts in its memory and tells the others, through the database, what it has counted since it last did. So a
request costs no query, and somebody who spreads calls over N processes gains what N of them take in `SHARE_SECONDS`.

The headers name the bucket that is nearest to its end: https://docs.joinmastodon.org/api/rate-limits/
"""

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec
from cachetools import TTLCache
from starlette.requests import Request

from federation.http.callers import client_ip
from fedi import errors
from fedi.http.endpoint import Endpoint, Viewer
from storage import rate_limits
from storage.db import Database
from storage.errors import Away

log = logging.getLogger(__name__)

MINUTE, HOUR = 60, 3600


class Limit(msgspec.Struct, frozen=True):
    """`most` calls a `seconds`, counted per token, per person, or per address (an IPv6 /64 is one)."""

    name: str
    most: int
    seconds: int
    per: str  # token | user | ip


API = (
    Limit("api", 300, 5 * MINUTE, "token"),
    Limit("user", 1500, 5 * MINUTE, "user"),
    Limit("ip", 300, 5 * MINUTE, "ip"),
)
FAMILIES: dict[str, tuple[Limit, ...]] = {
    "api": API,
    "media": (*API, Limit("media", 30, 30 * MINUTE, "user")),
    "thumbnails": API,
    "profile": API,
    "statuses": (*API, Limit("statuses", 300, 3 * HOUR, "user")),
    "deletes": (*API, Limit("deletes", 30, 30 * MINUTE, "user")),
    "follows": (*API, Limit("follows", 400, 24 * HOUR, "user")),
    "translate": (*API, Limit("translate", 100, HOUR, "user")),
    "sign_up": (Limit("sign_up", 5, 30 * MINUTE, "ip"),),
    "apps": (Limit("apps", 5, 10 * MINUTE, "ip"),),
    "oauth": (Limit("oauth", 60, 5 * MINUTE, "ip"),),
    "log_in": (Limit("log_in", 25, 5 * MINUTE, "ip"),),
    "reset": (Limit("reset", 5, 30 * MINUTE, "ip"),),
    "subscribe": (Limit("subscribe", 5, 30 * MINUTE, "ip"),),
    "interact": (Limit("interact", 30, 5 * MINUTE, "ip"),),
    "none": (),
}
# Families whose requests may carry files: the settings that say how large each may be.
UPLOADS: dict[str, tuple[str, ...]] = {
    "media": ("video_max_bytes", "image_max_bytes"),
    "thumbnails": ("image_max_bytes",),
    "profile": ("image_max_bytes", "image_max_bytes"),
}
MAX_BUCKETS = 200_000
SHARE_SECONDS = 1.0
# Of one round, so that a flood of addresses makes no statement without end; the rest goes with the next.
SHARE_AT_MOST = 5000

Bucket = tuple[str, str, int]  # limit, whose, which window


class Count(msgspec.Struct):
    """Calls that all processes knew of when we last asked, those counted here since, and when the window ends."""

    known: int
    here: int
    ends: int  # Unix seconds


class Limits:
    """Counters of one process. `changed`: other numbers for some limits, (most, seconds) by name."""

    def __init__(self, *, enabled: bool = True, changed: Mapping[str, tuple[int, int]] | None = None) -> None:
        self._enabled = enabled
        self._families = {name: _changed(limits, changed or {}) for name, limits in FAMILIES.items()}
        self._counts: TTLCache[Bucket, Count] = TTLCache(MAX_BUCKETS, ttl=24 * HOUR, timer=time.time)
        self._untold: dict[Bucket, Count] = {}

    async def share_forever(self, db: Database) -> None:
        """Until cancelled; then once more, so that a restart forgets nothing."""
        try:
            while True:
                await asyncio.sleep(SHARE_SECONDS)
                await self._share_safely(db)
        finally:
            await self._share_safely(db)

    async def _share_safely(self, db: Database) -> None:
        try:
            await self.share(db)
        except Away:
            log.warning("what callers have spent is not shared; trying again")

    async def share(self, db: Database) -> None:
        """Tell the database what was counted here, and learn what others have."""
        told = dict(list(self._untold.items())[:SHARE_AT_MOST])
        if not told:
            return
        sent = {_hashed(bucket): (bucket, count, count.here) for bucket, count in told.items()}
        spent = [
            rate_limits.Spent(number, datetime.fromtimestamp(count.ends, UTC), here)
            for number, (_, count, here) in sent.items()
        ]
        async with db.transaction() as conn:
            totals = await rate_limits.add(conn, spent)
        for number, (bucket, count, here) in sent.items():
            count.known, count.here = totals[number], count.here - here
            if not count.here:
                self._untold.pop(bucket, None)

    def count(self, request: Request, endpoint: Endpoint, viewer: Viewer | None) -> dict[str, str]:
        """The rate limit headers; `TooMany` with them when a bucket is empty."""
        return self.hit(endpoint.limit, ip=client_ip(request), viewer=viewer)

    def hit(self, family: str, *, ip: str, viewer: Viewer | None = None) -> dict[str, str]:
        """Count one call of a family."""
        if not self._enabled:
            return {}
        return self._spend([(limit, key) for limit in self._families[family] if (key := _key(limit, ip, viewer))])

    def hit_key(self, limit: Limit, key: str) -> None:
        """Count against a bucket of the caller's own: an e-mail address, an account that somebody logs in to."""
        if self._enabled:
            # What strangers type may be a megabyte, and is kept for a day.
            self._spend([(limit, blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest())])

    def _spend(self, buckets: Iterable[tuple[Limit, str]]) -> dict[str, str]:
        now = time.time()
        nearest: tuple[float, dict[str, str]] | None = None
        over = 0  # when there is room again
        for limit, key in buckets:
            window = int(now // limit.seconds)
            used = self._one_more((limit.name, key, window), (window + 1) * limit.seconds)
            if used > limit.most:
                over = max(over, (window + 1) * limit.seconds)
            left = max(limit.most - used, 0)
            if nearest is None or left / limit.most < nearest[0]:
                nearest = (left / limit.most, _headers(limit, left, (window + 1) * limit.seconds))
        headers = nearest[1] if nearest else {}
        if over:
            raise errors.TooMany(headers={**headers, "Retry-After": str(math.ceil(over - now))})
        return headers

    def _one_more(self, bucket: Bucket, ends: int) -> int:
        """Count a call; how many there are in the window."""
        count = self._counts.get(bucket)
        if count is None:
            count = self._counts[bucket] = Count(0, 0, ends)
        count.here += 1
        self._untold[bucket] = count
        return count.known + count.here


def _changed(limits: tuple[Limit, ...], changed: Mapping[str, tuple[int, int]]) -> tuple[Limit, ...]:
    return tuple(Limit(each.name, *changed[each.name], each.per) if each.name in changed else each for each in limits)


def _hashed(bucket: Bucket) -> int:
    return int.from_bytes(blake2b(repr(bucket).encode(), digest_size=8).digest(), signed=True)


def _key(limit: Limit, ip: str, viewer: Viewer | None) -> str | None:
    """The bucket's name; None when the limit does not concern this caller. An application's own token is nobody's:
    anybody gets as many of them as they like."""
    if limit.per == "ip":
        return ip if viewer is None or viewer.user_id is None or limit.name != "ip" else None
    if viewer is None:
        return None if limit.name in ("api", "user") else ip
    if limit.per == "user" and viewer.user_id is not None:
        return f"u{viewer.user_id}"
    return f"t{viewer.token_id}"


def _headers(limit: Limit, left: int, reset: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit.most),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": datetime.fromtimestamp(reset, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
