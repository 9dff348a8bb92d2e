"""GoToSocial 0.20 (facts: its docs/federation and internal/ap, internal/federation at 57cb4fe74), and a later one
that is asked before somebody answers (docs/federation/interaction_controls.md)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop.peer import ACTIVITY, JSON, PUBLIC, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


def flat(value: Any) -> Any:
    """Lists of one become their element."""
    if isinstance(value, list):
        return flat(value[0]) if len(value) == 1 else [flat(each) for each in value]
    if isinstance(value, dict):
        return {name: flat(each) for name, each in value.items()}
    return value


class GoToSocial(Peer):
    software = "GoToSocial"
    host = "gts.test"
    can = Peer.can | {"move"}
    form = 'keyId="{key_id}",algorithm="hs2019",headers="{covered}",signature="{signature}"'
    signed_only = True
    seconds = 3600
    content_types = (ACTIVITY, 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"')
    shared_inbox = None  # each of its people is sent to
    key_fragment = "/main-key"

    def make_actor(self, name: str, **more: Any) -> JSON:
        actor = super().make_actor(name, **more)
        # Its keys are documents of their own, with as much of the actor as their readers need.
        stub = {each: actor[each] for each in ("@context", "id", "type", "preferredUsername", "publicKey")}
        self.documents[f"{self.actor_path.format(name=name)}{self.key_fragment}"] = stub
        return actor

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-4] + "Z"

    def attachment(self, media: Media) -> JSON:
        kind = media.media_type.partition("/")[0].title()
        return {"type": kind, "mediaType": media.media_type, "url": media.url, "summary": media.description}

    def create(self, note: JSON) -> JSON:
        return dict(flat(super().create(note)))

    def guarded(self, text: str) -> JSON:
        """A post that may be answered by those whose answer its author has approved of."""
        author = self.actor["id"]
        reply = {"automaticApproval": author, "manualApproval": PUBLIC, "always": author, "approvalRequired": PUBLIC}
        return self.note(text, interactionPolicy={"canReply": reply})

    def approve(self, create: JSON) -> JSON:
        """The author likes an answer."""
        reply = create["object"]
        stamp = self.serve({
            "@context": self.context(), "id": self.next("authorizations"), "type": "ReplyApproval",
            "attributedTo": self.actor["id"], "object": reply["id"], "target": reply["inReplyTo"],
        })  # fmt: skip
        return self.activity("Accept", reply["id"], result=stamp["id"], to=create["actor"])

    def mention(self, person: Person) -> JSON:
        # The page, not the id.
        return {**super().mention(person), "href": f"{person.node.base_url}/@{person.username}"}

    def ballots(self, poll: str, author: str, *options: str) -> list[JSON]:
        votes = [self.ballot(poll, author, option) for option in options]
        return [self.activity("Create", votes, to=author)]

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if activity["type"] == "Undo" and not isinstance(activity["object"], dict):
            raise Wrong("Undo without what is undone")
        if activity["type"] in {"Create", "Update"}:
            obj = activity["object"]
            if obj.get("updated") and obj.get("published") and obj["updated"] < obj["published"]:
                raise Wrong("updated before it was published")
            if activity["type"] == "Create" and not (activity.get("to") or activity.get("cc")):
                raise Wrong("a Create addressed to nobody")


class PoliteGoToSocial(GoToSocial):
    version = "0.21.0+git-57cb4fe"

    def guarded(self, text: str) -> JSON:
        rule = {"automaticApproval": self.actor["id"], "manualApproval": PUBLIC}
        return self.note(text, interactionPolicy=dict.fromkeys(("canLike", "canReply", "canAnnounce"), rule))

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if not activity["type"].endswith("Request"):
            return
        what = activity["instrument"]
        if not isinstance(what, dict) or not isinstance(activity["object"], str):
            raise Wrong("it shows not what it asks for")
        if activity["object"] not in (what.get("inReplyTo"), what.get("object")):
            raise Wrong("it is about something else")
        if activity["to"] not in (self.actor["id"], [self.actor["id"]]):
            raise Wrong("others are asked too")

    def grant(self, request: JSON) -> JSON:
        """The author agrees to what they were asked."""
        kind, what = request["type"].removesuffix("Request"), request["instrument"]["id"]
        stamp = self.serve({
            "@context": self.context(), "id": self.next("authorizations"), "type": f"{kind}Authorization",
            "attributedTo": self.actor["id"], "interactingObject": what, "interactionTarget": request["object"],
        })  # fmt: skip
        asked = {name: request[name] for name in ("id", "type", "actor", "object")}
        obj = {**asked, "instrument": what}
        return self.activity("Accept", obj, result=stamp["id"], to=request["actor"])
