"""The worker: nothing is lost, nothing that is slow or broken stands in the way of the rest."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from fedi.context import App
from fedi.worker import Worker
from storage import inbox, jobs
from storage.inbox import Arrival
from tests.support.servers import Node

pytestmark = pytest.mark.anyio

Function = Callable[[App, dict[str, Any]], Awaitable[None]]


@contextlib.asynccontextmanager
async def working(server: Node, functions: dict[str, Function], **more: Any) -> AsyncIterator[Worker]:
    """A worker with jobs of the test's own, running."""
    worker = Worker(server.app, effects=more.get("effects", {}), functions=functions, schedule=(), loops=())
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


async def arrives(server: Node, actor: str, count: int) -> None:
    async with server.db.transaction() as conn:
        await inbox.accept(
            conn, [Arrival(f"{actor}/{number}", actor, f'{{"from": "{actor}"}}', None) for number in range(count)]
        )


async def until(done: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 (nothing tells when)
            await asyncio.sleep(0.01)


async def _left(server: Node) -> list[Any]:
    async with server.db.read() as conn:
        return list(await conn.fetch("select name, attempts, failed_at, holder, last_error from jobs order by id"))


async def test_a_slow_job_does_not_delay_the_others(server: Node) -> None:
    release, done = asyncio.Event(), list[int]()

    async def run(app: App, payload: dict[str, Any]) -> None:
        if payload["number"] == 0:
            await release.wait()
        done.append(payload["number"])

    async with server.db.transaction() as conn:
        await jobs.enqueue_many(conn, "thing", [{"number": number} for number in range(30)])
    async with working(server, {"thing": run}):
        await until(lambda: len(done) == 29)
        release.set()
        await until(lambda: len(done) == 30)


async def test_one_host_cannot_occupy_the_inbox(server: Node) -> None:
    release, done = asyncio.Event(), list[str]()

    async def run(app: App, payload: dict[str, Any]) -> None:
        if "flood.test" in payload["body"]:
            await release.wait()
        done.append(payload["body"])

    for actor in range(30):
        await arrives(server, f"https://flood.test/users/{actor}", 2)
    await arrives(server, "https://quiet.test/users/one", 1)
    async with working(server, {"inbox": run}):
        await until(lambda: any("quiet.test" in body for body in done))
        release.set()
        await until(lambda: len(done) == 61)


async def test_hosts_take_turns_and_actors_keep_their_order(server: Node) -> None:
    await arrives(server, "https://flood.test/users/a", 3)
    for actor in range(50):
        await arrives(server, f"https://flood.test/users/{actor}", 2)
    await arrives(server, "https://quiet.test/users/one", 2)
    async with server.db.read() as conn:
        first = await jobs.claim(conn, "inbox", limit=4)
        lanes = [job.lane for job in first]
        assert "https://quiet.test/users/one" in lanes
        assert len(set(lanes)) == 4
        second = await jobs.claim(conn, "inbox", limit=100)
        assert not {job.lane for job in second} & set(lanes)
        assert await jobs.claim(conn, "inbox", limit=100) == []
        await jobs.finish(conn, [job.id for job in first])
        assert [job.lane for job in await jobs.claim(conn, "inbox", limit=100)] == lanes


async def test_what_is_asked_while_the_same_runs_is_done_again(server: Node) -> None:
    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, "thing", {"number": 1}, key="same")
        await jobs.enqueue(conn, "thing", {"number": 1}, key="same")
    async with server.db.read() as conn:
        [running] = await jobs.claim(conn, "network", limit=9)
        await jobs.enqueue(conn, "thing", {"number": 2}, key="same")
        await jobs.finish(conn, [running.id])
        [again] = await jobs.claim(conn, "network", limit=9)
        assert again.data == {"number": 2}


