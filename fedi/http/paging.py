"""Pages by id: `max_id`, `since_id`, `min_id`, and the Link header that names the next and the previous page."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from fedi.http.endpoint import Call
from storage.paging import Page


class PageParams(msgspec.Struct, frozen=True, kw_only=True):
    """Inherit from this for the params of a list."""

    limit: int | None = None
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None


def page(params: PageParams, *, default: int, most: int) -> Page:
    """The page that was asked for: negative limits count as positive ones, larger ones are cut to `most`."""
    size = default if params.limit is None else min(abs(params.limit), most)
    return Page(size, params.max_id, params.since_id, params.min_id)


def link(call: Call[Any], cursors: Sequence[int], *, full: bool = True) -> None:
    """Set the Link header from the cursors of the unfiltered page, newest first. None for an empty page.

    Parameters other than cursors are kept. `full=False` leaves out `next`: the end of a list by relation is known.
    """
    if not cursors:
        return
    pairs = [
        (key, value)
        for key, value in call.request.query_params.multi_items()
        if key not in ("max_id", "since_id", "min_id", "access_token")
    ]
    # Quoted again: names of hashtags are in the path, and a header is no place for them.
    base = call.app.settings.base_url + quote(call.request.url.path)

    def target(name: str, cursor: int) -> str:
        return f"<{base}?{urlencode([*pairs, (name, cursor)])}>"

    links = []
    if full:
        links.append(f'{target("max_id", cursors[-1])}; rel="next"')
    links.append(f'{target("min_id", cursors[0])}; rel="prev"')
    call.headers["Link"] = ", ".join(links)
