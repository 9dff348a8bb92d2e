"""The database goes away while people post: it is restarted, killed, frozen. Errors, but no losses."""

import asyncio
import contextlib
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest

from tests.support import faults
from tests.support.database import temporary_directory
from tests.support.postgres import Postgres
from tests.support.processes import eventually, process
from tests.support.servers import Person

pytestmark = pytest.mark.anyio

# After how long an answer must come while the database is frozen: a statement is waited for 5 s, a connection as well.
FAST_SECONDS = 7.5
BACK_SECONDS = 10.0


@pytest.fixture
async def postgres() -> AsyncIterator[Postgres]:
    directory = temporary_directory()
    made = Postgres(directory)
    try:
        await made.start()
        yield made
    finally:
        await made.server.stop()
        shutil.rmtree(directory, ignore_errors=True)


async def test_a_database_that_goes_away_costs_errors_and_no_posts(postgres: Postgres, tmp_path: Path) -> None:
    async with process("localhost", postgres.url, tmp_path, log_format="json") as node:
        alice = await node.person("alice")
        done: list[str] = []
        answers: Counter[int] = Counter()
        stop = asyncio.Event()
        posting = [asyncio.create_task(_posts(alice, lane, done, answers, stop)) for lane in range(4)]
        for crash in (False, True):
            await _more(done, 5)
            await postgres.restart(crash=crash)
            began = time.monotonic()
            await _more(done, 5)
            assert time.monotonic() - began < BACK_SECONDS
        stop.set()
        await asyncio.gather(*posting)
        assert set(answers) <= {0, 200, 503}, answers
        await node.settled()
        kept = await faults.rows(node, "select uri from statuses")
        assert sorted(uri for (uri,) in kept) == sorted(done), "each that was acknowledged, once, and no other"
        await faults.all_well(node.db)

        with postgres.frozen():
            asked = await asyncio.gather(*(_asked(alice, number) for number in range(30)))
        for status, seconds, retry_after in asked:
            assert (status, retry_after) == (503, "5")
            assert seconds < FAST_SECONDS
        began = time.monotonic()
        await eventually(lambda: _works(alice))
        assert time.monotonic() - began < BACK_SECONDS
        await node.settled()
        await faults.all_well(node.db)
        lines = [orjson.loads(line) for line in node.program.log.read_text().splitlines()]
        complaints = [line["message"] for line in lines if "not available" in line["message"]]
        assert len(complaints) > 30, "each that was not answered has its line"
        assert not any("\n" in message for message in complaints)
        explained = [line["message"] for line in lines if "exception" in line]
        assert len(explained) <= 1, explained


async def _more(done: list[str], count: int) -> None:
    wanted = len(done) + count

    async def enough() -> bool:
        return len(done) >= wanted

    await eventually(enough, seconds=30)


async def _posts(author: Person, lane: int, done: list[str], answers: Counter[int], stop: asyncio.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        key = {"Idempotency-Key": f"{lane}-{number}"}
        status = 0
        while status != 200:
            body = {"status": f"{lane} says {number}"}
            try:
                response = await author.call("POST", "/api/v1/statuses", json=body, headers=key)
            except httpx.HTTPError:
                status = 0
            else:
                status = response.status_code
            answers[status] += 1
            await asyncio.sleep(0.05)
        done.append(response.json()["uri"])


async def _asked(person: Person, number: int) -> tuple[int, float, str | None]:
    """Reading, writing, and the public page of a federated object: status, how long it took, Retry-After."""
    began = time.monotonic()
    if number % 3 == 0:
        response = await person.call("GET", "/api/v1/timelines/home")
    elif number % 3 == 1:
        response = await person.call("POST", "/api/v1/statuses", json={"status": f"frozen {number}"})
    else:
        response = await person.node.client.get("/users/alice", headers={"Accept": "application/activity+json"})
    return response.status_code, time.monotonic() - began, response.headers.get("Retry-After")


async def _works(person: Person) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return (await person.call("POST", "/api/v1/statuses", json={"status": "again"})).status_code == 200
    return False
