"""What a collection of another server lists: read page by page, and believed about nothing but its own host."""

from typing import Any

import msgspec

from federation import origins
from federation.budgets import Budget
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry
from federation.vocab import collection, normalise, types
from federation.vocab.types import Ref

MAX_PAGES = 50


class Listing(msgspec.Struct, frozen=True):
    """`total`: how many it says that it has; None when it does not say."""

    items: list[Ref]
    total: int | None


async def items(fed: Fed, uri: str, budget: Budget, *, most: int, pages: int = MAX_PAGES) -> list[Ref]:
    """What `read` finds, without the total."""
    return (await read(fed, uri, budget, most=most, pages=pages)).items


async def read(fed: Fed, uri: str, budget: Budget, *, most: int, pages: int = MAX_PAGES) -> Listing:
    """The items of a collection, page after page on its own host, each page once. A server that stops answering on the
    way ends it; one that does not answer at all is a reason to leave everything as it is (Rejected)."""
    found, seen = list[Ref](), set[str]()
    total: int | None = None
    following: Ref | None = Ref(uri)
    for _ in range(pages):
        if following is None or len(found) >= most:
            break
        body = following.doc
        if body is None or types.primary(body) not in types.COLLECTIONS or _is_bare(body):
            if following.id is None or following.id in seen or not normalise.same_host(following.id, uri):
                break
            seen.add(following.id)
            try:
                body = (await origins.document(fed, following.id, budget=budget, again=True)).body
            except (Retry, Gone) as exc:
                if not found:
                    raise Rejected(f"{uri} cannot be read: {exc}") from exc
                break
        page = collection.parse(body)
        total = page.total if total is None else total
        found += [item for item in page.items if _is_worth_reading(item)]
        following = page.next if page.is_page else page.first
    return Listing(found[:most], total)


async def total(fed: Fed, uri: str, budget: Budget) -> int | None:
    """How many things a collection says that it has. None when it does not say."""
    try:
        return collection.parse((await origins.document(fed, uri, budget=budget)).body).total
    except (Rejected, Retry, Gone):
        return None


def subject(item: Ref) -> Ref | None:
    """What an item of a thread or an outbox is about: itself, or what the activity made that it is (FEP-f228). None for
    activities that made nothing."""
    if item.type in ("Create", "Add"):
        inner = types.ref((item.doc or {}).get("object"))
        return inner if inner is not None and normalise.is_http(inner.id) else None
    return None if item.type in types.ACTIVITIES else item


def _is_worth_reading(item: Ref) -> bool:
    """Activities need no address of their own if they carry what they made."""
    return item.type != "Hashtag" and (normalise.is_http(item.id) or item.type == "Create")


def _is_bare(body: dict[str, Any]) -> bool:  # Any: JSON
    """Whether an embedded collection only says that it exists."""
    return not {"items", "orderedItems", "first", "next"} & body.keys()
