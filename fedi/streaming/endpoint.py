"""/api/v1/streaming: one WebSocket with many streams, or one stream as server-sent events.

https://docs.joinmastodon.org/methods/streaming/ — a token is needed for every stream, and comes in the Authorization
header, as `access_token`, or as the WebSocket subprotocol, which is then echoed because browsers insist.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.datastructures import Headers, QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from federation.http.callers import client_ip
from fedi import access, errors
from fedi.auth import tokens
from fedi.context import App
from fedi.http.endpoint import PUBLIC, Call, Endpoint, Viewer, get, public
from fedi.http.limits import MINUTE, Limit, Limits
from fedi.http.router import PATIENCE_SECONDS
from fedi.streaming.channels import Refused, Stream, stream
from fedi.streaming.hub import Frame, Hub, Listener
from storage import outages
from storage.db import patience
from storage.errors import Away

log = logging.getLogger("fedi.streaming")

PATH = "/api/v1/streaming"
HEARTBEAT_SECONDS = 15.0
MAX_STREAMS = 50
MAX_MESSAGE_CHARS = 2000
GOING_AWAY, UNSUPPORTED, POLICY = 1001, 1003, 1008
# Subscribing and leaving: somebody who clicks around does not come near it.
COMMANDS = Limit("commands", 600, 5 * MINUTE, "token")
HUB = "streaming hub"  # in app.memory, for the endpoints of the router


class Streaming:
    """The ASGI app of the WebSocket."""

    def __init__(self, app: App, hub: Hub) -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        if scope["path"].rstrip("/") != PATH:
            await socket.send_denial_response(PlainTextResponse("Not found", 404))
            return
        protocol = next(iter(scope.get("subprotocols", [])), None)
        limits: Limits = self._app.memory["limits"]
        waiting = patience.set(PATIENCE_SECONDS)
        try:
            limits.hit("api", ip=client_ip(socket))
            viewer = await _viewer(self._app, socket.headers, socket.query_params, protocol)
            listener = _listener(viewer, socket)
            self._hub.admit(listener)
        except errors.Problem as problem:
            await socket.send_denial_response(_denial(problem))
            return
        except Away as exc:
            log.error("no stream is opened: %s", outages.words(exc), exc_info=outages.trace(exc))
            await socket.send_denial_response(_denial(errors.Unavailable("Try again in a moment")))
            return
        finally:
            patience.reset(waiting)
        self._hub.join(listener)
        try:
            await socket.accept(subprotocol=protocol)
            await _Session(self._app, self._hub, socket, listener).run()
        finally:
            self._hub.leave(listener)


async def _viewer(app: App, headers: Headers, query: QueryParams, protocol: str | None) -> Viewer:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    token = value.strip() if scheme.lower() == "bearer" else query.get("access_token") or protocol
    viewer = await tokens.authenticate(app, token) if token else None
    if viewer is None or viewer.account_id is None:
        raise errors.Unauthorized("Missing or invalid access token")
    return viewer


def _denial(problem: errors.Problem) -> Response:
    return Response(orjson.dumps({"error": problem.message}), problem.status, media_type="application/json")


def _listener(viewer: Viewer, connection: HTTPConnection) -> Listener:
    return Listener(
        account_id=viewer.account_id or 0,
        token_id=viewer.token_id,
        scopes=viewer.scopes,
        address=client_ip(connection),
    )


async def _open(app: App, listener: Listener, name: str, tag: str | None, list_id: str | None) -> Stream:
    """The stream that is asked for; `Refused` for a list of somebody else's."""
    wanted = stream(name, account_id=listener.account_id, scopes=listener.scopes, tag=tag, list_id=list_id)
    if wanted.list_id is not None:
        async with app.db.read() as conn:
            try:
                await access.own_list(conn, listener.account_id, wanted.list_id)
            except errors.NotFound as exc:
                raise Refused("Not authorized to stream this list", 404) from exc
    return wanted


