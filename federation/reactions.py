"""What others did with a post, as collections: answers, favourites, boosts, and the thread that it began."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from federation import pages, uris
from federation.context import Fed
from federation.documents import readable, refused
from federation.serving import Hidden, document, missing, visitor
from federation.vocab import collection
from federation.vocab.context import bare
from storage import accounts, ids, statuses, threads
from storage.visibility import PRIVATE

REPLIES_PAGE = 50
MAX_CONTEXT = 1000


async def replies(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The public answers to a post that we know of, oldest first."""
    try:
        found, _ = await readable(fed, request, path)
    except Hidden:
        return missing()
    uri, part = uris.replies(found.uri), pages.asked(request, REPLIES_PAGE)
    above = part.above if part else -1
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
    if part is not None:
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
        guest = await visitor(fed, request)
    except Hidden:
        return missing()
    async with fed.db.read() as conn:
        root = await statuses.by_id(conn, root_id) if root_id is not None else None
        if root is None or not root.is_local or not await statuses.visible(conn, None, [root.id]):
            return missing()
    if await refused(fed, root.account_id, guest):
        return missing()
    async with fed.db.read() as conn:
        members = await threads.member_uris(conn, root.thread_id, limit=MAX_CONTEXT)
        author = await accounts.by_id(conn, root.account_id)
    rendered = collection.render_whole(uris.context(fed.site.base_url, root.id), members)
    if author is not None:
        rendered["attributedTo"] = author.uri
    return document(rendered)
