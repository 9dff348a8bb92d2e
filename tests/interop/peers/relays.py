"""Relays: those that pass on what they are sent, and those that announce it (facts: activityrelay of yukimochi, the
relay of Pleroma, FEP-ae0c)."""

from typing import Any

from tests.interop.peer import AS2, JSON, PUBLIC, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class Relay(Peer):
    """With one subscriber; `author` is somebody at another server who writes to it too."""

    can = frozenset()
    actor_path = "/actor"

    def context(self) -> Any:
        return AS2

    def make_actor(self, name: str, **more: Any) -> JSON:
        return super().make_actor(name, type="Application", url=self.at("/actor"), inbox=self.at("/inbox"), **more)

    def passes_on(self, note: JSON, create: JSON) -> JSON:
        """What its subscriber gets of a post of somebody else."""
        raise NotImplementedError


class MastodonRelay(Relay):
    software = "ActivityRelay"
    host = "relay.test"

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if activity["type"] not in {"Follow", "Undo", "Create", "Update", "Delete", "Move", "Announce"}:
            raise Wrong(f"nothing it passes on: {activity['type']}")
        if activity["type"] == "Follow" and activity["object"] != PUBLIC:
            raise Wrong("a Follow of something else than Public")
        if activity["type"] in {"Create", "Update"} and PUBLIC not in activity["to"]:
            raise Wrong("a post that is not public")

    def accept(self, activity: JSON, **more: Any) -> JSON:
        return super().accept(activity, to=[activity["actor"]], **more)

    def passes_on(self, note: JSON, create: JSON) -> JSON:
        # As it came, with the signature of the request alone made anew.
        return create


class LitePubRelay(Relay):
    software = "PleromaRelay"
    host = "litepub.test"
    actor_path = "/relay"

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if activity["type"] == "Follow" and activity["object"] != self.actor["id"]:
            raise Wrong("a Follow of somebody else")
        if activity["type"] == "Announce" and not isinstance(activity["object"], str):
            raise Wrong("an Announce of something embedded")

    def accept(self, activity: JSON, **more: Any) -> JSON:
        return {**super().accept(activity, **more), "object": activity["id"]}

    async def hear(self, activity: JSON) -> None:
        await super().hear(activity)
        if activity["type"] == "Follow":
            self.say(self.follow(activity["actor"]))
        elif activity["type"] == "Accept":
            self.following.add(activity["actor"])

    def passes_on(self, note: JSON, create: JSON) -> JSON:
        return self.activity("Announce", note["id"], to=[self.actor["followers"]], cc=[PUBLIC])


class Stranger(Peer):
    """Somebody at a server that we do not know, who writes to the same relay."""

    software = "Mastodon"
    host = "stranger.test"

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        return super().note(text, tag=[{"type": "Hashtag", "name": "#cats", "href": self.at("/tags/cats")}], **more)
