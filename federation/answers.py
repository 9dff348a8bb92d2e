"""Answers that were here before what they answer: whether its author lets them stand is asked once it has come, so that
it does not matter which of the two was first.
"""

from typing import Any

from federation import budgets, interacting
from federation.context import Fed
from federation.errors import Rejected
from federation.vocab.note import Note
from storage import accounts, approvals, inbox, jobs, statuses
from storage.approvals import Unjudged
from storage.db import Conn
from storage.statuses import New

JOB = "judge_answers"  # payload {"status_id": …, "chain": …}, that of what is answered
BATCH = 50


async def arrived(conn: Conn, status_id: int, new: New, note: Note, *, judged: bool) -> None:
    """A post of another server has been stored: the consent that it claims is kept until it can be looked at, and those
    that waited for it are judged. `judged`: it was itself, since what it answers was here."""
    stamp = interacting.consent_to_answer(note)
    if not judged and stamp is not None:
        await approvals.claim(conn, status_id, stamp)
    if not judged and new.in_reply_to_id is not None:
        # What it answers has come since it was looked for.
        await _later(conn, new.in_reply_to_id)
    if any(rule.action == "reply" for rule in interacting.rules(note)) and await approvals.unjudged(conn, status_id, 1):
        await _later(conn, status_id)


async def judge(fed: Fed, payload: dict[str, Any]) -> None:
    """Job: drop those that the author of a post has not agreed to, as if they had come after it. Any: the job's
    payload."""
    status_id: int = payload["status_id"]
    async with fed.db.read() as conn:
        post = await statuses.by_id(conn, status_id)
        waiting = await approvals.unjudged(conn, status_id, BATCH)
    if post is None:
        return
    for answer in waiting:
        await _judge(fed, answer, post.uri)
    if len(waiting) == BATCH:
        async with fed.db.transaction() as conn:
            await _later(conn, status_id)


async def _judge(fed: Fed, answer: Unjudged, target: str) -> None:
    async with fed.db.read() as conn:
        author = await accounts.by_id(conn, answer.account_id)
    if author is None:
        return
    try:
        await interacting.check(fed, target, author, "reply", interacting=answer.uri, stamp=answer.stamp)
    except Rejected:
        async with fed.db.transaction() as conn:
            await inbox.lock(conn, answer.uri)
            await statuses.delete(conn, answer.id)
    else:
        async with fed.db.transaction() as conn:
            await approvals.judged(conn, answer.id)


async def _later(conn: Conn, status_id: int) -> None:
    payload = {"status_id": status_id, "chain": budgets.chain()}
    await jobs.enqueue(conn, JOB, payload, queue="slow", key=str(status_id))
