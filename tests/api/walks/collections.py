"""Collections: made, shown, changed, with people who come and go; under both of their paths."""

from tests.support.servers import Person, drain
from tests.support.walk import Walk


async def walk(walk: Walk) -> None:
    alice, bob, carol = [await walk.server.person(name) for name in ("alice", "bob", "carol")]
    for base in ("/api/v1", "/api/v1_alpha"):
        await _through(walk, base, alice, bob, carol)


async def _through(walk: Walk, base: str, alice: Person, bob: Person, carol: Person) -> None:
    body = {"name": "Good people", "description": "Follow them", "tag_name": "#Music", "account_ids": [bob.account_id]}
    collection = (await walk.post(alice, f"{base}/collections", body))["collection"]
    path = f"{base}/collections/{collection['id']}"
    item = (await walk.post(alice, f"{path}/items", {"account_id": carol.account_id}))["collection_item"]
    assert (item["account_id"], item["state"]) == (str(carol.account_id), "accepted")
    seen = await walk.get(None, path)
    assert [each["username"] for each in seen["accounts"]] == ["alice", "bob", "carol"]
    await drain(walk.server)
    notices = await walk.some(carol, "/api/v1/notifications", **{"types[]": "added_to_collection"})
    assert notices[0]["collection"]["id"] == collection["id"]
    for method, name in (("PATCH", "Better people"), ("PUT", "Best people")):
        changed = await walk.call(alice, method, path, {"name": name, "discoverable": True, "sensitive": True})
        assert (changed["collection"]["name"], changed["collection"]["sensitive"]) == (name, True)
    listed = await walk.get(bob, f"{base}/accounts/{alice.account_id}/collections")
    assert [each["name"] for each in listed["collections"]] == ["Best people"]
    mine = await walk.get(bob, f"{base}/accounts/{bob.account_id}/in_collections")
    assert [each["id"] for each in mine["collections"]] == [collection["id"]]
    await walk.post(carol, f"{path}/items/{item['id']}/revoke")
    (left,) = (await walk.get(alice, path))["collection"]["items"]
    await walk.call(alice, "DELETE", f"{path}/items/{left['id']}")
    assert (await walk.get(alice, path))["collection"]["item_count"] == 0
    await walk.call(alice, "DELETE", path)
