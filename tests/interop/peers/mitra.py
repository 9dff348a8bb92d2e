"""Mitra, which proves what it says (facts: its FEDERATION.md and examples of its activities)."""

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.interop import proofs
from tests.interop.peer import ACTIVITY, AS2, JSON, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.network import Network
from tests.support.servers import Person

INTEGRITY = "https://w3id.org/security/data-integrity/v1"
QUOTE = "https://misskey-hub.net/ns#_misskey_quote"


class Mitra(Peer):
    software = "Mitra"
    host = "mitra.test"
    can = (Peer.can | {"react", "quote", "move"}) - {"block", "report"}
    reads_reactions = frozenset({"EmojiReact", "Like"})
    reads_quotes = ("tag",)
    seconds = 3600
    covered = ("(request-target)", "host", "date", "digest")

    def __init__(self, network: Network, name: str = "pat", **more: Any) -> None:
        self.secret = Ed25519PrivateKey.generate()
        super().__init__(network, name, **more)

    def context(self) -> Any:
        return [AS2, INTEGRITY]

    def make_actor(self, name: str, **more: Any) -> JSON:
        uri = self.at(self.actor_path.format(name=name))
        key = {"id": f"{uri}#ed25519-key", "type": "Multikey", "controller": uri}
        key["publicKeyMultibase"] = proofs.multikey(self.secret)
        return super().make_actor(name, assertionMethod=[key], capabilities={"acceptsChatMessages": False}, **more)

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made["context"] = self.at("/collections/conversations/019f57cf-693a-77f2-b006-c4d06a6602cb")
        made["replies"] = f"{made['id']}/replies"
        return made

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def quoting(self, uri: str, text: str) -> JSON:
        link = {"type": "Link", "name": f"RE: {uri}", "href": uri, "mediaType": ACTIVITY, "rel": [QUOTE]}
        return self.note(text, tag=[link])

    def accept(self, activity: JSON, **more: Any) -> JSON:
        return {**super().accept(activity, **more), "object": activity["id"], "to": [activity["actor"]]}

    def activity(self, kind: str, obj: Any, **more: Any) -> JSON:
        made = super().activity(kind, obj, **more)
        return proofs.prove(made, self.secret, f"{made['actor']}#ed25519-key")

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if "proof" in activity:
            person = self.people[activity["actor"]]
            keys = {key["id"]: key["publicKeyMultibase"] for key in person["assertionMethod"]}
            if not proofs.holds(activity, keys):
                raise Wrong("the proof does not hold")
        elif activity["type"] == "Create" and any("#Public" in each for each in activity["to"]):
            raise Wrong("a public post without a proof")
