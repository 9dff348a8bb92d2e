"""Many hosts share a transaction, and one of them spoils nothing for the others."""

import asyncio
import time

import pytest
from starlette.types import Receive, Scope, Send

from federation import delivery
from storage.db import query_log
from tests.support.scenes import followers_on
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


async def _statements(server: Node, person: Person) -> int:
    """How many statements it takes to send one more post to everybody."""
    await person.posts("hello")
    await server.server.worker.drain()
    token = query_log.set([])
    try:
        await drain(server)
        return len(query_log.get() or ())
    finally:
        query_log.reset(token)


async def _states(server: Node) -> dict[str, str]:
    async with server.db.read() as conn:
        records = await conn.fetch("select host, state from deliveries order by id")
    return {record[0]: record[1] for record in records}


async def test_many_hosts_cost_hardly_more_statements_than_few(server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "NOTE_SECONDS", 60.0)  # how often a slow machine writes a batch down is its business
    alice = await server.person("alice")
    await followers_on(server, alice, *(f"host{number}.test" for number in range(2)))
    few = await _statements(server, alice)
    puppets = await followers_on(server, alice, *(f"more{number}.test" for number in range(30)))
    many = await _statements(server, alice)
    assert [len(puppet.inbox) for puppet in puppets] == [1] * 30
    assert many < few + 15


async def test_a_host_whose_row_cannot_be_written_spoils_nothing_for_the_others(server: Node) -> None:
    alice = await server.person("alice")
    puppets = await followers_on(server, alice, "bad.test", *(f"good{number}.test" for number in range(6)))
    async with server.db.transaction() as conn:
        await conn.execute(
            """
            create function refuse() returns trigger language plpgsql as $$ begin raise 'not this one'; end $$;
            create trigger refuse before update on deliveries for each row
            when (new.host = 'bad.test' and new.state = 'delivered') execute function refuse()
            """
        )
    await alice.posts("hello")
    await server.server.worker.drain()
    sending = asyncio.create_task(drain(server))
    try:
        async with asyncio.timeout(10):
            while list((await _states(server)).values()).count("delivered") < 6:  # noqa: ASYNC110 (nothing tells when)
                await asyncio.sleep(0.02)
        assert (await _states(server))["bad.test"] == "waiting"
    finally:
        async with server.db.transaction() as conn:
            await conn.execute("drop function refuse cascade")
    await sending
    assert set((await _states(server)).values()) == {"delivered"}
    assert [len(puppet.inbox) for puppet in puppets] == [1] * 7


async def test_a_host_that_somebody_has_locked_delays_nobody(server: Node) -> None:
    alice = await server.person("alice")
    await followers_on(server, alice, "held.test", *(f"free{number}.test" for number in range(6)))
    async with server.db.transaction() as conn:
        await conn.execute("update hosts set last_ok_at = now() - interval '1 hour'")
    server.app.memory.pop("delivery.answering", None)
    await alice.posts("hello")
    await server.server.worker.drain()
    other = await server.db.connect()
    try:
        async with other.transaction():
            await other.fetch("select from deliveries where host = 'held.test' for update")
            began = time.monotonic()
            sending = asyncio.create_task(drain(server))
            async with asyncio.timeout(10):
                while list((await _states(server)).values()).count("delivered") < 6:  # noqa: ASYNC110 (nothing tells)
                    await asyncio.sleep(0.02)
            assert time.monotonic() - began < 3
    finally:
        await other.close()
    await sending
    await drain(server)
    assert set((await _states(server)).values()) == {"delivered"}


async def test_what_has_arrived_is_written_down_before_a_batch_is_over(server: Node) -> None:
    """Whoever is killed in the middle of one sends again only what is not."""
    alice = await server.person("alice")
    (puppet,) = await followers_on(server, alice, "peer.test")
    answer, release = server.network.apps["peer.test"], asyncio.Event()

    async def tires(scope: Scope, receive: Receive, send: Send) -> None:
        if len(puppet.inbox) == 3:
            await release.wait()
        await asyncio.sleep(delivery.NOTE_SECONDS)
        await answer(scope, receive, send)

    server.network.apps["peer.test"] = tires
    for number in range(5):
        await alice.posts(f"post {number}")
    await server.server.worker.drain()
    sending = asyncio.create_task(drain(server))
    try:
        async with asyncio.timeout(10):
            while len(puppet.inbox) < 3:  # noqa: ASYNC110 (nothing tells when)
                await asyncio.sleep(0.02)
            async with server.db.read() as conn:
                count = "select count(*) from deliveries where state = 'delivered'"
                while await conn.fetchval(count) < 2:  # noqa: ASYNC110 (likewise)
                    await asyncio.sleep(0.02)
    finally:
        release.set()
        await sending
    assert [activity["type"] for activity in puppet.inbox] == ["Create"] * 5
    assert (await _states(server)) == {"peer.test": "delivered"}
