"""Mbin (facts: src/Service/ActivityPub, src/MessageHandler/ActivityPub, and its snapshots of what it sends)."""

from datetime import UTC, datetime
from typing import Any

from tests.interop.community import Community
from tests.interop.peer import AS2, JSON, SECURITY


class Mbin(Community):
    software = "Mbin"
    host = "mbin.test"
    group_path = "/m/{name}"
    shared_inbox = "/f/inbox"
    # A magazine boosts what was written in it, answers too.
    can = Community.can
    wants_signed = frozenset({"(request-target)", "host", "date", "digest"})

    def context(self) -> Any:
        return [AS2, SECURITY, self.at("/contexts")]

    def next(self, kind: str) -> str:
        return self.at(f"/f/object/{next(self._numbers):012x}")

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

    def written(self, text: str, **more: Any) -> JSON:
        made = super().written(text, **more)
        made |= {"inReplyTo": made.get("inReplyTo"), "contentMap": {"en": made["content"]}, "commentsEnabled": True}
        made |= {"cc": [f"{self.member['id']}/followers", *made["cc"]], "stickied": False}
        return made

    def publishes(self, note: JSON) -> list[JSON]:
        return [self.announce(self.create(note)), self.announce(note["id"])]
