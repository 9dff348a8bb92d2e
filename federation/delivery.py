"""Sends what waits in `deliveries`: hosts side by side, each host in order, a silent host paused as one.

Nothing here holds a transaction while it talks. A process that dies leaves leases that run out; the activity is then
sent again under the same id, which receivers know.
"""

import asyncio
import functools
import itertools
import logging
import random
import string
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from federation import batches, counters, followers, knocking, signing
from federation.batches import Fared, Taken
from federation.context import Fed
from federation.http.addresses import parse_url
from federation.http.client import HTTPError, Refused, Response
from federation.http.fetch import retry_after
from federation.signatures import rfc9421
from federation.signatures.requests import Outgoing
from storage import claims, deliveries, outages
from storage.claims import Due
from storage.deliveries import Delivery, Outcome
from storage.errors import Away

log = logging.getLogger("fedi.delivery")

POLL_SECONDS = 1.0
LOOK_SECONDS = 0.05
# Looking takes no more than this part of the time, however many hosts there are.
LOOK_SHARE = 5
HOSTS_AT_ONCE = 500
ACCEPT = "application/activity+json"
TIMEOUT_SECONDS = 20.0
MAX_DELAY_SECONDS = 6 * 3600
# A host with much to take gives its place to another after so long.
TURN_SECONDS = 5.0
# Who keeps us waiting for longer does not count among those served at once, up to so many times as many.
SLOW_SECONDS = 0.5
SLOW_TIMES = 8
# A batch that takes longer gives the rest back well before its lease ends.
BATCH_SECONDS = deliveries.LEASE_SECONDS / 3
# What has arrived meanwhile is written down so often: whoever is killed sends again what is not.
NOTE_SECONDS = 0.1
UNAUTHORIZED_ATTEMPTS = 5
# A mistake of ours with one delivery: after so many attempts it is given up.
MISTAKEN_ATTEMPTS = 3
# While the database is away: what is not written down in the end is sent again.
WRITE_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)


class Turn:
    """One host being served: since when, and when it last answered."""

    __slots__ = ("began_at", "failing", "moved_at")

    def __init__(self, *, failing: bool) -> None:
        self.failing = failing
        self.began_at = self.moved_at = time.monotonic()


class Turns:
    """Who is being served, and how many more may be."""

    def __init__(self, concurrency: int) -> None:
        self.active: dict[str, Turn] = {}
        self._concurrency = concurrency

    def room(self, *, failing: bool) -> bool:
        """Whether one more may begin. Those that failed last time take at most half of the places, and who is slow
        takes none, so that any number of silent hosts leaves room for the others."""
        if len(self.active) >= self._concurrency * SLOW_TIMES:
            return False
        limit = time.monotonic() - SLOW_SECONDS
        quick = [turn for turn in self.active.values() if turn.moved_at > limit]
        if failing and sum(turn.failing for turn in quick) * 2 >= self._concurrency:
            return False
        return len(quick) < self._concurrency


class _Search:
    """Which hosts are served next, and when to look again. That costs as much as there are hosts with something
    waiting: not after each one that was served."""

    def __init__(self, fed: Fed) -> None:
        self.news = True
        self._fed = fed
        self._found: list[Due] = []  # the first one last
        self._after = random.choice(string.ascii_lowercase)  # noqa: S311 (processes need not begin at the same host)
        self._next_at = 0.0
        self._stale_at = 0.0

    @property
    def pause(self) -> float:
        """How long there is nothing to be done, though some place became free."""
        return 0.0 if self._found else max(self._next_at - time.monotonic(), 0.0)

    @property
    def patience(self) -> float:
        """How long to wait for some place to become free."""
        return SLOW_SECONDS / 4 if self._found else POLL_SECONDS

    def next(self, turns: Turns) -> Due | None:
        """Whose turn it is, if there is room."""
        while self._found and turns.room(failing=self._found[-1].failing):
            due = self._found.pop()
            if due.host not in turns.active:
                return due
        return None

    async def look(self, turns: Turns) -> None:
        """If it is time, and may show something else than is known."""
        began = time.monotonic()
        if began < self._next_at or not (self.news or not self._found or began >= self._stale_at):
            return
        self.news = False
        try:
            self._found, self._after = await _due(self._fed, list(turns.active), self._after, HOSTS_AT_ONCE)
        except Exception as exc:
            log.error("looking for deliveries failed: %s", outages.words(exc), exc_info=outages.trace(exc))
            self._found = []
        ended = time.monotonic()
        self._next_at = ended + max(LOOK_SECONDS, LOOK_SHARE * (ended - began))
        self._stale_at = ended + POLL_SECONDS


