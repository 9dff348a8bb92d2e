"""A category of NodeBB: its topics begin with articles (facts: src/activitypub at ab329b3b4c)."""

from typing import Any

from tests.interop.community import Community
from tests.interop.peer import JSON


class NodeBBCategory(Community):
    software = "NodeBB"
    host = "category.test"
    can = Community.can - {"dislike"}
    group_path = "/category/30"
    member_path = "/uid/{name}"
    opening_type = "Article"
    fetches_signed = False
    refusal = 400
    key_fragment = "#key"

    def written(self, text: str, **more: Any) -> JSON:
        made = super().written(text, **more)
        made |= {"context": self.at("/topic/18563"), "inReplyTo": made.get("inReplyTo"), "summary": None}
        if not made["inReplyTo"]:
            made["preview"] = {"type": "Note", "attributedTo": made["attributedTo"], "content": made["content"]}
        return made
