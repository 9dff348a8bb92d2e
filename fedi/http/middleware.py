"""Around every request: its id, the client's true address, CORS, security headers, one log line. One plain ASGI app."""

import ipaddress
import logging
import secrets
import time
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedi import metrics
from storage.db import query_log

log = logging.getLogger("fedi.access")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# https://docs.joinmastodon.org/client/intro/ — web clients on other origins read these paths and these headers.
_CORS_PREFIXES = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/.well-known/", "/nodeinfo/", "/@",
                  "/users/", "/media/", "/emoji/")  # fmt: skip
_EXPOSED = "Link, Mastodon-Async-Refresh, X-RateLimit-Reset, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id"
_METHODS = "GET, POST, PUT, DELETE, PATCH, OPTIONS"

_BASE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "browsing-topics=()",
}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https:; media-src 'self' "
    "https:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Pages made for the frames of others say so, and only those.
FRAMED = "frame-ancestors *"
# Forms of the account's own pages lead to us. Others may end at an app, or at the visitor's own server.
_OWN_FORMS = "/auth/"


class Around:
    """The middleware. `hsts`: the public address is https. `plain_http`: what other servers show may come over http."""

    def __init__(self, app: ASGIApp, *, proxies: Sequence[Network], hsts: bool, plain_http: bool) -> None:
        self._app = app
        self._proxies = tuple(proxies)
        self._hsts = hsts
        self._csp = CSP.replace("https:", "https: http:") if plain_http else CSP

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope.get("client"):
            scope["client"] = (self._client(scope["client"][0], headers), scope["client"][1])
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        await self._http(scope, headers, receive, send)

    def _client(self, peer: str, headers: Headers) -> str:
        """The address of the client: from X-Forwarded-For only what trusted proxies wrote, read right to left."""
        address = _plain(peer)
        forwarded = [part.strip() for value in headers.getlist("x-forwarded-for") for part in value.split(",")]
        while forwarded and self._trusted(address):
            candidate = _plain(forwarded.pop())
            try:
                ipaddress.ip_address(candidate)
            except ValueError:
                break
            address = candidate
        return address

    def _trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)

    async def _http(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        queries = query_log.get()
        if queries is None:
            queries = []
            query_log.set(queries)
        status = 0
        cors, own_forms = scope["path"].startswith(_CORS_PREFIXES), scope["path"].startswith(_OWN_FORMS)

        async def send_around(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._decorate(MutableHeaders(scope=message), request_id, cors=cors, own_forms=own_forms)
            await send(message)

        if cors and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(headers, send_around)
        else:
            await self._app(scope, receive, send_around)
        seconds = time.perf_counter() - started
        route = scope.get("fedi.route", "other")
        metrics.request(scope["method"], route, status, seconds)
        viewer = scope.get("fedi.viewer")
        log.info(
            "request",
            extra={
                "request_id": request_id, "method": scope["method"], "route": route, "status": status,
                "ms": round(seconds * 1000, 1), "queries": len(queries),
                "viewer": viewer.account_id if viewer else None,
                "ip": scope["client"][0] if scope.get("client") else None,
            },
        )  # fmt: skip

    def _decorate(self, headers: MutableHeaders, request_id: str, *, cors: bool, own_forms: bool) -> None:
        for name, value in _BASE_HEADERS.items():
            headers.setdefault(name, value)
        headers["X-Request-Id"] = request_id
        if self._hsts:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if headers.get("content-type", "").startswith("text/html"):
            headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
            own_forms = own_forms and headers["Cross-Origin-Opener-Policy"] == "same-origin"
            headers.setdefault(
                "Content-Security-Policy", f"{self._csp}; form-action 'self'" if own_forms else self._csp
            )
            if FRAMED in headers["Content-Security-Policy"]:
                del headers["X-Frame-Options"]
        if cors:
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = _EXPOSED


def _plain(address: str) -> str:
    """An IPv4 address as one, also where a socket for both families has wrapped it: ::ffff:192.0.2.1."""
    try:
        mapped = ipaddress.IPv6Address(address).ipv4_mapped
    except ValueError:
        return address
    return address if mapped is None else str(mapped)


async def _preflight(headers: Headers, send: Send) -> None:
    allowed = headers.get("access-control-request-headers", "*")
    await send({
        "type": "http.response.start",
        "status": 200,
        "headers": [
            (b"access-control-allow-methods", _METHODS.encode()),
            (b"access-control-allow-headers", allowed.encode("latin-1")),
            (b"access-control-max-age", b"86400"),
            (b"content-length", b"0"),
        ],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": b""})
