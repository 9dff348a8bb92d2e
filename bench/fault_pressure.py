"""Slowness and crowds: a database far away (F-17), everybody looks at one post or one link (F-20)."""

import asyncio
import contextlib
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from bench.fault_stage import Line, Stage
from tests.support import faults
from tests.support.processes import eventually
from tests.support.servers import Person

DELAY_SECONDS = 0.3
CROWD, CROWD_SECONDS = 100, 20.0
# A connection is waited for 5 s, then each statement of the request goes its way.
SLOWEST_SECONDS = 15.0
GROWN_MB = 50.0
SERVERS, LOCAL_POSTS, SPREAD_SECONDS, P95_SECONDS = 500, 50, 30.0, 0.25
# What a busy machine does to everything is measured by asking for nothing.
FLOOR_TIMES = 2.0


@contextlib.asynccontextmanager
async def far_away(url: str, directory: Path, seconds: float) -> AsyncIterator[str]:
    """The URL of the same database, each message to which takes a while."""
    [sockets] = parse_qs(urlsplit(url).query)["host"]
    name = ".s.PGSQL.5432"
    tasks = set[asyncio.Task[None]]()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await asyncio.sleep(delay)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_unix_connection(f"{sockets}/{name}")
        for one, other, delay in ((reader, ours, seconds), (theirs, writer, 0.0)):
            task = asyncio.create_task(carry(one, other, delay))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_unix_server(meet, directory / name)
    try:
        yield url.replace(quote(sockets), quote(str(directory)))
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def database_slow(stage: Stage) -> None:
    """F-17: each query takes 300 ms more, and a hundred ask all the time."""
    reader = await stage.person()
    async with far_away(stage.postgres.url, stage.directory, DELAY_SECONDS) as url:
        for program in (stage.node.program, *stage.workers):
            program.env["FEDI_DATABASE_URL"] = url
            program.stop()
        await stage.node.start()
        before = memory_mb(stage.node.program.pid)
        statuses, took, connections = await _crowd(stage, reader)
        grown = memory_mb(stage.node.program.pid) - before
        health = await stage.node.client.get("/health")
        checked = await _check(stage)
        await asyncio.sleep(1)
        began = time.monotonic()
        calm = await reader.call("GET", "/api/v1/timelines/home")
        alone = time.monotonic() - began
        await asyncio.to_thread(stage.node.program.stop)  # The way to the database goes through here.
    for program in (stage.node.program, *stage.workers):
        program.env["FEDI_DATABASE_URL"] = stage.postgres.url
    await stage.node.start()
    size = stage.node.program.env.get("FEDI_DATABASE_POOL_SIZE", "10")
    await stage.report(
        Line(
            "F-17",
            f"each query takes {DELAY_SECONDS * 1000:g} ms more, {CROWD} ask for {CROWD_SECONDS:g} s",
            f"200 or 503 in {SLOWEST_SECONDS:g} s, {size} connections and one that listens, memory stays, `fedi check` "
            "says so",
            f"{dict(statuses)}, slowest {max(took):.1f} s, {connections} connections, {grown:.0f} MB more, health "
            f"{health.status_code}, check: {checked}; alone {alone:.1f} s",
            set(statuses) <= {200, 503} and statuses[200] > 0 and max(took) < SLOWEST_SECONDS and grown < GROWN_MB
            and connections <= int(size) + 1 and "slow" in checked and calm.status_code == 200,
        )
    )  # fmt: skip


