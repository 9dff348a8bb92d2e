"""The linter of what we send finds what it is there for."""

from typing import Any

import orjson
import pytest

from federation.vocab.context import wrap
from tests.support import outbound_lint

ALICE, BOB = "https://a.test/users/alice", "https://b.test/users/bob"
POST = f"{ALICE}/statuses/1"


def create(**changes: Any) -> dict[str, Any]:
    note = {
        "id": POST, "type": "Note", "attributedTo": ALICE, "to": [outbound_lint.PUBLIC], "cc": [],
        "published": "2026-06-01T12:30:15Z", "sensitive": False, "tag": [], "attachment": [], "content": "<p>hi</p>",
        "url": "https://a.test/@a/1",
        **changes,
    }  # fmt: skip
    note = {name: value for name, value in note.items() if value != "absent"}
    return wrap(
        {
            "id": f"{POST}/activity",
            "type": "Create",
            "actor": ALICE,
            "to": [outbound_lint.PUBLIC],
            "cc": [],
            "published": "2026-06-01T12:30:15Z",
            "object": note,
        }
    )


def faults(document: Any) -> list[str]:
    return list(outbound_lint.document(orjson.dumps(document)))


def test_a_proper_post_has_no_faults() -> None:
    assert faults(create()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"to": outbound_lint.PUBLIC},
        {"to": ["as:Public"]},
        {"cc": None},
        {"bto": [BOB]},
        {"content": None},
        {"content": "absent"},
        {"contentMap": {"en": "<p>other</p>"}},
        {"summary": ""},
        {"sensitive": "absent"},
        {"tag": "absent"},
        {"attachment": {"type": "Document"}},
        {"attachment": [{"type": "Image", "mediaType": "image/png", "url": POST, "name": "", "summary": ""}]},
        {"attachment": [{"type": "Document", "url": "https://a.test/1", "name": "", "summary": ""}]},
        {"tag": [{"type": "Mention", "href": BOB, "name": "@bob@b.test"}]},
        {"type": ["Note"]},
        {"type": "Article"},
        {"id": f"{POST}#fragment"},
        {"id": "https://b.test/users/bob/statuses/1"},
        {"id": "http://a.test/users/alice/statuses/1"},
        {"attributedTo": [ALICE]},
        {"inReplyTo": {"id": POST}},
        {"url": [POST]},
        {"published": "2026-06-01T12:30:15.123Z"},
        {"updated": "2026-06-01T12:30:15Z"},
        {"notInTheContext": 1},
        {"width": 1.5},
        {"source": {"a": {"b": {"c": {"d": {"e": {}}}}}}},
        {"content": "x" * 60_000},
    ],
    ids=str,
)  # fmt: skip
def test_each_fault_is_found(changes: dict[str, Any]) -> None:
    assert faults(create(**changes))


def test_documents_that_are_no_json_objects_of_ours_are_faults() -> None:
    assert faults([])
    assert faults({**create(), "@context": outbound_lint.AS2})
    assert faults({**create(), "@context": [outbound_lint.AS2, {"Emoji": "toot:Emoji"}]})
    assert list(outbound_lint.document(b'{"type": "Note", "type": "Note"}'))
