"""Collection: people whom somebody recommends, with the state of each one's consent."""

from collections.abc import Sequence

from msgspec import Struct

from federation import uris
from fedi.entities import dates
from fedi.entities.account import Account
from fedi.entities.tag import StatusTag
from fedi.text import tags
from storage.collection_items import Item
from storage.collections import Collection as Row


class CollectionItem(Struct, frozen=True):
    id: str
    account_id: str | None
    state: str
    created_at: str


class Collection(Struct, frozen=True):
    """`description` is text as typed here, and clean HTML from elsewhere."""

    id: str
    account_id: str
    uri: str
    url: str | None
    name: str
    description: str
    language: str | None
    local: bool
    sensitive: bool
    discoverable: bool
    tag: StatusTag | None
    item_count: int
    items: list[CollectionItem]
    created_at: str
    updated_at: str


class WrappedCollection(Struct, frozen=True):
    collection: Collection


class WrappedCollectionItem(Struct, frozen=True):
    collection_item: CollectionItem


class Collections(Struct, frozen=True):
    collections: list[Collection]


class CollectionWithAccounts(Struct, frozen=True):
    """`accounts`: who made it, then who is in it."""

    collection: Collection
    accounts: list[Account]


def build_item(row: Item) -> CollectionItem:
    return CollectionItem(
        id=str(row.id),
        account_id=None if row.account_id is None else str(row.account_id),
        state=row.state,
        created_at=dates.timestamp(row.created_at),
    )


def build(base_url: str, row: Row, items: Sequence[Item]) -> Collection:
    """`items`: those that the viewer is to see."""
    tag = None if row.tag is None else StatusTag(row.tag, uris.tag_page(base_url, tags.normalise(row.tag)))
    return Collection(
        id=str(row.id),
        account_id=str(row.account_id),
        uri=row.uri,
        url=row.url or row.uri,
        name=row.name,
        description=row.description,
        language=row.language,
        local=row.is_local,
        sensitive=row.sensitive,
        discoverable=row.discoverable,
        tag=tag,
        item_count=len(items),
        items=[build_item(each) for each in items],
        created_at=dates.timestamp(row.created_at),
        updated_at=dates.timestamp(row.updated_at),
    )
