"""Collections across servers: consent is asked, given, proven and taken back (FEP-7aa9)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api.walks.admin import EVERYTHING
from tests.support.puppet import PUBLIC, Puppet
from tests.support.scenes import three
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
PATH = "/api/v1/collections"
AS2 = "https://www.w3.org/ns/activitystreams"


async def made(person: Person, *ids: str, name: str = "Good people") -> Any:
    return (await person.post(PATH, {"name": name, "account_ids": list(ids), "description": "R&D"}))["collection"]


async def of(person: Person, collection: Any) -> dict[str, str]:
    """Who is in it, by the ids of the person's server."""
    found = (await person.get(f"{PATH}/{collection['id']}"))["collection"]
    return {each["account_id"]: each["state"] for each in found["items"]}


async def listed(person: Person, owner: Person) -> list[Any]:
    account = await person.finds(owner)
    return list((await person.get(f"/api/v1/accounts/{account['id']}/collections"))["collections"])


async def told(person: Person, kind: str = "added_to_collection") -> list[str]:
    found = await person.get("/api/v1/notifications", **{"types[]": kind})
    return [each["collection"]["uri"] for each in found]


# ------------------------------------------------------------ servers of ours


async def test_consent_is_asked_given_and_proven_to_everybody(servers: Servers) -> None:
    nodes, alice, bob, carol = await three(servers)
    there = await bob.finds(alice)
    assert there["feature_approval"] == {"automatic": ["public"], "manual": [], "current_user": "automatic"}
    collection = await made(bob, there["id"])
    assert await of(bob, collection) == {there["id"]: "pending"}
    assert (await nodes[1].document(collection["uri"]))["orderedItems"] == []
    await drain(*nodes)
    assert await of(bob, collection) == {there["id"]: "accepted"}
    assert await told(alice) == [collection["uri"]]
    (copy,) = await listed(carol, bob)
    assert (copy["uri"], copy["local"], copy["name"]) == (collection["uri"], False, "Good people")
    assert copy["description"] == "R&amp;D"
    seen = await carol.get(f"{PATH}/{copy['id']}")
    assert [each["acct"] for each in seen["accounts"]] == ["bob@b.test", "alice@a.test"]
    published = await nodes[1].document(collection["uri"])
    (item,) = published["orderedItems"]
    assert (published["type"], published["totalItems"], item["featuredObject"]) == ("FeaturedCollection", 1, alice.uri)
    stamp = await nodes[0].document(item["featureAuthorization"])
    assert (stamp["type"], stamp["interactingObject"], stamp["interactionTarget"]) == (
        "FeatureAuthorization", collection["uri"], alice.uri,
    )  # fmt: skip
    assert (await nodes[1].document(item["id"]))["featuredObject"] == alice.uri
    actor = await nodes[1].document(bob.uri)
    assert actor["interactionPolicy"]["canFeature"]["automaticApproval"] == [PUBLIC]
    assert [each["id"] for each in (await nodes[1].document(actor["featuredCollections"]))["orderedItems"]] == [
        collection["uri"]
    ]


async def test_consent_is_taken_back_everywhere(servers: Servers) -> None:
    nodes, alice, bob, carol = await three(servers)
    there = await bob.finds(alice)
    collection = await made(bob, there["id"])
    await drain(*nodes)
    (copy,) = await listed(carol, bob)
    (here,) = (await alice.get(f"/api/v1/accounts/{alice.account_id}/in_collections"))["collections"]
    stamp = (await nodes[1].document(collection["uri"]))["orderedItems"][0]["featureAuthorization"]
    item = here["items"][0]["id"]
    await alice.post(f"{PATH}/{here['id']}/items/{item}/revoke")
    await drain(*nodes)
    assert await of(bob, collection) == {}
    assert await of(carol, copy) == {}
    assert await nodes[0].document(stamp) == 404
    assert (await nodes[1].document(collection["uri"]))["orderedItems"] == []
    assert await told(alice) == []
    await bob.post(f"{PATH}/{collection['id']}/items", {"account_id": there["id"]}, status=422)


async def test_a_policy_that_changed_meanwhile_refuses(servers: Servers) -> None:
    nodes, alice, bob, _ = await three(servers)
    there = await bob.finds(alice)
    async with nodes[0].db.transaction() as conn:  # As when the news did not get through.
        await conn.execute("update accounts set discoverable = false where id = $1", alice.account_id)
    collection = await made(bob, there["id"])
    await drain(*nodes)
    assert await of(bob, collection) == {}
    assert await told(alice) == []
    async with nodes[0].db.transaction() as conn:
        await conn.execute("update accounts set discoverable = true where id = $1", alice.account_id)
    await bob.post(f"{PATH}/{collection['id']}/items", {"account_id": there["id"]})
    await drain(*nodes)
    assert await of(bob, collection) == {there["id"]: "accepted"}


