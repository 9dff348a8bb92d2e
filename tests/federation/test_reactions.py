"""Reactions between servers, in every dialect: Misskey's Like, litepub's EmojiReact, and their Undo."""

from typing import Any

import pytest

from storage import hosts
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

BLOBCAT = {"type": "Emoji", "id": None, "name": ":blobcat:", "icon": {"type": "Image", "url": "https://far.test/b.png"}}


async def scene(servers: Any) -> tuple[Node, Puppet, Person, Any, Any]:
    [node] = await servers("example.test")
    far = Puppet(node.network, "far.test")
    alice = await node.person("alice")
    return node, far, alice, far.actor("zed"), await alice.posts("hello")


async def shown(person: Person, status: Any) -> list[tuple[str, int]]:
    status = await person.get(f"/api/v1/statuses/{status['id']}")
    return [(each["name"], each["count"]) for each in status["reactions"]]


async def test_every_dialect_is_read_and_taken_back(servers: Any) -> None:
    node, far, alice, zed, status = await scene(servers)
    given = [
        far.activity("EmojiReact", zed, status["uri"], "r1", content="👍"),
        far.activity("litepub:EmojiReact", zed, {"id": status["uri"]}, "r2", content=":blobcat:", tag=[BLOBCAT]),
        far.activity("Like", zed, status["uri"], "r3", _misskey_reaction="🎉"),
        far.activity("Like", zed, status["uri"], "r4", content=":sad@.:", tag={**BLOBCAT, "name": "sad"}),
    ]
    for document in (*given, *given):
        assert (await far.send(node, document, zed)).status_code == 202
        await drain(node)
    names = ["👍", "blobcat@far.test", "🎉", "sad@far.test"]
    assert await shown(alice, status) == [(name, 1) for name in names]
    found = await alice.get(f"/api/v1/statuses/{status['id']}")
    assert found["reactions"][1]["url"] == "https://far.test/b.png"
    assert found["favourites_count"] == 0
    told = await alice.get("/api/v1/notifications", **{"types[]": "pleroma:emoji_reaction"})
    assert [each["emoji"] for each in told] == list(reversed(names))
    for number, document in enumerate(given):
        undone: Any = document if number % 2 else document["id"]
        if number == 3:  # by another id than it had, as some do
            undone = {**document, "id": "https://far.test/activities/other"}
        await far.send(node, far.activity("Undo", zed, undone, f"u{number}"), zed)
        await drain(node)
        assert await shown(alice, status) == [(name, 1) for name in names[number + 1 :]]
    assert await alice.notifications() == []


async def test_what_carries_no_emoji_is_a_favourite_or_nothing(servers: Any) -> None:
    node, far, alice, zed, status = await scene(servers)
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("EmojiReact", {}),
        ("EmojiReact", {"content": "<script>alert(1)</script>"}),
        ("EmojiReact", {"content": ["x", {"y": None}]}),
        ("Dislike", {"content": "👍"}),
        ("Like", {"content": "what a post!", "summary": "zed liked it"}),
    ]
    for number, (kind, more) in enumerate(kinds):
        await far.send(node, far.activity(kind, zed, status["uri"], f"r{number}", **more), zed)
    await drain(node)
    assert await shown(alice, status) == []
    assert (await alice.get(f"/api/v1/statuses/{status['id']}"))["favourites_count"] == 1


async def test_an_undo_that_comes_first_counts_and_nobody_undoes_for_others(servers: Any) -> None:
    node, far, alice, zed, status = await scene(servers)
    early = far.activity("EmojiReact", zed, status["uri"], "early", content="👍")
    await far.send(node, far.activity("Undo", zed, early, "u1"), zed)
    await drain(node)
    await far.send(node, early, zed)
    late = far.activity("EmojiReact", zed, status["uri"], "late", content="👍")
    await far.send(node, late, zed)
    await drain(node)
    assert await shown(alice, status) == [("👍", 1)]
    eve = far.actor("eve")
    await far.send(node, far.activity("Undo", eve, late, "u2"), eve)
    await far.send(node, far.activity("Undo", eve, late["id"], "u3"), eve)
    await drain(node)
    assert await shown(alice, status) == [("👍", 1)]


