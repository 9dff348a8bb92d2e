"""Whatever an activity about actors and what is between them looks like, it is handled or dropped; nothing sticks."""

import asyncio
from typing import Any

import pytest

from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

KINDS = (
    "Move", "Announce", "Flag", "Undo", "Add", "Remove", "Accept", "Follow", "Delete",
)  # fmt: skip


def _objects(pat: str, ours: str, post: str) -> list[Any]:
    """What stands where an object is expected."""
    like = {"type": "Like", "id": "https://peer.test/likes/1", "actor": pat, "object": post}
    return [
        None,
        [],
        {},
        "",
        5,
        True,
        "not an address",
        "at://did:plc:x",
        "https://gone.test/1",
        pat,
        ours,
        post,
        PUBLIC,
        {"type": "Note"},
        {"type": "Hashtag"},
        {"type": "Tombstone", "id": post},
        {"id": None, "type": ["Like", "Bite"]},
        [post, {"type": "Note", "id": post}, None, [ours]],
        like,
        {**like, "object": None},
        {**like, "actor": {"id": 5}},
        {"type": "Undo", "actor": pat, "object": like},
        {"type": "Undo", "object": {"type": "Delete", "object": post}},
        {"type": "Announce", "actor": pat, "object": {"type": "Create", "object": {"type": "Note", "id": post}}},
        {"type": "Create", "actor": pat, "object": {"type": "Note", "id": "https://peer.test/n", "inReplyTo": [[]]}},
        {"type": "Create", "actor": ours, "object": {"type": "Note", "id": post, "attributedTo": ours}},
        {"type": "Delete", "actor": pat, "object": [post]},
        {"type": "Accept", "object": {"object": {"type": "Follow"}}},
        {"type": "Follow", "actor": ours, "object": pat},
        {"type": "Update", "object": {"type": "Group", "id": pat}},
    ]


async def test_odd_objects_are_no_trouble(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("hello")
    peer = Puppet(server.network, "peer.test")
    pat = peer.actor("pat", type="Group")
    found = await alice.get("/api/v2/search", q="@pat@peer.test", type="accounts", resolve="true")
    await alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    await drain(server)
    [asked] = peer.inbox
    await peer.send(server, peer.activity("Accept", pat, asked, "accept"), pat)
    number = 0
    for activity in KINDS:
        sending = []
        for obj in _objects(pat["id"], alice.uri, post["uri"]):
            number += 1
            target = [None, obj, pat["id"]][number % 3]
            document = peer.activity(activity, pat, obj, str(number), target=target, to=[PUBLIC], content=obj)
            sending.append(peer.send(server, document, pat))
        assert {response.status_code for response in await asyncio.gather(*sending)} <= {202, 400}
        await drain(server)
    async with server.db.read() as conn:
        left = await conn.fetch("select last_error from jobs where queue in ('inbox', 'event')")
    assert [row[0] for row in left if not str(row[0]).endswith("does not answer")] == []
    other = peer.actor("other")
    await peer.send(server, peer.create(peer.note(other, "valid", to=[PUBLIC, alice.uri])), other)
    await drain(server)
    assert (await alice.sees("https://peer.test/notes/valid"))["account"]["acct"] == "other@peer.test"
