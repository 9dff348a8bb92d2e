"""NotificationRequest: somebody whose mentions wait to be let in."""

from datetime import datetime

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.account import Account
from fedi.entities.status import Status


class NotificationRequest(Struct, frozen=True):
    id: str
    created_at: str
    updated_at: str
    notifications_count: str
    account: Account
    last_status: Status | None


class Parts(Struct, frozen=True):
    id: int
    created_at: datetime
    updated_at: datetime
    count: int


def build(parts: Parts, *, account: Account, last_status: Status | None) -> NotificationRequest:
    return NotificationRequest(
        id=str(parts.id),
        created_at=dates.timestamp(parts.created_at),
        updated_at=dates.timestamp(parts.updated_at),
        notifications_count=str(parts.count),
        account=account,
        last_status=last_status,
    )
