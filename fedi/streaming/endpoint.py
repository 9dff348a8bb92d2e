"""/api/v1/streaming: one WebSocket with many streams, or one stream as server-sent events.

https://docs.joinmastodon.org/methods/streaming/ — a token is needed for every stream, and comes in the Authorization
header, as `access_token`, or as the WebSocket subprotocol, which is then echoed because browsers insist.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from fedi import access, errors
from fedi.auth import tokens
from fedi.context import App
from fedi.http.endpoint import PUBLIC, Call, Endpoint, Viewer, get, public
from fedi.http.limits import Limits, client_ip
from fedi.streaming.channels import Refused, Stream, stream
from fedi.streaming.hub import Frame, Hub, Listener

PATH = "/api/v1/streaming"
HEARTBEAT_SECONDS = 15.0
MAX_STREAMS = 50
MAX_MESSAGE_CHARS = 2000
GOING_AWAY, UNSUPPORTED = 1001, 1003
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
        try:
            limits.hit("api", ip=client_ip(socket))
            viewer = await _viewer(self._app, socket.headers, socket.query_params, protocol)
        except errors.Problem as problem:
            await socket.send_denial_response(_denial(problem))
            return
        await socket.accept(subprotocol=protocol)
        await _Session(self._app, self._hub, socket, viewer).run()


async def _viewer(app: App, headers: Headers, query: QueryParams, protocol: str | None) -> Viewer:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    token = value.strip() if scheme.lower() == "bearer" else query.get("access_token") or protocol
    viewer = await tokens.authenticate(app, token) if token else None
    if viewer is None or viewer.account_id is None:
        raise errors.Unauthorized("Missing or invalid access token")
    return viewer


def _denial(problem: errors.Problem) -> Response:
    return Response(orjson.dumps({"error": problem.message}), problem.status, media_type="application/json")


def _listener(viewer: Viewer) -> Listener:
    return Listener(account_id=viewer.account_id or 0, token_id=viewer.token_id, scopes=viewer.scopes)


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
    """One open WebSocket: reads subscriptions, writes frames, ends with whichever of the two ends first."""

    def __init__(self, app: App, hub: Hub, socket: WebSocket, viewer: Viewer) -> None:
        self._app = app
        self._hub = hub
        self._socket = socket
        self._listener = _listener(viewer)

    async def run(self) -> None:
        self._hub.join(self._listener)
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            query = self._socket.query_params
            if query.get("stream"):
                await self._command({"type": "subscribe", **query})
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._hub.leave(self._listener)
            if self._socket.application_state == WebSocketState.CONNECTED:
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await self._socket.close(GOING_AWAY)

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                await self._socket.close(UNSUPPORTED)
                return
            try:
                command = orjson.loads(text[:MAX_MESSAGE_CHARS])
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
        await self._socket.send_text(orjson.dumps({"error": message, "status": status}).decode())

    async def _write(self) -> None:
        while True:
            frame = await self._listener.queue.get()
            if frame.event is None:
                return
            await self._socket.send_text(_frame(frame))


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
        listener = _listener(viewer)
        try:
            wanted = await _open(
                call.app, listener, name or query.get("stream", ""), query.get("tag"), query.get("list")
            )
        except Refused as refused:
            problem = errors.NotFound if refused.status == 404 else errors.BadRequest
            raise problem(str(refused)) from refused
        return StreamingResponse(
            _lines(call.app.memory[HUB], listener, wanted),
            media_type="text/event-stream",
            headers={"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"},
        )

    return answer


async def _lines(hub: Hub, listener: Listener, wanted: Stream) -> AsyncIterator[str]:
    """Joins when it is read for the first time: of somebody who left before, nothing may stay behind."""
    hub.join(listener)
    try:
        hub.subscribe(listener, wanted)
        yield ":)\n"
        while True:
            try:
                frame = await asyncio.wait_for(listener.queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                yield ":thump\n"
                continue
            if frame.event is None:
                return
            yield f"event: {frame.event}\ndata: {frame.payload if frame.payload is not None else 'undefined'}\n\n"
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
