"""Funkwhale: channels that publish sound (facts: examples of what it sends)."""

from typing import Any

from tests.interop.peer import JSON, PUBLIC, Media, Peer
from tests.support.servers import Person


class Funkwhale(Peer):
    software = "Funkwhale"
    host = "funkwhale.test"
    can = frozenset({"post", "media", "rename"})
    shows = Media("https://files.example/listen?upload=1&download=false", "audio/ogg", None)
    actor_path = "/federation/actors/{name}"
    shared_inbox = "/federation/shared/inbox"

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, **more)
        page = {"type": "Link", "mimeType": "text/html", "href": self.at("/library/tracks/74")}
        sound = [{"type": "Link", "mimeType": each.media_type, "href": each.url} for each in media]
        made |= {"type": "Audio", "name": text, "to": PUBLIC, "url": [*sound, page], "summary": "#funkwhale"}
        # Hashtags without addresses; and the summary repeats them.
        made["tag"] = [{"type": "Hashtag", "name": "#funkwhale"}]
        for name in ("cc", "attachment", "sensitive"):
            del made[name]
        return made

    def create(self, note: JSON) -> JSON:
        made = super().create({"cc": [], **note})
        return {name: value for name, value in made.items() if name != "cc"} | {"id": f"{note['id']}/activity"}
