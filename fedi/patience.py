"""uvicorn's protocols with an end to their patience: with slow headers, stalled bodies, readers that do not read.

uvicorn limits none of these. Behind a proxy they hardly happen; without one a few hundred idle sockets of one
attacker would occupy the server. Also refused is what a proxy in front may have understood differently.
"""

import asyncio
import re
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

_HOST = re.compile(rb"[A-Za-z0-9._~%:\[\]-]{1,260}")
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)  # fmt: skip


class Protocol(HttpToolsProtocol):
    """One connection. At most one timer runs for what is read, and one for what is written."""

    head_seconds = 15.0
    max_head_bytes = 64 * 1024
    # In each period so many bytes of a body must arrive, and some of what we wrote must be read.
    period_seconds = 20.0
    min_body_bytes = 4096

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._in_head = True
        self._received = 0

    # ------------------------------------------------------------ what arrives

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            if self._reading is None:  # the next request of a connection that was kept
                self._expect_head()
            self._received += len(data)
            if self._received > self.max_head_bytes and not self._completes_head(data):
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        else:
            self._received += len(data)
        super().data_received(data)

    def _completes_head(self, data: bytes) -> bool:
        """A large first packet may hold the head and a part of the body."""
        return b"\r\n\r\n" in data[: self.max_head_bytes]

    def on_headers_complete(self) -> None:
        if not self._is_plain():
            raise ValueError  # the parser turns it into its own error, uvicorn that into 400, and the connection ends
        super().on_headers_complete()
        self._stop_reading_timer()
        self._in_head = False
        self._received = 0
        self._reading = self.loop.call_later(self.period_seconds, self._look_at_body)

    def _is_plain(self) -> bool:
        """What the parser lets pass, though a proxy may read it otherwise: no Host or two, an unknown encoding."""
        hosts = [value for name, value in self.headers if name == b"host"]
        encodings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        old = self.parser.get_http_version() == "1.0" and not hosts
        named = len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None
        return (old or named) and encodings in ([], [b"chunked"])

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._stop_reading_timer()
        self._in_head = True
        self._received = 0

    def handle_websocket_upgrade(self) -> None:
        self._stop_reading_timer()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_reading_timer()
        self._stop_writing_timer()
        super().connection_lost(exc)

    def _expect_head(self) -> None:
        self._in_head = True
        self._received = 0
        self._reading = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _look_at_body(self) -> None:
        # Paused: we are the slow ones.
        if self._received < self.min_body_bytes and not self.flow.read_paused:
            self.transport.abort()
            return
        self._received = 0
        self._reading = self.loop.call_later(self.period_seconds, self._look_at_body)

    def _stop_reading_timer(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    # ------------------------------------------------------------ what is taken

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self.period_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_writing_timer()

    def _stop_writing_timer(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket. Its pings find out who has gone; here end those who stay and do not read."""

    period_seconds = 20.0
    _writing: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._writing = self.loop.call_later(self.period_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _stop_timer(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
