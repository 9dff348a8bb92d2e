"""Activities that come by way of others: the origin is asked, and only its answer counts."""

import pytest

from federation import resolve
from storage import accounts, domains, inbox, statuses
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


async def _known(node: Node, uri: str) -> bool:
    async with node.db.read() as conn:
        return await statuses.by_uri(conn, uri) is not None


async def test_a_deletion_passed_on_is_believed_when_the_origin_says_so_too(server: Node) -> None:
    peer, evil = Puppet(server.network, "peer.test"), Puppet(server.network, "evil.test")
    eve, mallory = peer.actor("eve"), evil.actor("mallory")
    again = peer.note(eve, "again")
    await resolve.status(server.app.fed, again["id"])
    await evil.send(server, peer.activity("Delete", eve, again["id"], "forged"), mallory)
    await drain(server)
    assert await _known(server, again["id"])
    peer.documents["/notes/again"] = 404
    await evil.send(server, peer.activity("Delete", eve, again["id"], "true"), mallory)
    await drain(server)
    assert not await _known(server, again["id"])
    async with server.db.read() as conn:
        assert await inbox.buried(conn, again["id"], actor_uri=eve["id"])


async def test_a_deletion_passed_on_says_nothing_about_a_post_that_we_may_not_fetch(server: Node) -> None:
    peer, evil = Puppet(server.network, "peer.test"), Puppet(server.network, "evil.test")
    eve, mallory = peer.actor("eve"), evil.actor("mallory")
    private = peer.note(eve, "private", to=[eve["followers"]], cc=[])
    await resolve.status(server.app.fed, private["id"])
    for status in (404, 403):
        peer.documents["/notes/private"] = status
        await evil.send(server, peer.activity("Delete", eve, private["id"], f"forged{status}"), mallory)
        await drain(server)
        assert await _known(server, private["id"])


async def test_whoever_passes_something_on_lends_its_author_none_of_its_own_limits(server: Node) -> None:
    peer, relay = Puppet(server.network, "peer.test"), Puppet(server.network, "limited.test")
    alice, eve = await server.person("alice"), peer.actor("eve")
    key, post = peer.multikey(eve), await alice.posts("hello")
    await peer.send(server, peer.create(peer.note(eve, "first", inReplyTo=post["uri"])), eve)
    await drain(server)
    async with server.db.transaction() as conn:
        await domains.block(conn, "limited.test", severity="silence")
    answer = peer.note(eve, "second", inReplyTo=post["uri"])
    await relay.send(server, peer.proven(peer.create(answer), key), relay.actor("mallory"))
    await drain(server)
    assert await _known(server, answer["id"])
    async with server.db.read() as conn:
        author = await accounts.by_uri(conn, eve["id"])
    assert author is not None
    assert author.silenced_at is None
