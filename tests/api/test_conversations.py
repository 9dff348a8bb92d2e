"""Direct conversations, as each of those who talk sees them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fedi.effects.context import TOPIC
from storage import conversations
from tests.support import factories
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio


async def open_person(server: Node, name: str) -> Person:
    """Somebody who hears from everybody."""
    person = await server.person(name)
    await person.welcomes()
    return person


async def whispers(person: Person, text: str, **more: Any) -> Any:
    return await person.posts(text, visibility="direct", **more)


async def listed(person: Person) -> list[tuple[list[str], str, bool]]:
    """(people, last words, unread)"""
    rows = await person.get("/api/v1/conversations")
    return [(sorted(each["acct"] for each in row["accounts"]), row["last_status"]["id"], row["unread"]) for row in rows]


async def test_a_direct_post_begins_a_conversation_for_each_of_its_people(server: Node) -> None:
    alice, bob, carol = (
        await open_person(server, "alice"),
        await open_person(server, "bob"),
        await open_person(server, "carol"),
    )
    await alice.posts("@bob in public")
    post = await whispers(alice, "@bob hello")
    await server.drain()
    assert await listed(alice) == [(["bob"], post["id"], False)]
    assert await listed(bob) == [(["alice"], post["id"], True)]
    assert await listed(carol) == []


async def test_an_answer_moves_the_conversation_on_and_up(server: Node) -> None:
    alice, bob, carol = (
        await open_person(server, "alice"),
        await open_person(server, "bob"),
        await open_person(server, "carol"),
    )
    first = await whispers(alice, "@bob hello")
    await server.drain()
    other = await whispers(alice, "@carol hello")
    await server.drain()
    answer = await whispers(bob, "@alice hello yourself", in_reply_to_id=first["id"])
    await server.drain()
    assert await listed(alice) == [(["bob"], answer["id"], True), (["carol"], other["id"], False)]
    assert await listed(bob) == [(["alice"], answer["id"], False)]
    assert await listed(carol) == [(["alice"], other["id"], True)]


async def test_other_people_are_another_conversation(server: Node) -> None:
    alice, bob, carol = (
        await open_person(server, "alice"),
        await open_person(server, "bob"),
        await open_person(server, "carol"),
    )
    first = await whispers(alice, "@bob hello")
    both = await whispers(alice, "@bob @carol hello", in_reply_to_id=first["id"])
    await server.drain()
    assert await listed(bob) == [(["alice", "carol"], both["id"], True), (["alice"], first["id"], True)]
    assert await listed(carol) == [(["alice", "bob"], both["id"], True)]


async def test_who_talks_alone_is_the_only_participant(server: Node) -> None:
    alice = await open_person(server, "alice")
    post = await whispers(alice, "milk, bread")
    await server.drain()
    assert await listed(alice) == [(["alice"], post["id"], False)]


async def test_reading_and_unreading(server: Node) -> None:
    alice, bob = await open_person(server, "alice"), await open_person(server, "bob")
    await whispers(alice, "@bob hello")
    await server.drain()
    (row,) = await bob.get("/api/v1/conversations")
    read = await bob.post(f"/api/v1/conversations/{row['id']}/read")
    assert read == {**row, "unread": False}
    unread = await bob.api("POST", f"/api/v1/conversations/{row['id']}/unread")
    assert unread == row
    for verb in ("read", "unread"):
        await alice.post(f"/api/v1/conversations/{row['id']}/{verb}", status=404)


async def test_a_deleted_conversation_comes_back_with_the_next_post(server: Node) -> None:
    alice, bob = await open_person(server, "alice"), await open_person(server, "bob")
    first = await whispers(alice, "@bob hello")
    await server.drain()
    (row,) = await bob.get("/api/v1/conversations")
    await alice.api("DELETE", f"/api/v1/conversations/{row['id']}", status=404)
    assert await bob.api("DELETE", f"/api/v1/conversations/{row['id']}") == {}
    assert await listed(bob) == []
    assert len(await listed(alice)) == 1
    again = await whispers(alice, "@bob still there?", in_reply_to_id=first["id"])
    await server.drain()
    assert await listed(bob) == [(["alice"], again["id"], True)]


async def test_deleting_the_last_post_shows_the_one_before(server: Node) -> None:
    alice, bob = await open_person(server, "alice"), await open_person(server, "bob")
    first = await whispers(alice, "@bob hello")
    second = await whispers(alice, "@bob oops", in_reply_to_id=first["id"])
    await server.drain()
    await alice.api("DELETE", f"/api/v1/statuses/{second['id']}")
    await server.drain()
    assert await listed(bob) == [(["alice"], first["id"], True)]
    assert await listed(alice) == [(["bob"], first["id"], False)]
    await alice.api("DELETE", f"/api/v1/statuses/{first['id']}")
    await server.drain()
    assert await listed(bob) == await listed(alice) == []


async def test_who_was_muted_or_blocked_begins_no_conversation(server: Node) -> None:
    alice, bob, carol = (
        await open_person(server, "alice"),
        await open_person(server, "bob"),
        await open_person(server, "carol"),
    )
    await bob.post(f"/api/v1/accounts/{alice.id}/mute")
    await carol.post(f"/api/v1/accounts/{alice.id}/block")
    await whispers(alice, "@bob hello")
    await whispers(alice, "@carol hello")
    await server.drain()
    assert await listed(bob) == await listed(carol) == []


async def test_a_block_takes_conversations_off_the_list(server: Node) -> None:
    alice, bob = await open_person(server, "alice"), await open_person(server, "bob")
    await whispers(alice, "@bob hello")
    await server.drain()
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    await server.drain()
    assert await listed(bob) == []


async def test_a_muted_thread_stays_read(server: Node) -> None:
    alice, bob = await open_person(server, "alice"), await open_person(server, "bob")
    first = await whispers(alice, "@bob hello")
    await server.drain()
    (row,) = await bob.get("/api/v1/conversations")
    await bob.post(f"/api/v1/statuses/{first['id']}/mute")
    await bob.post(f"/api/v1/conversations/{row['id']}/read")
    second = await whispers(alice, "@bob hello?", in_reply_to_id=first["id"])
    await server.drain()
    assert await listed(bob) == [(["alice"], second["id"], False)]


async def test_somebody_named_by_an_edit_joins(server: Node) -> None:
    alice, bob, carol = (
        await open_person(server, "alice"),
        await open_person(server, "bob"),
        await open_person(server, "carol"),
    )
    post = await whispers(alice, "@bob hello")
    await server.drain()
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "@bob @carol hello"})
    await server.drain()
    assert await listed(carol) == [(["alice", "bob"], post["id"], True)]
    assert await listed(bob) == [(["alice"], post["id"], True)]


async def test_those_who_talk_are_told_live(server: Node) -> None:
    alice, bob = await open_person(server, "alice"), await open_person(server, "bob")
    await server.drain()
    heard: list[Any] = []
    server.app.bus.subscribe(TOPIC, heard.append)
    await whispers(alice, "@bob hello")
    await server.drain()
    live = sorted((list(each[0]), str(each[2])) for each in heard if each[1] == "conversation")
    expected = [([f"direct:{each.id}"], (await each.get("/api/v1/conversations"))[0]["id"]) for each in (alice, bob)]
    assert live == sorted(expected)


async def test_the_list_is_paged_by_last_posts(server: Node) -> None:
    alice = await open_person(server, "alice")
    people = [await open_person(server, f"person{number}") for number in range(5)]
    posts = [(await whispers(alice, f"@{person.username} hello"))["id"] for person in people]
    await server.drain()
    path, seen = "/api/v1/conversations?limit=2", []
    while path:
        response = await alice.call("GET", path)
        seen += [row["last_status"]["id"] for row in response.json()]
        path = response.links.get("next", {}).get("url", "")
    assert seen == posts[::-1]
    newer = await alice.get("/api/v1/conversations", min_id=posts[0], limit=2)
    assert [row["last_status"]["id"] for row in newer] == [posts[2], posts[1]]
    response = await alice.call("GET", f"/api/v1/conversations?limit=2&max_id={posts[1]}")
    assert f"min_id={posts[0]}" in response.links["prev"]["url"]
    assert "next" not in response.links


async def test_a_page_takes_few_queries(server: Node) -> None:
    alice = await open_person(server, "alice")
    for number in range(4):
        person = await open_person(server, f"person{number}")
        await whispers(person, "@alice hello")
    await server.drain()
    server.app.memory.pop("fedi.entities.bundle", None)
    with queries(at_most=7):  # one of them finds out who asks
        assert len(await listed(alice)) == 4


async def test_across_two_servers(servers: Callable[..., Awaitable[list[Node]]]) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await open_person(a, "alice"), await open_person(b, "bob")
    await alice.finds(bob)
    await whispers(alice, "@bob@b.test hello")
    await drain(a, b)
    (row,) = await bob.get("/api/v1/conversations")
    assert [each["acct"] for each in row["accounts"]] == ["alice@a.test"]
    assert row["unread"]
    answer = await whispers(bob, "@alice@a.test hello yourself", in_reply_to_id=row["last_status"]["id"])
    await drain(a, b)
    (row,) = await alice.get("/api/v1/conversations")
    assert (row["unread"], row["last_status"]["uri"]) == (True, answer["uri"])


async def test_answers_that_came_before_their_beginning_are_joined_to_it(server: Node) -> None:
    alice = await open_person(server, "alice")
    async with server.db.transaction() as conn:
        bob = await factories.remote(conn, "bob")
        beginning = "https://remote.test/users/bob/statuses/1"
        late = {"visibility": 3, "mentions": [alice.account_id], "in_reply_to_uri": beginning}
        answers = [await factories.status(conn, bob, **late) for _ in range(2)]
    await server.drain()
    assert len(await alice.get("/api/v1/conversations")) == 2
    async with server.db.transaction() as conn:
        mentions = [alice.account_id]
        first = await factories.status(conn, bob, visibility=3, mentions=mentions, uri=beginning, quiet=True)
    await server.drain()
    (row,) = await alice.get("/api/v1/conversations")
    assert row["unread"]
    async with server.db.read() as conn:
        kept = await conn.fetchval("select status_ids from conversations where account_id = $1", alice.account_id)
        assert kept == sorted([*answers, first])
        assert (await conversations.by_id(conn, alice.account_id, int(row["id"]))) is not None
