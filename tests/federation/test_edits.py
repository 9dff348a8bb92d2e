"""Edits as another of our servers sees them."""

import re
from collections.abc import Awaitable, Callable

import pytest

from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio


async def test_edits_made_within_one_second_all_arrive(servers: Callable[..., Awaitable[list[Node]]]) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    post = await alice.posts("version 0")
    await drain(a, b)
    for number in range(1, 4):
        await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": f"version {number}"})
        await drain(a, b)
        [seen] = await bob.home()
        assert re.sub("<[^>]+>", "", seen["content"]) == f"version {number}"
        assert seen["edited_at"] > seen["created_at"]
