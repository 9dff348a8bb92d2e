"""Whom to follow."""

from typing import Any

import pytest

from tests.support import factories
from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio


async def suggested(person: Person) -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = await person.get("/api/v2/suggestions")
    return [(each["account"]["username"], each["sources"][0]) for each in found]


async def test_friends_of_friends_come_before_popular_people(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    async with server.db.transaction() as conn:
        once = await factories.remote(conn, "once", discoverable=True)
        twice = await factories.remote(conn, "twice", discoverable=True)
        await factories.remote(conn, "stranger", discoverable=True)
        for friend in (bob, carol):
            await factories.follow(conn, alice.account_id, friend.account_id)
            await factories.follow(conn, friend.account_id, twice)
        await factories.follow(conn, bob.account_id, once)
        await factories.follow(conn, bob.account_id, alice.account_id)
    popular, quiet = await server.person("popular"), await server.person("quiet")
    async with server.db.transaction() as conn:
        await factories.status(conn, popular.account_id)
        await conn.execute("update account_stats set followers_count = 99 where account_id = $1", quiet.account_id)
    assert await suggested(alice) == [
        ("twice", "friends_of_friends"), ("once", "friends_of_friends"), ("popular", "most_followed"),
    ]  # fmt: skip
    older = await alice.get("/api/v1/suggestions", limit=2)
    assert [each["username"] for each in older] == ["twice", "once"]


async def test_nobody_known_avoided_dismissed_or_hidden_is_suggested(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    states = {
        "followed": "insert into follows (account_id, target_id, uri) values ($1, $2, 'u')",
        "asked": "insert into follow_requests (account_id, target_id, uri) values ($1, $2, 'u')",
        "blocked": "insert into blocks (account_id, target_id) values ($1, $2)",
        "blocker": "insert into blocks (target_id, account_id) values ($1, $2)",
        "muted": "insert into mutes (account_id, target_id) values ($1, $2)",
        "suspended": "update accounts set suspended_at = now() where id = $2 and id <> $1",
        "silenced": "update accounts set silenced_at = now() where id = $2 and id <> $1",
        "moved": "update accounts set moved_to_id = $1 where id = $2",
        "memorial": "update accounts set memorial = true where id = $2 and id <> $1",
        "hidden": "update accounts set discoverable = false where id = $2 and id <> $1",
        "unasked": "update accounts set discoverable = null where id = $2 and id <> $1",
        "fine": "select $1::bigint, $2::bigint",
    }
    async with server.db.transaction() as conn:
        await factories.follow(conn, alice.account_id, bob.account_id)
        for name, statement in states.items():
            account_id = await factories.remote(conn, name, discoverable=True)
            await factories.follow(conn, bob.account_id, account_id)
            await conn.execute(statement, alice.account_id, account_id)
        away = await factories.remote(conn, "away", "blocked.test", discoverable=True)
        await factories.follow(conn, bob.account_id, away)
        fine = await conn.fetchval("select id from accounts where username = 'fine'")
    await alice.post("/api/v1/domain_blocks", {"domain": "blocked.test"})
    assert await suggested(alice) == [("fine", "friends_of_friends")]
    assert await alice.api("DELETE", f"/api/v1/suggestions/{fine}") == {}
    assert await suggested(alice) == []
    assert await alice.api("DELETE", f"/api/v1/suggestions/{fine}") == {}
    assert await alice.api("DELETE", "/api/v1/suggestions/1") == {}


async def test_a_friend_who_hides_their_network_gives_nothing_away(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        await factories.follow(conn, alice.account_id, bob.account_id)
        await factories.follow(conn, bob.account_id, await factories.remote(conn, "secret", discoverable=True))
    await bob.api("PATCH", "/api/v1/accounts/update_credentials", json={"hide_collections": True})
    assert await suggested(alice) == []


async def test_suggestions_cost_a_fixed_number_of_queries(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        await factories.follow(conn, alice.account_id, bob.account_id)
        for number in range(8):
            rita = await factories.remote(conn, f"r{number}", discoverable=True)
            await factories.follow(conn, bob.account_id, rita)
    with queries(at_most=5):
        assert len(await suggested(alice)) == 8


async def test_scopes(server: Node) -> None:
    narrow = await server.person("narrow", scopes="read:blocks write:blocks")
    for method, path in (
        ("GET", "/api/v2/suggestions"), ("GET", "/api/v1/suggestions"), ("DELETE", "/api/v1/suggestions/1"),
    ):  # fmt: skip
        await server.api(method, path, status=401)
        await narrow.api(method, path, status=403)
