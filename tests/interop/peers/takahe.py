"""Takahe (facts: users/views/activitypub.py and core/signatures.py at d45f22c)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop.peer import AS2, JSON, Peer


class Takahe(Peer):
    software = "Takahe"
    host = "takahe.test"
    can = (Peer.can | {"react"}) - {"report", "block"}
    reads_reactions = frozenset({"EmojiReact"})
    actor_path = "/@{name}@takahe.test/"
    refusal = 400
    covered = ("(request-target)", "host", "date", "digest", "content-type")

    def context(self) -> Any:
        return [AS2, {"Emoji": "toot:Emoji", "toot": "http://joinmastodon.org/ns#", "sensitive": "as:sensitive"}]

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def react(self, uri: str, emoji: str) -> JSON:
        return self.activity("http://litepub.social/ns#EmojiReact", uri, content=emoji)
