"""A scripted community: a group that passes on what its members say (FEP-1b12), with a member and a moderator."""

from typing import Any, ClassVar

from tests.interop.peer import JSON, PUBLIC, Media, Peer
from tests.support.network import Network
from tests.support.servers import Person


class Community(Peer):
    """`actor` is the group; what a member does is `by` them."""

    can = frozenset({"announce-activities", "announce-objects", "dislike", "moderate"})
    group_path: ClassVar[str] = "/c/{name}"
    member_path: ClassVar[str] = "/u/{name}"
    opening_type: ClassVar[str] = "Page"

    def __init__(self, network: Network) -> None:
        super().__init__(network, "cats")
        self.group = self.actor
        self.member, self.moderator = self.make_member("pat"), self.make_member("mod")

    def make_actor(self, name: str, **more: Any) -> JSON:
        uri = self.at(self.group_path.format(name=name))
        boxes = {box: f"{uri}/{box}" for box in ("inbox", "outbox", "followers", "moderators", "featured")}
        return super().make_actor(name, type="Group", id=uri, attributedTo=boxes.pop("moderators"), **boxes, **more)

    def make_member(self, name: str) -> JSON:
        uri = self.at(self.member_path.format(name=name))
        boxes = {box: f"{uri}/{box}" for box in ("inbox", "outbox", "followers", "following")}
        return super().make_actor(name, id=uri, **boxes)

    # ------------------------------------------------------------ what its people say

    def by(self, actor: JSON, kind: str, obj: Any, **more: Any) -> JSON:
        """An activity of a member of it."""
        addressed: JSON = {"to": [PUBLIC], "cc": [self.group["id"]], "audience": self.group["id"]}
        return {**self.activity(kind, obj), "actor": actor["id"], **addressed, **more}

    def written(
        self, text: str, *, reply_to: str | None = None, mentions: tuple[Person, ...] = (), **more: Any
    ) -> JSON:  # fmt: skip
        """A member's post: an opening one, or an answer."""
        more = {
            "attributedTo": self.member["id"],
            "to": [self.group["id"], PUBLIC],
            "audience": self.group["id"],
            **more,
        }
        if not reply_to:
            more = {"type": self.opening_type, "name": "Cats", **more}
        made = super().note(text, reply_to=reply_to, mentions=mentions, **more)
        made |= {"cc": [each.uri for each in mentions], "mediaType": "text/html"}
        made["source"] = {"content": text, "mediaType": "text/markdown"}
        return made

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        return self.written(text, reply_to=reply_to, mentions=mentions, **more)

    def create(self, note: JSON) -> JSON:
        inner = {name: value for name, value in note.items() if name != "@context"}
        return self.by(self.member, "Create", inner, to=note["to"], cc=note["cc"])

    def update(self, note: JSON, text: str) -> JSON:
        return {**super().update(note, text), "actor": self.member["id"]}

    # ------------------------------------------------------------ what the group passes on

    def announce(self, obj: Any) -> JSON:
        inner = {name: value for name, value in obj.items() if name != "@context"} if isinstance(obj, dict) else obj
        return self.activity("Announce", inner, to=[PUBLIC], cc=[self.group["followers"]])

    def publishes(self, note: JSON) -> list[JSON]:
        """How a post reaches the followers of the group."""
        told = [self.announce(self.create(note))] if "announce-activities" in self.can else []
        opening = not note.get("inReplyTo")
        return told + ([self.announce(note["id"])] if opening and "announce-objects" in self.can else [])

    def passes(self, activity: JSON) -> list[JSON]:
        """What a member did, as the group tells of it."""
        return [self.announce(activity)]

    def takes(self, activity: JSON) -> list[JSON]:
        """What the group does with what somebody elsewhere has written to it."""
        return [self.announce(activity), self.announce(activity["object"]["id"])]

    async def hear(self, activity: JSON) -> None:
        await super().hear(activity)
        obj = activity["object"]
        if activity["type"] == "Create" and self.group["id"] in obj["to"] + obj["cc"]:
            self.say(*self.takes(activity))
