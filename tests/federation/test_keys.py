"""Keys: ours when they are replaced, others' wherever they lie, and those who would like to have somebody else's."""

import re
from typing import Any

import pytest

from fedi import chores
from fedi.services import key_rotation
from storage import inbox, keys
from tests.support.puppet import JSON, Puppet, pair
from tests.support.servers import Node, Person, drain
from tests.support.strict import Strict

pytestmark = pytest.mark.anyio

ACTIVITY = {"Accept": "application/activity+json"}


# ---------------------------------------------------------------- ours


async def _stage(server: Node) -> tuple[Person, Strict]:
    alice, peer = await server.person("alice"), Strict(server, "peer.test", "cavage")
    fan = peer.actor("fan")
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    peer.headers.clear()
    return alice, peer


async def _document(server: Node, path: str) -> JSON:
    document: JSON = (await server.client.get(path, headers=ACTIVITY)).json()
    return document


async def _later(server: Node) -> None:
    """Everything that was to happen within ten minutes has happened."""
    async with server.db.transaction() as conn:
        await conn.execute("update keys set active_at = active_at - interval '11 minutes'")
    server.app.memory.pop("signers", None)


def _key_ids(peer: Strict) -> list[str]:
    """Of every attempt."""
    found = [re.search('key[iI]d="([^"]*)"', str(headers)) for headers in peer.headers]
    return [match[1] for match in found if match]


async def test_new_keys_are_shown_first_and_used_later(server: Node) -> None:
    alice, peer = await _stage(server)
    old = await _document(server, "/users/alice")
    assert await key_rotation.rotate(server.app, "alice") == 300
    new = await _document(server, "/users/alice")
    for name in ("publicKey", "assertionMethod"):
        assert new[name] != old[name]
    assert new["publicKey"]["id"] != old["publicKey"]["id"]
    await server.server.worker.drain()
    async with server.db.read() as conn:
        found = await keys.private_key(conn, alice.account_id, "rsa")
        assert found is not None
        assert found.uri == old["publicKey"]["id"]
    peer.takes = set()  # it would look for the old key now, which is not shown any more
    await drain(server)
    assert _key_ids(peer)[0] == old["publicKey"]["id"]
    await _later(server)
    peer.takes = {"cavage"}
    await alice.posts("hello")
    async with server.db.transaction() as conn:
        await conn.execute("update deliveries set next_at = now(), leased_until = null")
        await conn.execute("update hosts set next_at = null")
    await drain(server)
    assert _key_ids(peer)[-1] == new["publicKey"]["id"]
    assert [sent["type"] for sent in peer.inbox] == ["Accept", "Update", "Create"]
    assert peer.inbox[-1]["proof"]["verificationMethod"] == new["assertionMethod"][0]["id"]
    await chores.sweep(server.app)
    async with server.db.read() as conn:
        left = await keys.of_account(conn, alice.account_id)
    assert [key.uri for key in left] == [new["publicKey"]["id"], new["assertionMethod"][0]["id"]]


