"""Collections: people whom somebody recommends, and leaving one. Early apps know them under another path."""

from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from federation import featuring
from fedi import access, entities, errors
from fedi.entities.collection import (
    Collections,
    CollectionWithAccounts,
    WrappedCollection,
    WrappedCollectionItem,
    build_item,
)
from fedi.http.endpoint import Call, Endpoint, NoParams, delete, get, patch, post, public, put, user
from fedi.services import collections as service
from storage import collection_items, collections
from storage.collections import Collection
from storage.db import Conn

READ, WRITE = "read:collections", user("write:collections")
DEFAULT_LIMIT, MAX_LIMIT = 40, 80


class Params(service.Draft, frozen=True, kw_only=True):
    """For changing; who is in it is not among it."""


class NewParams(service.Draft, frozen=True, kw_only=True):
    account_ids: list[int] = msgspec.field(default_factory=list)


class ItemParams(msgspec.Struct, frozen=True):
    account_id: int | None = None


class Slice(msgspec.Struct, frozen=True):
    limit: int | None = None
    offset: int | None = None


async def index(call: Call[Slice]) -> Collections:
    """What somebody has made; nothing to whom they have blocked."""
    async with call.read() as conn:
        owner = await access.active_account(conn, call.viewer_id, call.id())
    await featuring.look(call.app.fed, owner)
    limit, offset = _slice(call)
    async with call.read() as conn:
        rows = await collections.of_account(conn, call.viewer_id, owner.id, limit=limit + 1, offset=offset)
        return await _listed(call, conn, rows)


async def featuring_index(call: Call[Slice]) -> Collections:
    """Those that the person asking is in; in which others are is for them to know."""
    async with call.read() as conn:
        person = await access.account(conn, call.user.account_id, call.id())
        if person.id != call.user.account_id:
            raise errors.Forbidden
        limit, offset = _slice(call)
        return await _listed(call, conn, await collections.with_person(conn, person.id, limit=limit + 1, offset=offset))


async def show(call: Call[NoParams]) -> CollectionWithAccounts:
    async with call.read() as conn:
        row = await access.collection(conn, call.viewer_id, call.id())
        return await entities.collection_with_accounts(call.app, conn, row, call.viewer_id)


async def create(call: Call[NewParams]) -> WrappedCollection:
    return await _shown(call, await service.create(call.app, call.user, call.params, call.params.account_ids))


async def update(call: Call[Params]) -> WrappedCollection:
    await service.update(call.app, call.user, call.id(), call.params)
    return await _shown(call, call.id())


async def remove(call: Call[NoParams]) -> None:
    await service.remove(call.app, call.user, call.id())


async def add(call: Call[ItemParams]) -> WrappedCollectionItem:
    if call.params.account_id is None:
        raise errors.Unprocessable("`account_id` parameter is missing")
    item_id = await service.add(call.app, call.user, call.id("collection_id"), call.params.account_id)
    async with call.read() as conn:
        row = await collection_items.by_id(conn, item_id)
    if row is None:
        raise errors.NotFound
    return WrappedCollectionItem(build_item(row))


async def take_out(call: Call[NoParams]) -> None:
    await service.take_out(call.app, call.user, call.id("collection_id"), call.id())


async def revoke(call: Call[NoParams]) -> None:
    await service.revoke(call.app, call.user, call.id("collection_id"), call.id())


async def _shown(call: Call[Any], collection_id: int) -> WrappedCollection:
    async with call.read() as conn:
        row = await access.own_collection(conn, call.user.account_id, collection_id)
        (shown,) = await entities.collections(call.app, conn, [row], call.user.account_id)
    return WrappedCollection(shown)


def _slice(call: Call[Slice]) -> tuple[int, int]:
    limit = DEFAULT_LIMIT if call.params.limit is None else min(abs(call.params.limit), MAX_LIMIT)
    return limit, min(max(call.params.offset or 0, 0), 2**31)


async def _listed(call: Call[Slice], conn: Conn, rows: list[Collection]) -> Collections:
    """One row more than the page has says that there is another page."""
    limit, offset = _slice(call)
    base = call.app.settings.base_url + quote(call.request.url.path)
    kept = [(key, value) for key, value in call.request.query_params.multi_items() if key not in ("offset", _TOKEN)]
    links = []
    if len(rows) > limit:
        links.append(f'<{base}?{urlencode([*kept, ("offset", offset + limit)])}>; rel="next"')
    if offset > 0:
        links.append(f'<{base}?{urlencode([*kept, ("offset", max(offset - limit, 0))])}>; rel="prev"')
    if links:
        call.headers["Link"] = ", ".join(links)
    return Collections(await entities.collections(call.app, conn, rows[:limit], call.viewer_id))


_TOKEN = "access_token"  # noqa: S105 (the name of a parameter)


def _routes(base: str) -> list[Endpoint]:
    return [
        get(f"{base}/accounts/:id/collections", index, access=public(READ), params=Slice),
        get(f"{base}/accounts/:id/in_collections", featuring_index, access=user(READ), params=Slice),
        post(f"{base}/collections", create, access=WRITE, params=NewParams),
        get(f"{base}/collections/:id", show, access=public(READ)),
        put(f"{base}/collections/:id", update, access=WRITE, params=Params),
        patch(f"{base}/collections/:id", update, access=WRITE, params=Params),
        delete(f"{base}/collections/:id", remove, access=WRITE),
        post(f"{base}/collections/:collection_id/items", add, access=WRITE, params=ItemParams),
        delete(f"{base}/collections/:collection_id/items/:id", take_out, access=WRITE),
        post(f"{base}/collections/:collection_id/items/:id/revoke", revoke, access=WRITE),
    ]


ROUTES = [*_routes("/api/v1"), *_routes("/api/v1_alpha")]
