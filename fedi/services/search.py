"""Search: addresses and handles are looked up, here or where they live; words are searched for in what is stored."""

import re
from typing import Literal, get_args

import msgspec

from federation import resolve
from fedi import access, errors
from fedi.context import App
from fedi.services import post_search
from fedi.text import mentions
from storage import accounts, search, statuses
from storage.db import Conn
from storage.search import AccountQuery

Kind = Literal["accounts", "statuses", "hashtags"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MAX_QUERY_CHARS = 2048
MAX_OFFSET = 10_000
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
_HANDLE = re.compile(r"@?[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*@[^\s@/]+")


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """`kind` None is everything, and then `offset` does not count. Only `resolve` asks other servers."""

    text: str
    limit: int
    kind: Kind | None = None
    offset: int = 0
    resolve: bool = False
    following: bool = False
    account_id: int | None = None
    listed_tags: bool = False
    max_id: int | None = None
    min_id: int | None = None

    def wants(self, kind: Kind) -> bool:
        return self.kind in (None, kind)


class Found(msgspec.Struct, frozen=True):
    account_ids: list[int] = []
    status_ids: list[int] = []
    tag_names: list[str] = []


def size(limit: int, *, most: int) -> int:
    """What was asked for, cut to `most`; a negative number is the caller's mistake."""
    if limit < 0:
        raise errors.BadRequest("The limit must not be negative")
    return min(limit, most)


def start(offset: int) -> int:
    if offset < 0:
        raise errors.BadRequest("The offset must not be negative")
    return min(offset, MAX_OFFSET)


def kind(name: str | None) -> Kind | None:
    """What clients call it; "" and nothing mean all kinds."""
    if not name:
        return None
    if name not in KINDS:
        raise errors.BadRequest("The type is not one of accounts, hashtags, statuses")
    return KINDS[KINDS.index(name)]


async def find(app: App, viewer_id: int | None, query: Query) -> Found:
    """Ids and names in the order to be shown, everything the viewer may see."""
    text = query.text.strip()[:MAX_QUERY_CHARS]
    if not text or query.limit == 0:
        return Found()
    if _ADDRESS.fullmatch(text):
        return await _address(app, viewer_id, query, text)
    named = await _named(app, query, text)
    async with app.db.read() as conn:
        account_ids = await _accounts(conn, viewer_id, query, text)
        if named is not None:
            account_ids = [named, *(each for each in account_ids if each != named)][: query.limit]
        return Found(
            account_ids=account_ids,
            status_ids=await _statuses(app, conn, viewer_id, query, text),
            tag_names=await _tags(conn, query, text),
        )


async def _address(app: App, viewer_id: int | None, query: Query, text: str) -> Found:
    """The one account or post behind an address."""
    if query.offset > 0:
        return Found()
    if query.resolve:
        found = await resolve.url(app.fed, text)
    else:
        async with app.db.read() as conn:
            found = await accounts.by_url(conn, text) or await statuses.by_uri_or_url(conn, text)
    if found is None:
        return Found()
    async with app.db.read() as conn:
        if isinstance(found, statuses.Status):
            ids = await access.visible_statuses(conn, viewer_id, [found.id]) if query.wants("statuses") else []
            return Found(status_ids=ids)
        ids = await access.accounts(conn, viewer_id, [found.id]) if query.wants("accounts") else []
        return Found(account_ids=ids)


async def _named(app: App, query: Query, text: str) -> int | None:
    """Somebody named in full, asked for where they live. Their server may call them something else."""
    handle = text.removeprefix("acct:")
    if not query.resolve or not query.wants("accounts") or query.offset > 0 or not _HANDLE.fullmatch(handle):
        return None
    found = await resolve.handle(app.fed, handle)
    return found.id if found is not None and found.suspended_at is None and not query.following else None


async def _accounts(conn: Conn, viewer_id: int | None, query: Query, text: str) -> list[int]:
    if not query.wants("accounts") or text.startswith("#"):
        return []
    name, _, domain = text.removeprefix("acct:").removeprefix("@").partition("@")
    if not name:
        return []
    return await search.account_ids(
        conn,
        viewer_id,
        AccountQuery(
            text=name.strip(),
            domain=(mentions.normalise_domain(domain) or domain.lower()) if domain else None,
            limit=query.limit,
            offset=query.offset if query.kind else 0,
            following=query.following,
        ),
    )


async def _tags(conn: Conn, query: Query, text: str) -> list[str]:
    name = text.removeprefix("#")
    if not query.wants("hashtags") or not name or "@" in name or any(char.isspace() for char in name):
        return []
    offset = query.offset if query.kind else 0
    return await search.tag_names(conn, name, limit=query.limit, offset=offset, listed=query.listed_tags)


async def _statuses(app: App, conn: Conn, viewer_id: int | None, query: Query, text: str) -> list[int]:
    """Nothing for the public: people agree to be found by people, not to be harvested."""
    if viewer_id is None or not query.wants("statuses") or (query.kind is None and text.startswith(("#", "@"))):
        return []
    return await post_search.find(
        conn,
        viewer_id,
        post_search.Request(
            text=text,
            domain=app.settings.account_domain,
            limit=query.limit,
            offset=query.offset if query.kind else 0,
            account_id=query.account_id,
            max_id=query.max_id,
            min_id=query.min_id,
        ),
    )
