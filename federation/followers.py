"""Followers synchronisation (FEP-8fcf), the sending half: what goes to followers alone says, in a signed header, which
of them we think live there. `federation.listings` shows a server the list of its own people, and
`federation.reconciling` is the receiving half.
"""

import time
from collections import defaultdict

import msgspec
import orjson
from cachetools import TTLCache

from federation import uris
from federation.context import Fed
from federation.signatures import synchronization
from federation.signatures.synchronization import HEADER, Claim
from federation.vocab.audience import PUBLIC
from storage import accounts, shared_followers

# Larger ones would be read and hashed for every post: Mastodon's bound.
MAX_FOLLOWERS = 25_000
MAX_LISTED = 5_000
DIGEST_SECONDS = 60


class _Seen(msgspec.Struct, frozen=True):
    """How we see the followers of one of ours: host → digest. None where there are too many to list, or where others
    read the inbox than those who live there."""

    count: int
    collection: str
    digests: dict[str, str | None]


async def header(fed: Fed, account_id: int, host: str, body: bytes) -> dict[str, str]:
    """What a delivery says of the followers who live on its host, if it is for followers alone."""
    if PUBLIC.encode() in body or b"/followers" not in body:
        return {}
    sent = orjson.loads(body)
    async with fed.db.read() as conn:
        stats = (await accounts.stats(conn, [account_id])).get(account_id)
    if stats is None or stats.followers_count > MAX_FOLLOWERS:
        return {}
    seen = await _seen(fed, account_id, stats.followers_count)
    found = seen.digests.get(host, synchronization.digest(()))
    if found is None or seen.collection not in (*sent.get("to", ()), *sent.get("cc", ())):
        return {}
    url = uris.followers_synchronization(sent["actor"])
    return {HEADER: synchronization.header(Claim(seen.collection, found, url))}


async def _seen(fed: Fed, account_id: int, count: int) -> _Seen:
    cache: TTLCache[int, _Seen] = fed.kept("followers.digests", lambda: TTLCache(1000, DIGEST_SECONDS, time.monotonic))
    known = cache.get(account_id)
    if known is not None and known.count == count:
        return known
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, account_id)
        people = await shared_followers.remote(conn, account_id)
    by_host: dict[str, list[str]] = defaultdict(list)
    elsewhere = {_host(inbox): None for uri, inbox in people if _host(inbox) != _host(uri)}
    for uri, _ in people:
        by_host[_host(uri)].append(uri)
    listed = {host: synchronization.digest(each) if len(each) <= MAX_LISTED else None for host, each in by_host.items()}
    cache[account_id] = found = _Seen(count, account.followers_uri or "" if account else "", {**listed, **elsewhere})
    return found


def _host(uri: str) -> str:
    return uri.split("/", 3)[2] if uri.count("/") >= 2 else ""
