"""The composition root: from settings to a running server. Only here are long-lived objects made and joined."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import httpx
import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

import federation.routes
from federation import delivery
from federation.context import Fed, Site
from federation.http.client import HTTPClient
from fedi import __version__, api, config, metrics, secret, web
from fedi.auth import tokens, vapid
from fedi.config import Settings
from fedi.context import App
from fedi.effects import EFFECTS
from fedi.http.endpoint import OPEN, PUBLIC, Call, Endpoint, NoParams, get
from fedi.http.guard import Guard
from fedi.http.limits import Limits
from fedi.http.middleware import Around
from fedi.http.router import Node, Router, tree
from fedi.jobs import JOBS, SCHEDULE
from fedi.services import accounts, exchangers, sealing
from fedi.services.exchangers import Exchangers
from fedi.streaming import endpoint as streaming_endpoint
from fedi.streaming.hub import Hub
from fedi.web import problems, templates
from fedi.worker import Worker
from storage import deliveries, restored
from storage.blobs import Blobs
from storage.bus import Bus
from storage.db import Database
from storage.errors import Away

# Beside deliveries: strangers can make us ask for a document, and must not turn us on one host all at once.
FETCHES_PER_HOST = 8
HEALTH_SECONDS = 3.0
STOPPING = "stopping"  # in app.memory, once the process takes nothing new

log = logging.getLogger("fedi")


class Server(msgspec.Struct, frozen=True):
    """Everything that lives as long as the process."""

    app: App
    asgi: ASGIApp
    worker: Worker
    hub: Hub


@contextlib.asynccontextmanager
async def running(
    settings: Settings,
    dsn: str,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    shared_bus: bool = True,
    pairs: accounts.Pairs | None = None,
    pool: Database | None = None,
) -> AsyncIterator[Server]:
    """A server with its pool, bus and HTTP client open. Serving and working are the caller's (`asgi`, `worker`).
    `pairs` are for a new server to sign with; by default it makes its own. A `pool` given stays the caller's."""
    db = pool if pool is not None else await Database(dsn, size=settings.database_pool_size).open()
    bus = Bus(db, shared=shared_bus)
    http = HTTPClient(
        transport,
        user_agent=settings.user_agent,
        https_only=not settings.allow_private_peers,
        allow_private=settings.allow_private_peers,
        per_host=settings.delivery_per_host + FETCHES_PER_HOST,
    )
    try:
        await _look_where_we_are(db)
        app = _app(settings, db, bus, http)
        db.on_wake = lambda queues: _wake(bus, queues)
        await sealing.ready(app)
        await accounts.ensure_instance_actor(app, pairs)
        await vapid.open_keys(app)
        hub = Hub(app)
        limits = Limits(enabled=settings.rate_limiting, changed=config.rate_limits(settings))
        server = Server(app, _asgi(app, hub, limits), _worker(app), hub)
        await app.memory["guard"].read()
        await bus.open()
        sharing = asyncio.create_task(limits.share_forever(db))
        yield server
        await hub.close()
        sharing.cancel()
        await asyncio.gather(sharing, return_exceptions=True)
    finally:
        await bus.close()
        await http.aclose()
        if pool is None:
            await db.close()


async def _look_where_we_are(db: Database) -> None:
    """A backup that was put back sends nothing by itself."""
    async with db.transaction() as conn:
        await restored.arrive(conn)
        held = await restored.held(conn)
    if held is not None:
        log.warning("this database was restored or copied: nothing is sent before fedi resume-delivery")


def _wake(bus: Bus, queues: set[str]) -> None:
    for queue in queues:
        bus.publish("wake", queue)