async def test_a_failed_job_gives_way_to_the_same_asked_anew(server: Node) -> None:
    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, "thing", {"number": 1}, key="same")
        [running] = await jobs.claim(conn, "network", limit=9)
        await jobs.enqueue(conn, "thing", {"number": 2}, key="same")
        await jobs.retry(conn, running.id, jobs.Failure("no"), delay_seconds=60)
        assert [row["holder"] for row in await conn.fetch("select holder from jobs")] == [None]
        await jobs.enqueue(conn, "thing", {"number": 3}, key="same")
        [left] = await jobs.claim(conn, "network", limit=9)
        assert left.data == {"number": 2}


async def test_somebody_who_slept_through_its_lease_ends_nothing(server: Node) -> None:
    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, "thing", {})
        [job] = await jobs.claim(conn, "network", limit=1)
        await conn.execute("update jobs set holder = 'another process'")
        await jobs.finish(conn, [job.id])
        await jobs.retry(conn, job.id, jobs.Failure("late"), delay_seconds=60)
        await jobs.keep(conn, [job.id])
        assert await conn.fetchval("select holder = 'another process' and last_error is null from jobs")


async def test_a_mistake_of_ours_is_put_aside_after_five_tries(server: Node) -> None:
    async def run(app: App, payload: dict[str, Any]) -> None:
        raise ValueError("a mistake")

    worker = Worker(server.app, effects={}, functions={"thing": run}, schedule=(), loops=())
    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, "thing", {})
    for _ in range(20):
        await worker.drain()
        async with server.db.read() as conn:
            await conn.execute("update jobs set run_at = now()")
    [row] = await _left(server)
    assert row["failed_at"] is not None
    assert row["attempts"] == 6
    assert "a mistake" in row["last_error"]


async def test_what_ends_the_process_each_time_is_put_aside(server: Node) -> None:
    ran = list[int]()

    async def run(app: App, payload: dict[str, Any]) -> None:
        ran.append(1)

    worker = Worker(server.app, effects={}, functions={"thing": run}, schedule=(), loops=())
    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, "thing", {})
        await conn.execute("update jobs set attempts = $1", jobs.MAX_ATTEMPTS)
    await worker.drain()
    [row] = await _left(server)
    assert row["failed_at"] is not None
    assert ran == []


async def test_an_event_of_another_release_is_kept(server: Node) -> None:
    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, "SomethingNew", {"id": 1}, queue="event")
    await server.drain()
    [row] = [row for row in await _left(server) if row["name"] == "SomethingNew"]
    assert row["failed_at"] is not None


async def test_events_of_two_workers_keep_their_order(server: Node) -> None:
    async with server.db.transaction() as conn:
        await jobs.enqueue_many(conn, "First", [{}] * 3, queue="event")
    taken = asyncio.Event()

    async def another() -> int:
        async with server.db.transaction() as conn:
            taken.set()
            return len(await jobs.take(conn, limit=9))

    async with server.db.transaction() as conn:
        first = await jobs.take(conn, limit=2)
        task = asyncio.create_task(another())
        await taken.wait()
        await asyncio.sleep(0.1)
        assert not task.done()
        await jobs.finish(conn, [job.id for job in first])
    assert await task == 1


async def test_a_database_that_is_away_does_not_make_a_job_run_twice(server: Node) -> None:
    ran = list[int]()

    async def run(app: App, payload: dict[str, Any]) -> None:
        ran.append(1)
        async with app.db.read() as conn:
            await conn.execute("alter table jobs rename to jobs_away")

    async with server.db.transaction() as conn:
        await jobs.enqueue(conn, "thing", {})
    worker = Worker(server.app, effects={}, functions={"thing": run}, schedule=(), loops=())
    task = asyncio.create_task(worker.drain())
    await until(lambda: bool(ran))
    await asyncio.sleep(0.2)
    async with server.db.read() as conn:
        await conn.execute("alter table jobs_away rename to jobs")
    await task
    assert await _left(server) == []
    assert ran == [1]
