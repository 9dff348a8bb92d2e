"""One page of a list ordered by id. Queries take `below`, `above` and `size` as values and `order` as their one choice.

where id < $2 and id > $3 order by id {page.order} limit $4
"""

from collections.abc import Sequence
from typing import Literal, TypeVar

import msgspec

from storage.ids import MAX_ID

T = TypeVar("T")


class Page(msgspec.Struct, frozen=True):
    """Which part of a list is wanted: at most `size` rows, newest first.

    `max_id` and `since_id` exclude themselves. With `min_id` the rows are those immediately above it, and `since_id`
    is ignored. Cursors need not be ids of existing rows.
    """

    size: int
    max_id: int | None = None
    since_id: int | None = None
    min_id: int | None = None

    @property
    def below(self) -> int:
        return MAX_ID if self.max_id is None else self.max_id

    @property
    def above(self) -> int:
        lower = self.since_id if self.min_id is None else self.min_id
        return -1 if lower is None else lower

    @property
    def order(self) -> Literal["asc", "desc"]:
        return "desc" if self.min_id is None else "asc"

    def beyond(self, newest: int, oldest: int, *, size: int) -> "Page":
        """The page after what was read, in the direction of reading."""
        if self.min_id is None:
            return msgspec.structs.replace(self, size=size, max_id=oldest)
        return msgspec.structs.replace(self, size=size, min_id=newest)

    def arrange(self, rows: Sequence[T]) -> list[T]:
        """Rows as fetched in `order`, newest first."""
        return list(rows) if self.min_id is None else list(reversed(rows))
