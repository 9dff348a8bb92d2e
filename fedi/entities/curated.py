"""Collections for a viewer: rows in, entities out."""

from collections import defaultdict
from collections.abc import Sequence

from fedi.context import App
from fedi.entities import collection, people
from fedi.entities.collection import Collection, CollectionWithAccounts
from storage import collection_items
from storage.collection_items import Item
from storage.collections import Collection as Row
from storage.db import Conn


async def collections(app: App, conn: Conn, rows: Sequence[Row], viewer_id: int | None) -> list[Collection]:
    """In the order given; one query."""
    items = defaultdict[int, list[Item]](list)
    for each in await collection_items.shown(conn, viewer_id, [row.id for row in rows]) if rows else ():
        items[each.collection_id].append(each)
    return [collection.build(app.settings.base_url, row, items[row.id]) for row in rows]


async def collection_with_accounts(app: App, conn: Conn, row: Row, viewer_id: int | None) -> CollectionWithAccounts:
    (shown,) = await collections(app, conn, [row], viewer_id)
    named = dict.fromkeys([row.account_id, *(int(each.account_id) for each in shown.items if each.account_id)])
    return CollectionWithAccounts(shown, await people.accounts(app, conn, list(named), viewer_id))
