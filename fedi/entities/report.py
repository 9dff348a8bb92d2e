"""Report: what the reporter, and the moderators, are told of it."""

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.account import Account
from storage.reports import Report as Row


class Report(Struct, frozen=True):
    id: str
    action_taken: bool
    action_taken_at: str | None
    category: str
    comment: str
    forwarded: bool
    created_at: str
    status_ids: list[str]
    rule_ids: list[str] | None
    target_account: Account
    collection_ids: list[str]


def build(row: Row, *, target: Account) -> Report:
    return Report(
        id=str(row.id),
        action_taken=row.action_taken_at is not None,
        action_taken_at=dates.optional(row.action_taken_at),
        category=row.category,
        comment=row.comment,
        forwarded=row.forwarded,
        created_at=dates.timestamp(row.created_at),
        status_ids=[str(each) for each in row.status_ids],
        rule_ids=[str(each) for each in row.rule_ids] or None,
        target_account=target,
        collection_ids=[str(each) for each in row.collection_ids],
    )
