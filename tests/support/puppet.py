"""A remote server whose every word a test decides: it serves what it is given and signs whatever it is told to."""

import asyncio
import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from federation.signatures import draft_cavage, keys, proofs, requests, rfc9421
from tests.support.network import Network
from tests.support.servers import Node

JSON = dict[str, Any]
KEYS = 8
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]


@functools.cache
def pair(number: int) -> keys.Pair:
    """Keys are slow to make; tests share a few."""
    return keys.generate_rsa()


class Page(msgspec.Struct, frozen=True):
    """An answer that is not an ordinary document."""

    text: str | bytes
    media_type: str = "text/html"
    status: int = 200
    headers: dict[str, str] = {}


class Puppet:
    """A host. `documents` maps paths to what GET answers: a document, a `Page` or a status; `inbox` collects what it is
    sent, `requests` everything it was asked."""

    def __init__(self, network: Network, host: str) -> None:
        self.host = host
        self.network = network
        self.documents: dict[str, JSON | Page | int] = {}
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
            elif isinstance(found, Page):
                response = Response(found.text, found.status, found.headers, found.media_type)
            else:
                kind = "application/jrd+json" if path.startswith("/.well-known") else "application/activity+json"
                response = JSONResponse(found, media_type=kind)
        await response(scope, receive, send)

    @property
    def asked(self) -> list[str]:
        """The paths of all GETs."""
        return [path for method, path in self.requests if method == "GET"]

    def knows(self, handle: str, uri: str, *, subject: str | None = None) -> None:
        """Answer WebFinger for a handle."""
        self.documents[f"/.well-known/webfinger?resource={quote(f'acct:{handle}', safe='')}"] = {
            "subject": f"acct:{subject or handle}",
            "links": [{"rel": "self", "type": "application/activity+json", "href": uri}],
        }

    def actor(self, name: str, /, *, known: bool = True, key: int | None = None, **more: Any) -> JSON:
        """Make an actor with a key and, if `known`, a WebFinger answer; its document. `more` replaces properties, None
        leaves one out. `key`: another one of a few."""
        uri = f"https://{self.host}/users/{name}"
        made = self._keys.setdefault(uri, pair(len(self._keys) % KEYS))
        if key is not None:
            made = self._keys[uri] = pair(key)
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
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": made.public_pem},
            **more,
        }
        document = {name: value for name, value in document.items() if value is not None}
        self.documents[f"/users/{name}"] = document
        if known:
            self.knows(f"{name}@{self.host}", uri)
        return document

    def note(self, author: JSON, name: str, /, **more: Any) -> JSON:
        """A public Note, served at its id. `more` as for an actor."""
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
        document = {name: value for name, value in document.items() if value is not None}
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
        self,
        node: Node,
        document: JSON,
        signer: JSON,
        *,
        path: str = "/inbox",
        scheme: str = "cavage",
        key_id: str | None = None,
        extra: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """POST an activity, signed with the key of `signer`, or with its Ed25519 key if `key_id` names that. `extra`
        headers are signed too; `more` replaces headers, None leaves one out."""
        body = orjson.dumps(document)
        url = f"{node.base_url}{path}"
        key_id = key_id or signer["publicKey"]["id"]
        private = keys.load_private(self._keys.get(key_id, self._keys[signer["id"]]).private_pem)
        outgoing = requests.Outgoing(method="POST", url=url, body=body, extra=extra or {})
        sign = rfc9421.sign if scheme == "rfc9421" else draft_cavage.sign
        headers = await asyncio.to_thread(sign, outgoing, private, key_id, datetime.now(UTC))
        headers = {**headers, **{name.replace("_", "-").title(): value for name, value in more.items()}}
        headers = {name: value for name, value in headers.items() if value is not None}
        return await node.client.post(path, content=body, headers=headers)

    def private(self, actor: JSON) -> str:
        """The key of an actor, as PEM."""
        return self._keys[actor["id"]].private_pem

    def multikey(self, actor: JSON) -> str:
        """Publish an Ed25519 key for an actor (FEP-521a); its id."""
        key_id = f"{actor['id']}#ed25519-key"
        made = self._keys[key_id] = keys.generate_ed25519()
        text = keys.multikey(keys.load_public(made.public_pem))
        actor["assertionMethod"] = [
            {"id": key_id, "type": "Multikey", "controller": actor["id"], "publicKeyMultibase": text}
        ]
        return key_id

    def proven(self, document: JSON, key_id: str) -> JSON:
        """The document with a proof made with a key of `multikey`."""
        private = keys.load_private(self._keys[key_id].private_pem)
        assert isinstance(private, Ed25519PrivateKey)
        return proofs.attach(document, private, key_id, datetime.now(UTC))

    async def get(self, node: Node, path: str, signer: JSON, **more: str) -> httpx.Response:
        """GET a document, signed like `send`."""
        outgoing = requests.Outgoing(method="GET", url=f"{node.base_url}{path}")
        private = keys.load_private(self._keys[signer["id"]].private_pem)
        signed = draft_cavage.sign(outgoing, private, signer["publicKey"]["id"], datetime.now(UTC))
        return await node.client.get(path, headers={"Accept": "application/activity+json", **signed, **more})
