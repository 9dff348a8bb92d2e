"""Trends, counted from what people really did."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

TAGS, LINKS, STATUSES = "/api/v1/trends/tags", "/api/v1/trends/links", "/api/v1/trends/statuses"


async def crowd(server: Node, size: int = 3, *, found: bool = True) -> list[Person]:
    """People who want to be found."""
    people = [await server.person(f"person{number}") for number in range(size)]
    if found:
        async with server.db.transaction() as conn:
            await conn.execute("update accounts set discoverable = true where is_local and id > 0")
    return people


async def like(people: list[Person], status: Any) -> None:
    for person in people:
        await person.post(f"/api/v1/statuses/{status['id']}/favourite")


async def names(server: Node, **params: Any) -> list[str]:
    return [tag["name"] for tag in await server.api("GET", TAGS, params=params)]


async def test_nothing_trends_where_nothing_happens(server: Node) -> None:
    for path in (TAGS, LINKS, STATUSES, "/api/v1/trends"):
        response = await server.client.get(path)
        assert (response.status_code, response.json()) == (200, [])
        assert "Link" not in response.headers


async def test_tags_trend_by_people_not_by_posts(server: Node) -> None:
    one, two, three = await crowd(server)
    for _ in range(5):
        await one.posts("#spam #spam #alone")
    for person in (one, two, three):
        await person.posts("#popular")
    for person in (one, two):
        await person.posts("#some")
    assert await names(server) == ["popular", "some"]
    (tag, _other) = await server.api("GET", "/api/v1/trends")
    assert (tag["history"][0]["accounts"], tag["history"][0]["uses"]) == ("3", "3")
    assert (await one.get(TAGS))[0]["following"] is False


async def test_lately_weighs_more(server: Node) -> None:
    one, two, three = await crowd(server)
    for person in (one, two, three):
        await person.posts("#old")
    for person in (one, two):
        await person.posts("#new")
    async with server.db.transaction() as conn:
        for name, days in (("old", 3), ("gone", 8)):
            await conn.execute(
                "update tag_uses set day = day - $2::int where tag_id = (select id from tags where name = $1)",
                name,
                days,
            )
    assert await names(server) == ["new", "old"]


async def test_only_public_posts_of_people_who_want_to_be_found_count(server: Node) -> None:
    one, two, three = await crowd(server)
    posts = []
    for person in (one, two, three):
        await person.posts("#quiet https://quiet.test/", visibility="unlisted")
        posts.append(await person.posts("#loud https://loud.test/"))
    for status in posts:
        await like([one, two, three], status)
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set discoverable = null where id = $1", one.account_id)
        await conn.execute("update accounts set silenced_at = now() where id = $1", two.account_id)
    assert await names(server) == []
    assert await server.api("GET", LINKS) == []
    assert [each["id"] for each in await server.api("GET", STATUSES)] == [posts[2]["id"]]


@pytest.mark.parametrize("column", ["usable", "listable", "trendable"])
async def test_a_tag_the_operator_dislikes_does_not_trend(server: Node, column: str) -> None:
    for person in await crowd(server):
        await person.posts("#popular")
    async with server.db.transaction() as conn:
        await conn.execute(f"update tags set {column} = false")
    assert await names(server) == []


async def test_posts_trend_by_what_people_do_with_them(server: Node) -> None:
    one, two, three = await crowd(server)
    best, good, alone = await one.posts("best"), await one.posts("good"), await one.posts("liked by one")
    warned = await one.posts("careful", spoiler_text="careful")
    answer = await one.posts("answer", in_reply_to_id=best["id"])
    private = await one.posts("friends", visibility="private")
    for status in (good, warned, answer):
        await like([two, three], status)
    await like([two, three], best)
    await two.post(f"/api/v1/statuses/{best['id']}/reblog")
    await like([two], alone)
    await like([one], private)
    assert [each["id"] for each in await server.api("GET", STATUSES)] == [best["id"], good["id"]]


async def test_a_viewer_does_not_meet_whom_they_muted(server: Node) -> None:
    one, two, three = await crowd(server)
    post = await one.posts("hello")
    await like([two, three], post)
    await two.post(f"/api/v1/accounts/{one.id}/mute")
    assert await two.get(STATUSES) == []
    assert [each["favourited"] for each in await three.get(STATUSES)] == [True]


async def test_links_trend_with_what_is_known_of_them(server: Node) -> None:
    people = await crowd(server)
    for person in people:
        await person.posts(f"read https://www.news.test/a?b=1 and {server.base_url}/@person0")
    for person in people[:2]:
        await person.posts("and https://blog.test/post")
    async with server.db.transaction() as conn:
        await conn.execute(
            """
            insert into preview_cards (url, url_hash, title, description, provider_name)
            select url, url_hash, 'A post', 'About it', 'The blog' from status_links
            where url = 'https://blog.test/post' limit 1
            """
        )
    news, blog = await server.api("GET", LINKS)
    assert (news["url"], news["title"]) == ("https://www.news.test/a?b=1", "https://www.news.test/a?b=1")
    assert (news["provider_name"], news["type"], news["image"]) == ("news.test", "link", None)
    assert (news["history"][0]["accounts"], news["history"][0]["uses"]) == ("3", "3")
    assert len(news["history"]) == 7
    assert (blog["title"], blog["description"], blog["provider_name"]) == ("A post", "About it", "The blog")


async def test_pages_by_offset(server: Node) -> None:
    for person in await crowd(server, 2):
        await person.posts("#a #b #c #d #e")
    path, seen = f"{TAGS}?limit=2", []
    while path:
        response = await server.client.get(path)
        seen.append([tag["name"] for tag in response.json()])
        path = response.links.get("next", {}).get("url", "")
    assert [len(part) for part in seen] == [2, 2, 1]
    assert {name for part in seen for name in part} == {"a", "b", "c", "d", "e"}
    assert response.links["prev"]["url"] == f"{server.base_url}{TAGS}?limit=2&offset=2"
    assert await names(server, offset=99) == []
    assert len(await names(server, limit=-3, offset=-1)) == 3


async def test_trends_cost_few_queries_and_then_fewer(server: Node) -> None:
    people = await crowd(server)
    for person in people:
        post = await person.posts("#popular https://news.test/")
        await like(people, post)
    server.app.memory.pop("fedi.entities.bundle", None)
    for path, most in ((TAGS, 2), (LINKS, 1), (STATUSES, 4)):
        with queries(at_most=most):
            assert await server.api("GET", path)
        with queries(at_most=most - 1):
            assert await server.api("GET", path)


async def test_what_came_from_elsewhere_counts(servers: Callable[..., Awaitable[list[Node]]]) -> None:
    a, b = await servers("a.test", "b.test")
    alice = await a.person("alice")
    writers = await crowd(b, 2)
    for writer in writers:
        await alice.follow(writer)
    await drain(a, b)
    for writer in writers:
        await writer.posts("#everywhere")
    await drain(a, b)
    assert await names(a) == ["everywhere"]
