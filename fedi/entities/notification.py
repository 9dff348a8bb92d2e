"""Notification of the first version: one line per event."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from fedi.entities import dates
from fedi.entities.account import Account
from fedi.entities.status import Status

WITH_STATUS = frozenset({"mention", "status", "reblog", "favourite", "poll", "update", "quote", "quoted_update"})
"""Types that always carry a status; for reblog and favourite it is the viewer's own one."""

TYPES = WITH_STATUS | {
    "follow",
    "follow_request",
    "admin.sign_up",
    "admin.report",
    "severed_relationships",
    "moderation_warning",
}


class Notification(Struct, frozen=True):
    id: str
    type: str
    created_at: str
    group_key: str
    account: Account
    status: Status | UnsetType = UNSET


class Parts(Struct, frozen=True):
    id: int
    type: str
    created_at: datetime
    group_key: str | None = None


def build(parts: Parts, *, account: Account, status: Status | None = None) -> Notification | None:
    """None when the status it is about is gone: a client fails on a null there, so the line is left out."""
    if parts.type in WITH_STATUS and status is None:
        return None
    return Notification(
        id=str(parts.id),
        type=parts.type,
        created_at=dates.timestamp(parts.created_at),
        group_key=parts.group_key or f"ungrouped-{parts.id}",
        account=account,
        status=UNSET if status is None else status,
    )
