"""The socket side of outgoing HTTP/1.1: resolve, judge every address, connect to a judged one, keep connections alive.

It is an httpx transport, and `exchange` is the same thing without httpx's objects, which cost more than the request.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec

from federation.http.addresses import Url, is_public, literal_ip, parse_url
from federation.http.errors import BadResponse, HTTPError, Refused, Unreachable
from federation.http.parser import Headers, ResponseParser

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 10.0
IDLE_SECONDS = 50.0
MAX_IDLE = 512
MAX_IDLE_PER_HOST = 8
MAX_ADDRESSES = 4
DNS_THREADS = 16

_UNSENDABLE = re.compile(r"[\r\n\0]|[^\x00-\xff]")

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
Key = tuple[str, str, int]


class Call(msgspec.Struct, frozen=True):
    """One request as it goes on the wire; `headers` come without Host and Content-Length."""

    method: str
    url: Url
    headers: Sequence[tuple[str, str]]
    body: bytes = b""
    max_bytes: int = 1024 * 1024
    lenient: bool = False
    trusted: bool = False  # may lead to a private address


class Answer(msgspec.Struct, frozen=True):
    """A decoded response; `truncated` says that the body went on beyond `Call.max_bytes` or could not be decoded."""

    status: int
    headers: Headers
    body: bytes
    truncated: bool


class _Dropped(Unreachable):
    """The connection closed before the first byte of an answer."""


class _Connection(asyncio.Protocol):
    def __init__(self, when_lost: Callable[["_Connection"], None]) -> None:
        self.key: Key = ("", "", 0)
        self.expiry: asyncio.TimerHandle | None = None
        self._when_lost = when_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: ResponseParser | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._last_sign_of_life = 0.0

    @property
    def usable(self) -> bool:
        """Open, and our last request is written: a peer that answers early has not read all of it."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and not transport.get_write_buffer_size()

    async def run(self, payload: bytes, parser: ResponseParser, silence: float) -> None:
        """Writes the request and waits until `parser` is done; closes the connection if anything else happens."""
        if self._transport is None:
            raise _Dropped("the connection was closed")
        self._parser = parser
        self._waiter = self._loop.create_future()
        self._last_sign_of_life = self._loop.time()
        watchdog = self._watch(silence)
        try:
            self._transport.write(payload)
            await self._waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._parser = self._waiter = None
            watchdog()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports inherit from nothing of asyncio

    def resume_writing(self) -> None:
        self._last_sign_of_life = self._loop.time()

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            self.abort()  # nobody asked: an idle connection that talks is not in a state to reuse
            return
        self._last_sign_of_life = self._loop.time()
        try:
            self._parser.feed(data)
        except HTTPError as exc:
            self._wake(exc)
        else:
            if self._parser.done:
                self._wake(None)

    def eof_received(self) -> None:
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(exc)
        self._transport = None
        self._when_lost(self)

    def _ended(self, reason: Exception | None) -> None:
        if self._parser is None or self._waiter is None or self._waiter.done():
            return
        if not self._parser.started:
            self._wake(_Dropped("the connection closed before an answer"))
        elif reason is not None:
            self._wake(Unreachable("the connection broke in the middle of the answer"))
        else:
            try:
                self._parser.eof()
            except BadResponse as exc:
                self._wake(exc)
            else:
                self._wake(None)

    def _watch(self, silence: float) -> Callable[[], None]:
        """Ends the exchange after `silence` seconds without a byte read or room to write; returns its cancellation."""
        handle: asyncio.TimerHandle

        def look() -> None:
            nonlocal handle
            left = self._last_sign_of_life + silence - self._loop.time()
            if left <= 0:
                self._wake(Unreachable(f"no answer within {silence:g} s"))
            else:
                handle = self._loop.call_later(left, look)

        handle = self._loop.call_later(silence, look)
        return lambda: handle.cancel()

    def _wake(self, exc: HTTPError | None) -> None:
        if self._waiter is None or self._waiter.done():
            return
        if exc is None:
            self._waiter.set_result(None)
        else:
            self._waiter.set_exception(exc)


class _Pool:
    """Idle connections: newest first per host, oldest out when there are too many, none older than IDLE_SECONDS."""

    def __init__(self) -> None:
        self._by_key: dict[Key, list[_Connection]] = {}
        self._oldest_first: dict[_Connection, None] = {}

    def take(self, key: Key) -> _Connection | None:
        while stack := self._by_key.get(key):
            connection = stack[-1]
            self.forget(connection)
            if connection.usable:
                return connection
        return None

    def put(self, connection: _Connection) -> None:
        same_host = self._by_key.get(connection.key)
        if same_host is not None and len(same_host) >= MAX_IDLE_PER_HOST:
            self._drop(same_host[0])
        elif len(self._oldest_first) >= MAX_IDLE:
            self._drop(next(iter(self._oldest_first)))
        self._by_key.setdefault(connection.key, []).append(connection)
        self._oldest_first[connection] = None
        connection.expiry = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, connection)

    def forget(self, connection: _Connection) -> None:
        if connection not in self._oldest_first:
            return
        del self._oldest_first[connection]
        if connection.expiry is not None:
            connection.expiry.cancel()
        stack = self._by_key[connection.key]
        stack.remove(connection)
        if not stack:
            del self._by_key[connection.key]

    def clear(self) -> None:
        for connection in list(self._oldest_first):
            self.forget(connection)
            connection.abort()

    def _drop(self, connection: _Connection) -> None:
        self.forget(connection)
        connection.close()


