"""Asks the origin of a URI for its document: never a host we do not talk to, one request at a time for one URI, with a
memory of what failed, and within the budget of whatever led here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from cachetools import TTLCache

from federation import budgets, knocking, policy, signing
from federation.budgets import Budget
from federation.context import INSTANCE_ACTOR_ID, Fed
from federation.errors import Blocked, Gone, Rejected, Retry
from federation.http.addresses import Url, parse_url
from federation.http.client import Judge
from federation.http.errors import BadUrl, Refused
from federation.http.fetch import Document, fetch_document, fetch_page_document, fetch_unnamed

T = TypeVar("T")

# A refusal is final for a while: the same missing mention stands in many posts.
REFUSED_SECONDS = 120
# A host that failed this often in a row is left alone until the failures are forgotten.
HOST_FAILURES = 3
HOST_PAUSE_SECONDS = 60


def is_ours(fed: Fed, url: Url) -> bool:
    """Whether an address is one of this server's."""
    return url.authority == fed.site.host


def parsed(uri: str) -> Url:
    """The URI as an address; Rejected when it is none."""
    try:
        return parse_url(uri)
    except BadUrl as exc:
        raise Rejected(f"{uri[:200]} cannot be fetched: {exc}") from exc


async def admit(fed: Fed, *authorities: str) -> policy.Verdict:
    """Our verdict on a host, or on what belongs to several; Blocked when it is not to reach us at all."""
    async with fed.db.read() as conn:
        verdict = await policy.together(conn, fed.site, authorities)
    if not verdict.allowed:
        raise Blocked(f"{' or '.join(authorities)} is blocked here")
    return verdict


def judge(fed: Fed) -> Judge:
    """Asked about every address that an answer sends us to: our rules hold there as for the first, before anything is
    sent, and nobody makes us ask ourselves. Raises Blocked, Rejected or Crowded."""

    async def ask(url: Url) -> None:
        if is_ours(fed, url):
            raise Rejected(f"{url.full} leads to ourselves")
        await admit(fed, url.authority)
        await budgets.meet(fed, url.authority)

    return ask


def reader(fed: Fed) -> Judge:
    """The same for pages of the web. Raises Refused."""

    async def ask(url: Url) -> None:
        async with fed.db.read() as conn:
            if not await policy.may_be_read(conn, fed.site, url.full):
                raise Refused(f"{url.authority} is blocked here")

    return ask


async def document(
    fed: Fed, uri: str, *, budget: Budget | None = None, sign_as: int = INSTANCE_ACTOR_ID, again: bool = False
) -> Document:
    """The document of a URI, its origin proven. Raises Rejected, Gone or Retry.

    `again`: somebody asks in person, or there is news; what failed a moment ago is tried once more.
    """
    url = parsed(uri)
    await _check(fed, url, budget=budget, again=again)
    sign = await signing.fetch(fed, url.full, sign_as)
    found = await once(
        fed,
        ("document", url.full, sign_as),
        lambda: _remembered(fed, url, sign, fetch_document(fed.http, url.full, sign=sign, judge=judge(fed))),
    )
    await budgets.met(fed, url.authority)
    await budgets.met(fed, found.url.authority)
    return found


async def list_of(fed: Fed, uri: str) -> dict[str, Any]:
    """A collection that its owner named to us under signature: its id need not be its address. Any: JSON."""
    url = parsed(uri)
    await _check(fed, url, budget=None, again=True)
    sign = await signing.fetch(fed, url.full)
    return await _remembered(fed, url, sign, fetch_unnamed(fed.http, url.full, sign=sign, judge=judge(fed)))


async def page(fed: Fed, address: str) -> Document:
    """The document behind an address that a person pasted: itself, or what its web page names as alternate."""
    url = parsed(address)
    await _check(fed, url, budget=None, again=True)
    sign = await signing.fetch(fed, url.full)
    found = await _remembered(fed, url, sign, fetch_page_document(fed.http, url.full, sign=sign, judge=judge(fed)))
    await budgets.met(fed, url.authority)
    return found


async def once(fed: Fed, key: object, make: Callable[[], Awaitable[T]]) -> T:
    """What `make` yields; whoever asks for the same key meanwhile gets the same answer."""
    running: dict[object, asyncio.Future[T]] = fed.memory.setdefault("origins.running", {})
    future = running.get(key)
    if future is None:
        future = running[key] = asyncio.ensure_future(make())
        future.add_done_callback(lambda done: _finished(running, key, done))
    # Shielded: one impatient caller must not cancel the others' answer.
    return await asyncio.shield(future)


def _finished(running: dict[object, asyncio.Future[T]], key: object, done: asyncio.Future[T]) -> None:
    del running[key]
    if not done.cancelled():
        done.exception()  # seen, even when every caller has gone


async def _check(fed: Fed, url: Url, *, budget: Budget | None, again: bool) -> None:
    if is_ours(fed, url):
        raise Rejected(f"{url.full} would be ours, and does not exist")
    if not again:
        refused = _refusals(fed).get(url.full)
        if refused is not None:
            raise type(refused)(str(refused))
    if _failures(fed).get(url.authority, 0) >= HOST_FAILURES:
        raise Retry(f"{url.authority} does not answer", after=HOST_PAUSE_SECONDS)
    await admit(fed, url.authority)
    await budgets.meet(fed, url.authority)
    budget = budget or budgets.ongoing()
    if budget is not None:
        await budgets.spend(fed, budget, url.authority)


async def _remembered(fed: Fed, url: Url, sign: signing.Fetch, fetch: Awaitable[T]) -> T:
    try:
        try:
            found = await fetch
        finally:
            await knocking.settle(fed, sign.outcomes)
    except Retry:
        failures = _failures(fed)
        failures[url.authority] = failures.get(url.authority, 0) + 1
        raise
    except Blocked:  # on the way; that is ours to change
        raise
    except (Rejected, Gone) as exc:
        _refusals(fed)[url.full] = exc
        _failures(fed).pop(url.authority, None)
        raise
    _refusals(fed).pop(url.full, None)
    _failures(fed).pop(url.authority, None)
    return found


def _refusals(fed: Fed) -> TTLCache[str, Rejected | Gone]:
    cache: TTLCache[str, Rejected | Gone] | None = fed.memory.get("origins.refusals")
    if cache is None:
        cache = fed.memory["origins.refusals"] = TTLCache(10_000, REFUSED_SECONDS)
    return cache


def _failures(fed: Fed) -> TTLCache[str, int]:
    cache: TTLCache[str, int] | None = fed.memory.get("origins.failures")
    if cache is None:
        cache = fed.memory["origins.failures"] = TTLCache(10_000, HOST_PAUSE_SECONDS)
    return cache