def _app(settings: Settings, db: Database, bus: Bus, http: HTTPClient) -> App:
    site = Site(
        base_url=settings.base_url,
        host=settings.web_domain,
        domain=settings.account_domain,
        version=__version__,
        title=settings.title,
        description=settings.description,
        source_url=settings.source_url,
        allow_private=settings.allow_private_peers,
        mode=settings.federation_mode,
        authorized_fetch=settings.authorized_fetch,
        linked_data_signatures=settings.linked_data_signatures,
        lenient_host=settings.lenient_host_signatures,
        send_blocks=settings.send_blocks,
        registrations_open=settings.registrations == "open",
        max_per_host=settings.delivery_per_host,
        max_waiting_per_host=settings.inbox_per_host,
        max_waiting=settings.inbox_per_host * SITES_WORTH_OF_INBOX,
        vault=secret.vault(settings),
    )
    memory: dict[str, Any] = {exchangers.MEMORY: Exchangers()}
    fed = Fed(db=db, http=http, site=site, memory=memory)
    return App(
        settings=settings,
        db=db,
        bus=bus,
        blobs=Blobs(Path(settings.media_dir)),
        fed=fed,
        templates=templates.environment(settings),
        memory=memory,
    )


# So many sites may have all that one may have waiting; see the setting `inbox_per_host`.
SITES_WORTH_OF_INBOX = 25


def _worker(app: App) -> Worker:
    async def deliver(app: App, stop: asyncio.Event) -> None:
        wake = asyncio.Event()
        app.bus.subscribe("wake", lambda queue: wake.set() if queue == deliveries.QUEUE else None)
        await delivery.run(app.fed, stop, wake, concurrency=app.settings.delivery_concurrency)

    return Worker(app, effects=EFFECTS, functions=JOBS, schedule=SCHEDULE, loops=[deliver])


def _asgi(app: App, hub: Hub, limits: Limits) -> ASGIApp:
    app.memory["limits"] = limits
    router = Router(app, _tree(), tokens.authenticate, limits=limits, explain=problems.page)
    app.memory[streaming_endpoint.HUB] = hub
    streaming = streaming_endpoint.Streaming(app, hub)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await streaming(scope, receive, send)
        else:
            await router(scope, receive, send)

    guard = app.memory["guard"] = Guard(dispatch, app)
    return Around(
        guard,
        proxies=config.trusted_networks(app.settings),
        hsts=app.settings.https,
        plain_http=app.settings.allow_private_peers,
    )


@functools.cache
def _tree() -> Node:
    return tree(_routes())


def _routes() -> Iterable[Endpoint]:
    """Client API, pages, federation. A path that is both a page and an object is answered by what Accept asks for."""
    pages = {(endpoint.method, endpoint.path): endpoint for endpoint in web.ROUTES}
    for route in federation.routes.ROUTES:
        page = pages.pop((route.method, route.path), None)
        handler = _federated(route.handler) if page is None else _negotiated(route.handler, page)
        params = page.params if page else NoParams
        yield Endpoint(route.method, route.path, handler, OPEN, params, "none", page is None)
    yield from pages.values()
    yield from api.ROUTES
    yield from streaming_endpoint.ROUTES
    yield get("/health", _health, access=PUBLIC, limit="none")


def _federated(handler: federation.routes.Handler) -> Callable[[Call[Any]], Awaitable[Response]]:
    async def answer(call: Call[Any]) -> Response:
        return await handler(call.app.fed, call.request, call.path)

    return answer


def _negotiated(handler: federation.routes.Handler, page: Endpoint) -> Callable[[Call[Any]], Awaitable[Any]]:
    async def answer(call: Call[Any]) -> Any:
        if federation.routes.wants_activity(call.request):
            return await handler(call.app.fed, call.request, call.path)
        response = await page.handler(call)
        response.headers.add_vary_header("Accept")
        return response

    return answer


async def _health(call: Call[Any]) -> Response:
    """200 while the process can do its work, 503 when it is about to end or the database is away."""
    if STOPPING in call.app.memory:
        return PlainTextResponse("stopping", 503, {"Cache-Control": "no-store"})
    try:
        async with asyncio.timeout(HEALTH_SECONDS), call.read() as conn:
            await conn.fetchval("select 1", timeout=HEALTH_SECONDS)
    except Away:
        return PlainTextResponse("database unavailable", 503, {"Cache-Control": "no-store"})
    return PlainTextResponse("OK", headers={"Cache-Control": "no-store"})


def metrics_app(app: App) -> ASGIApp:
    """The ASGI app of the metrics port."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if Request(scope).url.path == "/metrics":
            response = Response(await metrics.collect(app.db), media_type="text/plain; version=0.0.4; charset=utf-8")
        else:
            response = PlainTextResponse("Not found", 404)
        await response(scope, receive, send)

    return answer
