"""Akkoma and Pleroma (facts: lib/pleroma/web/activity_pub/transmogrifier.ex and object_validators at f917285b7)."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tests.interop.peer import AS2, JSON, PUBLIC, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class Akkoma(Peer):
    software = "Akkoma"
    host = "akkoma.test"
    can = Peer.can | {"react", "quote", "move"}
    reads_reactions = frozenset({"EmojiReact"})
    reads_quotes = ("quoteUrl", "quoteUri")
    covered = ("(request-target)", "content-length", "date", "digest", "host")

    def context(self) -> Any:
        return [AS2, self.at("/schemas/litepub-0.1.jsonld"), {"@language": "und"}]

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        conversation = self.at("/contexts/626ecafd-3377-46c4-b908-3721a4d4373c")
        made |= {"actor": self.actor["id"], "summary": warning or "", "context": conversation}
        made |= {"conversation": conversation, "source": {"content": text, "mediaType": "text/plain"}}
        return made

    def attachment(self, media: Media) -> JSON:
        link = {"type": "Link", "href": media.url, "mediaType": media.media_type}
        return {"type": "Document", "mediaType": media.media_type, "name": media.description, "url": [link]}

    def poll(self, text: str, *options: str) -> JSON:
        made = super().poll(text, *options)
        made["closed"] = made.pop("endTime")
        return made

    def quoting(self, uri: str, text: str) -> JSON:
        return self.note(text, quoteUri=uri)

    def specials(self, person: Person) -> list[JSON]:
        chat = {
            "@context": self.context(), "id": self.next("objects"), "type": "ChatMessage", "actor": self.actor["id"],
            "attributedTo": self.actor["id"], "content": "something special", "to": [person.uri], "cc": [],
            "published": self.now(),
        }  # fmt: skip
        return [self.serve(chat)]

    def curiosities(self, person: Person, post: str) -> list[JSON]:
        song = {"type": "Audio", "title": "A song", "artist": "Somebody", "length": 180_000}
        return [self.activity("Listen", song, to=[PUBLIC], cc=[])]

    def undo(self, activity: JSON) -> JSON:
        return self.activity("Undo", activity["id"])

    def delete(self, note: JSON) -> JSON:
        return {**super().delete(note), "object": note["id"]}

    def flag(self, person: str, posts: list[str], comment: str) -> JSON:
        # The posts as objects, as it keeps them.
        statuses = [{"type": "Note", "id": uri, "content": "rude words"} for uri in posts]
        return self.activity("Flag", [person, *statuses], content=comment, to=[], cc=[person])

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if len(urlsplit(activity["id"]).path) < 8:
            raise Wrong(f"id {activity['id']} is too short")
        if activity["type"] in {"Create", "Update"} and activity["object"]["type"] in {"Note", "Question"}:
            note = activity["object"]
            if (activity.get("to"), activity.get("cc")) != (note.get("to"), note.get("cc")):
                raise Wrong("the activity is addressed to others than its object")
            if not isinstance(note.get("attributedTo"), str):
                raise Wrong("attributedTo is not one string")
