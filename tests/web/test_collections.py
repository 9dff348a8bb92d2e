"""The page of a collection: for everybody, and to begin with for people here."""

from typing import Any

import pytest

from tests.support.browser import browser
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html"}


async def made(person: Person, *ids: Any, **more: Any) -> Any:
    body = {"name": "Good people", "account_ids": [str(each) for each in ids], **more}
    return (await person.post("/api/v1/collections", body))["collection"]


async def test_everybody_sees_who_is_in_it(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    collection = await made(alice, bob.account_id, description="<b>Follow</b> them", tag_name="art")
    response = await server.client.get(f"/collections/{collection['id']}", headers=HTML)
    for text in ("Good people", "@bob", "@alice", "#art", "&lt;b&gt;Follow"):
        assert text in response.text
    assert "Follow those" not in response.text
    assert f'<{collection["uri"]}>; rel="alternate"' in response.headers["link"]
    machine = await server.client.get(
        f"/collections/{collection['id']}", headers={"Accept": "application/activity+json"}
    )
    assert machine.headers["location"] == collection["uri"]
    person = await server.client.get(collection["uri"].removeprefix(server.base_url), headers=HTML)
    assert person.headers["location"] == collection["url"]
    assert (await server.client.get("/collections/1", headers=HTML)).status_code == 404


async def test_a_newcomer_follows_whom_they_choose(server: Node) -> None:
    alice = await server.person("alice")
    bob, carol, dora = [await server.person(name) for name in ("bob", "carol", "dora")]
    await alice.follow(dora)
    collection = await made(bob, carol.account_id, dora.account_id, alice.account_id, bob.account_id)
    path = f"/collections/{collection['id']}"
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open(path)
        assert window.html.count('type="checkbox"') == 2
        await window.submit(f"{path}/follow", {"form_token": "forged", "accounts[]": str(carol.account_id)})
        assert window.status == 422
        await window.open(path)
        await window.submit(f"{path}/follow", {"accounts[]": str(carol.account_id)})
        assert window.location == path
    following = await alice.get(f"/api/v1/accounts/{alice.account_id}/following")
    assert sorted(each["username"] for each in following) == ["carol", "dora"]


async def test_nobody_follows_through_it_who_is_not_in_it(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    collection = await made(bob, bob.account_id)
    path = f"/collections/{collection['id']}"
    async with browser(server) as window:
        await window.open(path)
        await window.submit(f"{path}/follow", {"accounts[]": str(bob.account_id)})
        assert window.location.startswith("/auth/log_in")
        await window.log_in("alice")
        await window.open(path)
        await window.submit(f"{path}/follow", {"accounts[]": str(carol.account_id)})
    assert await alice.get(f"/api/v1/accounts/{alice.account_id}/following") == []


async def test_those_of_other_servers_are_found_by_their_address(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    collection = await made(bob, bob.account_id)
    found = await alice.get("/api/v2/search", q=collection["url"], resolve="true")
    (copy,) = found["collections"]
    assert (copy["uri"], copy["local"]) == (collection["uri"], False)
    await drain(a, b)
    stranger = await a.client.get(f"/collections/{copy['id']}", headers=HTML)
    assert stranger.status_code == 200
    assert f'href="{collection["url"]}" rel="nofollow' in stranger.text
    path = f"/collections/{copy['id']}"
    async with browser(a) as window:
        await window.log_in("alice")
        await window.open(f"/authorize_interaction?uri={collection['url']}")
        assert window.location == path
        await window.follow()
        assert "@bob@b.test" in window.html
        await window.submit(f"{path}/follow")
    await drain(a, b)
    assert (await bob.get(f"/api/v1/accounts/{bob.account_id}/followers"))[0]["acct"] == "alice@a.test"
