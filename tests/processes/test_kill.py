"""kill -9 in the middle of posting: what was acknowledged arrives, and everything arrives once.

FEDI_TEST_FULL=1 posts 200 times and kills more often.
"""

import asyncio
import contextlib
import os
import random
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench import sink
from federation import actors
from federation.signatures import keys
from storage import follows
from tests.support import faults
from tests.support.processes import ProcessNode, Program, Start, eventually, free_port
from tests.support.servers import Person

pytestmark = pytest.mark.anyio

FULL = bool(os.environ.get("FEDI_TEST_FULL"))
# As often while posting and while sending.
POSTS, KILLS = (200, 4) if FULL else (40, 2)
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


async def reached(done: list[str], count: float) -> None:
    """Wait until so many posts are acknowledged."""

    async def enough() -> bool:
        return len(done) >= count

    await eventually(enough, seconds=120)


async def sending(node: ProcessNode) -> int:
    """Deliveries that the server has taken up and not finished."""
    async with node.db.read() as conn:
        leased: int = await conn.fetchval(
            "select count(*) from deliveries where state = 'waiting' and leased_until is not null"
        )
    return leased


async def post(author: Person, numbers: Iterator[int], done: list[str]) -> None:
    """A few at once, until all are acknowledged."""

    async def one_after_another() -> None:
        for number in numbers:
            done.append(await faults.published(author, number))

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


async def kill_while_posting(a: ProcessNode, done: list[str], moment: float) -> None:
    await reached(done, moment)
    await asyncio.sleep(random.uniform(0, 0.05))
    a.program.kill()
    await a.start()


async def kill_while_sending(a: ProcessNode) -> int:
    """With deliveries on the wire; how many there were."""
    await eventually(lambda: sending(a), seconds=60)
    await asyncio.sleep(random.uniform(0, 0.05))
    a.program.kill()
    cut_off = await sending(a)
    await a.start()
    return cut_off


async def post_and_kill(a: ProcessNode, author: Person) -> tuple[list[str], list[int]]:
    """URIs of all posts; and how many deliveries were on the wire at the kills that waited for some."""
    done: list[str] = []
    cut_off: list[int] = []
    part = POSTS // (2 * KILLS)
    for first in range(0, POSTS, 2 * part):
        moment = first + random.uniform(0.2, 0.8) * part
        await asyncio.gather(post(author, iter(range(first, first + part)), done), kill_while_posting(a, done, moment))
        _, cut = await asyncio.gather(
            post(author, iter(range(first + part, first + 2 * part)), done), kill_while_sending(a)
        )
        cut_off.append(cut)
    return done, cut_off


async def home_uris(reader: Person) -> list[str]:
    """Every post of a home timeline, page by page."""
    found: list[str] = []
    params: dict[str, Any] = {"limit": 40}
    while page := await reader.get("/api/v1/timelines/home", **params):
        found += [status["uri"] for status in page]
        params["max_id"] = page[-1]["id"]
    return found


def has_many_addresses() -> bool:
    """Whether all of 127.0.0.0/8 is this machine, as on Linux; elsewhere 127.0.0.1 alone."""
    try:
        with socket.socket() as one:
            one.bind((f"127.0.0.{SINKS + 1}", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_many_addresses(), reason="needs 49 addresses on loopback")
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
        uris, cut_off = await post_and_kill(a, author)
        assert len(set(uris)) == POSTS, "a key makes one post"
        assert any(cut_off), "what was being sent is sent after all, now and not when leases run out"
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
        killed = f"{POSTS} posts to {SINKS + 1} servers, killed {2 * KILLS} times, with {cut_off} on the wire"
        sys.stdout.write(f"\n{killed}: {again} of {sent} deliveries came again\n")
        assert (await author.get(f"/api/v1/accounts/{author.id}"))["statuses_count"] == POSTS
