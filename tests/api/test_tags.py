"""Hashtags: shown, followed, featured."""

import pytest

from storage.visibility import DIRECT, UNLISTED
from tests.support import factories
from tests.support.servers import Node, queries

pytestmark = pytest.mark.anyio


async def test_a_tag_has_a_week_of_history(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for _ in range(2):
            await factories.status(conn, alice.account_id, tags=["Cats"])
    tag = await server.api("GET", "/api/v1/tags/CATS")
    assert (tag["name"], tag["url"], len(tag["history"])) == ("cats", "https://example.test/tags/cats", 7)
    assert (tag["history"][0]["uses"], tag["history"][0]["accounts"]) == ("2", "1")
    assert "following" not in tag
    mine = await alice.get("/api/v1/tags/cats")
    assert (mine["following"], mine["featuring"]) == (False, False)


async def test_a_tag_that_nobody_used_is_there_too(server: Node) -> None:
    tag = await server.api("GET", "/api/v1/tags/never_seen")
    assert tag["name"] == "never_seen"
    assert {day["uses"] for day in tag["history"]} == {"0"}
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from tags") == 0


@pytest.mark.parametrize("name", ["123", "a b", "a.b", "%23", "x" * 300])
async def test_what_is_no_tag_is_not_found(server: Node, name: str) -> None:
    await server.api("GET", f"/api/v1/tags/{name}", status=404)


async def test_following_a_tag(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    for _ in range(2):
        assert (await alice.post("/api/v1/tags/Köln/follow"))["following"]
    await alice.post("/api/v1/tags/cats/follow")
    followed = await alice.get("/api/v1/followed_tags")
    assert [(each["name"], each["following"]) for each in followed] == [("cats", True), ("koln", True)]
    assert not (await bob.get("/api/v1/tags/cats"))["following"]
    assert await bob.get("/api/v1/followed_tags") == []
    for _ in range(2):
        assert not (await alice.post("/api/v1/tags/CATS/unfollow"))["following"]
    assert not (await alice.post("/api/v1/tags/never_seen/unfollow"))["following"]
    assert len(await alice.get("/api/v1/followed_tags")) == 1


async def test_followed_tags_page_and_cost_little(server: Node) -> None:
    alice = await server.person("alice")
    for number in range(5):
        await alice.post(f"/api/v1/tags/tag{number}/follow")
    first = await alice.call("GET", "/api/v1/followed_tags?limit=3")
    second = await alice.call("GET", first.links["next"]["url"])
    assert [each["name"] for each in first.json() + second.json()] == [f"tag{number}" for number in (4, 3, 2, 1, 0)]
    assert "next" not in second.links
    with queries(at_most=4):
        await alice.get("/api/v1/followed_tags")


async def test_featured_tags(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        await factories.status(conn, alice.account_id, tags=["cats", "dogs"])
        await factories.status(conn, alice.account_id, tags=["cats"], visibility=UNLISTED)
        await factories.status(conn, alice.account_id, tags=["cats"], visibility=DIRECT)
        await factories.status(conn, bob.account_id, tags=["cats"])
    suggested = await alice.get("/api/v1/featured_tags/suggestions")
    assert [each["name"] for each in suggested] == ["cats", "dogs"]
    entry = await alice.post("/api/v1/featured_tags", {"name": "#Cats"})
    assert (entry["name"], entry["statuses_count"], entry["url"]) == ("cats", "2", "https://example.test/tags/cats")
    await alice.post("/api/v1/featured_tags", {"name": "unused"})
    for wrong in ("cats", "a b", "123"):
        await alice.post("/api/v1/featured_tags", {"name": wrong}, status=422)
    shown = await server.api("GET", f"/api/v1/accounts/{alice.id}/featured_tags")
    assert [(each["name"], each["last_status_at"] is None) for each in shown] == [("cats", False), ("unused", True)]
    assert shown == await alice.get("/api/v1/featured_tags")
    assert [each["name"] for each in await alice.get("/api/v1/featured_tags/suggestions")] == ["dogs"]
    assert (await alice.get("/api/v1/tags/cats"))["featuring"]
    assert await bob.get("/api/v1/featured_tags") == []
    await bob.api("DELETE", f"/api/v1/featured_tags/{entry['id']}", status=404)
    assert await alice.api("DELETE", f"/api/v1/featured_tags/{entry['id']}") == {}
    await alice.api("DELETE", f"/api/v1/featured_tags/{entry['id']}", status=404)
    for number in range(9):
        await alice.post("/api/v1/featured_tags", {"name": f"tag{number}"})
    await alice.post("/api/v1/featured_tags", {"name": "onemore"}, status=422)


async def test_scopes(server: Node) -> None:
    narrow = await server.person("narrow", scopes="read:blocks write:blocks")
    routes = [
        ("POST", "/api/v1/tags/cats/follow"), ("POST", "/api/v1/tags/cats/unfollow"), ("GET", "/api/v1/followed_tags"),
        ("GET", "/api/v1/featured_tags"), ("POST", "/api/v1/featured_tags"),
        ("GET", "/api/v1/featured_tags/suggestions"), ("DELETE", "/api/v1/featured_tags/1"),
    ]  # fmt: skip
    for method, path in routes:
        await server.api(method, path, status=401)
        await narrow.api(method, path, status=403)
