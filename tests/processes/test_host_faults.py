"""Every way in which other servers are unwell, all at once: those that are well notice nothing of it."""

import asyncio
import time

import pytest

from bench.wild import Host, Manners, Wild
from tests.support import faults
from tests.support.processes import ProcessNode, Start, eventually, free_port

pytestmark = pytest.mark.anyio

POSTS = 4
REST_SECONDS = 2
# How long a request may take while all of them are asked: nothing of it waits for the loop.
STALL_SECONDS = 2.0


def unwell(wild: Wild, inner: Host) -> dict[str, Host]:
    """By what is wrong with them."""
    return {
        "silent": wild.host(Manners.silent),
        "in drops": wild.host(Manners.in_drops),
        "endless": wild.host(Manners.endless),
        "broken off": wild.host(Manners.broken_off),
        "rubbish": wild.host(Manners.rubbish),
        "down": wild.host(port=free_port("0.0.0.0")),
        "no TLS": wild.host(scheme="https", port=wild.plain_port()),
        "expired": wild.host(scheme="https"),
        "busy": wild.host(Manners.status(503)),
        "wrong": wild.host(Manners.status(500)),
        "resting": wild.host(Manners.status(429, Retry_After=str(REST_SECONDS))),
        "redirecting": wild.host(Manners.status(302, Location=f"http://{inner.authority}/secret")),
        "not found": wild.host(Manners.status(404)),
        "gone": wild.host(Manners.status(410)),
    }


# What is never tried again; for all others it waits. Who says 200 has it, whatever else it says.
FINAL = {"redirecting": "refused", "not found": "refused", "gone": "refused", "endless": "delivered"}


async def test_hosts_that_are_unwell_delay_nobody_else(start_process: Start) -> None:
    async with Wild() as wild:
        inner = wild.host()
        node = await start_process("localhost", delivery_concurrency=8)
        alice = await node.person("alice")
        sick, healthy = unwell(wild, inner), [wild.host() for _ in range(3)]
        for host in [*sick.values(), *healthy]:
            await faults.follow(node, await faults.known(node, host), alice.account_id)
        nowhere = wild.host()
        lost = await faults.known(node, nowhere, inbox="http://nobody.invalid/inbox")
        await faults.follow(node, lost, alice.account_id)
        began = time.monotonic()
        uris = [(await alice.posts(f"number {number}"))["uri"] for number in range(POSTS)]
        await eventually(lambda: _have(healthy, uris))
        arrivals = [each.at - began for host in healthy for each in host.arrivals]
        assert max(arrivals) < 8.0
        began = time.monotonic()
        assert (await node.client.get("/health")).status_code == 200
        assert time.monotonic() - began < STALL_SECONDS
        await eventually(lambda: _all_were_asked(node))
        assert not inner.arrivals
        assert not inner.asked
        for name in ("gone", "not found", "redirecting"):
            assert len(sick[name].arrivals) <= POSTS + 1, name  # with the Accept of the follow
        # A batch may be under way.
        wanted = {host.authority: [FINAL.get(name, "waiting")] for name, host in sick.items()}
        await eventually(lambda: _states(node, wanted | {"nobody.invalid": ["waiting"]}))
        await _comes_back(node, sick["resting"], uris)
        await faults.all_well(node.db)


def _creates(host: Host) -> list[str]:
    return [each.id for each in host.arrivals if each.id.endswith("/activity")]


async def _have(hosts: list[Host], uris: list[str]) -> bool:
    return all(_creates(host) == [f"{uri}/activity" for uri in uris] for host in hosts)


async def _all_were_asked(node: ProcessNode) -> bool:
    """All but those that keep us waiting."""
    return not await faults.rows(
        node,
        """
        select d.host from deliveries d join hosts h on h.host = d.host where d.state = 'waiting'
            and h.failures = 0 and h.rest_until is null
            and not exists (select from deliveries l where l.host = d.host and l.leased_until is not null)
        """,
    )


async def _states(node: ProcessNode, wanted: dict[str, list[str]]) -> bool:
    rows = await faults.rows(node, "select host, array_agg(distinct state) from deliveries where bulk group by host")
    return {host: states for host, states in rows if host in wanted} == wanted


async def _comes_back(node: ProcessNode, host: Host, uris: list[str]) -> None:
    """Not before the time that it named, and then everything in order."""
    asked = len(host.arrivals)
    host.manner = Manners.well
    await asyncio.sleep(max(host.arrivals[-1].at + REST_SECONDS - time.monotonic(), 0))
    assert len(host.arrivals) == asked
    # Our own pause is longer. It passes.
    await faults.change(node, "update hosts set next_at = now(), rest_until = now() where host = $1", host.authority)
    await faults.change(node, "update deliveries set next_at = now() where host = $1", host.authority)
    await eventually(lambda: _come(host, asked, uris))


async def _come(host: Host, asked: int, uris: list[str]) -> bool:
    came = [each.id for each in host.arrivals[asked:] if each.id.endswith("/activity")]
    return came == [f"{uri}/activity" for uri in uris]
