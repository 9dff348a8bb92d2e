"""Proofs inside documents: made for what is public, and believed from whoever passes a document on."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from federation import resolve
from federation.errors import SignatureError
from federation.signatures import keys, linked_data, proofs
from storage import statuses
from tests.support.puppet import JSON, PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _known(node: Node, uri: str) -> Any:
    async with node.db.read() as conn:
        return await statuses.by_uri(conn, uri)


async def _stage(server: Node) -> tuple[Person, Puppet, JSON, str, Puppet, JSON, JSON]:
    """Alice, a peer with Eve who has a key for proofs, somebody who passes things on, and a post of Alice."""
    alice = await server.person("alice")
    peer, relay = Puppet(server.network, "peer.test"), Puppet(server.network, "relay.test")
    eve, courier = peer.actor("eve"), relay.actor("courier")
    return alice, peer, eve, peer.multikey(eve), relay, courier, await alice.posts("a question")


def _answer(peer: Puppet, eve: JSON, post: JSON, name: str, **more: Any) -> JSON:
    """An answer that its own server does not show: what is stored came with the activity."""
    document = peer.create(peer.note(eve, name, inReplyTo=post["uri"], **more))
    del peer.documents[f"/notes/{name}"]
    return document


async def test_what_we_publish_proves_its_origin(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    peer = Puppet(a.network, "peer.test")
    fan = peer.actor("fan")
    await peer.send(a, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await bob.follow(alice)
    await drain(a, b)
    peer.inbox.clear()
    await alice.posts("to all")
    await alice.posts("to few", visibility="private")
    await drain(a, b)
    public, private = peer.inbox
    assert "proof" not in private
    found = proofs.find(public)
    assert found is not None
    actor = (await a.client.get("/users/alice", headers={"Accept": "application/activity+json"})).json()
    [method] = actor["assertionMethod"]
    assert (found.method, method["controller"], method["type"]) == (method["id"], alice.uri, "Multikey")
    proofs.verify(public, found, keys.load_public(method["publicKeyMultibase"]), datetime.now(UTC))
    assert found.options["@context"] == public["@context"]


async def test_a_post_that_proves_its_origin_is_believed_from_anybody(server: Node) -> None:
    _, peer, eve, key_id, relay, courier, post = await _stage(server)
    document = peer.proven(_answer(peer, eve, post, "n"), key_id)
    assert (await relay.send(server, document, courier)).status_code == 202
    await drain(server)
    stored = await _known(server, document["object"]["id"])
    assert stored is not None
    await relay.send(server, document, courier)
    await drain(server)
    gone = peer.proven(peer.activity("Delete", eve, document["object"]["id"], "d", to=[PUBLIC]), key_id)
    await relay.send(server, gone, courier)
    await drain(server)
    assert await _known(server, document["object"]["id"]) is None
    # Nor does it come back by being sent once more.
    await relay.send(server, document, courier)
    await drain(server)
    assert await _known(server, document["object"]["id"]) is None


async def test_a_changed_post_is_not_believed(server: Node) -> None:
    _, peer, eve, key_id, relay, courier, post = await _stage(server)
    document = peer.proven(_answer(peer, eve, post, "n"), key_id)
    document["object"]["content"] = "<p>forged</p>"
    assert (await relay.send(server, document, courier)).status_code == 202
    await drain(server)
    assert await _known(server, document["object"]["id"]) is None


async def test_a_proof_by_another_than_the_actor_proves_nothing(server: Node) -> None:
    _, peer, eve, _, relay, courier, post = await _stage(server)
    foreign = relay.multikey(courier)
    document = relay.proven(_answer(peer, eve, post, "n"), foreign)
    await relay.send(server, document, courier)
    # Somebody on the same server is somebody else, too.
    mallory = peer.actor("mallory")
    second = peer.proven(_answer(peer, eve, post, "m"), peer.multikey(mallory))
    await relay.send(server, second, courier)
    # And a key that names Eve as its owner is not hers before she lists it.
    claimed = f"{courier['id']}#stolen"
    courier["assertionMethod"].append({**courier["assertionMethod"][0], "id": claimed, "controller": eve["id"]})
    relay._keys[claimed] = relay._keys[foreign]
    third = relay.proven(_answer(peer, eve, post, "o"), claimed)
    await relay.send(server, third, courier)
    await drain(server)
    for each in (document, second, third):
        assert await _known(server, each["object"]["id"]) is None


async def test_a_proof_does_not_make_a_follow_or_its_end(server: Node) -> None:
    alice, peer, eve, key_id, relay, courier, _ = await _stage(server)
    follow = peer.proven(peer.activity("Follow", eve, alice.uri, "f"), key_id)
    assert (await relay.send(server, follow, courier)).status_code == 401
    await peer.send(server, follow, eve)
    await drain(server)
    undo = peer.proven(peer.activity("Undo", eve, follow, "u"), key_id)
    assert (await relay.send(server, undo, courier)).status_code == 401


async def test_a_proof_of_old_is_no_edit(server: Node) -> None:
    _, peer, eve, key_id, relay, courier, post = await _stage(server)
    note = peer.note(eve, "n", inReplyTo=post["uri"], content="<p>old</p>", updated="2026-01-01T00:00:00Z")
    first = peer.proven(peer.activity("Update", eve, note, "u1", to=[PUBLIC]), key_id)
    newer = {**note, "content": "<p>new</p>", "updated": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    await peer.send(server, peer.create(newer), eve)
    await drain(server)
    await relay.send(server, first, courier)
    await drain(server)
    assert "new" in (await _known(server, note["id"])).content


async def test_whose_inbox_it_was_brought_to_says_nothing(server: Node) -> None:
    alice, peer, eve, key_id, relay, courier, post = await _stage(server)
    document = peer.proven(_answer(peer, eve, post, "n", to=[eve["followers"]], cc=[]), key_id)
    await relay.send(server, document, courier, path="/users/alice/inbox")
    await drain(server)
    stored = await _known(server, document["object"]["id"])
    if stored is not None:
        async with server.db.read() as conn:
            assert not await statuses.visible(conn, alice.account_id, [stored.id])


async def test_relays_get_the_older_signature_where_the_operator_wants_it(servers: Servers) -> None:
    [a] = await servers("a.test", linked_data_signatures="always")
    alice = await a.person("alice")
    peers = [Puppet(a.network, host) for host in ("one.test", "two.test")]
    for peer in peers:
        fan = peer.actor("fan")
        await peer.send(a, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(a)
    await alice.posts("to all, with #tag and :emoji:")
    await alice.posts("to few", visibility="private")
    await drain(a)
    [(_, public, private), (_, again, _)] = [peer.inbox for peer in peers]
    assert again == public
    assert not {"proof", "signature"} & private.keys()
    signature = linked_data.find(public)
    actor = (await a.client.get("/users/alice", headers={"Accept": "application/activity+json"})).json()
    assert signature is not None
    assert signature.creator == actor["publicKey"]["id"]
    key = keys.load_public(actor["publicKey"]["publicKeyPem"])
    await linked_data.verify(public, signature, key)
    with pytest.raises(SignatureError):
        await linked_data.verify({**public, "actor": "https://a.test/users/bob"}, signature, key)


async def _linked(peer: Puppet, signer: JSON, document: JSON) -> JSON:
    """The document with a linked data signature."""
    options = {"type": linked_data.TYPE, "creator": signer["publicKey"]["id"], "created": "2026-06-01T12:00:00Z"}
    hashes = await linked_data._hashes({**document, "signature": options})
    value = keys.sign(keys.load_private(peer._keys[signer["id"]].private_pem), hashes)
    return {**document, "signature": {**options, "signatureValue": base64.b64encode(value).decode()}}


async def test_a_linked_data_signature_deletes_and_does_nothing_else(server: Node) -> None:
    _, peer, eve, _, relay, courier, post = await _stage(server)
    note, mallory = peer.note(eve, "n", inReplyTo=post["uri"]), peer.actor("mallory")
    await resolve.status(server.app.fed, note["id"])
    # Its server would still show it: that it is gone is known from the signature alone.
    delete = peer.activity("Delete", eve, note["id"], "d")
    forged = {**delete, "signature": {"type": linked_data.TYPE, "creator": "x", "signatureValue": "AAAA"}}
    with_graph = {**await _linked(peer, eve, delete), "@graph": [{"id": "https://peer.test/x"}]}
    for document in (forged, with_graph, await _linked(peer, mallory, delete)):
        assert (await relay.send(server, document, courier)).status_code == 202
        await drain(server)
        assert await _known(server, note["id"]) is not None
    await relay.send(server, await _linked(peer, eve, delete), courier)
    await drain(server)
    assert await _known(server, note["id"]) is None
    answer = await _linked(peer, eve, _answer(peer, eve, post, "m"))
    await relay.send(server, answer, courier)
    await drain(server)
    assert await _known(server, answer["object"]["id"]) is None
