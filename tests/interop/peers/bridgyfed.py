"""Bridgy Fed, here for Bluesky (facts: its activitypub.py and tests, granary/as2.py)."""

from typing import Any
from urllib.parse import urlsplit

from tests.interop.peer import AS2, JSON, SECURITY, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person

DID = "did:plc:alice"


class BridgyFed(Peer):
    software = "BridgyFed"
    host = "bsky.brid.test"
    can = Peer.can - {"poll", "vote", "warn", "whisper"}
    actor_path = f"/ap/{DID}"
    shared_inbox = "/ap/sharedInbox"
    key_fragment = "#key"
    content_type = f'application/ld+json; profile="{AS2}"'
    covered = ("date", "host", "digest", "(request-target)")

    def context(self) -> Any:
        return [AS2, {"discoverable": "toot:discoverable", "toot": "http://joinmastodon.org/ns#"}, SECURITY]

    def make_actor(self, name: str, **more: Any) -> JSON:
        # Several pages, of which one has a scheme of its own; handles are host names.
        urls = [self.at("/r/https://bsky.app/profile/pat.bsky.social"), f"at://{DID}"]
        icon = [{"type": "Image", "url": self.at("/avatar.jpg"), "name": "pat"}]
        known = {"alsoKnownAs": [f"at://{DID}"], "url": urls, "icon": icon, "image": [], **more}
        return super().make_actor(f"{name}.bsky.social", **known)

    def next(self, kind: str) -> str:
        return self.at(f"/convert/ap/at://{DID}/app.bsky.feed.post/{next(self._numbers)}")

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"contentMap": {"en": made["content"]}, "cc": [each.uri for each in mentions]}
        made["url"] = self.at("/r/https://bsky.app/profile/pat.bsky.social/post/1")
        made["inReplyTo"] = [reply_to, f"at://{DID}/app.bsky.feed.post/0"] if reply_to else None
        if not made["cc"]:
            del made["cc"]
        return made

    def html(self, text: str, mentions: tuple[Person, ...] = ()) -> str:
        links = "".join(f'<a class="mention h-card" href="{each.uri}">@{each.handle}</a> ' for each in mentions)
        return f"<p>{links}{text}</p>"

    def attachment(self, media: Media) -> JSON:
        link = {"type": "Link", "href": media.url, "mediaType": media.media_type}
        return {"type": "Image", "name": media.description, "url": [link]}

    def create(self, note: JSON) -> JSON:
        return super().create({"cc": [], **note})

    def update(self, note: JSON, text: str) -> JSON:
        return super().update({"cc": [], **note}, text)

    def delete(self, note: JSON) -> JSON:
        return {**super().delete(note), "object": note["id"]}

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        obj = activity["object"]
        if isinstance(obj, dict) and isinstance(obj.get("inReplyTo"), list):
            raise Wrong("an answer to several")
        if activity["type"] == "Create":
            # Who is mentioned in the text alone is not mentioned.
            for tag in obj.get("tag", []):
                if tag["type"] == "Mention" and not urlsplit(tag["href"]).netloc:
                    raise Wrong(f"mention {tag}")
