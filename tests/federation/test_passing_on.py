"""Answers to posts of ours reach whoever follows the author of the post, without being asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


async def _stage(server: Node) -> tuple[Any, Puppet, Any, str, Puppet, Any]:
    """Alice has a fan elsewhere; Eve, elsewhere again, answers her."""
    alice = await server.person("alice")
    far, peer = Puppet(server.network, "far.test"), Puppet(server.network, "peer.test")
    fan, eve = far.actor("fan"), peer.actor("eve")
    for puppet, actor in ((far, fan), (peer, peer.actor("neighbour"))):
        await puppet.send(server, puppet.activity("Follow", actor, alice.uri, "f"), actor)
    key = peer.multikey(eve)
    post = await alice.posts("hello")
    await drain(server)
    far.inbox.clear()
    peer.inbox.clear()
    return post, peer, eve, key, far, fan


async def test_an_answer_goes_on_as_it_came_with_its_edit_and_its_end(server: Node) -> None:
    post, peer, eve, key, far, _ = await _stage(server)
    note = peer.note(eve, "n", inReplyTo=post["uri"])
    later = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    edited = {**note, "content": "<p>better</p>", "updated": later}
    sent = [
        peer.proven(peer.create(note), key),
        peer.proven(peer.activity("Update", eve, edited, "u", to=[PUBLIC]), key),
        peer.proven(peer.activity("Delete", eve, note["id"], "d", to=[PUBLIC]), key),
    ]
    for document in sent:
        await peer.send(server, document, eve)
        await drain(server)
    assert far.inbox == sent
    assert peer.inbox == [], "where it comes from they have it"


@pytest.mark.parametrize("why", ["no proof", "not public", "no answer", "blocked", "passed on"])
async def test_what_does_not_go_on(server: Node, why: str) -> None:
    post, peer, eve, key, far, fan = await _stage(server)
    addressed = {"to": [eve["followers"], post["account"]["uri"]], "cc": []} if why == "not public" else {}
    note = peer.note(eve, "n", inReplyTo=None if why == "no answer" else post["uri"], **addressed)
    document = peer.create(note) if why == "no proof" else peer.proven(peer.create(note), key)
    if why == "blocked":
        alice = await server.person("mod")
        found = await alice.get("/api/v2/search", q="eve@peer.test", type="accounts", resolve="true")
        async with server.db.transaction() as conn:
            await conn.execute(
                "insert into blocks (id, account_id, target_id) select timestamp_id(), $1, $2",
                int(post["account"]["id"]), int(found["accounts"][0]["id"]),
            )  # fmt: skip
    if why == "passed on":
        await far.send(server, document, fan)
    else:
        await peer.send(server, document, eve)
    await drain(server)
    assert far.inbox == []


async def test_a_deletion_goes_on_once_however_often_it_is_begun_again(server: Node) -> None:
    post, peer, eve, key, far, _ = await _stage(server)
    note = peer.note(eve, "n", inReplyTo=post["uri"])
    await peer.send(server, peer.proven(peer.create(note), key), eve)
    await drain(server)
    far.inbox.clear()
    delete = peer.proven(peer.activity("Delete", eve, note["id"], "d", to=[PUBLIC]), key)
    for table in ("activities", "statuses"):  # it fails before it was passed on, and then before the post is gone
        async with server.db.transaction() as conn:
            await conn.execute(
                f"""
                create or replace function fails() returns trigger language plpgsql as 'begin raise ''no''; end';
                create trigger fails before {"insert" if table == "activities" else "delete"} on {table}
                    for each row execute function fails()
                """
            )
        if table == "activities":
            await peer.send(server, delete, eve)
        await drain(server)
        async with server.db.transaction() as conn:
            await conn.execute(f"drop trigger fails on {table}")
            await conn.execute("update jobs set run_at = now() where name = 'inbox'")
    await drain(server)
    assert far.inbox == [delete]
    assert (await server.client.get(f"/api/v1/statuses/{post['id']}/context")).json()["descendants"] == []
