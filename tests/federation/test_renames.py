"""Handles at domains of their own, changed, given away, fought over. An account is its actor's id."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.puppet import Page, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _find(person: Person, handle: str) -> Any:
    found = await person.get("/api/v2/search", q=f"@{handle}", type="accounts", resolve="true")
    return found["accounts"][0] if found["accounts"] else None


async def _age(node: Node) -> None:
    """What is known of others is two days old."""
    async with node.db.transaction() as conn:
        await conn.execute("update accounts set fetched_at = fetched_at - $1::interval", timedelta(days=2))
    node.app.fed.memory.clear()


async def test_two_servers_of_which_one_has_its_names_elsewhere(servers: Servers) -> None:
    [a] = await servers("a.test")
    [b] = await servers("social.b.test", account_domain="b.test")
    b.network.apps["b.test"] = b.server.asgi  # as the domain's web server would pass it on
    alice, bob = await a.person("alice"), await b.person("bob")
    account = await _find(alice, "bob@b.test")
    await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    seen = await _find(bob, "alice@a.test")
    await bob.post(f"/api/v1/accounts/{seen['id']}/follow")
    await drain(a, b)
    assert [told["account"]["acct"] for told in await bob.notifications()] == ["alice@a.test"]
    post = await alice.posts("hello @bob@b.test and @bob@social.b.test")
    assert {mention["acct"] for mention in post["mentions"]} == {"bob@b.test"}
    await drain(a, b)
    [told] = [told for told in await bob.notifications() if told["type"] == "mention"]
    assert [(mention["acct"], mention["id"]) for mention in told["status"]["mentions"]] == [("bob", bob.id)]
    answer = await bob.replies(told["status"], "hello")
    await drain(a, b)
    [heard] = [told for told in await alice.notifications() if told["type"] == "mention"]
    assert (heard["status"]["uri"], heard["account"]["acct"]) == (answer["uri"], "bob@b.test")
    assert heard["account"]["url"] == "https://social.b.test/@bob"
    document = (await b.client.get("/users/bob", headers={"Accept": "application/activity+json"})).json()
    assert (document["id"], document["webfinger"]) == ("https://social.b.test/users/bob", "bob@b.test")
    assert (await alice.get("/api/v1/accounts/lookup", acct="bob@b.test"))["id"] == account["id"]
    assert (await _find(alice, "bob@social.b.test"))["id"] == account["id"]
    assert (await bob.get("/api/v1/accounts/lookup", acct="bob@b.test"))["acct"] == "bob"
    assert (await bob.get("/api/v1/accounts/lookup", acct="bob@social.b.test"))["acct"] == "bob"


async def test_a_domain_that_only_says_where_webfinger_is(servers: Servers) -> None:
    [a] = await servers("a.test")
    [b] = await servers("social.b.test", account_domain="b.test")
    apex = Puppet(b.network, "b.test")
    apex.documents["/.well-known/host-meta"] = Page(
        '<XRD><Link rel="lrdd" template="https://social.b.test/.well-known/webfinger?resource={uri}"/></XRD>',
        "application/xrd+xml",
    )
    await b.person("bob")
    assert (await _find(await a.person("alice"), "bob@b.test"))["acct"] == "bob@b.test"


async def test_somebody_takes_another_name_and_stays_who_they_are(server: Node) -> None:
    peer, alice = Puppet(server.network, "peer.test"), await server.person("alice")
    peer.actor("1", preferredUsername="ann", known=False)
    uri = "https://peer.test/users/1"
    peer.knows("ann@peer.test", uri)
    before = await _find(alice, "ann@peer.test")
    await alice.post(f"/api/v1/accounts/{before['id']}/follow")
    changed = peer.actor("1", preferredUsername="Anna.B", known=False)
    del peer.documents["/.well-known/webfinger?resource=acct%3Aann%40peer.test"]
    peer.knows("Anna.B@peer.test", uri)
    await peer.send(server, peer.activity("Update", changed, changed, "rename"), changed)
    await drain(server)
    after = await alice.get(f"/api/v1/accounts/{before['id']}")
    assert (after["acct"], after["uri"]) == ("Anna.B@peer.test", uri)
    assert (await _find(alice, "anna.b@peer.test"))["id"] == before["id"]
    await alice.api("GET", "/api/v1/accounts/lookup", params={"acct": "ann@peer.test"}, status=404)
    # The name is free: another actor takes it.
    newer = peer.actor("2", preferredUsername="ann", known=False)
    peer.knows("ann@peer.test", newer["id"])
    server.app.fed.memory.clear()
    assert (await _find(alice, "ann@peer.test"))["uri"] == newer["id"]


async def test_a_name_that_was_given_to_somebody_else_before_we_heard_of_it(server: Node) -> None:
    peer, alice = Puppet(server.network, "peer.test"), await server.person("alice")
    peer.actor("1", preferredUsername="ann", known=False)
    first = "https://peer.test/users/1"
    peer.knows("ann@peer.test", first)
    before = await _find(alice, "ann@peer.test")
    peer.actor("1", preferredUsername="anna", known=False)
    peer.knows("anna@peer.test", first)
    newer = peer.actor("2", preferredUsername="ann", known=False)
    peer.knows("ann@peer.test", newer["id"])
    note = peer.note(newer, "1")
    seen = await alice.sees(note["id"])
    assert (seen["account"]["acct"], seen["account"]["uri"]) == ("ann@peer.test", newer["id"])
    assert (await alice.get(f"/api/v1/accounts/{before['id']}"))["uri"] == first
    await drain(server)
    assert (await alice.get(f"/api/v1/accounts/{before['id']}"))["acct"] == "anna@peer.test"


async def test_a_name_is_not_taken_from_who_has_it(server: Node) -> None:
    peer, eve = Puppet(server.network, "peer.test"), Puppet(server.network, "evil.test")
    alice = await server.person("alice")
    ann = peer.actor("ann")
    account = await _find(alice, "ann@peer.test")
    for number, (username, webfinger) in enumerate(
        [
            ("ann", "ann@peer.test"),
            ("ann@peer.test", None),
            ("ann", "acct:ann@peer.test"),
            ("alice", "alice@example.test"),
        ]
    ):
        fake = eve.actor(str(number), preferredUsername=username, webfinger=webfinger, known=False)
        eve.knows(f"ann@{eve.host}", fake["id"], subject="ann@peer.test")
        eve.knows("ann@peer.test", fake["id"])
        note = eve.note(fake, str(number))
        found = await alice.get("/api/v2/search", q=note["id"], type="statuses", resolve="true")
        assert all(status["account"]["acct"].endswith("@evil.test") for status in found["statuses"])
    other = peer.actor("other", preferredUsername="ann", known=False)
    found = await alice.get("/api/v2/search", q=other["id"], type="accounts", resolve="true")
    assert found["accounts"] == []
    assert (await _find(alice, "ann@peer.test"))["id"] == account["id"]
    assert ann["id"] == account["uri"]
    assert (await alice.get("/api/v1/accounts/lookup", acct="alice"))["id"] == alice.id


async def test_a_server_gives_its_people_names_at_another_domain(server: Node) -> None:
    social, apex = Puppet(server.network, "social.split.test"), Puppet(server.network, "split.test")
    alice = await server.person("alice")
    ann = social.actor("ann")
    before = await _find(alice, "ann@social.split.test")
    social.knows("ann@social.split.test", ann["id"], subject="ann@split.test")
    apex.knows("ann@split.test", ann["id"])
    await _age(server)
    await alice.sees(social.note(ann, "1")["id"])
    await drain(server)
    assert (await alice.get(f"/api/v1/accounts/{before['id']}"))["acct"] == "ann@split.test"
    # A domain that does not answer says nothing, and one that says otherwise takes the name back.
    server.network.down |= {"split.test", "social.split.test"}
    await _age(server)
    server.network.down -= {"social.split.test"}
    await alice.sees(social.note(ann, "2")["id"])
    await drain(server)
    assert (await alice.get(f"/api/v1/accounts/{before['id']}"))["acct"] == "ann@split.test"
