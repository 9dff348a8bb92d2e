"""What happens to workers: they stand still (F-14), are started again and again (F-12), hear nothing (F-30), and meet
what no worker can do (F-27)."""

import asyncio
import random
import time
from collections import Counter

from bench.fault_stage import Line, Stage, creates, have, reached
from bench.wild import Manners
from storage import jobs
from tests.support import faults
from tests.support.processes import eventually


async def worker_frozen(stage: Stage) -> None:
    """F-14: a worker stands still in the middle of its work, and goes on."""
    seconds = 90.0 if stage.scale >= 1 else 15.0
    author, reader, count = await stage.person(), await stage.person(), 100
    hosts, senders = [stage.wild.host(Manners.slow(0.05)) for _ in range(5)], [stage.wild.host() for _ in range(5)]
    await stage.followed(author, hosts)
    for host in senders:
        await faults.known(stage.node, host)
    posts = [senders[n % 5].note(0, f"late{n}", mentions=reader.uri) for n in range(count)]
    done: list[str] = []
    for number in range(count):
        done.append(await faults.published(author, number))
        await faults.accepted(stage.node, stage.wild, posts[number])
        if number == count // 4:
            stage.workers[0].freeze()
    began = time.monotonic()
    await asyncio.sleep(seconds)
    stage.workers[0].thaw()
    wanted = {f"{uri}/activity" for uri in done}
    await eventually(lambda: have(hosts, wanted), seconds=400)
    await eventually(stage.idle, seconds=400)
    again = [times - 1 for host in hosts for times in Counter(creates(host)).values() if times > 1]
    kept = await faults.rows(stage.node, "select uri from statuses where uri like '%/notes/late%'")
    told = await faults.rows(
        stage.node, "select 1 from notifications where account_id = $1 and type = 'mention'", reader.account_id
    )
    await stage.report(
        Line(
            "F-14",
            f"one of two workers stopped for {seconds:g} s (SIGSTOP) during {count} posts and {count} arrivals",
            "each delivery twice at most, every change once",
            f"{len(again)} of {count * 5} deliveries came again, {len(kept)} posts and {len(told)} notifications of "
            f"{count}, all done {time.monotonic() - began - seconds:.1f} s after it woke up",
            all(times == 1 for times in again) and len(kept) == len(told) == count,
        )
    )


async def deaf(stage: Stage) -> None:
    """F-30: nobody hears that there is something to do."""
    author, host, said = await stage.person(), stage.wild.host(), dict[str, float]()
    await stage.followed(author, [host])
    async with faults.deaf(stage.node):
        for number in range(20):
            uri = await faults.published(author, number)
            said[f"{uri}/activity"] = time.monotonic()
            await asyncio.sleep(random.uniform(0, 0.5))
        await eventually(lambda: have([host], set(said)), seconds=60)
    most = max(each.at - said[each.id] for each in host.arrivals if each.id in said)
    await stage.report(
        Line("F-30", "20 posts while every LISTEN is cut off", "sent in 5 s", f"at most {most:.2f} s", most < 5.0)
    )


async def storm(stage: Stage) -> None:
    """F-12: everything is started and killed again before it is up, twenty times."""
    author, hosts, times = await stage.person(), [stage.wild.host() for _ in range(5)], 20
    await stage.followed(author, hosts)
    done, stop = list[str](), asyncio.Event()

    async def posting() -> None:
        while not stop.is_set():
            done.append(await faults.published(author, len(done)))

    for worker in stage.workers:
        worker.kill()
    task = asyncio.create_task(posting())
    await reached(done, stage.count(50))  # So that there is something to do, however few get in meanwhile.
    for worker in stage.workers:
        worker.start()
    for _ in range(times):
        victim = random.choice([stage.node.program, *stage.workers])
        victim.kill()
        victim.start()
        await asyncio.sleep(random.uniform(0, 1.5))
    stop.set()
    began = time.monotonic()
    await task
    await eventually(lambda: have(hosts, {f"{uri}/activity" for uri in done}), seconds=60)
    seconds = time.monotonic() - began
    again = sum(count - 1 for host in hosts for count in Counter(creates(host)).values())
    await eventually(stage.idle, seconds=60)
    await stage.report(
        Line(
            "F-12",
            f"web or a worker killed and started {times} times, up to 1.5 s apart, during {len(done)} posts",
            "0 lost, everywhere soon after the last start",
            f"0 lost, {again} of {len(done) * 5} deliveries came again, all there {seconds:.1f} s after the last start",
            len(set(done)) == len(done),
        )
    )


async def poison(stage: Stage) -> None:
    """F-27: some of what arrives cannot be handled, by a mistake of ours."""
    reader, hosts, count = await stage.person(), [stage.wild.host() for _ in range(5)], stage.count(200)
    for host in hosts:
        await faults.known(stage.node, host)
    began = time.monotonic()
    async with faults.poisonous(stage.node):
        for number in range(count):
            name = f"poison{number}" if number % 20 == 7 else f"fine{number}"
            await faults.accepted(stage.node, stage.wild, hosts[number % 5].note(0, name, mentions=reader.uri))

        async def others() -> bool:
            return len(await faults.rows(stage.node, "select 1 from statuses where not is_local")) >= count - bad

        bad = len(range(7, count, 20))
        await eventually(others, seconds=60)
        seconds = time.monotonic() - began
        await eventually(lambda: faults.parked(stage.node, bad), seconds=60)
    tries = await faults.rows(stage.node, "select distinct attempts from jobs where failed_at is not null")
    await stage.report(
        Line(
            "F-27",
            f"{count} arrivals of 5 hosts, {bad} of which no worker can handle",
            f"those are put aside after {jobs.MAX_FAILURES} tries and one, all others are handled",
            f"{bad} put aside after {', '.join(str(number) for (number,) in tries)}, {count - bad} handled in "
            f"{seconds:.1f} s",
            tries == [(jobs.MAX_FAILURES + 1,)],
        )
    )
