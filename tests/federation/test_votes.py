"""Votes that leave for the server of the poll."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fedi.services import polls
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


async def test_a_vote_bears_the_moment_it_was_cast(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    options = [{"type": "Note", "name": name, "replies": {"totalItems": 0}} for name in ("tea", "milk")]
    asked = puppet.note(pat, "poll", type="Question", oneOf=options, published="2026-01-01T00:00:00Z",
                        endTime="2099-01-01T00:00:00Z")  # fmt: skip
    seen = await alice.sees(asked["id"])
    before = datetime.now(UTC).replace(microsecond=0)
    await alice.post(f"/api/v1/polls/{seen['poll']['id']}/votes", {"choices": [1]})
    await drain(server)
    [vote] = [activity["object"] for activity in puppet.inbox if activity["type"] == "Create"]
    assert (vote["name"], vote["inReplyTo"]) == ("milk", asked["id"])
    assert before <= datetime.fromisoformat(vote["published"]) <= before + timedelta(minutes=1)


def _poll(puppet: Puppet, pat: dict[str, Any], *votes: int, **more: Any) -> dict[str, Any]:
    options = [
        {"type": "Note", "name": name, "replies": {"totalItems": count}}
        for name, count in zip(("tea", "milk"), votes, strict=True)
    ]
    return puppet.note(
        pat, "poll", **{"type": "Question", "oneOf": options, "published": "2026-01-01T00:00:00Z", **more}
    )


async def test_a_poll_is_read_again_when_somebody_looks(server: Node) -> None:
    """Not every server tells of new counts (10.5.8)."""
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = _poll(puppet, pat, 1, 0, endTime=later)
    poll_id = (await alice.sees(asked["id"]))["poll"]["id"]

    async def counts() -> list[int]:
        poll = await alice.get(f"/api/v1/polls/{poll_id}")
        return [option["votes_count"] for option in poll["options"]]

    _poll(puppet, pat, 5, 6, endTime=later)
    assert await counts() == [1, 0]  # it was read a moment ago
    await _age(server, minutes=2)
    before = puppet.asked.count("/notes/poll")
    await asyncio.gather(counts(), counts())
    assert await counts() == [5, 6]
    assert puppet.asked.count("/notes/poll") == before + 1
    puppet.documents["/notes/poll"] = 503
    await _age(server, minutes=2)
    assert await counts() == [5, 6]


async def test_the_outcome_of_a_poll_is_asked_for(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    asked = _poll(puppet, pat, 0, 0, endTime="2099-01-01T00:00:00Z")
    poll = (await alice.sees(asked["id"]))["poll"]
    await alice.post(f"/api/v1/polls/{poll['id']}/votes", {"choices": [1]})
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update polls set expires_at = now()")
    await polls.sweep(server.app)
    _poll(puppet, pat, 3, 4, endTime="2026-01-02T00:00:00Z", closed="2026-01-02T00:00:00Z")
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where name = 'read_poll'")
    await drain(server)
    found = await alice.get(f"/api/v1/polls/{poll['id']}")
    assert ([option["votes_count"] for option in found["options"]], found["expired"]) == ([3, 4], True)


async def _age(server: Node, *, minutes: int) -> None:
    async with server.db.transaction() as conn:
        made = (
            "created_at = created_at - make_interval(mins => $1), fetched_at = fetched_at - make_interval(mins => $1)"
        )
        await conn.execute(f"update statuses set {made}", minutes)
        await conn.execute("update polls set fetched_at = fetched_at - make_interval(mins => $1)", minutes)
