"""What goes wrong in the world, done to real processes: kill -9, a database that goes away, servers that are unwell.

`python -m bench --faults` prints for each fault what was done, what was to be and what was, and ends with 1 if one of
them was not borne. The short versions, which run at each change, are tests/processes; docs/faults.md has them all.
"""

import asyncio
import contextlib
import itertools
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bench import fault_pressure, fault_restore, fault_time, fault_volumes, fault_workers
from bench.fault_stage import Line, Stage, creates, have, reached, show, staged
from bench.wild import JSON, Host, Manners
from tests.support import faults, volumes
from tests.support.processes import eventually, free_port
from tests.support.servers import Person

FAST_ANSWER_SECONDS = 7.5
BACK_SECONDS = 10.0
HEALTHY_MEDIAN_SECONDS, HEALTHY_MAX_SECONDS = 5.0, 20.0
OTHERS_SECONDS = 5.0
AUTHOR_SECONDS = 0.3
READER_FACTOR, READER_SECONDS = 2.0, 0.05  # 95 % of answers: so many times those of a quiet server, or so soon
FROZEN_SECONDS = 12.0


async def outgoing(stage: Stage) -> None:
    """F-01, F-03, F-11, F-12, F-13: kill -9 of everything while people post."""
    count, kills = stage.count(1000), 10
    authors = [await stage.person() for _ in range(4)]
    hosts, stuck = [stage.wild.host() for _ in range(10)], stage.wild.host(Manners.silent)
    for author in authors:
        await stage.followed(author, [*hosts, stuck] if author is authors[0] else hosts)
    numbers, done = iter(range(count)), list[tuple[int, str]]()

    async def posting(lane: int) -> None:
        for number in numbers:
            done.append((lane, await faults.published(authors[lane], number)))

    async def killing() -> None:
        for turn in range(kills):
            await reached(done, (turn + random.random() / 2) * count / kills)
            victims = [stage.node.program, *stage.workers] if turn % 2 else [random.choice(stage.workers)]
            await asyncio.gather(*(stage.kill(victim) for victim in victims))

    began = time.monotonic()
    await asyncio.gather(*(posting(lane) for lane in range(4)), killing())
    wanted = {f"{uri}/activity" for _, uri in done}
    await eventually(lambda: have(hosts, wanted), seconds=120)
    seconds = time.monotonic() - began
    kept = {uri for (uri,) in await faults.rows(stage.node, "select uri from statuses where is_local")}
    lost = sum(len(wanted - set(creates(host))) for host in hosts) + len({uri for _, uri in done} - kept)
    again = sum(count - 1 for host in hosts for count in Counter(creates(host)).values())
    late = sum(
        _out_of_order(host, [f"{uri}/activity" for at, uri in done if at == lane])
        for host in hosts
        for lane in range(4)
    )
    doubled = len(done) - len({uri for _, uri in done}) + len(kept) - len(done)
    await eventually(stage.idle, seconds=60)
    await stage.report(
        Line(
            "F-01, F-03, F-12, F-13",
            f"{count} posts to 10 hosts and one that hangs, two workers, {kills} times kill -9 of a worker or of all",
            "0 lost, 0 posts doubled",
            f"{lost} lost, {doubled} posts doubled, {again} of {count * 10} deliveries came again, {seconds:.0f} s",
            lost == 0 and doubled == 0 and again < count * 10 / 20,
        ),
        Line("F-11", "the same: what each author said, at each host", "in order", f"{late} out of order", late == 0),
    )


def _out_of_order(host: Host, said: list[str]) -> int:
    places = {uri: place for place, uri in enumerate(said)}
    came = [places[uri] for uri in dict.fromkeys(creates(host)) if uri in places]
    return sum(one > other for one, other in itertools.pairwise(came))


