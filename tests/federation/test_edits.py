"""Edits as another of our servers sees them."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


async def test_edits_made_within_one_second_all_arrive(servers: Callable[..., Awaitable[list[Node]]]) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    post = await alice.posts("version 0")
    await drain(a, b)
    for number in range(1, 4):
        await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": f"version {number}"})
        await drain(a, b)
        [seen] = await bob.home()
        assert re.sub("<[^>]+>", "", seen["content"]) == f"version {number}"
        assert seen["edited_at"] > seen["created_at"]


@pytest.mark.parametrize("age", [timedelta(hours=1), timedelta(days=2)])
async def test_the_edit_of_something_old_and_unknown_is_no_news(server: Node, age: timedelta) -> None:
    alice, peer = await server.person("alice"), Puppet(server.network, "peer.test")
    eve = peer.actor("eve")
    found = await alice.get("/api/v2/search", q="eve@peer.test", type="accounts", resolve="true")
    assert found["accounts"]
    moment = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
    mention = {"type": "Mention", "href": alice.uri, "name": "@alice"}
    note = peer.note(eve, "n", published=moment, updated=None, tag=[mention], cc=[alice.uri])
    await peer.send(server, peer.activity("Update", eve, note, "u", to=note["to"], cc=note["cc"]), eve)
    await drain(server)
    assert (await alice.sees(note["id"]))["uri"] == note["id"]
    assert len(await alice.notifications()) == (age < timedelta(days=1))
