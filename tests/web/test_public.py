"""What anybody may read in a browser, and what nobody may."""

from typing import Any

import pytest

from tests.support.servers import Node

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html,application/xhtml+xml"}


async def test_a_profile_shows_public_posts_only(server: Node) -> None:
    alice = await server.person("alice")
    await alice.posts("for everybody <script>alert(1)</script>")
    await alice.posts("for followers", visibility="private")
    await alice.posts("for nobody", visibility="direct")
    response = await server.client.get("/@alice", headers=HTML)
    assert response.status_code == 200
    assert "for everybody" in response.text
    assert "<script>alert" not in response.text
    assert "for followers" not in response.text
    assert "for nobody" not in response.text
    assert "@alice@example.test" in response.text
    assert "script-src 'self'" in response.headers["content-security-policy"]


async def test_a_post_is_shown_with_its_thread(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("a question", spoiler_text="careful")
    await bob.replies(post, "an answer")
    response = await server.client.get(post["url"], headers=HTML)
    assert response.status_code == 200
    for text in ("a question", "careful", "an answer"):
        assert text in response.text
    assert post["uri"] in response.headers["link"]


async def test_the_same_address_answers_machines_and_people(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("both")
    for path in ("/@alice", f"/@alice/{post['id']}"):
        machine = await server.client.get(path, headers={"Accept": "application/activity+json"})
        person = await server.client.get(path, headers=HTML)
        assert machine.headers["content-type"].startswith("application/activity+json")
        assert person.headers["content-type"].startswith("text/html")
        assert "Accept" in person.headers["vary"]
    moved = await server.client.get("/users/alice", headers=HTML)
    assert (moved.status_code, moved.headers["location"]) == (302, "https://example.test/@alice")


async def test_what_is_hidden_looks_like_what_is_not_there(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("for followers", visibility="private")
    hidden = await server.client.get(f"/@alice/{post['id']}", headers=HTML)
    missing = await server.client.get("/@alice/1", headers=HTML)
    assert hidden.status_code == missing.status_code == 404
    assert "for followers" not in hidden.text
    assert (await server.client.get("/@nobody", headers=HTML)).status_code == 404


async def test_a_post_is_not_shown_under_somebody_elses_name(server: Node) -> None:
    alice = await server.person("alice")
    await server.person("bob")
    post = await alice.posts("mine")
    assert (await server.client.get(f"/@bob/{post['id']}", headers=HTML)).status_code == 404


async def test_a_hashtag_lists_posts_and_pages(server: Node) -> None:
    alice = await server.person("alice")
    for number in range(21):
        await alice.posts(f"number {number} #Many")
    first = await server.client.get("/tags/many", headers=HTML)
    assert "number 20" in first.text
    assert "number 0 " not in first.text
    older = first.text.split('href="?max_id=')[1].split('"')[0]
    second = await server.client.get(f"/tags/many?max_id={older}", headers=HTML)
    assert "number 0 " in second.text


async def test_a_post_shows_what_it_quotes_while_everybody_may_read_that(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    said = await alice.posts("quotable words", spoiler_text="mild <warning>")
    quoting = await bob.posts("look", quoted_status_id=said["id"])

    async def page(path: str) -> str:
        return (await server.client.get(path, headers=HTML)).text

    for path in (quoting["url"], "/@bob", f"/@bob/{quoting['id']}/embed"):
        text = await page(path)
        assert "quotable words" in text, path
        assert "mild &lt;warning&gt;" in text
        assert f'cite="{said["uri"]}"' in text
    await alice.post(f"/api/v1/statuses/{said['id']}/quotes/{quoting['id']}/revoke")
    text = await page(quoting["url"])
    assert "quotable words" not in text
    assert "look" in text
    private = await alice.posts("for followers", visibility="private")
    own = await alice.posts("my own, which only followers see", quoted_status_id=private["id"], visibility="private")
    assert "for followers" not in await page("/@alice"), own
    later = await alice.posts("said in public")
    again = await bob.posts("twice", quoted_status_id=later["id"])
    async with server.db.transaction() as conn:
        await conn.execute("update statuses set visibility = 2 where id = $1", int(later["id"]))
    assert "said in public" not in await page(again["url"])
    async with server.db.transaction() as conn:
        await conn.execute("update statuses set visibility = 0 where id = $1", int(later["id"]))
        await conn.execute("update quotes set state = 'pending' where status_id = $1", int(again["id"]))
    assert "said in public" not in await page(again["url"])


async def test_emojis_under_a_post_are_shown(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("tomatoes")
    assert "reactions" not in (await server.client.get(post["url"], headers=HTML)).text
    await bob.api("PUT", f"/api/v1/pleroma/statuses/{post['id']}/reactions/🍅")
    for path in (post["url"], "/@alice", f"/@alice/{post['id']}/embed"):
        html = (await server.client.get(path, headers=HTML)).text
        assert "<li><span>🍅</span> 1</li>" in html, path


async def test_the_start_page_offers_apps_that_can_reach_the_server(servers: Any) -> None:
    near = await servers("localhost:8000", base_url="http://localhost:8000")
    far = await servers("example.test")
    pages = {node.domain: (await node.client.get("/")).text for node in near + far}
    assert "toot login -i http://localhost:8000<" in pages["localhost:8000"]
    assert "elk.zone" not in pages["localhost:8000"]
    assert "https://elk.zone/example.test/" in pages["example.test"]
