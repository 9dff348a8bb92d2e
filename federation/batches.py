"""What is taken from the outgoing queue and written back to it: each host for itself, many of them in one transaction.

A host that answers late holds up nobody: it is written down when it has answered, with whoever has answered then.
"""

import functools
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from cachetools import LRUCache, TTLCache

from federation import actors, alive, knocking, linking
from federation.context import Fed
from federation.together import Item, Result, Together
from storage import activities, claims, deliveries, hosts
from storage.claims import Batch
from storage.db import Conn
from storage.deliveries import Outcome

BATCH = 50
HOSTS_TOGETHER = 64
# What comes within so short a time is done together; while that is done, the next gathers.
GATHER_SECONDS = 0.002
AT_ONCE = 2
# A lock that somebody holds on one host must not keep the others waiting: they are then done without it.
LOCK_MILLISECONDS = 500
CACHED_BODIES = 200
# How long a host is known to answer before that is written down again.
OK_SECONDS = 60


class Taken(msgspec.Struct, frozen=True):
    """Rows of one host under a lease, and what is sent, by the ids of activities."""

    batch: Batch
    bodies: dict[int, bytes]


class Fared(msgspec.Struct, frozen=True):
    """How the deliveries to a host ended, and which of its inboxes are gone. `proven`: it answered last time."""

    host: str
    outcomes: Sequence[Outcome]
    gone: Sequence[str] = ()
    proven: bool = False

    @property
    def failed(self) -> Sequence[Outcome]:
        """What waits for another try."""
        return [outcome for outcome in self.outcomes if outcome.state == "waiting" and outcome.attempted]

    @property
    def rest_seconds(self) -> float:
        """How long the host asked to be left alone."""
        return max((outcome.rest_seconds for outcome in self.failed), default=0.0)


def answers(outcomes: Sequence[Outcome]) -> bool:
    """Whether a host that did this is there."""
    return any(outcome.state in ("delivered", "refused") and outcome.attempted for outcome in outcomes)


async def take(fed: Fed, host: str) -> Taken:
    """Lease what is due of a host, as far as one batch goes."""
    gathered: Together[str, Taken] = fed.kept("delivery.take", lambda: _together(functools.partial(_take, fed)))
    return await gathered.ask(host)


async def settle(fed: Fed, fared: Fared) -> bool:
    """Write down how the deliveries to a host ended, and give the leases back; whether to go on with it now."""
    gathered: Together[Fared, bool] = fed.kept("delivery.settle", lambda: _together(functools.partial(_settle, fed)))
    return await gathered.ask(fared)


def _together(work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> Together[Item, Result]:
    return Together(work, most=HOSTS_TOGETHER, gather_seconds=GATHER_SECONDS, at_once=AT_ONCE)


async def _take(fed: Fed, names: Sequence[str]) -> Sequence[Taken]:
    async with fed.db.transaction() as conn:
        await _hurry(conn, names)
        batches = await claims.claim(conn, names, limit=BATCH)
        wanted = {row.activity_id: row.sender_id for batch in batches.values() for row in batch.rows}
        bodies = await _bodies(fed, conn, wanted)
    signed = await linking.signed(fed, wanted, bodies)
    if signed is not bodies:
        _cached(fed).update(signed)
    knocking.known(fed, [batch.host for batch in batches.values() if batch.host is not None])
    return [
        Taken(batches[name], {row.activity_id: signed.get(row.activity_id, b"") for row in batches[name].rows})
        for name in names
    ]


async def _hurry(conn: Conn, group: Sequence[object]) -> None:
    if len(group) > 1:
        await conn.execute(f"set local lock_timeout = {LOCK_MILLISECONDS}")


def _cached(fed: Fed) -> LRUCache[int, bytes]:
    cache: LRUCache[int, bytes] = fed.kept("delivery.bodies", lambda: LRUCache(CACHED_BODIES))
    return cache


async def _bodies(fed: Fed, conn: Conn, wanted: dict[int, int]) -> dict[int, bytes]:
    """What is sent, by the ids of activities: most go to many hosts one after another."""
    cache = _cached(fed)
    found = {activity_id: cache[activity_id] for activity_id in wanted if activity_id in cache}
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        loaded = await activities.bodies(conn, missing)
        found.update({activity_id: body.encode() for activity_id, body in loaded.items()})
        cache.update({activity_id: found[activity_id] for activity_id in missing if activity_id in found})
    return found


async def _settle(fed: Fed, many: Sequence[Fared]) -> Sequence[bool]:
    noted: TTLCache[str, bool] = fed.kept("delivery.answering", lambda: TTLCache(10_000, OK_SECONDS, time.monotonic))
    news = [each.host for each in many if answers(each.outcomes) and not (each.proven and each.host in noted)]
    async with fed.db.transaction() as conn:
        await _hurry(conn, many)
        await _write(conn, many, news)
    well = [not each.failed for each in many]
    for each, is_well in zip(many, well, strict=True):
        if is_well:
            noted[each.host] = True
        else:
            noted.pop(each.host, None)
            alive.forget(fed, each.host)
    return well


async def _write(conn: Conn, many: Sequence[Fared], news: Sequence[str]) -> None:
    """`news`: who answers, and that is not written yet."""
    outcomes: list[Outcome] = []
    silent = [each for each in many if each.failed and not answers(each.outcomes)]
    # Whoever slept through its lease has nothing to say of a host: what timed out was itself.
    ours = await deliveries.held(conn, [outcome for each in silent for outcome in each.failed]) if silent else set()
    troubles = [
        hosts.Trouble(each.host, each.failed[0].error or "", each.rest_seconds or None)
        for each in silent
        if any(outcome.id in ours for outcome in each.failed)
    ]
    rests = {each.host: each.rest_seconds for each in many if each.rest_seconds and each not in silent}
    if news:
        await hosts.succeeded(conn, sorted(news))
    if rests:
        await hosts.rest(conn, rests)
    pauses = await hosts.failed(conn, troubles) if troubles else {}
    for each in many:
        outcomes += _paused(each, pauses[each.host]) if each.host in pauses else each.outcomes
    await deliveries.finish(conn, sorted(outcomes, key=lambda outcome: outcome.id))
    gone = sorted({inbox for each in many for inbox in each.gone})
    if gone:
        await actors.doubt(conn, gone)


def _paused(fared: Fared, seconds: float) -> Sequence[Outcome]:
    """They wait as long as the host does, so that they are first when it answers again."""
    failed = {outcome.id for outcome in fared.failed}
    return [
        msgspec.structs.replace(outcome, delay_seconds=seconds * 0.99) if outcome.id in failed else outcome
        for outcome in fared.outcomes
    ]
