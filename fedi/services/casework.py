"""Work on reports: taking one, classing it, passing it on, closing it."""

from typing import Literal

import msgspec

from fedi import errors
from fedi.services import staff
from fedi.services.staff import By
from storage import accounts, reports, rules
from storage.db import Conn
from storage.reports import Report

Category = Literal["spam", "legal", "violation", "other"]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """None: stays."""

    category: Category | None = None
    rule_ids: list[int] | None = None
    forwarded: bool | None = None


async def update(conn: Conn, who: By, report_id: int, changes: Changes) -> None:
    """A report of this server's people can be forwarded once; what has been sent cannot be called back."""
    report = await _locked(conn, report_id)
    category = changes.category or report.category
    broken = report.rule_ids if changes.rule_ids is None else changes.rule_ids
    if not {rule.id for rule in await rules.listed(conn)}.issuperset(changes.rule_ids or ()):
        raise errors.Invalid("Rules are not included in the list")
    await reports.classify(conn, report.id, category=category, rule_ids=broken if category == "violation" else [])
    if changes.forwarded is False and report.forwarded:
        raise errors.Invalid("Forwarded cannot be taken back")
    if changes.forwarded and not report.forwarded:
        target = await accounts.by_id(conn, report.target_id)
        if target is None or target.is_local or report.uri is not None:
            raise errors.Invalid("Forwarded is only for reports of our people about those of other servers")
        await reports.forward(conn, report.id)
    await staff.note(
        conn, who, "report.update", str(report.id), category=changes.category, forwarded=changes.forwarded,
        rules=[str(each) for each in broken] if changes.rule_ids is not None else None,
    )  # fmt: skip


async def assign(conn: Conn, who: By, report_id: int) -> None:
    """To the one who asks."""
    report = await _locked(conn, report_id)
    await reports.assign(conn, report.id, who.account_id)
    await staff.note(conn, who, "report.assign_to_self", str(report.id))


async def unassign(conn: Conn, who: By, report_id: int) -> None:
    report = await _locked(conn, report_id)
    await reports.assign(conn, report.id, None)
    await staff.note(conn, who, "report.unassign", str(report.id))


async def resolve(conn: Conn, who: By, report_id: int) -> None:
    """Close it without doing anything."""
    report = await _locked(conn, report_id)
    if report.action_taken_at is None:
        await reports.resolve(conn, [report.id], by_id=who.account_id)
        await staff.note(conn, who, "report.resolve", str(report.id))


async def reopen(conn: Conn, who: By, report_id: int) -> None:
    report = await _locked(conn, report_id)
    if report.action_taken_at is not None:
        await reports.reopen(conn, report.id)
        await staff.note(conn, who, "report.reopen", str(report.id))


async def _locked(conn: Conn, report_id: int) -> Report:
    report = await reports.lock(conn, report_id)
    if report is None:
        raise errors.NotFound
    return report
