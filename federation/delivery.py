"""Sends what waits in `deliveries`: hosts side by side, each host in order, a silent host paused as one.

Nothing here holds a transaction while it talks. A process that dies leaves leases that run out; the activity is then
sent again under the same id, which receivers know.
"""

import asyncio
import functools
import logging
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from federation import signing
from federation.context import Fed
from federation.http.client import HTTPError, Refused, Response
from federation.http.fetch import retry_after
from storage import activities, deliveries, hosts
from storage.deliveries import Delivery, Outcome

log = logging.getLogger("fedi.delivery")

BATCH = 50
POLL_SECONDS = 1.0
TIMEOUT_SECONDS = 20.0
MAX_DELAY_SECONDS = 6 * 3600
# A batch that takes longer gives the rest back well before its lease ends.
BATCH_SECONDS = deliveries.LEASE_SECONDS / 3
UNAUTHORIZED_ATTEMPTS = 5


async def run(fed: Fed, stop: asyncio.Event, wake: asyncio.Event, *, concurrency: int) -> None:
    """Serve hosts until `stop`; then finish what is on the wire. `wake` is set when there may be something new."""
    active: dict[str, asyncio.Task[bool]] = {}

    def done(host: str, _task: asyncio.Task[bool]) -> None:
        del active[host]
        wake.set()

    while not stop.is_set():
        wake.clear()
        try:
            found = await _due(fed, list(active), concurrency - len(active))
        except Exception:
            log.exception("looking for deliveries failed")
            found = []
        for host in found:
            task = asyncio.create_task(_serve(fed, host, stop))
            active[host] = task
            task.add_done_callback(functools.partial(done, host))
        try:
            await asyncio.wait_for(wake.wait(), POLL_SECONDS)
        except TimeoutError:
            pass
    await asyncio.gather(*active.values(), return_exceptions=True)


async def drain(fed: Fed) -> bool:
    """Send everything that is due now, once; whether there was anything."""
    found = await _due(fed, [], 1000)
    served = await asyncio.gather(*(_serve(fed, host, asyncio.Event()) for host in found))
    return any(served)


async def _due(fed: Fed, busy: Sequence[str], limit: int) -> list[str]:
    if limit <= 0:
        return []
    async with fed.db.read() as conn:
        return await deliveries.due_hosts(conn, busy=busy, limit=limit)


async def _serve(fed: Fed, host: str, stop: asyncio.Event) -> bool:
    """Send to one host until nothing is due or it stops answering; whether anything was sent."""
    served = False
    try:
        while not stop.is_set():
            async with fed.db.transaction() as conn:
                batch = await deliveries.claim(conn, host, limit=BATCH)
                bodies = await activities.bodies(conn, sorted({row.activity_id for row in batch}))
            if not batch:
                break
            served = True
            if not await _send_batch(fed, host, batch, bodies, stop):
                break
    except Exception:
        # Leases run out by themselves.
        log.exception("delivering to %s failed", host)
    return served


async def _send_batch(
    fed: Fed, host: str, batch: Sequence[Delivery], bodies: dict[int, str], stop: asyncio.Event
) -> bool:
    """Send the rows, several senders at a time, each sender's in order; whether the host still answers."""
    lanes: dict[int, list[Delivery]] = defaultdict(list)
    for row in batch:
        lanes[row.sender_id].append(row)
    room = asyncio.Semaphore(fed.site.max_per_host)
    deadline = time.monotonic() + BATCH_SECONDS
    outcomes: list[Outcome] = []

    async def send_lane(rows: Sequence[Delivery]) -> None:
        halted = False
        for row in rows:
            if halted or stop.is_set() or time.monotonic() > deadline:
                outcomes.append(Outcome(row.id, "waiting", None, None, attempted=False))
                continue
            async with room:
                outcome = await _attempt(fed, row, bodies.get(row.activity_id, ""))
            outcomes.append(outcome)
            halted = outcome.state == "waiting"

    await asyncio.gather(*(send_lane(rows) for rows in lanes.values()))
    async with fed.db.transaction() as conn:
        await deliveries.finish(conn, sorted(outcomes, key=lambda outcome: outcome.id))
        failed = [outcome for outcome in outcomes if outcome.state == "waiting" and outcome.attempted]
        if any(outcome.state in ("delivered", "refused") and outcome.attempted for outcome in outcomes):
            await hosts.succeeded(conn, host)
        elif failed:
            asked = failed[0].delay_seconds if failed[0].status == 429 else None
            await hosts.failed(conn, host, error=failed[0].error or "", delay_seconds=asked)
            return False
    return not failed


async def _attempt(fed: Fed, row: Delivery, text: str) -> Outcome:
    started = time.perf_counter()
    try:
        body = text.encode()
        headers = await signing.headers_for(fed, row.sender_id, "POST", row.inbox, body)
        response = await fed.http.post(row.inbox, headers=headers, body=body, timeout=TIMEOUT_SECONDS)
        outcome = _judge(row, response)
    except (Refused, LookupError) as exc:
        outcome = Outcome(row.id, "refused", None, str(exc))
    except HTTPError as exc:
        outcome = _later(row, None, str(exc) or type(exc).__name__)
    log.info(
        "delivery",
        extra={
            "id": row.id, "inbox": row.inbox, "outcome": outcome.state, "status": outcome.status,
            "attempts": row.attempts + 1, "ms": round((time.perf_counter() - started) * 1000, 1),
            "error": outcome.error,
        },
    )  # fmt: skip
    return outcome


def _judge(row: Delivery, response: Response) -> Outcome:
    """What an answer means: https://www.w3.org/TR/activitypub/#delivery and what peers do."""
    status = response.status
    if 200 <= status < 300:
        return Outcome(row.id, "delivered", status, None)
    excerpt = response.body[:200].decode("utf-8", "replace")
    if status == 401 and row.attempts < UNAUTHORIZED_ATTEMPTS:
        return _later(row, status, excerpt)
    if status in (408, 429) or (status >= 500 and status != 501):
        return _later(row, status, excerpt, asked=retry_after(response))
    return Outcome(row.id, "refused", status, excerpt)


def _later(row: Delivery, status: int | None, error: str, *, asked: float | None = None) -> Outcome:
    """Another attempt: after 15 s, doubling to six hours, for 14 days."""
    if datetime.now(UTC) - row.created_at > timedelta(days=deliveries.EXPIRY_DAYS):
        return Outcome(row.id, "expired", status, error)
    delay = min(15 * 2**row.attempts, MAX_DELAY_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311 (spread, not secrecy)
    return Outcome(row.id, "waiting", status, error, max(delay, asked or 0.0))
