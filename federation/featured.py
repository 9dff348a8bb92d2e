"""What our URIs of collections, of who is in them, and of consents to that answer."""

from starlette.requests import Request
from starlette.responses import Response

from federation import featuring, uris
from federation.context import Fed
from federation.documents import visited
from federation.serving import document, elsewhere, missing, wants_activity
from federation.vocab import collection as listings
from federation.vocab import consent
from storage import accounts, collection_items, collections, ids
from storage.accounts import Account
from storage.collections import Collection
from storage.db import Conn

MAX_LISTED = 100


async def listing(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """What somebody here has made and wants to be discovered, whole."""
    owner = await visited(fed, request, path)
    if owner is None or owner.collections_uri is None:
        return missing()
    async with fed.db.read() as conn:
        rows = await collections.of_account(conn, None, owner.id, limit=MAX_LISTED)
        found = await featuring.documents(conn, fed.site, rows)
    return document(listings.render_whole(owner.collections_uri, found))


async def collection(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    owner = await visited(fed, request, path)
    if owner is None:
        return missing()
    async with fed.db.read() as conn:
        row = await _made_by(conn, owner, path["id"])
        if row is None:
            return missing()
        if not wants_activity(request) and row.url:
            return elsewhere(row.url)
        return document(await featuring.document(conn, fed.site, row))


async def page(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The page of a collection, asked for as a document: where that is."""
    collection_id = ids.parse(path["id"])
    async with fed.db.read() as conn:
        rows = await collections.visible(conn, None, [collection_id]) if collection_id is not None else []
    return elsewhere(rows[0].uri) if rows and rows[0].is_local else missing()


async def item(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    owner, item_id = await visited(fed, request, path), ids.parse(path["item_id"])
    if owner is None or item_id is None:
        return missing()
    async with fed.db.read() as conn:
        row = await _made_by(conn, owner, path["id"])
        found = await collection_items.shown(conn, None, [row.id]) if row is not None else []
        for each in found:
            person = await accounts.by_id(conn, each.account_id or 0) if each.id == item_id else None
            if person is not None:
                return document(featuring.item(each, person))
    return missing()


async def authorization(fed: Fed, request: Request, path: dict[str, str]) -> Response:
    """The stamp that says that somebody here agrees to be in a collection; 404 once it was taken back."""
    person, item_id = await visited(fed, request, path), ids.parse(path["id"])
    if person is None or item_id is None:
        return missing()
    uri = uris.feature_authorization(person.uri, item_id)
    async with fed.db.read() as conn:
        row = await collection_items.by_id(conn, item_id)
        if row is None or row.state != "accepted" or (row.account_id, row.approval_uri) != (person.id, uri):
            return missing()
        made = await collections.by_id(conn, row.collection_id)
    return missing() if made is None else document(consent.render(featuring.stamp(made, person, uri)))


async def _made_by(conn: Conn, owner: Account, text: str) -> Collection | None:
    collection_id = ids.parse(text)
    row = await collections.by_id(conn, collection_id) if collection_id is not None else None
    return row if row is not None and row.is_local and row.account_id == owner.id else None
