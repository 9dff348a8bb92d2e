"""Letting in those whose notifications were put aside, or sending them away."""

from collections.abc import Sequence
from typing import Any

from fedi.context import App
from storage import conversations, jobs, notification_requests
from storage.db import Conn

MERGE_JOB = "merge_notifications"


async def accept(app: App, account_id: int, request_ids: Sequence[int]) -> int:
    """From now on these people are heard, and so is what they said before; how many of the requests there were."""
    async with app.db.transaction() as conn:
        found = await notification_requests.by_ids(conn, account_id, request_ids)
        if found:
            await notification_requests.permit(conn, account_id, [each.from_account_id for each in found])
            await _merge(conn, account_id)
    return len(found)


async def dismiss(app: App, account_id: int, request_ids: Sequence[int]) -> int:
    """What these people said is forgotten; how many of the requests there were."""
    async with app.db.transaction() as conn:
        found = await notification_requests.by_ids(conn, account_id, request_ids)
        if found:
            await notification_requests.dismiss(conn, account_id, [each.from_account_id for each in found])
    return len(found)


async def merge(app: App, payload: dict[str, Any]) -> None:
    """Job: the next step of a merge too large for one."""
    async with app.db.transaction() as conn:
        await _merge(conn, payload["account_id"])


async def _merge(conn: Conn, account_id: int) -> None:
    """One step. Direct posts among what is let through join the reader's conversations; a job does the rest."""
    more, status_ids = await notification_requests.merge(conn, account_id)
    for status_id in status_ids:
        await conversations.add(conn, status_id, unread=True, reader_ids=[account_id])
    if more:
        await jobs.enqueue(conn, MERGE_JOB, {"account_id": account_id}, queue="slow", key=str(account_id))
