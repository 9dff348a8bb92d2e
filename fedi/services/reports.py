"""What somebody tells the moderators about somebody else: checked, stored, and forwarded if they ask for it."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from fedi import access, errors
from fedi.context import App
from fedi.http.endpoint import User
from fedi.text import mentions
from storage import reports, rules, statuses
from storage.db import Conn

MAX_COMMENT_CHARS = 1000
MAX_STATUSES = 100
MAX_COLLECTIONS = 100
MAX_DOMAINS = 20

Category = Literal["spam", "legal", "violation", "other"]


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    target_id: int
    comment: str
    category: Category | None
    status_ids: Sequence[int]
    collection_ids: Sequence[int]
    rule_ids: Sequence[int]
    forward: bool
    forward_to_domains: Sequence[str] = ()


async def file(app: App, user: User, complaint: Complaint) -> reports.Report:
    """Posts and collections that are not the target's or that the reporter cannot see are left out."""
    comment = complaint.comment.strip()
    if len(comment) > MAX_COMMENT_CHARS:
        raise errors.Invalid(f"Comment is too long (maximum is {MAX_COMMENT_CHARS} characters)")
    async with app.db.transaction() as conn:
        target = await access.account(conn, user.account_id, complaint.target_id)
        broken = await _rules(conn, complaint)
        report_id = await reports.add(
            conn,
            account_id=user.account_id,
            target_id=target.id,
            comment=comment,
            status_ids=await _statuses(conn, user, complaint),
            collection_ids=await _collections(conn, user, complaint),
            category=complaint.category or ("violation" if broken else "other"),
            rule_ids=broken,
            forwarded=complaint.forward and not target.is_local,
            forward_domains=_domains(complaint),
        )
        filed = None if report_id is None else await reports.by_id(conn, report_id)
    if filed is None:
        raise errors.NotFound
    return filed


def _domains(complaint: Complaint) -> list[str]:
    named = [mentions.normalise_domain(each.strip()) for each in complaint.forward_to_domains[:MAX_DOMAINS]]
    return list(dict.fromkeys(each for each in named if each is not None))


async def _statuses(conn: Conn, user: User, complaint: Complaint) -> list[int]:
    ids = list(dict.fromkeys(complaint.status_ids))[:MAX_STATUSES]
    rows = await statuses.visible_rows(conn, user.account_id, ids)
    theirs = {row.id for row in rows if row.account_id == complaint.target_id}
    return [status_id for status_id in ids if status_id in theirs]


async def _collections(conn: Conn, user: User, complaint: Complaint) -> list[int]:
    ids = list(dict.fromkeys(complaint.collection_ids))[:MAX_COLLECTIONS]
    rows = await access.visible_collections(conn, user.account_id, ids)
    theirs = {row.id for row in rows if row.account_id == complaint.target_id}
    return [collection_id for collection_id in ids if collection_id in theirs]


async def _rules(conn: Conn, complaint: Complaint) -> list[int]:
    """The rules of ours that were broken; only a violation breaks one."""
    if not complaint.rule_ids or complaint.category not in (None, "violation"):
        return []
    known = {rule.id for rule in await rules.listed(conn)}
    if not known.issuperset(complaint.rule_ids):
        raise errors.Invalid("Rules are not included in the list")
    return list(dict.fromkeys(complaint.rule_ids))
