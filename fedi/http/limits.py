"""How often a token or an address may call, per family of routes: Mastodon's numbers, in fixed windows in memory.

The headers name the bucket that is nearest to its end: https://docs.joinmastodon.org/api/rate-limits/
"""

import ipaddress
import time
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
from cachetools import TTLCache
from starlette.requests import HTTPConnection, Request

from fedi import errors
from fedi.http.endpoint import Endpoint, Viewer

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
    "profile": API,
    "statuses": (*API, Limit("statuses", 300, 3 * HOUR, "user")),
    "deletes": (*API, Limit("deletes", 30, 30 * MINUTE, "user")),
    "follows": (*API, Limit("follows", 400, 24 * HOUR, "user")),
    "sign_up": (Limit("sign_up", 5, 30 * MINUTE, "ip"),),
    "apps": (Limit("apps", 5, 10 * MINUTE, "ip"),),
    "oauth": (Limit("oauth", 60, 5 * MINUTE, "ip"),),
    "log_in": (Limit("log_in", 25, 5 * MINUTE, "ip"),),
    "reset": (Limit("reset", 5, 30 * MINUTE, "ip"),),
    "interact": (Limit("interact", 30, 5 * MINUTE, "ip"),),
    "none": (),
}
# Families whose requests may carry images, and how many.
UPLOADS = {"media": 1, "profile": 2}
MAX_BUCKETS = 200_000


class Limits:
    """Counters of one process."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._counts: TTLCache[tuple[str, str, int], int] = TTLCache(MAX_BUCKETS, ttl=24 * HOUR, timer=time.time)

    def count(self, request: Request, endpoint: Endpoint, viewer: Viewer | None) -> dict[str, str]:
        """The rate limit headers; `TooMany` with them when a bucket is empty."""
        return self.hit(endpoint.limit, ip=client_ip(request), viewer=viewer)

    def hit(self, family: str, *, ip: str, viewer: Viewer | None = None) -> dict[str, str]:
        """Count one call of a family."""
        if not self._enabled:
            return {}
        return self._spend([(limit, key) for limit in FAMILIES[family] if (key := _key(limit, ip, viewer))])

    def hit_key(self, limit: Limit, key: str) -> None:
        """Count against a bucket of the caller's own: an e-mail address, an account that somebody logs in to."""
        if self._enabled:
            self._spend([(limit, key)])

    def _spend(self, buckets: Iterable[tuple[Limit, str]]) -> dict[str, str]:
        now = time.time()
        nearest: tuple[float, dict[str, str]] | None = None
        over = False
        for limit, key in buckets:
            window = int(now // limit.seconds)
            used = self._counts.get((limit.name, key, window), 0) + 1
            self._counts[limit.name, key, window] = used
            over = over or used > limit.most
            left = max(limit.most - used, 0)
            if nearest is None or left / limit.most < nearest[0]:
                nearest = (left / limit.most, _headers(limit, left, (window + 1) * limit.seconds))
        headers = nearest[1] if nearest else {}
        if over:
            raise errors.TooMany(headers=headers)
        return headers


def _key(limit: Limit, ip: str, viewer: Viewer | None) -> str | None:
    """The bucket's name; None when the limit does not concern this caller."""
    if limit.per == "ip":
        return ip if viewer is None or limit.name != "ip" else None
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


def client_ip(request: HTTPConnection) -> str:
    """The caller's address, as middleware established it; of IPv6 the /64 network."""
    host = request.client.host if request.client else "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