async def _crowd(stage: Stage, reader: Person) -> tuple[Counter[int], list[float], int]:
    """Answers, how long they took, and the most connections there were."""
    statuses, took, connections = Counter[int](), list[float](), list[int]()
    deadline = time.monotonic() + CROWD_SECONDS
    headers = {"Authorization": f"Bearer {reader.token}"}
    limits = httpx.Limits(max_connections=CROWD)

    async def asking(client: httpx.AsyncClient) -> None:
        while time.monotonic() < deadline:
            began = time.monotonic()
            statuses[(await client.get("/api/v1/timelines/home", headers=headers)).status_code] += 1
            took.append(time.monotonic() - began)

    async def counting() -> None:
        while time.monotonic() < deadline:
            query = """
                select count(*) from pg_stat_activity
                where application_name like 'fedi-%' and application_name <> $1
                """
            connections.append((await faults.rows(stage.node, query, stage.node.db.name))[0][0])
            await asyncio.sleep(0.5)

    async with httpx.AsyncClient(base_url=stage.node.base_url, timeout=60, limits=limits) as client:
        await asyncio.gather(counting(), *(asking(client) for _ in range(CROWD)))
    return statuses, took, max(connections)


async def _check(stage: Stage) -> str:
    """What `fedi check` says of the database."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fedi", "check"), env=stage.node.program.env, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await process.communicate()
    found = re.search(r"^(\w+ +database .*)$", out.decode(), re.MULTILINE)
    return re.sub(" +", " ", found[1]) if found else out.decode()[-200:]


def memory_mb(pid: int) -> float:
    found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


async def stampede(stage: Stage) -> None:
    """F-20: 500 servers fetch a post, and 50 posts show one link."""
    author, page = await stage.person(), stage.wild.host()
    page.pages["/article"] = b"<html><head><title>An article</title></head><body>words</body></html>"
    link = f"http://{page.authority}/article"
    uris = [await _linking(author, number, link) for number in range(LOCAL_POSTS)]
    await eventually(stage.idle, seconds=60)

    async def previewed() -> bool:
        shown = await author.get(f"/api/v1/statuses/{uris[-1].rpartition('/')[2]}")
        return shown["card"] is not None

    await eventually(previewed, seconds=90)
    asked = page.asked.count("/article")
    statuses, took, floor = await _fetched(stage, uris[0])
    p95, usual = (statistics.quantiles(each, n=20)[-1] for each in (took, floor))
    await stage.report(
        Line(
            "F-20",
            f"{LOCAL_POSTS} posts with one link; one of them fetched by {SERVERS} servers in {SPREAD_SECONDS:g} s, "
            "half as a page",
            f"the link is fetched once; 95 % within {P95_SECONDS * 1000:g} ms, or twice what /health takes meanwhile",
            f"fetched {asked} times; {dict(statuses)}, 95 % in {p95 * 1000:.0f} ms, slowest {max(took) * 1000:.0f} ms; "
            f"/health 95 % in {usual * 1000:.0f} ms",
            asked == 1 and set(statuses) == {200} and p95 < max(P95_SECONDS, usual * FLOOR_TIMES),
        )
    )


async def _linking(author: Person, number: int, link: str) -> str:
    made = await author.posts(f"number {number}: {link}")
    return str(made["uri"])


async def _fetched(stage: Stage, uri: str) -> tuple[Counter[int], list[float], list[float]]:
    """Answers, how long they took, and how long it took to ask for nothing meanwhile."""
    statuses, took, floor = Counter[int](), list[float](), list[float]()
    path = urlsplit(uri).path

    async def fetch(number: int) -> None:
        await asyncio.sleep(number * SPREAD_SECONDS / SERVERS)
        accept = "text/html" if number % 2 else "application/activity+json"
        began = time.monotonic()
        headers = {"Accept": accept, "Connection": "close"}
        statuses[(await client.get(path, headers=headers)).status_code] += 1
        took.append(time.monotonic() - began)
        if number % 10 == 0:
            began = time.monotonic()
            await client.get("/health", headers=headers)
            floor.append(time.monotonic() - began)

    limits = httpx.Limits(max_connections=SERVERS)
    async with httpx.AsyncClient(
        base_url=stage.node.base_url, timeout=30, follow_redirects=True, limits=limits
    ) as client:
        await asyncio.gather(*(fetch(number) for number in range(SERVERS)))
    return statuses, took, floor
