"""Runs a server in this process: sockets, signals, uvicorn, the worker, the metrics port; and stops them in order."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence

import msgspec
import uvicorn
from starlette.types import ASGIApp

from fedi import app as composition
from fedi import config, database
from fedi.app import Server
from fedi.config import ConfigError, Settings
from fedi.context import App
from fedi.patience import Protocol, Socket
from storage.embedded import EmbeddedError
from storage.embedded import Server as Postgres

log = logging.getLogger("fedi")

# Together less than the 20 s after which supervisors kill: requests and jobs under way are finished at the same time.
REQUEST_SECONDS = 8
JOB_SECONDS = 12
# Longer than proxies keep their side open, so that it is never we who close while they send.
KEEP_ALIVE_SECONDS = 75
PING_SECONDS = 30.0
MAX_WEBSOCKET_BYTES = 64 * 1024
BACKLOG = 2048


class Parts(msgspec.Struct, frozen=True):
    """What one process does."""

    web: bool
    worker: bool


class Interrupted(Exception):
    """Asked to stop before everything was up."""


Ready = Callable[[App], Awaitable[None]]


async def run(settings: Settings, parts: Parts, *, progress: database.Progress, ready: Ready) -> None:
    """Until SIGTERM or SIGINT; a second one does not wait for what is under way. `ready` is called once it serves.

    Raises ConfigError, EmbeddedError and storage's errors when it cannot start, Interrupted when stopped before.
    """
    with _Stop() as stop, contextlib.ExitStack() as closing:
        # Taken first: a port in use is the commonest mistake, and it should cost no start of Postgres to find out.
        sockets = _public_sockets(settings) if parts.web else []
        for one in sockets:
            closing.callback(one.close)
        try:
            async with (
                database.ready(settings, progress) as available,
                composition.running(settings, available.url) as server,
            ):
                await _serve(server, parts, sockets, available.server, stop, ready)
        except asyncio.CancelledError:
            if not stop.asked.is_set():
                raise
            if not stop.serving:
                raise Interrupted from None
        except ExceptionGroup as group:
            raise group.exceptions[0] from None  # the first to fail; it ended the others


async def _serve(
    server: Server,
    parts: Parts,
    sockets: Sequence[socket.socket],
    postgres: Postgres | None,
    stop: "_Stop",
    ready: Ready,
) -> None:
    listeners = []
    if parts.web:
        listeners.append(_Listener(server.asgi, sockets))
    metrics = _metrics_socket(server.app.settings)
    if metrics is not None:
        listeners.append(_Listener(composition.metrics_app(server.app), [metrics]))
    async with asyncio.TaskGroup() as group:
        serving = [group.create_task(listener.run()) for listener in listeners]
        working = group.create_task(server.worker.run()) if parts.worker else None
        watching = group.create_task(_watch(postgres)) if postgres is not None else None
        for listener in listeners:
            await listener.up.wait()
        # What lives as long as the process need not be looked at by every collection.
        gc.collect()
        gc.freeze()
        await ready(server.app)
        await stop.wait()
        log.info("stopping")
        server.app.memory[composition.STOPPING] = True
        server.worker.stop()
        await server.hub.close()
        for listener in listeners:
            listener.should_exit = True
        await _finished(working)
        await asyncio.gather(*serving)
        if watching is not None:
            watching.cancel()


async def _finished(working: "asyncio.Task[None] | None") -> None:
    """The worker has finished what was under way, or runs out of time: leases end, and it is done again later."""
    if working is None:
        return
    _, pending = await asyncio.wait({working}, timeout=JOB_SECONDS)
    if pending:
        log.warning("work under way was cut off; it will be done again")
        working.cancel()


async def _watch(postgres: Postgres) -> None:
    await postgres.exited()
    raise EmbeddedError(f"the embedded Postgres has ended; its last words are in {postgres.log}")


class _Stop:
    """The first signal sets `asked`, or ends a start that is not finished. The second ends everything at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.serving = False
        self._task = asyncio.current_task()

    async def wait(self) -> None:
        self.serving = True
        await self.asked.wait()

    def __enter__(self) -> "_Stop":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._signalled)
        return self

    def __exit__(self, *raised: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)

    def _signalled(self) -> None:
        again = self.asked.is_set()
        self.asked.set()
        if (again or not self.serving) and self._task is not None:
            self._task.cancel()


class _Listener(uvicorn.Server):
    """uvicorn on sockets that are open already, with signals left to us. `up` is set when it accepts."""

    def __init__(self, app: ASGIApp, sockets: Sequence[socket.socket]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws=Socket,
                ws_max_size=MAX_WEBSOCKET_BYTES,
                ws_ping_interval=PING_SECONDS,
                ws_ping_timeout=PING_SECONDS,
                # Memory for each connection, and the frames are small.
                ws_per_message_deflate=False,
                lifespan="off",
                log_config=None,
                access_log=False,
                # Whose X-Forwarded-For is believed is decided by fedi/http/middleware.py.
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=REQUEST_SECONDS,
            )
        )
        self.up = asyncio.Event()
        self._sockets = list(sockets)

    async def run(self) -> None:  # type: ignore[override]  # uvicorn's starts a loop; here one runs
        await self.serve(self._sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _public_sockets(settings: Settings) -> list[socket.socket]:
    try:
        return [_listen(settings.listen_host, settings.listen_port)]
    except OSError as exc:
        raise ConfigError(
            f"FEDI_LISTEN_PORT: cannot listen on {settings.listen_host}:{settings.listen_port}: {_reason(exc)}; "
            "stop what runs there, or choose another port"
        ) from exc


def _metrics_socket(settings: Settings) -> socket.socket | None:
    """A second server on one machine is usual in development only; elsewhere missing metrics must be noticed."""
    address = config.metrics_address(settings)
    if address is None:
        return None
    try:
        return _listen(*address)
    except OSError as exc:
        message = f"FEDI_METRICS_LISTEN: cannot listen on {settings.metrics_listen}: {_reason(exc)}"
        if not settings.development:
            raise ConfigError(message) from exc
        log.warning("%s; no metrics are served", message)
        return None


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    both = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)


def _reason(exc: OSError) -> str:
    # Not exc.strerror: what create_server raises repeats the address in it.
    return os.strerror(exc.errno).lower() if exc.errno and exc.errno > 0 else str(exc)