async def incoming(stage: Stage) -> None:
    """F-04, F-19: kill -9 of everything while activities arrive, some twice, some in the wrong order."""
    count, kills = stage.count(1000), 10
    reader, hosts = await stage.person(), [stage.wild.host() for _ in range(10)]
    for host in hosts:
        await faults.follow(stage.node, await faults.known(stage.node, host), reader.account_id)
        await faults.follow(stage.node, reader.account_id, await faults.known(stage.node, host))
    posts = [hosts[n % 10].note(0, f"in{n}", mentions=reader.uri) for n in range(count)]
    numbers, taken = iter(range(count)), list[JSON]()

    async def sending() -> None:
        for n in numbers:
            post = posts[n]
            if n % 10 == 9:
                gone = {**post, "id": f"{post['id']}/gone", "type": "Delete", "object": post["object"]["id"]}
                await faults.accepted(stage.node, stage.wild, gone)
            await faults.accepted(stage.node, stage.wild, post)
            taken.append(post)
            if n % 5 == 0:
                await faults.accepted(stage.node, stage.wild, post)

    async def killing() -> None:
        for turn in range(kills):
            await reached(taken, (turn + random.random() / 2) * count / kills)
            await stage.kill(random.choice([stage.node.program, *stage.workers]))

    began = time.monotonic()
    await asyncio.gather(*(sending() for _ in range(8)), killing())
    await eventually(stage.idle, seconds=120)
    seconds = time.monotonic() - began
    wanted = {post["object"]["id"] for n, post in enumerate(posts) if n % 10 != 9}
    kept = [uri for (uri,) in await faults.rows(stage.node, "select uri from statuses where uri like '%/notes/in%'")]
    told = await faults.rows(
        stage.node, "select 1 from notifications where account_id = $1 and type = 'mention'", reader.account_id
    )
    await stage.report(
        Line(
            "F-04, F-19",
            f"{count} Creates of 10 hosts, a fifth of them twice, a tenth after its Delete, {kills} times kill -9 of "
            "web or a worker",
            "every 202 has its effect, once",
            f"{len(wanted - set(kept))} lost, {len(kept) - len(set(kept) & wanted)} too many, {len(told)} of "
            f"{len(wanted)} told, {seconds:.0f} s",
            sorted(kept) == sorted(wanted) and len(told) == len(wanted),
        )
    )


async def flood(stage: Stage) -> None:
    """F-18: thousands of one host, while others say something."""
    count, others = stage.count(5000), 20
    reader, flooder, quiet = await stage.person(), stage.wild.host(), [stage.wild.host() for _ in range(4)]
    for host in [flooder, *quiet]:
        await faults.known(stage.node, host)
    signed = [flooder.note(0, f"flood{n}", mentions=reader.uri) for n in range(count)]
    numbers, answers = iter(range(count)), Counter[int]()
    answered, took = list[float](), list[float]()

    async def flooding() -> None:
        for n in numbers:
            answers[(await faults.send(stage.node, stage.wild, signed[n])).status_code] += 1

    async def speaking() -> None:
        for n in range(others):
            post = quiet[n % 4].note(0, f"quiet{n}", mentions=reader.uri)
            began = time.monotonic()
            await faults.accepted(stage.node, stage.wild, post)
            answered.append(time.monotonic() - began)
            began = time.monotonic()
            await eventually(lambda post=post: _kept(stage, post), seconds=60)  # type: ignore[misc]
            took.append(time.monotonic() - began)

    await asyncio.gather(*(flooding() for _ in range(16)), speaking())
    await eventually(stage.idle, seconds=300)
    handled = len(await faults.rows(stage.node, "select 1 from statuses where uri like '%/notes/flood%'"))
    await stage.report(
        Line(
            "F-18",
            f"{count} Creates of one host, while four others say {others} things",
            f"those of others handled in {OTHERS_SECONDS:g} s; 429 or 202 for the flood",
            f"others answered in {max(answered):.2f} s at most, then handled in {statistics.median(took):.2f} s, "
            f"at most {max(took):.2f} s; {answers[202]} times 202 and {handled} handled, {answers[429]} times 429",
            max(took) < OTHERS_SECONDS and handled == answers[202] and set(answers) <= {202, 429},
        )
    )


async def _kept(stage: Stage, post: JSON) -> bool:
    return bool(await faults.rows(stage.node, "select 1 from statuses where uri = $1", post["object"]["id"]))


