"""Lists: made, changed, filled; who may be on them, and what an exclusive one does to home."""

from typing import Any

import pytest

from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio


async def make(person: Person, title: str = "Friends", **more: Any) -> Any:
    return await person.post("/api/v1/lists", {"title": title, **more})


async def members(person: Person, ident: str, **params: Any) -> list[str]:
    return [each["username"] for each in await person.get(f"/api/v1/lists/{ident}/accounts", **params)]


async def follows(person: Person, *others: Person) -> None:
    for other in others:
        await person.follow(other)


async def test_a_list_is_made_changed_and_deleted(server: Node) -> None:
    alice = await server.person("alice")
    made = await make(alice, " My\nfriends ", replies_policy="followed")
    assert (made["title"], made["replies_policy"], made["exclusive"]) == ("My friends", "followed", False)
    path = f"/api/v1/lists/{made['id']}"
    for method in ("PUT", "PATCH"):
        changed = await alice.api(method, path, data={"title": method, "exclusive": "1"})
        assert (changed["title"], changed["replies_policy"], changed["exclusive"]) == (method, "followed", True)
    assert await alice.get(path) == changed
    assert await alice.get("/api/v1/lists") == [changed]
    assert await alice.api("DELETE", path) == {}
    assert await alice.get("/api/v1/lists") == []
    await alice.api("GET", path, status=404)
    await alice.api("DELETE", path, status=404)


@pytest.mark.parametrize("body", [{}, {"title": " "}, {"title": "x" * 257}, {"title": "x", "replies_policy": "some"}])
async def test_a_list_that_cannot_be(server: Node, body: dict[str, str]) -> None:
    alice = await server.person("alice")
    await alice.post("/api/v1/lists", body, status=422)
    assert await alice.get("/api/v1/lists") == []


async def test_the_number_of_lists_is_limited(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await conn.execute(
            "insert into lists (account_id, title) select $1, 'list ' || n from generate_series(1, 49) n",
            alice.account_id,
        )
    await make(alice)
    assert "at most 50" in (await alice.post("/api/v1/lists", {"title": "more"}, status=422))["error"]


async def test_somebody_elses_list_is_not_there(server: Node) -> None:
    alice, mallory = await server.person("alice"), await server.person("mallory")
    await follows(mallory, alice)
    path = f"/api/v1/lists/{(await make(alice))['id']}"
    for method, where in [
        ("GET", path), ("PUT", path), ("DELETE", path), ("GET", f"{path}/accounts"), ("POST", f"{path}/accounts"),
        ("DELETE", f"{path}/accounts"),
    ]:  # fmt: skip
        json = {"title": "mine", "account_ids": [alice.id]} if method != "GET" else None
        assert (await mallory.api(method, where, json=json, status=404))["error"] == "Record not found"
    assert (await alice.get(path))["title"] == "Friends"


async def test_members_come_and_go_in_every_encoding(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    await follows(alice, bob, carol)
    ident = (await make(alice))["id"]
    path = f"/api/v1/lists/{ident}/accounts"
    await alice.post(path, {"account_ids": [bob.id, alice.id]})
    await alice.api("POST", path, data={"account_ids[]": [carol.id, bob.id]})
    assert await members(alice, ident) == ["carol", "alice", "bob"]
    assert [each["id"] for each in await alice.get(f"/api/v1/accounts/{bob.id}/lists")] == [ident]
    await alice.api("DELETE", path, json={"account_ids": [bob.id]})
    await alice.api("DELETE", path, data={"account_ids[]": [alice.id]})
    assert await members(alice, ident) == ["carol"]
    await alice.api("DELETE", path, params={"account_ids[]": carol.id})
    assert await members(alice, ident) == []


async def test_only_who_is_followed_can_be_on_a_list(server: Node) -> None:
    alice, bob, stranger = await server.person("alice"), await server.person("bob"), await server.person("stranger")
    await follows(alice, bob)
    ident = (await make(alice))["id"]
    await alice.post(f"/api/v1/lists/{ident}/accounts", {"account_ids": [bob.id, stranger.id]}, status=404)
    assert await members(alice, ident) == []


async def test_with_the_follow_ends_the_place_on_the_list(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    await follows(alice, bob, carol)
    ident = (await make(alice))["id"]
    await alice.post(f"/api/v1/lists/{ident}/accounts", {"account_ids": [bob.id, carol.id]})
    await alice.post(f"/api/v1/accounts/{bob.id}/unfollow")
    await server.drain()
    assert await members(alice, ident) == ["carol"]
    await carol.post(f"/api/v1/accounts/{alice.id}/remove_from_followers")
    await server.drain()
    assert await members(alice, ident) == []


async def test_members_are_paged_and_zero_means_all(server: Node) -> None:
    alice = await server.person("alice")
    people = [await server.person(f"person{number}") for number in range(5)]
    await follows(alice, *people)
    ident = (await make(alice))["id"]
    for person in people:
        await alice.post(f"/api/v1/lists/{ident}/accounts", {"account_ids": [person.id]})
    path, names = f"/api/v1/lists/{ident}/accounts", []
    while path:
        response = await alice.call("GET", path, params={"limit": 2} if "limit" not in path else None)
        names += [each["username"] for each in response.json()]
        assert 'rel="prev"' in response.headers["Link"]
        path = response.links.get("next", {}).get("url", "")
    assert names == [f"person{number}" for number in reversed(range(5))]
    assert len(await members(alice, ident, limit=0)) == 5


async def test_a_page_of_members_takes_few_queries(server: Node) -> None:
    alice = await server.person("alice")
    people = [await server.person(f"person{number}") for number in range(4)]
    await follows(alice, *people)
    ident = (await make(alice))["id"]
    await alice.post(f"/api/v1/lists/{ident}/accounts", {"account_ids": [person.id for person in people]})
    await members(alice, ident)
    with queries(at_most=4):  # the token, the list, its members, their accounts
        assert len(await members(alice, ident)) == 4


async def test_an_exclusive_list_keeps_its_members_out_of_home(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await follows(alice, bob)
    await server.drain()
    post = await bob.posts("hello")
    await server.drain()
    ident = (await make(alice, exclusive=True))["id"]
    assert [each["id"] for each in await alice.home()] == [post["id"]]
    await alice.post(f"/api/v1/lists/{ident}/accounts", {"account_ids": [bob.id]})
    assert await alice.home() == []
    await bob.posts("again")
    await server.drain()
    assert await alice.home() == []
    await alice.api("PUT", f"/api/v1/lists/{ident}", json={"exclusive": False})
    await server.drain()
    assert len(await alice.home()) == 2
