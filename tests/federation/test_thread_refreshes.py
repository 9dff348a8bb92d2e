"""A thread that somebody opens is completed behind their back, and clients can ask how it goes."""

import re
from typing import Any

import pytest

from federation import resolve
from storage import statuses
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

EARLIER = "2024-05-06T07:08:09Z"


@pytest.fixture
async def a(servers: Any) -> Node:
    return (await servers("a.test"))[0]  # type: ignore[no-any-return]


@pytest.fixture
def peer(a: Node) -> Puppet:
    return Puppet(a.network, "peer.test")


async def opened(person: Person, status_id: int) -> tuple[Any, str | None]:
    """The thread, and the id of what is under way."""
    response = await person.call("GET", f"/api/v1/statuses/{status_id}/context")
    header = response.headers.get("Mastodon-Async-Refresh")
    found = re.fullmatch(r'id="([^"]+)", retry=\d+, result_count=\d+', header) if header else None
    assert (header is None) == (found is None)
    return response.json(), found[1] if found else None


async def asked(person: Person, refresh: str) -> tuple[str, int]:
    found = (await person.get(f"/api/v1_alpha/async_refreshes/{refresh}"))["async_refresh"]
    assert found["id"] == refresh
    return found["status"], found["result_count"]


async def stored(a: Node, uri: str) -> statuses.Status:
    return await resolve.status(a.app.fed, uri)


async def test_answers_to_answers_come_and_clients_are_told(a: Node, peer: Puppet) -> None:
    alice, bob = await a.person("alice"), await a.person("bob")
    eve, other = peer.actor("eve"), Puppet(a.network, "other.test")
    otto = other.actor("otto")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    first = other.note(otto, "first", inReplyTo=top["id"], published=EARLIER, replies="https://other.test/replies")
    below = peer.note(eve, "below", inReplyTo=first["id"], published=EARLIER)
    peer.documents["/replies"] = {"id": "https://peer.test/replies", "type": "Collection", "items": [first["id"]]}
    other.documents["/replies"] = {"id": "https://other.test/replies", "type": "Collection", "items": [below["id"]]}
    found = await stored(a, top["id"])
    thread, refresh = await opened(alice, found.id)
    assert thread["descendants"] == []
    assert refresh is not None
    assert await asked(alice, refresh) == ("running", 0)
    assert (await opened(bob, found.id))[1] == refresh, "one for all who look"
    await drain(a)
    assert await asked(alice, refresh) == ("finished", 2)
    thread, again = await opened(alice, found.id)
    assert [each["uri"] for each in thread["descendants"]] == [first["id"], below["id"]]
    assert again is None, "it has just been done"


async def test_what_is_above_comes_too(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    top = peer.note(eve, "top")
    answer = peer.note(eve, "answer", inReplyTo=top["id"])
    found = await resolve.status(a.app.fed, answer["id"], climb=False)
    thread, refresh = await opened(alice, found.id)
    assert thread["ancestors"] == []
    assert refresh is not None
    await drain(a)
    assert (await asked(alice, refresh))[0] == "finished"
    assert [each["uri"] for each in (await opened(alice, found.id))[0]["ancestors"]] == [top["id"]]


async def test_it_ends_though_the_other_server_does_not_answer(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    note = peer.note(eve, "note", inReplyTo="https://peer.test/notes/gone", replies="https://peer.test/replies")
    found = await resolve.status(a.app.fed, note["id"], climb=False)
    a.network.down.add("peer.test")
    refresh = (await opened(alice, found.id))[1]
    assert refresh is not None
    await drain(a)
    assert await asked(alice, refresh) == ("finished", 0)


async def test_nothing_is_under_way_for_our_own_posts_or_for_the_public(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    ours = await alice.posts("hello")
    assert (await opened(alice, int(ours["id"])))[1] is None
    alone = await stored(a, peer.note(eve, "alone")["id"])
    assert (await opened(alice, alone.id))[1] is None
    found = await stored(a, peer.note(eve, "top", replies="https://peer.test/replies")["id"])
    response = await a.client.get(f"/api/v1/statuses/{found.id}/context")
    assert "Mastodon-Async-Refresh" not in response.headers


async def test_who_may_ask(a: Node) -> None:
    alice = await a.person("alice")
    path = "/api/v1_alpha/async_refreshes/"
    for unknown in ("123456", "1", "x", "%00"):
        await alice.api("GET", path + unknown, status=404)
    await a.api("GET", path + "1", status=401)
    writer = await a.person("writer", scopes="write")
    await writer.api("GET", path + "123456", status=403)
