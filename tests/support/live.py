"""A client of the streaming API over a real socket. Every message is checked strictly."""

import asyncio
import contextlib
import socket as sockets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from fedi.patience import Protocol, Socket
from tests.support import checker
from tests.support.servers import Node, Person

JSON = dict[str, Any]
SECONDS = 10.0


def anything(payload: Any) -> bool:
    return True


class Live:
    """`messages` are all that came so far, payloads parsed."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.messages: list[JSON] = []

    async def send(self, **command: str) -> None:
        await self.connection.send(orjson.dumps(command).decode())

    async def subscribe(self, stream: str, **more: str) -> None:
        await self.send(type="subscribe", stream=stream, **more)

    async def unsubscribe(self, stream: str, **more: str) -> None:
        await self.send(type="unsubscribe", stream=stream, **more)

    async def message(self, *, seconds: float = SECONDS) -> JSON:
        """The next message, whatever it is."""
        text = await asyncio.wait_for(self.connection.recv(), seconds)
        assert isinstance(text, str), "messages are text frames"
        message: JSON = orjson.loads(text)
        if "error" not in message:
            violations = checker.recorded.check_message(message)
            assert not violations, f"{text[:500]}: {violations[:5]}"
            if "payload" in message and message["event"] not in ("delete", "announcement.delete"):
                message["payload"] = orjson.loads(message["payload"])
        self.messages.append(message)
        return message

    async def event(
        self, name: str, fits: Callable[[Any], bool] = anything, *, stream: str | None = None, seconds: float = SECONDS
    ) -> Any:
        """The payload of the next fitting event among those not asked for yet; others before it stay."""
        deadline = time.monotonic() + seconds
        while True:
            for message in self.messages:
                wanted = message.get("event") == name and stream in (None, message["stream"][0])
                if wanted and fits(message.get("payload")):
                    self.messages.remove(message)
                    return message.get("payload")
            left = deadline - time.monotonic()
            try:
                await self.message(seconds=max(left, 0.01))
            except TimeoutError:
                raise AssertionError(f"no {name} within {seconds:g} s, but {self.messages}") from None

    async def quiet(self, *, seconds: float = 0.5) -> list[JSON]:
        """Everything that has come and comes within a while."""
        with contextlib.suppress(TimeoutError):
            while True:
                await self.message(seconds=seconds)
        said, self.messages = self.messages, []
        return said

    async def closed(self, *, seconds: float = SECONDS) -> int:
        """Wait for the server to close; the code."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await asyncio.wait_for(self.connection.recv(), seconds)
        assert self.connection.close_code is not None
        return self.connection.close_code


def address(base_url: str, path: str = "/api/v1/streaming") -> str:
    return base_url.replace("http", "ws", 1) + path


@contextlib.asynccontextmanager
async def socket(person: Person, *streams: str, base_url: str | None = None) -> AsyncIterator[Live]:
    """A WebSocket of somebody, token in the header, subscribed. Being answered about nonsense proves that it is."""
    headers = {"Authorization": f"Bearer {person.token}"}
    url = address(base_url or person.node.base_url)
    async with connect(url, additional_headers=headers, proxy=None) as connection:
        live = Live(connection)
        for stream in streams:
            name, _, tag = stream.partition("#")
            await live.subscribe(name, **({"tag": tag} if tag else {}))
        await live.subscribe("nothing")
        assert (await live.message())["error"], "the server answers"
        live.messages.clear()
        yield live


@contextlib.asynccontextmanager
async def opened(url: str, *, protocol: str | None = None) -> AsyncIterator[Live]:
    """A WebSocket as a browser opens it: no headers, perhaps a subprotocol."""
    protocols = [Subprotocol(protocol)] if protocol else None
    async with connect(url, subprotocols=protocols, proxy=None) as connection:
        yield Live(connection)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test runner's."""
        yield


@contextlib.asynccontextmanager
async def listening(node: Node) -> AsyncIterator[str]:
    """A node of this process on a real socket of loopback: http://127.0.0.1:PORT."""
    listener = sockets.create_server(("127.0.0.1", 0))
    app = node.server.asgi
    server = _Server(uvicorn.Config(app, lifespan="off", log_config=None, http=Protocol, ws=Socket))
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110 (uvicorn tells in no other way)
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await node.server.hub.close()
        server.should_exit = True
        await task
