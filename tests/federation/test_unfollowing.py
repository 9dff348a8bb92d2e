"""Undo of a Follow: peers name the Follow by the id it had, by another, or not at all, and some use one id for ever."""

import itertools
from typing import Any

import pytest

from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

_NUMBERS = itertools.count()


@pytest.fixture
async def stage(server: Node) -> tuple[Node, Person, Puppet, dict[str, Any]]:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    return server, alice, puppet, puppet.actor("pat")


async def _followers(alice: Person) -> int:
    count: int = (await alice.get("/api/v1/accounts/verify_credentials"))["followers_count"]
    return count


async def _say(stage: Any, *documents: dict[str, Any]) -> None:
    server, _alice, puppet, pat = stage
    for document in documents:
        # As if each were sent in another second: the very same request counts once.
        await puppet.send(server, document, pat, extra={"X-Number": str(next(_NUMBERS))})
        await drain(server)


async def test_an_undo_that_comes_late_does_not_end_the_next_follow(stage: Any) -> None:
    _server, alice, puppet, pat = stage
    first, second = (puppet.activity("Follow", pat, alice.uri, name) for name in ("f1", "f2"))
    await _say(stage, first, second, puppet.activity("Undo", pat, first, "u1"))
    assert await _followers(alice) == 1
    await _say(stage, puppet.activity("Undo", pat, second, "u2"))
    assert await _followers(alice) == 0


@pytest.mark.parametrize("named", ["https://puppet.test/activities/never-sent", None])
async def test_an_undo_that_names_no_follow_we_know_means_the_one_there_is(stage: Any, named: str | None) -> None:
    _server, alice, puppet, pat = stage
    follow = puppet.activity("Follow", pat, alice.uri, "f")
    inner = {**follow, "id": named} if named else {key: value for key, value in follow.items() if key != "id"}
    await _say(stage, follow, puppet.activity("Undo", pat, inner, "u"))
    assert await _followers(alice) == 0


async def test_an_undo_may_give_nothing_but_the_id(stage: Any) -> None:
    _server, alice, puppet, pat = stage
    follow = puppet.activity("Follow", pat, alice.uri, "f")
    await _say(stage, follow, puppet.activity("Undo", pat, follow["id"], "u"))
    assert await _followers(alice) == 0


async def test_an_undo_that_comes_first_takes_its_follow_back(stage: Any) -> None:
    _server, alice, puppet, pat = stage
    first, second = (puppet.activity("Follow", pat, alice.uri, name) for name in ("f1", "f2"))
    await _say(stage, first, puppet.activity("Undo", pat, second, "u"), second)
    assert await _followers(alice) == 0


async def test_a_follow_may_come_again_under_its_old_id_once_it_has_ended(stage: Any) -> None:
    _server, alice, puppet, pat = stage
    follow = puppet.activity("Follow", pat, f"{alice.uri}", "always-the-same")
    await _say(stage, follow, puppet.activity("Undo", pat, follow, "u1"), follow)
    assert await _followers(alice) == 1
    account = (await alice.get(f"/api/v1/accounts/{alice.id}/followers"))[0]
    await alice.post(f"/api/v1/accounts/{account['id']}/remove_from_followers")
    await _say(stage, follow)
    assert await _followers(alice) == 1
    await alice.post(f"/api/v1/accounts/{account['id']}/block")
    await _say(stage, follow)
    await alice.post(f"/api/v1/accounts/{account['id']}/unblock")
    assert await _followers(alice) == 0
    await _say(stage, follow)
    assert await _followers(alice) == 1


async def test_nobody_else_ends_a_follow(stage: Any) -> None:
    server, alice, puppet, pat = stage
    follow = puppet.activity("Follow", pat, alice.uri, "f")
    await _say(stage, follow)
    mallory = puppet.actor("mallory")
    for number, inner in enumerate((follow, follow["id"], {**follow, "actor": mallory["id"]})):
        await puppet.send(server, puppet.activity("Undo", mallory, inner, f"m{number}"), mallory)
    await drain(server)
    assert await _followers(alice) == 1


@pytest.mark.parametrize("told", ["true", "false"])
async def test_whether_the_blocked_are_told_is_for_the_operator(servers: Any, told: str) -> None:
    [node] = await servers("example.test", send_blocks=told)
    far = Puppet(node.network, "far.test")
    alice, zed = await node.person("alice"), far.actor("zed")
    found = await alice.get("/api/v2/search", q="zed@far.test", type="accounts", resolve="true")
    path = f"/api/v1/accounts/{found['accounts'][0]['id']}"
    await alice.post(f"{path}/follow")
    await drain(node)
    await far.send(node, far.activity("Accept", zed, far.inbox[-1], "ok"), zed)
    await far.send(node, far.activity("Follow", zed, alice.uri, "follow"), zed)
    await drain(node)
    far.inbox.clear()
    await alice.post(f"{path}/block")
    await drain(node)
    sent = [(each["type"], each["object"]["type"]) for each in far.inbox if each["type"] != "Block"]
    assert sorted(sent) == [("Reject", "Follow"), ("Undo", "Follow")]
    assert (far.inbox[-1]["type"] == "Block") == (told == "true")
    far.inbox.clear()
    await alice.post(f"{path}/unblock")
    await drain(node)
    assert [each["object"]["type"] for each in far.inbox] == (["Block"] if told == "true" else [])
