"""Relays of both kinds: asked, agreed, sent to, heard, left."""

from typing import Any

import pytest

from federation import relays as federation
from storage import relays
from tests.support.puppet import CONTEXT, PUBLIC, Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


@pytest.fixture
async def peer(server: Node) -> Puppet:
    return Puppet(server.network, "relay.test")


async def _federated(server: Node) -> list[str]:
    person = await server.person("reader")
    found = await person.get("/api/v1/timelines/public")
    return [status["uri"] for status in found]


async def _state(server: Node) -> list[str]:
    async with server.db.read() as conn:
        return [row.condition for row in await relays.listed(conn)]


async def test_a_relay_that_passes_on_what_it_is_sent(server: Node, peer: Puppet) -> None:
    relay, far = peer.actor("relay", type="Application"), Puppet(server.network, "far.test")
    await federation.subscribe(server.app.fed, "https://relay.test/inbox")
    await drain(server)
    [asked] = peer.inbox
    assert (asked["type"], asked["object"], asked["actor"]) == ("Follow", PUBLIC, f"{server.base_url}/actor")
    author = far.actor("author")
    note = far.note(author, "1", inReplyTo="https://unknown.test/1")
    unasked = far.create(note)
    await peer.send(server, unasked, relay)
    await drain(server)
    assert await _federated(server) == [], "nobody passes anything on before it was agreed to"
    eve = far.actor("eve")
    await far.send(server, far.activity("Accept", eve, asked, "stolen"), eve)
    await drain(server)
    assert await _state(server) == ["pending"]
    await peer.send(server, peer.activity("Accept", relay, asked, "accept"), relay)
    await drain(server)
    assert await _state(server) == ["accepted"]
    alice = await server.person("alice")
    post = await alice.posts("for all")
    for visibility in ("unlisted", "private"):
        await alice.posts("for some", visibility=visibility)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    post = await alice.posts("for all again")
    await drain(server)
    peer.inbox.clear()
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "for all, better"})
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    assert peer.inbox[-1]["type"] == "Delete"
    peer.inbox.clear()
    await alice.posts("and now")
    await drain(server)
    [create] = peer.inbox
    assert (create["type"], create["actor"]) == ("Create", alice.uri)
    note = far.note(author, "2", content="<p>genuine</p>")
    await peer.send(server, {**far.create(note), "object": {**note, "content": "<p>forged</p>"}}, relay)
    await peer.send(server, far.create({**note, "id": "https://far.test/notes/made-up"}), relay)
    await drain(server)
    found = await alice.get("/api/v1/timelines/public", remote="true")
    assert [(status["uri"], status["content"]) for status in found] == [(note["id"], "<p>genuine</p>")]


async def test_a_relay_that_is_followed_and_follows_back(server: Node, peer: Puppet) -> None:
    relay, far = peer.actor("relay", type="Service"), Puppet(server.network, "far.test")
    alice = await server.person("alice")
    await federation.subscribe(server.app.fed, relay["id"])
    await drain(server)
    [asked] = peer.inbox
    assert (asked["type"], asked["object"]) == ("Follow", relay["id"])
    peer.inbox.clear()
    instance = f"{server.base_url}/actor"
    await peer.send(server, peer.activity("Accept", relay, asked["id"], "accept"), relay)
    await peer.send(server, peer.activity("Follow", relay, instance, "follow"), relay)
    eve = far.actor("eve")
    await far.send(server, far.activity("Follow", eve, instance, "follow"), eve)
    await drain(server)
    assert [sent["type"] for sent in peer.inbox] == ["Accept"]
    assert [sent["type"] for sent in far.inbox] == ["Reject"]
    peer.inbox.clear()
    post = await alice.posts("hello #cats")
    await alice.posts("quietly", visibility="unlisted")
    await drain(server)
    [announce] = peer.inbox
    assert (announce["type"], announce["actor"], announce["object"]) == ("Announce", instance, post["uri"])
    served = await server.client.get(announce["id"].removeprefix(server.base_url))
    shown = served.json()
    assert {name: announce[name] for name in shown if name != "@context"} == {
        name: shown[name] for name in shown if name != "@context"
    }
    peer.inbox.clear()
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    [undo] = peer.inbox
    assert (undo["type"], undo["object"]["id"]) == ("Undo", announce["id"])
    assert (await server.client.get(announce["id"].removeprefix(server.base_url))).status_code == 404
    await alice.post("/api/v1/tags/cats/follow")
    author = far.actor("author")
    note = far.note(author, "1", tag=[{"type": "Hashtag", "name": "#cats", "href": "https://far.test/tags/cats"}])
    for number in range(2):
        await peer.send(server, peer.activity("Announce", relay, note["id"], f"announce{number}", to=[PUBLIC]), relay)
    await peer.send(server, peer.activity("Announce", relay, "https://far.test/notes/404", "nothing"), relay)
    await drain(server)
    seen = [(status["uri"], status["reblog"]) for status in await alice.home() if status["uri"] != post["uri"]]
    assert (note["id"], None) in seen, "found by the hashtag that is followed, and not as a boost"
    [shown] = await alice.get("/api/v1/timelines/public", remote="true")
    assert (shown["uri"], shown["reblogs_count"]) == (note["id"], 0)


