"""Owncast: one account, which says when it is live (facts: an example of its posts)."""

from typing import Any

from tests.interop.peer import JSON, PUBLIC, Media, Peer
from tests.support.servers import Person


class Owncast(Peer):
    software = "Owncast"
    host = "owncast.test"
    can = frozenset({"post", "media", "rename"})
    shows = Media("https://files.example/preview.gif?us=KjfNX387gm", "image/gif", "a picture of a cat")
    actor_path = "/federation/user/{name}"
    shared_inbox = None

    def make_actor(self, name: str, **more: Any) -> JSON:
        return super().make_actor(name, type="Service", manuallyApprovesFollowers=False, **more)

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, media=media, **more)
        made |= {"to": PUBLIC, "audience": PUBLIC}
        made["tag"] = [{"type": "Hashtag", "name": "#owncast", "href": "https://directory.owncast.test/tags/owncast"}]
        if media:
            made["attachment"] = made["attachment"][0]
        del made["cc"]
        return made

    def attachment(self, media: Media) -> JSON:
        return {"type": "Image", "url": media.url, "content": media.description, "name": media.description}

    def create(self, note: JSON) -> JSON:
        made = super().create({"cc": [], **note})
        return {name: value for name, value in made.items() if name != "cc"}
