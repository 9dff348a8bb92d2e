"""Answers beside recorded ones of a real Mastodon 4.6.4: the same keys, values of the same JSON types.

`facts/golden_shapes.json` holds the shapes of the recordings.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import checker
from tests.support.routes import nameless
from tests.support.servers import Node
from tests.support.walk import Walk

Shape = Any  # what the file holds: a word like "string|null", "Account", a list of one shape, or shapes by key

FACTS: dict[str, dict[str, Shape]] = json.loads((Path(__file__).parent / "facts" / "golden_shapes.json").read_text())
# Null is documented where the recording happened to have a value.
NULLABLE = {
    "application", "blurhash", "card", "contact_account", "description", "edited_at", "image", "in_reply_to_account_id",
    "in_reply_to_id", "language", "last_status", "last_status_at", "poll", "posting:default:language",
    "privacy_policy", "published_at", "quote", "quote_approval_policy", "reblog", "votes_count", "voters_count",
    "website",
}  # fmt: skip
# Keys of ours that the recording has not. The first are documented, then comes what clients of other servers read,
# and last the alerts of a push subscription that was not asked for all of them.
MORE = {"blurhash", "category", "moved", "suspended", "limited", "memorial", "description_limit", "max_toot_chars",
        "supported_mime_types", "content_type", "upstream", "partial_accounts", "poll",
        "fedi", "update", "quote", "quoted_update", "admin.sign_up", "admin.report", "added_to_collection",
        "collection_update", "collection", "collections",
        "reactions", "emoji_reactions", "emoji", "emoji_url"}  # fmt: skip

_RECORDED: dict[str, dict[str, Shape]] = {
    nameless(operation): answers for operation, answers in FACTS["operations"].items()
}
FLAGGED = ("Status", "Poll", "Tag")


def recorded(operation: str) -> dict[str, Shape]:
    """The shape of each answer that was recorded of an operation, by status code; parameters may have other names."""
    return _RECORDED.get(nameless(operation), {})


def succeeded(operation: str) -> bool:
    """Whether an answer of success was recorded that is to be compared."""
    return any(int(status) < 300 for status in recorded(operation))


def differences(shape: Shape, value: object, path: str) -> Iterator[str]:
    if isinstance(shape, str) and shape.split("|")[0] in FACTS["entities"]:
        entity, *others = shape.split("|")
        if value is None:
            yield from _nothing(path, allowed="null" in others)
            return
        yield from differences(FACTS["entities"][entity], value, f"{path}<{entity}>")
    elif isinstance(shape, str):
        yield from _scalar(set(shape.split("|")), value, path)
    elif isinstance(shape, list):
        yield from _list(shape, value, path)
    elif value is None:
        yield from _nothing(path, allowed="|" in shape)
    elif not isinstance(value, dict):
        yield f"{path}: {_kind(value)} instead of an object"
    else:
        yield from _object(shape, value, path)


def _nothing(path: str, *, allowed: bool) -> Iterator[str]:
    if not allowed and path.rpartition(".")[2] not in NULLABLE:
        yield f"{path}: null"


def _scalar(recorded: set[str], value: object, path: str) -> Iterator[str]:
    kind = _kind(value)
    if kind in recorded or recorded == {"null"} or (kind == "int" and "number" in recorded):
        return
    if kind == "null":
        yield from _nothing(path, allowed=False)
    else:
        yield f"{path}: {kind} instead of {'|'.join(sorted(recorded))}"


def _list(shape: list[Shape], value: object, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{path}: {_kind(value)} instead of a list"
        return
    for each in value if shape else ():
        yield from differences(shape[-1], each, f"{path}[]")


def _object(shape: dict[str, Shape], value: dict[str, object], path: str) -> Iterator[str]:
    recorded = {key.removesuffix("?"): each for key, each in shape.items() if key != "|"}
    for key in recorded.keys() - value.keys():
        if key in shape:
            yield f"{path}.{key} is missing"
    for key, each in value.items():
        if key in recorded:
            yield from differences(recorded[key], each, f"{path}.{key}")
        elif key not in MORE:
            yield f"{path}.{key} is ours alone"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "a list"
    return "an object"


class Comparing(Walk):
    """Each answer is also held beside the recording of its operation."""

    def __init__(self, server: Node) -> None:
        super().__init__(server, "json")
        self.compared = Counter[str]()

    def judge(self, method: str, path: str, response: Any, *, user: bool | None = None) -> Any:
        answer = super().judge(method, path, response, user=user)
        operation = checker.find(method, path) or ""
        # What waits was recorded where it is looked at, what is published where it is written.
        waits = operation == "POST /api/v1/statuses" and isinstance(answer, dict) and "scheduled_at" in answer
        shapes = recorded("GET /api/v1/scheduled_statuses/:id" if waits else operation)
        shape = shapes.get(str(response.status_code))
        # The recordings are a person's: what is answered to nobody lacks the flags of a viewer.
        if shape is not None and (user is not False or not any(each in str(shape) for each in FLAGGED)):
            self.compared[operation] += 1
            assert (found := list(differences(shape, answer, operation))) == [], found
        return answer
