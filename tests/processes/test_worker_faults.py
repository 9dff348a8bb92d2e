"""Several workers: one is frozen and wakes up too late, none hears of news, and one activity is poison to all."""

import asyncio
import time
from collections import Counter

import pytest

from bench.wild import Host, Manners, Wild
from storage import jobs
from tests.support import faults
from tests.support.processes import ProcessNode, Program, Start, eventually
from tests.support.servers import Person

pytestmark = pytest.mark.anyio

HOSTS, POSTS = 6, 10
POLL_SECONDS = 5.0


async def test_workers_that_are_deaf_or_wake_up_late_do_nothing_twice(start_process: Start) -> None:
    async with Wild() as wild:
        node = await start_process("localhost", command="web")
        with node.beside("worker") as hangs, node.beside("worker") as other:
            await _deaf_workers_send_everything_once(node, wild)
            other.stop()
            await _a_late_worker_changes_nothing(node, wild, hangs, other)
        await faults.all_well(node.db)


async def _deaf_workers_send_everything_once(node: ProcessNode, wild: Wild) -> None:
    """Two, while neither hears that there is something to do: they look by themselves."""
    alice = await node.person("alice")
    hosts = [wild.host() for _ in range(HOSTS)]
    for host in hosts:
        await faults.follow(node, await faults.known(node, host), alice.account_id)
    await faults.listening(node, 3)
    await node.settled()
    async with faults.deaf(node):
        uris = [(await alice.posts(f"number {number}"))["uri"] for number in range(POSTS)]
        began = time.monotonic()
        await eventually(lambda: _arrived(hosts, POSTS))
        assert time.monotonic() - began < POLL_SECONDS
    await node.settled()
    for host in hosts:
        came = [arrival.id for arrival in host.arrivals if arrival.id.endswith("/activity")]
        assert came == [f"{uri}/activity" for uri in uris], "each once, in order"


async def _arrived(hosts: list[Host], count: int) -> bool:
    """So many posts."""
    return all(len({each.id for each in host.arrivals if each.id.endswith("/activity")}) >= count for host in hosts)


async def _a_late_worker_changes_nothing(node: ProcessNode, wild: Wild, hangs: Program, other: Program) -> None:
    """One is frozen in the middle of a delivery and of an arrival, longer than its leases. It sends at most one thing
    again, and what it writes counts for nothing."""
    bob = await node.person("bob")
    reader, writer, slow = wild.host(), wild.host(), wild.host()
    await faults.follow(node, await faults.known(node, reader), bob.account_id)
    await faults.known(node, writer)
    await node.settled()
    answer, gate = asyncio.Event(), asyncio.Event()
    reader.manner, slow.gate = Manners.after(answer), gate
    await _into_the_middle(node, wild, bob, reader, writer, slow)
    hangs.freeze()
    reader.manner, slow.gate = Manners.well, None
    other.start()
    await faults.change(node, "update deliveries set leased_until = now() where leased_until is not null")
    await faults.change(node, "update jobs set run_at = now() where holder is not null")
    await node.settled()
    before = await _state(node, bob)
    answer.set()
    gate.set()
    hangs.thaw()
    await bob.posts("after that")
    await eventually(lambda: _arrived([reader], 2))
    other.stop()
    # Alone, it works on as if nothing had been.
    await bob.posts("and on")
    await eventually(lambda: _arrived([reader], 3))
    await node.settled()
    after = await _state(node, bob)
    assert after[:2] == before[:2]
    assert before[2] == [("delivered", 1)]
    assert after[2] == [("delivered", 1)] * 3, "the late one wrote nothing"
    times = Counter(each.id for each in reader.arrivals if each.id.endswith("/activity"))
    assert sorted(times.values()) == [1, 1, 2]


async def _into_the_middle(node: ProcessNode, wild: Wild, bob: Person, reader: Host, writer: Host, slow: Host) -> None:
    """Until the worker waits for an answer to a delivery, and for somebody whom an arrival names."""
    unknown = slow.actor(0)["id"]
    post = writer.note(0, "1", mentions=bob.uri)
    post["object"]["tag"].append({"type": "Mention", "href": unknown, "name": "@who"})
    post["object"]["cc"].append(unknown)
    await bob.posts("hello")
    assert (await faults.send(node, wild, post)).status_code == 202

    async def waiting() -> bool:
        return bool(slow.asked) and await _arrived([reader], 1)

    await eventually(waiting)


async def _state(node: ProcessNode, bob: Person) -> tuple[list[object], list[object], list[object]]:
    """Posts that came, what was told of them, and deliveries of Bob's posts."""
    came = await faults.rows(node, "select uri, version from statuses where not is_local")
    told = await faults.rows(node, "select type, status_id from notifications where type <> 'follow'")
    sent = await faults.rows(
        node,
        """
        select d.state, d.attempts from deliveries d join activities a on a.id = d.activity_id
        where a.uri like '%/activity' and d.sender_id = $1 order by d.id
        """,
        bob.account_id,
    )
    assert len(came) == len(told) == 1
    return list(came), list(told), list(sent)


async def test_poison_is_set_aside_and_the_others_go_on(start_process: Start) -> None:
    async with Wild() as wild:
        node = await start_process("localhost")
        alice = await node.person("alice")
        host = wild.host()
        await faults.known(node, host)
        names = ["one", "poison", "two", "three"]
        async with faults.poisonous(node):
            for name in names:
                assert (await faults.send(node, wild, host.note(0, name, mentions=alice.uri))).status_code == 202
            await eventually(lambda: faults.parked(node, 1))
            said = [status["content"] for status in await _mentions(alice)]
            assert said == ["<p>three</p>", "<p>two</p>", "<p>one</p>"], "the same author's, in order"
            [(attempts, error, trace)] = await faults.rows(node, "select attempts, last_error, trace from jobs")
            assert (attempts, error) == (jobs.MAX_FAILURES + 1, "RaiseError: this is poison")
            assert "in _run_job" in trace
            await faults.all_well(node.db)


async def _mentions(person: Person) -> list[dict[str, str]]:
    return [told["status"] for told in await person.notifications()]
