"""Who goes first, what never overtakes, and that several workers share one queue without a word said twice."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from federation import delivery
from federation.context import Fed
from federation.delivery import SLOW_SECONDS, Turn, Turns
from storage import claims, deliveries, hosts
from storage.db import Database
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


async def _follows(server: Node, puppet: Puppet, *people: Person) -> dict[str, Any]:
    fan = puppet.actor("fan")
    for person in people:
        await puppet.send(server, puppet.activity("Follow", fan, person.uri, f"f{person.id}"), fan)
    await drain(server)
    puppet.inbox.clear()
    return fan


async def _pauses_end(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute("update hosts set next_at = now(), rest_until = null where next_at > now()")
        await conn.execute("update deliveries set next_at = now() where state = 'waiting' and leased_until is null")


@contextlib.asynccontextmanager
async def _another_worker(server: Node) -> AsyncIterator[Fed]:
    """As a process of its own would be: another pool, another name, other caches."""
    db = await Database(server.db.dsn, size=4).open()
    yield msgspec.structs.replace(server.app.fed, db=db, memory={})
    await db.close()


async def test_words_to_one_person_go_before_words_to_many(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    puppet = Puppet(server.network, "peer.test")
    fan = await _follows(server, puppet, alice, bob)
    for number in range(3):
        await alice.posts(f"to all {number}")
    await bob.posts("@fan@peer.test psst", visibility="direct")
    await alice.posts("@fan@peer.test me too", visibility="direct")
    await server.server.worker.drain()
    async with server.db.transaction() as conn:
        batch = (await claims.claim(conn, ["peer.test"], limit=2))["peer.test"]
        assert [row.bulk for row in batch.rows] == [False, False]
        await conn.execute("update deliveries set leased_until = null")
    await drain(server)
    own = [activity["object"]["to"] for activity in puppet.inbox if activity["actor"] == alice.uri]
    assert own[0] == [fan["id"]]
    assert len(own) == 4


async def test_a_delete_waits_for_a_create_that_is_refused_again_and_again(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "picky.test")
    await _follows(server, puppet, alice)
    puppet.answer = 500
    post = await alice.posts("oops")
    other = await alice.posts("fine")
    for _ in range(4):
        await drain(server)
        await _pauses_end(server)
    puppet.inbox.clear()
    async with server.db.transaction() as conn:  # While the Create is under way once more.
        [row] = (await claims.claim(conn, ["picky.test"], limit=1))["picky.test"].rows
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await server.server.worker.drain()
    async with server.db.transaction() as conn:
        given = deliveries.Outcome(row.id, row.leased_until, "waiting", 500, "no")
        assert await deliveries.finish(conn, [given]) == 1
    puppet.answer = 202
    for _ in range(4):
        await _pauses_end(server)
        await drain(server)
    kinds = [(each["type"], each["object"]["id"]) for each in puppet.inbox]
    assert ("Create", other["uri"]) in kinds
    mine = [kind for kind, uri in kinds if uri == post["uri"]]
    assert mine in (["Create", "Delete"], ["Delete"])


async def test_what_was_tried_is_not_sent_any_more_once_it_is_deleted(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "picky.test")
    await _follows(server, puppet, alice)
    puppet.answer = 503
    post = await alice.posts("oops")
    await drain(server)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    puppet.answer = 202
    puppet.inbox.clear()
    await server.server.worker.drain()
    await _pauses_end(server)
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Delete"]


async def test_whoever_has_lost_its_lease_writes_nothing(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "peer.test")
    await _follows(server, puppet, alice)
    await alice.posts("hello")
    await server.server.worker.drain()
    async with server.db.transaction() as conn:
        [slow] = (await claims.claim(conn, ["peer.test"], limit=10))["peer.test"].rows
        await conn.execute(
            "update deliveries set leased_until = now() - interval '1 second' where leased_until > now()"
        )
    async with _another_worker(server) as other, other.db.transaction() as conn:
        [fresh] = (await claims.claim(conn, ["peer.test"], limit=10))["peer.test"].rows
    assert fresh.id == slow.id
    async with server.db.transaction() as conn:
        refused = deliveries.Outcome(slow.id, slow.leased_until, "refused", 404, "late")
        assert await deliveries.finish(conn, [refused]) == 0
        assert await conn.fetchval("select state from deliveries where id = $1", slow.id) == "waiting"


async def test_whoever_has_lost_its_lease_does_not_pause_the_host(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "peer.test")
    await _follows(server, puppet, alice)
    await alice.posts("hello")
    await server.server.worker.drain()
    former = server.network.apps["peer.test"]

    async def slept(scope: Scope, receive: Receive, send: Send) -> None:
        server.network.apps["peer.test"] = former
        async with server.db.read() as conn:
            await conn.execute("update deliveries set leased_until = now() - interval '1 second'")
        async with _another_worker(server) as other:
            await delivery.drain(other)
        await Response(status_code=503)(scope, receive, send)

    puppet.inbox.clear()
    server.network.apps["peer.test"] = slept
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]
    async with server.db.read() as conn:
        host = await hosts.find(conn, "peer.test")
    assert host is not None
    assert (host.failures, host.next_at) == (0, None)


async def test_three_workers_say_everything_once_and_in_order(server: Node) -> None:
    people = [await server.person(f"person{number}") for number in range(3)]
    dice = random.Random(7)
    puppets = [Puppet(server.network, f"flaky{number}.test") for number in range(4)]
    taken: dict[str, list[str]] = {puppet.host: [] for puppet in puppets}
    for puppet in puppets:
        await _follows(server, puppet, *people)

        async def flaky(scope: Scope, receive: Receive, send: Send, host: str = puppet.host) -> None:
            activity = orjson.loads(await Request(scope, receive).body())
            await asyncio.sleep(dice.random() / 200)
            status = dice.choice((202, 202, 503, 500))
            if status == 202:
                taken[host].append(activity["id"])
            await Response(status_code=status)(scope, receive, send)

        server.network.apps[puppet.host] = flaky
    told: dict[str, list[str]] = {}
    for person in people:
        posts = [await person.posts(f"number {number}") for number in range(4)]
        await person.api("PUT", f"/api/v1/statuses/{posts[1]['id']}", json={"status": "changed"})
        told[person.uri] = [post["uri"] for post in posts]
    async with _another_worker(server) as second, _another_worker(server) as third:
        for round_ in range(60):
            await server.server.worker.drain()
            if round_ == 1:
                await people[0].api("DELETE", f"/api/v1/statuses/{told[people[0].uri][0].rpartition('/')[2]}")
            await asyncio.gather(*(delivery.drain(fed) for fed in (server.app.fed, second, third)))
            await _pauses_end(server)
    for ids in taken.values():
        assert [uri for uri, count in Counter(ids).items() if count > 1] == []
        for uris in told.values():
            for uri in uris:
                about = [each for each in ids if each.startswith(uri)]
                order = [about.index(each) for each in (f"{uri}/activity", f"{uri}#delete") if each in about]
                assert order == sorted(order)
        assert f"{told[people[0].uri][0]}#delete" in ids
        assert f"{told[people[1].uri][3]}/activity" in ids


async def test_a_rest_that_was_asked_for_is_kept_whatever_the_host_sends(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "busy.test")
    fan = await _follows(server, puppet, alice)

    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        puppet.requests.append(("POST", "inbox"))
        await Response(status_code=429, headers={"Retry-After": "900"})(scope, receive, send)

    former, server.network.apps["busy.test"] = server.network.apps["busy.test"], busy
    await alice.posts("hello")
    await drain(server)
    server.network.apps["busy.test"] = former
    puppet.requests.clear()
    server.app.memory.pop("hosts seen", None)
    await puppet.send(server, puppet.activity("Like", fan, "https://nowhere.test/1", "l"), fan)
    await drain(server)
    assert puppet.inbox == []
    async with server.db.transaction() as conn:
        await conn.execute("update hosts set next_at = now(), rest_until = now() where host = 'busy.test'")
    server.app.memory.pop("hosts seen", None)
    await puppet.send(server, puppet.activity("Like", fan, "https://nowhere.test/1", "l2"), fan)
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set next_at = now()")
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]


async def test_a_signed_fetch_is_a_sign_of_life(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "away.test")
    fan = await _follows(server, puppet, alice)
    server.network.down.add("away.test")
    await alice.posts("hello?")
    await drain(server)
    server.network.down.clear()
    response = await puppet.get(server, "/users/alice/outbox", fan)
    assert response.status_code == 200
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]


async def test_a_host_that_speaks_but_never_answers_is_not_asked_ever_more_often(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "half.test")
    await _follows(server, puppet, alice)
    puppet.answer = 503
    await alice.posts("hello?")
    await drain(server)
    for _ in range(10):
        async with server.db.transaction() as conn:
            await hosts.seen(conn, "half.test")
        await drain(server)
    assert len(puppet.inbox) == 2


async def test_silent_hosts_leave_room_for_the_others() -> None:
    turns = Turns(4)
    for number in range(2):
        turns.active[f"failing{number}"] = Turn(failing=True)
    assert not turns.room(failing=True)
    assert turns.room(failing=False)
    for number in range(2):
        turns.active[f"new{number}"] = Turn(failing=False)
    assert not turns.room(failing=False)
    for turn in turns.active.values():
        turn.moved_at = time.monotonic() - SLOW_SECONDS - 1
    assert turns.room(failing=True)
    for number in range(40):
        turns.active[f"slow{number}"] = Turn(failing=False)
        turns.active[f"slow{number}"].moved_at = 0
    assert not turns.room(failing=False)


async def test_a_process_serves_many_hosts_a_third_of_which_hang(server: Node) -> None:
    alice = await server.person("alice")
    puppets = [Puppet(server.network, f"host{number}.test") for number in range(30)]
    for puppet in puppets:
        await _follows(server, puppet, alice)
    release = asyncio.Event()

    async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
        await release.wait()

    for puppet in puppets[::3]:
        server.network.apps[puppet.host] = hangs
    await alice.posts("to all of you")
    await server.server.worker.drain()
    stop, wake = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(delivery.run(server.app.fed, stop, wake, concurrency=4))
    healthy = [puppet for number, puppet in enumerate(puppets) if number % 3]
    try:
        async with asyncio.timeout(15):
            while not all(puppet.inbox for puppet in healthy):  # noqa: ASYNC110 (nothing tells when)
                await asyncio.sleep(0.05)
    finally:
        release.set()
        stop.set()
        wake.set()
        await asyncio.wait_for(task, 10)  # What is on the wire is written down: the next test needs the database.
