"""Collections and their pages."""

from collections.abc import Sequence

from msgspec import Struct

from federation.errors import Rejected
from federation.vocab import normalise, types
from federation.vocab.context import wrap
from federation.vocab.normalise import JSON
from federation.vocab.types import Ref


class Collection(Struct, frozen=True, kw_only=True):
    """A collection or one page of it. `first`, `next` and `prev` may carry the page itself in `doc`.

    `total` is what the server claims. A collection with neither items nor a first page is hidden.
    """

    id: str | None
    type: str
    total: int | None
    items: tuple[Ref, ...]
    first: Ref | None
    last: Ref | None
    next: Ref | None
    prev: Ref | None
    part_of: str | None
    author: str | None
    raw: JSON

    @property
    def is_page(self) -> bool:
        return self.type.endswith("Page")


class Page(Struct, frozen=True, kw_only=True):
    """A page to publish. Items are ids or embedded documents."""

    id: str
    part_of: str
    items: Sequence[str | JSON]
    next: str | None = None
    prev: str | None = None
    ordered: bool = True


def parse(document: JSON) -> Collection:
    doc = normalise.properties(document)
    kind = normalise.kind(doc, types.COLLECTIONS)
    if kind not in types.COLLECTIONS:
        raise Rejected(f"{kind or 'nothing'} is not a collection")
    # Some servers name the property of the other kind.
    items = normalise.many(doc.get("orderedItems")) or normalise.many(doc.get("items"))
    return Collection(
        id=normalise.iri(doc.get("id")),
        type=kind,
        total=normalise.count(doc.get("totalItems")),
        items=types.refs(items),
        first=types.ref(doc.get("first")),
        last=types.ref(doc.get("last")),
        next=types.ref(doc.get("next")),
        prev=types.ref(doc.get("prev")),
        part_of=normalise.iri(doc.get("partOf")),
        author=normalise.iri(doc.get("attributedTo")),
        raw=doc,
    )


def render(uri: str, total: int, *, first: str | None = None, last: str | None = None, ordered: bool = True) -> JSON:
    """The head of a paged collection; without `first` its items are hidden."""
    document: JSON = {"id": uri, "type": "OrderedCollection" if ordered else "Collection", "totalItems": total}
    if first:
        document["first"] = first
    if last:
        document["last"] = last
    return wrap(document)


def render_page(page: Page) -> JSON:
    document: JSON = {
        "id": page.id,
        "type": "OrderedCollectionPage" if page.ordered else "CollectionPage",
        "partOf": page.part_of,
    }
    if page.next:
        document["next"] = page.next
    if page.prev:
        document["prev"] = page.prev
    document["orderedItems" if page.ordered else "items"] = list(page.items)
    return wrap(document)


def render_whole(uri: str, items: Sequence[str | JSON], *, ordered: bool = True) -> JSON:
    """A small collection with its items inside."""
    name = "orderedItems" if ordered else "items"
    kind = "OrderedCollection" if ordered else "Collection"
    return wrap({"id": uri, "type": kind, "totalItems": len(items), name: list(items)})
