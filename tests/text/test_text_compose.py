"""Typed text becomes the HTML that clients expect, character for character."""

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from selectolax.lexbor import LexborHTMLParser

from fedi.text import compose, counting, spans
from fedi.text.compose import MARKDOWN, Person

ALICE = Person("alice", "alice", "https://a.test/@alice")
BOB = Person("bob", "bob@b.test", "https://b.test/@bob")
BOTH = {("alice", None): ALICE, ("bob", "b.test"): BOB}


def tag_url(name: str) -> str:
    return f"https://a.test/tags/{quote(name)}"


def html(
    text: str, people: dict[tuple[str, str | None], Person] | None = None, content_type: str = "text/plain"
) -> str:
    return compose.render(text, content_type=content_type, mentions=BOTH if people is None else people, tag_url=tag_url)


def mention(url: str, name: str) -> str:
    return f'<span class="h-card" translate="no"><a href="{url}" class="u-url mention">@<span>{name}</span></a></span>'


def link(url: str, head: str, shown: str, rest: str = "", rel: str = "nofollow noopener") -> str:
    return (
        f'<a href="{url}" target="_blank" rel="{rel}" translate="no"><span class="invisible">{head}</span>'
        f'<span class="{"ellipsis" if rest else ""}">{shown}</span><span class="invisible">{rest}</span></a>'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("one", "<p>one</p>"),
        ("one\ntwo", "<p>one<br />two</p>"),
        ("one\r\ntwo\rthree", "<p>one<br />two<br />three</p>"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("one\n\n\n\ntwo\n", "<p>one</p><p>two</p>"),
        ('it\'s <b> & "c"', "<p>it&#39;s &lt;b&gt; &amp; &quot;c&quot;</p>"),
        (":blob: stays", "<p>:blob: stays</p>"),
    ],
)
def test_paragraphs_and_lines(text: str, expected: str) -> None:
    assert html(text) == expected


def test_a_mention_links_to_the_url_of_the_account_without_its_domain() -> None:
    assert html("hi @Bob@B.test!") == f"<p>hi {mention(BOB.url, 'bob')}!</p>"


def test_namesakes_are_told_apart_by_domain() -> None:
    other = Person("alice", "alice@b.test", "https://b.test/@alice")
    found = html("@alice @alice@b.test", {("alice", None): ALICE, ("alice", "b.test"): other})
    assert found == f"<p>{mention(ALICE.url, 'alice')} {mention(other.url, 'alice@b.test')}</p>"


def test_one_person_by_two_handles_is_no_namesake() -> None:
    assert (
        html("@alice", {("alice", None): ALICE, ("alice", "a.test"): ALICE}) == f"<p>{mention(ALICE.url, 'alice')}</p>"
    )


def test_an_unknown_handle_stays_text() -> None:
    assert html("hi @nobody@b.test") == "<p>hi @nobody@b.test</p>"


def test_a_hashtag_links_to_its_normal_name_and_shows_the_typed_one() -> None:
    expected = '<a href="https://a.test/tags/montreal" class="mention hashtag" rel="tag">#<span>Montréal</span></a>'
    assert html("#Montréal") == f"<p>{expected}</p>"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.org/", link("http://example.org/", "http://", "example.org/")),
        (
            "https://www.youtube.com/watch?v=FAEKjYroiME",
            link("https://www.youtube.com/watch?v=FAEKjYroiME", "https://www.", "youtube.com/watch?v=FAEKjYroiME"),
        ),
        (
            "http://localhost:3000/@mastodonpy_test/117020583073249915",
            link(
                "http://localhost:3000/@mastodonpy_test/117020583073249915",
                "http://",
                "localhost:3000/@mastodonpy_tes",
                "t/117020583073249915",
            ),
        ),
        ("https://a.test/?a=1&b='", link("https://a.test/?a=1&amp;b=", "https://", "a.test/?a=1&amp;b=") + "&#39;"),
    ],
)
def test_an_address_is_cut_after_thirty_characters(url: str, expected: str) -> None:
    assert html(url) == f"<p>{expected}</p>"


def test_a_field_is_one_line_and_claims_its_links() -> None:
    value = compose.render_line("see\nhttps://a.test @alice", mentions=BOTH, tag_url=tag_url)
    claimed = link("https://a.test", "https://", "a.test", rel="nofollow noopener me")
    assert value == f"see {claimed} {mention(ALICE.url, 'alice')}"


def test_a_name_is_plain_text_on_one_line() -> None:
    assert compose.single_line(" Al\u202eice\n\t\x00 \u200b<b> ") == "Alice \u200b<b>"
    assert compose.single_line("👩\u200d👧") == "👩\u200d👧"


