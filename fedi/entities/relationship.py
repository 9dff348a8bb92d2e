"""Relationship: what stands between the viewer and one account. Always complete, always booleans."""

from datetime import datetime

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.account import Account


class Relationship(Struct, frozen=True):
    id: str
    following: bool
    showing_reblogs: bool
    notifying: bool
    languages: list[str] | None
    followed_by: bool
    blocking: bool
    blocked_by: bool
    muting: bool
    muting_notifications: bool
    muting_expires_at: str | None
    requested: bool
    requested_by: bool
    domain_blocking: bool
    endorsed: bool
    note: str


class FamiliarFollowers(Struct, frozen=True):
    id: str
    accounts: list[Account]


class Parts(Struct, frozen=True, kw_only=True):
    id: int
    following: bool = False
    requested: bool = False
    showing_reblogs: bool = True
    """Of the follow or the request; means nothing without one."""
    notifying: bool = False
    languages: tuple[str, ...] | None = None
    followed_by: bool = False
    requested_by: bool = False
    blocking: bool = False
    blocked_by: bool = False
    muting: bool = False
    muting_notifications: bool = False
    muting_expires_at: datetime | None = None
    domain_blocking: bool = False
    endorsed: bool = False
    note: str | None = None


def build(parts: Parts) -> Relationship:
    tied = parts.following or parts.requested
    return Relationship(
        id=str(parts.id),
        following=parts.following,
        showing_reblogs=tied and parts.showing_reblogs,
        notifying=tied and parts.notifying,
        languages=list(parts.languages) if tied and parts.languages else None,
        followed_by=parts.followed_by,
        blocking=parts.blocking,
        blocked_by=parts.blocked_by,
        muting=parts.muting,
        muting_notifications=parts.muting and parts.muting_notifications,
        muting_expires_at=dates.optional(parts.muting_expires_at) if parts.muting else None,
        requested=parts.requested,
        requested_by=parts.requested_by,
        domain_blocking=parts.domain_blocking,
        endorsed=parts.endorsed,
        note=parts.note or "",
    )
