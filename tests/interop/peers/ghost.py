"""Ghost, whose articles come with an excerpt (facts: src/activitypub, and its fixtures of published posts)."""

from typing import Any

from tests.interop.peer import AS2, JSON, SECURITY, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class Ghost(Peer):
    software = "Ghost"
    host = "ghost.test"
    can = Peer.can - {"poll", "vote", "warn", "report", "block"}
    actor_path = "/.ghost/activitypub/users/{name}"
    shared_inbox = None
    seconds = 3600
    draws = (Media("https://ghost.test/inside.png", "image/png", "inside"),)
    covered = ("(request-target)", "host", "date", "digest")

    def context(self) -> Any:
        more = {"Emoji": "toot:Emoji", "toot": "http://joinmastodon.org/ns#", "sensitive": "as:sensitive"}
        return ["https://w3id.org/identity/v1", AS2, SECURITY, "https://w3id.org/security/data-integrity/v1", more]

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"to": "as:Public"}
        for name in ("cc", "tag", "attachment"):
            if len(made[name]) == 1:
                made[name] = made[name][0]
        if not reply_to and not mentions:
            excerpt = {"type": "Note", "id": self.at("/note/1"), "content": made["content"]}
            # Its own page; and the text with pictures in it that are no attachments.
            made |= {"type": "Article", "name": "On cats", "url": self.at("/on-cats/"), "preview": excerpt}
            made["content"] = f'{made["content"]}<figure><img src="{self.at("/inside.png")}" alt="inside"></figure>'
        return made

    def attachment(self, media: Media) -> JSON:
        return {"type": "Image", "url": media.url, "name": media.description}

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        # Fedify's rule for both: what is signed has to name when.
        if "date" not in self.parse(request.headers["signature"])["headers"].split(" "):
            raise Wrong("the date is not signed")
