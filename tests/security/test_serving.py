"""Bytes on the socket that mean two things at once, or no end of them (class 34; trap 9).

Slow clients: tests/cli/test_patience.py.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from fedi.patience import Protocol

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def listening(seen: list[Scope]) -> AsyncIterator[int]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", str(len(str(size))).encode())],
            }
        )
        await send({"type": "http.response.body", "body": str(size).encode()})

    config = uvicorn.Config(app, http=Protocol, lifespan="off", log_config=None, access_log=False)
    config.load()
    state = uvicorn.server.ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: Protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]
        for connection in list(state.connections):
            connection.transport.abort()


async def answers(data: bytes) -> tuple[bytes, int]:
    """What comes back to these bytes until the connection ends or is quiet, and how many requests were seen in them."""
    seen: list[Scope] = []
    async with listening(seen) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        received = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while piece := await asyncio.wait_for(reader.read(65536), 0.5):
                received += piece
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return received, len(seen)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 50\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 50\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nX: a\r\n Content-Length: 3\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\rX: y\r\n\r\n",
        b"POST / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x y\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET http:///// HTTP/9.9\r\n\r\n",
    ],
)
async def test_what_means_two_things_is_refused_and_ends_the_connection(head: bytes) -> None:
    received, seen = await answers(head + b"abc" + SMUGGLED)
    assert seen == 0
    assert received == b"" or received.startswith(b"HTTP/1.1 400 ")
    assert b"200 OK" not in received


async def test_ordinary_requests_on_one_connection_are_answered_in_order() -> None:
    posted = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    chunked = b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    received, seen = await answers(posted + chunked + b"GET /c HTTP/1.1\r\nHost: x\r\n\r\n")
    assert seen == 3
    assert received.count(b"HTTP/1.1 200") == 3
    assert [received.index(body) for body in (b"\r\n\r\n3", b"\r\n\r\n5", b"\r\n\r\n0")] == sorted(
        received.index(body) for body in (b"\r\n\r\n3", b"\r\n\r\n5", b"\r\n\r\n0")
    )


async def test_an_old_client_without_host_is_served() -> None:
    """HTTP/1.0 knows no Host; health checks of old proxies speak it."""
    received, seen = await answers(b"GET / HTTP/1.0\r\n\r\n")
    assert seen == 1
    assert b" 200 " in received


async def test_a_head_without_end_is_refused_in_one_piece_too() -> None:
    received, seen = await answers(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n")
    assert seen == 0
    assert received == b"" or received.startswith(b"HTTP/1.1 431 ")
