"""Collections: what somebody recommends, who may be in it, and how one leaves."""

from typing import Any

import pytest

from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio

PATH = "/api/v1/collections"


async def made(person: Person, *people: Person, **more: Any) -> Any:
    ids = [str(each.account_id) for each in people]
    return (await person.post(PATH, {"name": "Good people", "account_ids": ids, **more}))["collection"]


async def shown(person: Person | None, collection: Any, node: Node | None = None) -> Any:
    path = f"{PATH}/{collection['id']}"
    if person is not None:
        return await person.get(path)
    assert node is not None
    return await node.api("GET", path)


def states(collection: Any) -> dict[str, str]:
    return {each["account_id"]: each["state"] for each in collection["items"]}


async def told(person: Person, kind: str) -> list[Any]:
    found = await person.get("/api/v1/notifications", **{"types[]": kind})
    return [each["collection"]["id"] for each in found]


async def test_a_collection_is_made_shown_changed_and_deleted(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    collection = await made(alice, bob, description="Follow them", language="en", tag_name="#Music", sensitive=True)
    assert collection["url"] == f"{server.base_url}/collections/{collection['id']}"
    assert collection["account_id"] == str(alice.account_id)
    assert states(collection) == {str(bob.account_id): "accepted"}
    assert collection["tag"] == {"name": "Music", "url": f"{server.base_url}/tags/music"}
    assert (collection["language"], collection["sensitive"], collection["discoverable"]) == ("en", True, True)
    seen = await shown(carol, collection)
    assert [each["username"] for each in seen["accounts"]] == ["alice", "bob"]
    assert (await shown(None, collection, server))["collection"] == seen["collection"]
    changes = {"name": "Better people", "tag_name": "", "language": "", "sensitive": False}
    changed = await alice.api("PATCH", f"{PATH}/{collection['id']}", json=changes)
    assert changed["collection"]["name"] == "Better people"
    assert (changed["collection"]["tag"], changed["collection"]["language"]) == (None, None)
    assert changed["collection"]["description"] == "Follow them"
    await alice.api("DELETE", f"{PATH}/{collection['id']}")
    await alice.api("GET", f"{PATH}/{collection['id']}", status=404)


async def test_faults_are_named_field_by_field(server: Node) -> None:
    alice = await server.person("alice")
    answer = await alice.post(
        PATH, {"name": "x" * 41, "description": "x" * 101, "tag_name": "two words", "language": "qq"}, status=422
    )
    assert answer["error"]["error"].startswith("Validation failed: Name is too long (maximum is 40 characters)")
    details = {name: each[0]["error"] for name, each in answer["error"]["details"].items()}
    assert details == {
        "name": "ERR_TOO_LONG", "description": "ERR_TOO_LONG", "tag_name": "ERR_INVALID", "language": "ERR_INVALID"
    }  # fmt: skip
    assert (await alice.post(PATH, {}, status=422))["error"]["details"]["name"][0]["error"] == "ERR_BLANK"


async def test_only_whoever_made_it_changes_it(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    collection = await made(alice, carol)
    path, item = f"{PATH}/{collection['id']}", collection["items"][0]["id"]
    await bob.api("PATCH", path, json={"name": "mine"}, status=403)
    await bob.api("DELETE", path, status=403)
    await bob.post(f"{path}/items", {"account_id": str(bob.account_id)}, status=403)
    await bob.api("DELETE", f"{path}/items/{item}", status=403)
    await bob.post(f"{path}/items/{item}/revoke", status=403)
    other = await made(bob)
    await bob.api("DELETE", f"{PATH}/{other['id']}/items/{item}", status=404)
    await carol.post(f"{PATH}/{other['id']}/items/{item}/revoke", status=404)
    assert (await shown(alice, collection))["collection"] == collection


async def test_of_a_hidden_place_nothing_is_told(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    collection = await made(alice, carol)
    path, item = f"{PATH}/{collection['id']}/items", int(collection["items"][0]["id"])
    waiting = item + 1
    async with server.db.transaction() as conn:  # As of somebody elsewhere who has not answered.
        await conn.execute(
            """
            insert into collection_items (id, collection_id, account_id, object_uri, position, state)
            values ($1, $2, $3, $4, 2, 'pending')
            """,
            waiting, int(collection["id"]), carol.account_id, "https://far.test/users/dora",
        )  # fmt: skip
    verdicts = [(await bob.call("POST", f"{path}/{each}/revoke")).status_code for each in (item, waiting, item + 2)]
    assert verdicts == [403, 404, 404]
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    verdicts = [(await bob.call("POST", f"{path}/{each}/revoke")).status_code for each in (item, waiting, item + 2)]
    assert verdicts == [404, 404, 404]


async def test_who_may_be_in_one_follows_from_their_profile(server: Node) -> None:
    alice, shy, careful = [await server.person(name) for name in ("alice", "shy", "careful")]
    await shy.api("PATCH", "/api/v1/accounts/update_credentials", json={"discoverable": False})
    await careful.api("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})

    async def approval(person: Person) -> Any:
        return (await alice.get(f"/api/v1/accounts/{person.account_id}"))["feature_approval"]

    collection = await made(alice)
    path = f"{PATH}/{collection['id']}/items"
    assert await approval(shy) == {"automatic": [], "manual": [], "current_user": "denied"}
    assert await approval(careful) == {"automatic": ["followers"], "manual": [], "current_user": "denied"}
    for person in (shy, careful):
        await alice.post(path, {"account_id": str(person.account_id)}, status=403)
        await alice.post(PATH, {"name": "x", "account_ids": [str(person.account_id)]}, status=403)
    await alice.follow(careful)
    await careful.post(f"/api/v1/follow_requests/{alice.account_id}/authorize")
    assert (await approval(careful))["current_user"] == "automatic"
    assert (await alice.post(path, {"account_id": str(careful.account_id)}))["collection_item"]["state"] == "accepted"
    status = await careful.posts("hello")
    seen = await alice.get(f"/api/v1/statuses/{status['id']}")
    assert seen["account"]["feature_approval"]["current_user"] == "automatic"
    again = await alice.get(f"/api/v1/statuses/{status['id']}")
    assert again["account"]["feature_approval"]["current_user"] == "automatic"
    anybody = await server.api("GET", f"/api/v1/accounts/{careful.account_id}")
    assert anybody["feature_approval"] == {"automatic": ["followers"], "manual": [], "current_user": "denied"}
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["feature_approval"]["current_user"] == "automatic"


async def test_adding_needs_somebody_who_is_not_there_yet(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    collection = await made(alice, bob)
    path = f"{PATH}/{collection['id']}/items"
    assert (await alice.post(path, {}, status=422))["error"] == "`account_id` parameter is missing"
    await alice.post(path, {"account_id": "1"}, status=404)
    await alice.post(path, {"account_id": str(bob.account_id)}, status=422)
    await alice.api("DELETE", f"{path}/{collection['items'][0]['id']}")
    assert (await shown(alice, collection))["collection"]["item_count"] == 0
    await alice.post(path, {"account_id": str(bob.account_id)})


async def test_who_has_left_is_not_put_back(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    collection = await made(alice, bob)
    item = collection["items"][0]["id"]
    path = f"{PATH}/{collection['id']}/items"
    await server.drain()
    assert await told(bob, "added_to_collection") == [collection["id"]]
    await bob.post(f"{path}/{item}/revoke")
    await server.drain()
    assert await told(bob, "added_to_collection") == []
    assert (await shown(alice, collection))["collection"]["items"] == []
    await alice.post(path, {"account_id": str(bob.account_id)}, status=422)
    await alice.api("DELETE", f"{path}/{item}", status=404)
    await bob.post(f"{path}/{item}/revoke")


async def test_whoever_is_in_it_is_told_and_of_new_words_too(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    collection = await made(alice, bob)
    await alice.api("PATCH", f"{PATH}/{collection['id']}", json={"sensitive": True})
    await server.drain()
    assert await told(bob, "collection_update") == []
    for name in ("Second name", "Third name"):
        await alice.api("PATCH", f"{PATH}/{collection['id']}", json={"name": name})
        await server.drain()
    found = await bob.get("/api/v1/notifications", **{"types[]": "collection_update"})
    assert [each["collection"]["name"] for each in found] == ["Third name"]
    grouped = await bob.get("/api/v2/notifications")
    kinds = {each["type"]: each["collection"]["id"] for each in grouped["notification_groups"]}
    assert kinds == {"added_to_collection": collection["id"], "collection_update": collection["id"]}
    simple = await bob.get("/api/v1/notifications", **{"supported_types[]": "mention"})
    titles = [each["fallback"]["title"] for each in simple]
    assert len(titles) == 2
    assert all("Third name" in title and "alice" in title for title in titles)
    assert len(titles) == 2
    await alice.api("DELETE", f"{PATH}/{collection['id']}")
    await server.drain()
    assert await bob.notifications() == []


async def test_lists_show_what_is_to_be_discovered_page_by_page(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    made_ids = [(await made(alice, bob, name=f"n{number}"))["id"] for number in range(4)]
    await alice.api("PATCH", f"{PATH}/{made_ids[0]}", json={"discoverable": False})
    path = f"/api/v1/accounts/{alice.account_id}/collections"
    assert [each["id"] for each in (await bob.get(path))["collections"]] == made_ids[:0:-1]
    assert len((await alice.get(path))["collections"]) == 4
    first = await alice.call("GET", path, params={"limit": 3})
    assert len(first.json()["collections"]) == 3
    assert first.headers["link"] == f'<{server.base_url}{path}?limit=3&offset=3>; rel="next"'
    second = await alice.call("GET", path, params={"limit": 3, "offset": 3})
    assert [each["id"] for each in second.json()["collections"]] == made_ids[:1]
    assert second.headers["link"] == f'<{server.base_url}{path}?limit=3&offset=0>; rel="prev"'
    mine = await bob.get(f"/api/v1/accounts/{bob.account_id}/in_collections")
    assert [each["id"] for each in mine["collections"]] == made_ids[::-1]
    await alice.api("GET", f"/api/v1/accounts/{bob.account_id}/in_collections", status=403)
    with queries(at_most=6):
        await bob.get(path)
    with queries(at_most=6):
        await bob.get(f"{PATH}/{made_ids[1]}")


async def test_blocks_part_people(server: Node) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    first, second = await made(alice, bob, carol), await made(bob, alice)
    await bob.post(f"/api/v1/accounts/{alice.account_id}/block")
    await server.drain()
    assert states((await shown(carol, first))["collection"]) == {str(carol.account_id): "accepted"}
    assert (await shown(carol, second))["collection"]["items"] == []
    await alice.api("GET", f"{PATH}/{second['id']}", status=404)
    assert await alice.get(f"/api/v1/accounts/{bob.account_id}/collections") == {"collections": []}
    await carol.post(f"/api/v1/accounts/{alice.account_id}/mute")
    item = (await shown(alice, first))["collection"]["items"][0]
    await carol.post(f"{PATH}/{first['id']}/items/{item['id']}/revoke")


async def test_there_is_a_measure_of_both(server: Node) -> None:
    alice = await server.person("alice")
    limit = (await alice.get("/api/v1/accounts/verify_credentials"))["role"]["collection_limit"]
    assert limit == 10
    collections = [await made(alice) for _ in range(limit)]
    await alice.post(PATH, {"name": "one more"}, status=422)
    people = [await server.person(f"p{number}") for number in range(3)]
    async with server.db.transaction() as conn:
        await conn.execute(
            """
            insert into collection_items (collection_id, object_uri, position, state)
            select $1, 'https://x.test/' || n, n, 'pending' from generate_series(1, 24) n
            """,
            int(collections[0]["id"]),
        )
    path = f"{PATH}/{collections[0]['id']}/items"
    await alice.post(path, {"account_id": str(people[0].account_id)})
    await alice.post(path, {"account_id": str(people[1].account_id)}, status=422)
    await alice.post(PATH, {"name": "many", "account_ids": [str(number) for number in range(1, 27)]}, status=422)
