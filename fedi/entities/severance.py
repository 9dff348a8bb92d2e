"""RelationshipSeveranceEvent: what a block or a suspension cost somebody."""

from msgspec import Struct

from fedi.entities import dates
from storage.severances import Severance


class RelationshipSeveranceEvent(Struct, frozen=True):
    id: str
    type: str
    purged: bool
    """Whether there is no list of those that were lost any more."""
    target_name: str
    followers_count: int
    following_count: int
    created_at: str


def build(row: Severance) -> RelationshipSeveranceEvent:
    return RelationshipSeveranceEvent(
        id=str(row.id),
        type=row.type,
        purged=row.purged,
        target_name=row.target_name,
        followers_count=row.followers_count,
        following_count=row.following_count,
        created_at=dates.timestamp(row.created_at),
    )