async def test_two_servers_go_on_through_new_keys(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    await key_rotation.rotate(a.app, "alice")
    await key_rotation.rotate(a.app, None)
    await alice.posts("before")
    await drain(a, b)
    await _later(a)
    await alice.posts("after")
    await drain(a, b)
    await key_rotation.rotate(a.app, "alice", at_once=True)
    a.app.memory.pop("signers", None)
    await alice.posts("at once")
    await drain(a, b)
    assert [post["content"][3:-4] for post in await bob.home()] == ["at once", "after", "before"]


async def test_the_first_and_second_halves_of_new_keys_are_of_one_account(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    before = await _document(server, "/users/bob")
    await key_rotation.rotate(server.app, "alice", at_once=True)
    assert await _document(server, "/users/bob") == before
    async with server.db.read() as conn:
        assert len(await keys.of_account(conn, alice.account_id)) == 2
        assert len(await keys.of_account(conn, bob.account_id)) == 2


# ---------------------------------------------------------------- others'


async def _accepted(server: Node, peer: Puppet, actor: JSON, alice: Person, name: str, **more: Any) -> int:
    answer = await peer.send(server, peer.activity("Follow", actor, alice.uri, name), actor, **more)
    return answer.status_code


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_a_key_that_was_replaced_is_read_again_and_the_old_one_is_done_with(server: Node, scheme: str) -> None:
    alice, peer = await server.person("alice"), Puppet(server.network, "peer.test")
    eve = peer.actor("eve", key=0)
    assert await _accepted(server, peer, eve, alice, "1", scheme=scheme) == 202
    eve = peer.actor("eve", key=1)
    assert await _accepted(server, peer, eve, alice, "2", scheme=scheme) == 202
    asked = len(peer.asked)
    peer._keys[eve["id"]] = pair(0)
    assert await _accepted(server, peer, eve, alice, "3", scheme=scheme) == 401
    assert await _accepted(server, peer, eve, alice, "4", scheme=scheme) == 401
    assert len(peer.asked) == asked  # once in five minutes, however often it fails


async def test_a_key_at_an_address_of_its_own_that_shows_the_actor(server: Node) -> None:
    """As GoToSocial has it: the key's address answers with the actor, or with no more than its keys."""
    alice, peer = await server.person("alice"), Puppet(server.network, "gts.test")
    key = {"id": "https://gts.test/users/eve/main-key", "owner": "https://gts.test/users/eve"}
    eve = peer.actor("eve")
    eve["publicKey"] = {**key, "publicKeyPem": eve["publicKey"]["publicKeyPem"]}
    peer.documents["/users/eve/main-key"] = {
        name: eve[name] for name in ("@context", "id", "type", "preferredUsername", "publicKey")
    }
    assert await _accepted(server, peer, eve, alice, "1") == 202


async def test_a_key_in_a_document_of_its_own_that_names_its_owner(server: Node) -> None:
    """As Misskey has it."""
    alice, peer = await server.person("alice"), Puppet(server.network, "mk.test")
    eve = peer.actor("eve")
    key = {"id": "https://mk.test/users/eve/publickey", "type": "Key", "owner": eve["id"]}
    eve["publicKey"] = {**key, "publicKeyPem": eve["publicKey"]["publicKeyPem"]}
    peer.documents["/users/eve/publickey"] = {"@context": eve["@context"], **eve["publicKey"]}
    assert await _accepted(server, peer, eve, alice, "1") == 202


async def test_a_key_that_is_named_by_address_alone(server: Node) -> None:
    alice, peer = await server.person("alice"), Puppet(server.network, "fr.test")
    eve = peer.actor("eve")
    key = {**eve["publicKey"], "id": "https://fr.test/keys/eve"}
    peer.documents["/keys/eve"] = {"@context": eve["@context"], **key}
    eve["publicKey"] = key["id"]
    stand_in = {**eve, "publicKey": key}
    assert await _accepted(server, peer, stand_in, alice, "1") == 202


# ---------------------------------------------------------------- whoever wants somebody else's


async def _attacked(server: Node) -> tuple[Person, Puppet, JSON, JSON]:
    """Eve, whom we know, and Mallory on her server."""
    alice, peer = await server.person("alice"), Puppet(server.network, "peer.test")
    eve, mallory = peer.actor("eve"), peer.actor("mallory")
    assert await _accepted(server, peer, eve, alice, "eve") == 202
    return alice, peer, eve, mallory


async def _is_refused(server: Node, peer: Puppet, victim: JSON, signer: JSON, alice: Person, **more: Any) -> None:
    """A Follow in the victim's name does nothing; her own still arrives."""
    follow = peer.activity("Follow", victim, alice.uri, "forged")
    assert (await peer.send(server, follow, signer, **more)).status_code == 401
    async with server.db.read() as conn:
        assert not await inbox.known(conn, inbox.of_actor(follow["id"], victim["id"]))
    assert (await peer.send(server, follow, victim)).status_code == 202


async def test_the_name_of_a_key_does_not_make_it_hers(server: Node) -> None:
    alice, peer, eve, mallory = await _attacked(server)
    await _is_refused(server, peer, eve, mallory, alice, key_id=eve["publicKey"]["id"])


async def test_a_key_of_hers_in_his_document_stays_hers(server: Node) -> None:
    alice, peer, eve, mallory = await _attacked(server)
    pem = mallory["publicKey"]["publicKeyPem"]
    mallory["publicKey"] = [
        {"id": eve["publicKey"]["id"], "owner": mallory["id"], "publicKeyPem": pem},
        {"id": f"{mallory['id']}#main-key", "owner": mallory["id"], "publicKeyPem": pem},
        {"id": f"{mallory['id']}#second", "owner": eve["id"], "publicKeyPem": pem},
    ]
    signer = {**mallory, "publicKey": mallory["publicKey"][1]}
    assert await _accepted(server, peer, signer, alice, "mallory") == 202
    await _is_refused(server, peer, eve, signer, alice, key_id=eve["publicKey"]["id"])
    follow = peer.activity("Follow", eve, alice.uri, "second")
    assert (await peer.send(server, follow, signer, key_id=f"{mallory['id']}#second")).status_code == 401


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_a_key_that_two_share_speaks_for_one_of_them(server: Node, scheme: str) -> None:
    alice, peer, eve, mallory = await _attacked(server)
    shared = {"id": "https://peer.test/the-key", "publicKeyPem": mallory["publicKey"]["publicKeyPem"]}
    peer.documents["/the-key"] = {"@context": eve["@context"], **shared, "owner": mallory["id"]}
    mallory["publicKey"] = {**shared, "owner": mallory["id"]}
    assert await _accepted(server, peer, mallory, alice, "mallory", scheme=scheme) == 202
    eve["assertionMethod"] = [{**shared, "type": "Key", "owner": eve["id"]}]
    await _is_refused(server, peer, eve, mallory, alice, scheme=scheme)


async def test_a_key_document_elsewhere_that_names_her_as_owner_is_nothing(server: Node) -> None:
    alice, peer, eve, _ = await _attacked(server)
    evil = Puppet(server.network, "evil.test")
    mallory = evil.actor("mallory")
    forged = {**mallory["publicKey"], "id": "https://evil.test/key", "owner": eve["id"]}
    evil.documents["/key"] = {"@context": eve["@context"], **forged}
    mallory["publicKey"] = {**mallory["publicKey"], "owner": eve["id"]}
    for key_id in ("https://evil.test/key", mallory["publicKey"]["id"]):
        follow = peer.activity("Follow", eve, alice.uri, "forged")
        assert (await evil.send(server, follow, mallory, key_id=key_id)).status_code == 401


async def test_a_key_of_ours_signs_nothing_that_comes_in(server: Node) -> None:
    alice, peer, eve, mallory = await _attacked(server)
    for key_id in (f"{alice.uri}#main-key", f"{server.base_url}/actor#main-key"):
        follow = peer.activity("Follow", eve, alice.uri, "forged")
        assert (await peer.send(server, follow, mallory, key_id=key_id)).status_code in (401, 403)
    assert not [path for _, path in server.network.seen if path.startswith(server.base_url)]


async def test_a_multikey_under_anothers_control_is_not_his(server: Node) -> None:
    alice, peer, eve, mallory = await _attacked(server)
    key_id = peer.multikey(mallory)
    mallory["assertionMethod"][0]["controller"] = eve["id"]
    await _is_refused(server, peer, eve, mallory, alice, scheme="rfc9421", key_id=key_id)


@pytest.mark.parametrize("name", ["#" + "x" * 3000, "", "not an address", "https://peer.test:99999/k", "did:key:z6Mk"])
async def test_names_that_are_no_addresses_are_refused_without_a_question(server: Node, name: str) -> None:
    alice, peer, eve, mallory = await _attacked(server)
    asked = len(peer.asked)
    for scheme in ("cavage", "rfc9421"):
        follow = peer.activity("Follow", eve, alice.uri, "forged")
        key_id = name or " "
        answer = await peer.send(server, follow, mallory, key_id=key_id, scheme=scheme)
        assert answer.status_code in (400, 401)
    assert len(peer.asked) == asked


async def test_signatures_that_fail_cost_their_host_one_question(server: Node) -> None:
    alice, peer, eve, mallory = await _attacked(server)
    asked = len(peer.asked)
    for number in range(20):
        follow = peer.activity("Follow", eve, alice.uri, f"forged{number}")
        scheme = ("cavage", "rfc9421")[number % 2]
        answer = await peer.send(server, follow, mallory, key_id=eve["publicKey"]["id"], scheme=scheme)
        assert answer.status_code == 401
    assert len(peer.asked) <= asked + 1
