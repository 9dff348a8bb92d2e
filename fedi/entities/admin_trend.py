"""Admin::Tag, and trends as staff reviews them: the public entity and what was decided about it."""

from typing import Any

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.card import TrendLink
from fedi.entities.status import Status
from fedi.entities.tag import Tag
from storage import reviews


class AdminTag(Tag, frozen=True, kw_only=True):
    trendable: bool
    usable: bool
    listable: bool
    requires_review: bool


class AdminTrendLink(TrendLink, frozen=True, kw_only=True):
    id: str
    requires_review: bool


class AdminTrendStatus(Status, frozen=True, kw_only=True):
    requires_review: bool


class AdminPublisher(Struct, frozen=True):
    id: str
    domain: str
    trendable: bool | None
    reviewed_at: str | None
    requires_review: bool


def tag(shown: Tag, row: reviews.Tag) -> AdminTag:
    """Under the spelling that staff chose."""
    values = _keys(shown) | {"id": str(row.id), "name": row.display_name}
    return AdminTag(
        **values,
        trendable=row.trendable,
        usable=row.usable,
        listable=row.listable,
        requires_review=row.reviewed_at is None,
    )


def link(shown: TrendLink, *, link_id: int, reviewed: bool) -> AdminTrendLink:
    return AdminTrendLink(**_keys(shown), id=str(link_id), requires_review=not reviewed)


def status(shown: Status, *, reviewed: bool) -> AdminTrendStatus:
    return AdminTrendStatus(**_keys(shown), requires_review=not reviewed)


def publisher(row: reviews.Publisher) -> AdminPublisher:
    return AdminPublisher(
        str(row.id), row.domain, row.trendable, dates.optional(row.reviewed_at), row.reviewed_at is None
    )


def _keys(shown: Struct) -> dict[str, Any]:  # Any: the fields of one struct on their way into another
    return {name: getattr(shown, name) for name in shown.__struct_fields__}
