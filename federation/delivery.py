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

import msgspec

from federation import actors, counters, followers, knocking, linking, signing
from federation.context import Fed
from federation.http.addresses import parse_url
from federation.http.client import HTTPError, Refused, Response
from federation.http.fetch import retry_after
from federation.signatures import rfc9421
from federation.signatures.requests import Outgoing
from storage import activities, deliveries, hosts
from storage.db import Conn
from storage.deliveries import Delivery, Outcome
from storage.errors import DatabaseBusy, DatabaseDown

log = logging.getLogger("fedi.delivery")

BATCH = 50
POLL_SECONDS = 1.0
LOOK_SECONDS = 0.05
HOSTS_AT_ONCE = 500
TIMEOUT_SECONDS = 20.0
MAX_DELAY_SECONDS = 6 * 3600
# A batch that takes longer gives the rest back well before its lease ends.
BATCH_SECONDS = deliveries.LEASE_SECONDS / 3
UNAUTHORIZED_ATTEMPTS = 5
# A mistake of ours with one delivery: after so many attempts it is given up.
MISTAKEN_ATTEMPTS = 3
# While the database is away: what is not written down in the end is sent again.
WRITE_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)


async def run(fed: Fed, stop: asyncio.Event, wake: asyncio.Event, *, concurrency: int) -> None:
    """Serve hosts until `stop`; then finish what is on the wire. `wake` is set when there may be something new."""
    active: dict[str, asyncio.Task[bool]] = {}
    found: list[str] = []
    looked = -LOOK_SECONDS

    def done(host: str, _task: asyncio.Task[bool]) -> None:
        del active[host]
        wake.set()

    while not stop.is_set():
        wake.clear()
        # Looking costs as much as there are hosts with something waiting: not after each one that was served.
        if len(active) < concurrency and time.monotonic() - looked >= LOOK_SECONDS:
            found, looked = await _look(fed, list(active)), time.monotonic()
        while found and len(active) < concurrency:
            host = found.pop()
            if host not in active:
                task = asyncio.create_task(_serve(fed, host, stop))
                active[host] = task
                task.add_done_callback(functools.partial(done, host))
        try:
            await asyncio.wait_for(wake.wait(), POLL_SECONDS)
            await asyncio.sleep(0 if found else max(looked + LOOK_SECONDS - time.monotonic(), 0))
        except TimeoutError:
            pass
    await asyncio.gather(*active.values(), return_exceptions=True)


async def _look(fed: Fed, busy: Sequence[str]) -> list[str]:
    """The next hosts to serve, the first one last."""
    try:
        return (await _due(fed, busy, HOSTS_AT_ONCE))[::-1]
    except Exception:
        log.exception("looking for deliveries failed")
        return []


async def drain(fed: Fed) -> bool:
    """Send everything that is due now, once; whether there was anything."""
    found = await _due(fed, [], 1000)
    served = await asyncio.gather(*(_serve(fed, host, asyncio.Event()) for host in found))
    return any(served)


async def _due(fed: Fed, busy: Sequence[str], limit: int) -> list[str]:
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
            bodies = await linking.signed(fed, {row.activity_id: row.sender_id for row in batch}, bodies)
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

    def over() -> bool:
        """Once a host is silent, nobody else's turn comes; nor when it asks for a rest."""
        if stop.is_set() or time.monotonic() > deadline or any(outcome.rest_seconds for outcome in outcomes):
            return True
        return not _answers(outcomes) and any(outcome.attempted for outcome in outcomes)

    async def send_lane(rows: Sequence[Delivery]) -> None:
        halted = False
        for row in rows:
            async with room:
                if halted or over():
                    outcomes.append(Outcome(row.id, "waiting", None, None, attempted=False))
                    continue
                outcome = await _attempt(fed, row, bodies.get(row.activity_id, ""))
                outcomes.append(outcome)
            halted = outcome.state == "waiting"

    await asyncio.gather(*(send_lane(rows) for rows in lanes.values()))
    closed = {outcome.id for outcome in outcomes if outcome.status == 410}
    gone = sorted({row.inbox for row in batch if row.id in closed})
    for pause in WRITE_SECONDS:
        await asyncio.sleep(pause)
        try:
            async with fed.db.transaction() as conn:
                return await _write(conn, host, outcomes, gone)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the leases run out in the end)
            log.warning("what %s answered could not be written: %s", host, exc)
            if stop.is_set():
                break
    return False


def _answers(outcomes: Sequence[Outcome]) -> bool:
    return any(outcome.state in ("delivered", "refused") and outcome.attempted for outcome in outcomes)


