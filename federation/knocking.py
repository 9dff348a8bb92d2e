"""Which kind of signature another server takes. First comes what nearly everybody verifies (draft-cavage); a server
that answers 400 or 401 is asked once more with RFC 9421, and what it then took comes first for a month.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from cachetools import TTLCache

from federation.context import Fed
from federation.http.client import REFUSALS
from storage import hosts
from storage.hosts import Host, Scheme

__all__ = ["REFUSALS", "Order", "accepted", "in_vain", "known", "learn", "order", "settle"]

CACHED_SECONDS = 60
# Neither kind was taken: the reason is another one, and the second request would be one too many.
VAIN_SECONDS = 60

# Their libraries know nothing of RFC 9421; some answer as if all was well, and drop what they could not verify.
CAVAGE_ONLY = frozenset(
    (
        "akkoma", "bridgy-fed", "calckey", "catodon", "cherrypick", "emissary", "firefish", "foundkey", "gotosocial",
        "iceshrimp", "lemmy", "manyfold", "microdotblog", "misskey", "pixelfed", "pleroma", "sharkey", "writefreely",
    )
)  # fmt: skip


class Order(msgspec.Struct, frozen=True):
    """What to sign with, and with what after a refusal."""

    first: Scheme = "cavage"
    second: Scheme | None = "rfc9421"


async def order(fed: Fed, host: str, method: str = "GET") -> Order:
    """For a host as its URLs name it."""
    found = _orders(fed).get(host)
    if found is None:
        async with fed.db.read() as conn:
            found = _orders(fed)[host] = _order(await hosts.find(conn, host))
    return Order(found.first, None) if (method, host) in _vain(fed) else found


def known(fed: Fed, found: Iterable[Host]) -> None:
    """These rows were read just now: nobody need ask again for a while."""
    _orders(fed).update({host.host: _order(host) for host in found})


async def accepted(fed: Fed, host: str, scheme: Scheme) -> None:
    """It took this kind after it had refused the other."""
    async with fed.db.transaction() as conn:
        await hosts.accepted(conn, host, scheme)
    _orders(fed).pop(host, None)


def in_vain(fed: Fed, host: str, method: str = "GET") -> None:
    """It took neither kind."""
    _vain(fed)[method, host] = True


async def learn(fed: Fed, host: str) -> None:
    """It signs with RFC 9421 itself, or says that it can."""
    learnt: TTLCache[str, bool] = fed.kept("knocking.learnt", lambda: TTLCache(10_000, 24 * 3600, time.monotonic))
    if host not in learnt:
        learnt[host] = True
        async with fed.db.transaction() as conn:
            await hosts.takes_rfc9421(conn, host)
        _orders(fed).pop(host, None)


async def settle(fed: Fed, outcomes: Sequence[tuple[str, Scheme | None]]) -> None:
    """Remember how second tries ended: the kind that was taken, None for neither."""
    for host, scheme in outcomes:
        if scheme is None:
            in_vain(fed, host)
        else:
            await accepted(fed, host, scheme)


def _order(host: Host | None) -> Order:
    if host is None:
        return Order()
    since = host.signature_scheme_at
    if host.signature_scheme == "rfc9421" and since and datetime.now(UTC) - since < timedelta(days=hosts.SCHEME_DAYS):
        return Order("rfc9421", "cavage")
    if host.takes_rfc9421_at is None and (host.software or "").lower() in CAVAGE_ONLY:
        return Order("cavage", None)
    return Order()


def _orders(fed: Fed) -> TTLCache[str, Order]:
    found: TTLCache[str, Order] = fed.kept("knocking.orders", lambda: TTLCache(10_000, CACHED_SECONDS, time.monotonic))
    return found


def _vain(fed: Fed) -> TTLCache[tuple[str, str], bool]:
    found: TTLCache[tuple[str, str], bool] = fed.kept(
        "knocking.vain", lambda: TTLCache(10_000, VAIN_SECONDS, time.monotonic)
    )
    return found
