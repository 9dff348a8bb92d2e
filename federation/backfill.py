"""What a profile shows of its past: the posts that its actor has pinned, the recent ones, and how many there are.
Fetched by jobs when somebody here follows the actor or looks at the profile, within a budget, and stored quietly under
their own dates.
"""

import time
from datetime import timedelta
from typing import Any

from cachetools import TTLCache

from federation import budgets, gathering, references
from federation.context import Fed
from federation.errors import Rejected
from federation.vocab import normalise
from storage import account_claims, accounts, jobs, pins, profile_reads
from storage.account_claims import Claims
from storage.accounts import Account
from storage.db import Conn
from storage.visibility import PRIVATE

FEATURED_JOB = accounts.PINS_JOB
OUTBOX_JOB = "fetch_outbox"  # payload {"account_id": …}
COUNTS_JOB = "fetch_counts"  # payload {"account_id": …}

MAX_PINNED = 10
MAX_POSTS = 40
MAX_PAGES = 4
READ_EVERY = timedelta(days=1)
FAILED_FOR = timedelta(hours=1)
# So often one process asks the database whether it is time.
LOOK_SECONDS = 600


async def begin(conn: Conn, account: Account) -> None:
    """Leave the jobs that read a remote profile, unless that was done lately."""
    if account.is_local or account.suspended_at is not None:
        return
    if not await profile_reads.claim(conn, account.id, every=READ_EVERY):
        return
    payload = {"account_id": account.id}
    if account.featured_uri:
        await jobs.enqueue(conn, FEATURED_JOB, payload, queue="slow", key=str(account.id))
    if account.outbox:
        await jobs.enqueue(conn, OUTBOX_JOB, payload, queue="slow", key=str(account.id))
    if account.followers_uri or account.following_uri:
        await jobs.enqueue(conn, COUNTS_JOB, payload, queue="slow", key=str(account.id))


async def look(fed: Fed, account: Account) -> None:
    """Somebody here looks at a profile."""
    recent: TTLCache[int, bool] = fed.kept("backfill.looked", lambda: TTLCache(10_000, LOOK_SECONDS, time.monotonic))
    if account.is_local or account.id in recent:
        return
    recent[account.id] = True
    async with fed.db.transaction() as conn:
        await begin(conn, account)


async def featured(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: make our pins of a remote account those of its `featured` collection."""
    account = await _remote(fed, payload)
    if account is None or account.featured_uri is None:
        return
    budget = budgets.of_profile(account.id)
    listed = await references.items(fed, account.featured_uri, budget, most=MAX_PINNED)
    known, missing = await gathering.fresh(fed, listed)
    found = {post.uri: post for post in known}
    # A community shows what its members wrote, and nobody else what others did.
    author = None if account.group else account.uri
    for item in missing:
        stored, _ = await gathering.post(fed, item, budget, listed_by=account.featured_uri, author=author)
        if stored is not None:
            found[stored.uri] = stored
    pinned = [found[item.id or ""] for item in listed if item.id in found]
    async with fed.db.transaction() as conn:
        await pins.replace(conn, account.id, [post.id for post in pinned if post.visibility < PRIVATE])


async def outbox(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: the recent public posts of a remote account, from its own outbox. Boosts are left out: they would have to be
    fetched from everywhere."""
    account = await _remote(fed, payload)
    if account is None or account.outbox is None:
        return
    budget = budgets.of_profile(account.id)
    try:
        listing = await references.read(fed, account.outbox, budget, most=MAX_POSTS, pages=MAX_PAGES)
    except Rejected:
        async with fed.db.transaction() as conn:
            await profile_reads.postpone(conn, account.id, every=READ_EVERY, by=FAILED_FOR)
        raise
    await _claim(fed, account, Claims(statuses=listing.total))
    _, missing = await gathering.fresh(fed, listing.items)
    for item in missing:
        await gathering.post(fed, item, budget, listed_by=account.outbox, author=account.uri)


async def counts(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: how many follow a remote account and how many it follows, as its server says. Not who."""
    account = await _remote(fed, payload)
    if account is None:
        return
    budget = budgets.of_profile(account.id)
    found = list[int | None]()
    for uri in (account.followers_uri, account.following_uri):
        own = uri is not None and normalise.same_host(uri, account.uri)
        found.append(await references.total(fed, uri, budget) if uri is not None and own else None)
    await _claim(fed, account, Claims(followers=found[0], following=found[1]))


async def _claim(fed: Fed, account: Account, claims: Claims) -> None:
    if claims != Claims():
        async with fed.db.transaction() as conn:
            await account_claims.put(conn, account.id, claims)


async def _remote(fed: Fed, payload: dict[str, Any]) -> Account | None:
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, payload["account_id"])
    return account if account and not account.is_local and account.suspended_at is None else None
