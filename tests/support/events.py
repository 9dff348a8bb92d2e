"""A client of the server-sent events of the streaming API, over a real socket."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson

from tests.support import checker

_TLS = ssl.create_default_context()  # takes a tenth of a second to make, and is not even used


class Events:
    """Reads a stream of server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.lines = response.aiter_lines()

    async def line(self) -> str:
        return await asyncio.wait_for(anext(self.lines), 10)

    async def event(self) -> tuple[str, str]:
        """The next event: its name and data. Comments and blank lines are passed over."""
        while not (line := await self.line()).startswith("event: "):
            assert line == "" or line.startswith(":"), line
        data = await self.line()
        assert data.startswith("data: ")
        return line.removeprefix("event: "), data.removeprefix("data: ")

    async def payload(self, name: str) -> Any:
        """The payload of the next event of this name, checked."""
        while True:
            event, data = await self.event()
            if event == name:
                assert checker.check_message({"stream": ["user"], "event": event, "payload": data}) == []
                return orjson.loads(data)


@contextlib.asynccontextmanager
async def events(address: str, path: str, token: str, **params: str) -> AsyncIterator[Events]:
    async with (
        httpx.AsyncClient(base_url=address, timeout=10, verify=_TLS) as client,
        client.stream("GET", path, params=params, headers={"Authorization": f"Bearer {token}"}) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "private, no-store"
        stream = Events(response)
        assert await stream.line() == ":)"
        yield stream
