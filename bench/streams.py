"""Many open WebSockets: what each costs the server while nothing happens, and how long one post takes to reach all."""

import asyncio
import base64
import contextlib
import os
import resource
import time
from collections.abc import Callable

import orjson

from fedi.app import Server
from fedi.auth import secrets

HOST = "localhost"
OPENING = 50
SETTLE_SECONDS = 5.0
MOST_SECONDS = 60.0

_PEOPLE = """
    with made as (
        insert into accounts (username, domain, is_local, uri, url, inbox)
        select 'listener' || n, domain, true, uri || '/listener/' || n, url || n, inbox || n
        from accounts, generate_series(1, $2) n where id = $1 returning id),
    people as (
        insert into users (email, confirmed_at, approved_at)
        select 'listener' || id || '@mail.test', now(), now() from made returning id, email),
    joined as (
        insert into memberships (user_id, account_id)
        select p.id, m.id from people p join made m on p.email = 'listener' || m.id || '@mail.test'
        returning user_id, account_id),
    counted as (insert into account_stats (account_id) select id from made),
    active as (
        insert into account_settings (account_id, last_active_at, home_built_at) select id, now(), now() from made),
    following as (insert into follows (account_id, target_id, uri) select id, $1, 'urn:' || id from made),
    filtering as (
        insert into filters (account_id, title, context, action) select id, 'dull', '{home}', 'warn' from made
        where id % 2 = 0 returning id),
    words as (
        insert into filter_keywords (filter_id, keyword, whole_word)
        select f.id, 'word' || n, true from filtering f, generate_series(1, 5) n)
    select user_id, account_id from joined
"""


def allow(count: int) -> None:
    """As many open files as there will be connections, for this process and those that it starts."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count * 2 + 1000, hard), hard))


async def run(
    server: Server, author_id: int, author: str, *, port: int, count: int, memory: Callable[[], float]
) -> None:
    """`memory` is the server's, in MB."""
    tokens = await _listeners(server, author_id, count)
    before = memory()
    room = asyncio.Semaphore(OPENING)
    heard = _Heard(count)
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(number: int) -> None:
            async with room:
                writer = await _connect(port, tokens[number], heard)
                stack.callback(writer.close)

        started = time.perf_counter()
        await asyncio.gather(*(open_one(number) for number in range(count)))
        opened = time.perf_counter() - started
        await asyncio.sleep(SETTLE_SECONDS)
        after = memory()
        print(
            f"streams: {count} open after {opened:.1f} s, {after - before:.1f} MB, "
            f"{(after - before) * 1024 / count:.1f} KB each (proportional set size)",
            flush=True,
        )
        await _publish(port, author, "warm up")
        await heard.all()
        heard.clear()
        started = time.perf_counter()
        await _publish(port, author, "to everybody who listens")
        await heard.all()
        seconds = time.perf_counter() - started
        print(f"streams: one post at {count} people who listen within {seconds:.2f} s", flush=True)


class _Heard:
    """How many have heard of the post. Somebody may hear of more than one message."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._who: set[object] = set()
        self._everybody = asyncio.Event()

    def by(self, who: object) -> None:
        self._who.add(who)
        if len(self._who) == self._count:
            self._everybody.set()

    def clear(self) -> None:
        self._who.clear()
        self._everybody.clear()

    async def all(self) -> None:
        try:
            await asyncio.wait_for(self._everybody.wait(), MOST_SECONDS)
        except TimeoutError:
            raise SystemExit(f"only {len(self._who)} of {self._count} have heard") from None


async def _listeners(server: Server, author_id: int, count: int) -> list[str]:
    """Tokens of as many people, who all follow the author."""
    async with server.app.db.transaction() as conn:
        application_id: int = await conn.fetchval("select id from oauth_applications limit 1")
        people = await conn.fetch(_PEOPLE, author_id, count)
        made = [secrets.new() for _ in people]
        await conn.execute(
            """
            insert into oauth_tokens (hash, application_id, user_id, account_id, scopes)
            select h, $1, u, a, 'read' from unnest($2::bytea[], $3::bigint[], $4::bigint[]) t(h, u, a)
            """,
            application_id, [secrets.hashed(each) for each in made], [each[0] for each in people],
            [each[1] for each in people],
        )  # fmt: skip
    return made


async def _connect(port: int, token: str, heard: _Heard) -> asyncio.StreamWriter:
    """A WebSocket by hand: a library's would cost this process more than what is measured."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=1024)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /api/v1/streaming?stream=user HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Authorization: Bearer {token}\r\nUser-Agent: bench\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head:
        raise SystemExit(f"no WebSocket: {head!r}")
    task = asyncio.create_task(_listen(reader, writer, heard))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return writer


_tasks: set[asyncio.Task[None]] = set()


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: _Heard) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readexactly(2)
            opcode, length = head[0] & 15, head[1] & 127
            if length > 125:
                length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
            payload = await reader.readexactly(length)
            if opcode == 9:  # a ping wants its pong, masked with zeros
                writer.write(bytes([0x8A, 0x80 | len(payload)]) + bytes(4) + payload)
            elif opcode == 1:
                heard.by(writer)


async def _publish(port: int, token: str, text: str) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    body = orjson.dumps({"status": text})
    writer.write(
        f"POST /api/v1/statuses HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    answer = await reader.read()
    writer.close()
    if b" 200 " not in answer[:20]:
        raise SystemExit(f"not published: {answer[:300]!r}")
