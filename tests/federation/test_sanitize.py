"""What survives of remote HTML."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.sanitize import clean_html, content_html, from_text, plain_text

REL = 'rel="nofollow noopener noreferrer"'

CLEANED = {
    "<p>plain <b>bold</b></p>": "<p>plain <b>bold</b></p>",
    "<script>alert(1)</script>x": "x",
    "<style>p{}</style>x": "x",
    '<p onclick="x()">a</p>': "<p>a</p>",
    '<a href="https://a.test/">a</a>': f'<a href="https://a.test/" {REL} target="_blank">a</a>',
    '<a href="javascript:alert(1)">a</a>': f'<a {REL} target="_blank">a</a>',
    '<a href="JaVaScRiPt&#58;alert(1)">a</a>': f'<a {REL} target="_blank">a</a>',
    '<a href="data:text/html,x">a</a>': f'<a {REL} target="_blank">a</a>',
    '<a href="gemini://a.test/">a</a>': f'<a href="gemini://a.test/" {REL} target="_blank">a</a>',
    '<p class="quote-inline evil">RE</p>': '<p class="quote-inline">RE</p>',
    '<span class="h-card x"><i class="u-url">a</i></span>': '<span class="h-card"><i>a</i></span>',
    "<div>a</div><div>b</div>": "a<br>b",
    "<h6>a</h6>b": "<strong>a</strong><br>b",
    "a<hr>b": "a<br>b",
    "a\r\nb": "a\nb",
    "5 > 4": "5 &gt; 4",
    "a &amp; b": "a &amp; b",
    "<iframe src='https://v.test/e'></iframe>": f'<a href="https://v.test/e" {REL} target="_blank">https://v.test/e</a>',
    '<img src="javascript:x" alt="text">': "text",
    '<img class="emoji" src="https://a.test/e.png" alt="smile">': "smile",
    '<img src="https://a.test/e.png" alt=":blob:">': ":blob:",
    "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>": "a b <br>c",
    "<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>x &lt; 1</annotation></semantics></math>!": (
        "x &lt; 1!"
    ),
    '<ol start="3" reversed><li value="x">a</li></ol>': '<ol start="3" reversed=""><li>a</li></ol>',
    '<p lang="de">a</p>': '<p lang="de">a</p>',
    "": "",
}


@pytest.mark.parametrize(("html", "cleaned"), CLEANED.items(), ids=CLEANED)
def test_cleaned(html: str, cleaned: str) -> None:
    assert clean_html(html) == cleaned


def test_a_mention_keeps_what_clients_look_for() -> None:
    html = '<span class="h-card"><a href="https://a.test/@b" class="u-url mention">@<span>b</span></a></span>'
    assert clean_html(html) == (
        '<span class="h-card"><a href="https://a.test/@b" class="u-url mention" '
        f'{REL} target="_blank">@<span>b</span></a></span>'
    )


def test_a_hashtag_keeps_its_rel() -> None:
    html = '<a href="https://a.test/tags/x" class="mention hashtag" rel="tag ugc">#<span>x</span></a>'
    assert 'rel="tag nofollow noopener noreferrer"' in clean_html(html)


def test_an_image_becomes_a_link_named_by_its_description() -> None:
    html = clean_html('<p><img src="https://a.test/c.png?a=1&amp;b=2" alt="a cat"></p>')
    assert html == f'<p><a href="https://a.test/c.png?a=1&amp;b=2" {REL} target="_blank">a cat</a></p>'


@pytest.mark.parametrize(
    "address",
    ["/auth/sign_out", "//x.test/", "?x:y", "", "https:settings", "https:/settings", "\thttps:\n/x", "x.html"],
)
def test_no_link_leads_to_a_page_of_whoever_shows_it(address: str) -> None:
    assert "href" not in clean_html(f'<a href="{address}">x</a>')


def test_sources_of_quotes_are_addresses_of_the_web() -> None:
    assert clean_html('<blockquote cite="javascript:x">q</blockquote>') == "<blockquote>q</blockquote>"
    kept = '<blockquote cite="https://a.test/1">q</blockquote>'
    assert clean_html(kept) == kept


fragments = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "<p>", "</p>", "<b id=1>", "</b>", "<a href='https://x.test'>", "</a>", "<div>", "</div>",
                "<img src=x>", "<script>", "</script>", "<svg>", "<math>", "</math>", "<!--", "-->", "<![CDATA[",
                "<table>", "<td>",
                "<a href=javascript:alert(1)>", "<p class='mention evil'>", "<iframe srcdoc='<b>'>", "&lt;", "&#0;",
                "<img src='https://x.test/\"onerror=1' alt='<script>'>", "<h6>", "<hr>", "<style>", "<br>",
                "<noscript>",
                '<a title="</a><img src=x onerror=alert(1)>">', "\0", "\r\n", "<template>", "<plaintext>",
            ]
        ),
        st.text(max_size=20),
    ),
    max_size=30,
).map("".join)  # fmt: skip

ALLOWED_TAG = re.compile(
    r"</?(?:p|br|span|a|abbr|del|s|pre|blockquote|code|b|strong|u|sub|sup|i|em|h[1-5]|ul|ol|li|ruby|rt|rp)"
    r"(?: (?:lang|href|rel|class|translate|title|cite|start|reversed|value|target)=\"[^\"<>]*\")*>"
)


@given(fragments)
def test_nothing_but_the_allowed_subset_ever_comes_out(html: str) -> None:
    cleaned = clean_html(html)
    assert "<" not in ALLOWED_TAG.sub("", cleaned)
    for href in re.findall(r'href="([^"]*)"', cleaned):
        assert not href.lower().startswith(("javascript:", "data:", "vbscript:"))
    for names in re.findall(r'class="([^"]*)"', cleaned):
        assert "evil" not in names


@given(fragments)
def test_cleaning_twice_changes_nothing(html: str) -> None:
    once = clean_html(html)
    assert clean_html(once) == once


@given(fragments)
def test_plain_text_has_no_nul_and_never_raises(html: str) -> None:
    assert "\0" not in plain_text(html)


def hostile() -> dict[str, str]:
    reopened = "<p>" + "".join(f"<b id={i}>" for i in range(60)) + "</p>"
    return {
        "nested divs": "<div>" * 200_000,
        "divs behind closing tags of another name": "<div></x>" * 20_000,
        "distinct formatting": "".join(f"<b id={i}><p>" for i in range(20_000)),
        "formatting reopened in each paragraph": reopened + "<p>x" * 15_000,
        "open brackets": "<" * 500_000,
        "open anchors": "<a " * 100_000,
        "half attributes": '<img src="' * 50_000,
        "entities": "&amp;" * 100_000,
        "declarations": "<![" * 100_000,
        "breaks": "<hr>" * 50_000 + "x",
        "formulas": "<math>" * 50_000,
    }


@pytest.mark.parametrize("name", hostile())
def test_hostile_input_is_bounded_in_time_and_size(name: str) -> None:
    html = hostile()[name]
    started = time.process_time()
    cleaned = clean_html(html)
    plain_text(html)
    assert time.process_time() - started < 3
    assert len(cleaned) < 1_000_000


def test_plain_text_reads_like_the_page() -> None:
    assert plain_text("<p>a &amp; b</p><p>c<br>d</p>") == "a & b\nc\nd"
    assert plain_text("no tags &lt;3") == "no tags <3"
    assert plain_text("<script>x</script>name") == "name"


def test_text_becomes_paragraphs_and_breaks() -> None:
    assert from_text("a\nb\n\n<c>\r\n") == "<p>a<br>b</p><p>&lt;c&gt;</p>"


def test_content_is_read_by_its_media_type() -> None:
    assert content_html("a <b>\nc", "text/plain") == "<p>a &lt;b&gt;<br>c</p>"
    assert content_html("*a* <script>", "text/markdown") == "<p><em>a</em> &lt;script&gt;</p>"
    assert content_html("one\ntwo &amp; three", None) == "one<br>two &amp; three"
    told = "<p>one\ntwo <b>a</b>\n<i>b</i><br>\nc</p>\n\n<ul>\n<li>x</li>\n</ul>\n<pre><code>y\n  z\n</code></pre>\n"
    flowing = "<p>one two <b>a</b> <i>b</i><br>c</p><ul><li>x</li></ul><pre><code>y\n  z\n</code></pre>"
    assert content_html(told, None) == content_html(flowing, None) == flowing
    assert content_html("<b>a</b>", "text/html") == "<b>a</b>"
    assert content_html("<b>a</b>", None) == "<b>a</b>"