class SocketTransport(httpx.AsyncBaseTransport):
    """`allow_private` opens loopback and private networks, for development and tests only."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._allow_private = allow_private
        # Our own threads: a name server that does not answer must not occupy the executor that hashes passwords.
        self._threads = ThreadPoolExecutor(DNS_THREADS, thread_name_prefix="dns")
        self._resolve = resolve or self._getaddrinfo
        self._tls = tls
        self._connect_seconds = connect_seconds
        self._silence_seconds = silence_seconds
        self._pool = _Pool()

    async def exchange(self, call: Call) -> Answer:
        """Sends one request. Raises HTTPError; a total deadline is the caller's."""
        payload = _encode(call)
        key = (call.url.scheme, call.url.host, call.url.port)
        # A connection to a private address is for trusted calls only, so they keep none for others to find.
        connection = None if call.trusted else self._pool.take(key)
        if connection is not None:
            try:
                return await self._run(connection, call, payload)
            except _Dropped:
                # The peer closed an idle connection while we wrote. Sending again is safe for POST as well: what
                # we deliver carries an id by which the receiver knows it again.
                pass
        return await self._run(await self._connect(key, trusted=call.trusted), call, payload)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """httpx's entry. Limits and `trusted` come as extensions; `truncated` goes back the same way."""
        skipped = (b"host", b"content-length", b"transfer-encoding")
        call = Call(
            method=request.method,
            url=request.extensions.get("fedi.url") or parse_url(str(request.url)),
            headers=[
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in request.headers.raw
                if name.lower() not in skipped
            ],
            body=await request.aread(),
            max_bytes=request.extensions.get("max_bytes", 1024 * 1024),
            lenient=request.extensions.get("lenient", False),
            trusted=request.extensions.get("trusted", False),
        )
        answer = await self.exchange(call)
        # The body is decoded and complete. Cookies have no place in federation, and httpx would keep them all.
        gone = {b"content-encoding", b"content-length", b"transfer-encoding", b"set-cookie"}
        if call.method == "HEAD":
            gone.remove(b"content-length")
        headers = [header for header in answer.headers if header[0] not in gone]
        extensions = {"truncated": answer.truncated}
        return httpx.Response(answer.status, headers=headers, content=answer.body, extensions=extensions)

    async def aclose(self) -> None:
        self._pool.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.sleep(0)  # lets the loop close the sockets

    async def _run(self, connection: _Connection, call: Call, payload: bytes) -> Answer:
        parser = ResponseParser(method=call.method, max_bytes=call.max_bytes, lenient=call.lenient)
        await connection.run(payload, parser, self._silence_seconds)
        if parser.keep_alive and connection.usable and not call.trusted:
            self._pool.put(connection)
        else:
            connection.abort()  # instead of draining what may never end
        return Answer(parser.status, parser.headers, parser.body, parser.truncated)

    async def _connect(self, key: Key, *, trusted: bool = False) -> _Connection:
        scheme, host, port = key
        failure: OSError | None = None
        try:
            async with asyncio.timeout(self._connect_seconds):
                addresses = await self._judged_addresses(host, port, trusted=trusted)
                for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
                    try:
                        # A dead first address (often IPv6) must leave time for the next.
                        async with asyncio.timeout(self._connect_seconds / 2 if left > 1 else None):
                            return await self._open(key, address)
                    except OSError as exc:  # TimeoutError and SSLError are among them
                        failure = exc
        except TimeoutError as exc:
            raise Unreachable(f"{host}: no connection within {self._connect_seconds:g} s") from exc
        raise Unreachable(f"{host}:{port} over {scheme}: {failure}") from failure

    async def _judged_addresses(self, host: str, port: int, *, trusted: bool) -> Sequence[str]:
        if literal_ip(host) is not None:
            addresses: Sequence[str] = [host]
        else:
            try:
                addresses = await self._resolve(host, port)
            except (OSError, UnicodeError) as exc:
                raise Unreachable(f"{host} does not resolve") from exc
        if not addresses:
            raise Unreachable(f"{host} has no address")
        # Every answer, not the first good one: a name with one private address is an attack or a mistake.
        if not (trusted or self._allow_private) and not all(is_public(address) for address in addresses):
            raise Refused(f"{host} has an address outside the public Internet")
        return addresses[:MAX_ADDRESSES]

    async def _getaddrinfo(self, host: str, port: int) -> Sequence[str]:
        if host == "localhost" or host.endswith(".localhost"):
            # RFC 6761, which not every C library follows. Whether loopback may be reached is judged like any address.
            return ["127.0.0.1"]
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        )
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    async def _open(self, key: Key, address: str) -> _Connection:
        scheme, host, port = key
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: _Connection(self._pool.forget),
            address,
            port,
            ssl=self._tls_context() if scheme == "https" else None,
            server_hostname=host if scheme == "https" else None,
        )
        connection.key = key
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            # certifi's roots, for slim images have none, unless SSL_CERT_FILE or SSL_CERT_DIR say otherwise.
            self._tls = httpx.create_ssl_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


def _encode(call: Call) -> bytes:
    lines = [f"{call.method} {call.url.target} HTTP/1.1", f"Host: {call.url.authority}"]
    for name, value in call.headers:
        line = f"{name}: {value}"
        if not name.isascii() or _UNSENDABLE.search(line):
            raise Refused("a request header is malformed")
        lines.append(line)
    if call.body or call.method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {len(call.body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + call.body
