"""PeerTube: a channel whose videos belong to it and to an account (facts: server/core, examples of videos)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop.community import Community
from tests.interop.peer import AS2, JSON, SECURITY
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class PeerTube(Community):
    software = "PeerTube"
    host = "tube.test"
    can = frozenset({"dislike"})
    group_path = "/video-channels/{name}"
    member_path = "/accounts/{name}"
    opening_type = "Video"
    refusal = 403
    seconds = 60

    def context(self) -> Any:
        terms = {"pt": "https://joinpeertube.org/ns#", "sc": "http://schema.org/", "Hashtag": "as:Hashtag"}
        return [AS2, SECURITY, terms]

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def written(
        self, text: str, *, reply_to: str | None = None, mentions: tuple[Person, ...] = (), **more: Any
    ) -> JSON:  # fmt: skip
        if reply_to:
            made = super().written(text, reply_to=reply_to, mentions=mentions, **more)
            del made["audience"], made["sensitive"]
            return made
        made = super().written(text, **more)
        made["attributedTo"] = [
            {"type": "Person", "id": self.member["id"]}, {"type": "Group", "id": self.group["id"]},
        ]  # fmt: skip
        watch = {"type": "Link", "mediaType": "text/html", "href": f"{made['id']}/watch"}
        tags = [{"type": "Infohash", "name": "bade027756842ecef7a1fb7b437dcaa52eb72350"}]
        file = {
            "type": "Link",
            "mediaType": "video/mp4",
            "href": self.at("/v-720.mp4"),
            "height": 720,
            "size": 1,
            "fps": 30,
        }
        playlist = {
            "type": "Link",
            "mediaType": "application/x-mpegURL",
            "href": self.at("/v.m3u8"),
            "tag": [file, *tags],
        }
        tracker = {"type": "Link", "name": "tracker-http", "rel": ["tracker", "http"], "href": self.at("/announce")}
        icon = {"type": "Image", "url": self.at("/preview.jpg"), "mediaType": "image/jpeg", "width": 850, "height": 480}
        made |= {
            "url": [watch, playlist, tracker],
            "icon": [icon],
            "mediaType": "text/markdown",
            "content": f"**{text}**",
        }
        made |= {"duration": "PT1145S", "uuid": "e7946124-7b72-4ad7-9d22-844a84bb2de1", "views": 360, "state": 1}
        made |= {"language": {"identifier": "en", "name": "English"}, "commentsEnabled": True, "canReply": None}
        made |= {"updated": made["published"], "subtitleLanguage": [], "aspectRatio": 1.7778, "commentsPolicy": 1}
        del made["audience"], made["source"]
        return made

    def publishes(self, note: JSON) -> list[JSON]:
        # The account creates, the channel announces.
        created = self.create(note)
        del created["audience"]
        return [created, *([] if note.get("inReplyTo") else [self.announce(note["id"])])]

    def passes(self, activity: JSON) -> list[JSON]:
        return [activity]

    def takes(self, activity: JSON) -> list[JSON]:
        return []

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if activity["type"] == "Undo" and not isinstance(activity["object"], dict):
            raise Wrong("Undo without what is undone")
        if activity["type"] == "Create" and not activity["object"].get("inReplyTo"):
            return  # of no interest to it
