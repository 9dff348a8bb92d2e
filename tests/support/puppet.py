"""A remote server whose every word a test decides: it serves what it is given and signs whatever it is told to."""

import asyncio
import functools
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from federation.signatures import draft_cavage, keys
from tests.support.network import Network
from tests.support.servers import Node

JSON = dict[str, Any]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]


@functools.cache
def _pair(number: int) -> keys.Pair:
    """Keys are slow to make; tests share a few."""
    return keys.generate_rsa()


class Puppet:
    """A host. `documents` maps paths to what GET answers; `inbox` collects what it is sent."""

    def __init__(self, network: Network, host: str) -> None:
        self.host = host
        self.network = network
        self.documents: dict[str, JSON | int] = {}
        self.inbox: list[JSON] = []
        self.answer = 202
        self.requests: list[tuple[str, str]] = []
        self._keys: dict[str, keys.Pair] = {}
        network.apps[host] = self._app

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.requests.append((request.method, path))
        response: Response
        if request.method == "POST":
            self.inbox.append(orjson.loads(await request.body()))
            response = Response(status_code=self.answer)
        else:
            found = self.documents.get(path, 404)
            if isinstance(found, int):
                response = Response(status_code=found)
            else:
                kind = "application/jrd+json" if path.startswith("/.well-known") else "application/activity+json"
                response = JSONResponse(found, media_type=kind)
        await response(scope, receive, send)

    def actor(self, name: str, **more: Any) -> JSON:
        """Make an actor with a key and a WebFinger answer; its document."""
        uri = f"https://{self.host}/users/{name}"
        pair = self._keys.setdefault(uri, _pair(len(self._keys)))
        document = {
            "@context": CONTEXT,
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "name": name.title(),
            "summary": "",
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
            "following": f"{uri}/following",
            "url": f"https://{self.host}/@{name}",
            "endpoints": {"sharedInbox": f"https://{self.host}/inbox"},
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": pair.public_pem},
            **more,
        }
        self.documents[f"/users/{name}"] = document
        self.documents[f"/.well-known/webfinger?resource=acct%3A{name}%40{self.host}"] = {
            "subject": f"acct:{name}@{self.host}",
            "links": [{"rel": "self", "type": "application/activity+json", "href": uri}],
        }
        return document

    def note(self, author: JSON, name: str, **more: Any) -> JSON:
        """A public Note, served at its id."""
        uri = f"https://{self.host}/notes/{name}"
        document = {
            "@context": CONTEXT,
            "id": uri,
            "type": "Note",
            "attributedTo": author["id"],
            "content": "<p>hello</p>",
            "published": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "to": [PUBLIC],
            "cc": [author["followers"]],
            **more,
        }
        self.documents[f"/notes/{name}"] = document
        return document

    def create(self, note: JSON, **more: Any) -> JSON:
        return {
            "@context": CONTEXT,
            "id": f"{note['id']}/activity",
            "type": "Create",
            "actor": note["attributedTo"],
            "to": note["to"],
            "cc": note["cc"],
            "object": note,
            **more,
        }

    def activity(self, kind: str, actor: JSON, obj: Any, name: str, **more: Any) -> JSON:
        uri = f"https://{self.host}/activities/{name}"
        return {"@context": CONTEXT, "id": uri, "type": kind, "actor": actor["id"], "object": obj, **more}

    async def send(
        self, node: Node, document: JSON, signer: JSON, *, path: str = "/inbox", **more: Any
    ) -> httpx.Response:
        """POST an activity, signed with the key of `signer`. `more` replaces headers, None leaves one out."""
        body = orjson.dumps(document)
        url = f"{node.base_url}{path}"
        pair = self._keys[signer["id"]]
        outgoing = draft_cavage.Outgoing(method="POST", url=url, body=body)
        headers = await asyncio.to_thread(
            draft_cavage.sign, outgoing, keys.load_private(pair.private_pem), signer["publicKey"]["id"], datetime.now(UTC)
        )
        headers = {**headers, **{name.replace("_", "-").title(): value for name, value in more.items()}}
        headers = {name: value for name, value in headers.items() if value is not None}
        return await node.client.post(path, content=body, headers=headers)
