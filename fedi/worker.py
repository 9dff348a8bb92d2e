"""Runs what transactions left to be done: events with their effects, jobs with retries, and what the clock asks for.

Everything here may be killed at any moment: a row is gone only when its work is committed.
"""

import asyncio
import logging
import random
import time
import traceback
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from federation.errors import Rejected, Retry
from federation.together import Together
from fedi import metrics
from fedi.context import App
from fedi.effects.context import TOPIC, Context, Message
from storage import events, jobs, leases, outages
from storage.db import Conn, query_log
from storage.errors import Away, ConnectionCut, DatabaseDown, DatabaseEnds

log = logging.getLogger("fedi.worker")

Effect = Callable[[Context, Any], Awaitable[None]]  # Any: the event it was declared for, see effects.on()
Job = Callable[[App, dict[str, Any]], Awaitable[None]]  # Any: each job knows its payload
Loop = Callable[[App, asyncio.Event], Coroutine[Any, Any, None]]  # Any: what a coroutine yields is not ours

EVENT_BATCH = 50
POLL_SECONDS = 1.0
MAX_DELAY_SECONDS = 6 * 3600
# After the start: leases of processes that died. Again when Postgres must have noticed that they did.
FORSAKEN_SECONDS = (0.0, 15.0)
# A single failed effect, waiting to be tried alone.
SINGLE = "effect"
# Slots that become free are filled together, if they become free in so short a time; and what was done is written so.
GATHER_SECONDS = 0.003
FINISHED_TOGETHER = 100
# Of these queues more is leased than is begun: so many times the slots. Asking costs the same for one as for many.
AHEAD = {"inbox": 4}
# What became of a job is written again and again until the database is back; then the lease has run out anyway.
SETTLE_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0, 60.0)
_CUT_OFF = (ConnectionCut, *DatabaseEnds)


