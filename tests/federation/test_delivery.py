"""Delivery: to each inbox once, whatever happens to hosts, networks and processes."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from federation import delivery
from fedi import metrics
from storage import claims
from tests.support.puppet import Puppet
from tests.support.scenes import followers_on
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


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
    dead, live = await followers_on(server, alice, "dead.test", "live.test")
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
    [puppet] = await followers_on(server, alice, "away.test")
    server.network.down.add("away.test")
    posts = [await alice.posts(f"number {number}") for number in range(5)]
    await drain(server)
    server.network.down.clear()
    await _skip_pauses(server)
    await drain(server)
    assert [activity["object"]["id"] for activity in puppet.inbox] == [post["uri"] for post in posts]


async def test_a_host_that_speaks_to_us_is_tried_at_once(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "away.test")
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
    [puppet] = await followers_on(server, alice, "no.test")
    puppet.answer = answer
    await alice.posts("hello")
    await drain(server)
    [row] = await _rows(server)
    assert (row["state"], row["attempts"], row["last_status"]) == (state, 1, answer)


async def test_an_inbox_that_is_gone_makes_us_ask_whether_its_people_are(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "half.test")
    for name in ("one", "two", "three"):
        fan = puppet.actor(name)
        await puppet.send(server, puppet.activity("Follow", fan, alice.uri, name), fan)
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set fetched_at = now() - interval '2 hours' where not is_local")
    puppet.answer = puppet.documents["/users/one"] = puppet.documents["/users/two"] = 410
    await alice.posts("hello")
    await drain(server)
    followers = await alice.get(f"/api/v1/accounts/{alice.id}/followers")
    assert [each["acct"] for each in followers] == ["three@half.test"]
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["followers_count"] == 1
    asked = len(puppet.asked)
    await alice.posts("hello again")
    await drain(server)
    assert len(puppet.asked) == asked


@pytest.mark.parametrize("answer", [429, 500, 502, 503, 408, 401])
async def test_a_hiccup_is_tried_again(server: Node, answer: int) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "busy.test")
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
    await followers_on(server, alice, "gone.test")
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
    [puppet] = await followers_on(server, alice, "peer.test")
    await alice.posts("hello")
    await server.server.worker.drain()
    async with server.db.transaction() as conn:
        taken = (await claims.claim(conn, ["peer.test"], limit=10))["peer.test"]
    assert len(taken.rows) == 1
    await drain(server)
    assert puppet.inbox == []
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set leased_until = now() - interval '1 second'")
    await drain(server)
    assert len(puppet.inbox) == 1


async def test_two_workers_never_take_the_same_host(server: Node) -> None:
    alice = await server.person("alice")
    await followers_on(server, alice, "peer.test")
    await alice.posts("one")
    await server.server.worker.drain()
    async with server.db.transaction() as first, server.db.transaction() as second:
        assert len((await claims.claim(first, ["peer.test"], limit=10))["peer.test"].rows) == 1
        assert (await claims.claim(second, ["peer.test"], limit=10))["peer.test"].rows == []


async def test_a_deleted_post_is_not_sent_any_more(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "away.test")
    post = await alice.posts("oops")
    await server.server.worker.drain()
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Delete"]


async def test_nothing_is_sent_to_a_blocked_domain(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "sub.bad.test")
    async with server.db.transaction() as conn:
        await conn.execute("insert into domain_blocks (domain, severity) values ('bad.test', 'suspend')")
    await alice.posts("hello")
    await drain(server)
    assert puppet.inbox == []


def _picky(server: Node, puppet: Puppet, judge: Callable[[Any], int], headers: dict[str, str] | None = None) -> None:
    """From now on the host answers each activity as `judge` says; what it takes is in its inbox."""
    former = server.network.apps[puppet.host]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await former(scope, receive, send)
            return
        activity = orjson.loads(await Request(scope, receive).body())
        status = judge(activity)
        puppet.requests.append(("POST", activity["id"]))
        if status < 300:
            puppet.inbox.append(activity)
        await Response(status_code=status, headers=headers if status >= 300 else None)(scope, receive, send)

    server.network.apps[puppet.host] = app


async def _pause_is_over(server: Node) -> None:
    """The clock of the pauses goes on until the host is tried again; that of single deliveries as far."""
    async with server.db.transaction() as conn:
        passed = await conn.fetchval("select max(next_at) - now() from hosts where next_at > now()")
        if passed is not None:
            await conn.execute("update hosts set next_at = next_at - $1::interval", passed)
            await conn.execute("update deliveries set next_at = next_at - $1::interval where attempts > 0", passed)


async def test_the_order_survives_an_outage_of_many_attempts(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "away.test")
    server.network.down.add("away.test")
    posts = [await alice.posts(f"number {number}") for number in range(3)]
    for _ in range(6):
        await drain(server)
        await _pause_is_over(server)
    server.network.down.clear()
    await drain(server)
    assert [activity["object"]["id"] for activity in puppet.inbox] == [post["uri"] for post in posts]


async def test_a_host_that_is_back_gets_what_was_tried_in_vain_at_once(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "away.test")
    server.network.down.add("away.test")
    posts = [await alice.posts(f"number {number}") for number in range(3)]
    for _ in range(4):
        await drain(server)
        await _pause_is_over(server)
    await drain(server)
    server.network.down.clear()
    server.app.memory.pop("hosts seen", None)
    fan = puppet.actor("fan")
    await puppet.send(server, puppet.activity("Like", fan, "https://nowhere.test/1", "l"), fan)
    await drain(server)
    assert [activity["object"]["id"] for activity in puppet.inbox] == [post["uri"] for post in posts]


async def test_a_silent_host_is_asked_once_a_pause_however_much_waits(server: Node) -> None:
    people = [await server.person(f"person{number}") for number in range(12)]
    puppet = Puppet(server.network, "away.test")
    fan = puppet.actor("fan")
    for person in people:
        await puppet.send(server, puppet.activity("Follow", fan, person.uri, f"f{person.id}"), fan)
    await drain(server)
    _picky(server, puppet, lambda activity: 503)
    for person in people:
        await person.posts("anybody?")
    puppet.requests.clear()
    await drain(server)
    assert len(puppet.requests) <= 4
    for _ in range(3):
        puppet.requests.clear()
        await _pause_is_over(server)
        await drain(server)
        assert len(puppet.requests) == 1


async def test_one_activity_that_a_host_refuses_does_not_hold_up_the_others(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "picky.test")
    posts = [await alice.posts(f"number {number}") for number in range(3)]
    _picky(server, puppet, lambda activity: 500 if activity["object"]["id"] == posts[0]["uri"] else 202)
    for _ in range(5):
        await drain(server)
        await _pause_is_over(server)
    assert [activity["object"]["id"] for activity in puppet.inbox] == [post["uri"] for post in posts[1:]]
    assert [row["state"] for row in await _rows(server)] == ["waiting", "delivered", "delivered"]


async def test_a_request_for_a_rest_is_granted_to_the_host(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    [puppet] = await followers_on(server, alice, "busy.test")
    fan = puppet.actor("fan")
    await puppet.send(server, puppet.activity("Follow", fan, bob.uri, "f2"), fan)
    await drain(server)
    puppet.inbox.clear()
    _picky(
        server,
        puppet,
        lambda activity: 429 if "enough" in activity["object"]["content"] else 202,
        {"Retry-After": "600"},
    )
    await alice.posts("hello")
    await bob.posts("enough")
    await drain(server)
    puppet.requests.clear()
    await alice.posts("hello again")
    await drain(server)
    assert puppet.requests == []
    async with server.db.read() as conn:
        seconds = await conn.fetchval("select extract(epoch from next_at - now()) from hosts where host = 'busy.test'")
    assert 590 < seconds <= 600


async def test_a_delivery_that_we_cannot_make_spoils_no_other(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    [puppet] = await followers_on(server, alice, "peer.test")
    fan = puppet.actor("fan")
    await puppet.send(server, puppet.activity("Follow", fan, bob.uri, "f2"), fan)
    await drain(server)
    puppet.inbox.clear()
    server.app.memory.pop("signers", None)
    async with server.db.transaction() as conn:
        await conn.execute("update keys set private_pem = 'spoilt' where account_id = $1", bob.account_id)
    await alice.posts("one")
    await bob.posts("never seen")
    await alice.posts("two")
    for _ in range(4):
        await drain(server)
        await _skip_pauses(server)
    assert [activity["actor"] for activity in puppet.inbox] == [alice.uri, alice.uri]
    assert sorted(row["state"] for row in await _rows(server)) == ["delivered", "delivered", "refused"]


async def test_a_database_that_is_away_does_not_make_a_delivery_twice(server: Node) -> None:
    alice = await server.person("alice")
    [puppet] = await followers_on(server, alice, "peer.test")
    await alice.posts("hello")
    await server.server.worker.drain()
    former, arrived = server.network.apps["peer.test"], asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with server.db.read() as conn:
            await conn.execute("alter table deliveries rename to deliveries_away")
        await former(scope, receive, send)
        arrived.set()

    server.network.apps["peer.test"] = app
    task = asyncio.create_task(delivery.drain(server.app.fed))
    await asyncio.wait_for(arrived.wait(), 5)
    await asyncio.sleep(0.2)
    async with server.db.read() as conn:
        await conn.execute("alter table deliveries_away rename to deliveries")
    with contextlib.suppress(Exception):
        await task
    await drain(server)
    assert len(puppet.inbox) == 1
    assert [row["state"] for row in await _rows(server)] == ["delivered"]


async def test_attempts_are_counted_for_operators(server: Node) -> None:
    before = await _counted(server)
    alice = await server.person("alice")
    puppets = await followers_on(server, alice, "here.test", "gone.test")
    puppets[1].answer = 410
    await alice.posts("hello")
    await drain(server)
    after = await _counted(server)
    assert after["delivered"] - before["delivered"] == 3  # two Accepts, one Create
    assert after["refused"] - before["refused"] == 1


async def _counted(server: Node) -> dict[str, float]:
    lines = (await metrics.collect(server.db)).decode().splitlines()
    found = {"delivered": 0.0, "refused": 0.0}
    for line in lines:
        for outcome in found:
            if line.startswith(f'fedi_deliveries_total{{outcome="{outcome}"}}'):
                found[outcome] = float(line.rpartition(" ")[2])
    return found