async def _write(conn: Conn, host: str, outcomes: Sequence[Outcome], gone: Sequence[str]) -> bool:
    """Note how the deliveries and the host fared, and which inboxes are gone; whether to go on with it now."""
    failed = [outcome for outcome in outcomes if outcome.state == "waiting" and outcome.attempted]
    rest = max((outcome.rest_seconds for outcome in failed), default=0.0)
    if _answers(outcomes):
        await hosts.succeeded(conn, host)
        if rest:
            await hosts.rest(conn, host, rest)
    elif failed:
        pause = await hosts.failed(conn, host, error=failed[0].error or "", delay_seconds=rest or None)
        # They wait as long as the host does, so that they are first when it answers again.
        outcomes = [msgspec.structs.replace(each, delay_seconds=pause * 0.99) if each in failed else each
                    for each in outcomes]  # fmt: skip
    await deliveries.finish(conn, sorted(outcomes, key=lambda outcome: outcome.id))
    if gone:
        await actors.doubt(conn, gone)
    return not failed


async def _attempt(fed: Fed, row: Delivery, text: str) -> Outcome:
    started = time.perf_counter()
    try:
        outcome = _judge(row, await _post(fed, row, text))
    except (Refused, LookupError) as exc:
        outcome = Outcome(row.id, "refused", None, str(exc))
    except HTTPError as exc:
        outcome = _later(row, None, str(exc) or type(exc).__name__)
    except (DatabaseDown, *DatabaseBusy, OSError, TimeoutError):
        # How to sign could not be looked up: that was no attempt, and nothing the delivery has to answer for.
        outcome = Outcome(row.id, "waiting", None, None, attempted=False)
    except Exception as exc:
        # Of this one only: the others of the batch have been sent, or will be.
        log.exception("delivery %d to %s failed", row.id, row.inbox)
        outcome = _later(row, None, f"{type(exc).__name__}: {exc}")
        if row.attempts + 1 >= MISTAKEN_ATTEMPTS:
            outcome = Outcome(row.id, "refused", None, outcome.error)
    counters.delivery(outcome.state)
    log.info(
        "delivery",
        extra={
            "id": row.id, "inbox": row.inbox, "outcome": outcome.state, "status": outcome.status,
            "attempts": row.attempts + 1, "ms": round((time.perf_counter() - started) * 1000, 1),
            "error": outcome.error,
        },
    )  # fmt: skip
    return outcome


async def _post(fed: Fed, row: Delivery, text: str) -> Response:
    """Send it, signed as its host takes it; once more, signed the other way, if that was why it was refused."""
    host = parse_url(row.inbox).authority
    order = await knocking.order(fed, host, "POST")
    body, extra = text.encode(), await followers.header(fed, row.sender_id, host, text)
    request = Outgoing(method="POST", url=row.inbox, body=body, extra=extra)
    headers = await signing.headers_for(fed, row.sender_id, request, order.first)
    first = await fed.http.post(row.inbox, headers=headers, body=body, timeout=TIMEOUT_SECONDS)
    if first.status not in knocking.REFUSALS or order.second is None:
        return first
    asked = rfc9421.challenge(first.headers.get("accept-signature", "")) if order.second == "rfc9421" else None
    headers = await signing.headers_for(fed, row.sender_id, request, order.second, asked)
    second = await fed.http.post(row.inbox, headers=headers, body=body, timeout=TIMEOUT_SECONDS)
    if second.status in knocking.REFUSALS:
        knocking.in_vain(fed, host, "POST")
        return first
    if 200 <= second.status < 300:
        await knocking.accepted(fed, host, order.second)
    return second


def _judge(row: Delivery, response: Response) -> Outcome:
    """What an answer means: https://www.w3.org/TR/activitypub/#delivery and what peers do."""
    status = response.status
    if 200 <= status < 300:
        return Outcome(row.id, "delivered", status, None)
    excerpt = response.body[:200].decode("utf-8", "replace")
    if status == 401 and (row.attempts < UNAUTHORIZED_ATTEMPTS or row.last_status != 401):
        return _later(row, status, excerpt)
    if status in (408, 429) or (status >= 500 and status != 501):
        return _later(row, status, excerpt, asked=retry_after(response))
    return Outcome(row.id, "refused", status, excerpt)


def _later(row: Delivery, status: int | None, error: str, *, asked: float | None = None) -> Outcome:
    """Another attempt: after 15 s, doubling to six hours, for 14 days."""
    if datetime.now(UTC) - row.created_at > timedelta(days=deliveries.EXPIRY_DAYS):
        return Outcome(row.id, "expired", status, error)
    rest = asked or 0.0
    delay = min(15 * 2**row.attempts, MAX_DELAY_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311 (spread, not secrecy)
    if status == 429:
        rest = max(rest, delay)
    return Outcome(row.id, "waiting", status, error, max(delay, rest), rest_seconds=rest)
