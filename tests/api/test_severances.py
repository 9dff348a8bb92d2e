"""Who lost followers by a block or a suspension is told how many, once, and can look up for a while whom."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fedi import chores
from fedi.services import accounts
from storage import domains, severances
from storage.follows import Follow
from tests.support import factories
from tests.support.browser import browser
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

NOW = datetime.now(UTC)
Servers = Callable[..., Awaitable[list[Node]]]
V1, V2 = "/api/v1/notifications", "/api/v2/notifications"


async def severed(person: Person) -> list[dict[str, Any]]:
    rows = await person.get(V1, **{"types[]": "severed_relationships"})
    assert {row["account"]["id"] for row in rows} <= {person.id}
    return [row["event"] for row in rows]


def summary(event: dict[str, Any]) -> tuple[str, str, int, int]:
    return event["type"], event["target_name"], event["followers_count"], event["following_count"]


async def scene(servers: Servers) -> tuple[Node, Node, list[Person], list[Person]]:
    """Alice and Bob here; there two who follow Alice, one of whom she follows, and one whom Bob follows."""
    a, b = await servers("a.test", "b.test")
    here = [await a.person(name) for name in ("alice", "bob", "carol")]
    there = [await b.person(name) for name in ("xenia", "yves")]
    for each in there:
        await each.follow(here[0])
    await here[0].follow(there[0])
    await here[1].follow(there[1])
    await drain(a, b)
    return a, b, here, there


async def test_a_domain_that_the_operator_blocks(servers: Servers) -> None:
    a, b, [alice, bob, carol], _there = await scene(servers)
    async with a.db.transaction() as conn:
        await domains.block(conn, "b.test")
    await drain(a)
    assert [summary(each) for each in await severed(alice)] == [("domain_block", "b.test", 2, 1)]
    assert [summary(each) for each in await severed(bob)] == [("domain_block", "b.test", 0, 1)]
    assert await severed(carol) == []
    [group] = (await alice.get(V2, **{"types[]": "severed_relationships", "supported_types[]": "x"}))[
        "notification_groups"
    ]
    assert group["event"] == (await severed(alice))[0]
    assert "b.test" in group["fallback"]["title"]
    async with a.db.transaction() as conn:
        await domains.block(conn, "b.test", reject_media=True)
    await drain(a, b)
    assert len(await severed(alice)) == 1


async def test_a_limit_severs_nothing(servers: Servers) -> None:
    a, _b, [alice, *_], _there = await scene(servers)
    async with a.db.transaction() as conn:
        await domains.block(conn, "b.test", severity="silence")
    await drain(a)
    assert await severed(alice) == []


async def test_a_domain_that_a_person_blocks(servers: Servers) -> None:
    _a, _b, [alice, bob, carol], _there = await scene(servers)
    for each in (alice, carol):
        for _ in range(2):
            await each.post("/api/v1/domain_blocks", {"domain": "b.test"})
        await drain(each.node)
    assert [summary(each) for each in await severed(alice)] == [("user_domain_block", "b.test", 2, 1)]
    assert await severed(bob) == await severed(carol) == []


async def test_an_account_of_another_server_that_is_suspended_follows_nobody_here(servers: Servers) -> None:
    a, b, [alice, bob, _carol], [xenia, _yves] = await scene(servers)
    assert await accounts.suspend(a.app, "xenia@b.test")
    await drain(a, b)
    assert [summary(each) for each in await severed(alice)] == [("account_suspension", "xenia@b.test", 1, 0)]
    assert await severed(bob) == []
    seen = await xenia.finds(alice)
    [between] = await xenia.get("/api/v1/accounts/relationships", **{"id[]": seen["id"]})
    assert not between["following"]  # its server was told
    assert (await alice.get(f"/api/v1/accounts/{alice.id}"))["followers_count"] == 1
    assert await accounts.unsuspend(a.app, "xenia@b.test")
    await drain(a, b)
    assert [each["acct"] for each in await alice.get(f"/api/v1/accounts/{alice.id}/following")] == ["xenia@b.test"]


async def download(person: Person, event: dict[str, Any], kind: str, *, status: int = 200) -> list[str]:
    async with browser(person.node) as window:
        await window.log_in(person.username)
        response = await window.open(f"/severed_relationships/{event['id']}/{kind}.csv")
        assert response.status_code == status
        if status != 200:
            return []
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        assert "no-store" in response.headers["cache-control"]
        assert event["target_name"] in response.headers["content-disposition"]
        return response.text.splitlines()


async def test_whom_one_has_lost_can_be_downloaded_by_nobody_else(servers: Servers) -> None:
    a, _b, [alice, bob, _carol], [xenia, yves] = await scene(servers)
    seen = await alice.finds(xenia)
    await alice.post(f"/api/v1/accounts/{seen['id']}/follow", {"reblogs": False, "languages": ["de", "en"]})
    await alice.post("/api/v1/domain_blocks", {"domain": "b.test"})
    await drain(a)
    [event] = await severed(alice)
    assert event["purged"] is False
    head = "Account address,Show boosts,Notify on new posts,Languages"
    assert await download(alice, event, "following") == [head, 'xenia@b.test,false,false,"de, en"']
    assert await download(alice, event, "followers") == ["Account address", "yves@b.test", "xenia@b.test"]
    for kind in ("following", "followers"):
        await download(bob, event, kind, status=404)
    async with browser(a) as window:
        assert (await window.open(f"/severed_relationships/{event['id']}/followers.csv")).status_code == 403
        await window.open("/severed_relationships")
        assert window.location == "/auth/log_in?next=/severed_relationships"
        await window.log_in("alice")
        await window.open("/severed_relationships")
        assert "b.test" in window.html
        assert f"{event['id']}/following.csv" in window.html
    assert yves.username in str(await download(alice, event, "followers"))


async def test_the_list_is_forgotten_and_said_to_be(servers: Servers) -> None:
    a, _b, [alice, *_], _there = await scene(servers)
    await alice.post("/api/v1/domain_blocks", {"domain": "b.test"})
    await drain(a)
    for age, purged in (("364 days", False), ("366 days", True)):
        async with a.db.transaction() as conn:
            await conn.execute("update severed_follows set created_at = now() - $1::text::interval", age)
        await chores.sweep(a.app)
        [event] = await severed(alice)
        assert event["purged"] is purged
        assert (event["followers_count"], event["following_count"]) == (2, 1)
    await download(alice, event, "followers", status=404)


async def test_who_deletes_their_account_is_on_no_list(servers: Servers) -> None:
    a, _b, [alice, *_], [xenia, yves] = await scene(servers)
    seen = {each.username: await alice.finds(each) for each in (xenia, yves)}
    await alice.post("/api/v1/domain_blocks", {"domain": "b.test"})
    await drain(a)
    await chores.purge_account(a.app, {"account_id": int(seen["xenia"]["id"])})
    [event] = await severed(alice)
    assert await download(alice, event, "followers") == ["Account address", "yves@b.test"]


async def test_counting_in_steps_tells_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    cause = severances.Cause("domain_block", "gone.test")
    async with server.db.transaction() as conn:
        gone = await factories.remote(conn, "gone", "gone.test")
    pairs = [(gone, alice.account_id), (alice.account_id, gone), (gone, bob.account_id)]
    for _ in range(2):
        async with server.db.transaction() as conn:
            await severances.count(conn, cause, [Follow(0, *each, "", True, False, None, NOW) for each in pairs])
    await drain(server)
    assert await severed(alice) == []
    for _ in range(2):
        async with server.db.transaction() as conn:
            await severances.tell(conn, cause, limit=10)
        await drain(server)
    assert [summary(each) for each in await severed(alice)] == [("domain_block", "gone.test", 2, 2)]
    assert [summary(each) for each in await severed(bob)] == [("domain_block", "gone.test", 2, 0)]
