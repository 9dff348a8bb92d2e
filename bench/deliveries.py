"""Deliveries to few and to many hosts, some of which accept connections and never answer; and where the time goes."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from bench import sink
from federation.http.client import HTTPClient
from federation.signatures import draft_cavage, keys
from federation.signatures.requests import Outgoing
from fedi.app import Server

# (hosts, inboxes on each, how many hosts of ten are dead)
SCENARIOS = ((1, 200, 0), (50, 10, 0), (50, 10, 3), (500, 1, 0), (500, 1, 3))
SAMPLES = 300


class Stage(msgspec.Struct, frozen=True):
    """What the scenarios need of the bench. `cpu`: seconds so far of the server, and of Postgres."""

    server: Server
    pair: keys.Pair
    sink_port: int
    dead_port: int
    http: HTTPClient
    person: Callable[[str], Awaitable[tuple[int, str]]]
    idle: Callable[[], Awaitable[None]]
    publish: Callable[[str, str], Awaitable[None]]
    cpu: Callable[[], tuple[float, float]]


def silent(port: int) -> socket.socket:
    """On every loopback address a port that accepts connections and nothing else."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(4096)
    return listener


async def run(stage: Stage, posts: int) -> None:
    signing, http = await _parts(stage)
    print(f"one signature {signing:.2f} ms CPU, one request on a warm connection {http:.2f} ms CPU", flush=True)
    print(f"{'':<26}{'per s':>8}{'ms CPU':>9}{'signing':>9}{'HTTP':>7}{'Postgres':>10}{'rest':>7}", flush=True)
    for number, (hosts, inboxes, dead) in enumerate(SCENARIOS):
        await _scenario(stage, number, hosts, inboxes, dead, posts, (signing, http))


async def _parts(stage: Stage) -> tuple[float, float]:
    """CPU milliseconds of a signature, and of a request from here to the sink, of the client's side."""
    key = keys.load_private(stage.pair.private_pem)
    url = f"http://127.0.0.2:{stage.sink_port}/users/1/inbox"
    body = orjson.dumps({"id": "urn:sample", "content": "x" * 2000})
    request = Outgoing(method="POST", url=url, body=body)
    now = datetime.now(UTC)
    began = time.thread_time()
    for _ in range(SAMPLES):
        headers = draft_cavage.sign(request, key, "http://127.0.0.1/key", now)
    signing = (time.thread_time() - began) * 1000 / SAMPLES
    began = time.thread_time()
    for _ in range(SAMPLES):
        await stage.http.post(url, headers=headers, body=body)
    return signing, (time.thread_time() - began) * 1000 / SAMPLES


async def _scenario(
    stage: Stage, number: int, hosts: int, inboxes: int, dead: int, posts: int, parts: tuple[float, float]
) -> None:
    sender_id, token = await stage.person(f"sender{number}")
    healthy = 0
    for place in range(hosts * inboxes):
        host = place % hosts
        is_dead = host % 10 < dead
        healthy += not is_dead
        port = stage.dead_port if is_dead else stage.sink_port
        authority = f"127.{number + 1}.{host // 250}.{host % 250 + 1}:{port}"
        document: dict[str, Any] = sink.actor(authority, f"/users/{place}", stage.pair.public_pem)
        await _follower(stage, document, f"u{place}", authority, sender_id)
    await stage.idle()
    before, cpu, began = await _received(stage), stage.cpu(), time.perf_counter()
    for post in range(posts):
        await stage.publish(token, f"to the world {post}")
    while await _received(stage) - before < healthy * posts:  # noqa: ASYNC110 (nothing tells when)
        await asyncio.sleep(0.05)
    seconds, count = time.perf_counter() - began, healthy * posts
    after = stage.cpu()
    whole, postgres = (sum(after) - sum(cpu)) * 1000 / count, (after[1] - cpu[1]) * 1000 / count
    name = f"{hosts} hosts" + (f", {dead * 10} % dead" if dead else "")
    rest = whole - postgres - sum(parts)
    print(
        f"delivered to {name:<13}{count / seconds:>8.0f}{whole:>9.2f}{parts[0]:>9.2f}{parts[1]:>7.2f}{postgres:>10.2f}"
        f"{rest:>7.2f}",
        flush=True,
    )
    async with stage.server.app.db.transaction() as conn:
        await conn.execute("delete from deliveries where state = 'waiting'")


async def _follower(stage: Stage, document: dict[str, Any], username: str, domain: str, target_id: int) -> None:
    """As a row: nobody is looked up, and nobody is told."""
    async with stage.server.app.db.transaction() as conn:
        await conn.execute(
            """
            with made as (
                insert into accounts (username, domain, is_local, uri, url, inbox) values ($1, $2, false, $3, $3, $4)
                returning id),
            counted as (insert into account_stats (account_id) select id from made)
            insert into follows (account_id, target_id, uri) select id, $5, $3 || '/follow' from made
            """,
            username, domain, document["id"], document["inbox"], target_id,
        )  # fmt: skip


async def _received(stage: Stage) -> int:
    response = await stage.http.request("GET", f"http://127.0.0.1:{stage.sink_port}/stats")
    received: int = orjson.loads(response.body)["distinct"]
    return received
