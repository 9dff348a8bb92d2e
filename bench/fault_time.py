"""Time: a server that is down for days (F-05), clocks that jump (F-22)."""

import asyncio
import contextlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.fault_stage import Line, Stage, creates, have
from bench.wild import Host, Manners
from tests.support import faults
from tests.support.processes import ProcessNode, eventually

DAY_HOURS, MOST_A_DAY = 24.0, 40
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
JUMPS = ("+0", "+2h", "+0", "-2h", "+0")


async def down_for_days(stage: Stage) -> None:
    """F-05: a server is away for days while an author goes on."""
    days = 6 if stage.scale >= 1 else 3
    author, away, well = await stage.person(), stage.wild.host(), stage.wild.host()
    await stage.followed(author, [away, well])
    away.manner = Manners.status(503)
    done, asked = list[str](), list[float]()
    hours = 0.0
    while hours < days * DAY_HOURS:
        done.append(await faults.published(author, len(done)))
        hours += await until_next_attempt(stage.node, away)
        asked.append(hours)
    most = max(sum(begin <= hour < begin + DAY_HOURS for hour in asked) for begin in asked)
    away.manner = Manners.well
    before = len(away.arrivals)
    await until_next_attempt(stage.node, away)
    wanted = [f"{uri}/activity" for uri in done]
    await eventually(lambda: have([away, well], set(wanted)), seconds=60)
    came = [each.id for each in away.arrivals[before:] if each.id.endswith("/activity")]
    await stage.report(
        Line(
            "F-05",
            f"a server answers 503 for {days} days, made short by moving what is written of time in the database",
            f"asked {MOST_A_DAY} times a day at most; then all {len(done)} posts in order",
            f"{len(asked)} times, {most} in the worst day, {len(wanted) - len(set(wanted) & set(came))} lost, "
            f"{'in order' if came == wanted else 'out of order'}",
            most <= MOST_A_DAY and came == wanted,
        )
    )


async def until_next_attempt(node: ProcessNode, host: Host) -> float:
    """Let the time pass that it is left alone, by making everything that was written of it older; how many hours."""
    before = len(host.arrivals)
    pause = timedelta()
    # What was said just now may still be on its way to the first attempt.
    await eventually(lambda: _waits(node, host))
    if len(host.arrivals) == before:
        pause = await _pass(node, host.authority)

    async def tried() -> bool:
        return len(host.arrivals) > before

    await eventually(tried, seconds=30)
    await eventually(lambda: _settled(node, host))
    return pause.total_seconds() / 3600


async def _waits(node: ProcessNode, host: Host) -> bool:
    return bool(
        await faults.rows(node, "select 1 from deliveries where host = $1 and state = 'waiting'", host.authority)
    ) and not await faults.rows(node, "select 1 from jobs where failed_at is null and run_at < now()")


async def _settled(node: ProcessNode, host: Host) -> bool:
    """Nothing of it is on the wire."""
    query = "select 1 from deliveries where host = $1 and state = 'waiting' and leased_until is not null"
    return not await faults.rows(node, query, host.authority)


async def _pass(node: ProcessNode, host: str) -> timedelta:
    """Until it would be asked next."""
    [(pause,)] = await faults.rows(
        node,
        """
        select greatest(h.next_at, min(d.next_at)) - now() from deliveries d join hosts h on h.host = d.host
        where d.host = $1 and d.state = 'waiting' group by h.next_at
        """,
        host,
    )
    passed: timedelta = max(pause or timedelta(), timedelta())
    async with node.db.transaction() as conn:
        await conn.execute(
            """
            update hosts set next_at = next_at - $2::interval, rest_until = rest_until - $2::interval,
                failing_since = failing_since - $2::interval, last_seen_at = last_seen_at - $2::interval,
                last_ok_at = last_ok_at - $2::interval, revived_at = revived_at - $2::interval where host = $1
            """,
            host, passed,
        )  # fmt: skip
        await conn.execute(
            """
            update deliveries set next_at = next_at - $2::interval, created_at = created_at - $2::interval
            where host = $1
            """,
            host, passed,
        )  # fmt: skip
    return passed


@contextlib.contextmanager
def another_clock(directory: Path) -> Iterator[None]:
    """Whoever is started below, Postgres too, has the time that the file says."""
    variables = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(directory / "clock"),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    os.environ.update(variables)
    _set_clock("+0")
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]


def _set_clock(offset: str) -> None:
    Path(os.environ["FAKETIME_TIMESTAMP_FILE"]).write_text(offset)


async def clocks_jump(stage: Stage) -> None:
    """F-22: the machine's clock goes two hours forward and back, twice."""
    author, hosts = await stage.person(), [stage.wild.host(Manners.slow(0.2)) for _ in range(5)]
    await stage.followed(author, hosts)
    done = list[str]()
    for jump in JUMPS:
        _set_clock(jump)
        until = time.monotonic() + 6
        while time.monotonic() < until:
            done.append(await faults.published(author, len(done)))
            await asyncio.sleep(0.1)
    wanted = {f"{uri}/activity" for uri in done}
    await eventually(lambda: have(hosts, wanted), seconds=120)
    again = sum(times - 1 for host in hosts for times in Counter(creates(host)).values())
    ids = [int(uri.rpartition("/")[2]) for uri in done]
    back = sum(one >= other for one, other in itertools.pairwise(ids))
    await stage.report(
        Line(
            "F-22",
            f"{len(done)} posts to 5 hosts while the clock of the machine goes by turns {', '.join(JUMPS)}",
            "ids grow, nothing lost, nothing sent again but what was under way",
            f"{back} ids went back, {len(ids) - len(set(ids))} twice, 0 lost, {again} of {len(done) * 5} came again",
            back == 0 and len(set(ids)) == len(ids) and again <= 50,
        )
    )
