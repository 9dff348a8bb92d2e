"""Search for people, hashtags and posts; and addresses pasted into the search field."""

import msgspec

from federation import featuring
from fedi import access, entities, errors
from fedi.entities.account import Account
from fedi.entities.collection import Collection
from fedi.entities.search import Search
from fedi.entities.status import Status
from fedi.entities.tag import Tag
from fedi.http.endpoint import Call, get, public, user
from fedi.services import search


class SearchParams(msgspec.Struct, frozen=True):
    q: str
    type: str | None = None
    resolve: bool = False
    limit: int = 20
    offset: int = 0
    account_id: int | None = None
    following: bool = False
    exclude_unreviewed: bool = False
    max_id: int | None = None
    min_id: int | None = None


class PeopleParams(msgspec.Struct, frozen=True):
    q: str
    limit: int = 40
    offset: int = 0
    resolve: bool = False
    following: bool = False


class V1Search(msgspec.Struct, frozen=True):
    """The older form: hashtags are names."""

    accounts: list[Account]
    statuses: list[Status]
    hashtags: list[str]


async def index(call: Call[SearchParams]) -> Search:
    accounts, statuses, names = await _found(call)
    async with call.read() as conn:
        tags: list[Tag] = await entities.tags(call.app, conn, names, call.viewer_id) if names else []
    collections = [] if accounts or statuses else await _collections(call)
    return Search(accounts=accounts, statuses=statuses, hashtags=tags, collections=collections)


async def _collections(call: Call[SearchParams]) -> list[Collection]:
    """What somebody has pasted the address of."""
    if not call.params.resolve or call.viewer_id is None or call.params.type or call.params.offset:
        return []
    found = await featuring.url(call.app.fed, call.params.q)
    async with call.read() as conn:
        rows = await access.visible_collections(conn, call.viewer_id, [found.id] if found is not None else [])
        return await entities.collections(call.app, conn, rows, call.viewer_id)


async def v1(call: Call[SearchParams]) -> V1Search:
    accounts, statuses, names = await _found(call)
    return V1Search(accounts, statuses, names)


async def people(call: Call[PeopleParams]) -> list[Account]:
    """People only, for those who compose a mention."""
    params = call.params
    query = search.Query(
        text=params.q,
        kind="accounts",
        limit=search.size(params.limit, most=80),
        offset=search.start(params.offset),
        resolve=params.resolve,
        following=params.following,
    )
    found = await search.find(call.app, call.user.account_id, query)
    async with call.read() as conn:
        return await entities.accounts(call.app, conn, found.account_ids, call.viewer_id)


async def _found(call: Call[SearchParams]) -> tuple[list[Account], list[Status], list[str]]:
    found = await search.find(call.app, call.viewer_id, _query(call))
    async with call.read() as conn:
        accounts = (
            await entities.accounts(call.app, conn, found.account_ids, call.viewer_id) if found.account_ids else []
        )
        statuses = await entities.statuses(call.app, conn, found.status_ids, call.viewer_id) if found.status_ids else []
    return accounts, statuses, found.tag_names


def _query(call: Call[SearchParams]) -> search.Query:
    params = call.params
    if not params.q.strip():
        raise errors.BadRequest("param is missing or the value is empty: q")
    if call.viewer_id is None and params.resolve:
        raise errors.Unauthorized(
            "Search queries that resolve remote resources are not supported without authentication"
        )
    if call.viewer_id is None and params.offset:
        raise errors.Unauthorized("Search queries pagination is not supported without authentication")
    return search.Query(
        text=params.q,
        kind=search.kind(params.type),
        limit=search.size(params.limit, most=40),
        offset=search.start(params.offset),
        resolve=params.resolve,
        following=params.following and call.viewer_id is not None,
        account_id=params.account_id,
        listed_tags=params.exclude_unreviewed,
        max_id=params.max_id,
        min_id=params.min_id,
    )


ROUTES = [
    get("/api/v2/search", index, access=public("read:search"), params=SearchParams),
    get("/api/v1/accounts/search", people, access=user("read:accounts"), params=PeopleParams),
    get("/api/v1/search", v1, access=user("read:search"), params=SearchParams),
]
