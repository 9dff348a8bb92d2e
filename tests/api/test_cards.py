"""Previews of linked pages: what a page says of itself, once for everybody, and nothing of what it should not."""

import json
from typing import Any

import pytest

from fedi.services import cards
from tests.support import factories
from tests.support.pictures import picture
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain, queries
from tests.support.websites import Website, later

pytestmark = pytest.mark.anyio

ARTICLE = """
<title>plain title</title>
<meta property="og:title" content="A &amp; B">
<meta property="og:description" content="What it is
  about">
<meta property="og:image" content="/cover.png"><meta property="og:image:alt" content="a red square">
<meta property="og:site_name" content="The News">
<meta property="article:published_time" content="2026-08-01T10:00:00Z">
<meta name="author" content="Jo Writer">
"""


@pytest.fixture
def news(server: Node) -> Website:
    return Website(server.network, "news.test")


async def card_of(person: Person, text: str, **more: Any) -> Any:
    """What a post about something shows, when there was time to look."""
    status = await person.posts(text, **more)
    await later(person.node)
    return (await person.get(f"/api/v1/statuses/{status['id']}"))["card"]


async def test_a_link_is_shown_with_what_its_page_says_of_itself(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    news.has("/cover.png", picture(size=(1200, 630)), "image/png")
    url = news.page("/story?id=1", ARTICLE)
    card = await card_of(alice, f"read {url} and https://elsewhere.test/")
    image = card.pop("image")
    assert card.pop("blurhash")
    assert card.pop("width") > card.pop("height") > 100
    assert card == {
        "url": url, "title": "A & B", "description": "What it is about", "language": "en", "type": "link",
        "author_name": "Jo Writer", "author_url": "", "provider_name": "The News", "provider_url": "https://news.test",
        "html": "", "image_description": "a red square", "embed_url": "", "published_at": "2026-08-01T10:00:00.000Z",
        "missing_attribution": False, "authors": [{"name": "Jo Writer", "url": "", "account": None}],
    }  # fmt: skip
    assert image.startswith(f"{server.base_url}/media/cards/"), "readers are not sent to the page's host"
    assert (await server.client.get(image)).headers["content-type"] == "image/jpeg"


async def test_a_page_is_asked_once_however_many_post_it(server: Node, news: Website) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    url = news.page("/story", ARTICLE)
    first, second = await alice.posts(url), await bob.posts(f"me too: {url}", visibility="private")
    assert news.asked == [], "not while a person waits"
    await later(server)
    third = await bob.posts(f"again {url}")
    await later(server)
    assert news.asked.count("/story") == 1
    for status in (first, second, third):
        assert (await bob.get(f"/api/v1/statuses/{status['id']}"))["card"]["title"] == "A & B"
    assert (await bob.get("/api/v1/timelines/public"))[0]["card"]["title"] == "A & B"


async def test_many_remote_copies_are_spread_over_a_minute(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    far = Puppet(server.network, "far.test")
    mary = far.actor("mary")
    url = news.page("/story", ARTICLE)
    note = far.note(mary, "1", content=f'<p><a href="{far.host}">x</a> <a href="{url}">story</a></p>')
    status = await alice.sees(note["id"])
    await drain(server)
    async with server.db.transaction() as conn:
        row = await conn.fetchrow("select lane, run_at - now() > '3 s' from jobs where name = 'fetch_card'")
    assert row is not None
    assert tuple(row) == ("https://news.test/cards", True)
    assert news.asked == []
    await later(server)
    assert (await alice.get(f"/api/v1/statuses/{status['id']}"))["card"]["url"] == url


async def test_an_edit_changes_or_ends_the_preview(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    one, two = news.page("/one", "<title>One</title>"), news.page("/two", "<title>Two</title>")
    status = await alice.posts(one)
    await later(server)
    for text, title in ((f"now {two}", "Two"), ("nothing", None), (f"back to {one}", "One")):
        await alice.api("PUT", f"/api/v1/statuses/{status['id']}", json={"status": text})
        await later(server)
        card = (await alice.get(f"/api/v1/statuses/{status['id']}"))["card"]
        assert (card and card["title"]) == title


async def test_posts_with_pictures_mentions_hashtags_and_our_own_pages_have_none(server: Node, news: Website) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    mine = await bob.posts("hello")
    media = await alice.api("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    url = news.page("/story", ARTICLE)
    assert await card_of(alice, url, media_ids=[media["id"]]) is None
    assert await card_of(alice, f"@bob #tea {mine['url']}") is None
    assert news.asked == []


async def test_what_a_post_quotes_is_not_previewed(server: Node, news: Website) -> None:
    alice, far = await server.person("alice"), Puppet(server.network, "far.test")
    quoted = await alice.sees(far.note(far.actor("zed"), "1")["id"])
    post = await alice.posts("well said", quoted_status_id=quoted["id"])
    url = news.page("/story", ARTICLE)
    assert (await card_of(alice, f"compare {quoted['uri']} {url}", quoted_status_id=quoted["id"]))["url"] == url
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["card"] is None


async def test_oembed_makes_a_player_of_our_own_writing(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    oembed = '<link rel="alternate" type="application/json+oembed" href="/oembed?u=1">'
    url = news.page("/watch", f"<title>Film</title>{oembed}")
    answer = {
        "type": "video", "version": "1.0", "title": "The film", "author_name": "Ann", "author_url": "https://news.test/ann",
        "provider_name": "Films", "width": 640, "height": "360", "thumbnail_url": "https://news.test/t.png",
        "html": '<script>evil()</script><iframe onload="evil()" src="https://player.test/1?a=1&amp;b=2"></iframe>',
    }  # fmt: skip
    news.has("/oembed?u=1", json.dumps(answer), "application/json")
    news.has("/t.png", picture(size=(320, 180)), "image/png")
    card = await card_of(alice, url)
    assert (card["type"], card["title"], card["width"], card["height"]) == ("video", "The film", 640, 360)
    assert card["html"].startswith('<iframe src="https://player.test/1?a=1&amp;b=2" width="640" height="360" sandbox=')
    assert "evil" not in card["html"]
    assert card["authors"][0] == {"name": "Ann", "url": "https://news.test/ann", "account": None}
    news.has("/oembed?u=2", json.dumps({**answer, "type": "rich"}), "application/json")
    rich = news.page("/rich", f"<title>Film</title>{oembed.replace('u=1', 'u=2')}")
    assert (await card_of(alice, rich))["type"] == "link"


async def test_an_oembed_photo_is_shown_as_one(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    url = news.page("/photo", '<title>P</title><link rel=alternate type="application/json+oembed" href="/o">')
    news.has("/o", json.dumps({"type": "photo", "url": "/big.png", "width": 9, "height": 9}), "application/json")
    news.has("/big.png", picture(size=(300, 200)), "image/png")
    card = await card_of(alice, url)
    assert (card["type"], card["embed_url"], card["width"]) == ("photo", "https://news.test/big.png", 300)


async def test_json_ld_and_other_charsets_are_read(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    article = {
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "WebSite", "name": "x"},
            {
                "@type": ["NewsArticle"], "headline": "Über <b>alles</b>", "description": "Teaser",
                "inLanguage": "de-DE",
                "datePublished": "2026-08-01", "author": [{"@type": "Person", "name": "Änne", "url": "/aenne"}],
                "publisher": {"name": "Blatt", "url": "https://blatt.test"},
            },
        ],
    }  # fmt: skip
    script = f'<script type="application/ld+json">{json.dumps(article, ensure_ascii=False)}</script>'
    body = f"<html><head><meta charset=iso-8859-15>{script}</head></html>".encode("iso-8859-15")
    card = await card_of(alice, news.has("/de", body))
    assert card["title"] == "Über <b>alles</b>", "clients show it as text"
    assert (card["author_name"], card["author_url"]) == ("Änne", "https://news.test/aenne")
    assert (card["language"], card["provider_name"], card["provider_url"]) == ("de", "Blatt", "https://blatt.test/")
    for kind, charset in (("text/html; charset=Shift_JIS", "shift_jis"), ("text/html", "utf-16")):
        title = "<title>日本語</title>"
        card = await card_of(alice, news.has(f"/{charset}", title.encode(charset), kind))
        assert card["title"] == "日本語"
    for charset in ("punycode", "rot13", "no-such-thing", "utf-7"):
        card = await card_of(alice, news.has(f"/{charset}", b"<title>ok</title>", f"text/html; charset={charset}"))
        assert card["title"] == "ok"


async def test_an_author_is_shown_if_they_vouch_for_the_page(server: Node, news: Website) -> None:
    alice, jo = await server.person("alice"), await server.person("jo")
    url = news.page("/story", f'{ARTICLE}<meta name="fediverse:creator" content="@jo@{server.domain}">')
    status = await alice.posts(url)
    await later(server)
    path = f"/api/v1/statuses/{status['id']}"
    shown = (await alice.get(path))["card"]
    assert (shown["authors"][0]["account"], shown["missing_attribution"]) == (None, False)
    assert (await jo.get(path))["card"]["missing_attribution"], "the author is told, and nobody else"
    await jo.api("PATCH", "/api/v1/profile", json={"attribution_domains": ["news.test"]})
    await later(server)
    for viewer in (alice, jo):
        with queries(at_most=6):
            shown = (await viewer.get(path))["card"]
        assert shown["authors"][0]["account"]["acct"] == "jo"
        assert shown["authors"][0]["name"] == "Jo Writer"
        assert not shown["missing_attribution"]
    await jo.api("PATCH", "/api/v1/profile", json={"attribution_domains": ["other.test"]})
    await later(server)
    assert (await alice.get(path))["card"]["authors"][0]["account"] is None


async def test_a_remote_author_is_found_and_asked_too(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    far = Puppet(server.network, "far.test")
    far.actor("mary", attributionDomains=["test"])
    url = news.page("/story", '<title>t</title><meta name="fediverse:creator" content="mary@far.test">')
    card = await card_of(alice, url)
    assert card["authors"][0]["account"]["acct"] == "mary@far.test"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("<title>" + "x" * 10_000_000, "x" * 299 + "…"),
        ("<title>t</title>" + '<meta name="description" content="' + "y" * 10_000_000, "t"),
        ("<title>t</title>" + "<p>" + "".join(f"<b {n}>" for n in range(20_000)) + "</p>" + "<p>x</p>" * 60_000, "t"),
        ("<title>t</title>" + "<div>" * 150_000, "t"),
        ("<title>t</title>" + "<meta property=og:x content=y>" * 30_000, "t"),
        ("<title>t</title>" + '<script type="application/ld+json">' + "[" * 90_000 + "</script>", "t"),
        ("<title>t</title>" + "<a " * 250_000, "t"),
    ],
    ids=["title", "meta", "formatting", "depth", "tags", "json", "attributes"],
)
async def test_no_page_costs_more_than_its_length(server: Node, news: Website, body: str, title: str) -> None:
    alice = await server.person("alice")
    assert (await card_of(alice, news.has("/", body)))["title"] == title


HOSTILE = [
    "javascript:alert(1)", "data:image/png;base64,AAAA", "https://127.0.0.1/x.png", "http://[::1]/x.png",
    "//user@169.254.169.254/", "https://news.test/huge.png", "https://news.test/text.png", "https://news.test/loop",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
async def test_a_picture_that_is_none_is_left_out(servers: Any, address: str) -> None:
    (server,) = await servers("example.test", allow_private_peers=False)
    news = Website(server.network, "news.test")
    alice = await server.person("alice")
    news.has("/huge.png", picture() + b"\0" * 20_000_000, "image/png")
    news.has("/text.png", "<svg onload=evil()>", "image/png")
    news.has("/loop", "", status=302, location="/loop")
    url = news.page("/", f'<title>t</title><meta property="og:image" content="{address}">')
    card = await card_of(alice, url)
    assert (card["title"], card["image"]) == ("t", None)
    assert [host for _, host in server.network.seen if "127.0.0.1" in host or "169.254" in host] == []


@pytest.mark.parametrize(
    "target", ["https://127.0.0.1/", "http://news.test/", "https://localhost:8000/x", "file:///etc"]
)
async def test_a_page_that_leads_elsewhere_is_not_followed(servers: Any, target: str) -> None:
    (server,) = await servers("example.test", allow_private_peers=False)
    news = Website(server.network, "news.test")
    alice = await server.person("alice")
    assert await card_of(alice, news.has("/", "", status=302, location=target)) is None
    assert {url.split("/")[2] for _, url in server.network.seen} <= {"news.test", "localhost:8000"}


@pytest.mark.parametrize(
    ("head", "key"),
    [
        ('<meta name="twitter:player" content="javascript:alert(1)">', "html"),
        ('<meta property="article:author" content="javascript:alert(1)">', "author_url"),
        ('<meta property="og:url" content="https://bank.test/">', "embed_url"),
    ],
)
async def test_addresses_that_are_not_of_the_web_are_dropped(server: Node, news: Website, head: str, key: str) -> None:
    alice = await server.person("alice")
    card = await card_of(alice, news.page("/", f"<title>t</title>{head}"))
    assert (card[key], card["url"]) == ("", news.url("/"))


async def test_what_does_not_answer_or_is_no_page_has_no_preview(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    news.has("/file", b"%PDF", "application/pdf")
    news.has("/gone", "<title>x</title>", status=500)
    news.page("/untitled", "<title> </title>")
    for url in (*map(news.url, ("/file", "/gone", "/untitled")), "https://nobody.test/"):
        assert await card_of(alice, url) is None
    asked = len(news.asked)
    await card_of(alice, news.url("/gone"))
    assert len(news.asked) == asked, "not asked again on the same day"


async def test_previews_can_be_switched_off_and_blocked_hosts_are_not_asked(servers: Any) -> None:
    off, on = await servers("off.test", link_previews="false"), await servers("on.test")
    news = Website(off[0].network, "news.test")
    url = news.page("/", "<title>t</title>")
    assert await card_of(await off[0].person("alice"), url) is None
    async with on[0].db.transaction() as conn:
        await conn.execute("insert into domain_blocks (domain, severity) values ('news.test', 'suspend')")
    assert await card_of(await on[0].person("alice"), url) is None
    assert news.asked == []


async def test_a_card_of_a_page_of_forty_costs_no_more_queries(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    for number in range(12):
        await alice.posts(news.page(f"/{number}", f"<title>{number}</title>"))
    await later(server)
    with queries(at_most=6):
        page = await alice.get("/api/v1/timelines/public", limit=40)
    assert len([each for each in page if each["card"]]) == 12


async def test_links_that_trend_show_their_page_and_their_posts(server: Node, news: Website) -> None:
    alice, bob, shy = [await server.person(name) for name in ("alice", "bob", "shy")]
    await shy.api("PATCH", "/api/v1/profile", json={"discoverable": False})
    url = news.page("/story", f'{ARTICLE}<meta name="fediverse:creator" content="bob@{server.domain}">')
    await bob.api("PATCH", "/api/v1/profile", json={"attribution_domains": ["news.test"]})
    posts = [await each.posts(f"see {url}") for each in (alice, bob, shy)]
    await alice.posts(f"psst {url}", visibility="unlisted")
    await later(server)
    (link,) = await server.api("GET", "/api/v1/trends/links")
    assert (link["title"], link["authors"][0]["account"]["username"]) == ("A & B", "bob")
    with queries(at_most=7):
        found = await alice.get("/api/v1/timelines/link", url=url)
    assert [each["id"] for each in found] == [posts[1]["id"], posts[0]["id"]], "of people who want to be found"
    await server.api("GET", "/api/v1/timelines/link", params={"url": url})
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    assert len(await alice.get("/api/v1/timelines/link", url=url)) == 1
    await alice.api("GET", "/api/v1/timelines/link", params={"url": "https://no.test/"}, status=404)
    await alice.api("GET", "/api/v1/timelines/link", status=400)


async def test_unused_previews_are_forgotten_with_their_pictures(server: Node, news: Website) -> None:
    alice = await server.person("alice")
    news.has("/cover.png", picture(size=(300, 200)), "image/png")
    status = await alice.posts(news.page("/story", ARTICLE))
    await later(server)
    image = (await alice.get(f"/api/v1/statuses/{status['id']}"))["card"]["image"]
    await alice.api("DELETE", f"/api/v1/statuses/{status['id']}")
    async with server.db.transaction() as conn:
        await conn.execute("update preview_cards set fetched_at = now() - interval '60 days'")
    await cards.sweep(server.app)
    await later(server)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from preview_cards") == 0
    assert (await server.client.get(image)).status_code == 404


async def test_a_quiet_boost_needs_no_preview(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        status_id = await factories.status(conn, alice.account_id)
        await factories.status(conn, alice.account_id, reblog_of_id=status_id)
    await later(server)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from preview_cards") == 0
