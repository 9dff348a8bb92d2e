"""Parsers of remote documents raise nothing but what they declare, and take a bounded time, whatever comes.

Seeds are documents of real servers, with one part after the other replaced by something that does not belong there.
"""

import copy
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Gone, Rejected
from federation.vocab import (
    activity,
    actor,
    attachment,
    audience,
    collection,
    consent,
    featured,
    interaction,
    normalise,
    note,
    quote,
    reaction,
    tag,
    treatment,
)

ROOT = Path(__file__).parent.parent / "interop" / "payloads"
SEEDS = sorted(ROOT.rglob("*.json"))
JSON = dict[str, Any]

PARSERS: tuple[Callable[[JSON], object], ...] = (
    activity.parse,
    activity.arrived,
    lambda doc: reaction.parse(activity.parse(doc)),
    actor.parse,
    note.parse,
    collection.parse,
    consent.parse,
    featured.parse,
    featured.parse_item,
    quote.parse_policy,
    lambda doc: interaction.policy(doc, "canReply"),
    lambda doc: tag.parse(doc.get("tag")),
    lambda doc: attachment.parse(doc.get("attachment")),
    lambda doc: audience.addresses(doc.get("to")),
    treatment.classify,
)
# One parser must not take longer than this for what an inbox accepts, on a machine that does other things too.
MOST_SECONDS = 5.0

wrong = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["\0", "\ud800", "javascript:alert(1)", "http://[", "https://a.test/\0", ":", "@", "P1Y", "9" * 400]
    ),
    st.just([]),
    st.just({}),
    st.just([[[[{}]]]]),
    st.just({"type": ["Note", None, 7], "id": {"id": {"href": []}}}),
    st.lists(st.one_of(st.none(), st.integers(), st.text(max_size=3)), max_size=3),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    for key, each in list(value.items()) if isinstance(value, dict) else list(enumerate(value)):
        yield value, key
        if isinstance(each, dict | list):
            yield from places(each)


def survive(document: JSON) -> None:
    for parse in PARSERS:
        try:
            parse(document)
        except (Rejected, Gone):
            pass


@given(st.sampled_from(SEEDS), st.data())
def test_real_documents_with_wrong_parts_raise_nothing_else(seed: Path, data: st.DataObject) -> None:
    document = normalise.loads(seed.read_bytes())
    for _ in range(data.draw(st.integers(min_value=1, max_value=4))):
        found = list(places(document))
        container, key = data.draw(st.sampled_from(found))
        container[key] = copy.deepcopy(data.draw(wrong))
    survive(document)
    if isinstance(document.get("object"), dict):
        survive(document["object"])


@given(st.text(max_size=40), st.one_of(st.none(), st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=9)))))
def test_whatever_is_given_as_a_reaction(content: str, tags: Any) -> None:
    document = {
        "type": "Like",
        "actor": "https://a.test/1",
        "object": "https://b.test/1",
        "content": content,
        "tag": tags,
    }
    found = reaction.parse(activity.parse(document))
    assert found is None or 0 < len(found.name) <= 200


BOMBS: dict[str, Any] = {
    "tags": {"tag": [{"type": "Hashtag", "name": f"#{n}x"} for n in range(20_000)]},
    "mentions": {"tag": [{"type": "Mention", "href": f"https://a.test/{n}"} for n in range(20_000)]},
    "attachments": {"attachment": [{"type": "Image", "url": f"https://a.test/{n}.png"} for n in range(15_000)]},
    "addresses": {"to": [f"https://a.test/{n}" for n in range(40_000)]},
    "options": {"type": "Question", "oneOf": [{"type": "Note", "name": str(n)} for n in range(30_000)]},
    "open elements": {"content": "<b>" * 300_000},
    "nested lists": {"content": "<ul><li>" * 100_000},
    "attributes": {"content": "<a " + "x=1 " * 200_000 + ">"},
    "entities": {"content": "&amp;" * 190_000},
    "brackets": {"content": "<" * 900_000, "summary": "<" * 50_000, "name": "<" * 20_000},
    "colons": {"content": ":" * 400_000, "name": "@" * 400_000},
    "links": {"content": '<a href="https://a.test/">x</a>' * 30_000},
    "markdown": {"mediaType": "text/markdown", "content": "[" * 200_000 + "*" * 200_000 + "`" * 100_000},
    "languages": {"content": "x", "contentMap": {f"l{n}": "x" for n in range(40_000)}},
    "policies": {"interactionPolicy": {"canReply": {"always": [f"https://a.test/{n}" for n in range(30_000)]}}},
}


@pytest.mark.parametrize("name", BOMBS)
def test_large_documents_take_a_bounded_time(name: str) -> None:
    base = {"id": "https://a.test/1", "type": "Note", "attributedTo": "https://a.test/u", "content": "x"}
    document = normalise.loads(orjson.dumps({**base, **BOMBS[name]})[: 1 << 30])
    started = time.process_time()
    survive(document)
    assert time.process_time() - started < MOST_SECONDS
