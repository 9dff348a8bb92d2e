"""What a judgement on a domain does, and what lifting it brings back."""

from collections.abc import Awaitable, Callable

import pytest

from fedi.services import accounts
from storage import domains
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _friends(servers: Servers) -> tuple[Node, Node, Person, Person]:
    a, b = await servers("a.test", "sub.b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.follow(bob)
    await bob.follow(alice)
    await drain(a, b)
    await bob.posts("hello from b")
    await drain(a, b)
    return a, b, alice, bob


async def _judge(node: Node, severity: domains.Severity) -> None:
    async with node.db.transaction() as conn:
        await domains.block(conn, "b.test", severity=severity)


async def test_a_suspended_domain_is_cut_off_and_comes_back_without_its_follows(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    assert len(await alice.home()) == 1
    await _judge(a, "suspend")
    await drain(a, b)
    assert await alice.home() == []
    mine = await alice.get("/api/v1/accounts/verify_credentials")
    assert (mine["following_count"], mine["followers_count"]) == (0, 0)
    await bob.posts("is anybody there?")
    await drain(a, b)
    async with a.db.transaction() as conn:
        await domains.unblock(conn, "b.test")
    await drain(a, b)
    found = await alice.finds(bob)
    statuses = await alice.get(f"/api/v1/accounts/{found['id']}/statuses")
    assert [status["content"] for status in statuses] == ["<p>hello from b</p>"]


async def test_a_limited_domain_is_seen_by_followers_only(servers: Servers) -> None:
    a, b, alice, _bob = await _friends(servers)
    stranger = await a.person("stranger")
    before = await stranger.get("/api/v1/timelines/public")
    assert len(before) == 1
    await _judge(a, "silence")
    await drain(a, b)
    assert await stranger.get("/api/v1/timelines/public") == []
    assert len(await alice.home()) == 1
    async with a.db.transaction() as conn:
        await domains.unblock(conn, "b.test")
    await drain(a, b)
    assert len(await stranger.get("/api/v1/timelines/public")) == 1


async def test_a_person_suspended_by_hand_stays_so_when_the_domain_is_freed(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    found = await alice.finds(bob)
    async with a.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = '2020-01-01' where id = $1", int(found["id"]))
    await _judge(a, "suspend")
    await drain(a, b)
    async with a.db.transaction() as conn:
        await domains.unblock(conn, "b.test")
    await drain(a, b)
    async with a.db.read() as conn:
        assert await conn.fetchval("select suspended_at from accounts where id = $1", int(found["id"])) is not None


async def test_a_suspension_here_is_seen_elsewhere(servers: Servers) -> None:
    a, b, alice, _bob = await _friends(servers)
    await accounts.suspend(b.app, "bob")
    await drain(a, b)
    assert await alice.home() == []
    await accounts.unsuspend(b.app, "bob")
    await drain(a, b)
    assert len(await alice.home()) == 1


async def test_one_person_of_another_server_can_be_suspended(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    assert await accounts.suspend(a.app, bob.handle)
    await bob.posts("still here?")
    await drain(a, b)
    assert await alice.home() == []
    assert await accounts.unsuspend(a.app, bob.handle)
    assert len(await alice.home()) == 1
