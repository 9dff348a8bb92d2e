"""How the lists of staff are paged: a hundred at a time unless asked otherwise, by id."""

from collections.abc import Sequence
from typing import Any, Protocol

from fedi.http import paging
from fedi.http.endpoint import Call
from fedi.http.paging import PageParams
from storage.paging import Page

DEFAULT, MOST = 100, 200


class Row(Protocol):
    @property
    def id(self) -> int: ...


def page(params: PageParams) -> Page:
    return paging.page(params, default=DEFAULT, most=MOST)


def link(call: Call[Any], rows: Sequence[Row], size: int) -> None:
    """Any: whatever the parameters are. A page that is not full is the last."""
    paging.link(call, [row.id for row in rows], full=len(rows) == size)
