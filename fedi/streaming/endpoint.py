"""The WebSocket of /api/v1/streaming."""

from starlette.types import Receive, Scope, Send

from fedi.context import App
from fedi.streaming.hub import Hub


class Streaming:
    def __init__(self, app: App, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close", "code": 1013})
