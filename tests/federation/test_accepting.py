"""What it costs to take an activity in, and how much of one server is taken."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from federation.inbox import room
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain, queries

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


def _like(puppet: Puppet, actor: dict[str, Any], number: int) -> dict[str, Any]:
    return puppet.activity("Like", actor, "https://nowhere.test/1", f"like{number}")


async def test_an_activity_of_a_known_sender_is_accepted_with_three_queries(server: Node) -> None:
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    await puppet.send(server, _like(puppet, pat, 0), pat)
    with queries(at_most=3):
        response = await puppet.send(server, _like(puppet, pat, 1), pat)
    assert response.status_code == 202
    with queries(at_most=3):
        response = await puppet.send(server, _like(puppet, pat, 1), pat)
    assert response.status_code == 202
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from jobs where queue = 'inbox'") == 2


async def test_a_flood_from_one_server_is_put_off_and_others_are_heard(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server,) = await servers("a.test", inbox_per_host=5)
    flood, calm = Puppet(server.network, "flood.test"), Puppet(server.network, "calm.test")
    pat, eve = flood.actor("pat"), calm.actor("eve")
    answers = [await flood.send(server, _like(flood, pat, number), pat) for number in range(20)]
    assert [answer.status_code for answer in answers[:5]] == [202] * 5
    assert {answer.status_code for answer in answers[10:]} == {429}
    assert answers[-1].headers["Retry-After"].isdigit()
    assert (await calm.send(server, _like(calm, eve, 1), eve)).status_code == 202
    # Whoever passes on what flood.test is said to have done uses up its own room.
    monkeypatch.setattr(room, "PAUSE_SECONDS", 0)
    await drain(server)
    for number in range(20):
        forged = flood.activity("Delete", pat, "https://flood.test/notes/1", f"forged{number}")
        await calm.send(server, forged, eve)
    assert (await flood.send(server, _like(flood, pat, 100), pat)).status_code == 202