async def run(fed: Fed, stop: asyncio.Event, wake: asyncio.Event, *, concurrency: int) -> None:
    """Serve hosts until `stop`; then finish what is on the wire. `wake` is set when there may be something new."""
    turns, search, stir = Turns(concurrency), _Search(fed), asyncio.Event()
    tasks: set[asyncio.Task[bool]] = set()

    def done(host: str, task: asyncio.Task[bool]) -> None:
        tasks.discard(task)
        del turns.active[host]
        stir.set()

    async def listen() -> None:
        while True:
            await wake.wait()
            wake.clear()
            search.news = True
            stir.set()

    listener = asyncio.create_task(listen())
    try:
        while not stop.is_set():
            stir.clear()
            if turns.room(failing=False):
                await search.look(turns)
            while due := search.next(turns):
                turns.active[due.host] = Turn(failing=due.failing)
                task = asyncio.create_task(_serve(fed, due.host, stop, turns.active[due.host]))
                tasks.add(task)
                task.add_done_callback(functools.partial(done, due.host))
            try:
                await asyncio.wait_for(stir.wait(), search.patience)
                await asyncio.sleep(search.pause)
            except TimeoutError:
                pass
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        listener.cancel()


async def drain(fed: Fed) -> bool:
    """Send everything that is due now, once; whether there was anything."""
    found, _ = await _due(fed, [], "", 1000)
    served = await asyncio.gather(*(_serve(fed, due.host, asyncio.Event(), Turn(failing=due.failing)) for due in found))
    return any(served)


async def _due(fed: Fed, busy: Sequence[str], after: str, limit: int) -> tuple[list[Due], str]:
    """The next hosts to serve, from one on round the circle, and where to go on another time. First, and so last in the
    list, those that are known to answer: a silent one holds up whoever asks it. Among these, where one person waits for
    another's words."""
    async with fed.db.read() as conn:
        found = await claims.due(conn, busy=busy, after=after, limit=limit)
        personal = await claims.due_in_person(conn, busy=busy, limit=limit)
    after = found[-1].host if len(found) == limit else after
    hosts = list({due.host: due for due in (*found, *personal)}.values())
    random.shuffle(hosts)
    return sorted(hosts, key=lambda due: (due.failing, due.bulk), reverse=True), after


async def _serve(fed: Fed, host: str, stop: asyncio.Event, turn: Turn) -> bool:
    """Send to one host until nothing is due, it stops answering or its turn is over; whether anything was sent."""
    served = False
    try:
        while not stop.is_set() and time.monotonic() < turn.began_at + TURN_SECONDS:
            taken = await batches.take(fed, host)
            if not taken.batch.rows:
                break
            served = True
            if not await _Sending(fed, host, taken, stop, turn).run() or not taken.batch.more:
                break
    except Exception as exc:
        log.error("delivering to %s failed: %s", host, outages.words(exc), exc_info=outages.trace(exc))
    return served


class _Sending:
    """One batch on its way to one host."""

    def __init__(self, fed: Fed, host: str, taken: Taken, stop: asyncio.Event, turn: Turn) -> None:
        self._fed, self._host, self._taken, self._stop, self._turn = fed, host, taken, stop, turn
        self._room = asyncio.Semaphore(fed.site.max_per_host)
        self._deadline = time.monotonic() + BATCH_SECONDS
        self._outcomes: list[Outcome] = []
        self._noted, self._noted_at, self._noting = 0, time.monotonic(), False

    async def run(self) -> bool:
        """Send the rows, several senders at a time, each sender's in order; whether the host still answers."""
        lanes: dict[int, list[Delivery]] = defaultdict(list)
        for row in self._taken.batch.rows:
            lanes[row.sender_id].append(row)
        await asyncio.gather(*(self._lane(rows) for rows in lanes.values()))
        return await self._settle()

    def _over(self) -> bool:
        """Once a host is silent, nobody else's turn comes; nor when it asks for a rest."""
        if self._stop.is_set() or time.monotonic() > self._deadline:
            return True
        if any(outcome.rest_seconds for outcome in self._outcomes):
            return True
        return not batches.answers(self._outcomes) and any(outcome.attempted for outcome in self._outcomes)

    async def _lane(self, rows: Sequence[Delivery]) -> None:
        """One sender's, in order; what is the same activity for several inboxes side by side."""
        halted = False
        for _, same in itertools.groupby(rows, lambda row: row.activity_id):
            outcomes = await asyncio.gather(*(self._one(row, halted) for row in same))
            halted = any(outcome.state == "waiting" for outcome in outcomes)

    async def _one(self, row: Delivery, halted: bool) -> Outcome:
        async with self._room:
            if halted or self._over():
                outcome = _given_back(row)
            else:
                outcome = await _attempt(self._fed, row, self._taken.bodies[row.activity_id])
                self._turn.moved_at = time.monotonic()
            self._outcomes.append(outcome)
        await self._note()
        return outcome

    async def _note(self) -> None:
        """Write down what has come to its end in the middle of a batch. All of it is written once more when the batch
        is over, and nothing comes of that; so nothing does of a failure here."""
        if self._noting or time.monotonic() < self._noted_at + NOTE_SECONDS:
            return
        self._noting, noted = True, len(self._outcomes)
        try:
            ended = [outcome for outcome in self._outcomes[self._noted :] if outcome.state != "waiting"]
            if ended:
                await batches.settle(self._fed, Fared(self._host, ended, (), self._taken.batch.proven))
            self._noted = noted
        except Exception as exc:  # noqa: BLE001 (see above)
            log.info("what %s answered is written later: %s", self._host, exc)
        finally:
            self._noting, self._noted_at = False, time.monotonic()

    async def _settle(self) -> bool:
        """Write it down, as soon as the database lets us; whether the host still answers."""
        closed = {outcome.id for outcome in self._outcomes if outcome.status == 410}
        gone = sorted({row.inbox for row in self._taken.batch.rows if row.id in closed})
        fared = Fared(self._host, self._outcomes, gone, self._taken.batch.proven)
        for pause in WRITE_SECONDS:
            await asyncio.sleep(pause)
            try:
                return await batches.settle(self._fed, fared)
            except Exception as exc:  # noqa: BLE001 (whatever it is, the leases run out in the end)
                log.warning("what %s answered could not be written: %s", self._host, exc)
                if self._stop.is_set():
                    break
        return False


