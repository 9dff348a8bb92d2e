"""Castopod: a podcast that posts its episodes (facts: modules/Fediverse, an example of its actor; `[?]` in part)."""

from typing import Any

from tests.interop.peer import JSON, Media, Peer
from tests.support.servers import Person


class Castopod(Peer):
    software = "Castopod"
    host = "castopod.test"
    can = frozenset({"post", "media", "like", "boost", "reply", "rename"})
    shows = Media("https://files.example/episode-1.mp3", "audio/mpeg", None)
    actor_path = "/@{name}"
    shared_inbox = None
    form = 'keyId="{key_id}",algorithm="rsa-sha256",headers="{covered}",signature="{signature}"'
    covered = ("(request-target)", "host", "date", "digest", "content-type")

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, reply_to=reply_to, mentions=mentions, **more)
        if media:
            del made["content"]
            made |= {
                "type": "PodcastEpisode", "name": text, "image": {"type": "Image", "url": self.at("/cover.jpg")},
                "description": {"type": "Note", "mediaType": "text/markdown", "content": text},
                "audio": {"type": "Audio", "url": {"type": "Link", "href": media[0].url, "mediaType": "audio/mpeg"}},
                "comments": f"{made['id']}/comments",
            }  # fmt: skip
        return made
