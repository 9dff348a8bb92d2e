"""How others find us, and how we learn what they run."""

from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from federation import resolve
from federation.vocab.normalise import AS2
from storage import accounts, hosts, moderation
from tests.support.puppet import Page, Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _finger(node: Node, resource: str | None) -> httpx.Response:
    params = {} if resource is None else {"resource": resource}
    return await node.client.get("/.well-known/webfinger", params=params)


def _link(descriptor: dict[str, Any], rel: str) -> dict[str, Any]:
    return next(link for link in descriptor["links"] if link["rel"] == rel)


@pytest.mark.parametrize(
    "resource",
    [
        "acct:alice@example.test",
        "acct:@ALICE@Example.test",
        "alice@example.test",
        "@alice@example.test",
        "https://example.test/@alice",
        "https://example.test/users/alice",
        "https://EXAMPLE.test/users/alice/",
    ],
)
async def test_webfinger_understands_every_way_of_naming_somebody(server: Node, resource: str) -> None:
    alice = await server.person("alice")
    response = await _finger(server, resource)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("application/jrd+json")
    assert response.headers["access-control-allow-origin"] == "*"
    body = response.json()
    assert body["subject"] == "acct:alice@example.test"
    assert set(body["aliases"]) == {alice.uri, "https://example.test/@alice"}
    assert _link(body, "self") == {"rel": "self", "type": "application/activity+json", "href": alice.uri}
    assert _link(body, "http://webfinger.net/rel/profile-page")["href"] == "https://example.test/@alice"
    assert "{uri}" in _link(body, "http://ostatus.org/schema/1.0/subscribe")["template"]


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (None, 400),
        ("", 400),
        ("acct:", 400),
        ("acct:alice\0@a.test", 400),
        ("alice", 400),
        ("https://", 400),
        ("acct:nobody@example.test", 404),
        ("acct:alice@other.test", 404),
        ("https://other.test/users/alice", 404),
        ("https://example.test/users/nobody", 404),
    ],
)
async def test_webfinger_tells_a_bad_question_from_an_unknown_name(
    server: Node, resource: str | None, status: int
) -> None:
    await server.person("alice")
    response = await _finger(server, resource)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "resource", ["acct:example.test@example.test", "https://example.test/", "https://example.test"]
)
async def test_webfinger_knows_the_actor_of_the_server(server: Node, resource: str) -> None:
    body = (await _finger(server, resource)).json()
    assert _link(body, "self")["href"] == "https://example.test/actor"


async def test_webfinger_does_not_know_people_of_other_servers(server: Node) -> None:
    peer = Puppet(server.network, "peer.test")
    eve = peer.actor("eve")
    await resolve.actor(server.app.fed, eve["id"])
    assert (await _finger(server, "acct:eve@peer.test")).status_code == 404
    assert (await _finger(server, eve["id"])).status_code == 404


async def test_somebody_suspended_may_come_back_and_somebody_deleted_may_not(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    async with a.db.transaction() as conn:
        await accounts.suspend(conn, alice.account_id)
    assert (await _finger(a, "acct:alice@a.test")).status_code == 200
    async with a.db.transaction() as conn:
        await moderation.bury(conn, alice.account_id)
    assert (await _finger(a, "acct:alice@a.test")).status_code == 410


async def test_a_handle_domain_of_its_own_is_what_everybody_sees(servers: Servers) -> None:
    (a,) = await servers("social.a.test", account_domain="a.test")
    (b,) = await servers("b.test")
    a.network.apps["a.test"] = a.network.apps["social.a.test"]  # as the domain's web server would pass it on
    await a.person("alice")
    for handle in ("alice@a.test", "alice@social.a.test"):
        body = (await _finger(a, f"acct:{handle}")).json()
        assert body["subject"] == "acct:alice@a.test"
    found = await resolve.handle(b.app.fed, "alice@a.test")
    assert found is not None
    assert (found.handle, found.uri) == ("alice@a.test", "https://social.a.test/users/alice")
    b.app.fed.memory.clear()
    other = await resolve.handle(b.app.fed, "alice@social.a.test")
    assert other is not None
    assert other.id == found.id


async def test_host_meta_leads_to_webfinger(server: Node) -> None:
    response = await server.client.get("/.well-known/host-meta")
    assert response.headers["content-type"].startswith("application/xrd+xml")
    (link,) = ElementTree.fromstring(response.text)
    assert link.attrib == {
        "rel": "lrdd",
        "template": "https://example.test/.well-known/webfinger?resource={uri}",
    }
    body = (await server.client.get("/.well-known/host-meta.json")).json()
    assert body["links"][0]["template"] == link.attrib["template"]


async def test_nodeinfo_says_what_is_true(server: Node) -> None:
    alice = await server.person("alice")
    await alice.posts("one")
    await alice.posts("two")
    index = (await server.client.get("/.well-known/nodeinfo")).json()
    links = {link["rel"]: link["href"] for link in index["links"]}
    assert links[f"{AS2}#Application"] == "https://example.test/actor"
    for version in ("2.0", "2.1"):
        address = links[f"http://nodeinfo.diaspora.software/ns/schema/{version}"]
        assert address == f"https://example.test/nodeinfo/{version}"
        response = await server.client.get(f"/nodeinfo/{version}")
        assert response.headers["content-type"].startswith("application/json")
        body = response.json()
        assert body["version"] == version
        assert body["software"]["name"] == "fedi"
        assert body["protocols"] == ["activitypub"]
        assert body["services"] == {"inbound": [], "outbound": []}
        assert body["openRegistrations"] is True
        assert body["usage"]["localPosts"] == 2
        assert body["usage"]["users"]["total"] == 1
        assert body["metadata"]["upstream"] == {"name": "mastodon"}
    assert (await server.client.get("/nodeinfo/1.0")).status_code == 404


async def test_what_a_new_server_runs_is_read_once(server: Node) -> None:
    peer = Puppet(server.network, "peer.test")
    schema = "http://nodeinfo.diaspora.software/ns/schema/"
    peer.documents["/.well-known/nodeinfo"] = {
        "links": [
            {"rel": f"{schema}{version}", "href": f"https://peer.test/ni/{version}"} for version in ("2.0", "2.1")
        ]
    }
    peer.documents["/ni/2.1"] = Page(
        '{"software": {"name": "Odd Ware", "version": 7}, "metadata": []}', "application/json"
    )
    await resolve.actor(server.app.fed, peer.actor("eve")["id"])
    await drain(server)
    await resolve.actor(server.app.fed, peer.actor("ann")["id"])
    await drain(server)
    async with server.db.read() as conn:
        host = await hosts.find(conn, "peer.test")
    assert host is not None
    assert (host.software, host.version) == ("oddware", "7")
    assert peer.asked.count("/.well-known/nodeinfo") == 1


async def test_a_server_without_nodeinfo_is_as_good_as_any(server: Node) -> None:
    peer = Puppet(server.network, "peer.test")
    await resolve.actor(server.app.fed, peer.actor("eve")["id"])
    await drain(server)
    async with server.db.read() as conn:
        host = await hosts.find(conn, "peer.test")
    assert host is not None
    assert host.software is None
    assert host.nodeinfo_at is not None
