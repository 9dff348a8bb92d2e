"""Who lost followers by a block or a suspension is told how many, once."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fedi.services import accounts
from storage import domains, severances
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

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


async def test_counting_in_steps_tells_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    cause = severances.Cause("domain_block", "gone.test")
    for _ in range(2):
        async with server.db.transaction() as conn:
            await severances.count(conn, cause, [(-5, alice.account_id), (alice.account_id, -5), (-5, bob.account_id)])
    await drain(server)
    assert await severed(alice) == []
    for _ in range(2):
        async with server.db.transaction() as conn:
            await severances.tell(conn, cause, limit=10)
        await drain(server)
    assert [summary(each) for each in await severed(alice)] == [("domain_block", "gone.test", 2, 2)]
    assert [summary(each) for each in await severed(bob)] == [("domain_block", "gone.test", 2, 0)]
