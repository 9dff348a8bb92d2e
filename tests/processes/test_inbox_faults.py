"""Arrivals while processes are killed, and a flood of them: what was answered 202 happens, once, and nobody waits
behind somebody else's thousands."""

import asyncio
import random

import pytest

from bench.wild import JSON, Host, Wild
from tests.support import faults
from tests.support.processes import ProcessNode, Program, Start, eventually
from tests.support.servers import Person

pytestmark = pytest.mark.anyio

POSTS, SENDERS = 60, 8
FLOOD, ROOM, OTHERS = 150, 60, 4
# How many are begun at once by default, and leased at once: what another's flood may put before oneself.
SLOTS, LEASED = 8, 32


async def test_what_was_accepted_happens_once_though_web_and_worker_are_killed(start_process: Start) -> None:
    async with Wild() as wild:
        node = await start_process("localhost", command="web")
        alice = await node.person("alice")
        hosts = [wild.host() for _ in range(3)]
        for host in hosts:
            for number in range(2):
                await faults.follow(node, alice.account_id, await faults.known(node, host, number))
        with node.beside("worker") as worker:
            posts = [hosts[n % 3].note(n % 2, str(n), mentions=alice.uri) for n in range(POSTS)]
            taken: list[JSON] = []
            await asyncio.gather(_send(node, wild, posts, taken), _kill(node, worker, taken))
            await node.settled()
        # What was deleted before it came stays away.
        wanted = {post["object"]["id"] for n, post in enumerate(posts) if n % 10 != 9}
        kept = [uri for (uri,) in await faults.rows(node, "select uri from statuses")]
        assert sorted(kept) == sorted(wanted), "nothing is lost, nothing is there twice"
        told = await faults.rows(node, "select status_id from notifications where account_id = $1", alice.account_id)
        assert len(told) == len(wanted)
        homes = await faults.rows(node, "select status_id from home where owner_id = $1", alice.account_id)
        assert sorted(homes) == sorted(told)
        await faults.all_well(node.db)


async def _send(node: ProcessNode, wild: Wild, posts: list[JSON], taken: list[JSON]) -> None:
    """Each until it is taken; every fifth once more, and of every tenth the Delete goes first."""
    numbers = iter(range(len(posts)))

    async def one_after_another() -> None:
        for number in numbers:
            post = posts[number]
            if number % 10 == 9:
                gone = {**post, "id": f"{post['id']}/gone", "type": "Delete", "object": post["object"]["id"]}
                await faults.accepted(node, wild, gone)
            await faults.accepted(node, wild, post)
            taken.append(post)
            if number % 5 == 0:
                await faults.accepted(node, wild, post)

    await asyncio.gather(*(one_after_another() for _ in range(SENDERS)))


async def _kill(node: ProcessNode, worker: Program, taken: list[JSON]) -> None:
    for part, program in enumerate((worker, node.program, worker), 1):
        await _reached(taken, part * POSTS // 4)
        await asyncio.sleep(random.uniform(0, 0.02))
        program.kill()
        await (node.start() if program is node.program else asyncio.to_thread(worker.start))


async def _reached(taken: list[JSON], count: int) -> None:
    async def enough() -> bool:
        return len(taken) >= count

    await eventually(enough, seconds=30)


async def test_a_flood_of_one_host_puts_nobody_else_off(start_process: Start) -> None:
    async with Wild() as wild:
        node = await start_process("localhost", command="web", inbox_per_host=ROOM)
        alice = await node.person("alice")
        flooder, others = wild.host(), [wild.host(), wild.host()]
        for host, people in ((flooder, 10), (others[0], 1), (others[1], 1)):
            for number in range(people):
                await faults.known(node, host, number)
        await _flood(node, wild, alice, flooder)
        for number in range(OTHERS):
            post = others[number % 2].note(0, str(number), mentions=alice.uri)
            assert (await faults.send(node, wild, post)).status_code == 202
        with node.beside("worker"):
            await node.settled()
        order = await faults.rows(
            node,
            "select a.domain = $1 from notifications n join accounts a on a.id = n.from_account_id order by n.id",
            flooder.authority,
        )
        assert ROOM + OTHERS <= len(order) <= FLOOD + OTHERS
        latest = max(place for place, (flood,) in enumerate(order) if not flood)
        assert latest < 2 * OTHERS + SLOTS + LEASED < ROOM, "in turn, and not behind what came before"
        await faults.all_well(node.db)


async def _flood(node: ProcessNode, wild: Wild, alice: Person, flooder: Host) -> None:
    """More than there is room for, with nobody at work; who comes too much is told to come again."""
    posts = [flooder.note(number % 10, str(number), mentions=alice.uri) for number in range(FLOOD)]
    answers = []
    for first in range(0, FLOOD, 10):
        answers += await asyncio.gather(*(faults.send(node, wild, post) for post in posts[first : first + 10]))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {202, 429}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)
