"""A scripted remote server: what one implementation sends, and what it is strict about in what it is sent.

A `Peer` lives on the in-memory network. It verifies all that comes (signature, digest, shape) the way its software does
and notes in `refused` what it does not like; a test ends with that list empty. What it says is queued and leaves with
`speak`, signed the way its software signs. Subclasses override what is special, nothing else.
"""

import itertools
from collections import Counter
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import orjson
from starlette.requests import Request as Incoming
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.interop import signatures
from tests.interop.signatures import Request, Wrong
from tests.support.network import Network
from tests.support.puppet import pair
from tests.support.servers import Node, Person

JSON = dict[str, Any]
AS2 = "https://www.w3.org/ns/activitystreams"
SECURITY = "https://w3id.org/security/v1"
PUBLIC = f"{AS2}#Public"
ACTIVITY = "application/activity+json"


class Media(msgspec.Struct, frozen=True):
    url: str
    media_type: str = "image/png"
    description: str = "a picture of a cat"


class Peer:
    software: ClassVar[str]
    host: ClassVar[str]

    # ------------------------------------------------------------ what it can
    can: ClassVar[frozenset[str]] = frozenset(
        {"warn", "media", "reply", "like", "boost", "edit", "poll", "vote", "report", "block", "undo", "delete"}
    )

    # ------------------------------------------------------------ how it signs
    scheme: ClassVar[str] = "cavage"
    covered: ClassVar[tuple[str, ...]] = ("(request-target)", "host", "date", "digest", "content-type")
    form: ClassVar[str] = 'keyId="{key_id}",algorithm="rsa-sha256",headers="{covered}",signature="{signature}"'
    content_type: ClassVar[str] = ACTIVITY
    key_fragment: ClassVar[str] = "#main-key"
    # Whether it signs when it fetches. Some cannot, and must be able to read keys all the same.
    fetches_signed: ClassVar[bool] = True

    # ------------------------------------------------------------ what it is strict about
    wants_signed: ClassVar[frozenset[str]] = frozenset({"(request-target)", "host", "date", "digest"})
    reads_query: ClassVar[bool] = True
    seconds: ClassVar[int] = 43_200
    # GETs without a signature are refused.
    signed_only: ClassVar[bool] = False
    refusal: ClassVar[int] = 401
    max_bytes: ClassVar[int] = 1_000_000
    max_depth: ClassVar[int] = 64
    content_types: ClassVar[tuple[str, ...]] = (ACTIVITY, f'application/ld+json; profile="{AS2}"')

    # ------------------------------------------------------------ its ids
    actor_path: ClassVar[str] = "/users/{name}"
    shared_inbox: ClassVar[str | None] = "/inbox"

    def __init__(self, network: Network) -> None:
        self.network = network
        self.documents: dict[str, JSON] = {}
        self.refused: list[str] = []
        self.heard: list[JSON] = []
        self.followers: set[str] = set()
        self.following: set[str] = set()
        self.posts: dict[str, JSON] = {}
        self.profiles: dict[str, JSON] = {}
        self.marks: set[tuple[str, str, str]] = set()  # Like, Announce …: (type, actor, object)
        self.votes: Counter[str] = Counter()
        self._queue: list[JSON] = []
        self._numbers = itertools.count(1)
        self._pair = pair(0)
        network.apps[self.host] = self._app
        self.actor = self.make_actor("pat")

    # ------------------------------------------------------------ what it is

    def at(self, path: str) -> str:
        return f"https://{self.host}{path}"

    def next(self, kind: str) -> str:
        """A new id."""
        return self.at(f"/{kind}/{next(self._numbers):010}")

    def now(self) -> str:
        """The time as it writes it."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def handle(self) -> str:
        return f"{self.actor['preferredUsername']}@{self.host}"

    def make_actor(self, name: str, **more: Any) -> JSON:
        """An account, served with its WebFinger answer."""
        uri = self.at(self.actor_path.format(name=name))
        document = {
            "@context": self.context(),
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "name": name.title(),
            "summary": "<p>hello</p>",
            "url": self.at(f"/@{name}"),
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
            "following": f"{uri}/following",
            "manuallyApprovesFollowers": False,
            "publicKey": {"id": f"{uri}{self.key_fragment}", "owner": uri, "publicKeyPem": self._pair.public_pem},
            **({"endpoints": {"sharedInbox": self.at(self.shared_inbox)}} if self.shared_inbox else {}),
            **more,
        }
        self.serve(document)
        account = quote(f"acct:{name}@{self.host}", safe="")
        self.documents[f"/.well-known/webfinger?resource={account}"] = {
            "subject": f"acct:{name}@{self.host}",
            "links": [{"rel": "self", "type": ACTIVITY, "href": uri}],
        }
        return document

    def context(self) -> Any:
        return [AS2, SECURITY]

    def serve(self, document: JSON) -> JSON:
        parts = urlsplit(document["id"])
        self.documents[f"{parts.path}?{parts.query}" if parts.query else parts.path] = document
        return document

    # ------------------------------------------------------------ what it says

    def note(
        self,
        text: str,
        *,
        warning: str | None = None,
        media: tuple[Media, ...] = (),
        reply_to: str | None = None,
        mentions: tuple[Person, ...] = (),
        **more: Any,
    ) -> JSON:
        """A public post, served at its id."""
        document = {
            "@context": self.context(),
            "id": self.next("notes"),
            "type": "Note",
            "attributedTo": self.actor["id"],
            "content": self.html(text, mentions),
            "published": self.now(),
            "to": [PUBLIC],
            "cc": [self.actor["followers"], *(person.uri for person in mentions)],
            "attachment": [self.attachment(each) for each in media],
            "tag": [self.mention(person) for person in mentions],
            **({"summary": warning, "sensitive": True} if warning else {"sensitive": False}),
            **({"inReplyTo": reply_to} if reply_to else {}),
            **more,
        }
        return self.serve(document)

    def html(self, text: str, mentions: tuple[Person, ...] = ()) -> str:
        links = "".join(
            f'<span class="h-card"><a href="{person.node.base_url}/@{person.username}" class="u-url mention">'
            f"@<span>{person.username}</span></a></span> "
            for person in mentions
        )
        return f"<p>{links}{text}</p>"

    def mention(self, person: Person) -> JSON:
        return {"type": "Mention", "href": person.uri, "name": f"@{person.handle}"}

    def attachment(self, media: Media) -> JSON:
        return {"type": "Document", "mediaType": media.media_type, "url": media.url, "name": media.description}

    def poll(self, text: str, *options: str) -> JSON:
        return self.note(text, type="Question", endTime="2099-01-01T00:00:00Z", oneOf=[
            {"type": "Note", "name": option, "replies": {"type": "Collection", "totalItems": 0}} for option in options
        ])  # fmt: skip

    def activity(self, kind: str, obj: Any, **more: Any) -> JSON:
        uri = self.next("activities")
        return {"@context": self.context(), "id": uri, "type": kind, "actor": self.actor["id"], "object": obj, **more}

    def create(self, note: JSON) -> JSON:
        inner = {name: value for name, value in note.items() if name != "@context"}
        return self.activity("Create", inner, to=note["to"], cc=note["cc"], published=note["published"])

    def update(self, note: JSON, text: str) -> JSON:
        changed = self.serve({**note, "content": self.html(text), "updated": self.later(note["published"])})
        return self.activity("Update", changed, to=note["to"], cc=note["cc"])

    def later(self, published: str) -> str:
        """A time after that one, however soon it is now."""
        return published.replace("20", "21", 1) if published >= self.now() else self.now()

    def delete(self, note: JSON) -> JSON:
        self.documents.pop(urlsplit(note["id"]).path, None)
        return self.activity("Delete", {"id": note["id"], "type": "Tombstone"}, to=[PUBLIC])

    def like(self, uri: str) -> JSON:
        return self.activity("Like", uri)

    def boost(self, uri: str) -> JSON:
        return self.activity("Announce", uri, to=[PUBLIC], cc=[self.actor["followers"]], published=self.now())

    def follow(self, uri: str) -> JSON:
        return self.activity("Follow", uri)

    def accept(self, follow: JSON) -> JSON:
        return self.activity("Accept", {name: follow[name] for name in ("id", "type", "actor", "object")})

    def undo(self, activity: JSON) -> JSON:
        return self.activity("Undo", {name: value for name, value in activity.items() if name != "@context"})

    def ballots(self, poll: str, author: str, *options: str) -> list[JSON]:
        """The activities that vote for these options of somebody's poll."""
        return [self.activity("Create", self.ballot(poll, author, option), to=[author]) for option in options]

    def ballot(self, poll: str, author: str, option: str) -> JSON:
        return {
            "id": self.next("votes"), "type": "Note", "name": option, "inReplyTo": poll,
            "attributedTo": self.actor["id"], "to": [author],
        }  # fmt: skip

    def flag(self, person: str, posts: list[str], comment: str) -> JSON:
        return self.activity("Flag", [person, *posts], content=comment)

    def say(self, *activities: JSON) -> None:
        """It leaves with `speak`."""
        self._queue.extend(activities)

    async def speak(self, node: Node) -> bool:
        """Send what is queued; whether there was anything. Each must be taken."""
        waiting, self._queue = self._queue, []
        for activity in waiting:
            response = await self.post(node, activity)
            assert response.status_code in {200, 202}, f"{activity['type']}: {response.status_code} {response.text}"
        return bool(waiting)

    async def post(self, node: Node, activity: JSON) -> httpx.Response:
        body = orjson.dumps(activity)
        headers = {"host": node.domain, "content-type": self.content_type, "content-length": str(len(body))}
        request = Request(method="POST", target="/inbox", headers=headers, body=body)
        return await node.client.post("/inbox", content=body, headers=self.sign(request))

    def sign(self, request: Request) -> signatures.Headers:
        """The headers of a request with its signature among them."""
        key, key_id = signatures.private(self._pair.private_pem), self.actor["publicKey"]["id"]
        if self.scheme == "rfc9421":
            url = f"https://{request.headers['host']}{request.target}"
            components = ("@method", "@target-uri", "@authority", "content-digest")
            return signatures.rfc9421(request, key, key_id, url, components)
        covered = self.covered
        if request.method == "GET":
            covered = tuple(name for name in covered if name not in {"digest", "content-type", "content-length"})
        return signatures.cavage(request, key, key_id, covered, self.form)

    # ------------------------------------------------------------ what it hears

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
        well_known = path.startswith("/.well-known")
        if self.signed_only and not well_known:
            try:
                await self._verified(request, self.wants_signed - {"digest"})
            except Wrong as wrong:
                self.refused.append(f"GET {path}: {wrong}")
                return Response(status_code=self.refusal)
        found = self.documents.get(path)
        if found is None:
            return Response(status_code=404)
        return JSONResponse(found, media_type="application/jrd+json" if well_known else ACTIVITY)

    async def _post(self, request: Request) -> Response:
        try:
            if request.headers.get("content-type") not in self.content_types:
                raise Wrong(f"content type {request.headers.get('content-type')!r}")
            signatures.check_digest(request)
            await self._verified(request, self.wants_signed)
            activity = orjson.loads(request.body)
            self.check(activity, request)
        except Wrong as wrong:
            self.refused.append(f"{wrong} in {request.body[:2000].decode()} {request.headers}")
            return Response(status_code=self.refusal)
        self.heard.append(activity)
        self.hear(activity)
        return Response(status_code=202)

    async def _verified(self, request: Request, wanted: frozenset[str]) -> None:
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
        document = await self.fetch(parameters["keyId"].partition("#")[0])
        key = document.get("publicKey", document)
        if key.get("id") != parameters["keyId"] or key.get("owner") != document.get("id"):
            raise Wrong(f"{parameters['keyId']} is not the key of {document.get('id')}")
        signatures.verify(request, parameters, key["publicKeyPem"], query=self.reads_query)

    def parse(self, header: str) -> dict[str, str]:
        return signatures.split(header)

    async def fetch(self, url: str) -> JSON:
        """A document of another server."""
        parts = urlsplit(url)
        headers = {"host": parts.netloc, "accept": ACTIVITY}
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        if self.fetches_signed:
            headers = self.sign(Request(method="GET", target=target, headers=headers))
        async with httpx.AsyncClient(transport=self.network) as client:
            response = await client.get(url, headers=headers)
        if response.status_code != 200:
            raise Wrong(f"GET {url}: {response.status_code}")
        return dict(response.json())

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

    def hear(self, activity: JSON) -> None:
        kind, actor, obj = activity["type"], activity["actor"], activity["object"]
        uri = obj if isinstance(obj, str) else obj.get("id") if isinstance(obj, dict) else None
        match kind:
            case "Follow":
                self.followers.add(actor)
                self.say(self.accept(activity))
            case "Accept":
                self.following.add(actor)
            case "Create" | "Update" if obj["type"] in {"Note", "Question"}:
                self._posted(obj)
            case "Update":
                self.profiles[actor] = obj
            case "Delete":
                self.posts.pop(str(uri), None)
            case "Undo" if obj["type"] == "Follow":
                self.followers.discard(actor)
            case "Undo":
                self.marks.discard((obj["type"], actor, obj["object"]))
            case "Flag":
                self.marks.update(("Flag", actor, each) for each in ([obj] if isinstance(obj, str) else obj))
            case _:
                self.marks.add((kind, actor, str(uri)))

    def _posted(self, note: JSON) -> None:
        if note.get("name") and note.get("inReplyTo") and "content" not in note:
            self.votes[note["name"]] += 1
        else:
            self.posts[note["id"]] = note
