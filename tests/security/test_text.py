"""Text and addresses of others: stored harmless, within bounds, read in one way only (classes 9, 13, 16, 26, 30)."""

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import webfinger
from federation.http import fetch
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.vocab import normalise
from fedi.services import signup
from tests.security.conftest import Stage
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

HOSTS = [
    "victim.test",
    "VICTIM.test",
    "victim.test.",
    "straße.test",
    "strasse.test",
    "xn--strae-oqa.test",
    "victim。test",
    "ｖictim.test",
    "victim.test:443",
    "victim.test:80",
    "victim.test:8443",
    "victim.test@evil.test",
    "evil.test\\@victim.test",
    "[::1]",
    "127.0.0.1",
    "2130706433",
    "faß.de",
    "☃.net",
    "a.‮b",
    "victim.test%2eevil.test",
    "victim.test%00.evil.test",
]
_address = st.builds(
    lambda scheme, host, rest: f"{scheme}://{host}{rest}",
    st.sampled_from(["https", "http", "HTTPS", "ftp", ""]),
    st.one_of(st.sampled_from(HOSTS), st.text(max_size=12)),
    st.sampled_from(["", "/", "/x", "?x", "#x", "/\\evil.test", "//evil.test", ":x", "\t/x"]),
)


@given(_address)
def test_both_readers_of_addresses_see_one_host(text: str) -> None:
    """What is compared and what is fetched must not be two hosts."""
    compared = normalise.host(text)
    try:
        fetched = parse_url(text)
    except BadUrl:
        return
    assert compared is None or compared.rstrip(".") in (fetched.authority.rstrip("."), fetched.host)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("https://straße.test/a", "https://strasse.test/a"),
        ("https://victim.test/a", "https://victim.test.evil.test/a"),
        ("https://victim.test/a", "https://evil.test/victim.test/a"),
        ("https://victim.test/a", "https://victim.test@evil.test/a"),
        ("https://victim.test/a", "https://victim.test:8443/a"),
        ("https://victim.test/a", "acct:a@victim.test"),
        ("urn:a", "urn:a"),
    ],
)
def test_these_are_not_one_host(first: str, second: str) -> None:
    assert not normalise.same_host(first, second)


@pytest.mark.parametrize(
    "address",
    [
        "a%b@x.org",
        "a!b@x.org",
        'a"b"@x.org',
        "a,b@x.org",
        "a@b@x.org",
        "a@x.org\nBcc: b@x.org",
        "a@x",
        "@x.org",
        "a@",
        "a b@x.org",
        "a@x.org,b@x.org",
        "<a@x.org>",
        "a@[127.0.0.1]",
        "a@x..org",
        "a" * 310 + "@x.org",
        "a@localhost",
        "é@x.org",
        "a\0@x.org",
    ],
)
def test_what_is_no_address_of_mail_or_a_route_to_elsewhere_is_refused(address: str) -> None:
    assert not signup.valid_address(address)


def test_an_ordinary_address_of_mail_is_taken() -> None:
    assert signup.valid_address("jane.doe+fedi@mail.example.org")


EVIL = (
    '<script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">x</a><svg/onload=alert(4)>'
    "<math href=//x>"
)
_DANGER = re.compile(
    r"<(?!/?(?:p|br|a|span|b|i|em|strong|ul|ol|li|code|pre|blockquote|del|s|u|sub|sup|abbr|ruby|rt|rp|h[1-5])\b)[a-z/!]"
    r"|<[^>]*\son\w+\s*=|<[^>]*(?:href|src|cite)=\"(?:javascript|data|vbscript):",
    re.IGNORECASE,
)


def _html(value: Any, found: list[str]) -> None:
    """What clients show as HTML."""
    if isinstance(value, dict):
        for name, item in value.items():
            if (name in ("content", "note", "html", "description") and isinstance(item, str) and item) or (
                name == "value" and isinstance(item, str)
            ):
                found.append(item)
            _html(item, found)
    elif isinstance(value, list):
        for item in value:
            _html(item, found)


