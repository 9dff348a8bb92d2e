"""The shape of HTML in answers. Clients take it apart again, by comparing strings."""

import re
from typing import Any

import pytest

from storage import emojis
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

MENTION = re.compile(
    r'<span class="h-card" translate="no"><a href="([^"]+)" class="u-url mention">@<span>([^<]+)</span></a></span>'
)
HREF = re.compile(r'<a href="([^"]+)"[^>]*class="([^"]*)"')


@pytest.fixture
async def alice(server: Node) -> Person:
    return await server.person("alice")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\ntwo", "<p>one<br />two</p>"),
        ("one\r\ntwo\r\n\r\nthree", "<p>one<br />two</p><p>three</p>"),
        ("one\n\n\n\ntwo\n", "<p>one</p><p>two</p>"),
        ("  <script>('x')</script> & \"co\"", "<p>&lt;script&gt;(&#39;x&#39;)&lt;/script&gt; &amp; &quot;co&quot;</p>"),
        (":blob: stays text", "<p>:blob: stays text</p>"),
        ("@nobody stays text", "<p>@nobody stays text</p>"),
    ],
)  # fmt: skip
async def test_paragraphs_and_breaks(alice: Person, text: str, html: str) -> None:
    assert (await alice.posts(text))["content"] == html


@pytest.mark.parametrize(
    ("url", "head", "shown", "rest"),
    [
        ("https://example.org/", "https://", "example.org/", ""),
        ("http://www.example.org/a", "http://www.", "example.org/a", ""),
        ("https://example.org/" + "x" * 18, "https://", "example.org/" + "x" * 18, ""),
        ("https://example.org/" + "x" * 19, "https://", "example.org/" + "x" * 19, ""),
        ("https://example.org/" + "x" * 20, "https://", "example.org/" + "x" * 18, "xx"),
    ],
)
async def test_addresses_are_cut_for_the_eye(alice: Person, url: str, head: str, shown: str, rest: str) -> None:
    """Thirty characters are shown; a single one is not cut off."""
    kind = "ellipsis" if rest else ""
    assert (await alice.posts(url))["content"] == (
        f'<p><a href="{url}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{head}</span>'
        f'<span class="{kind}">{shown}</span><span class="invisible">{rest}</span></a></p>'
    )


@pytest.mark.parametrize(
    ("typed", "name"), [("Tea", "tea"), ("Grün_Tee", "grun_tee"), ("お茶", "お茶"), ("2026er", "2026er")]
)
async def test_hashtags_end_in_their_name(server: Node, alice: Person, typed: str, name: str) -> None:
    post = await alice.posts(f"#{typed}")
    [tag] = post["tags"]
    assert tag["name"] == name
    assert post["content"] == (
        f'<p><a href="{tag["url"]}" class="mention hashtag" rel="tag">#<span>{typed}</span></a></p>'
    )
    assert str(server.client.build_request("GET", tag["url"]).url.path) == f"/tags/{name}"
    assert [each["id"] for each in await server.api("GET", f"/api/v1/timelines/tag/{name.upper()}")] == [post["id"]]


async def test_a_mention_links_what_the_list_of_mentions_says(servers: Any) -> None:
    """Clients find the account of a link by comparing its address with those, here and where the post arrives."""
    a, b = await servers("a.test", "b.test")
    alice, bob, namesake = await a.person("alice"), await a.person("bob"), await b.person("bob")
    zoe = await b.person("zoe")
    await zoe.follow(alice)
    await drain(a, b)
    post = await alice.posts("@zoe@b.test @bob @bob@b.test @alice@a.test")
    assert MENTION.findall(post["content"]) == [
        ("https://b.test/@zoe", "zoe"),
        ("https://a.test/@bob", "bob"),
        ("https://b.test/@bob", "bob@b.test"),
        ("https://a.test/@alice", "alice"),
    ]
    await drain(a, b)
    for seen in (post, await zoe.sees(post["uri"])):
        linked = [href for href, classes in HREF.findall(seen["content"]) if "mention" in classes.split()]
        assert sorted(linked) == sorted(each["url"] for each in seen["mentions"])
        assert "\n" not in seen["content"]
    told = await bob.notifications()
    assert [each["type"] for each in told] == ["mention"]
    assert [each["type"] for each in await namesake.notifications()] == ["mention"]


async def test_a_warning_is_plain_text_and_hides_what_follows(alice: Person) -> None:
    post = await alice.posts("x", spoiler_text="<b>careful</b> & so on", sensitive=False)
    assert (post["spoiler_text"], post["sensitive"]) == ("<b>careful</b> & so on", True)


async def test_characters_are_counted_as_readers_count_them(server: Node, alice: Person) -> None:
    most = (await server.api("GET", "/api/v2/instance"))["configuration"]["statuses"]["max_characters"]
    assert (await server.api("GET", "/api/v1/instance"))["max_toot_chars"] == most
    fits = [
        "x" * most,
        "👨‍👩‍👧" * 3000 + "x" * (most - 3000),
        "e\u0301" * most,
        "x" * (most - 24) + " https://example.org/" + "y" * 500,
        "x" * (most - 5) + " @zoe@a-rather-long-domain-name.example.org",
    ]
    for text in fits:
        assert (await alice.call("POST", "/api/v1/statuses", json={"status": text})).status_code == 200, text[-50:]
        answer = await alice.call("POST", "/api/v1/statuses", json={"status": text, "spoiler_text": "x"})
        assert answer.status_code == 422, text[-50:]


async def test_every_text_has_its_emoji(server: Node, alice: Person) -> None:
    async with server.db.transaction() as conn:
        for name in ("one", "two", "three", "four", "five", "unused"):
            await emojis.put(conn, shortcode=name, file="emojis/a/b.png", static_file="emojis/a/b.png", category=None)
    post = await alice.posts(":one:", spoiler_text=":two:", poll={"options": [":three:", "no"], "expires_in": 600})
    assert {each["shortcode"] for each in post["emojis"]} >= {"one", "two"}
    assert [each["shortcode"] for each in post["poll"]["emojis"]] == ["three"]
    me = await alice.api(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        json={"display_name": ":one:", "note": ":two:", "fields_attributes": [{"name": ":three:", "value": ":four:"}]},
    )
    assert {each["shortcode"] for each in me["emojis"]} == {"one", "two", "three", "four"}
    assert me["fields"][0]["value"] == ":four:"


async def test_fields_are_single_lines_and_claim_their_links(alice: Person) -> None:
    me = await alice.api(
        "PATCH",
        "/api/v1/accounts/update_credentials",
        json={"note": "one\ntwo", "fields_attributes": [{"name": "web", "value": "https://example.org"}]},
    )
    assert me["note"] == "<p>one<br />two</p>"
    assert me["source"]["note"] == "one\ntwo"
    [field] = me["fields"]
    assert field["value"].startswith('<a href="https://example.org" target="_blank" rel="nofollow noopener me"')
    assert me["source"]["fields"][0]["value"] == "https://example.org"
