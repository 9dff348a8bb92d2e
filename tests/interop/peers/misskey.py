"""Misskey and its kin (facts: packages/backend/src/core/activitypub, read as single files)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop.peer import AS2, JSON, SECURITY, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person

TERMS = {
    "Key": "sec:Key", "sensitive": "as:sensitive", "Hashtag": "as:Hashtag", "quoteUrl": "as:quoteUrl",
    "misskey": "https://misskey-hub.net/ns#", "_misskey_content": "misskey:_misskey_content",
    "_misskey_quote": "misskey:_misskey_quote", "_misskey_reaction": "misskey:_misskey_reaction",
    "isCat": "misskey:isCat",
}  # fmt: skip


class Misskey(Peer):
    software = "Misskey"
    host = "misskey.test"
    can = (Peer.can | {"react", "quote", "move"}) - {"edit"}
    reads_reactions = frozenset({"Like", "EmojiReact"})
    reads_quotes = ("_misskey_quote", "quoteUrl")
    covered = ("(request-target)", "date", "host", "digest")
    fetches_signed = False
    seconds = 300
    refusal = 202  # and silence
    max_bytes = 64 * 1024

    def context(self) -> Any:
        return [AS2, SECURITY, TERMS]

    def make_actor(self, name: str, **more: Any) -> JSON:
        return super().make_actor(
            name, isCat=True, icon=None, image=None, summary=None, sharedInbox=self.at("/inbox"), **more
        )

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"inReplyTo": reply_to, "_misskey_content": text}
        made["source"] = {"content": text, "mediaType": "text/x.misskeymarkdown"}
        return made

    def attachment(self, media: Media) -> JSON:
        return {**super().attachment(media), "sensitive": False}

    def html(self, text: str, mentions: tuple[Person, ...] = ()) -> str:
        links = "".join(
            f'<a href="{each.node.base_url}/@{each.username}" class="u-url mention">@{each.handle}</a><span> </span>'
            for each in mentions
        )
        return f"<p>{links}<span>{text}</span></p>"

    def react(self, uri: str, emoji: str) -> JSON:
        return self.activity("Like", uri, content=emoji, _misskey_reaction=emoji)

    def quoting(self, uri: str, text: str) -> JSON:
        made = self.note(text, _misskey_quote=uri, quoteUrl=uri)
        made["content"] = f'<p><span>{text}<br><br>RE: </span><a href="{uri}">{uri}</a></p>'
        return made

    def specials(self, person: Person) -> list[JSON]:
        # Hidden, with nothing to say about it.
        return [self.note("something special", warning="\u200b")]

    def delete(self, note: JSON) -> JSON:
        return {**super().delete(note), "object": note["id"]}

    def flag(self, person: str, posts: list[str], comment: str) -> JSON:
        text = "\n".join([comment, "-----", *(f"Note: {uri}" for uri in posts)])
        return self.activity("Flag", person, content=text)

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if activity["type"] in {"Create", "Update"} and activity["object"]["type"] in {"Note", "Question"}:
            note = activity["object"]
            if note["attributedTo"] != activity["actor"] or not note["id"].startswith("https://"):
                raise Wrong("a note of somebody else")
