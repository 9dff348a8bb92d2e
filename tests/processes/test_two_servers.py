"""What the whole is for: two servers in two processes, over real sockets, and the answer arrives live."""

from typing import Any

import pytest

from tests.support.live import socket
from tests.support.processes import Start, eventually
from tests.support.servers import Person

pytestmark = pytest.mark.anyio


async def people(start_process: Start) -> tuple[Person, Person]:
    """alice and bob, each on a server, who follow each other."""
    a, b = await start_process("localhost"), await start_process("127.0.0.1")
    alice, bob = await a.person("alice"), await b.person("bob")
    for one, other in ((alice, bob), (bob, alice)):
        await one.follow(other)
    for one, other in ((alice, bob), (bob, alice)):
        account = await one.finds(other)

        async def follows(one: Person = one, account: Any = account) -> bool:
            [seen] = await one.get("/api/v1/accounts/relationships", id=account["id"])
            return bool(seen["following"] and seen["followed_by"])

        await eventually(follows)
    return alice, bob


async def test_an_answer_arrives_live_on_another_server(start_process: Start) -> None:
    alice, bob = await people(start_process)
    post = await alice.posts("Is anybody out there?")

    async def arrived() -> Any:
        return await bob.home()

    [seen] = await eventually(arrived)
    assert seen["uri"] == post["uri"]
    assert seen["account"]["acct"] == alice.handle
    async with socket(alice, "user") as live:
        answer = await bob.replies(seen, "I am!")
        update = await live.event("update", lambda payload: payload["uri"] == answer["uri"])
        told = await live.event("notification")
    assert update["in_reply_to_id"] == post["id"]
    assert update["account"]["acct"] == bob.handle
    assert told["type"] == "mention"
    assert told["status"]["uri"] == answer["uri"]
