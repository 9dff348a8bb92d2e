"""Whatever strangers write outside of activities ends in a value or in the one error that is declared, and soon: what
their servers say about themselves, their web pages, their headers.
"""

import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import webfinger
from federation.errors import Rejected
from federation.http import fetch, html
from federation.http.addresses import parse_url
from federation.http.client import Response
from fedi.text import webpage

URL = "https://far.test/page"
HANDLE = webfinger.parse("pat@far.test")
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
LINKS = st.fixed_dictionaries({}, optional=dict.fromkeys(("rel", "type", "href", "template"), VALUES))
PIECES = st.sampled_from(
    [
        "<", ">", '"', "'", "=", "/", "<html>", "<head>",
        "<link rel='alternate' type='application/activity+json' href=",
        "<meta property='og:title' content='", "<meta charset=", "<title>", "<script type='application/ld+json'>", "{",
        "[", "}", "\x00", "\ud7ff", "http://[", "//", "&#0;", "&amp;" * 20, "<a rel=me href='x'>", "<![CDATA[", "<!--",
    ]
)  # fmt: skip
PAGES = st.lists(PIECES | st.text(max_size=10), max_size=40).map("".join) | st.text()
TYPES = st.sampled_from(["text/html", "text/html; charset=", "text/html; charset=utf-16", "", "x/y; charset=\x00idna"])


def answer(body: bytes = b"", **headers: str) -> Response:
    return Response(200, {name.replace("_", "-"): value for name, value in headers.items()}, body, parse_url(URL))


@given(st.text())
def test_handles(text: str) -> None:
    found = webfinger.parse(text)
    assert found is None or (found.username and found.domain)


@given(st.fixed_dictionaries({}, optional={"subject": VALUES, "links": st.lists(LINKS | VALUES) | VALUES}))
def test_what_webfinger_answers(descriptor: dict[str, Any]) -> None:
    assert HANDLE is not None
    try:
        found = webfinger._read(descriptor, HANDLE)
    except Rejected:
        return
    assert found.actor_uri.startswith(("http://", "https://"))


@given(
    st.text() | st.integers().map(str) | st.datetimes().map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
)
def test_when_to_come_again(value: str) -> None:
    asked = fetch.retry_after(answer(retry_after=value))
    assert asked is None or 0 <= asked <= fetch.MAX_RETRY_AFTER_SECONDS


@given(PAGES, TYPES, PAGES)
def test_where_a_page_sends_us(body: str, kind: str, link: str) -> None:
    found = fetch.find_alternate(answer(body.encode("utf-8", "replace"), content_type=kind, link=link))
    assert found is None or parse_url(found).full


@given(st.binary() | PAGES.map(lambda page: page.encode("utf-8", "replace")), TYPES)
def test_web_pages(body: bytes, kind: str) -> None:
    assert isinstance(html.decode(body, kind), str)
    page = webpage.read(body, kind, URL)
    assert "\x00" not in page.title + page.description
    webpage.read_embed(body, URL)


@given(VALUES)
def test_what_an_oembed_service_answers(value: Any) -> None:
    found = webpage.read_embed(orjson.dumps(value, default=str) if _is_json(value) else b"{", URL)
    assert found is None or found.height >= 0


def _is_json(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("piece", ["<", "<a ", "<div>", '<link rel="alternate" ', "<![", "&", '<meta content="'])
def test_large_pages_take_a_bounded_time(piece: str) -> None:
    """No measure of speed: what is quadratic would take minutes."""
    body = (piece * (1_000_000 // len(piece))).encode()
    began = time.monotonic()
    webpage.read(body, "text/html", URL)
    fetch.find_alternate(answer(body, content_type="text/html", link=piece * 2000))
    assert time.monotonic() - began < 20
