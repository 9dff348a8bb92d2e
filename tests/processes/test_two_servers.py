"""What the whole is for: two servers in two processes, over real sockets, and the answer arrives live."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.database import Databases
from tests.support.live import socket
from tests.support.pictures import picture
from tests.support.processes import ProcessNode, eventually, process
from tests.support.servers import Person

pytestmark = pytest.mark.anyio

Pair = tuple[ProcessNode, ProcessNode]


@pytest.fixture(scope="module")
async def pair(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """The two of all these tests. For them, 127.0.0.1 is another host than localhost."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    async with (
        process("localhost", await databases.take(), one) as a,
        process("127.0.0.1", await databases.take(), other) as b,
    ):
        yield a, b
    databases.release()


async def people(pair: Pair, test: str) -> tuple[Person, Person]:
    """An alice and a bob of this test, each on a server, who follow each other."""
    a, b = pair
    alice, bob = await a.person(f"alice_{test}"), await b.person(f"bob_{test}")
    for one, other in ((alice, bob), (bob, alice)):
        await one.follow(other)
    for one, other in ((alice, bob), (bob, alice)):
        account = await one.finds(other)

        async def follows(one: Person = one, account: Any = account) -> bool:
            [seen] = await one.get("/api/v1/accounts/relationships", id=account["id"])
            return bool(seen["following"] and seen["followed_by"])

        await eventually(follows)
    return alice, bob


async def test_an_answer_arrives_live_on_another_server(pair: Pair) -> None:
    alice, bob = await people(pair, "answer")
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


async def test_what_people_do_with_posts_crosses_over(pair: Pair) -> None:
    alice, bob = await people(pair, "posts")
    post = await alice.posts("About #cats, first version")

    async def arrived() -> Any:
        return next((seen for seen in await bob.home() if seen["uri"] == post["uri"]), None)

    seen = await eventually(arrived)
    assert [tag["name"] for tag in seen["tags"]] == ["cats"]
    async with socket(alice, "user") as at_alice, socket(bob, "user") as at_bob:
        await bob.post(f"/api/v1/statuses/{seen['id']}/favourite")
        liked = await at_alice.event("notification", lambda each: each["type"] == "favourite")
        assert liked["status"]["id"] == post["id"]
        await bob.post(f"/api/v1/statuses/{seen['id']}/reblog")
        boosted = await at_alice.event("notification", lambda each: each["type"] == "reblog")
        assert boosted["account"]["acct"] == bob.handle
        shown = await alice.get(f"/api/v1/statuses/{post['id']}")
        assert (shown["favourites_count"], shown["reblogs_count"]) == (1, 1)

        await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "Second version"})
        edited = await at_bob.event("status.update", lambda each: each["uri"] == post["uri"])
        assert "Second version" in edited["content"]
        assert edited["edited_at"] is not None

        await bob.post(f"/api/v1/statuses/{seen['id']}/unfavourite")

        async def unliked() -> bool:
            return bool((await alice.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 0)

        await eventually(unliked)
        await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
        await at_bob.event("delete", lambda each: each == seen["id"])
    await bob.api("GET", f"/api/v1/statuses/{seen['id']}", status=404)


async def test_a_vote_is_counted_on_the_other_server(pair: Pair) -> None:
    alice, bob = await people(pair, "vote")
    post = await alice.posts("Which?", poll={"options": ["this", "that"], "expires_in": 3600})

    async def arrived() -> Any:
        return next((seen for seen in await bob.home() if seen["uri"] == post["uri"]), None)

    seen = await eventually(arrived)
    voted = await bob.post(f"/api/v1/polls/{seen['poll']['id']}/votes", {"choices": [1]})
    assert voted["own_votes"] == [1]

    async def counted() -> bool:
        poll = await alice.get(f"/api/v1/polls/{post['poll']['id']}")
        return [option["votes_count"] for option in poll["options"]] == [0, 1]

    await eventually(counted)


async def test_a_conversation_between_two_stays_between_them(pair: Pair) -> None:
    alice, bob = await people(pair, "direct")
    eve = await bob.node.person("eve")
    await eve.follow(alice)
    async with socket(bob, "direct") as at_bob, socket(eve, "user", "public", "direct") as at_eve:
        post = await alice.posts(f"@{bob.handle} between us", visibility="direct")
        told = await at_bob.event("conversation")
        assert told["last_status"]["uri"] == post["uri"]
        public = await alice.posts("for all")
        await at_eve.event("update", lambda each: each["uri"] == public["uri"], stream="public")
        assert all(post["uri"] not in str(message) for message in await at_eve.quiet())
    await eve.api("GET", f"/api/v1/statuses/{told['last_status']['id']}", status=404)


async def test_a_picture_and_its_description_are_seen_on_the_other_server(pair: Pair) -> None:
    alice, bob = await people(pair, "picture")
    files = {"file": ("cat.png", picture("PNG"), "image/png")}
    media = await alice.api("POST", "/api/v2/media", files=files, data={"description": "a red square"})
    post = await alice.posts("look", media_ids=[media["id"]])

    async def arrived() -> Any:
        return next((seen for seen in await bob.home() if seen["uri"] == post["uri"]), None)

    [attachment] = (await eventually(arrived))["media_attachments"]
    assert attachment["description"] == "a red square"
    assert (attachment["meta"]["original"]["width"], attachment["meta"]["original"]["height"]) == (64, 48)
    async with httpx.AsyncClient() as client:
        assert (await client.get(attachment["url"])).headers["content-type"] == "image/png"
