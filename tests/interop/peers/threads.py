"""Threads, as far as it is known (fedify issue 125, friendica issue 14488, its documentation)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop.peer import AS2, JSON, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class Threads(Peer):
    software = "Threads"
    host = "threads.test"
    can = (Peer.can | {"quote"}) - {"poll", "vote", "warn", "report", "block"}
    actor_path = "/ap/users/17841400000000077/"
    shared_inbox = "/ap/inbox/"
    signed_only = True
    reads_quotes = ("tag", "_misskey_quote")
    seconds = 300
    covered = ("(request-target)", "host", "date", "digest", "(created)", "(expires)")
    form = (
        'keyId="{key_id}",algorithm="hs2019",created={created},expires={expires},headers="{covered}",'
        'signature="{signature}"'
    )

    def make_actor(self, name: str, **more: Any) -> JSON:
        base = self.at(self.actor_path)
        boxes = {box: f"{base}{box}/" for box in ("inbox", "outbox", "followers", "following")}
        return super().make_actor(name, **boxes, **more)

    def next(self, kind: str) -> str:
        return self.at(f"{self.actor_path}{kind}/{18_000_000_000_000_000 + next(self._numbers)}/")

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"to": ["as:Public"], "inReplyTo": reply_to}
        made["url"] = [
            {"type": "Link", "href": "threads://post/AbC", "mediaType": "application/x-threads"},
            {"type": "Link", "href": self.at("/@pat/post/AbC"), "mediaType": "text/html"},
        ]
        return made

    def quoting(self, uri: str, text: str) -> JSON:
        link = {
            "type": "Link", "mediaType": f'application/ld+json; profile="{AS2}"', "href": uri, "name": f"RE: {uri}",
            "rel": "https://misskey-hub.net/ns#_misskey_quote",
        }  # fmt: skip
        made = self.note(text, _misskey_quote=uri, tag=[link])
        made["content"] = f'<p>{text}<span class="quote-inline"><br/>RE: <a href="{uri}">{uri}</a></span></p>'
        return made

    def delete(self, note: JSON) -> JSON:
        return {**super().delete(note), "object": note["id"]}

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if activity["type"] == "Undo" and not isinstance(activity["object"], dict):
            raise Wrong("Undo without what is undone")
