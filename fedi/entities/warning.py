"""AccountWarning: what moderators told somebody."""

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.account import Account
from storage.warnings import Warning as Row


class Appeal(Struct, frozen=True):
    text: str
    state: str


class AccountWarning(Struct, frozen=True):
    id: str
    action: str
    text: str
    status_ids: list[str] | None
    created_at: str
    target_account: Account
    appeal: Appeal | None


def build(row: Row, *, target: Account) -> AccountWarning:
    return AccountWarning(
        id=str(row.id),
        action=row.action,
        text=row.text,
        status_ids=[str(each) for each in row.status_ids] or None,
        created_at=dates.timestamp(row.created_at),
        target_account=target,
        appeal=None if row.appeal is None else Appeal(row.appeal, row.appeal_state or "pending"),
    )
