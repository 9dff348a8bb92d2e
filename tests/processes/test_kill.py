"""kill -9 in the middle of posting: what was acknowledged arrives, and everything arrives once.

FEDI_TEST_FULL=1 posts 200 times and kills more often.
"""

import asyncio
import contextlib
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench import sink
from federation import actors
from federation.signatures import keys
from storage import follows
from tests.support.processes import ProcessNode, Program, Start, eventually, free_port
from tests.support.servers import Person

pytestmark = pytest.mark.anyio

FULL = bool(os.environ.get("FEDI_TEST_FULL"))
POSTS, KILLS = (200, 5) if FULL else (40, 2)
SINKS = 49
AT_ONCE = 4


class Sinks:
    """49 hosts that accept everything, 127.0.0.2 and on, each with one follower."""

    def __init__(self, port: int, public_pem: str) -> None:
        self.port = port
        self.public_pem = public_pem

    async def follow(self, author: Person) -> None:
        node = author.node
        for number in range(SINKS):
            host = f"127.0.0.{number + 2}:{self.port}"
            follower = await actors.keep(node.app.fed, sink.actor(host, f"/users/{number}", self.public_pem))
            async with node.db.transaction() as conn:
                follow_id: int = await conn.fetchval("select timestamp_id()")
                uri = f"{follower.uri}/follows/{follow_id}"
                await follows.ask(
                    conn,
                    follow_id=follow_id,
                    uri=uri,
                    account_id=follower.id,
                    target_id=author.account_id,
                    options=follows.Options(),
                )
                await follows.accept(conn, follower.id, author.account_id)

    async def creates(self) -> dict[str, Counter[str]]:
        """Ids of the Creates that came, by inbox, and how often each did."""
        async with httpx.AsyncClient() as client:
            received = (await client.get(f"http://127.0.0.1:{self.port}/received")).json()
        return {inbox: Counter(each for each in ids if each.endswith("/activity")) for inbox, ids in received.items()}


@contextlib.asynccontextmanager
async def sinks(directory: Path) -> AsyncIterator[Sinks]:
    pair, port = keys.generate_rsa(), free_port("0.0.0.0")
    (directory / "sink.pem").write_text(pair.public_pem)
    arguments = ["bench.sink", str(port), str(directory / "sink.pem")]
    program = Program(arguments, {}, directory / "sink.log")
    program.start()
    try:
        await program.answers(f"http://127.0.0.1:{port}/stats")
        yield Sinks(port, pair.public_pem)
    finally:
        program.stop()


async def acknowledged(author: Person, number: int) -> str:
    """Post until the server says that it has it, always with the same key; the post's URI."""
    while True:
        try:
            response = await author.call(
                "POST",
                "/api/v1/statuses",
                json={"status": f"Post number {number}"},
                headers={"Idempotency-Key": f"post-{number}"},
            )
        except httpx.HTTPError:
            await asyncio.sleep(0.1)
            continue
        if response.status_code == 200:
            return str(response.json()["uri"])
        assert response.status_code == 503, response.text
        await asyncio.sleep(0.1)


async def post_and_kill(a: ProcessNode, author: Person) -> list[str]:
    """URIs of all posts, made while the server is killed again and again."""
    done: list[str] = []
    numbers = iter(range(POSTS))

    async def post() -> None:
        for number in numbers:
            done.append(await acknowledged(author, number))

    async def reached(moment: float) -> bool:
        return len(done) >= moment

    async def kill() -> None:
        for part in range(KILLS):
            start = POSTS * (part + 0.2) / KILLS
            moment = random.uniform(start, start + POSTS * 0.6 / KILLS)
            await eventually(lambda: reached(moment), seconds=120)
            await asyncio.sleep(random.uniform(0, 0.05))
            a.program.kill()
            await a.start()

    await asyncio.gather(kill(), *(post() for _ in range(AT_ONCE)))
    return done


async def home_uris(reader: Person) -> list[str]:
    """Every post of a home timeline, page by page."""
    found: list[str] = []
    params: dict[str, Any] = {"limit": 40}
    while page := await reader.get("/api/v1/timelines/home", **params):
        found += [status["uri"] for status in page]
        params["max_id"] = page[-1]["id"]
    return found


async def test_every_post_arrives_exactly_once_although_the_server_is_killed(
    start_process: Start, tmp_path: Path
) -> None:
    async with sinks(tmp_path) as peers:
        a, b = await start_process("localhost"), await start_process("127.0.0.1")
        author, reader = await a.person("author"), await b.person("reader")
        await peers.follow(author)
        await reader.follow(author)

        async def followed() -> bool:
            account = await author.get(f"/api/v1/accounts/{author.id}")
            return bool(account["followers_count"] == SINKS + 1)

        await eventually(followed)
        uris = await post_and_kill(a, author)
        assert len(set(uris)) == POSTS, "a key makes one post"
        await a.settled(seconds=60)
        await b.settled(seconds=60)

        seen = await home_uris(reader)
        assert sorted(seen) == sorted(uris), "each is in the home of a follower, once"
        creates = await peers.creates()
        wanted = {f"{uri}/activity" for uri in uris}
        assert len(creates) == SINKS
        for inbox, came in creates.items():
            assert set(came) == wanted, inbox
        sent = sum(came.total() for came in creates.values())
        again = sent - SINKS * POSTS
        killed = f"{POSTS} posts to {SINKS + 1} servers, killed {KILLS} times"
        sys.stdout.write(f"\n{killed}: {again} of {sent} deliveries came again\n")
        assert (await author.get(f"/api/v1/accounts/{author.id}"))["statuses_count"] == POSTS
