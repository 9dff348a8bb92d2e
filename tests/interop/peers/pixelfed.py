"""Pixelfed (facts: app/Util/ActivityPub at 8aae92d75, its issues 6588 and 6590)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop import signatures
from tests.interop.peer import JSON, PUBLIC, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person

KNOWN = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "video/mp4"}


class Pixelfed(Peer):
    software = "Pixelfed"
    host = "pixelfed.test"
    can = Peer.can - {"poll", "vote"}
    form = 'keyId="{key_id}",headers="{covered}",algorithm="rsa-sha256",signature="{signature}"'
    covered = ("(request-target)", "host", "date", "digest", "content-type")
    reads_query = False
    shared_inbox = "/f/inbox"
    max_depth = 8

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"summary": warning, "inReplyTo": reply_to, "commentsEnabled": True, "location": None}
        made["capabilities"] = {"announce": PUBLIC, "like": PUBLIC, "reply": PUBLIC}
        if len(made["tag"]) == 1:
            made["tag"] = made["tag"][0]
        return made

    def attachment(self, media: Media) -> JSON:
        return {**super().attachment(media), "type": "Image"}

    def curiosities(self, person: Person, post: str) -> list[JSON]:
        story = {"id": self.next("stories"), "type": "Story", "attributedTo": self.actor["id"], "duration": 5}
        mention = {"type": "Story:Reaction", "id": self.next("reactions"), "attributedTo": self.actor["id"]}
        mention |= {"content": "🎉", "inReplyTo": story["id"], "to": person.uri}
        return [self.activity("Add", story, to=[person.uri]), self.activity("Create", mention, to=[person.uri])]

    def parse(self, header: str) -> dict[str, str]:
        return signatures.naive(header)

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        kind, obj = activity["type"], activity["object"]
        if kind in {"Like", "Announce"} and not isinstance(obj, str):
            raise Wrong(f"{kind} of something embedded")
        if kind in {"Undo", "Delete", "Accept"} and not isinstance(obj, dict):
            raise Wrong(f"{kind} of something not embedded")
        if kind == "Create":
            for media in obj["attachment"]:
                if media["mediaType"] not in KNOWN or max(media.get("width", 0), media.get("height", 0)) > 5000:
                    raise Wrong(f"attachment {media}")
