"""Profiles, whom they show, the directory, and why somebody is suggested."""

from typing import Any

import pytest

from tests.support import factories
from tests.support.pictures import picture
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio


async def test_a_profile_is_what_was_typed_and_pictures_are_null_without_one(server: Node) -> None:
    alice = await server.person("alice")
    bare = await alice.get("/api/v1/profile")
    assert (bare["avatar"], bare["header"], bare["fields"], bare["featured_tags"]) == (None, None, [], [])
    await alice.post("/api/v1/featured_tags", {"name": "tea"})
    files = {"avatar": ("a.png", picture(), "image/png")}
    body = {"note": "I <b>am</b> #here", "avatar_description": "red", "show_featured": "false", "discoverable": "0"}
    changed = await alice.api("PATCH", "/api/v1/profile", data=body, files=files)
    assert (changed["note"], changed["avatar_description"]) == ("I <b>am</b> #here", "red")
    assert (changed["show_featured"], changed["discoverable"]) == (False, False)
    assert changed["avatar"].startswith(f"{server.base_url}/media/avatars/")
    assert [each["name"] for each in changed["featured_tags"]] == ["tea"]
    shown = await server.api("GET", f"/api/v1/accounts/{alice.id}")
    assert (shown["show_featured"], shown["show_media"], shown["avatar_description"]) == (False, True, "red")
    wrong = await alice.api("PATCH", "/api/v1/profile", json={"display_name": "x" * 200}, status=422)
    assert wrong["details"]["display_name"][0]["error"] == "ERR_TOO_LONG"


async def test_a_profile_is_read_and_written_with_the_right_scopes(server: Node) -> None:
    reader = await server.person("reader", scopes="profile")
    await reader.get("/api/v1/profile")
    await reader.api("PATCH", "/api/v1/profile", json={"note": "x"}, status=403)
    other = await server.person("other", scopes="read:statuses write:statuses")
    await other.api("GET", "/api/v1/profile", status=403)
    await server.api("GET", "/api/v1/profile", status=401)


