"""The network between servers under test: an httpx transport that hands each request to the ASGI app of its host."""

import itertools
import json
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp

from tests.support import outbound_lint


class Network(httpx.AsyncBaseTransport):
    """Hosts by name. `down` hosts refuse connections; `seen` records every request as (method, url). `people` numbers
    those who live on the servers. `faults`: what is wrong with what servers of ours, the hosts in `ours`, have sent."""

    def __init__(self) -> None:
        self.apps: dict[str, ASGIApp] = {}
        self.down: set[str] = set()
        self.seen: list[tuple[str, str]] = []
        self.people = itertools.count()
        self.ours: set[str] = set()
        self.faults: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.headers["host"]
        self.seen.append((request.method, str(request.url)))
        if not self._passes_on(request):
            self._judge(request, outbound_lint.request(request, request.content))
        app = self.apps.get(host)
        if app is None or host in self.down:
            raise httpx.ConnectError(f"{host} does not answer", request=request)
        inner = httpx.ASGITransport(app, raise_app_exceptions=True, client=("127.0.0.1", 40000))
        answer = await inner.handle_async_request(request)
        if host in self.ours:
            self._judge(request, outbound_lint.served(answer, await answer.aread()))
        return answer

    def _passes_on(self, request: httpx.Request) -> bool:
        """Whether it carries what somebody else made, which goes on as it came."""
        if request.method != "POST" or "activity+json" not in request.headers.get("content-type", ""):
            return False
        actor = json.loads(request.content).get("actor")
        return isinstance(actor, str) and urlsplit(actor).netloc not in self.ours

    def _judge(self, request: httpx.Request, found: Iterable[str]) -> None:
        self.faults += [f"{request.method} {request.url}: {fault}" for fault in found]
