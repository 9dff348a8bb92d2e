"""Relays of both kinds: joined, written to, heard and left."""

import pytest

from federation import relays
from storage import relays as stored
from tests.interop.listener import PUBLIC
from tests.interop.peers.relays import LitePubRelay, MastodonRelay, Relay, Stranger
from tests.interop.stage import STATUSES, Servers, Stage

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("kind", [MastodonRelay, LitePubRelay], ids=lambda kind: kind.__name__),
]


async def test_a_relay_is_joined_written_to_heard_and_left(servers: Servers, kind: type[Relay]) -> None:
    (node,) = await servers("fedi.test")
    alice, relay, stranger = await node.person("alice"), kind(node.network, "relay"), Stranger(node.network)
    stage = Stage(node, alice, relay, None, [stranger])
    address = relay.actor["inbox"] if kind is MastodonRelay else relay.actor["id"]
    await relays.subscribe(node.server.app.fed, address)
    await stage.settle()
    assert relay.followers == {f"{node.base_url}/actor"}

    post = await alice.posts("for all #cats")
    await alice.posts("not for all", visibility="unlisted")
    await stage.settle()
    if kind is MastodonRelay:
        assert list(relay.posts) == [post["uri"]]
    else:
        assert relay.marks == {("Announce", f"{node.base_url}/actor", post["uri"])}
        assert (await relay.fetch(post["uri"]))["to"] == [PUBLIC]
    await alice.api("DELETE", f"{STATUSES}/{post['id']}")
    await stage.settle()
    assert (relay.posts, relay.marks) == ({}, set())

    note = stranger.note("from far away")
    response = await relay.post(node, relay.passes_on(note, stranger.create(note)), relay.actor)
    assert response.status_code == 202
    await stage.settle()
    (shown,) = await alice.get("/api/v1/timelines/public", remote="true")
    assert (shown["uri"], shown["account"]["acct"], shown["reblogs_count"]) == (note["id"], stranger.handle, 0)
    assert [each["uri"] for each in await alice.get("/api/v1/timelines/tag/cats")] == [note["id"]]

    async with node.db.transaction() as conn:
        found = await stored.find(conn, address)
        assert found is not None
        await relays.unsubscribe(conn, node.server.app.fed.site, found)
    await stage.settle()
    assert relay.followers == set()
    assert relay.refused == []
