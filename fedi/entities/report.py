"""Report: what the reporter is told of it."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from fedi.entities import dates
from fedi.entities.account import Account


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
    collection_ids: list[str] = []


class Parts(Struct, frozen=True, kw_only=True):
    id: int
    category: str
    comment: str
    forwarded: bool
    created_at: datetime
    action_taken_at: datetime | None
    status_ids: Sequence[int]
    rule_ids: Sequence[int]


def build(parts: Parts, *, target: Account) -> Report:
    return Report(
        id=str(parts.id),
        action_taken=parts.action_taken_at is not None,
        action_taken_at=dates.optional(parts.action_taken_at),
        category=parts.category,
        comment=parts.comment,
        forwarded=parts.forwarded,
        created_at=dates.timestamp(parts.created_at),
        status_ids=[str(each) for each in parts.status_ids],
        rule_ids=[str(each) for each in parts.rule_ids] or None,
        target_account=target,
    )
