"""What a document says does not depend on how it is written: one value or a list of one, an id or an object with it,
names with prefixes or without, plain values or typed ones. Tried on what other implementations are known to send."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from federation.errors import Gone, Rejected
from federation.vocab import activity, actor, note, treatment, types
from federation.vocab.normalise import AS2, JSON
from tests.federation.test_vocab_payloads import ROWS, read

NOW = datetime(2026, 8, 1, tzinfo=UTC)
UNTOUCHED = {"@context", "proof", "signature"}
ADDRESSES = set(
    """
    actor object attributedTo to cc inReplyTo target origin instrument audience movedTo alsoKnownAs followers following
    featured outbox inbox replies likes shares first last next prev partOf conversation context sharedInbox quote
    quoteUrl quoteUri _misskey_quote href result
    """.split()
)
VALUES = set(
    "content summary name published updated mediaType preferredUsername sensitive totalItems width height".split()
)
TERMS = (ADDRESSES - {"featured", "conversation", "quote", "quoteUrl", "quoteUri", "_misskey_quote"}) | set(
    """
    content summary name published updated tag attachment url icon image mediaType startTime endTime oneOf anyOf closed
    totalItems items orderedItems preferredUsername endpoints sensitive width height duration location source preview
    generator
    """.split()
)
TYPES = (
    types.ACTIVITIES
    | types.COLLECTIONS
    | {"Note", "Article", "Page", "Question", "Person", "Group", "Service", "Mention"}
)
TYPES -= {"EmojiReact", "Lock", "Warn", "Bite"}


def everywhere(change: Callable[[str, Any], Any]) -> Callable[[Any], Any]:
    """The same change to every property, from the inside out."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: item if name in UNTOUCHED else change(name, walk(item)) for name, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    return walk


def renamed(rename: Callable[[str], str], types_too: str = "") -> Callable[[Any], Any]:
    """Other names of properties, and prefixes of types."""

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            rename(name): item if name in UNTOUCHED else prefixed(item) if name == "type" else walk(item)
            for name, item in value.items()
        }

    def prefixed(kind: Any) -> Any:
        if isinstance(kind, list):
            return [prefixed(each) for each in kind]
        return types_too + kind if isinstance(kind, str) and kind in TYPES else kind

    return walk


def _flat(_name: str, value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list) else value


def _listed(name: str, value: Any) -> Any:
    return value if isinstance(value, list) or value is None or name.endswith("Map") else [value]


def _named(name: str, value: Any) -> Any:
    if name not in ADDRESSES:
        return value
    made = [{"id": each} if isinstance(each, str) else each for each in (value if isinstance(value, list) else [value])]
    return made if isinstance(value, list) else made[0]


def _with_nulls(name: str, value: Any) -> Any:
    return [None, *value, None] if isinstance(value, list) and name != "focalPoint" else value


def _typed(name: str, value: Any) -> Any:
    return {"@value": value} if name in VALUES and isinstance(value, str | int | float) and value != "" else value


SPELLINGS: dict[str, Callable[[Any], Any]] = {
    "single values": everywhere(_flat),
    "lists": everywhere(_listed),
    "objects for ids": everywhere(_named),
    "nulls": everywhere(_with_nulls),
    "typed values": everywhere(_typed),
    "as:": renamed(lambda name: f"as:{name}" if name in TERMS else name, "as:"),
    "full names": renamed(lambda name: f"{AS2}#{name}" if name in TERMS else name, f"{AS2}#"),
    "keywords": renamed(lambda name: {"id": "@id", "type": "@type"}.get(name, name)),
}


def understood(document: JSON) -> str:
    """All that we take from a document."""
    made = [str(treatment.classify(document))]
    inner: JSON = document
    try:
        envelope = activity.parse(document)
        fields = (envelope.id, envelope.actor, envelope.to, envelope.cc, envelope.published, envelope.content)
        made += [repr(fields), *(f"{ref.id} {ref.type}" for ref in envelope.objects)]
        inner = envelope.object.doc if envelope.object is not None and envelope.object.doc else document
    except Rejected:
        pass
    for parse in (lambda doc: note.parse(doc, fallback="urn:x", now=NOW), actor.parse):
        try:
            parsed = parse(inner)
        except (Rejected, Gone):
            continue
        made += [repr(getattr(parsed, name)) for name in parsed.__struct_fields__ if name not in ("raw", "can_quote")]
    # What lies too far ahead is brought near, counted from the moment of reading.
    return re.sub(r"datetime\(20[3-9][0-9][^)]*\)", "", "\n".join(made))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_same_in_another_spelling_is_the_same(spelling: str) -> None:
    spell = SPELLINGS[spelling]
    different = []
    for row in ROWS:
        document = read(row["file"])
        if understood(spell(document)) != understood(document):
            different.append(row["file"])
    assert different == []
