"""The collections of an account: outbox, followers, following, pinned posts. For everybody alike, so what they hold is
public.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from federation import hashtags, objects, pages, uris
from federation.context import INSTANCE_ACTOR_ID, Fed
from federation.documents import local, visited
from federation.followers import MAX_LISTED
from federation.http.addresses import parse_url
from federation.serving import JSON, document, missing, signed_visitor
from federation.vocab import activity, collection
from storage import account_statuses, accounts, featured_tags, follows, publishing, shared_followers, statuses
from storage.account_statuses import Wanted
from storage.db import Conn
from storage.paging import Page

OUTBOX_PAGE = 20
PEOPLE_PAGE = 40
MAX_PINNED = 20


async def outbox(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    account = await visited(fed, request, path)
    if account is None:
        return missing()
    uri, part = account.outbox or uris.outbox(account.uri), pages.asked(request, OUTBOX_PAGE)
    async with fed.db.read() as conn:
        if part is None:
            stats = await accounts.stats(conn, [account.id])
            return document(pages.head(uri, stats[account.id].statuses_count, last=f"{uri}?page=true&min_id=0"))
        found = await account_statuses.ids(conn, None, account.id, Wanted(), part)
        items = await _activities(fed, conn, found)
    return document(pages.page(uri, part, found, items))


async def instance_outbox(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The server itself publishes nothing."""
    async with fed.db.read() as conn:
        account = await accounts.by_id(conn, INSTANCE_ACTOR_ID)
    if account is None:
        return missing()
    return document(collection.render_whole(account.outbox or uris.outbox(account.uri), []))


async def followers(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    account = await visited(fed, request, path)
    if account is None:
        return missing()
    uri, part = account.followers_uri or uris.followers(account.uri), pages.asked(request, PEOPLE_PAGE)
    async with fed.db.read() as conn:
        total = (await accounts.stats(conn, [account.id]))[account.id].followers_count
        if part is None or account.hide_collections:
            return document(pages.head(uri, total, hidden=account.hide_collections))
        rows = await follows.follower_ids(conn, account.id, part)
        return document(await _people(conn, uri, part, rows))


async def followers_synchronization(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The followers of one of ours who live where whoever asks does, and nobody else (FEP-8fcf)."""
    guest = await signed_visitor(fed, request)
    account = await local(fed, path["username"])
    if account is None or account.suspended_at is not None:
        return missing()
    url = parse_url(guest.uri)
    async with fed.db.read() as conn:
        people = await shared_followers.remote_at(
            conn, account.id, f"{url.scheme}://{url.authority}/", limit=MAX_LISTED
        )
    return document(collection.render_whole(uris.followers_synchronization(account.uri), people), private=True)


async def following(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    account = await visited(fed, request, path)
    if account is None:
        return missing()
    uri, part = account.following_uri or uris.following(account.uri), pages.asked(request, PEOPLE_PAGE)
    async with fed.db.read() as conn:
        total = (await accounts.stats(conn, [account.id]))[account.id].following_count
        if part is None or account.hide_collections:
            return document(pages.head(uri, total, hidden=account.hide_collections))
        rows = await follows.following_ids(conn, account.id, part)
        return document(await _people(conn, uri, part, rows))


async def featured(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """Pinned posts that everybody may read, whole."""
    account = await visited(fed, request, path)
    if account is None:
        return missing()
    async with fed.db.read() as conn:
        pinned = await account_statuses.pinned_ids(conn, None, account.id, Page(MAX_PINNED))
        rows = await statuses.by_ids(conn, [status_id for _, status_id in pinned])
        notes = await objects.notes(conn, fed.site, [rows[status_id] for _, status_id in pinned if status_id in rows])
    uri = account.featured_uri or uris.featured(account.uri)
    return document(collection.render_whole(uri, notes))


async def tags(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The hashtags that somebody shows, whole."""
    account = await visited(fed, request, path)
    if account is None or account.featured_tags_uri is None:
        return missing()
    async with fed.db.read() as conn:
        found = await featured_tags.of(conn, account.id)
    items: list[str | JSON] = [hashtags.hashtag(fed.site.base_url, each.name) for each in found]
    return document(collection.render_whole(account.featured_tags_uri, items, ordered=False))


async def _people(conn: Conn, uri: str, page: Page, rows: Sequence[tuple[int, int]]) -> JSON:
    found = await accounts.by_ids(conn, [account_id for _, account_id in rows])
    people = [found[account_id].uri for _, account_id in rows if account_id in found]
    return pages.page(uri, page, [follow_id for follow_id, _ in rows], people)


async def _activities(fed: Fed, conn: Conn, status_ids: Sequence[int]) -> list[str | JSON]:
    """Creates and Announces."""
    rows = await statuses.by_ids(conn, status_ids)
    posts = [rows[status_id] for status_id in status_ids if status_id in rows]
    material = await publishing.load(conn, posts)
    items: list[str | JSON] = []
    for post in posts:
        if post.reblog_of_id is None:
            items.append(activity.create(objects.render_note(fed.site, post, material)))
        elif post.reblog_of_id in material.parents:
            items.append(objects.announce(post, material))
    return items
