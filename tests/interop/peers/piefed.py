"""PieFed (facts: its documentation of posts and communities as objects; tootik's notes on app/activitypub/util.py)."""

from typing import Any

from tests.interop.community import Community
from tests.interop.peer import JSON


class PieFed(Community):
    software = "PieFed"
    host = "piefed.test"
    can = Community.can

    def written(self, text: str, **more: Any) -> JSON:
        made = super().written(text, **more)
        made |= {"language": {"identifier": "en", "name": "English"}, "commentsEnabled": True, "stickied": False}
        return made

    def by(self, actor: JSON, kind: str, obj: Any, **more: Any) -> JSON:
        # Some of its votes have no address at all.
        made = super().by(actor, kind, obj, **more)
        if kind in {"Like", "Dislike"}:
            del made["to"], made["cc"]
        return made
