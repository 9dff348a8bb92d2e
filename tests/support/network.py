"""The network between servers under test: an httpx transport that hands each request to the ASGI app of its host."""

import itertools

import httpx
from starlette.types import ASGIApp


class Network(httpx.AsyncBaseTransport):
    """Hosts by name. `down` hosts refuse connections; `seen` records every request as (method, url). `people` numbers
    those who live on the servers."""

    def __init__(self) -> None:
        self.apps: dict[str, ASGIApp] = {}
        self.down: set[str] = set()
        self.seen: list[tuple[str, str]] = []
        self.people = itertools.count()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.headers["host"]
        self.seen.append((request.method, str(request.url)))
        app = self.apps.get(host)
        if app is None or host in self.down:
            raise httpx.ConnectError(f"{host} does not answer", request=request)
        inner = httpx.ASGITransport(app, raise_app_exceptions=True, client=("127.0.0.1", 40000))
        return await inner.handle_async_request(request)
