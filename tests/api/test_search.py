"""Search for people, hashtags and posts."""

from typing import Any

import pytest

from storage.visibility import PRIVATE
from tests.support import factories
from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio

SEARCH = "/api/v2/search"


async def people(person: Person, q: str, **params: Any) -> list[str]:
    found = await person.get(SEARCH, q=q, **{"type": "accounts", **params})
    assert (found["statuses"], found["hashtags"]) == ([], [])
    return [each["acct"] for each in found["accounts"]]


async def hashtags(person: Person, q: str, **params: Any) -> list[str]:
    found = await person.get(SEARCH, q=q, **{"type": "hashtags", **params})
    return [each["name"] for each in found["hashtags"]]


# ------------------------------------------------------------ accounts


async def test_an_exact_handle_comes_first_then_friends_then_the_rest(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for username, domain in (("sam", "far.test"), ("samantha", "near.test"), ("samuel", "near.test")):
            await factories.remote(conn, username, domain)
        friend = await factories.remote(conn, "blossam", "near.test", display_name="Sammy B")
        await factories.follow(conn, alice.account_id, friend)
        await conn.execute("update account_stats set followers_count = 900 where account_id <> $1", friend)
    await server.person("sam")
    found = await people(alice, "sam")
    assert found[:3] == ["sam", "blossam@near.test", "sam@far.test"]
    assert set(found[3:]) == {"samantha@near.test", "samuel@near.test"}
    assert (await people(alice, "sam@far.test"))[0] == "sam@far.test"
    assert await people(alice, "@sam@fa") == ["sam@far.test"]
    assert await people(alice, "sam", following="true") == ["blossam@near.test"]
    assert await people(alice, "sam", limit=2) == found[:2]
    assert await people(alice, "sam", limit=2, offset=2) == found[2:4]
    assert await people(alice, "sam", offset=50) == []


@pytest.mark.parametrize("q", ["zo", "Zoe", "ZOË", "muller", "Zoë Müll", "zoe_m", "mulller", "@zoe", "oe_m"])
async def test_people_are_found_by_parts_of_their_names(server: Node, q: str) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await factories.remote(conn, "zoe_m", "far.test", display_name="Zoë Müller muller")
        await factories.remote(conn, "other", "far.test", display_name="Somebody Else")
    assert await people(alice, q) == ["zoe_m@far.test"]


@pytest.mark.parametrize("q", ["%", "_", "\\", "%%%", "a_b", "'", "\x00x", "🦊", "@", "@@", "acct:", " @ "])
async def test_signs_mean_themselves(server: Node, q: str) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await factories.remote(conn, "axb", "far.test")
    response = await alice.call("GET", SEARCH, params={"q": q})
    assert response.status_code == 200
    assert response.json()["accounts"] == []


async def test_who_is_not_found(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("findme_bob")
    await server.person("findme_waiting", approved=False)
    await server.person("findme_unconfirmed", confirmed=False)
    async with server.db.transaction() as conn:
        gone = await factories.remote(conn, "findme_gone")
        moved = await factories.remote(conn, "findme_moved")
        await conn.execute("update accounts set suspended_at = now() where id = $1", gone)
        await conn.execute("update accounts set moved_to_id = $2 where id = $1", moved, alice.account_id)
        actor = await conn.fetchval("select username from accounts where id = -99")
    assert await people(alice, "findme") == ["findme_bob"]
    assert await people(alice, "findme_moved") == ["findme_moved@remote.test"]
    assert await people(alice, actor) == []
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    assert await people(alice, "findme") == []
    for name in ("@findme_bob@example.test", "findme_bob"):  # which is how some clients look for whom to unblock
        assert await people(alice, name) == ["findme_bob"]


async def test_the_search_of_accounts_alone(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    found = await alice.get("/api/v1/accounts/search", q="bo", limit=5)
    assert [each["id"] for each in found] == [bob.id]
    assert await alice.get("/api/v1/accounts/search", q="bo", following="true") == []
    assert await alice.get("/api/v1/accounts/search", q="#bo") == []
    await alice.api("GET", "/api/v1/accounts/search", status=400)


# ------------------------------------------------------------ hashtags


async def test_hashtags_are_found_by_their_beginning_and_by_use(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for names in (["Caturday"], ["Caturday"], ["cats"], ["dogs"], ["Catástrofe"]):
            await factories.status(conn, (await factories.remote(conn, "x")), tags=names)
        await factories.status(conn, alice.account_id, tags=["caturday"])
        await conn.execute("insert into tags (name, display_name, usable) values ('catbad', 'catbad', false)")
        await conn.execute("insert into tags (name, display_name, listable) values ('catlow', 'catlow', false)")
    for q in ("cat", "#cat", "#CAT"):
        assert await hashtags(alice, q) == ["caturday", "catastrofe", "cats"]
    assert (await hashtags(alice, "cats"))[0] == "cats"
    assert await hashtags(alice, "catá") == ["catastrofe"]
    assert await hashtags(alice, "catlow") == ["catlow"]
    assert await hashtags(alice, "catlow", exclude_unreviewed="true") == []
    assert await hashtags(alice, "catbad") == []
    assert await hashtags(alice, "cat", limit=1, offset=1) != await hashtags(alice, "cat", limit=1)
    assert await hashtags(alice, "two words") == []
    assert await hashtags(alice, "%") == []


# ------------------------------------------------------------ addresses and handles


async def test_addresses_are_looked_up(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        public = await factories.status(conn, bob.account_id)
        private = await factories.status(conn, bob.account_id, visibility=PRIVATE)
    for resolve in ("true", "false"):
        for url in ("https://example.test/@bob", "https://example.test/users/bob"):
            found = await alice.get(SEARCH, q=url, resolve=resolve)
            assert [each["id"] for each in found["accounts"]] == [bob.id]
            assert (await alice.get(SEARCH, q=url, resolve=resolve, type="statuses"))["accounts"] == []
        found = await alice.get(SEARCH, q=f"https://example.test/users/bob/statuses/{public}", resolve=resolve)
        assert [each["id"] for each in found["statuses"]] == [str(public)]
        url = f"https://example.test/users/bob/statuses/{private}"
        assert (await alice.get(SEARCH, q=url, resolve=resolve))["statuses"] == []
    empty: dict[str, list[Any]] = {"accounts": [], "statuses": [], "hashtags": [], "collections": []}
    assert await alice.get(SEARCH, q="https://silent.test/x", resolve="true") == empty
    assert await alice.get(SEARCH, q="https://example.test/@instance.actor", resolve="true") == empty


async def test_people_and_posts_of_other_servers_are_fetched_when_asked(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    assert await people(alice, "@bob@b.test") == []
    assert a.network.seen == []
    assert await people(alice, "@bob@b.test", resolve="true") == ["bob@b.test"]
    assert await people(alice, "bob@b.test") == ["bob@b.test"]
    async with b.db.transaction() as conn:
        status_id = await factories.status(conn, bob.account_id)
    uri = f"https://b.test/users/bob/statuses/{status_id}"
    assert (await alice.get(SEARCH, q=uri))["statuses"] == []
    found = await alice.get(SEARCH, q=uri, resolve="true")
    assert [each["uri"] for each in found["statuses"]] == [uri]
    assert await people(alice, "@nobody@b.test", resolve="true") == []
    assert await people(alice, "@bob@silent.test", resolve="true") == []


# ------------------------------------------------------------ the request


async def test_the_public_may_search_but_not_resolve_or_page(server: Node) -> None:
    await server.person("alice")
    found = await server.api("GET", SEARCH, params={"q": "alice"})
    assert [each["acct"] for each in found["accounts"]] == ["alice"]
    await server.api("GET", SEARCH, params={"q": "alice", "resolve": "true"}, status=401)
    await server.api("GET", SEARCH, params={"q": "alice", "type": "accounts", "offset": 1}, status=401)
    await server.api("GET", "/api/v1/search", params={"q": "alice"}, status=401)


async def test_odd_requests(server: Node) -> None:
    alice = await server.person("alice")
    for params in ({}, {"q": ""}, {"q": "   "}):
        await alice.api("GET", SEARCH, params=params, status=400)
    for params in ({"limit": "-1"}, {"offset": "-1", "type": "accounts"}, {"type": "dogs"}):
        await alice.api("GET", SEARCH, params={"q": "alice", **params}, status=400)
    assert await people(alice, "alice", limit="0") == []
    assert await people(alice, "alice", limit="999999") == ["alice"]
    found = await alice.get(SEARCH, q="alice", offset=5)  # without a type there is nothing to page
    assert [each["acct"] for each in found["accounts"]] == ["alice"]
    await alice.get(SEARCH, q="x" * 5000)


async def test_the_older_form_has_names_of_hashtags(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await factories.status(conn, alice.account_id, tags=["aliceinchains"], content="alice")
    await server.drain()
    found = await alice.get("/api/v1/search", q="alice")
    assert found["hashtags"] == ["aliceinchains"]
    assert [each["acct"] for each in found["accounts"]] == ["alice"]
    assert len(found["statuses"]) == 1


async def test_a_search_costs_a_fixed_number_of_queries(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for number in range(12):
            rita = await factories.remote(conn, f"common{number}", indexable=True)
            await factories.status(conn, rita, content="common", tags=[f"common{number}"])
    await server.drain()
    with queries(at_most=17):  # token, three searches and the empty-query check, then accounts, a page of posts, tags
        found = await alice.get(SEARCH, q="common")
    assert [len(found[kind]) for kind in ("accounts", "statuses", "hashtags")] == [12, 12, 12]


async def test_scopes(server: Node) -> None:
    narrow = await server.person("narrow", scopes="read:accounts write")
    await narrow.api("GET", SEARCH, params={"q": "x"}, status=403)
    await narrow.api("GET", "/api/v1/search", params={"q": "x"}, status=403)
