"""Who knows no more of a post than its address learns nothing by answering, quoting or remembering it."""

from typing import Any

import pytest

from tests.security.conftest import Stage
from tests.support.puppet import JSON
from tests.support.servers import Person, drain

pytestmark = pytest.mark.anyio

STATUSES = "/api/v1/statuses"


async def _forges(stage: Stage, uri: str) -> None:
    """Mallory answers and quotes a post of which he has the address alone. Both are stored: they are public."""
    for name, more in (("answer", {"inReplyTo": uri}), ("quote", {"quote": uri}), ("old", {"quoteUrl": uri})):
        note = stage.evil.note(stage.mallory, f"{name}-{uri.rpartition('/')[2]}", **more)
        await stage.evil.send(stage.server, stage.evil.create(note), stage.mallory)
        await drain(stage.server)
        assert await stage.alice.sees(note["id"])
    stage.evil.inbox.clear()


async def _later(stage: Stage) -> None:
    """What waits for its time, such as new counts of polls, too."""
    await drain(stage.server)
    async with stage.server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where name = 'poll_counts'")
    await drain(stage.server)


async def _fan(stage: Stage, name: str) -> JSON:
    """A follower of Alice's at puppet.test."""
    fan = stage.puppet.actor(name)
    await stage.puppet.send(stage.server, stage.puppet.activity("Follow", fan, stage.alice.uri, f"f-{name}"), fan)
    await drain(stage.server)
    stage.puppet.inbox.clear()
    return fan


async def _account(person: Person, handle: str) -> Any:
    found = await person.get("/api/v2/search", q=handle, type="accounts", resolve="true")
    return found["accounts"][0]


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_whoever_answers_or_quotes_what_they_may_not_read_hears_nothing_of_it(
    stage: Stage, visibility: str
) -> None:
    friend = await stage.server.person("friend")
    await friend.follow(stage.alice)
    post = await stage.alice.posts(
        "secret, dear @friend @pat@puppet.test", visibility=visibility,
        poll={"options": ["a", "b"], "expires_in": 3600},
    )  # fmt: skip
    await drain(stage.server)
    await _forges(stage, post["uri"])
    await friend.post(f"/api/v1/polls/{post['poll']['id']}/votes", {"choices": [0]})
    await _later(stage)
    poll = {"options": ["a", "b"], "expires_in": 3600}
    await stage.alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "more secrets", "poll": poll})
    await _later(stage)
    await stage.alice.api("DELETE", f"{STATUSES}/{post['id']}")
    await _later(stage)
    assert stage.evil.inbox == []
    kinds = [sent["type"] for sent in stage.puppet.inbox if sent["actor"] == stage.alice.uri]
    assert kinds[-4:] == ["Create", "Update", "Update", "Delete"], "who is named hears everything"
    delete = stage.puppet.inbox[-1]
    assert stage.mallory["id"] not in (*delete["to"], *delete["cc"])


async def test_whoever_answers_or_quotes_a_public_post_hears_of_edits(stage: Stage) -> None:
    post = await stage.alice.posts("hello")
    await drain(stage.server)
    await _forges(stage, post["uri"])
    await stage.alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "hello again"})
    await drain(stage.server)
    await stage.alice.api("DELETE", f"{STATUSES}/{post['id']}")
    await drain(stage.server)
    assert [sent["type"] for sent in stage.evil.inbox] == ["Update", "Delete"]


@pytest.mark.parametrize("verb", ["block", "remove_from_followers"])
async def test_whoever_was_a_follower_gets_no_edits_of_what_they_liked(stage: Stage, verb: str) -> None:
    fan = await _fan(stage, "fan")
    post = await stage.alice.posts("for followers", visibility="private")
    await drain(stage.server)
    await stage.puppet.send(stage.server, stage.puppet.activity("Like", fan, post["uri"], "like"), fan)
    await drain(stage.server)
    account = await _account(stage.alice, "@fan@puppet.test")
    await stage.alice.post(f"/api/v1/accounts/{account['id']}/{verb}")
    await drain(stage.server)
    stage.puppet.inbox.clear()
    await stage.alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "not for you"})
    await drain(stage.server)
    assert stage.puppet.inbox == []
    await stage.alice.api("DELETE", f"{STATUSES}/{post['id']}")
    await drain(stage.server)
    assert [sent["type"] for sent in stage.puppet.inbox] == ["Delete"], "what they still have is to go"


@pytest.mark.parametrize("visibility", ["public", "private", "direct"])
async def test_whoever_is_blocked_gets_no_edits_of_what_named_them(stage: Stage, visibility: str) -> None:
    post = await stage.alice.posts("hello @pat@puppet.test", visibility=visibility)
    await drain(stage.server)
    account = await _account(stage.alice, "@pat@puppet.test")
    await stage.alice.post(f"/api/v1/accounts/{account['id']}/block")
    await drain(stage.server)
    stage.puppet.inbox.clear()
    await stage.alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "not for you @pat@puppet.test"})
    await stage.alice.posts("nor is this @pat@puppet.test", visibility=visibility)
    await drain(stage.server)
    assert stage.puppet.inbox == []