class _Session:
    """One open WebSocket. Its task reads; another one writes, but only while there is something to be written."""

    def __init__(self, app: App, hub: Hub, socket: WebSocket, listener: Listener) -> None:
        self._app = app
        self._hub = hub
        self._socket = socket
        self._listener = listener
        self._writer: asyncio.Task[None] | None = None

    async def run(self) -> None:
        self._listener.wake = self._wake
        try:
            if self._listener.dropped:  # between the door and here
                self._wake()
            query = self._socket.query_params
            if query.get("stream"):
                await self._command({"type": "subscribe", **query})
            await self._read()
        finally:
            if self._writer is not None:
                self._writer.cancel()
                await asyncio.gather(self._writer, return_exceptions=True)
            await self._close(GOING_AWAY)

    async def _close(self, code: int) -> None:
        if self._socket.application_state == WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code)

    async def _read(self) -> None:
        """Until the connection has ended, whoever ended it."""
        limits: Limits = self._app.memory["limits"]
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                await self._close(UNSUPPORTED)
                return
            try:
                limits.hit_key(COMMANDS, f"t{self._listener.token_id}")
                command = orjson.loads(text[:MAX_MESSAGE_CHARS])
            except errors.TooMany:
                await self._close(POLICY)
                return
            except orjson.JSONDecodeError:
                await self._complain("The message is not JSON", 400)
                continue
            if isinstance(command, dict):
                await self._command(command)

    async def _command(self, command: dict[str, Any]) -> None:  # Any: what the client wrote
        name, tag, list_id = (command.get(key) for key in ("stream", "tag", "list"))
        try:
            if not isinstance(name, str):
                raise Refused("Unknown stream type")
            wanted = await _open(
                self._app, self._listener, name, str(tag) if tag else None, str(list_id) if list_id else None
            )
            if command.get("type") == "unsubscribe":
                self._hub.unsubscribe(self._listener, wanted)
            elif command.get("type") == "subscribe":
                if len(self._listener.streams) >= MAX_STREAMS:
                    raise Refused("Too many streams")
                self._hub.subscribe(self._listener, wanted)
        except Refused as refused:
            await self._complain(str(refused), refused.status)

    async def _complain(self, message: str, status: int) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.send_text(orjson.dumps({"error": message, "status": status}).decode())

    def _wake(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Everything that waits, and for somebody who was dropped the end. Who does not read holds it up."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            while frames := self._listener.take():
                for frame in frames:
                    await self._socket.send_text(_frame(frame))
                    if self._listener.dropped:
                        break
            if self._listener.dropped:
                await self._close(GOING_AWAY)  # which the reader hears of


def _frame(frame: Frame) -> str:
    body: dict[str, Any] = {"stream": frame.stream, "event": frame.event}  # Any: strings and lists of them
    if frame.payload is not None:
        body["payload"] = frame.payload
    return orjson.dumps(body).decode()


# ---------------------------------------------------------------- server-sent events


def _events(name: str) -> Any:
    async def answer(call: Call[Any]) -> Response:
        query = call.request.query_params
        if name == "":
            asked = query.get("stream")
            if not asked:
                raise errors.NotFound
        viewer = await _viewer(call.app, call.request.headers, query, None)
        listener = _listener(viewer, call.request)
        hub: Hub = call.app.memory[HUB]
        hub.admit(listener)
        try:
            wanted = await _open(
                call.app, listener, name or query.get("stream", ""), query.get("tag"), query.get("list")
            )
        except Refused as refused:
            problem = errors.NotFound if refused.status == 404 else errors.BadRequest
            raise problem(str(refused)) from refused
        headers = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
        if call.request.method == "HEAD":  # whose answer has an end
            return Response(media_type="text/event-stream", headers=headers)
        return StreamingResponse(_lines(hub, listener, wanted), media_type="text/event-stream", headers=headers)

    return answer


async def _lines(hub: Hub, listener: Listener, wanted: Stream) -> AsyncIterator[str]:
    """Joins when it is read for the first time: of somebody who left before, nothing may stay behind."""
    news = asyncio.Event()
    listener.wake = news.set
    hub.join(listener)
    try:
        hub.subscribe(listener, wanted)
        yield ":)\n"
        while not listener.dropped:
            try:
                await asyncio.wait_for(news.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ":thump\n"
                continue
            news.clear()
            for frame in listener.take():
                payload = frame.payload if frame.payload is not None else "undefined"
                yield f"event: {frame.event}\ndata: {payload}\n\n"
    finally:
        hub.leave(listener)


async def _health(call: Call[Any]) -> Response:
    return PlainTextResponse("OK")


_NAMES = (
    "user", "user/notification", "public", "public/local", "public/remote", "hashtag", "hashtag/local", "list",
    "direct",
)  # fmt: skip

ROUTES: list[Endpoint] = [
    get(f"{PATH}/health", _health, access=PUBLIC, limit="none"),
    get(PATH, _events(""), access=public("read:statuses|read:notifications")),
    *(
        get(f"{PATH}/{name}", _events(name.replace("/", ":")), access=public("read:statuses|read:notifications"))
        for name in _NAMES
    ),
]
