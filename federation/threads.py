"""Conversations made whole: the posts above one, the answers below it, and what the collection of its thread lists. All
of it is fetched by jobs, within budgets, and stored quietly: it is context, not news.
"""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from federation import budgets, gathering, origins, posts, references, resolve, tallies
from federation.budgets import Budget
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry
from federation.vocab import normalise
from federation.vocab.types import Ref
from storage import jobs, statuses, thread_refreshes, threads
from storage.statuses import Status
from storage.thread_refreshes import Refresh
from storage.visibility import PRIVATE

ANCESTORS_JOB = posts.ANCESTORS_JOB
REPLIES_JOB = "fetch_replies"  # payload {"status_id": …}

MAX_ANCESTORS = 100
MAX_REPLIES = 500
# How long a server that does not answer is asked for what lies above a post.
PATIENCE = timedelta(hours=6)
# A thread that is looked at again and again is asked for again this often.
REPLIES_EVERY = timedelta(minutes=10)


async def ancestors(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: fetch what a post answers, and what that answers, up to the top. Begins where it was interrupted."""
    with budgets.of_chain(payload.get("chain")) as budget:
        await _above(fed, payload["status_id"], budget)


async def _above(fed: Fed, status_id: int, budget: Budget) -> None:
    async with fed.db.read() as conn:
        top = await threads.top(conn, status_id, most=MAX_ANCESTORS)
    seen = set[str]()
    for _ in range(MAX_ANCESTORS):
        if top is None or top.in_reply_to_uri is None or top.in_reply_to_id is not None or top.in_reply_to_uri in seen:
            return
        seen.add(top.in_reply_to_uri)
        try:
            top = await resolve.status(fed, top.in_reply_to_uri, climb=False, budget=budget)
        except (Rejected, Gone):
            return  # the answer stays, without what it answers
        except Retry:
            if datetime.now(UTC) - (top.fetched_at or top.created_at) > PATIENCE:
                return
            raise


async def replies(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: complete a thread that somebody reads, or will: what is above a post, what the collection of the thread
    lists, and the answers that its own server and those of the answers list. What is stored already costs nothing, so
    that it goes on where it was interrupted. Whoever waits for it is told how many came, and when it is over, however
    it ends."""
    status_id: int = payload["status_id"]
    try:
        async with fed.db.read() as conn:
            status = await statuses.by_id(conn, status_id)
        if status is not None and status.visibility < PRIVATE:
            budget = budgets.of_thread(status.thread_id)
            await _climb(fed, status_id, budget)
            if not status.is_local:
                await gathering.again(fed, status, budget)
            gathered = await _read_context(fed, status, budget)
            await _descend(fed, status, budget, gathered)
    finally:
        async with fed.db.transaction() as conn:
            await thread_refreshes.finish(conn, status_id)


async def _climb(fed: Fed, status_id: int, budget: Budget) -> None:
    """A server above that does not answer is asked again by the job that came with the post."""
    try:
        await _above(fed, status_id, budget)
    except Retry:
        return


async def _read_context(fed: Fed, status: Status, budget: Budget) -> int:
    """What the server of the first post lists as its thread (FEP-7888, FEP-f228); how many of them were new. Others may
    not list it: whoever names a collection of their own as its context is not heard."""
    async with fed.db.read() as conn:
        top = await threads.top(conn, status.id, most=MAX_ANCESTORS)
    if top is None or top.is_local:
        return 0
    owner = top.in_reply_to_uri if top.in_reply_to_id is None and top.in_reply_to_uri else top.uri
    named = [uri for uri in (top.conversation_uri, status.conversation_uri) if normalise.same_host(uri, owner)]
    if not named:
        return 0
    try:
        listed = await references.items(fed, named[0] or "", budget, most=MAX_REPLIES)
    except Rejected:
        return 0
    _, missing = await gathering.fresh(fed, listed)
    found = await _gather(fed, missing, budget, status.id, listed_by=named[0] or "")
    return len(found)


async def _descend(fed: Fed, top: Status, budget: Budget, gathered: int) -> None:
    """Level by level. An answer is believed from its own server only, a list read from the server of its post. Below a
    post of ours we know the answers ourselves, but not all of theirs."""
    waiting, asked, visited = deque([top]), set[str](), set[int]()
    while waiting and gathered < MAX_REPLIES and len(visited) < 2 * MAX_REPLIES:
        parent = waiting.popleft()
        if parent.id in visited or parent.visibility >= PRIVATE:
            continue
        visited.add(parent.id)
        known, missing = await _answers(fed, parent, budget, most=MAX_REPLIES - gathered)
        missing = [item for item in missing if item.id not in asked]
        asked.update(item.id or "" for item in missing)
        new = await _gather(fed, missing, budget, top.id, listed_by=parent.replies_uri or "")
        gathered += len(new)
        waiting.extend((*known, *new))


async def _answers(fed: Fed, parent: Status, budget: Budget, *, most: int) -> tuple[list[Status], list[Ref]]:
    """The answers to a post that are known, and those that its server lists beside."""
    async with fed.db.read() as conn:
        below = await threads.answers(conn, parent.id, limit=most)
    if parent.is_local or parent.replies_uri is None:
        return below, []
    try:
        listing = await references.read(fed, parent.replies_uri, budget, most=most)
    except Rejected:
        return below, []
    await tallies.answers(fed, parent, listing.total)
    known, missing = await gathering.fresh(fed, listing.items)
    return list({each.id: each for each in (*below, *known)}.values()), missing


async def _gather(fed: Fed, items: Sequence[Ref], budget: Budget, status_id: int, *, listed_by: str) -> list[Status]:
    """Those that came and were new, each counted for whoever waits."""
    found = list[Status]()
    for item in items:
        if origins.is_ours(fed, origins.parsed(item.id or "")) or budget.documents <= 0:
            continue
        stored, created = await gathering.post(fed, item, budget, listed_by=listed_by)
        if stored is None:
            continue
        found.append(stored)
        if created:
            async with fed.db.transaction() as conn:
                await thread_refreshes.count(conn, status_id)
    return found


async def look_around(fed: Fed, status: Status) -> Refresh | None:
    """Somebody opens a thread: what is under way to complete it, begun now unless that was done a moment ago. Those of
    posts of ours are watched."""
    if status.is_local or status.visibility >= PRIVATE or not _may_be_incomplete(status):
        return None
    async with fed.db.read() as conn:
        found = await thread_refreshes.latest(conn, status.id, within=REPLIES_EVERY)
    if found is not None:
        return found if found.finished_at is None else None
    async with fed.db.transaction() as conn:
        await jobs.enqueue(conn, REPLIES_JOB, {"status_id": status.id}, queue="slow", key=str(status.id))
        return await thread_refreshes.start(conn, status.id)


def _may_be_incomplete(status: Status) -> bool:
    """Whether a server could know more of it: it names what it answers, or where its answers or its thread are."""
    missing_above = status.in_reply_to_uri is not None and status.in_reply_to_id is None
    return missing_above or status.replies_uri is not None or normalise.same_host(status.conversation_uri, status.uri)
