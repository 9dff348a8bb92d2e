"""Posts say in their tags which collections they share (FEP-7aa9), and reports name them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
PATH = "/api/v1/collections"
FEATURED = "FeaturedCollection"


def shared(status: Any) -> list[str]:
    return [each["uri"] for each in status["tagged_collections"]]


async def test_what_a_post_shares_is_shown_elsewhere_and_read_from_where_it_is(servers: Servers) -> None:
    nodes = await servers("a.test", "b.test", "c.test")
    alice, bob, carol = [await node.person(name) for node, name in zip(nodes, ("alice", "bob", "carol"), strict=True)]
    # Bob knows Alice's collection; Carol's server hears of it by his post first.
    one = (await alice.post(PATH, {"name": "One", "account_ids": [alice.id]}))["collection"]
    two = (await alice.post(PATH, {"name": "Two"}))["collection"]
    for each in (one, two):
        found = await bob.get("/api/v2/search", q=each["url"], resolve="true")
        assert found["accounts"] == found["statuses"] == []
    await bob.follow(alice)
    await drain(*nodes)
    await carol.follow(bob)
    await drain(*nodes)
    post = await bob.posts(f"Look: {one['url']}")
    assert shared(post) == [one["uri"]]
    note = await nodes[1].document(post["uri"])
    assert {"type": FEATURED, "id": one["uri"]} in note["tag"]
    await drain(*nodes)
    (seen,) = await carol.home()
    assert (shared(seen), seen["tagged_collections"][0]["local"]) == ([one["uri"]], False)
    assert [each["name"] for each in seen["tagged_collections"]] == ["One"]
    await bob.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": f"{two['uri']} {one['uri']}"})
    await drain(*nodes)
    assert shared(await carol.get(f"/api/v1/statuses/{seen['id']}")) == [two["uri"], one["uri"]]
    await alice.api("DELETE", f"{PATH}/{one['id']}")
    await bob.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "nothing"})
    await drain(*nodes)
    assert shared(await carol.get(f"/api/v1/statuses/{seen['id']}")) == []


@pytest.fixture
async def stage(server: Node) -> tuple[Node, Person, Puppet, dict[str, Any]]:
    """Alice here; Pat at puppet.test, whom she follows."""
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    (found,) = (await alice.get("/api/v2/search", q="@pat@puppet.test", resolve="true"))["accounts"]
    await alice.post(f"/api/v1/accounts/{found['id']}/follow")
    await drain(server)
    await puppet.send(server, puppet.activity("Accept", pat, puppet.inbox[-1]["id"], "accept"), pat)
    await drain(server)
    return server, alice, puppet, pat


def collection(puppet: Puppet, owner: str, name: str) -> str:
    """Serve one; its URI."""
    uri = f"https://{puppet.host}/lists/{name}"
    puppet.documents[f"/lists/{name}"] = {
        "@context": "https://www.w3.org/ns/activitystreams", "id": uri, "type": FEATURED, "attributedTo": owner,
        "name": name, "summary": "", "sensitive": False, "discoverable": True, "totalItems": 0, "orderedItems": [],
    }  # fmt: skip
    return uri


async def arrives(stage: Any, *tags: Any, name: str = "n1") -> Any:
    server, alice, puppet, pat = stage
    note = puppet.note(pat, name, tag=list(tags))
    await puppet.send(server, puppet.activity("Create", pat, note, name), pat)
    await drain(server)
    return await alice.sees(note["id"])


async def test_a_tag_is_believed_only_of_its_own_server(stage: Any) -> None:
    server, alice, puppet, pat = stage
    other = Puppet(server.network, "other.test")
    quinn = other.actor("quinn")
    good = collection(other, quinn["id"], "good")
    stolen = collection(puppet, quinn["id"], "stolen")
    ours = (await alice.post(PATH, {"name": "Ours"}))["collection"]["uri"]
    tags = [
        {"type": FEATURED, "id": good},
        {"type": FEATURED, "id": stolen},
        {"type": FEATURED, "id": ours},
        {"type": FEATURED, "id": f"{ours}0"},
        {"type": FEATURED, "id": f"https://{puppet.host}/lists/none"},
        {"type": FEATURED, "id": pat["id"]},
        {"type": FEATURED},
        {"type": FEATURED, "id": {"x": 1}},
        {"type": FEATURED, "id": "javascript:alert(1)"},
    ]
    seen = await arrives(stage, *tags)
    assert shared(seen) == [good, ours]


async def test_many_posts_share_one_and_it_is_read_once(stage: Any) -> None:
    _, alice, puppet, pat = stage
    uri = collection(puppet, pat["id"], "one")
    posts = [await arrives(stage, {"type": FEATURED, "id": uri}, name=f"n{number}") for number in range(3)]
    assert [shared(each) for each in posts] == [[uri]] * 3
    assert puppet.asked.count("/lists/one") == 1
    tags = [{"type": FEATURED, "id": f"https://{puppet.host}/lists/{number}"} for number in range(100)]
    await arrives(stage, *tags, name="greedy")
    assert len([path for path in puppet.asked if path.startswith("/lists/")]) <= 1 + 10
    assert await alice.get("/api/v1/timelines/public")


async def test_a_server_that_is_silent_is_asked_again(stage: Any) -> None:
    server, alice, puppet, pat = stage
    uri = collection(puppet, pat["id"], "late")
    body = puppet.documents.pop("/lists/late")
    puppet.documents["/lists/late"] = 503
    seen = await arrives(stage, {"type": FEATURED, "id": uri})
    assert shared(seen) == []
    puppet.documents["/lists/late"] = body
    async with server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now()")
    server.app.fed.memory.clear()
    await drain(server)
    assert shared(await alice.get(f"/api/v1/statuses/{seen['id']}")) == [uri]


async def test_reports_about_collections_go_and_come(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    admin = await b.person("admin", role="admin", scopes="read write admin:read")
    theirs = (await bob.post(PATH, {"name": "Bad people"}))["collection"]
    await alice.follow(bob)
    await drain(a, b)
    there = await alice.finds(bob)
    (copy,) = (await alice.get(f"/api/v1/accounts/{there['id']}/collections"))["collections"]
    body = {"account_id": there["id"], "collection_ids": [copy["id"]], "forward": True, "comment": "look"}
    assert (await alice.post("/api/v1/reports", body))["collection_ids"] == [copy["id"]]
    await drain(a, b)
    (report,) = await admin.get("/api/v1/admin/reports")
    assert [each["id"] for each in report["collections"]] == [theirs["id"]]
    assert report["target_account"]["username"] == "bob"