class Worker:
    """The loops of one process. `drain` runs everything that is due, for tests and tools."""

    def __init__(
        self,
        app: App,
        *,
        effects: Mapping[type[events.Event], Sequence[Effect]],
        functions: Mapping[str, Job],
        schedule: Sequence[tuple[float, Callable[[App], Awaitable[None]]]],
        loops: Sequence[Loop],
    ) -> None:
        self._app = app
        self._effects = effects
        self._functions = functions
        self._schedule = schedule
        self._loops = loops
        self._stop = asyncio.Event()
        self._wake = {queue: asyncio.Event() for queue in ("event", "inbox", "network", "push", "slow", "media")}
        self._held: set[int] = set()  # ids of jobs under way
        self._done = Together(self._finish, most=FINISHED_TOGETHER, gather_seconds=GATHER_SECONDS)
        app.bus.subscribe("wake", self._woken)

    def _woken(self, queue: str) -> None:
        if queue in self._wake:
            self._wake[queue].set()

    def stop(self) -> None:
        """Finish what is under way, take nothing new."""
        self._stop.set()
        for event in self._wake.values():
            event.set()

    async def run(self) -> None:
        """Until `stop`."""
        many = self._app.settings.worker_concurrency
        async with asyncio.TaskGroup() as group:
            group.create_task(self._loop("event", self._run_events))
            for queue, limit in (("inbox", many), ("network", many), ("push", many), ("slow", 2), ("media", 1)):
                group.create_task(self._serve(queue, limit))
            group.create_task(self._keep_leases())
            for seconds, function in self._schedule:
                group.create_task(self._every(seconds, function))
            group.create_task(self._take_over())
            for loop in self._loops:
                group.create_task(loop(self._app, self._stop))

    async def drain(self) -> bool:
        """Run what is due now, once through all queues; whether there was anything."""
        due = await self._due()
        ran = "event" in due and await self._run_events()
        due = await self._due() if ran else due
        for queue in ("inbox", "network", "push", "slow", "media"):
            if queue in due and (batch := await self._claim(queue, 20, ())):
                await asyncio.gather(*(self._run_job(job) for job in batch))
                ran, due = True, await self._due()
        return ran

    async def _due(self) -> set[str]:
        async with self._app.db.read() as conn:
            return await jobs.due_queues(conn)

    async def _take_over(self) -> None:
        """What a killed process was at is done again now, not when its leases run out."""
        for seconds in FORSAKEN_SECONDS:
            try:
                await asyncio.wait_for(self._stop.wait(), seconds)
                return
            except TimeoutError:
                pass
            try:
                async with self._app.db.transaction() as conn:
                    released = await leases.release(conn)
            except Exception as exc:  # noqa: BLE001 (the lease ends by itself)
                _complain("leases of processes that ended could not be released", exc)
                continue
            if released:
                log.warning("%d things that an ended process had not finished will be done again", released)

    async def _loop(self, queue: str, step: Callable[[], Awaitable[bool]]) -> None:
        while not self._stop.is_set():
            self._wake[queue].clear()
            try:
                more = await step()
            except Away as exc:
                log.warning("%s queue: the database is not available: %s", queue, exc)
                more = False
            except Exception:
                log.exception("%s queue: a step failed", queue)
                more = False
            if not more:
                await self._news(queue)

    async def _news(self, queue: str) -> None:
        try:
            await asyncio.wait_for(self._wake[queue].wait(), POLL_SECONDS)
        except TimeoutError:
            pass

    # ------------------------------------------------------------ events

    async def _run_events(self) -> bool:
        """One batch of events in one transaction; messages go out after its commit."""
        stream: list[Message] = []
        async with self._app.db.transaction() as conn:
            batch = await jobs.take(conn, limit=EVENT_BATCH)
            understood = [job for job in batch if await self._run_event(conn, job, stream)]
            await jobs.finish(conn, [job.id for job in understood])
        for message in stream:
            self._app.bus.publish(TOPIC, msgspec.to_builtins(message))
        return bool(batch)

    async def _run_event(self, conn: Conn, job: jobs.Job, stream: list[Message]) -> bool:
        """False when it is not understood: it is kept, since another release may have written it."""
        started = time.perf_counter()
        data = job.data
        only = data.get("effect") if job.name == SINGLE else None
        name = data["event"] if job.name == SINGLE else job.name
        payload = data["data"] if job.name == SINGLE else data
        try:
            event = events.decode(name, payload)
        except (KeyError, msgspec.ValidationError) as exc:
            log.exception("event %s of job %d is not understood", name, job.id)
            await jobs.park(conn, job.id, jobs.Failure(f"not understood: {exc}"))
            return False
        effects = {f"{effect.__module__}.{effect.__name__}": effect for effect in self._effects.get(type(event), ())}
        if only is not None:
            effects = {label: effect for label, effect in effects.items() if label == only}
        tries = data["tries"] + 1 if job.name == SINGLE else 1
        for label in await self._failing(conn, effects, event, stream):
            metrics.job(label, 0, "failed")
            await self._again(conn, label, name, payload, tries)
        metrics.job(name, time.perf_counter() - started, "ok")
        return True

    async def _failing(
        self, conn: Conn, effects: Mapping[str, Effect], event: events.Event, stream: list[Message]
    ) -> list[str]:
        """Run effects in a savepoint; if one of them raises, each in one of its own. Those that do not stand."""
        messages: list[Message] = []
        context = Context(conn, self._app.fed, messages)
        try:
            async with conn.transaction():
                for effect in effects.values():
                    await effect(context, event)
        except (DatabaseDown, OSError):
            raise
        except Exception as exc:
            if conn.is_closed() or isinstance(exc, _CUT_OFF):
                raise  # Not the effect's doing: all of it is done again.
            if len(effects) == 1:
                log.exception("effect %s of %s failed", *effects, type(event).__name__)
                return list(effects)
            alone = [await self._failing(conn, {label: one}, event, stream) for label, one in effects.items()]
            return [label for labels in alone for label in labels]
        stream.extend(messages)
        return []

    async def _again(self, conn: Conn, label: str, name: str, payload: dict[str, Any], tries: int) -> None:
        body = {"event": name, "effect": label, "data": payload, "tries": tries}
        later = datetime.now(UTC) + timedelta(seconds=_delay(tries))
        await jobs.enqueue(conn, SINGLE, body, queue="event", run_at=later, parked=tries > jobs.MAX_ATTEMPTS)

    # ------------------------------------------------------------ jobs

    async def _serve(self, queue: str, limit: int) -> None:
        """Keep `limit` jobs of a queue under way: a slow one delays none of the others. No site has more than half."""
        running: dict[asyncio.Task[None], str] = {}
        ahead: deque[jobs.Job] = deque()

        def done(task: asyncio.Task[None]) -> None:
            del running[task]
            self._wake[queue].set()

        async def fill() -> bool:
            if not ahead:
                await asyncio.sleep(GATHER_SECONDS)
            claimed = False
            while len(running) < limit and not self._stop.is_set():
                sites = Counter(running.values())
                busy = [site for site, count in sites.items() if site and count * 2 >= limit]
                job = next((job for job in ahead if job.source not in busy), None)
                if job is not None:
                    ahead.remove(job)
                    task = asyncio.create_task(self._run_job(job))
                    running[task] = job.source
                    task.add_done_callback(done)
                elif claimed:
                    break
                else:
                    claimed = True
                    wanted = limit - len(running) + limit * (AHEAD.get(queue, 1) - 1)
                    ahead.extend(await self._claim(queue, wanted, busy))
            return False  # either all slots are taken or nothing is due

        await self._loop(queue, fill)
        await asyncio.gather(*running)
        if ahead:
            async with self._app.db.read() as conn:
                await jobs.give_back(conn, [job.id for job in ahead])

    async def _claim(self, queue: str, limit: int, busy: Sequence[str]) -> list[jobs.Job]:
        async with self._app.db.read() as conn:
            batch = await jobs.claim(conn, queue, limit=limit, busy=busy)
        self._held.update(job.id for job in batch)
        return batch

    async def _keep_leases(self) -> None:
        """A job may take longer than its lease, as long as this process lives."""
        while not self._stop.is_set():
            try:
                await asyncio.wait_for(self._stop.wait(), jobs.LEASE_SECONDS / 3)
            except TimeoutError:
                pass
            try:
                async with self._app.db.read() as conn:
                    await jobs.keep(conn, list(self._held))
            except Exception as exc:  # noqa: BLE001 (tried again soon)
                _complain("leases could not be renewed", exc)

    async def _run_job(self, job: jobs.Job) -> None:
        started = time.perf_counter()
        query_log.set([])
        outcome, error, delay, trace = "ok", "", 0.0, None
        try:
            if job.attempts > jobs.MAX_ATTEMPTS:
                raise RuntimeError("it never came to an end")  # what kills the process must not be started for ever
            await self._functions[job.name](self._app, job.data)
        except Rejected as exc:
            outcome, error = "dropped", str(exc)
        except Retry as exc:
            outcome, error, delay = "retry", str(exc), exc.after or _delay(job.attempts)
        except Away as exc:
            outcome, error, delay = "retry", f"{type(exc).__name__}: {exc}", _delay(job.attempts)
        except Exception as exc:
            outcome, error, delay = "failed", f"{type(exc).__name__}: {exc}", _delay(job.attempts)
            trace = traceback.format_exc()
            log.exception("job %s %d failed", job.name, job.id)
        await self._settle(job, outcome, jobs.Failure(error, trace), delay)
        seconds = time.perf_counter() - started
        metrics.job(job.name, seconds, outcome)
        log.info(
            "job",
            extra={
                "job": job.name, "id": job.id, "outcome": outcome, "attempts": job.attempts,
                "ms": round(seconds * 1000, 1), "queries": len(query_log.get() or ()), "error": error or None,
            },
        )  # fmt: skip

    async def _settle(self, job: jobs.Job, outcome: str, failure: jobs.Failure, delay: float) -> None:
        """Write what became of a job. While the database is away it is tried again, or the job would be done twice."""
        most = jobs.MAX_FAILURES if outcome == "failed" else jobs.MAX_ATTEMPTS
        for pause in SETTLE_SECONDS:
            if pause and self._stop.is_set():
                break
            await asyncio.sleep(pause)
            try:
                if outcome in ("ok", "dropped"):
                    await self._done.ask(job.id)
                    break
                async with self._app.db.read() as conn:
                    if job.attempts >= most:
                        await jobs.park(conn, job.id, failure)
                    else:
                        await jobs.retry(conn, job.id, failure, delay_seconds=delay)
                break
            except Exception as exc:  # noqa: BLE001 (whatever it is, the lease runs out in the end)
                log.warning("the end of job %d could not be written: %s", job.id, exc)
        self._held.discard(job.id)

    async def _finish(self, ids: Sequence[int]) -> Sequence[None]:
        async with self._app.db.read() as conn:
            await jobs.finish(conn, list(ids))
        return [None] * len(ids)

    # ------------------------------------------------------------ clock

    async def _every(self, seconds: float, function: Callable[[App], Awaitable[None]]) -> None:
        """One task each: what takes long delays nothing else."""
        pause = random.uniform(1, 5)  # noqa: S311 (spread, not secrecy)
        while not self._stop.is_set():
            try:
                await asyncio.wait_for(self._stop.wait(), pause)
            except TimeoutError:
                began = time.monotonic()
                try:
                    await function(self._app)
                except Exception as exc:  # noqa: BLE001 (it has another turn)
                    _complain(f"scheduled {function.__name__} failed", exc)
                pause = max(began + seconds - time.monotonic(), 1.0)


def _complain(what: str, exc: Exception) -> None:
    log.error("%s: %s", what, outages.words(exc), exc_info=outages.trace(exc))


def _delay(attempts: int) -> float:
    """Seconds to the next attempt: 15 s doubling to six hours, with jitter."""
    return float(min(15 * 2 ** max(attempts - 1, 0), MAX_DELAY_SECONDS) * random.uniform(0.8, 1.3))  # noqa: S311
