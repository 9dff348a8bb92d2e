"""Whatever a server of an attacker's may answer, byte by byte on a real socket (classes 6, 12 and 15)."""

import asyncio
import contextlib
import gzip
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import orjson
import pytest

from federation.http.transport import Answer, Call, SocketTransport
from tests.support.database import Databases
from tests.support.loopback import Loopback
from tests.support.network import Network
from tests.support.puppet import Puppet
from tests.support.servers import node
from tests.support.siege import Siege, attacks

pytestmark = pytest.mark.anyio

ACTIVITY = b"Content-Type: application/activity+json\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + ACTIVITY
MEGABYTE = 1024 * 1024


class Wire(SocketTransport):
    """Hosts below localhost are reached as they are, over sockets; all others over the network in memory."""

    def __init__(self, network: Network) -> None:
        super().__init__(allow_private=True, connect_seconds=2.0, silence_seconds=0.4)
        self.network = network

    async def exchange(self, call: Call) -> Answer:
        if call.url.host.endswith(".localhost"):
            return await super().exchange(call)
        request = httpx.Request(
            call.method, call.url.full, headers=[("Host", call.url.authority), *call.headers], content=call.body
        )
        response = await self.network.handle_async_request(request)
        headers = [(name.lower(), value) for name, value in response.headers.raw]
        return Answer(response.status_code, headers, await response.aread(), False)


