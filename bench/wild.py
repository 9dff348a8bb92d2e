"""The rest of the fediverse on a bad day: a host for each address of loopback, each with manners of its own.

    async with Wild() as wild:
        host = wild.host(wild.manners.status(503))
        host.inbox, host.arrivals

Manners decide what becomes of a POST. Documents of actors are served by all, so that each host has people.
"""

import asyncio
import itertools
import ssl
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench import sink
from federation.signatures import draft_cavage, keys
from federation.signatures.requests import Outgoing

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
JSON = dict[str, Any]
ACCEPTED = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"


class Arrival(msgspec.Struct, frozen=True):
    """A POST: when, by the clock of this process, of what id, and whether we let it in."""

    at: float
    id: str


class Exchange(msgspec.Struct, frozen=True):
    writer: asyncio.StreamWriter
    host: "Host"
    arrival: Arrival


Manner = Callable[[Exchange], Awaitable[None]]


class Host:
    """One of them. `manner` may be changed while it is asked."""

    def __init__(self, authority: str, scheme: str, manner: Manner, public_pem: str) -> None:
        self.authority = authority
        self.scheme = scheme
        self.manner = manner
        self.arrivals: list[Arrival] = []
        self.asked: list[str] = []  # paths of GETs
        self.gate: asyncio.Event | None = None  # what GETs wait for
        self.pages: dict[str, bytes] = {}  # HTML, by path
        self._public_pem = public_pem

    def actor(self, number: int) -> JSON:
        """Somebody there. Their inbox is the host's."""
        document = sink.actor(self.authority, f"/users/{number}", self._public_pem)
        if self.scheme == "https":
            document = orjson.loads(orjson.dumps(document).replace(b'"http://1', b'"https://1'))
        return document

    def note(self, number: int, name: str, *, mentions: str | None = None, **more: Any) -> JSON:
        """A Create of a note of one of its people."""
        actor = self.actor(number)["id"]
        addressed = {"to": [PUBLIC], "cc": [f"{actor}/followers", *([mentions] if mentions else [])]}
        note = {
            "id": f"{actor}/notes/{name}", "type": "Note", "attributedTo": actor, "content": f"<p>{name}</p>",
            "published": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), **addressed,
            "tag": [{"type": "Mention", "href": mentions, "name": "@you"}] if mentions else [], **more,
        }  # fmt: skip
        return self.activity(number, "Create", note, f"{name}/create", **addressed)

    def activity(self, number: int, kind: str, obj: Any, name: str, **more: Any) -> JSON:
        actor = self.actor(number)["id"]
        context = "https://www.w3.org/ns/activitystreams"
        return {"@context": context, "id": f"{actor}/{name}", "type": kind, "actor": actor, "object": obj, **more}


class Manners:
    """What hosts do with a POST."""

    @staticmethod
    async def well(exchange: Exchange) -> None:
        exchange.writer.write(ACCEPTED)

    @staticmethod
    async def silent(exchange: Exchange) -> None:
        await asyncio.sleep(3600)

    @staticmethod
    async def broken_off(exchange: Exchange) -> None:
        exchange.writer.transport.abort()

    @staticmethod
    async def rubbish(exchange: Exchange) -> None:
        exchange.writer.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        exchange.writer.close()

    @staticmethod
    async def endless(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            exchange.writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
            await exchange.writer.drain()

    @staticmethod
    async def in_drops(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\nx: ")
        while True:
            exchange.writer.write(b"x")
            await exchange.writer.drain()
            await asyncio.sleep(1)

    @staticmethod
    def slow(seconds: float) -> Manner:
        async def manner(exchange: Exchange) -> None:
            await asyncio.sleep(seconds)
            exchange.writer.write(ACCEPTED)

        return manner

    @staticmethod
    def after(event: asyncio.Event) -> Manner:
        async def manner(exchange: Exchange) -> None:
            await event.wait()
            exchange.writer.write(ACCEPTED)

        return manner

    @staticmethod
    def status(number: int, **headers: str) -> Manner:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        answer = f"HTTP/1.1 {number} No\r\ncontent-length: 0\r\n{lines}\r\n".encode()

        async def manner(exchange: Exchange) -> None:
            exchange.writer.write(answer)

        return manner


class Wild:
    """All of them, on one port; and on a second one those with a certificate that has expired."""

    manners = Manners

    def __init__(self) -> None:
        self.pair = keys.generate_rsa()
        self._private = keys.load_private(self.pair.private_pem)
        self._hosts: dict[str, Host] = {}
        self._numbers = itertools.count(2)
        self._ports: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Wild":
        for scheme, context in (("http", None), ("https", expired())):
            server = await asyncio.start_server(self._serve, "0.0.0.0", 0, ssl=context, limit=2**20, backlog=1000)
            self._servers.append(server)
            self._ports[scheme] = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *raised: object) -> None:
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def host(self, manner: Manner = Manners.well, *, scheme: str = "http", port: int | None = None) -> Host:
        """Another one. With `port` it is nobody's, or somebody else's."""
        number = next(self._numbers)
        address = f"127.0.{number // 250 + 1}.{number % 250 + 1}"
        host = Host(f"{address}:{port or self._ports[scheme]}", scheme, manner, self.pair.public_pem)
        self._hosts[address] = host
        return host

    def plain_port(self) -> int:
        return self._ports["http"]

    def sign(self, url: str, document: JSON) -> tuple[dict[str, str], bytes]:
        """Headers and body of a POST of its actor."""
        body = orjson.dumps(document)
        outgoing = Outgoing(method="POST", url=url, body=body)
        return draft_cavage.sign(outgoing, self._private, f"{document['actor']}#main-key", datetime.now(UTC)), body

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        host = self._hosts[writer.get_extra_info("sockname")[0]]
        try:
            while not writer.is_closing():
                await self._exchange(host, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _exchange(self, host: Host, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, path, _ = head.decode("latin-1").split(" ", 2)
        if method == "POST":
            length = next(
                int(line.partition(b":")[2])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            document = orjson.loads(await reader.readexactly(length))
            arrival = Arrival(time.monotonic(), document["id"])
            host.arrivals.append(arrival)
            await host.manner(Exchange(writer, host, arrival))
        else:
            host.asked.append(path)
            if host.gate is not None:
                await host.gate.wait()
            known = path.startswith("/users/") and path.count("/") == 2
            body = orjson.dumps(host.actor(int(path.rpartition("/")[2]))) if known else host.pages.get(path, b"{}")
            status = "200 OK" if known or path in host.pages else "404 Not Found"
            kind = "text/html" if path in host.pages else "application/activity+json"
            writer.write(f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n".encode())
            writer.write(body)
        await writer.drain()


def expired() -> ssl.SSLContext:
    """For a server whose certificate ran out yesterday, and was never anybody's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "late.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now - timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "late.pem"
        none = serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none)
        path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(path)
    return context
