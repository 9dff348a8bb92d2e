"""Pages of strangers: what they say is found, and none costs more than its length."""

import time

import pytest

from federation.http import html

HREF = '<link rel="alternate" href="https://a.test/">'
NESTED = "<p>" + "".join(f"<b a{number}>" for number in range(10_000)) + "</p>" + "<p>x</p>" * 20_000


@pytest.mark.parametrize(
    "page",
    [
        f"<head>{HREF}</head>",
        f"<body><div><p>{HREF}",
        f"<svg><b>{HREF}",
        NESTED + HREF,
        f"<table><tr><td>{HREF}",
        f'<b title="<">{HREF}',
    ],
    ids=["head", "body", "foreign", "formatting", "table", "quoted"],
)
def test_links_are_found_wherever_they_stand_and_soon(page: str) -> None:
    started = time.perf_counter()
    (link,) = html.parse(page.encode()).css("link[rel]")
    assert link.attributes["href"] == "https://a.test/"
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("page", [f"<!-- {HREF} -->", f"<script>'{HREF}'</script>", f"<textarea>{HREF}</textarea>"])
def test_what_is_not_part_of_the_page_is_not_found(page: str) -> None:
    assert html.parse(page.encode()).css("link[rel]") == []


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "text/html", "é"),
        ("é".encode("latin-1"), "text/html; charset=ISO-8859-1", "é"),
        (b"\x93quoted\x94", 'text/html; charset="iso-8859-1"', "“quoted”"),
        ("ж".encode("koi8-r"), "text/html; charset=KOI8-R", "ж"),
        (b"<meta charset='windows-1251'>\xc4", "text/html", "<meta charset='windows-1251'>Д"),
        ("\ufeffé".encode(), "text/html; charset=windows-1251", "é"),
        ("é".encode("utf-16"), "text/html", "é"),
        ("漢字".encode("gb18030"), "text/html; charset=gb18030", "漢字"),
        (b"plain", "text/html; charset=utf-16", "plain"),
        (b"\xff", "text/html; charset=utf-8", "\ufffd"),
        (b"plain", "text/html; charset=unicode_escape", "plain"),
        (b"\\x41", "text/html; charset=unicode_escape", "\\x41"),
        (b"", "text/html; charset=", ""),
    ],
)
def test_text_is_decoded_as_the_web_does(body: bytes, content_type: str, text: str) -> None:
    assert html.decode(body, content_type) == text
