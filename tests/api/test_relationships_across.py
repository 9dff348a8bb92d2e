"""What people do to people on other servers, seen from both."""

from typing import Any

import pytest

from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


async def between(one: Person, other: Person) -> set[str]:
    """What is true of the two, says the server of the one."""
    account = await one.finds(other)
    found = await one.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
    return {key for key, value in found[0].items() if value is True}


async def act(one: Person, verb: str, other: Person) -> Any:
    account = await one.finds(other)
    return await one.post(f"/api/v1/accounts/{account['id']}/{verb}")


@pytest.fixture
async def nodes(servers: Any) -> list[Node]:
    started: list[Node] = await servers("a.test", "b.test")
    return started


async def test_a_follow_is_asked_accepted_and_undone(nodes: list[Node]) -> None:
    a, b = nodes
    alice, bob = await a.person("alice"), await b.person("bob")
    asked = await act(alice, "follow", bob)
    assert (asked["following"], asked["requested"]) == (False, True)
    await drain(a, b)
    assert await between(alice, bob) == {"following", "showing_reblogs"}
    assert await between(bob, alice) == {"followed_by"}
    await act(alice, "unfollow", bob)
    await drain(a, b)
    assert await between(bob, alice) == set()


async def test_a_locked_account_decides_for_itself(nodes: list[Node]) -> None:
    a, b = nodes
    alice, bob = await a.person("alice"), await b.person("bob", locked=True)
    await act(alice, "follow", bob)
    await drain(a, b)
    (asking,) = await bob.get("/api/v1/follow_requests")
    assert asking["acct"] == "alice@a.test"
    await bob.post(f"/api/v1/follow_requests/{asking['id']}/authorize")
    await drain(a, b)
    assert "following" in await between(alice, bob)
    await bob.post(f"/api/v1/accounts/{asking['id']}/remove_from_followers")
    await drain(a, b)
    assert await between(alice, bob) == set()
    await act(alice, "follow", bob)
    await drain(a, b)
    await bob.post(f"/api/v1/follow_requests/{asking['id']}/reject")
    await drain(a, b)
    assert await between(alice, bob) == set()


async def test_a_block_reaches_the_other_server(nodes: list[Node]) -> None:
    a, b = nodes
    alice, bob = await a.person("alice"), await b.person("bob")
    await act(alice, "follow", bob)
    await act(bob, "follow", alice)
    await drain(a, b)
    assert await between(bob, alice) == {"following", "followed_by", "showing_reblogs"}
    await act(alice, "block", bob)
    await drain(a, b)
    assert await between(bob, alice) == {"blocked_by"}
    assert await between(alice, bob) == {"blocking"}
    await act(alice, "unblock", bob)
    await drain(a, b)
    assert await between(bob, alice) == set()


async def test_a_changed_profile_is_seen_elsewhere(nodes: list[Node]) -> None:
    a, b = nodes
    alice, bob = await a.person("alice"), await b.person("bob")
    await act(bob, "follow", alice)
    await drain(a, b)
    await alice.api(
        "PATCH", "/api/v1/accounts/update_credentials",
        json={
            "display_name": "Alice A.", "note": "Hi @alice", "fields_attributes": [{"name": "n", "value": "v"}],
            "bot": True,
        },
    )  # fmt: skip
    await drain(a, b)
    seen = await bob.finds(alice)
    assert (seen["display_name"], seen["bot"], seen["fields"][0]["value"]) == ("Alice A.", True, "v")
    assert 'href="https://a.test/@alice"' in seen["note"]
