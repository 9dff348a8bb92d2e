"""Followers synchronisation (FEP-8fcf), the receiving half: a server says which of us follow one of its own.

Where we see them differently its list is read: a follow of ours that it does not know ends, one that we do not know is
taken back, or completed where we still waited for its acceptance.
"""

import logging
import time
from typing import Any

from cachetools import TTLCache

from federation import origins, outbound, uris
from federation.context import Fed
from federation.errors import Gone, Rejected
from federation.signatures import synchronization
from federation.vocab import collection, normalise
from federation.vocab.collection import Collection
from storage import accounts, follows, jobs, shared_followers
from storage.accounts import Account

log = logging.getLogger("fedi.inbox")

JOB = "synchronize_followers"  # payload {"account_id": …, "digest": …, "url": …}
MAX_PAGES = 10
MAX_ITEMS = 10_000
# In one go; the rest is noticed with the next post.
MAX_CHANGES = 500
# Of one actor a list is read this often.
AGAIN_SECONDS = 600


async def noticed(fed: Fed, sender_uri: str, value: str) -> None:
    """A delivery, signed by its actor, came with the header: if we see it otherwise, the list is read by a job."""
    claim = synchronization.parse(value)
    if claim is None or not normalise.same_host(claim.url, sender_uri):
        return
    recent: TTLCache[str, str] = fed.kept("followers.recent", lambda: TTLCache(10_000, AGAIN_SECONDS, time.monotonic))
    if recent.get(sender_uri) == claim.digest:
        return
    async with fed.db.read() as conn:
        actor = await accounts.by_uri(conn, sender_uri)
        if actor is None or actor.is_local or actor.followers_uri != claim.collection:
            return
        agreed = synchronization.digest(await shared_followers.local(conn, actor.id)) == claim.digest
    recent[sender_uri] = claim.digest
    if not agreed:
        payload = {"account_id": actor.id, "digest": claim.digest, "url": claim.url}
        async with fed.db.transaction() as conn:
            await jobs.enqueue(conn, JOB, payload, queue="slow", key=str(actor.id))


async def synchronize(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: make our view of somebody's followers here that of their own server."""
    async with fed.db.read() as conn:
        actor = await accounts.by_id(conn, payload["account_id"])
        # Before the list is read: who comes to follow meanwhile may not stand on it yet.
        ours = await shared_followers.local(conn, payload["account_id"])
    if actor is None or actor.is_local or synchronization.digest(ours) == payload["digest"]:
        return
    try:
        listed = await _listed(fed, payload["url"])
    except (Rejected, Gone) as exc:
        log.info("followers not synchronised", extra={"actor": actor.uri, "error": str(exc)})
        return
    # A list other than the one that was signed for proves nothing against a follow.
    if synchronization.digest(listed) == payload["digest"]:
        strangers = [account_id for uri, account_id in ours.items() if uri not in listed]
        await _end(fed, actor, strangers[:MAX_CHANGES])
    await _answer_for(fed, actor, sorted(listed - ours.keys())[:MAX_CHANGES])


async def _end(fed: Fed, actor: Account, follower_ids: list[int]) -> None:
    """Of follows that only we know: posts for followers would not come, but be shown if they did."""
    for account_id in follower_ids:
        async with fed.db.transaction() as conn:
            await follows.unfollow(conn, account_id, actor.id)


async def _answer_for(fed: Fed, actor: Account, listed: list[str]) -> None:
    """Of follows that only they know: accepted, if we still wait for that, else taken back."""
    async with fed.db.read() as conn:
        people = await shared_followers.ours(conn, listed)
    for account in people:
        async with fed.db.transaction() as conn:
            if await follows.accept(conn, account.id, actor.id) or await follows.find(conn, account.id, actor.id):
                continue
            uri = uris.follow(account.uri, await accounts.new_id(conn))
            await outbound.unfollow(conn, fed.site, account, actor, uri)


async def _listed(fed: Fed, url: str) -> set[str]:
    """The people here on a list, all of whose pages lie where it does."""
    found: set[str] = set()
    part = collection.parse(await origins.list_of(fed, url))
    for _ in range(MAX_PAGES):
        found.update(item.id for item in part.items if item.id and item.id.startswith(f"{fed.site.base_url}/"))
        following = part.next if part.is_page else part.first
        if following is None or len(found) > MAX_ITEMS:
            return found
        part = await _page(fed, following.doc, following.id, url)
    raise Rejected("the list of followers is too long")


async def _page(fed: Fed, embedded: dict[str, Any] | None, address: str | None, url: str) -> Collection:
    if embedded is not None:
        return collection.parse(embedded)
    if address is None or not normalise.same_host(address, url):
        raise Rejected("the list of followers goes on elsewhere")
    return collection.parse(await origins.list_of(fed, address))