def unwell(stage: Stage) -> list[Host]:
    """Thirty, in ten ways."""
    wild = stage.wild
    ways: list[Callable[[], Host]] = [
        lambda: wild.host(Manners.silent),
        lambda: wild.host(Manners.in_drops),
        lambda: wild.host(Manners.endless),
        lambda: wild.host(Manners.broken_off),
        lambda: wild.host(Manners.slow(8)),
        lambda: wild.host(port=free_port("0.0.0.0")),
        lambda: wild.host(scheme="https", port=wild.plain_port()),
        lambda: wild.host(scheme="https"),
        lambda: wild.host(Manners.status(503)),
        lambda: wild.host(Manners.status(429, Retry_After="3600")),
        lambda: wild.host(Manners.status(302, Location=f"http://127.0.0.1:{wild.plain_port()}/secret")),
        lambda: wild.host(Manners.status(410)),
    ]
    return [way() for way in itertools.islice(itertools.cycle(ways), 36)]


async def hosts_unwell(stage: Stage) -> None:
    """F-06, F-07, F-10, F-26: of all followers' servers many are unwell."""
    posts, healthy = stage.count(50), [stage.wild.host() for _ in range(200)]
    reader = await stage.person()
    quiet = await _reading(reader, asyncio.create_task(asyncio.sleep(5)))
    alone, _ = await _delays(stage, await stage.person(), healthy, [], posts)
    author, sick = await stage.person(), unwell(stage)
    gone = await faults.known(stage.node, stage.wild.host(), inbox="http://nobody.invalid/inbox")
    await faults.follow(stage.node, gone, author.account_id)
    sending = asyncio.create_task(_delays(stage, author, healthy, sick, posts))
    busy = await _reading(reader, sending)
    delays, answered = await sending
    tried = max(len(creates(host)) for host in sick[11::12])
    rested = max(len(creates(host)) for host in sick[9::12])
    median, most, usual = statistics.median(delays), max(delays), statistics.median(alone)
    await stage.report(
        Line(
            "F-06, F-26",
            f"{posts} posts to 200 hosts that are well and {len(sick) + 1} that hang, drip, never end, break off, are "
            "slow, down, without TLS, expired, 503, 429, redirecting to loopback, gone, without a name",
            f"median < {HEALTHY_MEDIAN_SECONDS:g} s, at most {HEALTHY_MAX_SECONDS:g} s, or as without those",
            f"median {median:.2f} s, at most {most:.2f} s; without them {usual:.2f} and {max(alone):.2f} s",
            median < max(HEALTHY_MEDIAN_SECONDS, usual * 1.3) and most < max(HEALTHY_MAX_SECONDS, max(alone) * 1.3),
        ),
        Line(
            "F-07",
            "the same: hosts that answer 410, and 429 with an hour",
            "410: each once; 429: nothing more in this hour",
            f"410: {tried} requests for {posts} posts; 429: {rested}",
            tried <= posts and rested <= 1,
        ),
        Line(
            "F-10",
            "the same: what the author waits for, and somebody who reads at home meanwhile",
            f"median < {AUTHOR_SECONDS * 1000:g} ms, one delivery for each inbox; 95 % of what is read as soon as on a "
            f"quiet server, times {READER_FACTOR:g}, or in {READER_SECONDS * 1000:g} ms",
            f"median {statistics.median(answered) * 1000:.0f} ms, {len(delays)} deliveries of {posts * 200}; 95 % read "
            f"in {busy * 1000:.0f} ms, on a quiet server in {quiet * 1000:.0f} ms",
            statistics.median(answered) < AUTHOR_SECONDS
            and len(delays) == posts * 200
            and busy < max(quiet * READER_FACTOR, READER_SECONDS),
        ),
    )


async def _reading(reader: Person, until: asyncio.Task[Any]) -> float:
    """Seconds in which 95 % of the answers came to somebody who reads until something else is done."""
    took = list[float]()
    while not until.done():
        began = time.monotonic()
        await reader.home()
        took.append(time.monotonic() - began)
        await asyncio.sleep(0.05)
    return statistics.quantiles(took, n=20)[-1]