async def test_nobody_paints_the_emojis_of_a_third_server(servers: Any) -> None:
    node, far, alice, zed, status = await scene(servers)
    forged = far.activity(
        "Like", zed, status["uri"], "r1", content=":logo@bank.test:", tag=[{**BLOBCAT, "name": "logo"}]
    )
    await far.send(node, forged, zed)
    await drain(node)
    assert await shown(alice, status) == [("logo@far.test", 1)]
    async with node.db.read() as conn:
        assert await conn.fetchval("select count(*) from custom_emojis where domain = 'bank.test'") == 0


async def test_a_flood_of_different_ones_ends(servers: Any) -> None:
    node, far, alice, zed, status = await scene(servers)
    for number in range(25):
        emoji = chr(0x1F600 + number)
        await far.send(node, far.activity("EmojiReact", zed, status["uri"], f"r{number}", content=emoji), zed)
    await drain(node)
    assert len(await shown(alice, status)) == 20


async def test_posts_that_are_not_theirs_to_see_take_no_reaction(servers: Any) -> None:
    node, far, alice, zed, _ = await scene(servers)
    secret = await alice.posts("mine", visibility="private")
    await far.send(node, far.activity("EmojiReact", zed, secret["uri"], "r1", content="👍"), zed)
    await drain(node)
    assert await shown(alice, secret) == []


async def remote_post(node: Node, far: Puppet, alice: Person, zed: Any) -> Any:
    note = far.note(zed, "one")
    return await alice.sees(note["id"])


async def test_ours_leave_as_a_like_that_every_server_understands(servers: Any) -> None:
    node, far, alice, zed, _ = await scene(servers)
    status = await remote_post(node, far, alice, zed)
    await alice.post(f"/api/v1/statuses/{status['id']}/favourite")
    await alice.api("PUT", f"/api/v1/pleroma/statuses/{status['id']}/reactions/🎉")
    await drain(node)
    favourite, like = far.inbox
    assert (like["type"], like["content"], like["_misskey_reaction"], like["tag"]) == ("Like", "🎉", "🎉", [])
    assert (like["object"], like["to"]) == (status["uri"], [zed["id"]])
    await alice.api("DELETE", f"/api/v1/pleroma/statuses/{status['id']}/reactions/🎉")
    await drain(node)
    # Where a person has one Like, the Undo took the favourite with it.
    undo, again = far.inbox[2:]
    assert (undo["type"], undo["object"]["id"], undo["object"]["content"]) == ("Undo", like["id"], "🎉")
    assert again["id"] != favourite["id"]
    assert {**again, "id": favourite["id"]} == favourite
    await alice.post(f"/api/v1/statuses/{status['id']}/unfavourite")
    await drain(node)
    assert far.inbox[-1]["object"]["id"] == again["id"]


async def test_litepub_gets_an_emoji_react(servers: Any) -> None:
    node, far, alice, zed, _ = await scene(servers)
    status = await remote_post(node, far, alice, zed)
    async with node.db.transaction() as conn:
        await hosts.set_software(conn, "far.test", "akkoma", "3.10")
    await alice.api("PUT", f"/api/v1/pleroma/statuses/{status['id']}/reactions/🎉")
    await drain(node)
    await alice.api("DELETE", f"/api/v1/pleroma/statuses/{status['id']}/reactions/🎉")
    await drain(node)
    reaction, undo = far.inbox
    assert (reaction["type"], reaction["content"]) == ("EmojiReact", "🎉")
    assert "_misskey_reaction" not in reaction
    assert (undo["object"]["type"], undo["object"]["id"]) == ("EmojiReact", reaction["id"])


async def test_an_emoji_of_another_server_can_be_given_once_it_is_known(servers: Any) -> None:
    node, far, alice, zed, mine = await scene(servers)
    await far.send(node, far.activity("Like", zed, mine["uri"], "r1", content=":blobcat:", tag=[BLOBCAT]), zed)
    await drain(node)
    status = await remote_post(node, far, alice, zed)
    await alice.api("PUT", f"/api/v1/pleroma/statuses/{status['id']}/reactions/blobcat@far.test")
    await drain(node)
    [like] = far.inbox
    assert like["content"] == ":blobcat:"
    assert like["tag"] == [
        {"type": "Emoji", "name": ":blobcat:", "icon": {"type": "Image", "url": "https://far.test/b.png"}}
    ]
