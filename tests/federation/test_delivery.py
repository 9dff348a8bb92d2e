"""Delivery: to each inbox once, whatever happens to hosts, networks and processes."""

from typing import Any

import pytest

from storage import deliveries
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


async def _followed(server: Node, alice: Person, *hosts: str, shared: bool = True) -> list[Puppet]:
    """A follower of Alice on each host."""
    puppets = []
    for host in hosts:
        puppet = Puppet(server.network, host)
        fan = puppet.actor("fan", **({} if shared else {"endpoints": {}}))
        await puppet.send(server, puppet.activity("Follow", fan, alice.uri, "f"), fan)
        puppets.append(puppet)
    await drain(server)
    for puppet in puppets:
        puppet.inbox.clear()
    return puppets


async def _rows(server: Node) -> list[Any]:
    async with server.db.read() as conn:
        return list(
            await conn.fetch(
                """
                select host, state, attempts, last_status, next_at > now() as later
                from deliveries d join activities a on a.id = d.activity_id
                where a.body like '%"type":"Create"%' order by d.id
                """
            )
        )


async def _skip_pauses(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set next_at = now(), leased_until = null where state = 'waiting'")
        await conn.execute("update hosts set next_at = null")


async def test_a_shared_inbox_gets_one_copy(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "many.test")
    for name in ("one", "two", "three"):
        fan = puppet.actor(name)
        await puppet.send(server, puppet.activity("Follow", fan, alice.uri, name), fan)
    await drain(server)
    puppet.inbox.clear()
    await alice.posts("hello all")
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]


async def test_a_dead_host_does_not_delay_a_live_one(server: Node) -> None:
    alice = await server.person("alice")
    dead, live = await _followed(server, alice, "dead.test", "live.test")
    server.network.down.add("dead.test")
    await alice.posts("anybody?")
    await drain(server)
    assert len(live.inbox) == 1
    rows = {row["host"]: row for row in await _rows(server)}
    assert (rows["dead.test"]["state"], rows["dead.test"]["later"]) == ("waiting", True)
    server.network.down.clear()
    await _skip_pauses(server)
    await drain(server)
    assert len(dead.inbox) == 1


async def test_what_comes_back_gets_everything_in_order(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await _followed(server, alice, "away.test")
    server.network.down.add("away.test")
    posts = [await alice.posts(f"number {number}") for number in range(5)]
    await drain(server)
    server.network.down.clear()
    await _skip_pauses(server)
    await drain(server)
    assert [activity["object"]["id"] for activity in puppet.inbox] == [post["uri"] for post in posts]


async def test_a_host_that_speaks_to_us_is_tried_at_once(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await _followed(server, alice, "away.test")
    server.network.down.add("away.test")
    await alice.posts("hello?")
    await drain(server)
    server.network.down.clear()
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set next_at = now() where state = 'waiting'")
        paused = await conn.fetchval("select next_at > now() from hosts where host = 'away.test'")
    assert paused
    server.app.memory.pop("hosts seen", None)
    fan = puppet.actor("fan")
    await puppet.send(server, puppet.activity("Like", fan, "https://nowhere.test/1", "l"), fan)
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]


@pytest.mark.parametrize(("answer", "state"), [(410, "refused"), (404, "refused"), (403, "refused"), (501, "refused")])
async def test_a_refusal_ends_it(server: Node, answer: int, state: str) -> None:
    alice = await server.person("alice")
    [puppet] = await _followed(server, alice, "no.test")
    puppet.answer = answer
    await alice.posts("hello")
    await drain(server)
    [row] = await _rows(server)
    assert (row["state"], row["attempts"], row["last_status"]) == (state, 1, answer)


@pytest.mark.parametrize("answer", [429, 500, 502, 503, 408, 401])
async def test_a_hiccup_is_tried_again(server: Node, answer: int) -> None:
    alice = await server.person("alice")
    [puppet] = await _followed(server, alice, "busy.test")
    puppet.answer = answer
    await alice.posts("hello")
    await drain(server)
    [row] = await _rows(server)
    assert (row["state"], row["attempts"], row["later"]) == ("waiting", 1, True)
    puppet.answer = 202
    await _skip_pauses(server)
    await drain(server)
    [row] = await _rows(server)
    assert (row["state"], row["attempts"]) == ("delivered", 2)


async def test_it_is_given_up_after_fourteen_days(server: Node) -> None:
    alice = await server.person("alice")
    await _followed(server, alice, "gone.test")
    server.network.down.add("gone.test")
    await alice.posts("hello")
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set created_at = now() - interval '15 days'")
    await drain(server)
    [row] = [row for row in await _rows(server) if row["host"] == "gone.test"]
    assert row["state"] in ("waiting", "expired")
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set created_at = now() - interval '15 days'")
    await _skip_pauses(server)
    await drain(server)
    [row] = [row for row in await _rows(server) if row["host"] == "gone.test"]
    assert row["state"] == "expired"


async def test_a_lease_of_a_dead_process_runs_out(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await _followed(server, alice, "peer.test")
    await alice.posts("hello")
    await server.server.worker.drain()
    async with server.db.transaction() as conn:
        taken = await deliveries.claim(conn, "peer.test", limit=10)
    assert len(taken) == 1
    await drain(server)
    assert puppet.inbox == []
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set leased_until = now() - interval '1 second'")
    await drain(server)
    assert len(puppet.inbox) == 1


async def test_two_workers_never_take_the_same_host(server: Node) -> None:
    alice = await server.person("alice")
    await _followed(server, alice, "peer.test")
    await alice.posts("one")
    await server.server.worker.drain()
    async with server.db.transaction() as first, server.db.transaction() as second:
        assert len(await deliveries.claim(first, "peer.test", limit=10)) == 1
        assert await deliveries.claim(second, "peer.test", limit=10) == []


async def test_a_deleted_post_is_not_sent_any_more(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await _followed(server, alice, "away.test")
    post = await alice.posts("oops")
    await server.server.worker.drain()
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Delete"]


async def test_nothing_is_sent_to_a_blocked_domain(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await _followed(server, alice, "sub.bad.test")
    async with server.db.transaction() as conn:
        await conn.execute("insert into domain_blocks (domain, severity) values ('bad.test', 'suspend')")
    await alice.posts("hello")
    await drain(server)
    assert puppet.inbox == []
