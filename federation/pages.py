"""Collections in pages: which part a query asks for, and how heads and pages point to each other."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request

from federation.serving import JSON
from federation.vocab import collection
from storage import ids
from storage.paging import Page


def asked(request: Request, size: int) -> Page | None:
    """None for the head; for a page `?page=true`, with `max_id` or `min_id` from where it goes on."""
    query = request.query_params
    if "page" not in query:
        return None
    return Page(size, max_id=ids.parse(query.get("max_id", "")), min_id=ids.parse(query.get("min_id", "")))


def head(uri: str, total: int, *, hidden: bool = False, last: str | None = None) -> JSON:
    return collection.render(uri, total, first=None if hidden else f"{uri}?page=true", last=last)


def page(uri: str, part: Page, cursors: Sequence[int], items: Sequence[str | JSON]) -> JSON:
    """A page, newest first; `cursors` are the ids that its items are ordered by."""
    own = {"page": "true"}
    if part.max_id is not None:
        own["max_id"] = str(part.max_id)
    if part.min_id is not None:
        own["min_id"] = str(part.min_id)
    # Some of a full page may be hidden; the one after it is then still there.
    more = f"{uri}?page=true&max_id={cursors[-1]}" if len(cursors) == part.size else None
    newer = f"{uri}?page=true&min_id={cursors[0]}" if cursors else None
    return collection.render_page(
        collection.Page(id=f"{uri}?{urlencode(own)}", part_of=uri, items=items, next=more, prev=newer)
    )