async def test_a_relay_that_refuses_or_is_left(server: Node, peer: Puppet) -> None:
    relay = peer.actor("relay", type="Application")
    await federation.subscribe(server.app.fed, "https://relay.test/inbox")
    await drain(server)
    [asked] = peer.inbox
    inner: dict[str, Any] = {"@context": CONTEXT, **asked}
    await peer.send(server, peer.activity("Reject", relay, inner, "reject"), relay)
    await drain(server)
    assert await _state(server) == ["rejected"]
    await (await server.person("alice")).posts("for nobody")
    async with server.db.transaction() as conn:
        found = await relays.find(conn, "https://relay.test/inbox")
        assert found is not None
        await federation.unsubscribe(conn, server.app.fed.site, found)
    await drain(server)
    assert [sent["type"] for sent in peer.inbox] == ["Follow", "Undo"]
    assert peer.inbox[1]["object"] == {name: asked[name] for name in ("id", "type", "actor", "object")}
    assert await _state(server) == []


async def _agreed(server: Node, peer: Puppet) -> Any:
    relay = peer.actor("relay", type="Application")
    await federation.subscribe(server.app.fed, "https://relay.test/inbox")
    await drain(server)
    await peer.send(server, peer.activity("Accept", relay, peer.inbox.pop(), "accept"), relay)
    await drain(server)
    return relay


@pytest.mark.parametrize("kind", ["Create", "Update"])
async def test_what_a_relay_passes_on_with_a_proof_of_somebody_known(server: Node, peer: Puppet, kind: str) -> None:
    far, alice = Puppet(server.network, "far.test"), await server.person("alice")
    relay = await _agreed(server, peer)
    author = far.actor("author")
    key = far.multikey(author)
    await alice.get("/api/v2/search", q="author@far.test", type="accounts", resolve="true")
    note = far.note(author, "1")
    await peer.send(server, far.proven({**far.create(note), "type": kind}, key), relay)
    await drain(server)
    assert await _federated(server) == [note["id"]]


async def test_a_held_post_is_not_announced_before_it_is_out(server: Node, peer: Puppet) -> None:
    alice = await server.person("alice")
    relay = peer.actor("relay", type="Service")
    await federation.subscribe(server.app.fed, relay["id"])
    await drain(server)
    await peer.send(server, peer.activity("Accept", relay, peer.inbox[0]["id"], "accept"), relay)
    await drain(server)
    await alice.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": 600})
    held = await alice.posts("not yet")
    await drain(server)
    assert len(peer.inbox) == 1
    path = f"/actor/announces/{held['id']}"
    assert (await server.client.get(path)).status_code == 404
    await alice.post(f"/api/v1/fedi/statuses/{held['id']}/send")
    await drain(server)
    assert peer.inbox[-1]["id"] == server.base_url + path
    assert (await server.client.get(path)).status_code == 200


async def test_announcements_are_for_those_who_may_ask(servers: Any) -> None:
    [node] = await servers("example.test", authorized_fetch="true")
    post = await (await node.person("alice")).posts("hello")
    path, far = f"/actor/announces/{post['id']}", Puppet(node.network, "far.test")
    assert (await node.client.get(path)).status_code == 401
    assert (await far.get(node, path, far.actor("zed"))).status_code == 200
