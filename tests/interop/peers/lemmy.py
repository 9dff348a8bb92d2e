"""Lemmy 1.0 (facts: crates/apub and its fixtures, its FEDERATION documents; lemmy issue 6465)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop.community import Community
from tests.interop.peer import JSON, PUBLIC
from tests.interop.signatures import Request, Wrong

AUTHORS = {"Person", "Service", "Organization"}


class Lemmy(Community):
    software = "Lemmy"
    host = "lemmy.test"
    can = Community.can
    actors_need = Community.actors_need | {"outbox"}
    covered = ("content-type", "date", "digest", "host", "(request-target)")

    def context(self) -> Any:
        return [self.at("/context.json"), "https://www.w3.org/ns/activitystreams"]

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def make_member(self, name: str) -> JSON:
        return {**super().make_member(name), "matrixUserId": f"@{name}:matrix.org"}

    def written(self, text: str, **more: Any) -> JSON:
        made = super().written(text, **more)
        made |= {"language": {"identifier": "en", "name": "English"}, "context": f"{made['id']}/context"}
        made["content"] += "\n"
        if not made.get("inReplyTo"):
            picture = self.at("/pictrs/image/eOtYb9iEiB.png")
            made |= {"attachment": [{"type": "Link", "href": "https://cats.example/"}], "stickied": False}
            made |= {"image": {"type": "Image", "url": picture}, "commentsEnabled": True}
            group = {"type": "Mention", "href": self.group["id"], "name": "@cats@lemmy.test"}
            made["tag"] = [
                {"type": "CommunityPostTag", "id": self.at("/c/cats/tag/x"), "preferredUsername": "x"},
                group,
            ]
        return made

    def check_actor(self, document: JSON) -> None:
        super().check_actor(document)
        if document["type"] not in AUTHORS | {"Application"}:
            raise Wrong(f"an actor of type {document['type']}")

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        kind, obj = activity["type"], activity["object"]
        if kind in {"Follow", "Like", "Dislike", "Announce"} and not isinstance(obj, str):
            raise Wrong(f"{kind} of something embedded")
        if kind in {"Create", "Update"} and obj["type"] == "Note":
            if not isinstance(obj.get("content"), str) or not isinstance(obj.get("attributedTo"), str):
                raise Wrong("no content, or no author")
            if not isinstance(obj.get("to"), list) or not any(each in obj["to"] + obj["cc"] for each in (PUBLIC,)):
                raise Wrong("not public, by the one name it knows")
            for each in obj["attachment"]:
                if each["type"] not in {"Link", "Image", "Document"}:
                    raise Wrong(f"attachment {each}")