async def _delays(
    stage: Stage, author: Person, healthy: list[Host], sick: list[Host], posts: int
) -> tuple[list[float], list[float]]:
    """Seconds from each post to each host that is well, and to the answer."""
    for host in [*sick, *healthy]:
        await faults.follow(stage.node, await faults.known(stage.node, host), author.account_id)
    await eventually(stage.idle, seconds=120)
    said, answered = dict[str, float](), list[float]()
    for number in range(posts):
        began = time.monotonic()
        said[f"{await faults.published(author, number)}/activity"] = began
        answered.append(time.monotonic() - began)
        await asyncio.sleep(0.5)
    await eventually(lambda: have(healthy, set(said)), seconds=300)
    return [each.at - said[each.id] for host in healthy for each in host.arrivals if each.id in said], answered


async def database_restarts(stage: Stage) -> None:
    """F-08: Postgres is restarted and killed while people post."""
    author, host = await stage.person(), stage.wild.host()
    await stage.followed(author, [host])
    done, stop, back = list[str](), asyncio.Event(), list[float]()
    numbers = itertools.count()

    async def posting() -> None:
        while not stop.is_set():
            done.append(await faults.published(author, next(numbers)))

    tasks = [asyncio.create_task(posting()) for _ in range(4)]
    for crash in (False, True):
        await reached(done, len(done) + 20)
        await stage.postgres.restart(crash=crash)
        began = time.monotonic()
        await reached(done, len(done) + 5)
        back.append(time.monotonic() - began)
    stop.set()
    await asyncio.gather(*tasks)
    await eventually(lambda: have([host], {f"{uri}/activity" for uri in done}), seconds=60)
    await eventually(stage.idle, seconds=60)
    kept = {
        uri
        for (uri,) in await faults.rows(stage.node, "select uri from statuses where account_id = $1", author.account_id)
    }
    await stage.report(
        Line(
            "F-08",
            f"Postgres restarted, then killed, during {len(done)} posts",
            f"0 lost, only 200 and 503, at work again in {BACK_SECONDS:g} s",
            f"{len(set(done) - kept)} lost, {len(kept) - len(done)} doubled, back after {max(back):.1f} s",
            kept == set(done) and max(back) < BACK_SECONDS,
        )
    )


async def database_frozen(stage: Stage) -> None:
    """F-09: Postgres stands still."""
    reader = await stage.person()

    async def asked(number: int) -> tuple[int, float]:
        began = time.monotonic()
        await asyncio.sleep(number / 10)
        sent = time.monotonic()
        if number % 2:
            response = await reader.call("POST", "/api/v1/statuses", json={"status": f"frozen {number}"})
        else:
            response = await reader.call("GET", "/api/v1/timelines/home")
        if began + FROZEN_SECONDS < time.monotonic():
            return 0, 0.0
        retry = response.headers.get("Retry-After")
        return (response.status_code if retry or response.status_code != 503 else 500), time.monotonic() - sent

    with stage.postgres.frozen():
        began = time.monotonic()
        answers = await asyncio.gather(*(asked(number) for number in range(50)))
        await asyncio.sleep(max(began + FROZEN_SECONDS - time.monotonic(), 0))
    began = time.monotonic()
    await faults.published(reader, 0)
    back = time.monotonic() - began
    slowest = max(seconds for _, seconds in answers)
    statuses = Counter(status for status, _ in answers if status)
    await eventually(stage.idle, seconds=60)
    await stage.report(
        Line(
            "F-09",
            f"Postgres stopped for {FROZEN_SECONDS:g} s (SIGSTOP), 50 requests in the first five",
            f"503 with Retry-After in {FAST_ANSWER_SECONDS:g} s, then back in {BACK_SECONDS:g} s",
            f"{dict(statuses)}, slowest {slowest:.1f} s, back after {back:.1f} s",
            set(statuses) == {503} and slowest < FAST_ANSWER_SECONDS and back < BACK_SECONDS,
        )
    )


