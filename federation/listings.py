"""The collections we serve: outbox, followers, following, pinned posts, replies, threads, counts. For everybody alike,
so they hold public things only.
"""

from collections.abc import Sequence
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from federation import objects, uris
from federation.context import INSTANCE_ACTOR_ID, Fed
from federation.documents import local, readable
from federation.serving import JSON, Hidden, document, missing, visitor
from federation.vocab import activity, collection
from federation.vocab.context import bare
from storage import account_statuses, accounts, follows, ids, pins, publishing, statuses, threads
from storage.account_statuses import Wanted
from storage.accounts import Account
from storage.db import Conn
from storage.paging import Page
from storage.visibility import PRIVATE

OUTBOX_PAGE = 20
PEOPLE_PAGE = 40
REPLIES_PAGE = 50
MAX_CONTEXT = 1000


class _Asked(msgspec.Struct, frozen=True):
    """Which part of a collection a query asks for: None for its head."""

    page: Page | None


async def outbox(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    account = await _owner(fed, request, path)
    if account is None:
        return missing()
    uri, asked = account.outbox or uris.outbox(account.uri), _asked(request, OUTBOX_PAGE)
    async with fed.db.read() as conn:
        if asked.page is None:
            stats = await accounts.stats(conn, [account.id])
            return document(_head(uri, stats[account.id].statuses_count, last=f"{uri}?page=true&min_id=0"))
        found = await account_statuses.ids(conn, None, account.id, Wanted(), asked.page)
        items = await _activities(fed, conn, found)
    return document(_page(uri, asked.page, found, items))


async def instance_outbox(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The server itself publishes nothing."""
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, INSTANCE_ACTOR_ID)
    if account is None:
        return missing()
    return document(collection.render_whole(account.outbox or uris.outbox(account.uri), []))


async def followers(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    account = await _owner(fed, request, path)
    if account is None:
        return missing()
    uri, asked = account.followers_uri or uris.followers(account.uri), _asked(request, PEOPLE_PAGE)
    async with fed.db.read() as conn:
        total = (await accounts.stats(conn, [account.id]))[account.id].followers_count
        if asked.page is None or account.hide_collections:
            return document(_head(uri, total, hidden=account.hide_collections))
        rows = await follows.follower_ids(conn, account.id, asked.page)
        return document(await _people(conn, uri, asked.page, rows))


async def following(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    account = await _owner(fed, request, path)
    if account is None:
        return missing()
    uri, asked = account.following_uri or uris.following(account.uri), _asked(request, PEOPLE_PAGE)
    async with fed.db.read() as conn:
        total = (await accounts.stats(conn, [account.id]))[account.id].following_count
        if asked.page is None or account.hide_collections:
            return document(_head(uri, total, hidden=account.hide_collections))
        rows = await follows.following_ids(conn, account.id, asked.page)
        return document(await _people(conn, uri, asked.page, rows))


async def featured(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """Pinned posts that everybody may read, whole."""
    account = await _owner(fed, request, path)
    if account is None:
        return missing()
    async with fed.db.read() as conn:
        pinned = await statuses.visible(conn, None, await pins.of_account(conn, account.id))
        rows = await statuses.by_ids(conn, pinned)
        notes = await objects.notes(conn, fed.site, [rows[status_id] for status_id in pinned])
    uri = account.featured_uri or uris.featured(account.uri)
    return document(collection.render_whole(uri, [bare(note) for note in notes]))


async def replies(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The public answers to a post that we know of, oldest first."""
    try:
        found, _ = await readable(fed, request, path)
    except Hidden:
        return missing()
    uri, asked = uris.replies(found.uri), _asked(request, REPLIES_PAGE)
    above = asked.page.above if asked.page else -1
    async with fed.db.read() as conn:
        rows = await threads.reply_uris(conn, found.id, above=above, limit=REPLIES_PAGE)
        counts = await statuses.counts(conn, found.id)
    following = f"{uri}?page=true&min_id={rows[-1][0]}" if len(rows) == REPLIES_PAGE else None
    page = collection.Page(
        id=f"{uri}?{urlencode({'page': 'true', 'min_id': above}) if above >= 0 else 'page=true'}",
        part_of=uri,
        items=[row[1] for row in rows],
        next=following,
        ordered=False,
    )
    rendered = collection.render_page(page)
    private = found.visibility >= PRIVATE
    if asked.page is not None:
        return document(rendered, private=private)
    head = collection.render(uri, counts.replies, ordered=False)
    return document({**head, "first": bare(rendered)}, private=private)


async def likes(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """How many; not who."""
    try:
        found, _ = await readable(fed, request, path)
    except Hidden:
        return missing()
    async with fed.db.read() as conn:
        total = (await statuses.counts(conn, found.id)).favourites
    head = collection.render(uris.likes(found.uri), total, ordered=False)
    return document(head, private=found.visibility >= PRIVATE)


async def shares(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """How many; not who."""
    try:
        found, _ = await readable(fed, request, path)
    except Hidden:
        return missing()
    async with fed.db.read() as conn:
        total = (await statuses.counts(conn, found.id)).reblogs
    head = collection.render(uris.shares(found.uri), total, ordered=False)
    return document(head, private=found.visibility >= PRIVATE)


async def context(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The public posts of a thread that began here, oldest first (FEP-7888)."""
    root_id = ids.parse(path["id"])
    try:
        await visitor(fed, request, ask=fed.site.mode == "allowlist")
    except Hidden:
        return missing()
    async with fed.db.read() as conn:
        root = await statuses.by_id(conn, root_id) if root_id is not None else None
        if root is None or not root.is_local or not await statuses.visible(conn, None, [root.id]):
            return missing()
        members = await threads.member_uris(conn, root.thread_id, limit=MAX_CONTEXT)
        author = await accounts.by_id(conn, root.account_id)
    rendered = collection.render_whole(uris.context(fed.site.base_url, root.id), members)
    if author is not None:
        rendered["attributedTo"] = author.uri
    return document(rendered)


async def _owner(fed: Fed, request: Request, path: dict[str, str]) -> Account | None:
    """Whose collection it is, for a visitor we talk to; nobody's while the account is suspended."""
    try:
        await visitor(fed, request, ask=fed.site.mode == "allowlist")
    except Hidden:
        return None
    account = await local(fed, path["username"])
    return account if account is not None and account.suspended_at is None else None


def _asked(request: Request, size: int) -> _Asked:
    """`?page=true`, with `max_id` or `min_id` from where it goes on."""
    query = request.query_params
    if "page" not in query:
        return _Asked(None)
    below, above = ids.parse(query.get("max_id", "")), ids.parse(query.get("min_id", ""))
    return _Asked(Page(size, max_id=below, min_id=above))


def _head(uri: str, total: int, *, hidden: bool = False, last: str | None = None) -> JSON:
    return collection.render(uri, total, first=None if hidden else f"{uri}?page=true", last=last)


def _page(uri: str, page: Page, cursors: Sequence[int], items: Sequence[str | JSON]) -> JSON:
    """A page, newest first; `cursors` are the ids that its items are ordered by."""
    own = {"page": "true"}
    if page.max_id is not None:
        own["max_id"] = str(page.max_id)
    if page.min_id is not None:
        own["min_id"] = str(page.min_id)
    # Some of a full page may be hidden; the one after it is then still there.
    more = f"{uri}?page=true&max_id={cursors[-1]}" if len(cursors) == page.size else None
    newer = f"{uri}?page=true&min_id={cursors[0]}" if cursors else None
    return collection.render_page(
        collection.Page(id=f"{uri}?{urlencode(own)}", part_of=uri, items=items, next=more, prev=newer)
    )


async def _people(conn: Conn, uri: str, page: Page, rows: Sequence[tuple[int, int]]) -> JSON:
    found = await accounts.by_ids(conn, [account_id for _, account_id in rows])
    people = [found[account_id].uri for _, account_id in rows if account_id in found]
    return _page(uri, page, [follow_id for follow_id, _ in rows], people)


async def _activities(fed: Fed, conn: Conn, status_ids: Sequence[int]) -> list[str | JSON]:
    """Creates and Announces, without the context that the page has."""
    rows = await statuses.by_ids(conn, status_ids)
    posts = [rows[status_id] for status_id in status_ids if status_id in rows]
    material = await publishing.load(conn, posts)
    items: list[str | JSON] = []
    for post in posts:
        if post.reblog_of_id is None:
            items.append(bare(activity.create(objects.render_note(fed.site, post, material))))
        elif post.reblog_of_id in material.parents:
            items.append(bare(objects.announce(post, material)))
    return items
