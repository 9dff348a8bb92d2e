"""A server that is down for days (F-05)."""

from datetime import timedelta

from bench.fault_stage import Line, Stage, have
from bench.wild import Host, Manners
from tests.support import faults
from tests.support.processes import ProcessNode, eventually

DAY_HOURS, MOST_A_DAY = 24.0, 40


async def down_for_days(stage: Stage) -> None:
    """F-05: a server is away for days while an author goes on."""
    days = 6 if stage.scale >= 1 else 3
    author, away, well = await stage.person(), stage.wild.host(), stage.wild.host()
    await stage.followed(author, [away, well])
    away.manner = Manners.status(503)
    done, asked = list[str](), list[float]()
    hours = 0.0
    while hours < days * DAY_HOURS:
        before = len(away.arrivals)
        done.append(await faults.published(author, len(done)))
        hours += await until_next_attempt(stage.node, away, before)
        asked.append(hours)
    most = max(sum(begin <= hour < begin + DAY_HOURS for hour in asked) for begin in asked)
    away.manner = Manners.well
    before = len(away.arrivals)
    await until_next_attempt(stage.node, away, before)
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


async def until_next_attempt(node: ProcessNode, host: Host, before: int) -> float:
    """Let the time pass that it is left alone, by making everything that was written of it older, until more than
    `before` has come there; how many hours."""
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
