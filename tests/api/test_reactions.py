"""Emojis under posts: what may be given, by whom, and how clients of every kind are told."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio


def path(status: dict[str, Any], emoji: str = "") -> str:
    return f"/api/v1/pleroma/statuses/{status['id']}/reactions" + (f"/{quote(emoji)}" if emoji else "")


async def react(person: Person, status: dict[str, Any], emoji: str, code: int = 200) -> Any:
    return await person.api("PUT", path(status, emoji), status=code)


def shown(status: dict[str, Any]) -> list[tuple[str, int, bool]]:
    assert status["reactions"] == status["emoji_reactions"]
    return [(each["name"], each["count"], each["me"]) for each in status["reactions"]]


async def test_several_may_be_given_each_once_and_a_person_has_a_limit(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    status = await alice.posts("hello")
    for emoji in "🎉", "🎉", "👍🏽", "🇳🇱", "1️⃣", "🏳️‍🌈", "👩‍👩‍👧":
        status = await react(bob, status, emoji)
    assert [name for name, _, _ in shown(status)] == ["🎉", "👍🏽", "🇳🇱", "1️⃣", "🏳️‍🌈", "👩‍👩‍👧"]
    assert shown(status)[0] == ("🎉", 1, True)
    await react(bob, status, "⭐")
    await react(bob, status, "🐸")
    answer = await react(bob, status, "🐱", 422)
    assert "Limit of 8" in answer["error"]
    assert (await server.api("GET", "/api/v2/instance"))["configuration"]["reactions"] == {"max_reactions": 8}
    # What is given already is no further one.
    await react(bob, status, "🎉")


async def test_the_same_heart_in_two_spellings_is_one(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    status = await alice.posts("hello")
    await react(bob, status, "❤")
    assert shown(await react(alice, status, "❤️")) == [("❤️", 2, True)]
    assert shown(await bob.api("DELETE", path(status, "❤️"))) == [("❤️", 1, False)]


@pytest.mark.parametrize("name", ["ab", "🎉🎉", "nothing", "nothing@elsewhere.test", "1", " ", "a" * 3000])
async def test_what_is_no_emoji_is_refused(server: Node, name: str) -> None:
    alice = await server.person("alice")
    status = await alice.posts("hello")
    await react(alice, status, name, 422)
    assert shown(await alice.get(f"/api/v1/statuses/{status['id']}")) == []


async def test_who_may_not_see_a_post_neither_reacts_nor_learns_who_did(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    secret = await alice.posts("@bob only you", visibility="direct")
    await react(bob, secret, "🎉")
    await react(carol, secret, "🎉", 404)
    await carol.api("GET", path(secret), status=404)
    await server.api("GET", path(secret), status=404)
    await carol.api("DELETE", path(secret, "🎉"), status=404)


async def test_blocks_hold_in_both_directions(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    status = await alice.posts("hello")
    await react(bob, status, "🎉")
    await carol.post(f"/api/v1/accounts/{bob.id}/block")
    assert [each["accounts"] for each in await carol.get(path(status))] == [[]]
    await alice.post(f"/api/v1/accounts/{carol.id}/block")
    await react(carol, status, "🎉", 404)
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    await react(bob, status, "👍", 403)


async def test_scopes_are_asked_for(server: Node) -> None:
    alice = await server.person("alice", scopes="read")
    writer = await server.person("bob")
    status = await writer.posts("hello")
    await react(alice, status, "🎉", 403)
    await server.api("PUT", path(status, "🎉"), status=401)


async def test_a_boost_stands_for_what_it_boosts(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    status = await alice.posts("hello")
    boost = await bob.post(f"/api/v1/statuses/{status['id']}/reblog")
    assert shown(await react(bob, boost, "🎉")) == [("🎉", 1, True)]
    boost = await bob.get(f"/api/v1/statuses/{boost['id']}")
    assert shown(boost) == shown(boost["reblog"]) == [("🎉", 1, True)]


async def test_clients_are_told_in_the_words_they_know(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    status = await alice.posts("hello")
    await react(bob, status, "🎉")
    await drain(server)
    [silent] = await alice.notifications()
    assert (silent["type"], silent["status"]["id"], silent["emoji"]) == ("favourite", status["id"], "🎉")
    kind = "pleroma:emoji_reaction"
    for params in {"types[]": kind}, {"supported_types[]": kind}:
        [told] = await alice.get("/api/v1/notifications", **params)
        assert told["type"] == kind
        assert "fallback" not in told
        [group] = (await alice.get("/api/v2/notifications", **params))["notification_groups"]
        assert (group["type"], group["emoji"]) == (kind, "🎉")
    [modern] = await alice.get("/api/v1/notifications", **{"supported_types[]": "mention"})
    assert modern["type"] == kind
    assert modern["fallback"]["title"].endswith("reacted to your post with 🎉")
    assert await alice.get("/api/v1/notifications", **{"exclude_types[]": kind}) == []
    [group] = (await alice.get("/api/v2/notifications"))["notification_groups"]
    assert group["type"] == "favourite"
    await bob.api("DELETE", path(status, "🎉"))
    await drain(server)
    assert await alice.notifications() == []


async def test_whoever_mutes_the_thread_or_the_person_hears_nothing(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    status = await alice.posts("hello")
    await alice.post(f"/api/v1/accounts/{bob.id}/mute")
    await react(bob, status, "🎉")
    await alice.post(f"/api/v1/statuses/{status['id']}/mute")
    await react(carol, status, "🎉")
    await drain(server)
    assert await alice.notifications() == []


async def test_reactions_cost_no_query_of_their_own(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    for number in range(5):
        await react(bob, await alice.posts(f"post {number}"), "🎉")
    await drain(server)
    with queries(at_most=7):
        found = await alice.get(f"/api/v1/accounts/{alice.id}/statuses")
    assert [shown(each) for each in found] == [[("🎉", 1, False)]] * 5
    with queries(at_most=7):
        await alice.get(path(found[0]))


async def test_what_somebody_gave_goes_with_them(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    status = await alice.posts("hello")
    await react(bob, status, "🎉")
    await drain(server)
    deleted = await alice.posts("soon gone")
    await react(bob, deleted, "🎉")
    await alice.api("DELETE", f"/api/v1/statuses/{deleted['id']}")
    await drain(server)
    assert shown(await alice.get(f"/api/v1/statuses/{status['id']}")) == [("🎉", 1, False)]
