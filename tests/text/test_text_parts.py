"""Mentions, hashtags, addresses, emoji, languages and length, each by its own rules."""

import pytest

from fedi.text import compose, counting, emoji, language, mentions, tags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@alice", [("alice", None)]),
        ("@Alice_1.", [("alice_1", None)]),
        (".@alice, hi", [("alice", None)]),
        ("(@alice)", [("alice", None)]),
        ("@a.b-c", [("a.b-c", None)]),
        ("@alice@example.org.", [("alice", "example.org")]),
        ("@alice@example.org: hi", [("alice", "example.org")]),
        ("@alice@b.localhost:8001/x", [("alice", "b.localhost:8001")]),
        ("@alice@BÜCHER.example", [("alice", "xn--bcher-kva.example")]),
        ("@alice@しま.テスト", [("alice", "xn--68j1d.xn--zckzah")]),
        ("@alice@", [("alice", None)]),
        ("@alice @bob", [("alice", None), ("bob", None)]),
        ("me@example.org", []),
        ("/@alice", []),
        ("@", []),
        ("@ alice", []),
        ("@алиса", []),
        ("@" + "a" * 300, []),
    ],
)
def test_mentions(text: str, expected: list[mentions.Handle]) -> None:
    assert compose.extract(text).mentions == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#tag", ["tag"]),
        ("＃tag", ["tag"]),
        ("#tag, #other.", ["tag", "other"]),
        ("(#tag)", ["tag"]),
        ("#foo-bar", ["foo"]),
        ("#2024", []),
        ("#2024年", ["2024年"]),
        ("#2024_25", ["2024_25"]),
        ("#_", []),
        ("#a·b・c", ["a·b・c"]),
        ("#a·", ["a"]),
        ("#·a", []),
        ("#日本語タグ", ["日本語タグ"]),
        ("#हिन्दी", ["हिन्दी"]),
        ("#नमस्ते!", ["नमस्ते"]),
        ("a#b", []),
        ("#a#b", ["a"]),
        ("##a", []),
        ("&#39;", []),
        ("/#a", []),
        ("#", []),
    ],
)
def test_hashtags(text: str, expected: list[str]) -> None:
    assert compose.extract(text).hashtags == expected


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Montréal", "montreal"),
        ("ＴＡＧ", "tag"),
        ("STRAẞE", "straße"),
        ("Łódź", "lodz"),
        ("ガンダム", "ガンダム"),
        ("й", "й"),
    ],
)
def test_two_spellings_of_a_tag_have_one_name(typed: str, name: str) -> None:
    assert tags.normalise(typed) == name
    assert tags.normalise(name) == name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://a.test.", ["https://a.test"]),
        ("see https://a.test/x, ok", ["https://a.test/x"]),
        ("https://a.test/?q=1!", ["https://a.test/?q=1"]),
        ("https://a.test/?q=YQ==", ["https://a.test/?q=YQ=="]),
        ("(https://en.wikipedia.org/wiki/Foo_(bar))", ["https://en.wikipedia.org/wiki/Foo_(bar)"]),
        ("https://a.test/x(y", ["https://a.test/x"]),
        ("[https://a.test/x]", ["https://a.test/x"]),
        ("https://a.test/x[1]", ["https://a.test/x[1]"]),
        ('"https://a.test/x"', ["https://a.test/x"]),
        ("HTTPS://A.test/X", ["HTTPS://A.test/X"]),
        ("https://a.test:8443/x", ["https://a.test:8443/x"]),
        ("https://bücher.example/ä", ["https://bücher.example/ä"]),
        ("これはhttps://a.test/です。", ["https://a.test/です"]),
        ("見て https://a.test/x。", ["https://a.test/x"]),
        ("gemini://a.test/x", ["gemini://a.test/x"]),
        ("https://127.0.0.1/x", ["https://127.0.0.1/x"]),
        ("http://localhost:3000/x", ["http://localhost:3000/x"]),
        ("https://nodots", []),
        ("https://", []),
        ("https://user:pw@a.test/", []),
        ("javascript://a.test/%0aalert(1)", []),
        ("example.org", []),
        ("xhttps://a.test", []),
    ],
)
def test_addresses(text: str, expected: list[str]) -> None:
    assert compose.extract(text).urls == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":blob:", ["blob"]),
        ("a :blob: b :cat_2:.", ["blob", "cat_2"]),
        (":blob: :blob:", ["blob"]),
        ("a:blob:", []),
        (":blob:a", []),
        ("::blob::", []),
        ("12:30:45", []),
        (":x:", []),
        ("日:blob:", []),
    ],
)
def test_custom_emoji(text: str, expected: list[str]) -> None:
    assert emoji.shortcodes(text) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("a\r\nb", 3),
        ("e\u0301", 1),
        ("👩\u200d👩\u200d👧\u200d👦", 1),
        ("👍🏽", 1),
        ("❤️", 1),
        ("1️⃣", 1),
        ("🇩🇪🇫🇷", 2),
        ("🇩🇪🇫", 2),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 1),
        ("각", 1),
        ("\u1100\u1161\u11a8", 1),
        ("각각", 2),
        ("नि", 1),
        ("日本語", 3),
        ("a\u200db", 2),
    ],
)
def test_graphemes(text: str, count: int) -> None:
    assert counting.graphemes(text) == count


@pytest.mark.parametrize(
    ("text", "spoiler_text", "count"),
    [
        ("https://example.org/" + "x" * 100, "", 23),
        ("https://a.test", "", 23),
        ("@bob@b.test hi", "", 7),
        ("@bob hi", "", 7),
        ("#tag", "", 4),
        ("hello", "careful", 12),
    ],
)
def test_length_of_a_post(text: str, spoiler_text: str, count: int) -> None:
    assert counting.characters(text, spoiler_text) == count


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("en-US", "en"),
        ("eng", "en"),
        ("ger", "de"),
        ("zh-TW", "zh-TW"),
        ("zh_tw", "zh-TW"),
        ("zh-Hant-HK", "zh-TW"),
        ("pt-BR", "pt"),
        ("iw", "he"),
        ("nds", "nds"),
        ("tok", "tok"),
        ("und", None),
        ("mul", None),
        ("xx", None),
        ("english", None),
        ("", None),
        (None, None),
        ("e" * 1000, None),
    ],
)
def test_languages(tag: str | None, code: str | None) -> None:
    assert language.normalise(tag) == code


def test_every_language_is_its_own_normal_form() -> None:
    assert [code for code in language.CODES if language.normalise(code) != code] == []
