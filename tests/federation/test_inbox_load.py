"""The inbox under load: nobody is starved, nothing grows without bound, and what cannot be handled waits for staff."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from federation.inbox import room
from fedi.context import App
from fedi.worker import AHEAD, Worker
from storage import inbox, jobs, parked, sites
from storage.inbox import Arrival
from storage.paging import Page
from tests.effects.test_worker import until, working
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _arrive(server: Node, actor: str, numbers: range) -> None:
    async with server.db.transaction() as conn:
        await inbox.accept(conn, [Arrival(f"{actor}/{number}", actor, '{"type": "View"}', None) for number in numbers])


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("example.org", "example.org"),
        ("a.b.example.org", "example.org"),
        ("a.b.example.org:8443", "example.org"),
        ("example.co.uk", "example.co.uk"),
        ("x.example.co.uk", "example.co.uk"),
        ("ap.example.de", "example.de"),
        ("localhost:8001", "localhost:8001"),
        ("127.0.0.3:80", "127.0.0.3:80"),
        ("[::1]:80", "[::1]:80"),
        ("", ""),
    ],
)
def test_subdomains_are_one_site(host: str, site: str) -> None:
    assert sites.of_host(host) == site


async def test_a_flood_from_many_subdomains_takes_one_turn(server: Node) -> None:
    for number in range(30):
        await _arrive(server, f"https://s{number}.flood.test/users/a", range(3))
    await _arrive(server, "https://quiet.test/users/one", range(1))
    async with server.db.read() as conn:
        assert "quiet.test" in [job.source for job in await jobs.claim(conn, "inbox", limit=2)]


async def test_what_waits_of_two_floods_hides_nobody(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute(
            """
            insert into jobs (queue, name, payload, lane, source)
            select 'inbox', 'inbox', '{}', 'https://flood' || n % 2 || '.test/' || n, 'flood' || n % 2 || '.test'
            from generate_series(1, 10000) n
            """
        )
    await _arrive(server, "https://quiet.test/users/one", range(1))
    async with server.db.read() as conn:
        first = await jobs.claim(conn, "inbox", limit=3)
    assert {job.source for job in first} == {"flood0.test", "flood1.test", "quiet.test"}


async def test_a_flood_from_subdomains_is_put_off(servers: Servers) -> None:
    (server,) = await servers("a.test", inbox_per_host=5)
    answers = []
    for number in range(12):
        puppet = Puppet(server.network, f"s{number}.flood.test")
        pat = puppet.actor("pat")
        answers.append(await puppet.send(server, puppet.activity("Like", pat, "https://x.test/1", f"l{number}"), pat))
    assert [answer.status_code for answer in answers[:5]] == [202] * 5
    assert {answer.status_code for answer in answers[10:]} <= {429, 503}  # or too many new hosts below one domain


async def test_a_full_queue_hears_only_those_who_have_nothing_in_it(servers: Servers) -> None:
    (server,) = await servers("a.test", inbox_per_host=4)  # 100 in all
    for number in range(100):
        await _arrive(server, f"https://site{number % 9}.test/users/a", range(number, number + 1))
    loud, calm = Puppet(server.network, "site1.test"), Puppet(server.network, "calm.test")
    pat, eve = loud.actor("pat"), calm.actor("eve")
    server.app.memory["inbox.load"] = load = room.Load()
    load.counted_at = -100.0
    refused = await loud.send(server, loud.activity("Like", pat, "https://x.test/1", "l"), pat)
    assert (refused.status_code, refused.headers["Retry-After"].isdigit()) == (503, True)
    heard = await calm.send(server, calm.activity("Like", eve, "https://x.test/1", "l"), eve)
    assert heard.status_code == 202


async def test_more_is_leased_than_begun_and_given_back_at_the_end(server: Node) -> None:
    begun: list[dict[str, Any]] = []

    async def run(app: App, payload: dict[str, Any]) -> None:
        begun.append(payload)
        if len(begun) <= 8:
            await until(lambda: len(begun) > 8 or bool(stopping))

    stopping: list[bool] = []
    for number in range(60):
        await _arrive(server, f"https://site{number}.test/users/a", range(1))
    async with working(server, {"inbox": run}) as worker:
        await until(lambda: len(begun) == 8)
        async with server.db.read() as conn:
            leased = await conn.fetchval("select count(*) from jobs where holder is not null")
        assert leased == 8 * AHEAD["inbox"]
        worker.stop()
        stopping.append(True)
    async with server.db.read() as conn:
        left = await conn.fetchrow(
            "select count(*), count(holder), max(attempts), count(*) filter (where run_at > now()) from jobs"
        )
    assert left is not None
    assert tuple(left) == (60 - len(begun), 0, 0, 0)


async def test_what_fails_is_parked_with_its_traceback_and_replayed(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    tries: list[int] = []

    async def broken(app: App, payload: dict[str, Any]) -> None:
        tries.append(1)
        raise ValueError("no")

    async with working(server, {"inbox": broken}) as worker:
        await puppet.send(server, puppet.activity("Follow", pat, alice.uri, "f"), pat)
        for number in range(1, jobs.MAX_FAILURES + 1):
            await _due(server, worker)
            await until(lambda number=number: len(tries) >= number)  # type: ignore[misc]
        await until_async(server, "select count(*) from jobs where failed_at is not null", 1)
    async with server.db.transaction() as conn:
        [row] = await parked.page(conn, Page(10))
        assert (row.source, row.last_error, "in broken" in (row.trace or "")) == ("puppet.test", "ValueError: no", True)
        assert await parked.replay(conn, [row.id]) == 1
        assert await parked.page(conn, Page(10)) == []
    await drain(server)
    assert [each["acct"] for each in await alice.get(f"/api/v1/accounts/{alice.id}/followers")] == ["pat@puppet.test"]


async def _due(server: Node, worker: Worker) -> None:
    """What waits for another try is tried as soon as it has been put back."""
    await until_async(server, "select count(*) from jobs where queue = 'inbox' and holder is not null", 0)
    async with server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where queue = 'inbox' and failed_at is null")
    worker._woken("inbox")


async def until_async(server: Node, query: str, wanted: int) -> None:
    async with asyncio.timeout(10):
        while True:
            async with server.db.read() as conn:
                if await conn.fetchval(query) == wanted:
                    return
            await asyncio.sleep(0.02)
