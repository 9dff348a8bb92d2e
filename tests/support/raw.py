"""Requests of exact bytes to a server's ASGI app: what no HTTP library would send."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from tests.support.servers import Node

Headers = Iterable[tuple[bytes, bytes]]


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes


async def call(
    node: Node,
    method: str,
    path: bytes,
    *,
    query: bytes = b"",
    headers: Headers = (),
    body: bytes | AsyncIterator[bytes] = b"",
    client: str | None = "192.0.2.1",
) -> Answer:
    """Send it. The path is as it stands on the request line; a body given in pieces ends with the iterator."""
    chunks = _pieces(body)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        try:
            piece = await anext(chunks)
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": piece, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", node.domain.encode()), *headers],
        "client": (client, 50000) if client else None,
        "server": (node.domain, 443),
    }
    await node.server.asgi(scope, receive, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    names = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], names, b"".join(message.get("body", b"") for message in sent))


async def _pieces(body: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        if body:
            yield body
        return
    async for piece in body:
        yield piece