async def test_policies_travel(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob, fan = await a.person("alice"), await b.person("bob"), await b.person("fan")
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    await fan.follow(alice)
    await drain(a, b)
    (asking,) = await alice.get("/api/v1/follow_requests")
    await alice.post(f"/api/v1/follow_requests/{asking['id']}/authorize")
    await drain(a, b)
    for person, verdict in ((fan, "automatic"), (bob, "denied")):
        found = await person.finds(alice)
        assert found["feature_approval"] == {"automatic": ["followers"], "manual": [], "current_user": verdict}
    await made(bob)
    await bob.post(PATH, {"name": "x", "account_ids": [found["id"]]}, status=403)
    collection = await made(fan, found["id"])
    await drain(a, b)
    assert await of(fan, collection) == {found["id"]: "accepted"}
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": False})
    await drain(a, b)
    assert (await fan.finds(alice))["feature_approval"] == {"automatic": [], "manual": [], "current_user": "denied"}


async def test_changes_reach_whoever_has_a_copy(servers: Servers) -> None:
    nodes, alice, bob, carol = await three(servers)
    there = await bob.finds(alice)
    collection = await made(bob, there["id"])
    await drain(*nodes)
    await bob.api("PATCH", f"{PATH}/{collection['id']}", json={"name": "Better people", "tag_name": "art"})
    await drain(*nodes)
    (copy,) = await listed(carol, bob)
    assert (copy["name"], copy["tag"]) == ("Better people", {"name": "art", "url": "https://c.test/tags/art"})
    assert await told(alice, "collection_update") == [collection["uri"]]
    (item,) = (await bob.get(f"{PATH}/{collection['id']}"))["collection"]["items"]
    await bob.api("DELETE", f"{PATH}/{collection['id']}/items/{item['id']}")
    await drain(*nodes)
    assert await of(carol, copy) == {}
    assert (await alice.get(f"/api/v1/accounts/{alice.account_id}/in_collections")) == {"collections": []}
    assert await told(alice) == []
    await bob.api("DELETE", f"{PATH}/{collection['id']}")
    await drain(*nodes)
    assert await listed(carol, bob) == []


async def test_who_follows_later_gets_what_there_is(servers: Servers) -> None:
    nodes, alice, bob, _ = await three(servers)
    dora = await nodes[2].person("dora")
    eve = await nodes[0].person("eve")
    await made(bob, (await bob.finds(alice))["id"], (await bob.finds(eve))["id"])
    await made(bob, name="Second")
    await drain(*nodes)
    await alice.follow(bob)
    await drain(*nodes)
    names = [(each["name"], each["item_count"]) for each in await listed(alice, bob)]
    assert sorted(names) == [("Good people", 2), ("Second", 0)]
    assert await listed(dora, bob) != []


# ------------------------------------------------------------ servers of others


@pytest.fixture
async def stage(server: Node) -> tuple[Node, Person, Puppet, dict[str, Any]]:
    """Alice here; Pat at puppet.test, whom everybody may put into collections."""
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    policy = {"canFeature": {"automaticApproval": [PUBLIC]}}
    pat = puppet.actor("pat", interactionPolicy=policy, featuredCollections="https://puppet.test/users/pat/collections")
    return server, alice, puppet, pat


async def there(alice: Person, name: str = "pat") -> Any:
    found = await alice.get("/api/v2/search", q=f"@{name}@puppet.test", resolve="true", type="accounts")
    return found["accounts"][0]


def collection(puppet: Puppet, owner: Any, *items: Any, name: str = "1", **more: Any) -> Any:
    """Serve one."""
    found = {
        "@context": AS2,
        "id": f"https://{puppet.host}/lists/{name}",
        "type": "FeaturedCollection",
        "attributedTo": owner["id"],
        "name": "Cool people",
        "summary": "<p>Follow <script>them</script></p>",
        "sensitive": False,
        "discoverable": True,
        "totalItems": len(items),
        "orderedItems": list(items),
        "published": "2026-03-09T15:19:25Z",
        **more,
    }
    puppet.documents[f"/lists/{name}"] = found
    return found


def item(puppet: Puppet, actor: str, stamp: str | None, name: str = "1") -> Any:
    return {
        "id": f"https://{puppet.host}/items/{name}",
        "type": "FeaturedItem",
        "featuredObject": actor,
        "featuredObjectType": "Person",
        "featureAuthorization": stamp,
    }


def stamp(puppet: Puppet, about: str, actor: str, name: str = "s") -> str:
    """Serve one, as Mastodon writes it; its URI."""
    uri = f"https://{puppet.host}/stamps/{name}"
    puppet.documents[f"/stamps/{name}"] = {
        "@context": AS2,
        "id": uri,
        "type": "FeatureAuthorization",
        "interactingObject": about,
        "interactionTarget": actor,
    }
    return uri


def answers(puppet: Puppet) -> list[Any]:
    return [each for each in puppet.inbox if each["type"] in ("Accept", "Reject")]


def requested(puppet: Puppet, owner: Any, about: Any, actor: str, name: str = "r") -> Any:
    """As Mastodon asks: without saying who does."""
    asked = puppet.activity("FeatureRequest", owner, actor, name, instrument=about["id"])
    del asked["actor"]
    return asked


async def test_a_request_is_answered_once_and_again_with_the_same_stamp(stage: Any) -> None:
    server, alice, puppet, pat = stage
    about = collection(puppet, pat)
    for name in ("r1", "r2"):
        await puppet.send(server, requested(puppet, pat, about, alice.uri, name), pat)
        await drain(server)
    first, second = answers(puppet)
    assert (first["type"], first["actor"], first["object"]["id"]) == (
        "Accept", alice.uri, "https://puppet.test/activities/r1",
    )  # fmt: skip
    assert (first["object"]["instrument"], first["result"]) == (about["id"], second["result"])
    assert (await server.document(first["result"]))["interactingObject"] == about["id"]
    assert await told(alice) == [about["id"]]
    added = puppet.activity("Add", pat, item(puppet, alice.uri, first["result"]), "add", target=about["id"])
    await puppet.send(server, added, pat)
    await drain(server)
    (mine,) = (await alice.get(f"/api/v1/accounts/{alice.account_id}/in_collections"))["collections"]
    assert (mine["description"], mine["item_count"]) == ("<p>Follow </p>", 1)
    puppet.inbox.clear()
    await alice.post(f"{PATH}/{mine['id']}/items/{mine['items'][0]['id']}/revoke")
    await drain(server)
    (farewell,) = [each for each in puppet.inbox if each["type"] == "Delete"]
    assert (farewell["actor"], farewell["object"]["id"]) == (alice.uri, first["result"])
    await puppet.send(server, requested(puppet, pat, about, alice.uri, "r3"), pat)
    await drain(server)
    assert [each["type"] for each in answers(puppet)] == ["Reject"]


async def test_of_somebody_suspended_no_collection_is_found(server: Node) -> None:
    alice, boss = await server.person("alice"), await server.person("boss", role="admin", scopes=EVERYTHING)
    about = await made(alice)
    for wanted in (302, 404):
        answer = await server.client.get(
            about["url"].removeprefix(server.base_url), headers={"Accept": "application/activity+json"}
        )
        assert answer.status_code == wanted
        await boss.post(f"/api/v1/admin/accounts/{alice.id}/action", {"type": "suspend"})


async def test_of_a_collection_that_is_hidden_from_one_no_notification_tells(stage: Any) -> None:
    server, alice, puppet, pat = stage
    about = collection(puppet, pat)
    await puppet.send(server, requested(puppet, pat, about, alice.uri), pat)
    await drain(server)
    (row,) = await alice.get("/api/v1/notifications", **{"types[]": "added_to_collection"})
    path = f"{PATH}/{row['collection']['id']}"
    one, group = f"/api/v1/notifications/{row['id']}", f"/api/v2/notifications/{row['group_key']}"
    await alice.get(path)
    await alice.get(one)
    await alice.get(group)
    await puppet.send(server, puppet.activity("Block", pat, alice.uri, "block"), pat)
    await drain(server)
    for hidden in (path, one, group):
        answer = await alice.call("GET", hidden)
        assert (answer.status_code, about["name"] in answer.text) == (404, False), hidden
    assert await told(alice) == []
    grouped = await alice.get("/api/v2/notifications", **{"types[]": "added_to_collection"})
    assert grouped["notification_groups"] == []


async def test_who_may_not_ask_is_refused(stage: Any) -> None:
    server, alice, puppet, pat = stage
    mallory = puppet.actor("mallory")
    about = collection(puppet, pat)
    await puppet.send(server, requested(puppet, mallory, about, alice.uri), mallory)
    await drain(server)
    assert [each["type"] for each in answers(puppet)] == ["Reject"]
    await alice.post(f"/api/v1/accounts/{(await there(alice))['id']}/block")
    puppet.inbox.clear()
    await puppet.send(server, requested(puppet, pat, about, alice.uri, "r2"), pat)
    await drain(server)
    assert [each["type"] for each in answers(puppet)] == ["Reject"]
    assert await told(alice) == []


async def test_nobody_is_in_a_collection_without_a_stamp_of_their_own(stage: Any) -> None:
    server, alice, puppet, pat = stage
    other = Puppet(server.network, "other.test")
    quinn, rita = other.actor("quinn"), other.actor("rita")
    about = f"https://{puppet.host}/lists/1"
    items = [
        item(puppet, alice.uri, f"{alice.uri}/feature_authorizations/1", "a"),
        item(puppet, quinn["id"], stamp(puppet, about, quinn["id"], "q"), "q"),
        item(puppet, rita["id"], stamp(other, about, quinn["id"], "r"), "r"),
        item(puppet, pat["id"], None, "p"),
    ]
    document_ = collection(puppet, pat, *items)
    target = pat["featuredCollections"]
    await puppet.send(server, puppet.activity("Add", pat, document_, "add", target=target), pat)
    await drain(server)
    (copy,) = (await alice.get(f"/api/v1/accounts/{(await there(alice))['id']}/collections"))["collections"]
    assert [each["account_id"] for each in copy["items"]] == [(await there(alice))["id"]]
    good = stamp(other, about, rita["id"], "r2")
    changed = collection(puppet, pat, *items[:2], item(puppet, rita["id"], good, "r"), name="1")
    await puppet.send(server, puppet.activity("Update", pat, changed, "update"), pat)
    await drain(server)
    assert [each["acct"] for each in (await alice.get(f"{PATH}/{copy['id']}"))["accounts"]][1:] == ["rita@other.test"]
    gone = other.activity("Delete", rita, good, "gone")
    await other.send(server, gone, rita)
    await drain(server)
    assert await of(alice, copy) == {}


async def test_an_answer_counts_only_with_a_stamp_from_who_was_asked(stage: Any) -> None:
    server, alice, puppet, pat = stage
    mallory = puppet.actor("mallory")
    about = await made(alice, (await there(alice))["id"])
    await drain(server)
    (asked,) = [each for each in puppet.inbox if each["type"] == "FeatureRequest"]
    assert (asked["actor"], asked["object"], asked["instrument"]) == (alice.uri, pat["id"], about["uri"])
    false = stamp(puppet, about["uri"], mallory["id"], "false")
    for sender, name, result in ((mallory, "a1", false), (pat, "a2", false), (pat, "a3", None)):
        answer = puppet.activity("Accept", sender, asked["id"], name, **({"result": result} if result else {}))
        await puppet.send(server, answer, sender)
        await drain(server)
        assert list((await of(alice, about)).values()) == ["pending"]
    good = stamp(puppet, about["uri"], pat["id"])
    await puppet.send(server, puppet.activity("Accept", pat, asked["id"], "a4", result=good), pat)
    await drain(server)
    assert list((await of(alice, about)).values()) == ["accepted"]
    await puppet.send(server, puppet.activity("Delete", pat, good, "d"), pat)
    await drain(server)
    assert await of(alice, about) == {}


async def test_what_others_say_of_a_collection_is_not_heard(stage: Any) -> None:
    server, alice, puppet, pat = stage
    mallory = puppet.actor("mallory", featuredCollections="https://puppet.test/users/mallory/collections")
    about = collection(puppet, pat)
    await puppet.send(server, puppet.activity("Add", pat, about, "1", target=pat["featuredCollections"]), pat)
    await drain(server)
    ours = await made(alice)
    for number, obj in enumerate((about["id"], ours["uri"])):
        for kind in ("Remove", "Delete"):
            sent = puppet.activity(kind, mallory, obj, f"{kind}{number}", target=mallory["featuredCollections"])
            await puppet.send(server, sent, mallory)
    stolen = {**about, "name": "Mine now"}
    await puppet.send(server, puppet.activity("Update", mallory, stolen, "u"), mallory)
    added = puppet.activity("Add", mallory, item(puppet, mallory["id"], None), "i", target=about["id"])
    await puppet.send(server, added, mallory)
    await drain(server)
    (copy,) = (await alice.get(f"/api/v1/accounts/{(await there(alice))['id']}/collections"))["collections"]
    assert (copy["name"], copy["items"]) == ("Cool people", [])
    assert await of(alice, ours) == {}
    await puppet.send(server, puppet.activity("Remove", pat, about["id"], "2", target=pat["featuredCollections"]), pat)
    await drain(server)
    assert (await alice.get(f"/api/v1/accounts/{(await there(alice))['id']}/collections")) == {"collections": []}


async def test_where_nothing_is_said_of_collections_nobody_is_asked(stage: Any) -> None:
    _, alice, puppet, _ = stage
    puppet.actor("old")
    found = await there(alice, "old")
    assert found["feature_approval"] == {"automatic": [], "manual": [], "current_user": "missing"}
    await alice.post(PATH, {"name": "x", "account_ids": [found["id"]]}, status=403)
