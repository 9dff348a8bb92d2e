"""A server that refuses one kind of signature is asked once more with the other, and remembered."""

from datetime import timedelta
from typing import Any

import pytest

from federation import resolve
from storage import hosts
from tests.support.servers import Node, Person, drain
from tests.support.strict import Strict

pytestmark = pytest.mark.anyio


async def _followed(server: Node, *takes: str, host: str = "peer.test") -> tuple[Person, Strict, Any]:
    """Alice, and a peer with somebody who follows her."""
    alice, peer = await server.person("alice"), Strict(server, host, *takes)
    fan = peer.actor("fan")
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    return alice, peer, fan


async def _again(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set next_at = now(), leased_until = null where state = 'waiting'")
        await conn.execute("update hosts set next_at = null")
    await drain(server)


def _restarted(server: Node) -> None:
    for name in ("knocking.orders", "knocking.vain", "knocking.learnt", "signers"):
        server.app.memory.pop(name, None)


async def test_whoever_knows_only_the_old_kind_is_asked_once(server: Node) -> None:
    alice, peer, _ = await _followed(server, "cavage")
    await alice.posts("hello")
    await drain(server)
    assert peer.kinds == ["cavage", "cavage"]
    assert [sent["type"] for sent in peer.inbox] == ["Accept", "Create"]


@pytest.mark.parametrize("refusal", [400, 401])
async def test_whoever_knows_only_the_new_kind_is_asked_twice_once(server: Node, refusal: int) -> None:
    alice, peer = await server.person("alice"), Strict(server, "peer.test", "rfc9421")
    peer.refusal = refusal
    fan = peer.actor("fan")
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    assert peer.kinds == ["cavage", "rfc9421"]
    await alice.posts("one")
    await drain(server)
    _restarted(server)
    await alice.posts("two")
    await drain(server)
    assert peer.kinds == ["cavage", "rfc9421", "rfc9421", "rfc9421"]
    assert [sent["type"] for sent in peer.inbox] == ["Accept", "Create", "Create"]
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from hosts where host = 'peer.test'") == 1


async def test_what_was_remembered_gives_way_when_it_is_refused(server: Node) -> None:
    alice, peer, _ = await _followed(server, "rfc9421")
    peer.takes = {"cavage"}
    await alice.posts("one")
    await drain(server)
    await alice.posts("two")
    await drain(server)
    assert peer.kinds[2:] == ["rfc9421", "cavage", "cavage"]


async def test_after_a_month_a_server_is_asked_anew(server: Node) -> None:
    alice, peer, _ = await _followed(server, "rfc9421", "cavage")
    async with server.db.transaction() as conn:
        await hosts.accepted(conn, "peer.test", "rfc9421")
    _restarted(server)
    await alice.posts("one")
    await drain(server)
    async with server.db.transaction() as conn:
        age = timedelta(days=hosts.SCHEME_DAYS + 1)
        await conn.execute("update hosts set signature_scheme_at = now() - $1::interval", age)
    _restarted(server)
    await alice.posts("two")
    await drain(server)
    assert peer.kinds[1:] == ["rfc9421", "cavage"]


async def test_whose_software_would_drop_the_new_kind_quietly_is_never_sent_it(server: Node) -> None:
    alice, peer, _ = await _followed(server, "cavage")
    async with server.db.transaction() as conn:
        await hosts.set_software(conn, "peer.test", "Misskey", "2026.1")
    _restarted(server)
    peer.takes = {"rfc9421"}
    await alice.posts("one")
    await drain(server)
    assert peer.kinds[1:] == ["cavage"]


async def test_who_signs_the_new_way_is_believed_to_read_it(server: Node) -> None:
    alice, peer, fan = await _followed(server, "cavage")
    async with server.db.transaction() as conn:
        await hosts.set_software(conn, "peer.test", "sharkey", "2026.1")
    note = peer.note(fan, "hi")
    sent = await peer.send(server, peer.create(note), fan, scheme="rfc9421")
    assert sent.status_code == 202
    peer.takes = {"rfc9421"}
    await alice.posts("one")
    await drain(server)
    assert peer.kinds[1:] == ["cavage", "rfc9421"]
    assert peer.inbox[-1]["type"] == "Create"


async def test_who_says_that_it_reads_the_new_kind_is_believed(server: Node) -> None:
    alice, peer = await server.person("alice"), Strict(server, "peer.test", "rfc9421")
    async with server.db.transaction() as conn:
        await hosts.set_software(conn, "peer.test", "pixelfed", "1")
    can = [{"href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421"}]
    fan = peer.actor("fan", generator={"type": "Application", "implements": can})
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    assert peer.kinds == ["cavage", "rfc9421"]
    ours = await server.client.get("/users/alice", headers={"Accept": "application/activity+json"})
    assert ours.json()["generator"]["implements"][0]["href"] == can[0]["href"]


async def test_who_refuses_both_is_tried_again_later_and_told_no_less(server: Node) -> None:
    alice, peer, _ = await _followed(server, "cavage")
    peer.takes = set()
    await alice.posts("one")
    await drain(server)
    await _again(server)  # the second kind was in vain a moment ago
    assert peer.kinds[1:] == ["cavage", "rfc9421", "cavage"]
    peer.takes = {"cavage"}
    await _again(server)
    assert peer.inbox[-1]["type"] == "Create"
    ids = [sent["id"] for sent in peer.inbox]
    assert len(ids) == len(set(ids))


async def test_what_a_refusal_asks_to_be_signed_is_signed(server: Node) -> None:
    alice, peer = await server.person("alice"), Strict(server, "peer.test", "rfc9421")
    peer.challenge = 'proof=("@method" "@path" "date");created;nonce="abc"'
    fan = peer.actor("fan")
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    value = peer.headers[-1]["signature-input"]
    assert value.startswith("proof=(")
    assert '"@path"' in value
    assert '"date"' in value
    assert ';nonce="abc"' in value
    assert peer.inbox[-1]["type"] == "Accept"


@pytest.mark.parametrize("challenge", ['sig=("@method" "x-secret")', 'sig=("@method");alg="hmac-sha256"', "((", "a=1"])
async def test_a_challenge_that_cannot_be_met_changes_nothing(server: Node, challenge: str) -> None:
    alice, peer = await server.person("alice"), Strict(server, "peer.test", "rfc9421")
    peer.challenge = challenge
    fan = peer.actor("fan")
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    assert peer.headers[-1]["signature-input"].startswith("sig1=(")
    assert peer.inbox[-1]["type"] == "Accept"


async def test_documents_are_fetched_with_the_kind_that_their_server_takes(server: Node) -> None:
    peer = Strict(server, "peer.test", "rfc9421")
    peer.unsigned_get = False
    eve = peer.actor("eve")
    for name in ("one", "two"):
        found = await resolve.status(server.app.fed, peer.note(eve, name)["id"])
        assert found.uri.endswith(name)
    assert [kind for method, kind, _ in peer.knocks if method == "GET"][:3] == ["cavage", "rfc9421", "rfc9421"]
    assert {kind for _, kind, _ in peer.knocks[2:]} == {"rfc9421"}
