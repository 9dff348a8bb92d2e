"""Hollo, as one of those built on Fedify that sign with RFC 9421 first (facts: packages/fedify/src/sig at ac08358f)."""

from typing import Any

from tests.interop.consent import Consenting
from tests.interop.peer import AS2, JSON, SECURITY, Media
from tests.support.servers import Person


class Hollo(Consenting):
    software = "Hollo"
    host = "hollo.test"
    can = (Consenting.can | {"react", "quote", "move"}) - {"report"}
    reads_reactions = frozenset({"EmojiReact", "Like"})
    reads_quotes = ("quote", "quoteUrl", "_misskey_quote", "tag")
    scheme = "rfc9421"
    signed_only = True
    seconds = 3600
    actor_path = "/@{name}"

    def context(self) -> Any:
        return [AS2, SECURITY, "https://w3id.org/security/data-integrity/v1", "https://www.w3.org/ns/did/v1"]

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"to": "as:Public", "mediaType": "text/html", "contentMap": {"en": made["content"]}}
        for name in ("cc", "tag", "attachment"):
            if len(made[name]) == 1:
                made[name] = made[name][0]
        return made

    def attachment(self, media: Media) -> JSON:
        return {**super().attachment(media), "type": "Image", "width": 640, "height": 480}

    def quoting(self, uri: str, text: str) -> JSON:
        return self.note(text, quote=uri, quoteUrl=uri)
