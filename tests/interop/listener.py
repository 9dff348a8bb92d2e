"""The ear of a scripted server: what it serves, how it verifies what arrives, and what it keeps of it.

It reads signatures with code of its own, fetches the sender's actor the way its software does, and notes in `refused`
what it does not like. Whatever asks for an answer it answers through `say`.
"""

from collections import Counter
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import httpx
import orjson
from starlette.requests import Request as Incoming
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.interop import signatures
from tests.interop.signatures import Request, Unread, Wrong
from tests.support.network import Network

JSON = dict[str, Any]
AS2 = "https://www.w3.org/ns/activitystreams"
SECURITY = "https://w3id.org/security/v1"
PUBLIC = f"{AS2}#Public"
ACTIVITY = "application/activity+json"
MISSKEY_QUOTE = "https://misskey-hub.net/ns#_misskey_quote"


class Listener:
    software: ClassVar[str]
    host: str

    # ------------------------------------------------------------ what it is strict about
    wants_signed: ClassVar[frozenset[str]] = frozenset({"(request-target)", "host", "date", "digest"})
    # Whether the query is part of the request target that it verifies (and signs).
    reads_query: ClassVar[bool] = True
    seconds: ClassVar[int] = 43_200
    # GETs without a signature are refused.
    signed_only: ClassVar[bool] = False
    # Whether it signs when it fetches. Some cannot, and must be able to read keys all the same.
    fetches_signed: ClassVar[bool] = True
    refusal: ClassVar[int] = 401
    max_bytes: ClassVar[int] = 1_000_000
    max_depth: ClassVar[int] = 64
    content_types: ClassVar[tuple[str, ...]] = (ACTIVITY, f'application/ld+json; profile="{AS2}"')
    # What an actor must have, to be anybody.
    actors_need: ClassVar[frozenset[str]] = frozenset({"id", "type", "inbox", "preferredUsername", "publicKey"})

    # ------------------------------------------------------------ what it understands
    # The activity that carries an emoji; to the others it is a favourite or nothing.
    reads_reactions: ClassVar[frozenset[str]] = frozenset()
    # The properties in which it finds what a post quotes, first things first; "tag" is the Link of FEP-e232.
    reads_quotes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, network: Network) -> None:
        self.network = network
        self.documents: dict[str, JSON] = {}
        self.refused: list[str] = []
        self.knocks: list[str] = []  # what it could not read, and hopes to get once more
        self.heard: list[JSON] = []
        self.people: dict[str, JSON] = {}
        self.followers: set[str] = set()
        self.following: set[str] = set()
        self.posts: dict[str, JSON] = {}
        self.profiles: dict[str, JSON] = {}
        self.marks: set[tuple[str, str, str]] = set()  # Like, Announce …: (type, actor, object)
        self.reactions: set[tuple[str, str, str]] = set()  # (actor, object, emoji)
        self.votes: Counter[str] = Counter()
        network.apps[self.host] = self._app

    # ------------------------------------------------------------ what the ear needs of the mouth

    def say(self, *activities: JSON) -> None:
        raise NotImplementedError

    def accept(self, activity: JSON, **more: Any) -> JSON:
        raise NotImplementedError

    def sign(self, request: Request) -> signatures.Headers:
        raise NotImplementedError

    # ------------------------------------------------------------ the network

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = Incoming(scope, receive)
        raw = scope.get("raw_path") or scope["path"].encode()
        query = scope["query_string"]
        request = Request(
            method=incoming.method,
            target=(raw + (b"?" + query if query else b"")).decode(),
            headers={name.lower(): value for name, value in incoming.headers.items()},
            body=await incoming.body(),
        )
        response = await (self._post(request) if request.method == "POST" else self._get(request))
        await response(scope, receive, send)

    async def _get(self, request: Request) -> Response:
        path = request.target
        is_open = path.startswith(("/.well-known", "/nodeinfo"))
        if self.signed_only and not is_open:
            try:
                await self._verified(request, self.wants_signed - {"digest"})
            except Unread:
                self.knocks.append(f"GET {path}")
                return Response(status_code=self.refusal)
            except Wrong as wrong:
                # Whoever reads the path alone hopes for a second try.
                if self.reads_query or "?" not in path:
                    self.refused.append(f"GET {path}: {wrong}")
                return Response(status_code=self.refusal)
        found = self.documents.get(path)
        if found is None:
            return Response(status_code=404)
        return JSONResponse(found, media_type="application/jrd+json" if is_open else ACTIVITY)

    async def _post(self, request: Request) -> Response:
        try:
            if request.headers.get("content-type") not in self.content_types:
                raise Wrong(f"content type {request.headers.get('content-type')!r}")
            self.check_digest(request)
            sender = await self._verified(request, self.wants_signed)
            activity = orjson.loads(request.body)
            self.check(activity, request)
            if activity["actor"] != sender["id"]:
                raise Wrong(f"{activity['actor']} did not sign")
        except Unread:
            self.knocks.append(f"POST {request.target}")
            return Response(status_code=self.refusal)
        except Wrong as wrong:
            self.refused.append(f"{wrong} in {request.body[:2000].decode()} {request.headers}")
            return Response(status_code=self.refusal)
        self.heard.append(activity)
        await self.hear(activity)
        return Response(status_code=202)

    async def _verified(self, request: Request, wanted: frozenset[str]) -> JSON:
        """The actor whose signature is on a request."""
        header = request.headers.get("signature")
        if header is None:
            raise Wrong("no signature")
        if "signature-input" in request.headers:
            raise Wrong("only draft-cavage is read")
        parameters = self.parse(header)
        for name in ("keyId", "headers", "signature"):
            if name not in parameters:
                raise Wrong(f"no {name} in {header}")
        if missing := wanted - set(parameters["headers"].split(" ")):
            raise Wrong(f"{missing} are not signed")
        signatures.check_date(request, self.seconds)
        document = await self.person(parameters["keyId"].partition("#")[0])
        key = document["publicKey"]
        if key.get("id") != parameters["keyId"] or key.get("owner") != document["id"]:
            raise Wrong(f"{parameters['keyId']} is not the key of {document['id']}")
        signatures.verify(request, parameters, key["publicKeyPem"], query=self.reads_query)
        return document

    def check_digest(self, request: Request) -> None:
        signatures.check_digest(request)

    def parse(self, header: str) -> dict[str, str]:
        return signatures.split(header)

    async def person(self, uri: str) -> JSON:
        """The actor of another server, and whether it is one."""
        if uri not in self.people:
            document = await self.fetch(uri)
            self.check_actor(document)
            name, host = document["preferredUsername"], urlsplit(uri).netloc
            account = quote(f"acct:{name}@{host}", safe="")
            finger = await self.fetch(f"https://{host}/.well-known/webfinger?resource={account}")
            if uri not in [link.get("href") for link in finger["links"] if link["rel"] == "self"]:
                raise Wrong(f"{name}@{host} is not {uri}")
            self.people[uri] = document
        return self.people[uri]

    def check_actor(self, document: JSON) -> None:
        if missing := self.actors_need - document.keys():
            raise Wrong(f"{document.get('id')} has no {missing}")

    async def fetch(self, url: str) -> JSON:
        """A document of another server."""
        parts = urlsplit(url)
        headers = {"host": parts.netloc, "accept": ACTIVITY}
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if self.fetches_signed and not target.startswith("/.well-known"):
            headers = self.sign(Request(method="GET", target=target, headers=headers))
        async with httpx.AsyncClient(transport=self.network) as client:
            response = await client.get(url, headers=headers)
        if response.status_code != 200:
            raise Wrong(f"GET {url}: {response.status_code}")
        return dict(response.json())

    # ------------------------------------------------------------ what it makes of it

    def check(self, activity: JSON, request: Request) -> None:
        """What everybody needs; each peer adds its own."""
        if len(request.body) > self.max_bytes:
            raise Wrong(f"{len(request.body)} bytes")
        if signatures.depth(activity) > self.max_depth:
            raise Wrong(f"nested {signatures.depth(activity)} deep")
        for name in ("id", "type", "actor"):
            if not isinstance(activity.get(name), str):
                raise Wrong(f"{name} is {activity.get(name)!r}")
        if urlsplit(activity["id"]).netloc != urlsplit(activity["actor"]).netloc:
            raise Wrong("id and actor differ in host")
        if activity.get("object") is None:
            raise Wrong("no object")

    async def hear(self, activity: JSON) -> None:
        kind, actor, obj = activity["type"], activity["actor"], activity["object"]
        uri = str(obj.get("id")) if isinstance(obj, dict) else str(obj)
        match kind:
            case "Follow":
                self.followers.add(actor)
                self.say(self.accept(activity))
            case "Accept" if obj["type"] == "Follow":
                self.following.add(actor)
            case "Create" | "Update" if obj["type"] in {"Note", "Question"}:
                self._posted(obj)
            case "Update":
                self.profiles[actor] = obj
            case "Delete":
                self.posts.pop(uri, None)
            case "Undo" if obj["type"] == "Follow":
                self.followers.discard(actor)
            case "Undo":
                self._marked(obj, taken=True)
            case "Flag":
                self.marks.update(("Flag", actor, each) for each in (obj if isinstance(obj, list) else [obj]))
            case _:
                self._marked({**activity, "object": uri})

    def _marked(self, activity: JSON, *, taken: bool = False) -> None:
        kind, actor, uri = activity["type"], activity["actor"], activity["object"]
        emoji = activity.get("content")
        if emoji and kind in self.reads_reactions:
            (self.reactions.discard if taken else self.reactions.add)((actor, uri, emoji))
        else:
            (self.marks.discard if taken else self.marks.add)((kind, actor, uri))

    def _posted(self, note: JSON) -> None:
        if note.get("name") and note.get("inReplyTo") and "content" not in note:
            self.votes[note["name"]] += 1
        else:
            self.posts[note["id"]] = note

    def quoted(self, note: JSON) -> str | None:
        """What a post quotes, as far as this software can tell."""
        for name in self.reads_quotes:
            if name == "tag":
                links = [tag["href"] for tag in note["tag"] if tag["type"] == "Link" and MISSKEY_QUOTE in tag["rel"]]
                if links:
                    return str(links[0])
            elif note.get(name):
                return str(note[name])
        return None