async def test_nothing_of_others_reaches_a_client_or_a_page_as_code(stage: Stage) -> None:
    fields = [{"type": "PropertyValue", "name": EVIL, "value": EVIL}]
    emoji = {"type": "Emoji", "name": ":x:", "icon": {"url": 'javascript:alert("e")'}}
    await stage.puppet.send(stage.server, stage.puppet.activity("Update", stage.pat, stage.pat["id"], "u"), stage.pat)
    stage.puppet.actor(
        "pat",
        name=EVIL,
        summary=EVIL,
        attachment=fields,
        tag=[emoji],
        url="javascript:alert(5)",
        icon={"url": "javascript:x"},
    )
    await stage.puppet.send(
        stage.server,
        stage.puppet.activity("Update", stage.pat, stage.puppet.documents["/users/pat"], "u2"),
        stage.pat,
    )
    note = stage.puppet.note(
        stage.pat,
        "1",
        content=EVIL,
        summary=EVIL,
        url="javascript:alert(6)",
        tag=[emoji],
        type="Question",
        oneOf=[{"name": EVIL}, {"name": "b"}],
        attachment=[
            {"type": "Image", "url": "javascript:alert(7)", "name": EVIL},
            {"type": "Image", "mediaType": "image/png", "url": "https://puppet.test/1.png", "name": EVIL},
        ],
    )
    await stage.puppet.send(stage.server, stage.puppet.create(note), stage.pat)
    await drain(stage.server)
    await stage.alice.replies(await stage.alice.sees(note["id"]), EVIL)
    await drain(stage.server)
    found: list[str] = []
    home = await stage.alice.home()
    person = await stage.alice.get("/api/v1/accounts/lookup", acct="pat@puppet.test")
    for entity in (home, person):
        _html(entity, found)
    assert len(found) > 4
    for text in found:
        if text != EVIL:  # a description is text, shown as such
            assert not _DANGER.search(text), text
    assert "javascript:" not in str([home[1][name] for name in ("url", "uri")] + [person["url"], person["avatar"]])
    assert all(
        each["url"].startswith("https://") for post in home for each in [*post["media_attachments"], *post["emojis"]]
    )
    mine = next(post for post in home if post["account"]["id"] == stage.alice.id)
    page = (await stage.server.client.get(mine["url"], headers={"Accept": "text/html"})).text
    for code in ("<script>alert", "<img src=x", "<svg/onload", "<math href", 'href="javascript'):
        assert code not in page


async def test_what_others_say_of_themselves_is_cut_to_size(stage: Stage) -> None:
    fields = [{"type": "PropertyValue", "name": "n" * 3000, "value": "v" * 3000} for _ in range(100)]
    big = stage.puppet.actor(
        "big",
        name="n" * 9000,
        summary="<p>" + "s" * 200_000,
        attachment=fields,
        alsoKnownAs=[f"https://x.test/{n}" for n in range(5000)],
    )
    await stage.puppet.send(stage.server, stage.puppet.activity("Follow", big, stage.alice.uri, "f"), big)
    await drain(stage.server)
    person = await stage.alice.get("/api/v1/accounts/lookup", acct="big@puppet.test")
    assert len(person["display_name"]) <= 2048
    assert len(person["note"]) <= 70_000
    assert len(person["fields"]) <= 50
    assert max(len(field["value"]) for field in person["fields"]) <= 2100
    options = [{"name": f"option {n}"} for n in range(5000)]
    note = stage.puppet.note(
        stage.pat, "poll", type="Question", oneOf=options, content="c" * 900_000, summary="w" * 90_000
    )
    mentions = [{"type": "Mention", "href": f"https://puppet.test/users/u{n}", "name": f"@u{n}"} for n in range(900)]
    many = stage.puppet.note(stage.pat, "mentions", tag=mentions)
    before = len(stage.puppet.asked)
    for document in (note, many):
        answer = await stage.puppet.send(stage.server, stage.puppet.create(document), stage.pat)
        assert answer.status_code in (202, 400, 413)
    await drain(stage.server)
    assert len(stage.puppet.asked) - before <= 120
    for post in await stage.alice.home():
        assert len(post["content"]) <= 300_000
        assert post["poll"] is None or len(post["poll"]["options"]) <= 500


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (webfinger.parse, "@" * 50_000),
        (webfinger.parse, "a@" + "b." * 50_000),
        (webfinger.parse, "acct:" + "a" * 50_000 + "@b"),
        (fetch._LINK.findall, "<a" * 50_000),
        (fetch._LINK.findall, "<a>" + ";" * 50_000),
        (fetch._PROFILE.search, "; " * 50_000),
        (fetch._PROFILE.search, "; profile" * 20_000),
        (lambda text: webfinger._TEMPLATE.findall(text[: webfinger.MAX_HOST_META_CHARACTERS]), "<Link " * 200_000),
        (
            lambda text: webfinger._TEMPLATE.findall(text[: webfinger.MAX_HOST_META_CHARACTERS]),
            "<Link" + ' rel="lrdd"' * 90_000,
        ),
        (normalise.moment, "2" * 50_000),
        (normalise.language, "a-" * 50_000),
        (normalise.host, "https://" + "a." * 50_000),
    ],
)
def test_hostile_text_is_read_in_linear_time(read: Any, text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("text", ["a\0b", "a\x01\x1b[31mb", "‮evil‬", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘", "\ufeffx\u200b", "x" * 4000])
async def test_odd_characters_are_posted_and_shown(server: Node, text: str) -> None:
    alice = await server.person("alice")
    post = await alice.posts(text)
    shown = await alice.get(f"/api/v1/statuses/{post['id']}")
    assert "\0" not in shown["content"]
    assert "\x1b" not in shown["content"]
    page = await server.client.get(post["url"], headers={"Accept": "text/html"})
    assert page.status_code == 200
