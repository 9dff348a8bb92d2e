"""Friendica (facts: src/Util/HTTPSignature.php and src/Protocol/ActivityPub at a0a8aeb304)."""

from typing import Any

from tests.interop.peer import JSON, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class Friendica(Peer):
    software = "Friendica"
    host = "friendica.test"
    can = (Peer.can | {"quote", "react"}) - {"poll", "vote", "block"}
    reads_reactions = frozenset({"EmojiReact"})
    reads_quotes = ("quoteUrl", "quoteUri", "_misskey_quote", "tag")
    actor_path = "/profile/{name}"
    seconds = 300
    reads_query = False
    covered = ("(request-target)", "date", "content-length", "digest", "content-type", "host")

    def make_actor(self, name: str, **more: Any) -> JSON:
        boxes = {box: self.at(f"/{box}/{name}") for box in ("inbox", "outbox", "followers", "following")}
        address = {"@type": "vcard:Home", "vcard:country-name": "Austria", "vcard:locality": ""}
        return super().make_actor(name, **boxes, **{"vcard:hasAddress": address, "diaspora:guid": "4edd2508"}, **more)

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"summary": warning or "", "context": f"{made['id']}#context", "diaspora:guid": "4edd2508"}
        made["source"] = {"content": text, "mediaType": "text/bbcode"}
        # Whom it mentions is addressed first.
        made["to"], made["cc"] = [*(each.uri for each in mentions), *made["to"]], [self.actor["followers"]]
        return made

    def create(self, note: JSON) -> JSON:
        service = {"type": "Service", "name": "Friendica", "url": self.at("")}
        return {**super().create(note), "id": f"{note['id']}/Create", "instrument": service}

    def quoting(self, uri: str, text: str) -> JSON:
        return self.note(text, quoteUrl=uri, _misskey_quote=uri)

    def specials(self, person: Person) -> list[JSON]:
        # What the person of a forum wrote, with a title.
        return [self.note("something special", type="Page", name="A title", mediaType="text/html")]

    def curiosities(self, person: Person, post: str) -> list[JSON]:
        # Somebody subscribes to a thread; and somebody dislikes it.
        return [self.activity("Follow", post), self.activity("Dislike", post)]

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if "algorithm" not in self.parse(request.headers["signature"]):
            raise Wrong("no algorithm")