class Raw:
    """Answers with exactly these bytes. `port` is that of every host `NAME.localhost`."""

    def __init__(self) -> None:
        self.loopback = Loopback()
        self.port = 0
        self.pieces: dict[str, tuple[bytes, bytes]] = {}
        self.asked: list[str] = []
        self.sent = 0

    async def begin(self) -> None:
        self.port = await self.loopback.raw(self._answer)

    def host(self, name: str) -> str:
        return f"{name}.localhost:{self.port}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """First the one, then the other for ever, if there is another; then nothing more, and nothing is closed."""
        request = await self.loopback.read_request(reader)
        host = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"host:"))
        name = host.partition(b":")[2].strip().decode().partition(".")[0]
        self.asked.append(name)
        first, again = self.pieces[name]
        writer.write(first.replace(b"{base}", f"http://{self.host(name)}".encode()))
        await writer.drain()
        while again:
            self.sent += len(again)
            writer.write(again)
            await writer.drain()
        await asyncio.sleep(3600)


@pytest.fixture(scope="module")
async def stage(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Siege, Raw]]:
    network, url = Network(), await databases.take()
    directory: Path = tmp_path_factory.mktemp("wires")
    raw, transport = Raw(), Wire(network)
    await raw.begin()
    async with node("example.test", url, network, directory, await databases.pool(url), transport=transport) as server:
        yield await Siege.begin(server), raw
    await raw.loopback.stop()
    databases.release()


def _sized(body: bytes, *headers: bytes) -> bytes:
    fields = b"".join(header + b"\r\n" for header in headers)
    return OK + fields + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _gzip(body: bytes, *, times: int = 1) -> bytes:
    for _ in range(times):
        body = gzip.compress(body, 9)
    return body


def _answers() -> dict[str, tuple[bytes, bytes]]:
    """By name: what is sent once, and what is sent again and again after that."""
    actor = orjson.dumps({"id": "{base}/users/x", "type": "Person"})
    deep = b"[" * 200_000
    wide = b'{"id":"{base}/users/x","x":{' + b",".join(b'"k%d":0' % n for n in range(60_000)) + b"}}"
    big = b'{"id":"{base}/users/x","content":"' + b"x" * (2 * MEGABYTE) + b'"}'
    bomb = _gzip(b" " * (64 * MEGABYTE))
    return {
        "silent": (b"", b""),
        "half": (OK, b""),
        "waiting": (OK + b"Content-Length: 100\r\n\r\n{", b""),
        "endless": (OK + b"\r\n", b" " * 65_536),
        "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n"),
        "crumbs": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 5000),
        "remarks": (OK + b"Transfer-Encoding: chunked\r\n\r\n1;x=", b"y" * 65_536),
        "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 5000),
        "headers": (OK, b"X-Y: z\r\n" * 5000),
        "header": (OK + b"X: ", b"y" * 65_536),
        "status": (b"HTTP/1.1 200 ", b"O" * 65_536),
        "nothing": (b"", b"\r\n" * 5000),
        "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "hints": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000),
        "upgrade": (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", b""),
        "huge": (OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", b""),
        "negative": (OK + b"Content-Length: -1\r\n\r\n{}", b""),
        "lengths": (OK + b"Content-Length: 2\r\nContent-Length: 300\r\n\r\n{}", b""),
        "both": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b""),
        "promised": (OK + b"Content-Length: 9999999999999\r\n\r\n", b" " * 65_536),
        "deep": (_sized(deep), b""),
        "wide": (_sized(wide), b""),
        "big": (_sized(big), b""),
        "bomb": (_sized(bomb, b"Content-Encoding: gzip"), b""),
        "nested": (_sized(_gzip(bomb), b"Content-Encoding: gzip"), b""),
        "twice": (_sized(_gzip(bomb), b"Content-Encoding: gzip, gzip"), b""),
        "again": (_sized(_gzip(actor), b"Content-Encoding: gzip", b"Content-Encoding: gzip"), b""),
        "deflate": (_sized(zlib.compress(b" " * (8 * MEGABYTE)), b"Content-Encoding: deflate"), b""),
        "brotli": (_sized(b"\x8b\xff\xff\xff", b"Content-Encoding: br"), b""),
        "corrupt": (_sized(b"\x1f\x8b" + b"\xff" * 500, b"Content-Encoding: gzip"), b""),
        "cut": (_sized(_gzip(actor)[:-12], b"Content-Encoding: gzip"), b""),
        "utf16": (_sized(actor.decode().encode("utf-16")), b""),
        "bytes": (_sized(b'{"id":"\xff\xfe"}'), b""),
        "nan": (_sized(b'{"id":"{base}/users/x","x":NaN}'), b""),
        "fold": (OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", b""),
        "zero": (OK + b"X\0: a\r\nContent-Length: 2\r\n\r\n{}", b""),
        "preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""),
        "tls": (b"\x15\x03\x01\x00\x02\x02\x28", b""),
        "old": (b"{}", b""),
        "future": (b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}", b""),
        "code": (b"HTTP/1.1 999 ?\r\nContent-Length: 2\r\n\r\n{}", b""),
        "low": (b"HTTP/1.1 42 ?\r\nContent-Length: 2\r\n\r\n{}", b""),
        "empty": (b"HTTP/1.1 204 No\r\nContent-Length: 100000\r\n\r\n", b"x" * 65_536),
        "denied": (b"HTTP/1.1 401 No\r\n" + b"Accept-Signature: s=(\r\n" * 500 + b"Content-Length: 0\r\n\r\n", b""),
        "asking": (b'HTTP/1.1 401 No\r\nAccept-Signature: s=("@method" "x");a\r\nContent-Length: 0\r\n\r\n', b""),
        "later": (b"HTTP/1.1 429 No\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n", b""),
        "earlier": (b"HTTP/1.1 503 No\r\nRetry-After: 31 Dec 9999 23:59:59 -2359\r\nContent-Length: 0\r\n\r\n", b""),
        "around": (b"HTTP/1.1 302 No\r\nLocation: {base}/users/x\r\nContent-Length: 0\r\n\r\n", b""),
        "where": (b"HTTP/1.1 302 No\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n", b""),
        "far": (b"HTTP/1.1 302 No\r\nLocation: http://x.test/" + b"x" * 60_000 + b"\r\nContent-Length: 0\r\n\r\n", b""),
        "file": (b"HTTP/1.1 302 No\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", b""),
        "latin": (b"HTTP/1.1 302 No\r\nLocation: http://\xff\xfe.test/\r\nContent-Length: 0\r\n\r\n", b""),
        "nowhere": (b"HTTP/1.1 302 No\r\nContent-Length: 0\r\n\r\n", b""),
        "types": (OK + b"Content-Type: text/html\r\nContent-Length: 2\r\n\r\n{}", b""),
    }  # fmt: skip


async def test_12_answers_of_every_kind(stage: tuple[Siege, Raw]) -> None:
    """Each is asked for as a page that somebody pastes, as a handle, and as the key of a signature. All end soon, none
    is believed, and none is an error of ours."""
    siege, raw = stage
    raw.pieces = _answers()
    evil = siege.villain()
    began, room = time.monotonic(), asyncio.Semaphore(12)

    async def meet(name: str) -> None:
        host = raw.host(name)
        uri = f"http://{host}/users/x"
        body = evil.host.activity("Follow", evil.actor, siege.alice.uri, name)
        async with room:
            answer = await evil.host.send(
                siege.server, {**body, "id": f"{uri}#f", "actor": uri}, evil.actor, key_id=f"{uri}#k"
            )
            assert answer.status_code in (401, 403, 429, 503), (name, answer.status_code)
            for query in (uri, f"@x@{host}"):
                found = await siege.alice.get("/api/v2/search", q=query, resolve="true")
                assert found["accounts"] == found["statuses"] == [], name

    async def everything(siege: Siege) -> None:
        await asyncio.gather(*(meet(name) for name in raw.pieces))

    await siege.hold(attacks(everything))
    assert set(raw.pieces) <= set(raw.asked)
    assert raw.asked.count("around") <= 40
    # What is on its way when a connection is ended counts as well.
    assert raw.sent < 400 * MEGABYTE, raw.sent
    assert time.monotonic() - began < 60
    assert not await siege.count("select count(*) from accounts where uri ~ 'localhost'")


async def test_15_keys_that_never_come(stage: tuple[Siege, Raw]) -> None:
    """Many wait for keys of servers that hold the line. Others are heard meanwhile, and read."""
    siege, _ = stage
    released = asyncio.Event()

    async def holding(scope: object, receive: object, send: object) -> None:
        await released.wait()
        raise httpx.ReadError("gone")

    evil = siege.villain()
    hosts = [Puppet(siege.server.network, f"evil8{n}.test") for n in range(12)]
    for host in hosts:
        siege.server.network.apps[host.host] = holding
    waiting = []
    for number in range(120):
        host = hosts[number % len(hosts)] if number < 60 else hosts[0]
        uri = f"https://{host.host}/users/{number}"
        body = evil.host.activity("Like", evil.actor, "x", f"held{number}")
        waiting.append(
            asyncio.create_task(
                evil.host.send(
                    siege.server, {**body, "id": f"{uri}#l", "actor": uri}, evil.actor, key_id=f"{uri}#main-key"
                )
            )
        )
    await asyncio.sleep(0.1)
    began = time.monotonic()
    try:
        await asyncio.wait_for(siege.lives(), 20)
        assert (await siege.server.client.get("/health")).status_code == 200
        assert (await siege.server.client.get("/api/v1/instance")).status_code == 200
        assert time.monotonic() - began < 10
    finally:
        released.set()
        with contextlib.suppress(httpx.HTTPError):
            answers = [answer.status_code for answer in await asyncio.gather(*waiting)]
            assert set(answers) <= {401, 429, 503}, set(answers)
    await siege.ready()
    await siege.lives()
