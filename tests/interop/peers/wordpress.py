"""The ActivityPub plugin of WordPress (facts: includes/class-signature.php and includes/rest at 19120d4b)."""

from typing import Any

from tests.interop.peer import JSON, PUBLIC, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class WordPress(Peer):
    software = "WordPress"
    host = "blog.test"
    can = Peer.can - {"poll", "vote", "warn", "report", "block", "boost"}
    actor_path = "/author/{name}/"
    fetches_signed = False
    signed_only = True  # as with its own authorised fetch
    reads_query = False
    shared_inbox = "/wp-json/activitypub/1.0/inbox"

    def make_actor(self, name: str, **more: Any) -> JSON:
        rest = self.at("/wp-json/activitypub/1.0/users/1")
        boxes = {box: f"{rest}/{box}" for box in ("inbox", "outbox", "followers", "following")}
        icon = {"type": "Image", "url": self.at("/avatar?s=120&#038;d=mm")}
        return super().make_actor(name, icon=icon, url=self.at(self.actor_path.format(name=name)), **boxes, **more)

    def next(self, kind: str) -> str:
        return self.at(f"/?{'c' if kind == 'notes' else kind}={next(self._numbers)}")

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"to": [PUBLIC, self.actor["followers"]], "cc": [each.uri for each in mentions]}
        made |= {"url": made["id"], "contentMap": {"en": made["content"]}}
        return made

    def attachment(self, media: Media) -> JSON:
        return {**super().attachment(media), "type": "Image"}

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if "algorithm" not in self.parse(request.headers["signature"]):
            raise Wrong("no algorithm")
