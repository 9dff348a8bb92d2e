"""BookWyrm (facts: bookwyrm/signatures.py and bookwyrm/views/inbox.py at db40a61c9)."""

from typing import Any

from tests.interop import signatures
from tests.interop.peer import JSON, Media, Peer
from tests.support.servers import Person


class BookWyrm(Peer):
    software = "BookWyrm"
    host = "books.test"
    can = Peer.can - {"poll", "vote", "report", "edit", "whisper"} | {"move"}
    actor_path = "/user/{name}"
    seconds = 300
    reads_query = False
    covered = ("(request-target)", "host", "date", "digest")
    form = 'keyId="{key_id}",algorithm="rsa-sha256",headers="{covered}",signature="{signature}"'

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, warning=warning, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"summary": warning or "", "name": None, "inReplyTo": reply_to}
        made["replies"] = {"id": f"{made['id']}/replies", "type": "OrderedCollection", "totalItems": 0}
        return made

    def specials(self, person: Person) -> list[JSON]:
        book = self.at("/book/1/s/a-book")
        return [
            self.note("something special", type="Review", name="Review of a book", inReplyToBook=book, rating=4.5),
            self.note("something special", type="Quotation", quote="<p>a line of it</p>", inReplyToBook=book),
        ]

    def curiosities(self, person: Person, post: str) -> list[JSON]:
        item = {"id": self.next("items"), "type": "ShelfItem", "actor": self.actor["id"], "book": self.at("/book/1")}
        return [self.activity("Add", item, target=f"{self.actor['id']}/shelf/to-read")]

    def parse(self, header: str) -> dict[str, str]:
        return signatures.naive(header)
