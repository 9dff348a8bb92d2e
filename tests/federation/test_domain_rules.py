"""What a judgement on a domain does, and what lifting it brings back."""

import json
from collections.abc import Awaitable, Callable

import pytest

from federation import discovery
from fedi.services import accounts
from storage import domains
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain
from tests.support.websites import Website, later

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _friends(servers: Servers) -> tuple[Node, Node, Person, Person]:
    a, b = await servers("a.test", "sub.b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.follow(bob)
    await bob.follow(alice)
    await drain(a, b)
    await bob.posts("hello from b")
    await drain(a, b)
    return a, b, alice, bob


async def _judge(node: Node, severity: domains.Severity) -> None:
    async with node.db.transaction() as conn:
        await domains.block(conn, "b.test", severity=severity)


async def test_a_suspended_domain_is_cut_off_and_comes_back_without_its_follows(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    assert len(await alice.home()) == 1
    await _judge(a, "suspend")
    await drain(a, b)
    assert await alice.home() == []
    mine = await alice.get("/api/v1/accounts/verify_credentials")
    assert (mine["following_count"], mine["followers_count"]) == (0, 0)
    await bob.posts("is anybody there?")
    await drain(a, b)
    async with a.db.transaction() as conn:
        await domains.unblock(conn, "b.test")
    await drain(a, b)
    found = await alice.finds(bob)
    statuses = await alice.get(f"/api/v1/accounts/{found['id']}/statuses")
    assert [status["content"] for status in statuses] == ["<p>hello from b</p>"]


async def test_a_limited_domain_is_seen_by_followers_only(servers: Servers) -> None:
    a, b, alice, _bob = await _friends(servers)
    stranger = await a.person("stranger")
    before = await stranger.get("/api/v1/timelines/public")
    assert len(before) == 1
    await _judge(a, "silence")
    await drain(a, b)
    assert await stranger.get("/api/v1/timelines/public") == []
    assert len(await alice.home()) == 1
    async with a.db.transaction() as conn:
        await domains.unblock(conn, "b.test")
    await drain(a, b)
    assert len(await stranger.get("/api/v1/timelines/public")) == 1


async def test_a_person_suspended_by_hand_stays_so_when_the_domain_is_freed(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    found = await alice.finds(bob)
    async with a.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = '2020-01-01' where id = $1", int(found["id"]))
    await _judge(a, "suspend")
    await drain(a, b)
    async with a.db.transaction() as conn:
        await domains.unblock(conn, "b.test")
    await drain(a, b)
    async with a.db.read() as conn:
        assert await conn.fetchval("select suspended_at from accounts where id = $1", int(found["id"])) is not None


async def test_a_suspension_here_is_seen_elsewhere(servers: Servers) -> None:
    a, b, alice, _bob = await _friends(servers)
    await accounts.suspend(b.app, "bob")
    await drain(a, b)
    assert await alice.home() == []
    await accounts.unsuspend(b.app, "bob")
    await drain(a, b)
    assert len(await alice.home()) == 1


async def test_one_person_of_another_server_can_be_suspended(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    assert await accounts.suspend(a.app, bob.handle)
    await bob.posts("still here?")
    await drain(a, b)
    assert await alice.home() == []
    assert await accounts.unsuspend(a.app, bob.handle)
    assert len(await alice.home()) == 1


AP = "application/activity+json"


@pytest.mark.parametrize("way", ["post", "page", "name", "template", "id", "software", "preview"])
async def test_nothing_is_sent_to_a_blocked_host_behind_an_open_one(server: Node, way: str) -> None:
    blocked, site = Website(server.network, "x.b.test"), Website(server.network, "open.test")
    puppet = Puppet(server.network, "peer.test")
    await _judge(server, "suspend")
    alice = await server.person("alice")

    def leads(path: str) -> str:
        return site.has(path, "", location=blocked.url(path), status=302)

    if way == "software":
        site.has("/.well-known/nodeinfo", json.dumps({"links": [
            {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": blocked.url("/nodeinfo")}]}),
            "application/json")  # fmt: skip
        await discovery.read_nodeinfo(server.app.fed, {"host": "open.test"})
    elif way == "preview":
        await alice.posts(f"see {leads('/story')}")
        await later(server)
    elif way in ("name", "template"):
        asked = "/.well-known/webfinger?resource=acct%3Apat%40open.test"
        if way == "name":
            leads(asked)
        else:
            template = f'<XRD><Link rel="lrdd" template="{blocked.url("/finger?q={uri}")}"/></XRD>'
            site.has("/.well-known/host-meta", template, "application/xrd+xml")
        found = await alice.get("/api/v2/search", q="@pat@open.test", type="accounts", resolve="true")
        assert found["accounts"] == []
    else:
        note = {**puppet.note(puppet.actor("pat"), "1"), "id": blocked.url("/1")}
        answers = {
            "post": lambda: leads("/1"),
            "page": lambda: site.page("/1", f'<link rel="alternate" type="{AP}" href="{blocked.url("/1")}">'),
            "id": lambda: site.has("/1", json.dumps(note), AP),
        }
        url = answers[way]()
        found = await alice.get("/api/v2/search", q=url, type="statuses", resolve="true")
        assert found["statuses"] == []
    assert site.asked, "the open host was asked"
    assert blocked.asked == []
