"""The rest of the fediverse, as cheap as it gets: any number of actors on any number of hosts that accept everything.

    python -m bench.sink PORT

Listens on every loopback address, so 127.0.0.2, 127.0.0.3 … are hosts of their own. GET /users/N is an actor, POST is
counted, GET /stats tells how many came and how many were new, GET /received which, by inbox, in order.
"""

import sys
from collections import defaultdict
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import orjson
import uvicorn

Message = dict[str, Any]


class Sink:
    def __init__(self, public_pem: str) -> None:
        self.public_pem = public_pem
        self.received: dict[str, list[str]] = defaultdict(list)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] == "POST":
            body = await _body(receive)
            self.received[f"{_host(scope)}{scope['path']}"].append(orjson.loads(body)["id"])
            await _answer(send, 202, b"")
        elif scope["path"] == "/stats":
            posts = sum(len(ids) for ids in self.received.values())
            distinct = sum(len(set(ids)) for ids in self.received.values())
            await _answer(send, 200, orjson.dumps({"posts": posts, "distinct": distinct}))
        elif scope["path"] == "/received":
            await _answer(send, 200, orjson.dumps(self.received))
        elif scope["path"].startswith("/users/"):
            await _answer(send, 200, orjson.dumps(actor(_host(scope), scope["path"], self.public_pem)))
        else:
            await _answer(send, 404, b"{}")


def _host(scope: MutableMapping[str, Any]) -> str:
    host: bytes = next(value for name, value in scope["headers"] if name == b"host")
    return host.decode()


def actor(host: str, path: str, public_pem: str) -> Message:
    """The document of an actor of the sink."""
    uri = f"http://{host}{path}"
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": uri,
        "type": "Person",
        "preferredUsername": f"u{path.rpartition('/')[2]}",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "url": uri,
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": public_pem},
    }


async def _body(receive: Any) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _answer(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/activity+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    port, pem = int(sys.argv[1]), Path(sys.argv[2]).read_text()
    uvicorn.run(Sink(pem), host="0.0.0.0", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
