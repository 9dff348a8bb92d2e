"""Signs of life: a verified request from a host means that what waits for it may be tried at once."""

import time

from cachetools import TTLCache

from federation.context import Fed
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from storage import hosts

SEEN_SECONDS = 10


def _recent(fed: Fed) -> TTLCache[str, bool]:
    recent: TTLCache[str, bool] = fed.kept("hosts seen", lambda: TTLCache(10_000, SEEN_SECONDS, time.monotonic))
    return recent


async def noted(fed: Fed, actor_uri: str) -> None:
    """Whoever signed a request lives there. Asked of the database every few seconds at most."""
    try:
        host = parse_url(actor_uri).authority
    except BadUrl:
        return
    recent = _recent(fed)
    if host not in recent:
        recent[host] = True
        async with fed.db.transaction() as conn:
            await hosts.seen(conn, host)


def forget(fed: Fed, host: str) -> None:
    """It did not answer: its next sign of life counts."""
    _recent(fed).pop(host, None)
