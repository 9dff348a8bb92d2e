"""What the server says of itself at length, posts in frames of others, invitations for apps, and translations."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from storage import activity, documents, invites
from tests.support import factories
from tests.support.pictures import picture
from tests.support.servers import Node, drain, queries
from tests.support.translator import Translator

pytestmark = pytest.mark.anyio

TODAY = datetime.now(UTC).date()


async def test_texts_are_not_there_until_written(server: Node) -> None:
    for path in ("privacy_policy", "terms_of_service", "terms_of_service/2026-08-01", "terms_of_service/tomorrow"):
        await server.api("GET", f"/api/v1/instance/{path}", status=404)
    for path in ("/privacy-policy", "/terms-of-service", "/terms-of-service/x"):
        assert (await server.client.get(path, headers={"Accept": "text/html"})).status_code == 404
    urls = (await server.api("GET", "/api/v2/instance"))["configuration"]["urls"]
    assert (urls["privacy_policy"], urls["terms_of_service"]) == (None, None)


async def test_texts_are_clean_html_and_the_version_of_the_day_holds(server: Node) -> None:
    async with server.db.transaction() as conn:
        await documents.put(conn, "privacy_policy", "We **keep** little. <script>alert(1)</script>", TODAY)
        for days, text in ((-9, "old"), (-2, "now"), (5, "next")):
            await documents.put(conn, "terms_of_service", text, TODAY + timedelta(days=days))
    policy = await server.api("GET", "/api/v1/instance/privacy_policy")
    assert "<strong>keep</strong>" in policy["content"]
    assert "<script" not in policy["content"]
    terms = await server.api("GET", "/api/v1/instance/terms_of_service")
    assert (terms["content"], terms["effective"]) == ("<p>now</p>", True)
    assert terms["succeeded_by"] == str(TODAY + timedelta(days=5))
    old = await server.api("GET", f"/api/v1/instance/terms_of_service/{TODAY - timedelta(days=9)}")
    assert (old["content"], old["effective"], old["succeeded_by"]) == ("<p>old</p>", False, terms["effective_date"])
    urls = (await server.api("GET", "/api/v2/instance"))["configuration"]["urls"]
    for path, words in ((urls["privacy_policy"], "keep"), (urls["terms_of_service"], "now")):
        page = (await server.client.get(path)).text
        assert words in page
        assert "<script>alert" not in page
    assert "/privacy-policy" in (await server.client.get("/about")).text


async def test_weeks_count_posts_people_and_who_joined(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    status = await alice.posts("one")
    await bob.post(f"/api/v1/statuses/{status['id']}/reblog")
    await bob.posts("two", visibility="direct")
    await alice.home()
    await alice.home()
    async with server.db.transaction() as conn:
        await factories.status(conn, await factories.remote(conn, "far"))
    await drain(server)
    weeks = await server.api("GET", "/api/v1/instance/activity")
    assert len(weeks) == 12
    now, *before = weeks
    assert (now["statuses"], now["logins"], now["registrations"]) == ("2", "1", "2")
    assert {each["statuses"] for each in before} == {"0"}
    assert [int(one["week"]) - int(two["week"]) for one, two in zip(weeks, before, strict=False)] == [7 * 86400] * 11
    assert datetime.fromtimestamp(int(now["week"]), UTC).weekday() == 0
    async with server.db.transaction() as conn:
        await conn.execute("update activity_people set week = week - 200")
        await activity.forget(conn)
        assert await conn.fetchval("select count(*) from activity_people") == 0


async def test_servers_are_found_by_the_beginning_of_their_name(server: Node) -> None:
    async with server.db.transaction() as conn:
        for domain in ("social.test", "tech.social", "antisocial.test", "other.test"):
            await factories.remote(conn, "a", domain)
    found = await server.api("GET", "/api/v1/peers/search", params={"q": " Social"})
    assert found == ["social.test", "antisocial.test", "tech.social"]
    for nothing in ("", "%", "_"):
        assert await server.api("GET", "/api/v1/peers/search", params={"q": nothing}) == []


async def test_an_invitation_answers_apps_and_people(server: Node) -> None:
    async with server.db.transaction() as conn:
        code = await invites.create(conn, user_id=None, max_uses=1)
    asked = await server.client.get(f"/invite/{code}", headers={"Accept": "application/json"})
    assert asked.json() == {"invite_code": code, "instance_api_url": f"{server.base_url}/api/v2/instance"}
    page = await server.client.get(f"/invite/{code}&owner=x", headers={"Accept": "text/html"})
    assert page.headers["location"] == f"/auth/sign_up?invite={code}%26owner%3Dx"
    async with server.db.transaction() as conn:
        await invites.use(conn, code)
    spent = await server.client.get(f"/invite/{code}", headers={"Accept": "application/json"})
    assert (spent.status_code, spent.json()) == (401, {"error": "The invite code is invalid"})


# ------------------------------------------------------------ oEmbed


async def test_a_public_post_may_be_put_in_a_frame_and_nothing_else(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.api("PATCH", "/api/v1/profile", json={"display_name": '<"Al">'})
    status = await alice.posts("hello https://example.org/ @bob")
    for url in (status["url"], status["uri"]):
        embed = await server.api("GET", "/api/oembed", params={"url": url})
    assert embed["html"].startswith(f'<iframe src="{status["url"]}/embed" title="&lt;&quot;Al&quot;&gt;"')
    assert 'sandbox="allow-popups' in embed["html"]
    small = await server.api("GET", "/api/oembed", params={"url": status["url"], "maxwidth": 1, "maxheight": 9999})
    assert (small["width"], small["height"]) == (220, 480)
    boost = await bob.post(f"/api/v1/statuses/{status['id']}/reblog")
    hidden = [await alice.posts("psst @bob", visibility=kind) for kind in ("private", "direct")]
    for url in (*(each["url"] for each in hidden), boost["uri"], "https://elsewhere.test/1", f"{server.base_url}/@x/1"):
        await bob.api("GET", "/api/oembed", params={"url": url}, status=404)
    for each in hidden:
        assert (await server.client.get(f"/@alice/{each['id']}/embed")).status_code == 404
    assert (await server.client.get(f"/@bob/{status['id']}/embed")).status_code == 404
    await server.api("GET", "/api/oembed", status=400)
    assert "application/json+oembed" in (await server.client.get(status["url"], headers={"Accept": "text/html"})).text


async def test_the_page_for_frames_cannot_do_anything(server: Node) -> None:
    alice = await server.person("alice")
    status = await alice.posts("hello <script>alert(1)</script>")
    framed = await server.client.get(f"/@alice/{status['id']}/embed")
    assert framed.status_code == 200
    policy = framed.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert "x-frame-options" not in framed.headers
    assert "set-cookie" not in framed.headers
    assert "<script" not in framed.text
    assert "<form" not in framed.text
    other = await server.client.get(f"/@alice/{status['id']}", headers={"Accept": "text/html"})
    assert other.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in other.headers["content-security-policy"]


# ------------------------------------------------------------ translation


async def with_translator(servers: Any, **settings: Any) -> tuple[Node, Translator]:
    (server,) = await servers("example.test", translation_url="https://translate.test/", **settings)
    return server, Translator(server.network)


async def test_without_a_service_nothing_is_translated_and_clients_know(server: Node) -> None:
    alice = await server.person("alice")
    status = await alice.posts("hello")
    await alice.post(f"/api/v1/statuses/{status['id']}/translate", {"lang": "de"}, status=404)
    assert await server.api("GET", "/api/v1/instance/translation_languages") == {}
    assert not (await server.api("GET", "/api/v2/instance"))["configuration"]["translation"]["enabled"]


async def test_everything_written_is_translated_once(servers: Any) -> None:
    server, translator = await with_translator(servers, translation_key="k")
    alice, bob = await server.person("alice"), await server.person("bob")
    assert (await server.api("GET", "/api/v2/instance"))["configuration"]["translation"]["enabled"]
    offered = await server.api("GET", "/api/v1/instance/translation_languages")
    assert offered == {
        "de": ["en"], "en": ["de", "fr", "zh-CN"], "fr": ["en"], "zh-CN": ["en"], "und": ["de", "en", "fr", "zh-CN"],
    }  # fmt: skip
    files = {"file": ("a.png", picture(), "image/png")}
    media = await alice.api("POST", "/api/v2/media", files=files, data={"description": "red & square"})
    status = await alice.posts("see & hear", media_ids=[media["id"]], spoiler_text="a <b> warning", language="en")
    path = f"/api/v1/statuses/{status['id']}/translate"
    for person in (alice, bob):
        made = await person.post(path, {"lang": "zh-CN"})
    assert made == {
        "content": "<p>SEE &amp; HEAR</p>", "spoiler_text": "A <B> WARNING", "language": "zh-CN", "poll": None,
        "media_attachments": [{"id": media["id"], "description": "RED & SQUARE"}],
        "detected_source_language": "en", "provider": "LibreTranslate",
    }  # fmt: skip
    (asked,) = translator.asked
    assert (asked["source"], asked["target"], asked["format"], asked["api_key"]) == ("en", "zh-Hans", "html", "k")
    await alice.api("PUT", f"/api/v1/statuses/{status['id']}", json={"status": "changed"})
    assert (await bob.post(path, {"lang": "zh-CN"}))["content"] == "<p>CHANGED</p>"
    asking = await alice.posts("?", poll={"options": ["one", "two"], "expires_in": 3600}, language="eo")
    made = await bob.post(f"/api/v1/statuses/{asking['id']}/translate", {"lang": "de"})
    assert [each["title"] for each in made["poll"]["options"]] == ["ONE", "TWO"]
    assert translator.asked[-1]["source"] == "auto"
    with queries(at_most=12):
        await bob.post(f"/api/v1/statuses/{asking['id']}/translate", {"lang": "de"})


async def test_only_what_anybody_may_read_is_given_to_a_translator(servers: Any) -> None:
    server, translator = await with_translator(servers)
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.follow(alice)
    await drain(server)
    for visibility, code in (("private", 403), ("direct", 403), ("unlisted", 200)):
        status = await alice.posts("@bob hello", visibility=visibility, language="en")
        await bob.post(f"/api/v1/statuses/{status['id']}/translate", {"lang": "de"}, status=code)
    hidden = await alice.posts("nobody", visibility="direct", language="en")
    await bob.post(f"/api/v1/statuses/{hidden['id']}/translate", {"lang": "de"}, status=404)
    same = await alice.posts("hallo", language="de")
    for into in ("de", "xx", "fr", ""):
        await bob.post(f"/api/v1/statuses/{same['id']}/translate", {"lang": into}, status=200 if not into else 403)
    assert len(translator.asked) == 2
    await server.api("POST", f"/api/v1/statuses/{same['id']}/translate", status=401)


@pytest.mark.parametrize(
    "answer",
    [
        Response("busy", 429), Response("<html>", 200), JSONResponse({"translatedText": ["one", "too many"]}),
        JSONResponse({"translatedText": 7}), Response("", 302, {"Location": "https://127.0.0.1/"}),
    ],
    ids=["limit", "page", "count", "shape", "redirect"],
)  # fmt: skip
async def test_a_translator_that_fails_is_a_503(servers: Any, answer: Response) -> None:
    server, translator = await with_translator(servers)
    alice = await server.person("alice")
    status = await alice.posts("hello", language="en")
    translator.answer = answer
    await alice.post(f"/api/v1/statuses/{status['id']}/translate", {"lang": "de"}, status=503)
    translator.answer = None
    assert await alice.post(f"/api/v1/statuses/{status['id']}/translate", {"lang": "de"})


async def test_what_a_translator_says_is_cleaned_and_emoji_keep_their_names(servers: Any) -> None:
    server, translator = await with_translator(servers)
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await conn.execute("insert into custom_emojis (shortcode, file) values ('blob', 'emojis/a/b.png')")
    status = await alice.posts("a :blob: and :none:", language="en")
    made = await alice.post(f"/api/v1/statuses/{status['id']}/translate", {"lang": "de"})
    assert '<span translate="no">:blob:</span>' in translator.asked[0]["q"][0]
    assert ":blob: AND" in made["content"]
    other = await alice.posts("bad", spoiler_text="warning", language="en")
    evil = '<p onclick="x()">hi<script>alert(1)</script><a href="javascript:x()">l</a></p>'
    translator.answer = JSONResponse({"translatedText": [evil, "<img src=x onerror=alert(1)>w\n&amp;"]})
    made = await alice.post(f"/api/v1/statuses/{other['id']}/translate", {"lang": "de"})
    assert "script" not in made["content"]
    assert "onclick" not in made["content"]
    assert made["spoiler_text"] == "w &"