async def test_one_endorses_whom_one_follows_until_one_does_not(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    await alice.post(f"/api/v1/accounts/{bob.id}/endorse", status=422)
    for other in (bob, carol):
        await alice.follow(other)
        await drain(server)
        for _ in range(2):
            assert (await alice.post(f"/api/v1/accounts/{other.id}/endorse"))["endorsed"]
    with queries(at_most=4):
        found = await alice.get("/api/v1/endorsements")
    assert [each["id"] for each in found] == [carol.id, bob.id]
    assert [each["id"] for each in await alice.get("/api/v1/endorsements", limit=1)] == [carol.id]
    response = await server.client.get(f"/api/v1/accounts/{alice.id}/endorsements", params={"limit": 1})
    assert 'rel="next"' in response.headers["link"]
    await alice.post(f"/api/v1/accounts/{bob.id}/unfollow")
    await alice.post(f"/api/v1/accounts/{carol.id}/block")
    assert await alice.get("/api/v1/endorsements") == []
    await alice.post("/api/v1/accounts/1/endorse", status=404)


async def test_who_does_not_show_what_they_feature_shows_it_to_themselves(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.follow(bob)
    await drain(server)
    await alice.post(f"/api/v1/accounts/{bob.id}/endorse")
    await alice.api("PATCH", "/api/v1/profile", json={"show_featured": False})
    path = f"/api/v1/accounts/{alice.id}/endorsements"
    assert await bob.get(path) == []
    assert len(await alice.get(path)) == 1


async def test_blocking_a_domain_ends_endorsements_of_its_people(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        far = await factories.remote(conn, "far", "far.test")
        await factories.follow(conn, alice.account_id, far)
    await alice.post(f"/api/v1/accounts/{far}/endorse")
    assert await alice.get("/api/v1/domain_blocks/preview", domain="FAR.test") == {
        "following_count": 1,
        "followers_count": 0,
    }
    await alice.post("/api/v1/domain_blocks", {"domain": "far.test"})
    assert await alice.get("/api/v1/endorsements") == []


async def test_a_hashtag_is_featured_by_name_once_and_not_too_many(server: Node) -> None:
    alice = await server.person("alice")
    for _ in range(2):
        assert (await alice.post("/api/v1/tags/Tea/feature"))["featuring"]
    assert [each["name"] for each in await alice.get("/api/v1/featured_tags")] == ["tea"]
    for number in range(9):
        await alice.post(f"/api/v1/tags/t{number}/feature")
    await alice.post("/api/v1/tags/more/feature", status=422)
    for _ in range(2):
        assert not (await alice.post("/api/v1/tags/tea/unfeature"))["featuring"]
    await alice.post("/api/v1/tags/no tag/feature", status=422)


async def directory(person: Person | None, node: Node, **params: Any) -> list[str]:
    asking = person.get if person else lambda path, **more: node.api("GET", path, params=more)
    return [each["acct"] for each in await asking("/api/v1/directory", **params)]


async def test_the_directory_lists_who_wants_to_be_found(server: Node) -> None:
    alice, bob, shy = [await server.person(name) for name in ("alice", "bob", "shy")]
    await shy.api("PATCH", "/api/v1/profile", json={"discoverable": False})
    async with server.db.transaction() as conn:
        far = await factories.remote(conn, "far", "far.test", discoverable=True)
        hidden = await factories.remote(conn, "limited", "far.test", discoverable=True)
        await conn.execute("update accounts set silenced_at = now() where id = $1", hidden)
        await factories.status(conn, far)
    await bob.posts("hello")
    await drain(server)
    assert await directory(None, server) == ["bob", "far@far.test", "alice"]
    assert await directory(None, server, order="new", local="true") == ["bob", "alice"]
    assert await directory(None, server, offset=1, limit=1) == ["far@far.test"]
    assert await directory(None, server, limit=0) == []
    assert await directory(None, server, offset=-5, limit=-1) == ["bob"]
    await alice.post(f"/api/v1/accounts/{bob.id}/mute")
    await alice.post("/api/v1/domain_blocks", {"domain": "far.test"})
    assert await directory(alice, server) == ["alice"]
    with queries(at_most=3):
        await server.api("GET", "/api/v1/directory")


async def test_suggestions_say_every_reason(servers: Any) -> None:
    (server,) = await servers("example.test", suggested_accounts="news,@Far@far.test")
    alice, bob, carol, news, liked = [await server.person(name) for name in ("alice", "bob", "carol", "news", "liked")]
    async with server.db.transaction() as conn:
        far = await factories.remote(conn, "far", "far.test", discoverable=True)
        twin = await factories.remote(conn, "twin", "far.test", discoverable=True)
        await factories.follow(conn, alice.account_id, bob.account_id)
        await factories.follow(conn, bob.account_id, far)
        for other in (carol, liked):
            await factories.follow(conn, other.account_id, bob.account_id)
            await factories.follow(conn, other.account_id, twin)
    status = await liked.posts("fine")
    for other in (bob, carol):
        await other.post(f"/api/v1/statuses/{status['id']}/favourite")
    await drain(server)
    found = {each["account"]["acct"]: each["sources"] for each in await alice.get("/api/v2/suggestions")}
    assert found == {
        "far@far.test": ["featured", "friends_of_friends"],
        "news": ["featured"],
        "twin@far.test": ["similar_to_recently_followed"],
        "liked": ["most_followed", "most_interactions"],
    }
    assert list(found)[-1] == "liked"
    assert news.id


async def test_people_are_found_by_exact_name_then_beginning_then_whom_one_follows(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        names = ("annabel", "anna", "joanna", "annalena")
        ids = {name: await factories.remote(conn, name, "far.test") for name in names}
        await factories.follow(conn, alice.account_id, ids["annalena"])
    await server.person("anna")
    found = [each["acct"] for each in await alice.get("/api/v1/accounts/search", q="anna")]
    assert found[:2] == ["anna", "annalena@far.test"]
    assert found[2] == "anna@far.test"
    assert set(found[3:]) == {"annabel@far.test", "joanna@far.test"}


async def test_identity_proofs_are_no_more(server: Node) -> None:
    alice = await server.person("alice")
    response = await alice.call("GET", f"/api/v1/accounts/{alice.id}/identity_proofs")
    assert (response.json(), "deprecation" in response.headers) == ([], True)
    await alice.api("GET", "/api/v1/accounts/1/identity_proofs", status=404)