def _given_back(row: Delivery) -> Outcome:
    return Outcome(row.id, row.leased_until, "waiting", None, None, attempted=False)


async def _attempt(fed: Fed, row: Delivery, body: bytes) -> Outcome:
    started = time.perf_counter()
    try:
        outcome = _judge(row, await _post(fed, row, body))
    except (Refused, LookupError) as exc:
        outcome = Outcome(row.id, row.leased_until, "refused", None, str(exc))
    except HTTPError as exc:
        outcome = _later(row, None, str(exc) or type(exc).__name__)
    except Away:
        # How to sign could not be looked up: that was no attempt, and nothing the delivery has to answer for.
        outcome = _given_back(row)
    except Exception as exc:
        # Of this one only: the others of the batch have been sent, or will be.
        log.exception("delivery %d to %s failed", row.id, row.inbox)
        outcome = _later(row, None, f"{type(exc).__name__}: {exc}")
        if row.attempts + 1 >= MISTAKEN_ATTEMPTS:
            outcome = Outcome(row.id, row.leased_until, "refused", None, outcome.error)
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


async def _post(fed: Fed, row: Delivery, body: bytes) -> Response:
    """Send it, signed as its host takes it; once more, signed the other way, if that was why it was refused."""
    url = parse_url(row.inbox)
    host = url.authority
    order = await knocking.order(fed, host, "POST")
    extra = await followers.header(fed, row.sender_id, host, body)
    request = Outgoing(method="POST", url=row.inbox, body=body, extra=extra)
    headers = {"Accept": ACCEPT, **await signing.headers_for(fed, row.sender_id, request, order.first)}
    first = await fed.http.post(url, headers=headers, body=body, timeout=TIMEOUT_SECONDS)
    if first.status not in knocking.REFUSALS or order.second is None:
        return first
    asked = rfc9421.challenge(first.headers.get("accept-signature", "")) if order.second == "rfc9421" else None
    headers = {"Accept": ACCEPT, **await signing.headers_for(fed, row.sender_id, request, order.second, asked)}
    second = await fed.http.post(url, headers=headers, body=body, timeout=TIMEOUT_SECONDS)
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
        return Outcome(row.id, row.leased_until, "delivered", status, None)
    excerpt = response.body[:200].decode("utf-8", "replace")
    if status == 401 and (row.attempts < UNAUTHORIZED_ATTEMPTS or row.last_status != 401):
        return _later(row, status, excerpt)
    if status in (408, 429) or (status >= 500 and status != 501):
        return _later(row, status, excerpt, asked=retry_after(response))
    return Outcome(row.id, row.leased_until, "refused", status, excerpt)


def _later(row: Delivery, status: int | None, error: str, *, asked: float | None = None) -> Outcome:
    """Another attempt: after 15 s, doubling to six hours, for 14 days."""
    if datetime.now(UTC) - row.created_at > timedelta(days=deliveries.EXPIRY_DAYS):
        return Outcome(row.id, row.leased_until, "expired", status, error)
    rest = asked or 0.0
    delay = min(15 * 2**row.attempts, MAX_DELAY_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311 (spread, not secrecy)
    if status == 429:
        rest = max(rest, delay)
    return Outcome(row.id, row.leased_until, "waiting", status, error, max(delay, rest), rest_seconds=rest)
