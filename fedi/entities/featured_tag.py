"""FeaturedTag: a hashtag on a profile, with how often its owner used it."""

from datetime import datetime

from msgspec import Struct

from fedi.entities import dates


class FeaturedTag(Struct, frozen=True):
    id: str
    name: str
    url: str
    statuses_count: str
    """A decimal string, by tradition."""
    last_status_at: str | None


def build(featured_id: int, *, name: str, url: str, uses: int, last_used_at: datetime | None) -> FeaturedTag:
    return FeaturedTag(
        id=str(featured_id), name=name, url=url, statuses_count=str(uses), last_status_at=dates.day(last_used_at)
    )
