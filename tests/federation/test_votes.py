"""Votes that leave for the server of the poll."""

from datetime import UTC, datetime, timedelta

import pytest

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
