"""In front of everything: networks that staff has shut out get nothing but a 403, whatever they ask for.

The list is kept in memory, as integers by length of prefix: a request costs a few look-ups however long it is.
"""

import asyncio
import ipaddress
import logging
import time
from collections import defaultdict
from datetime import UTC, datetime

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from fedi.context import App
from storage import ip_blocks
from storage.db import query_log
from storage.errors import DriverError, DriverMisuse

log = logging.getLogger("fedi.guard")

# For what other processes change while this one hears nothing, such as the command line.
KEPT_SECONDS = 15.0
READ_SECONDS = 2.0
TOPIC = "ip_blocks"  # of the bus: the list has changed


class Guard:
    """The ASGI app around the others. Before the list was ever read, everybody may pass: whoever is shut out is a
    nuisance, and a server that answers nobody is worse."""

    def __init__(self, inner: ASGIApp, app: App) -> None:
        self._inner = inner
        self._app = app
        # (version, length of the prefix) → network addresses → until when
        self._shut: dict[tuple[int, int], dict[int, datetime | None]] = {}
        self._read_at: float | None = None  # None: staff has just changed something
        self._reading: asyncio.Task[None] | None = None
        app.bus.subscribe(TOPIC, lambda _: self._forget())

    def _forget(self) -> None:
        self._read_at = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._inner(scope, receive, send)
            return
        if self._read_at is None:
            await self.read()
        elif time.monotonic() - self._read_at > KEPT_SECONDS:
            self._reading = asyncio.create_task(self.read())  # Nobody waits for it.
        if self._shut and scope.get("client") and self._is_shut(scope["client"][0]):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await JSONResponse({"error": "Your network has no access"}, 403)(scope, receive, send)
            return
        await self._inner(scope, receive, send)

    async def read(self) -> None:
        """Ask the database, but not for long: a busy one is no reason to keep a request waiting."""
        self._read_at = time.monotonic()  # First, so that others do not read it as well meanwhile.
        asked = query_log.set(None)  # No request asks this.
        try:
            async with asyncio.timeout(READ_SECONDS), self._app.db.read() as conn:
                closed = await ip_blocks.closed(conn)
        except (DriverError, *DriverMisuse, OSError, TimeoutError) as exc:
            log.warning("the list of networks could not be read: %s", exc)
            return
        finally:
            query_log.reset(asked)
        shut = defaultdict[tuple[int, int], dict[int, datetime | None]](dict)
        for text, until in closed:
            network = ipaddress.ip_network(text)
            shut[network.version, network.prefixlen][int(network.network_address)] = until
        self._shut = dict(shut)

    def _is_shut(self, host: str) -> bool:
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        number, bits = int(address), address.max_prefixlen
        for (version, length), networks in self._shut.items():
            network = number >> (bits - length) << (bits - length) if version == address.version else None
            if network is not None and network in networks:
                until = networks[network]
                if until is None or until > datetime.now(UTC):
                    return True
        return False
