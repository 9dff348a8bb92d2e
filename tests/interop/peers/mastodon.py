"""Mastodon 4.5 and later (facts: its FEDERATION.md and app/lib/activitypub at 839591f21b)."""

from typing import Any

from tests.interop.consent import Consenting
from tests.interop.peer import AS2, JSON, SECURITY, Media
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person

TOOT = {
    "sensitive": "as:sensitive", "toot": "http://joinmastodon.org/ns#", "votersCount": "toot:votersCount",
    "blurhash": "toot:blurhash", "atomUri": "ostatus:atomUri", "ostatus": "http://ostatus.org#",
    "conversation": "ostatus:conversation",
}  # fmt: skip


class Mastodon(Consenting):
    software = "Mastodon"
    host = "mastodon.test"
    can = Consenting.can | {"move", "quote"}
    signed_only = True  # as with secure mode
    reads_quotes = ("quote", "_misskey_quote", "quoteUrl", "quoteUri")
    seconds = 3600

    def context(self) -> Any:
        return [AS2, SECURITY, TOOT]

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {
            "summary": warning,
            "inReplyTo": reply_to,
            "atomUri": made["id"],
            "inReplyToAtomUri": reply_to,
            "conversation": f"tag:{self.host},2026-01-01:objectId=1:objectType=Conversation",
            "contentMap": {"en": made["content"]},
            "replies": {
                "id": f"{made['id']}/replies", "type": "Collection",
                "first": {"type": "CollectionPage", "partOf": f"{made['id']}/replies", "items": []},
            },
        }  # fmt: skip
        return made

    def attachment(self, media: Media) -> JSON:
        blurhash = "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH"
        return {**super().attachment(media), "blurhash": blurhash, "width": 640, "height": 480, "focalPoint": [0, 0.5]}

    def like(self, uri: str) -> JSON:
        return {**super().like(uri), "id": f"{self.actor['id']}#likes/{self.next('x').rpartition('/')[2]}"}

    def quoting(self, uri: str, text: str) -> JSON:
        return self.note(text, quote=uri, _misskey_quote=uri, quoteUri=uri)

    def curiosities(self, person: Person, post: str) -> list[JSON]:
        mine = self.note("my best", published="2020-01-01T00:00:00Z")
        featured = {"target": f"{self.actor['id']}/collections/featured"}
        tag = {"type": "Hashtag", "href": self.at("/tags/cats"), "name": "#cats"}
        return [self.activity("Add", mine["id"], **featured), self.activity("Add", tag, **featured)]

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        context = activity.get("@context")
        if AS2 not in (context if isinstance(context, list) else [context]):
            raise Wrong("no context")
        if activity["type"] == "Create":
            note = activity["object"]
            mentioned = {tag["href"] for tag in note.get("tag", []) if tag["type"] == "Mention"}
            if missing := {uri for uri in mentioned if uri not in note["to"] + note["cc"]}:
                raise Wrong(f"{missing} are mentioned but not addressed")
