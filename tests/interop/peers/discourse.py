"""A category of Discourse with its plugin (facts: app/models and signature_verification.rb of the plugin)."""

from typing import Any

from tests.interop.community import Community
from tests.interop.peer import JSON


class Discourse(Community):
    software = "Discourse"
    host = "discourse.test"
    can = Community.can - {"dislike", "moderate"}
    group_path = "/ap/actor/797217cf18c0e819dfafc52425590146"
    member_path = "/ap/actor/{name}97cf18c0e819dfafc5242559014"
    opening_type = "Note"
    shared_inbox = None
    seconds = 3600
    covered = ("(request-target)", "host", "date", "digest", "content-type")

    def next(self, kind: str) -> str:
        return self.at(f"/ap/object/{next(self._numbers):032x}")

    def written(self, text: str, **more: Any) -> JSON:
        made = super().written(text, **more)
        # A topic is a collection, and the context of what stands in it.
        return made | {"context": self.at("/ap/collection/5d2b59eebf90"), "updated": None}
