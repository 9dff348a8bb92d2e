"""Clients that are slow on purpose lose their connection; others do not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from fedi.patience import Protocol

pytestmark = pytest.mark.anyio

BIG = b"x" * 20_000_000


class Impatient(Protocol):
    head_seconds = 0.3
    period_seconds = 0.3
    min_body_bytes = 100


class Sparing(Impatient):
    head_seconds = 30.0


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads everything, answers with its size; a lot for /big, after a while for /late."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        more = message["more_body"]
    if scope["path"] == "/late":
        await asyncio.sleep(1)
    body = BIG if scope["path"] == "/big" else str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def listening(protocol: type[Protocol]) -> AsyncIterator[int]:
    config = uvicorn.Config(app, http=protocol, lifespan="off", log_config=None, access_log=False)
    config.load()
    state = uvicorn.server.ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]
        for connection in list(state.connections):
            connection.transport.abort()


@contextlib.asynccontextmanager
async def connected(
    protocol: type[Protocol] = Impatient,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with listening(protocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return await reader.readexactly(length)


async def dropped(reader: asyncio.StreamReader) -> bytes:
    """What came until the connection ended, which must be soon."""
    try:
        return await asyncio.wait_for(reader.read(), 3)
    except ConnectionError:
        return b""


async def test_a_silent_connection_is_dropped() -> None:
    async with connected() as (reader, _):
        assert await dropped(reader) == b""


async def test_dripping_headers_do_not_buy_time() -> None:
    async with connected() as (reader, writer):
        end = asyncio.create_task(dropped(reader))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        with contextlib.suppress(ConnectionError):
            for number in range(20):
                if writer.is_closing():
                    break
                writer.write(b"X-%d: y\r\n" % number)
                await asyncio.sleep(0.1)
        assert await end == b""


async def test_a_stalled_body_is_dropped() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc")
        assert await dropped(reader) == b""


async def test_a_body_that_keeps_coming_has_all_the_time_it_needs() -> None:
    async with connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n\r\n")
        for _ in range(8):
            writer.write(b"x" * 1000)
            await asyncio.sleep(0.15)
        assert await answer(reader) == b"8000"


async def test_an_answer_that_takes_long_is_waited_for_and_the_connection_is_used_again() -> None:
    async with connected() as (reader, writer):
        for path in (b"/late", b"/"):
            writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await answer(reader) == b"0"
        await asyncio.sleep(0.5)  # between requests it may rest
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await answer(reader) == b"0"


async def test_headers_without_end_are_refused() -> None:
    async with connected(Sparing) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for _ in range(9):
            writer.write(b"X: " + b"y" * 8000 + b"\r\n")
            await asyncio.sleep(0.02)
        assert (await dropped(reader)).startswith(b"HTTP/1.1 431 ")


async def test_large_headers_that_end_are_taken() -> None:
    async with connected() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + (b"X: " + b"y" * 8000 + b"\r\n") * 6 + b"\r\n")
        assert await answer(reader) == b"0"


async def test_who_does_not_read_is_dropped() -> None:
    async with connected() as (reader, writer):
        writer.write(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(1)
        assert len(await dropped(reader)) < len(BIG)
