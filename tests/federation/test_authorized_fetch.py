"""FEDI_AUTHORIZED_FETCH: documents for signed requests only, and what stays open so that signatures can be verified."""

from collections.abc import Awaitable, Callable

import pytest

from storage import domains
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
ACTIVITY = {"Accept": "application/activity+json"}


@pytest.fixture
async def careful(servers: Servers) -> Node:
    [node] = await servers("careful.test", authorized_fetch="true")
    return node


async def test_documents_are_for_those_who_sign(careful: Node) -> None:
    alice, peer = await careful.person("alice"), Puppet(careful.network, "peer.test")
    eve, post = peer.actor("eve"), await alice.posts("hello")
    paths = [post["uri"].removeprefix(careful.base_url)]
    paths += [f"{paths[0]}/{name}" for name in ("activity", "replies", "likes", "shares")]
    paths += [f"/users/alice/{name}" for name in ("outbox", "followers", "following", "collections/featured")]
    paths += ["/users/alice/outbox?page=true", "/users/alice/featured_collections"]
    for path in paths:
        unsigned = await careful.client.get(path, headers=ACTIVITY)
        assert (unsigned.status_code, unsigned.headers["cache-control"]) == (401, "private, no-store"), path
        signed = await peer.get(careful, path, eve)
        assert signed.status_code == 200, path
        assert signed.headers["cache-control"] == "private, no-store"
        assert "Signature" in signed.headers["vary"]
        forged = await peer.get(careful, path, eve, Date="Mon, 01 Jun 2026 12:00:00 GMT")
        assert forged.status_code == 401


async def test_what_is_there_and_what_is_not_look_alike_to_strangers(careful: Node) -> None:
    alice = await careful.person("alice")
    private = await alice.posts("psst", visibility="private")
    for path in (private["uri"].removeprefix(careful.base_url), "/users/alice/statuses/1", "/users/nobody/statuses/1"):
        assert (await careful.client.get(path, headers=ACTIVITY)).status_code == 401


async def test_what_verifies_signatures_stays_open(careful: Node) -> None:
    await careful.person("alice")
    stub = await careful.client.get("/users/alice", headers=ACTIVITY)
    assert stub.status_code == 200
    assert stub.headers["cache-control"] == "private, no-store"
    assert {"publicKey", "assertionMethod", "preferredUsername", "inbox"} <= stub.json().keys()
    assert not {"name", "summary", "icon", "attachment", "followers"} & stub.json().keys()
    for path in ("/actor", "/", "/nodeinfo/2.0", "/.well-known/webfinger?resource=acct:alice@careful.test"):
        answer = await careful.client.get(path, headers=ACTIVITY)
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("public")


async def test_people_see_pages(careful: Node) -> None:
    alice = await careful.person("alice")
    post = await alice.posts("hello")
    for uri in (alice.uri, post["uri"]):
        answer = await careful.client.get(uri.removeprefix(careful.base_url), headers={"Accept": "text/html"})
        assert answer.status_code == 302


async def test_a_blocked_server_gets_nothing(careful: Node) -> None:
    alice, peer = await careful.person("alice"), Puppet(careful.network, "peer.test")
    eve, post = peer.actor("eve"), await alice.posts("hello")
    path = post["uri"].removeprefix(careful.base_url)
    assert (await peer.get(careful, path, eve)).status_code == 200
    async with careful.db.transaction() as conn:
        await domains.block(conn, "peer.test", severity="suspend")
    assert (await peer.get(careful, path, eve)).status_code == 404


async def test_two_careful_servers_meet(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test", authorized_fetch="true")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    await alice.posts("for followers", visibility="private")
    await drain(a, b)
    assert "for followers" in (await bob.home())[0]["content"]


async def test_a_private_post_is_for_whom_it_is_addressed_to(server: Node) -> None:
    """In any mode."""
    alice, peer = await server.person("alice"), Puppet(server.network, "peer.test")
    fan, other = peer.actor("fan"), peer.actor("other")
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    path = (await alice.posts("psst", visibility="private"))["uri"].removeprefix(server.base_url)
    assert (await peer.get(server, path, fan)).json()["content"] == "<p>psst</p>"
    for answer in (await peer.get(server, path, other), await server.client.get(path, headers=ACTIVITY)):
        assert answer.status_code == 404
        assert "psst" not in answer.text
