"""The one way out: every request this server sends passes here, with its rules, limits and deadline.

    HTTPError > Refused (> BadUrl), Unreachable, TooLarge, BadResponse      see errors.py

Refuses to run inside a database transaction.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urljoin

import httpx
import msgspec

from federation.http.addresses import Url, is_public, literal_ip, parse_url
from federation.http.errors import (
    BadResponse,
    BadUrl,
    HTTPError,
    InsideTransaction,
    Refused,
    TooLarge,
    Unreachable,
)
from federation.http.transport import Answer, Call, SocketTransport
from storage.db import transaction_open

__all__ = [
    "BadResponse",
    "BadUrl",
    "HTTPClient",
    "HTTPError",
    "InsideTransaction",
    "Judge",
    "Refused",
    "Response",
    "Sign",
    "TooLarge",
    "Unreachable",
]

MAX_BODY_BYTES = 1024 * 1024
MAX_DELIVERY_ANSWER_BYTES = 16 * 1024
TOTAL_SECONDS = 30.0
MAX_REDIRECTS = 3
REDIRECTS = frozenset((301, 302, 303, 307, 308))

# Whoever answers so may take another signature.
REFUSALS = (400, 401)


class Response(msgspec.Struct, frozen=True):
    """An answer. Header names are lower-case, repeated ones joined with a comma; `url` is where it came from."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: Url

    @property
    def media_type(self) -> str:
        """The content type without parameters, lower-case; "" when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Sign(Protocol):
    """Makes the headers of a GET, for every hop anew: host, path and date are signed."""

    def attempts(self, url: str) -> Iterator[Mapping[str, str]]:
        """Headers to try one after the other while the answer is a refusal."""

    def ended(self, url: str, headers: Mapping[str, str], response: Response) -> None:
        """The last attempt, and its answer."""


# Raises for an address to which nothing is to be sent.
Judge = Callable[[Url], Awaitable[None]]


class HTTPClient:
    """Built once, by the composition root. `per_host` bounds the requests that run at once against one host.

    `allow_private` is for development: it opens loopback, private networks and every port. `https_only` is off in
    development only.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        user_agent: str,
        https_only: bool = True,
        allow_private: bool = False,
        per_host: int | None = None,
    ) -> None:
        transport = transport or SocketTransport(allow_private=allow_private)
        self._httpx = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)
        self._direct = transport.exchange if isinstance(transport, SocketTransport) else self._through_httpx
        self._user_agent = user_agent
        self._https_only = https_only
        self._allow_private = allow_private
        self._slots = _HostSlots(per_host)

    async def request(
        self,
        method: str,
        url: str | Url,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        max_bytes: int = MAX_BODY_BYTES,
        timeout: float = TOTAL_SECONDS,
        lenient: bool = False,
        trusted: bool = False,
    ) -> Response:
        """One request, no redirects. `timeout` is for the whole of it, however slowly the bytes drip.

        A body over `max_bytes` raises TooLarge if the status promises a document, and is cut otherwise; with `lenient`
        it is always cut. `trusted`: the operator, and nobody else, has chosen the address, which may be a private one.
        """
        call = self._call(method, url, headers, body, max_bytes=max_bytes, lenient=lenient, trusted=trusted)
        return await self._send(self._through_httpx, call, timeout)

    async def post(
        self, url: str | Url, *, headers: Mapping[str, str], body: bytes, timeout: float = TOTAL_SECONDS
    ) -> Response:
        """A delivery: only the status matters, so the body of the answer is cut and never a reason to fail.

        Skips httpx's objects, which would cost more than the request itself.
        """
        call = self._call("POST", url, headers, body, max_bytes=MAX_DELIVERY_ANSWER_BYTES, lenient=True)
        return await self._send(self._direct, call, timeout)

    async def get_following(
        self,
        url: str | Url,
        *,
        headers: Mapping[str, str] | None = None,
        sign: Sign | None = None,
        judge: Judge | None = None,
        max_bytes: int = MAX_BODY_BYTES,
        timeout: float = TOTAL_SECONDS,
        lenient: bool = False,
    ) -> Response:
        """GET through at most three redirects, each judged like a first request; `Response.url` is the last hop.

        Never from https to http. `judge` is asked about each address but the first before anything is sent there, and
        raises to refuse it. `timeout` covers all hops. `lenient` as for `request`.
        """
        try:
            async with asyncio.timeout(timeout):
                here = _parsed(url)
                for _ in range(MAX_REDIRECTS + 1):
                    response = await self._signed_get(here, headers or {}, sign, max_bytes=max_bytes, lenient=lenient)
                    location = response.headers.get("location")
                    if response.status not in REDIRECTS or not location:
                        return response
                    here = _next_hop(here, location)
                    if judge is not None:
                        await judge(here)
        except TimeoutError as exc:
            raise Unreachable(f"no answer within {timeout:g} s") from exc
        raise Refused(f"more than {MAX_REDIRECTS} redirects")

    async def aclose(self) -> None:
        await self._httpx.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _signed_get(
        self, url: Url, headers: Mapping[str, str], sign: Sign | None, *, max_bytes: int, lenient: bool
    ) -> Response:
        if sign is None:
            return await self.request("GET", url, headers=headers, max_bytes=max_bytes, lenient=lenient)
        signed: Mapping[str, str] = {}
        for signed in sign.attempts(url.full):
            response = await self.request("GET", url, headers={**headers, **signed}, max_bytes=max_bytes)
            if response.status not in REFUSALS:
                break
        sign.ended(url.full, signed, response)
        return response

    def _call(
        self,
        method: str,
        url: str | Url,
        headers: Mapping[str, str] | None,
        body: bytes,
        *,
        max_bytes: int,
        lenient: bool = False,
        trusted: bool = False,
    ) -> Call:
        if transaction_open.get():
            raise InsideTransaction("an HTTP request inside a database transaction")
        url = _parsed(url)
        if not trusted:
            self._judge(url)
        # Host is written by the transport from the URL, so that it cannot differ from where the bytes go.
        fields = [(name, value) for name, value in (headers or {}).items() if name.lower() != "host"]
        fields += [("User-Agent", self._user_agent), ("Accept-Encoding", "gzip")]
        return Call(method, url, fields, body, max_bytes, lenient, trusted)

    def _judge(self, url: Url) -> None:
        if self._https_only and url.scheme != "https":
            raise Refused("plain http is not allowed")
        if self._allow_private:
            return
        # Well-known services (mail, SSH, …) listen below 1024; other servers of ours choose freely above.
        if url.port < 1024 and url.port not in (80, 443):
            raise Refused(f"port {url.port} is not allowed")
        ip = literal_ip(url.host)
        if ip is not None and not is_public(ip):
            raise Refused(f"{url.host} is outside the public Internet")

    async def _send(self, exchange: Callable[[Call], Awaitable[Answer]], call: Call, timeout: float) -> Response:
        try:
            async with asyncio.timeout(timeout), self._slots.hold(call.url.host):
                answer = await exchange(call)
        except TimeoutError as exc:
            raise Unreachable(f"{call.url.host}: no answer within {timeout:g} s") from exc
        # A transport that is not ours does not know about limits, hence the second look.
        too_large = answer.truncated or len(answer.body) > call.max_bytes
        if too_large and answer.status < 300 and not call.lenient:
            raise TooLarge(f"{call.url.host}: the answer is larger than {call.max_bytes} bytes")
        headers: dict[str, str] = {}
        for raw_name, raw_value in answer.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return Response(answer.status, headers, answer.body[: call.max_bytes], call.url)

    async def _through_httpx(self, call: Call) -> Answer:
        """Works with any httpx transport; ours receives the parsed URL and the limits as extensions."""
        extensions = {
            "fedi.url": call.url,
            "max_bytes": call.max_bytes,
            "lenient": call.lenient,
            "trusted": call.trusted,
        }
        # Without a Host header httpx decodes the name to build one, and fails on names that IDNA 2008 does not know.
        headers = [("Host", call.url.authority), *call.headers]
        try:
            request = httpx.Request(
                call.method, call.url.full, headers=headers, content=call.body, extensions=extensions
            )
            response = await self._httpx.send(request)
        except httpx.DecodingError as exc:
            raise BadResponse(str(exc)) from exc
        except (httpx.TransportError, OSError) as exc:
            raise Unreachable(f"{call.url.host}: {exc}") from exc
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise BadUrl(str(exc)) from exc
        received = [(name.lower(), value) for name, value in response.headers.raw]
        return Answer(response.status_code, received, response.content, response.extensions.get("truncated", False))


class _HostSlots:
    """At most `limit` holders per host; a host costs memory only while somebody holds or waits."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def hold(self, host: str) -> AsyncIterator[None]:
        if self._limit is None:
            yield
            return
        slot = self._slots.setdefault(host, asyncio.Semaphore(self._limit))
        self._users[host] = self._users.get(host, 0) + 1
        try:
            async with slot:
                yield
        finally:
            self._users[host] -= 1
            if not self._users[host]:
                del self._users[host], self._slots[host]


def _parsed(url: str | Url) -> Url:
    return url if isinstance(url, Url) else parse_url(url)


def _next_hop(here: Url, location: str) -> Url:
    try:
        # Header bytes were read as latin-1; addresses beyond ASCII are UTF-8 in practice.
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeError as exc:
        raise BadUrl("redirect to an unreadable address") from exc
    try:
        there = parse_url(urljoin(here.full, location))
    except ValueError as exc:
        raise BadUrl("redirect to a malformed address") from exc
    if here.scheme == "https" and there.scheme != "https":
        raise Refused("redirect from https to http")
    return there
