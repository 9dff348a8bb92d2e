"""NodeBB 4 (facts: src/activitypub and src/middleware/activitypub.js at ab329b3b4c)."""

import re
from typing import Any

from tests.interop.peer import JSON, Media, Peer
from tests.interop.signatures import Request, Wrong
from tests.support.servers import Person


class NodeBB(Peer):
    software = "NodeBB"
    host = "forum.test"
    can = Peer.can - {"poll", "vote", "warn", "block"}
    actor_path = "/uid/1"
    fetches_signed = False
    refusal = 400
    key_fragment = "#key"

    def note(
        self, text: str, *, warning: str | None = None, media: tuple[Media, ...] = (), reply_to: str | None = None,
        mentions: tuple[Person, ...] = (), **more: Any,
    ) -> JSON:  # fmt: skip
        made = super().note(text, media=media, reply_to=reply_to, mentions=mentions, **more)
        made |= {"updated": made.get("updated"), "summary": None, "inReplyTo": reply_to}
        made |= {"context": self.at("/topic/18563"), "audience": self.at("/category/30")}
        made["source"] = {"content": text, "mediaType": "text/markdown"}
        return made

    def like(self, uri: str) -> JSON:
        return {**super().like(uri), "id": f"{self.actor['id']}#activity/like/{uri}"}

    def check(self, activity: JSON, request: Request) -> None:
        super().check(activity, request)
        if not re.search(r'(^|,)keyId="', request.headers["signature"]):
            raise Wrong("no keyId at the start of a part")
        if isinstance(activity["object"], dict) and isinstance(activity["object"].get("attributedTo"), list):
            raise Wrong("a list of authors")
