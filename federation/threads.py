"""What surrounds a post on other servers: the posts above it, the answers below it, what an actor pinned. All of it is
fetched by jobs, within a budget, and stored quietly: it is context, not news.
"""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any

from federation import origins, posts, resolve
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry
from federation.origins import Budget
from federation.vocab import collection, normalise, note, types
from federation.vocab.types import Ref
from storage import accounts, jobs, pins, statuses, thread_refreshes, threads
from storage.accounts import Account
from storage.statuses import Status
from storage.thread_refreshes import Refresh
from storage.visibility import PRIVATE

ANCESTORS_JOB = posts.ANCESTORS_JOB
REPLIES_JOB = "fetch_replies"  # payload {"status_id": …}
FEATURED_JOB = accounts.PINS_JOB

MAX_ANCESTORS = 100
MAX_REPLIES = 500
MAX_PAGES = 50
MAX_PINNED = 10
# How long a server that does not answer is asked for what lies above a post.
PATIENCE = timedelta(hours=6)
# A thread that is looked at again and again is asked for again this often.
REPLIES_EVERY = timedelta(minutes=10)


async def ancestors(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: fetch what a post answers, and what that answers, up to the top. Begins where it was interrupted."""
    async with fed.db.read() as conn:
        top = await threads.top(conn, payload["status_id"], most=MAX_ANCESTORS)
    budget, seen = Budget(), set[str]()
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
    """Job: complete a thread that somebody reads: what is above a remote post, and the answers that its own server and
    those of the answers list. Whoever waits for it is told how many came, and when it is over, however it ends."""
    status_id: int = payload["status_id"]
    try:
        await _climb(fed, status_id)
        await _descend(fed, status_id)
    finally:
        async with fed.db.transaction() as conn:
            await thread_refreshes.finish(conn, status_id)


async def _climb(fed: Fed, status_id: int) -> None:
    """A server above that does not answer is asked again by the job that came with the post."""
    try:
        await ancestors(fed, {"status_id": status_id})
    except Retry:
        return


async def _descend(fed: Fed, status_id: int) -> None:
    """Level by level. An answer is believed from its own server only, a list read from the server of its post."""
    async with fed.db.read() as conn:
        top = await statuses.by_id(conn, status_id)
    budget, waiting, seen = Budget(documents=MAX_REPLIES + MAX_PAGES), deque([top]), set[str]()
    while waiting and len(seen) < MAX_REPLIES:
        parent = waiting.popleft()
        if parent is None or parent.is_local or parent.replies_uri is None or parent.visibility >= PRIVATE:
            continue
        try:
            items = await references(fed, parent.replies_uri, budget, most=MAX_REPLIES - len(seen))
        except Rejected:
            continue
        fresh = [item for item in items if item.id not in seen]
        seen.update(item.id or "" for item in fresh)
        async with fed.db.read() as conn:
            known = await statuses.by_uris(conn, [item.id or "" for item in fresh])
        waiting.extend(known.values())
        for item in fresh:
            if item.id not in known:
                waiting.append(await _fetched(fed, item, parent, budget, status_id))


async def _fetched(fed: Fed, item: Ref, parent: Status, budget: Budget, status_id: int) -> Status | None:
    try:
        await _answer(fed, item, parent, budget)
    except (Rejected, Gone, Retry):
        return None
    async with fed.db.transaction() as conn:
        await thread_refreshes.count(conn, status_id)
        return await statuses.by_uri(conn, item.id or "")


async def featured(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: make our pins of a remote account those of its `featured` collection."""
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, payload["account_id"])
    if account is None or account.is_local or account.featured_uri is None:
        return
    budget, found = Budget(), list[int]()
    for item in await references(fed, account.featured_uri, budget, most=MAX_PINNED):
        try:
            pinned = await _pinned(fed, item, account, budget)
        except (Rejected, Gone, Retry):
            continue
        if pinned is not None:
            found.append(pinned.id)
    async with fed.db.transaction() as conn:
        await pins.replace(conn, account.id, found)


async def look_around(fed: Fed, status: Status) -> Refresh | None:
    """Somebody opens a thread: what is under way to complete it, begun now unless that was done a moment ago."""
    if status.is_local or (status.replies_uri is None and (status.in_reply_to_uri is None or status.in_reply_to_id)):
        return None
    async with fed.db.read() as conn:
        found = await thread_refreshes.latest(conn, status.id, within=REPLIES_EVERY)
    if found is not None:
        return found if found.finished_at is None else None
    async with fed.db.transaction() as conn:
        await jobs.enqueue(conn, REPLIES_JOB, {"status_id": status.id}, queue="slow", key=str(status.id))
        return await thread_refreshes.start(conn, status.id)


async def _answer(fed: Fed, item: Ref, top: Status, budget: Budget) -> None:
    """Fetch one listed answer. A copy in the list is as good as fetched when both are of one host."""
    if item.doc is not None and normalise.same_host(item.id, top.replies_uri) and note.is_post(item.doc):
        await posts.store(fed, note.parse(item.doc), quiet=True, fetched=True, climb=False, budget=budget)
    else:
        await resolve.status(fed, item.id or "", climb=False, budget=budget)


async def _pinned(fed: Fed, item: Ref, account: Account, budget: Budget) -> Status | None:
    """A pinned post, if it is the account's own and public enough to be shown to all."""
    found = await resolve.status(fed, item.id or "", budget=budget)
    return found if found.account_id == account.id and found.visibility < PRIVATE else None


async def references(fed: Fed, uri: str, budget: Budget, *, most: int) -> list[Ref]:
    """The items of a collection, page after page on its own host, each page once. A server that stops answering on the
    way ends it; one that does not answer at all is a reason to leave everything as it is (Rejected)."""
    found, seen = list[Ref](), set[str]()
    following: Ref | None = Ref(uri)
    for _ in range(MAX_PAGES):
        if following is None or len(found) >= most:
            break
        body = following.doc
        if body is None or types.primary(body) not in types.COLLECTIONS or _is_bare(body):
            if following.id is None or following.id in seen or not normalise.same_host(following.id, uri):
                break
            seen.add(following.id)
            try:
                body = (await origins.document(fed, following.id, budget=budget, again=True)).body
            except (Retry, Gone) as exc:
                if not found:
                    raise Rejected(f"{uri} cannot be read: {exc}") from exc
                break
        page = collection.parse(body)
        found += [item for item in page.items if normalise.is_http(item.id) and item.type != "Hashtag"]
        following = page.next if page.is_page else page.first
    return found[:most]


def _is_bare(body: dict[str, Any]) -> bool:  # Any: JSON
    """Whether an embedded collection only says that it exists."""
    return not {"items", "orderedItems", "first", "next"} & body.keys()