def test_what_a_text_refers_to() -> None:
    found = compose.extract("@alice @Bob@B.test @ALICE #One #one #Zwei https://a.test/x https://a.test/x")
    assert found.mentions == [("alice", None), ("bob", "b.test")]
    assert found.hashtags == ["One", "Zwei"]
    assert found.urls == ["https://a.test/x"]


def test_nothing_is_found_inside_an_address() -> None:
    found = compose.extract("https://example.com/@alice#foo/https://b.test/@bob")
    assert (found.mentions, found.hashtags) == ([], [])
    assert found.urls == ["https://example.com/@alice#foo/https://b.test/@bob"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** *it* ~~gone~~", "<p><strong>bold</strong> <em>it</em> <del>gone</del></p>"),
        ("a\nb", "<p>a<br />b</p>"),
        ("# Title", "<h1>Title</h1>"),
        ("###### small", "<h5>small</h5>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> said", "<blockquote><p>said</p></blockquote>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("```\na <b>\n  c\n```", "<pre><code>a &lt;b&gt;\n  c\n</code></pre>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>"),
        ("[x](data:text/html,1)", "<p>[x](data:text/html,1)</p>"),
        (
            "[x](https://a.test/)",
            '<p><a href="https://a.test/" target="_blank" rel="nofollow noopener" translate="no">x</a></p>',
        ),
        (
            "![a cat](https://a.test/c.png)",
            '<p><a href="https://a.test/c.png" target="_blank" rel="nofollow noopener" translate="no">a cat</a></p>',
        ),
        ("hi @alice", f"<p>hi {mention(ALICE.url, 'alice')}</p>"),
        ("`@alice #tag`", "<p><code>@alice #tag</code></p>"),
    ],
)
def test_markdown(text: str, expected: str) -> None:
    assert html(text, content_type=MARKDOWN) == expected


def test_markdown_refers_to_what_is_outside_of_code_and_links() -> None:
    found = compose.extract(
        "@alice `@bob@b.test` [#no @x](https://a.test/y) #yes https://a.test/a_b_c", content_type=MARKDOWN
    )
    assert found.mentions == [("alice", None)]
    assert found.hashtags == ["yes"]
    assert found.urls == ["https://a.test/a_b_c", "https://a.test/y"]


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '[a](https://a.test/"onmouseover="alert(1))',
    "[a](<https://a.test/' onclick=x>)",
    "![<script>](https://a.test/)",
    '`"><script>`',
    "[![x](https://a.test/1)](https://a.test/2)",
    '# <svg/onload=alert(1)> "',
    "https://a.test/\"'><script>",
    '@alice"><b #x"><b',
]


@pytest.mark.parametrize("content_type", compose.CONTENT_TYPES)
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_typed_becomes_a_tag_or_an_attribute(text: str, content_type: str) -> None:
    tree = LexborHTMLParser(html(text, content_type=content_type)).body
    assert tree is not None
    for node in tree.traverse():
        assert node.tag in {"body", "p", "a", "span", "code", "h1", "br", "em", "strong"}
        assert set(node.attributes) <= {"href", "class", "rel", "target", "translate"}
        assert str(node.attributes.get("href", "https://")).startswith("https://")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "@" * n,
        lambda n: "@a" * (n // 2),
        lambda n: "@" + "a." * (n // 2),
        lambda n: "@a" + "-" * n,
        lambda n: "@a@" + "b" * n,
        lambda n: "@a@" + "ü." * (n // 2),
        lambda n: "@a@b" * (n // 4),
        lambda n: "#1" * (n // 2),
        lambda n: "#1" + "·" * n,
        lambda n: "http://" * (n // 7),
        lambda n: "http://a.." * (n // 10),
        lambda n: "http://a.b/" + "(" * n,
        lambda n: "http://a.b/" + "]" * n,
        lambda n: "http://a.b/" + "." * n,
        lambda n: "http://" + "a" * n,
        lambda n: ":aa" * (n // 3),
        lambda n: ":" + "a" * n,
        lambda n: "\n" * n + "a",
        lambda n: "e" + "\u0301" * n,
    ],
)
def test_hostile_text_takes_linear_time(make: Callable[[int], str]) -> None:
    text = make(100_000)
    started = time.process_time()
    html(text)
    counting.characters(text)
    assert time.process_time() - started < 2  # Quadratic would take minutes.


def test_spans_do_not_overlap() -> None:
    text = "a @alice#x #y@z http://a.test/#b(@c) @d@e.test:80/f #g"
    ends = 0
    for span in spans.spans(text):
        assert span.start >= ends
        ends = span.end
