"""Quotes as those make them who ask first (FEP-044f)."""

from typing import Any, ClassVar

from tests.interop.listener import JSON, PUBLIC
from tests.interop.peer import Media, Peer
from tests.support.servers import Person


class Consenting(Peer):
    """Its posts say who may quote them, it asks before it quotes, and looks at the stamp it gets."""

    reads_quotes: ClassVar[tuple[str, ...]] = ("quote",)

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        more.setdefault("interactionPolicy", {"canQuote": {"automaticApproval": [PUBLIC]}})
        return super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)

    def quoting(self, uri: str, text: str) -> JSON:
        return self.note(text, quote=uri)

    def quote(self, uri: str, text: str) -> list[JSON]:
        note = self.quoting(uri, text)
        return [self.create(note), self.activity("QuoteRequest", uri, instrument=note)]

    async def hear(self, activity: JSON) -> None:
        obj = activity["object"]
        if activity["type"] == "QuoteRequest":
            instrument = activity["instrument"]
            note = await self.fetch(instrument) if isinstance(instrument, str) else instrument
            stamp = self.stamp(note["id"], obj)
            self.say(self.accept({**activity, "instrument": note["id"]}, result=stamp["id"]))
        elif activity["type"] == "Accept" and obj["type"] == "QuoteRequest":
            await self._accepted(activity)
        else:
            await super().hear(activity)

    def stamp(self, quoting: str, quoted: str) -> JSON:
        return self.serve({
            "@context": self.context(), "id": self.next("stamps"), "type": "QuoteAuthorization",
            "attributedTo": self.actor["id"], "interactingObject": quoting, "interactionTarget": quoted,
        })  # fmt: skip

    async def _accepted(self, activity: JSON) -> None:
        """The stamp says what it should: the post is shown with it to everybody."""
        request = activity["object"]
        stamp = await self.fetch(activity["result"])
        instrument = request.get("instrument")
        (note,) = [
            each for each in self.documents.values()
            if each.get("quote") == request["object"] and each["id"] == (instrument or each["id"])
        ]  # fmt: skip
        right = ("QuoteAuthorization", activity["actor"], note["id"], request["object"])
        names = ("type", "attributedTo", "interactingObject", "interactionTarget")
        if tuple(stamp[name] for name in names) != right:
            self.refused.append(f"a stamp for something else: {stamp}")
        changed = self.serve({**note, "quoteAuthorization": stamp["id"]})
        self.say(self.activity("Update", changed, to=note["to"], cc=note["cc"]))
