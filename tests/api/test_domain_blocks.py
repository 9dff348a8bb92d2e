"""Not wanting to meet anybody of a whole server: what is there of its people goes, too."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
PATH = "/api/v1/domain_blocks"


async def _meets(nodes: list[Node], alice: Person, other: Person) -> None:
    """The other mentions, answers in private, likes and follows Alice, who recommends them, as they do her."""
    here = await alice.finds(other)
    there = await other.finds(alice)
    post = await alice.posts(f"hello {other.username}")
    await drain(*nodes)
    seen = await other.sees(post["uri"])
    await other.post(f"/api/v1/statuses/{seen['id']}/favourite")
    await other.replies(seen, "public")
    await drain(*nodes)
    await other.posts(f"@{alice.handle} put aside", visibility="direct")
    await drain(*nodes)
    mine = await alice.posts(f"@{other.handle} let us talk", visibility="direct")
    await drain(*nodes)
    await other.replies(await other.sees(mine["uri"]), "yes", visibility="direct")
    for person, account in ((alice, here), (other, there)):
        await person.post("/api/v1/collections", {"name": "people", "account_ids": [account["id"]]})
    await drain(*nodes)


async def _traces(alice: Person) -> dict[str, Any]:
    """Hosts that Alice can find something of."""

    def hosts(accounts: list[Any]) -> set[str]:
        return {each["acct"].partition("@")[2] or "a.test" for each in accounts}

    grouped = await alice.get("/api/v2/notifications")
    collections = (await alice.get(f"/api/v1/accounts/{alice.id}/collections"))["collections"]
    return {
        "notifications": hosts([each["account"] for each in await alice.notifications()]),
        "groups": hosts(grouped["accounts"]),
        "requests": hosts([each["account"] for each in await alice.get("/api/v1/notifications/requests")]),
        "conversations": hosts([one for each in await alice.get("/api/v1/conversations") for one in each["accounts"]]),
        "recommended": sum(each["item_count"] for each in collections),
        "in collections of": len((await alice.get(f"/api/v1/accounts/{alice.id}/in_collections"))["collections"]),
    }


async def test_a_blocked_domain_leaves_nothing_behind(servers: Servers) -> None:
    nodes = await servers("a.test", "b.test", "c.test")
    alice, bob, carol = [await node.person(name) for node, name in zip(nodes, ("alice", "bob", "carol"), strict=True)]
    for other in (bob, carol):
        await _meets(nodes, alice, other)
    both = {"b.test", "c.test"}
    before = await _traces(alice)
    assert before == {
        "notifications": both, "groups": both, "requests": both, "conversations": both,
        "recommended": 2, "in collections of": 2,
    }  # fmt: skip
    requests = await alice.get("/api/v1/notifications/requests")
    (waiting,) = [each["id"] for each in requests if each["account"]["acct"] == "bob@b.test"]
    await alice.post(PATH, {"domain": "b.test"})
    # At once, before any job.
    assert (await _traces(alice))["requests"] == {"c.test"}
    await alice.post(f"/api/v1/notifications/requests/{waiting}/accept", status=404)
    assert (await alice.get("/api/v2/notifications/policy"))["summary"]["pending_requests_count"] == 1
    await drain(*nodes)
    only = {"c.test"}
    assert await _traces(alice) == {
        "notifications": only, "groups": only, "requests": only, "conversations": only,
        "recommended": 1, "in collections of": 1,
    }  # fmt: skip
    theirs = (await bob.get(f"/api/v1/accounts/{bob.id}/collections"))["collections"]
    assert [each["item_count"] for each in theirs] == [0]
    await alice.api("DELETE", PATH, json={"domain": "b.test"})
    await drain(*nodes)
    assert (await _traces(alice))["notifications"] == only, "what is gone stays gone"
