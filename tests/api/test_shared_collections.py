"""Posts that share collections: the address in a text is enough. And reports about what is in a collection."""

from typing import Any

import pytest

from storage.db import query_log
from tests.support.push import Device, Service
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

PATH = "/api/v1/collections"


async def made(person: Person, *people: Person, name: str = "Good people") -> Any:
    ids = [str(each.account_id) for each in people]
    return (await person.post(PATH, {"name": name, "account_ids": ids}))["collection"]


def shared(status: Any) -> list[str]:
    return [each["id"] for each in status["tagged_collections"]]


async def people(server: Node) -> tuple[Person, Person, Person]:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    return alice, bob, carol


async def test_a_post_shows_the_collections_whose_addresses_stand_in_it(server: Node) -> None:
    alice, bob, carol = await people(server)
    one, two = await made(alice, carol), await made(carol, name="Others")
    text = f"Look: {two['url']} and {one['uri']} and again {two['uri']}"
    post = await bob.posts(text)
    assert shared(post) == [two["id"], one["id"]]
    assert post["tagged_collections"][1] == (await bob.get(f"{PATH}/{one['id']}"))["collection"]
    boost = await carol.post(f"/api/v1/statuses/{post['id']}/reblog")
    assert (shared(boost), shared(boost["reblog"])) == ([], [two["id"], one["id"]])
    assert shared(await server.api("GET", f"/api/v1/statuses/{post['id']}")) == [two["id"], one["id"]]
    for other in (f"{one['url']}0", f"{one['url']}?x=1", "no address"):
        assert shared(await bob.posts(f"Look: {other}")) == []
    assert shared(await bob.posts(f"[here]({one['url']})", content_type="text/markdown")) == [one["id"]]


async def test_an_edit_says_anew_what_is_shared(server: Node) -> None:
    alice, bob, _ = await people(server)
    one, two = await made(alice), await made(alice, name="Others")
    post = await bob.posts(one["url"])
    path = f"/api/v1/statuses/{post['id']}"
    edited = await bob.api("PUT", path, json={"status": f"{two['url']} {one['url']}"})
    assert shared(edited) == [two["id"], one["id"]]
    edited = await bob.api("PUT", path, json={"status": two["url"]})
    assert shared(edited) == [two["id"]]
    assert shared(await bob.api("PUT", path, json={"status": "nothing"})) == []


async def test_what_is_shared_is_shown_as_it_is_now_and_to_whom_it_may(server: Node) -> None:
    alice, bob, carol = await people(server)
    collection = await made(alice, carol)
    post = await bob.posts(collection["url"])
    path = f"/api/v1/statuses/{post['id']}"
    await alice.api("PATCH", f"{PATH}/{collection['id']}", json={"name": "Better people", "discoverable": False})
    (seen,) = (await carol.get(path))["tagged_collections"]
    assert (seen["name"], seen["item_count"]) == ("Better people", 1)
    await bob.post(f"/api/v1/accounts/{carol.account_id}/block")
    assert (await bob.get(path))["tagged_collections"][0]["items"] == []
    await alice.post(f"/api/v1/accounts/{bob.account_id}/block")
    assert shared(await bob.get(path)) == []
    assert shared(await bob.posts(collection["url"])) == []
    assert shared(await server.api("GET", path)) == [collection["id"]]
    await alice.api("DELETE", f"{PATH}/{collection['id']}")
    assert shared(await server.api("GET", path)) == []


async def test_whom_its_maker_waits_for_is_shown_to_its_maker_alone(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob, far = await a.person("alice"), await a.person("bob"), await b.person("far")
    found = await alice.finds(far)
    collection = (await alice.post(PATH, {"name": "x", "account_ids": [found["id"]]}))["collection"]
    post = await bob.posts(collection["url"])
    assert post["tagged_collections"][0]["items"] == []
    (mine,) = (await alice.get(f"/api/v1/statuses/{post['id']}"))["tagged_collections"]
    assert [each["state"] for each in mine["items"]] == ["pending"]


async def test_a_page_of_them_costs_what_any_page_costs(server: Node) -> None:
    alice, bob, carol = await people(server)
    collections = [await made(alice, bob, carol, name=f"Number {each}") for each in range(3)]
    for number in range(40):
        await bob.posts(f"{number} {collections[number % 3]['url']} {collections[(number + 1) % 3]['url']}")
    await drain(server)
    server.app.memory.clear()
    log: list[str] = []
    token = query_log.set(log)
    page = await carol.get("/api/v1/timelines/public", limit=40)
    query_log.reset(token)
    assert [len(shared(each)) for each in page] == [2] * 40
    assert len(log) - 1 <= 6, "\n".join(log)


async def test_a_report_names_collections(server: Node) -> None:
    alice, bob, carol = await people(server)
    admin = await server.person("admin", role="admin", scopes="read write admin:read admin:write")
    theirs, others = await made(bob), await made(carol)
    ids = [theirs["id"], others["id"], theirs["id"], "1"]
    report = await alice.post("/api/v1/reports", {"account_id": bob.id, "collection_ids": ids, "comment": "spam"})
    assert report["collection_ids"] == [theirs["id"]]
    (seen,) = await admin.get("/api/v1/admin/reports")
    assert [each["id"] for each in seen["collections"]] == [theirs["id"]]
    await bob.api("DELETE", f"{PATH}/{theirs['id']}")
    assert (await admin.get(f"/api/v1/admin/reports/{seen['id']}"))["collections"] == []
    await bob.post(f"/api/v1/accounts/{alice.account_id}/block")
    hidden = await made(bob)
    again = await alice.post("/api/v1/reports", {"account_id": bob.id, "collection_ids": [hidden["id"]]})
    assert again["collection_ids"] == []


async def test_news_of_collections_is_pushed(server: Node) -> None:
    alice, bob, _ = await people(server)
    device = Device(Service(server.network))
    kinds = ["added_to_collection", "collection_update"]
    body = {"subscription": device.subscription(), "data": {"alerts": dict.fromkeys(kinds, True)}}
    made_ = await bob.post("/api/v1/push/subscription", body)
    assert [kind for kind, wanted in made_["alerts"].items() if wanted] == kinds
    collection = await made(alice, bob)
    await drain(server)
    await alice.api("PATCH", f"{PATH}/{collection['id']}", json={"name": "Best people", "description": "of <all>"})
    await drain(server)
    instance = await server.api("GET", "/api/v2/instance")
    key = instance["configuration"]["vapid"]["public_key"]
    messages = [device.read(arrived, server, key) for arrived in device.service.take()]
    assert [(each["notification_type"], each["title"], each["body"]) for each in messages] == [
        ("added_to_collection", "alice added you to a collection", "Good people"),
        ("collection_update", "alice edited a collection you are in", "Best people of <all>"),
    ]