async def stopping(stage: Stage) -> None:
    """F-02: SIGTERM while people post."""
    author, host = await stage.person(), stage.wild.host()
    await stage.followed(author, [host])
    done, stop, took = list[str](), asyncio.Event(), list[float]()
    numbers = itertools.count()

    async def posting() -> None:
        while not stop.is_set():
            done.append(await faults.published(author, next(numbers)))

    tasks = [asyncio.create_task(posting()) for _ in range(4)]
    for program in (stage.node.program, *stage.workers):
        await reached(done, len(done) + 10)
        began = time.monotonic()
        await asyncio.to_thread(program.stop)
        took.append(time.monotonic() - began)
        await (stage.node.start() if program is stage.node.program else asyncio.to_thread(program.start))
    stop.set()
    await asyncio.gather(*tasks)
    await eventually(lambda: have([host], {f"{uri}/activity" for uri in done}), seconds=60)
    again = len(creates(host)) - len(done)
    await stage.report(
        Line(
            "F-02", f"SIGTERM of web and of each worker, in turn, during {len(done)} posts",
            "stop < 20 s, 0 lost, 0 again", f"{max(took):.1f} s at most, 0 lost, {again} again",
            max(took) < 20 and again == 0,
        )
    )  # fmt: skip


class Scenario(msgspec.Struct, frozen=True):
    """`around` is entered before anything is started; None where it cannot be, and then why not is said."""

    play: Callable[[Stage], Awaitable[None]]
    around: Callable[[Path], contextlib.AbstractContextManager[Any]] | None = None
    missing: Callable[[Path], str | None] = lambda directory: None


def _no_volumes(directory: Path) -> str | None:
    return None if volumes.possible(directory) else "only root can make small disks"


SCENARIOS: dict[str, Scenario] = {
    "outgoing": Scenario(outgoing),
    "storm": Scenario(fault_workers.storm),
    "incoming": Scenario(incoming),
    "stopping": Scenario(stopping),
    "flood": Scenario(flood),
    "poison": Scenario(fault_workers.poison),
    "hosts": Scenario(hosts_unwell),
    "days": Scenario(fault_time.down_for_days),
    "restarts": Scenario(database_restarts),
    "frozen": Scenario(database_frozen),
    "slow": Scenario(fault_pressure.database_slow),
    "worker": Scenario(fault_workers.worker_frozen),
    "deaf": Scenario(fault_workers.deaf),
    "files": Scenario(fault_volumes.files_full, missing=_no_volumes),
    "full": Scenario(fault_volumes.database_full, fault_volumes.small_database, _no_volumes),
    "stampede": Scenario(fault_pressure.stampede),
    "restore": Scenario(fault_restore.restored_elsewhere),
}
HEAD = "| fault | what was done | expected | measured | |\n|---|---|---|---|---|"


async def run(directory: Path, *, quick: bool, only: str | None) -> bool:
    """Whether all of them were borne."""
    lines = list[Line]()
    for name, scenario in SCENARIOS.items():
        if only in (None, name):
            place = directory / name
            place.mkdir(mode=0o755)
            why_not = scenario.missing(place)
            if why_not is None:
                with scenario.around(place) if scenario.around else contextlib.nullcontext():
                    lines += await _played(name, scenario, place, 0.2 if quick else 1.0)
            else:
                print(f"{name}: left out: {why_not}", file=sys.stderr)
    print(f"\nload {os.getloadavg()[1]:.1f} in the last five minutes, {os.cpu_count()} cores\n\n{HEAD}")
    for line in sorted(lines, key=lambda line: line.fault):
        show(line)
    return all(line.ok for line in lines)


async def _played(name: str, scenario: Scenario, directory: Path, scale: float) -> list[Line]:
    async with staged(directory, scale) as stage:
        try:
            await scenario.play(stage)
        except (AssertionError, httpx.HTTPError) as exc:
            lines = stage.node.program.log.read_text().splitlines()
            print(*(line for line in lines if " failed" in line), sep="\n", file=sys.stderr)
            await stage.report(Line(name, scenario.play.__doc__ or "", "an end", str(exc)[:500], False))
        return stage.lines
