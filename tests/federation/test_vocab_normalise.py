"""One shape for every property, whatever JSON holds."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import Gone, Rejected
from federation.vocab import activity, actor, attachment, audience, collection, normalise, note, tag, treatment, types

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

keys = st.sampled_from(
    [
        "id", "type", "@id", "@type", "actor", "object", "content", "contentMap", "name", "summary", "to", "cc", "tag",
        "attachment", "url", "href", "icon", "image", "inReplyTo", "published", "updated", "attributedTo", "oneOf",
        "anyOf", "endTime", "closed", "replies", "likes", "publicKey", "publicKeyPem", "owner", "preferredUsername",
        "inbox", "endpoints", "source", "quote", "mediaType", "focalPoint", "blurhash", "items", "first", "totalItems",
        "generator", "location", "summaryMap", "nameMap", "as:content", "language", "duration", "alsoKnownAs",
    ]
)  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "https://a.test/x",
            "https://b.test/y",
            "as:Public",
            "Public",
            "2026-01-01T00:00:00Z",
            "http://[",
            "PT1S",
            "<p>x",
        ]
    ),
    st.sampled_from(sorted(types.KNOWN)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
    max_leaves=20,
)
documents = st.dictionaries(keys, values, max_size=12)


@given(documents)
def test_no_document_raises_anything_but_rejected_or_gone(document: dict[str, Any]) -> None:
    for parse in (activity.parse, actor.parse, note.parse, collection.parse):
        try:
            parse(document)
        except (Rejected, Gone):
            pass
    str(treatment.classify(document))


@given(documents, st.sampled_from(sorted(types.NATIVE | types.CONVERTED)))
def test_every_post_with_an_id_parses(document: dict[str, Any], kind: str) -> None:
    parsed = note.parse({**document, "id": "https://a.test/1", "type": kind, "@type": None})
    assert parsed.published.tzinfo is UTC
    assert all(isinstance(iri, str) for iri in (*parsed.to, *parsed.cc))
    assert "\0" not in parsed.content + parsed.summary + parsed.title


@given(documents)
def test_every_actor_with_the_necessary_parses(document: dict[str, Any]) -> None:
    necessary = {"id": "https://a.test/1", "type": "Person", "inbox": "https://a.test/in", "preferredUsername": "a"}
    parsed = actor.parse({**document, **necessary, "@type": None, "@id": None})
    assert parsed.name
    assert parsed.url.startswith("http")


@given(st.binary(max_size=200))
def test_bytes_are_an_object_or_rejected(body: bytes) -> None:
    try:
        assert isinstance(normalise.loads(body), dict)
    except Rejected:
        pass


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"null",
        b"{",
        b'{"a":NaN}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 70 + b"]" * 70 + b"}",
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":[' + b"1," * 200_000 + b"1]}",
        b'{"a":"' + b"x" * normalise.MAX_BYTES + b'"}',
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_document_is_rejected(body: bytes) -> None:
    with pytest.raises(Rejected):
        normalise.loads(body)


def test_a_byte_order_mark_is_skipped_and_nul_removed() -> None:
    assert normalise.loads(b'\xef\xbb\xbf{"a\\u0000":["b\\u0000c"]}') == {"a": ["bc"]}


MOMENTS = {
    "2026-05-31T10:20:30Z": "2026-05-31T10:20:30+00:00",
    "2026-05-31T10:20:30.123456789Z": "2026-05-31T10:20:30.123456+00:00",
    "2026-05-31T10:20:30.5+02:00": "2026-05-31T08:20:30.500000+00:00",
    "2026-05-31T10:20:30+0000": "2026-05-31T10:20:30+00:00",
    "2026-05-31T10:20Z": "2026-05-31T10:20:00+00:00",
    "2026-05-31 10:20:30": "2026-05-31T10:20:30+00:00",
    "2026-05-31": "2026-05-31T00:00:00+00:00",
    "2016-12-31T23:59:60Z": "2016-12-31T23:59:59+00:00",
    "1923-01-01T00:00:00Z": "1970-01-01T00:00:00+00:00",
    "0001-01-01T00:00:00+14:00": None,
    "9999-12-31T23:59:59-14:00": None,
    "9999-12-31T23:59:59Z": "2026-06-02T12:00:00+00:00",
    "2026-13-01T00:00:00Z": None,
    "٢٠٢٦-05-31T10:20:30Z": None,
    "2026-05-31T10:20:30Z\n": "2026-05-31T10:20:30+00:00",
    "yesterday": None,
    "": None,
}


@pytest.mark.parametrize(("written", "read"), MOMENTS.items(), ids=repr)
def test_moments(written: str, read: str | None) -> None:
    found = normalise.moment(written, NOW)
    assert (found.isoformat() if found else None) == read


@given(st.text(max_size=40))
def test_no_text_is_a_moment_outside_the_range(text: str) -> None:
    found = normalise.moment(text, NOW)
    assert found is None or datetime(1970, 1, 1, tzinfo=UTC) <= found <= NOW + timedelta(days=1)


def test_scalars_are_coerced() -> None:
    written: list[Any] = ["true", "FALSE", 1, None, [True], "x", {}]
    assert [normalise.boolean(value) for value in written] == [
        True, False, True, None, True, None, None,
    ]  # fmt: skip
    assert [normalise.count(v) for v in ("12", -3, 1e300, "٣", None, True)] == [12, 0, 2**31 - 1, None, None, None]
    for endless in (float("inf"), float("-inf"), float("nan"), 10**400):
        assert (normalise.number(endless), normalise.count(endless), normalise.duration(endless)) == (None, None, None)
    assert [normalise.duration(v) for v in ("PT1M30.5S", "P1DT1H", 12, "x", "PT")] == [90.5, 90000.0, 12.0, None, 0.0]


def test_iris_are_found_in_every_shape_and_left_as_they_are() -> None:
    shapes: list[Any] = [
        "https://a.test/ä?b#c",
        {"id": "https://a.test/ä?b#c"},
        {"@id": "https://a.test/ä?b#c"},
        {"type": "Link", "href": "https://a.test/ä?b#c"},
        [None, "", "not an iri", {"id": None}, ["https://a.test/ä?b#c"], "https://b.test/"],
    ]
    assert {normalise.iri(shape) for shape in shapes} == {"https://a.test/ä?b#c"}
    assert normalise.iri("urn:uuid:1") == "urn:uuid:1"
    assert normalise.iri("https://a.test/" + "x" * 3000) is None


def test_hosts_are_compared_parsed() -> None:
    assert normalise.host("https://A.test:443/x") == "a.test"
    assert normalise.host("https://bücher.test/") == "xn--bcher-kva.test"
    assert normalise.host("https://a.test:8443/x") == "a.test:8443"
    for odd in ("https://user@a.test/", "urn:x", "https://", "https://a.test:99999/", "http://[::1", None):
        assert normalise.host(odd) is None
    assert not normalise.same_host(None, None)
    assert not normalise.same_host("urn:a", "urn:a")


def test_prefixes_and_keywords_are_stripped_and_plain_names_win() -> None:
    document = {"@type": "as:Note", "as:content": "prefixed", "content": "plain", "toot:votersCount": 3}
    assert normalise.properties(document) == {"type": "as:Note", "content": "plain", "votersCount": 3}
    assert types.primary({"type": ["https://x.test/ns#Odd", "https://www.w3.org/ns/activitystreams#Note"]}) == "Note"


def test_every_spelling_of_public_becomes_one() -> None:
    for spelling in ("as:Public", "Public", audience.PUBLIC, {"id": "as:Public"}, ["Public", "as:Public"]):
        assert audience.addresses(spelling) == (audience.PUBLIC,)


FOLLOWERS = "https://a.test/u/followers"


@pytest.mark.parametrize("level", ["public", "unlisted", "private", "direct"])
@pytest.mark.parametrize("mentioned", [(), ("https://b.test/u",), ("https://b.test/u", "https://c.test/v")])
def test_audience_and_visibility_are_inverse(level: audience.Visibility, mentioned: tuple[str, ...]) -> None:
    made = audience.audience(level, FOLLOWERS, mentioned)
    assert audience.visibility(made.to, made.cc, FOLLOWERS) == level
    assert set(mentioned) <= {*made.to, *made.cc}


def test_followers_count_wherever_they_are_and_however_they_are_known() -> None:
    assert audience.visibility((), (FOLLOWERS,), FOLLOWERS) == "private"
    assert audience.visibility((FOLLOWERS,), (), None, author="https://a.test/u") == "private"
    assert audience.visibility((FOLLOWERS,), (), None, author="https://b.test/u") == "direct"


def test_hashtags_are_words() -> None:
    assert tag.hashtag_name("#Hello") == "Hello"
    assert tag.hashtag_name("＃ｆｕｌｌ") == "full"
    assert tag.hashtag_name("Grüße-aus") == "Grüßeaus"
    assert [tag.hashtag_name(name) for name in ("#", "#2026", "#❤️", "#__", "")] == [None] * 5


def test_a_blurhash_must_have_the_length_it_claims() -> None:
    good = "LEHV6nWB2yk8pyo0adR*.7kCMdnj"
    image = {"type": "Image", "url": "https://a.test/x.png", "blurhash": good}
    found = attachment.parse_one(image)
    assert found is not None
    assert found.blurhash == good
    for bad in ("~" + good[1:], good[:-1], "L" * 6, "<script>", ""):
        found = attachment.parse_one({**image, "blurhash": bad})
        assert found is not None
        assert found.blurhash is None


def test_documents_survive_a_round_trip_through_the_encoder() -> None:
    document = {"id": "https://a.test/1", "type": "Note", "content": "é"}
    assert normalise.loads(orjson.dumps(document)) == json.loads(json.dumps(document))
