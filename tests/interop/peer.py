"""A scripted remote server: what one implementation sends, and what it is strict about in what it is sent.

A `Peer` lives on the in-memory network. What it says is queued and leaves with `speak`, signed the way its software
signs; what it hears, and what it thinks of it, is in `listener`. A test ends with `refused` empty. Subclasses override
what is special, nothing else.
"""

import itertools
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec
import orjson

from tests.interop import signatures
from tests.interop.listener import ACTIVITY, AS2, JSON, PUBLIC, SECURITY, Listener
from tests.interop.signatures import Request
from tests.support.network import Network
from tests.support.puppet import pair
from tests.support.servers import Node, Person

__all__ = ["ACTIVITY", "AS2", "JSON", "PUBLIC", "SECURITY", "Media", "Peer"]

NODEINFO = "http://nodeinfo.diaspora.software/ns/schema/2.0"


class Media(msgspec.Struct, frozen=True):
    url: str
    media_type: str = "image/png"
    description: str | None = "a picture of a cat"


CAT = Media("https://files.example/cat.png")


class Peer(Listener):
    version: ClassVar[str] = ""
    # ------------------------------------------------------------ what it can
    can: ClassVar[frozenset[str]] = frozenset(
        {
            "post", "warn", "media", "whisper", "reply", "like", "boost", "edit", "poll", "vote", "report", "block",
            "rename",
        }
    )  # fmt: skip
    # What it is there for: pictures mostly, or sound.
    shows: ClassVar[Media] = CAT
    draws: ClassVar[tuple[Media, ...]] = ()  # in the text of its posts

    # ------------------------------------------------------------ how it signs
    scheme: ClassVar[str] = "cavage"
    covered: ClassVar[tuple[str, ...]] = ("(request-target)", "host", "date", "digest", "content-type")
    form: ClassVar[str] = 'keyId="{key_id}",algorithm="rsa-sha256",headers="{covered}",signature="{signature}"'
    content_type: ClassVar[str] = ACTIVITY
    key_fragment: ClassVar[str] = "#main-key"

    # ------------------------------------------------------------ its ids
    actor_path: ClassVar[str] = "/users/{name}"
    shared_inbox: ClassVar[str | None] = "/inbox"

    def __init__(self, network: Network, name: str = "pat", *, host: str | None = None, **more: Any) -> None:
        self.host = host or type(self).host
        super().__init__(network)
        self._queue: list[JSON] = []
        self._accounts: dict[str, JSON] = {}
        self._numbers = itertools.count(1)
        self._pair = pair(0)
        self.documents["/.well-known/nodeinfo"] = {"links": [{"rel": NODEINFO, "href": self.at("/nodeinfo/2.0")}]}
        software = {"name": self.software.lower(), "version": self.version}
        self.documents["/nodeinfo/2.0"] = {"version": "2.0", "software": software}
        self.actor = self.make_actor(name, **more)

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
            **({"endpoints": {"sharedInbox": self.at(self.shared_inbox)}} if self.shared_inbox else {}),
            **more,
        }
        uri = document["id"]
        key = {"id": f"{uri}{self.key_fragment}", "owner": uri, "publicKeyPem": self._pair.public_pem}
        document = self._accounts[uri] = self.serve({"publicKey": key, **document})
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

    def whisper(self, text: str, person: Person) -> JSON:
        """A post for one person alone."""
        return {**self.note(text, mentions=(person,)), "to": [person.uri], "cc": []}

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
        return published.replace("20", "21", 1)

    def delete(self, note: JSON) -> JSON:
        self.documents.pop(urlsplit(note["id"]).path, None)
        return self.activity("Delete", {"id": note["id"], "type": "Tombstone"}, to=[PUBLIC])

    def like(self, uri: str) -> JSON:
        return self.activity("Like", uri)

    def react(self, uri: str, emoji: str) -> JSON:
        return self.activity("EmojiReact", uri, content=emoji)

    def boost(self, uri: str) -> JSON:
        return self.activity("Announce", uri, to=[PUBLIC], cc=[self.actor["followers"]], published=self.now())

    def quote(self, uri: str, text: str) -> list[JSON]:
        """What it sends when somebody quotes a post."""
        return [self.create(self.quoting(uri, text))]

    def quoting(self, uri: str, text: str) -> JSON:
        return self.note(text, quoteUrl=uri)

    def follow(self, uri: str) -> JSON:
        return self.activity("Follow", uri)

    def accept(self, activity: JSON, **more: Any) -> JSON:
        kept = {name: activity[name] for name in ("id", "type", "actor", "object")}
        return self.activity("Accept", kept, **more)

    def reject(self, follow: JSON) -> JSON:
        return {**self.accept(follow), "type": "Reject"}

    def undo(self, activity: JSON) -> JSON:
        return self.activity("Undo", {name: value for name, value in activity.items() if name != "@context"})

    def block(self, uri: str) -> JSON:
        return self.activity("Block", uri)

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

    def renames(self, **more: Any) -> JSON:
        """The account changes."""
        self.actor = self.serve({**self.actor, **more})
        return self.activity("Update", self.actor, to=[PUBLIC])

    def moves(self, target: str) -> list[JSON]:
        move = self.activity("Move", self.actor["id"], target=target, to=[self.actor["followers"]])
        return [self.renames(movedTo=target), move]

    def specials(self, person: Person) -> list[JSON]:
        """Posts of kinds that nobody else sends, each saying "something special"."""
        return []

    def curiosities(self, person: Person, post: str) -> list[JSON]:
        """What it sends and nobody here needs: it is taken, and nothing comes of it."""
        return []

    # ------------------------------------------------------------ how it leaves

    def say(self, *activities: JSON) -> None:
        """They leave with `speak`, signed by their actors."""
        self._queue.extend(activities)

    async def speak(self, node: Node) -> bool:
        """Send what is queued; whether there was anything. Each must be taken."""
        waiting, self._queue = self._queue, []
        for activity in waiting:
            response = await self.post(node, activity)
            assert response.status_code in {200, 202}, f"{activity['type']}: {response.status_code} {response.text}"
        return bool(waiting)

    async def post(self, node: Node, activity: JSON, signer: JSON | None = None) -> httpx.Response:
        body = orjson.dumps(activity)
        headers = {"host": node.domain, "content-type": self.content_type, "content-length": str(len(body))}
        request = Request(method="POST", target="/inbox", headers=headers, body=body)
        return await node.client.post(
            "/inbox", content=body, headers=self.sign(request, signer or self._accounts[activity["actor"]])
        )

    def sign(self, request: Request, signer: JSON | None = None) -> signatures.Headers:
        """The headers of a request with its signature among them."""
        key, key_id = signatures.private(self._pair.private_pem), (signer or self.actor)["publicKey"]["id"]
        if self.scheme == "rfc9421":
            url = f"https://{request.headers['host']}{request.target}"
            components = ("@method", "@target-uri", "@authority", "content-digest")
            return signatures.rfc9421(request, key, key_id, url, components)
        covered = self.covered
        if request.method == "GET":
            covered = tuple(name for name in covered if name not in {"digest", "content-type", "content-length"})
            if not self.reads_query:
                request = msgspec.structs.replace(request, target=request.target.partition("?")[0])
        return signatures.cavage(request, key, key_id, covered, self.form)
