"""Whose notifications are heard, put aside or dropped; letting in those who wait, and sending them away."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from storage import notification_requests
from tests.support import factories, live
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
V1, V2 = "/api/v1/notifications", "/api/v2/notifications"
REQUESTS = f"{V1}/requests"


@pytest.fixture
async def address(server: Node) -> AsyncIterator[str]:
    async with live.listening(server) as found:
        yield found


async def people(server: Node, *names: str) -> list[Person]:
    return [await server.person(name) for name in names]


async def decides(person: Person, **choices: str) -> Any:
    return await person.api("PATCH", f"{V2}/policy", json={f"for_{name}": value for name, value in choices.items()})


async def told(person: Person, **params: Any) -> list[tuple[str, str]]:
    """(type, who), newest first."""
    return [(each["type"], each["account"]["acct"]) for each in await person.get(V1, **params)]


async def waiting(person: Person) -> list[tuple[str, str]]:
    """(who, how many), newest first."""
    return [(each["account"]["acct"], each["notifications_count"]) for each in await person.get(REQUESTS)]


async def changed(server: Node, statement: str, *values: Any) -> None:
    async with server.db.transaction() as conn:
        await conn.execute(statement, *values)


# ------------------------------------------------------------ the policy itself


async def test_a_policy_begins_as_in_mastodon_and_changes_by_parts(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    begun = await alice.get(f"{V2}/policy")
    assert begun == {
        "for_not_following": "accept",
        "for_not_followers": "accept",
        "for_new_accounts": "accept",
        "for_private_mentions": "filter",
        "for_limited_accounts": "filter",
        "for_bots": "accept",
        "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
    }
    assert await decides(alice, bots="drop") == {**begun, "for_bots": "drop"}
    assert await decides(alice, new_accounts="filter") == {**begun, "for_bots": "drop", "for_new_accounts": "filter"}
    await alice.api("PUT", f"{V2}/policy", json={"for_bots": "sometimes"}, status=422)
    assert await alice.api("PUT", f"{V2}/policy", json={"for_bots": None}) == await alice.get(f"{V2}/policy")
    assert await bob.get(f"{V2}/policy") == begun


async def test_the_first_version_knows_only_yes_and_no(server: Node) -> None:
    alice = await server.person("alice")
    await decides(alice, not_followers="drop", limited_accounts="drop")
    assert await alice.get(f"{V1}/policy") == {
        "filter_not_following": False,
        "filter_not_followers": True,
        "filter_new_accounts": False,
        "filter_private_mentions": True,
        "summary": {"pending_requests_count": 0, "pending_notifications_count": 0},
    }
    await alice.api("PUT", f"{V1}/policy", json={"filter_not_following": True, "filter_private_mentions": False})
    found = await alice.get(f"{V2}/policy")
    assert (found["for_not_following"], found["for_private_mentions"]) == ("filter", "accept")
    assert (found["for_not_followers"], found["for_limited_accounts"]) == ("drop", "drop")


# ------------------------------------------------------------ what it does


@pytest.mark.parametrize("choice", ["accept", "filter", "drop"])
async def test_of_people_one_does_not_follow(server: Node, choice: str) -> None:
    alice, friend, stranger = await people(server, "alice", "friend", "stranger")
    await alice.follow(friend)
    await decides(alice, not_following=choice)
    post = await alice.posts("hello")
    for each in (friend, stranger):
        await each.posts("@alice hello")
        await each.post(f"/api/v1/statuses/{post['id']}/favourite")
        await drain(server)
    hers = [("favourite", "friend"), ("mention", "friend")]
    theirs = [("favourite", "stranger"), ("mention", "stranger")]
    assert await told(alice) == (theirs + hers if choice == "accept" else hers)
    assert await told(alice, include_filtered=True) == (hers if choice == "drop" else theirs + hers)
    assert await waiting(alice) == ([("stranger", "1")] if choice == "filter" else [])
    assert await alice.get(f"{V1}/unread_count") == {"count": 4 if choice == "accept" else 2}
    assert await alice.get(f"{V2}/unread_count") == {"count": 3 if choice == "accept" else 2}
    assert len((await alice.get(V2))["notification_groups"]) == (3 if choice == "accept" else 2)


async def test_of_people_who_do_not_follow_one_or_only_since_yesterday(server: Node) -> None:
    alice, old, new, none = await people(server, "alice", "old", "new", "none")
    await decides(alice, not_followers="filter")
    for each in (old, new):
        await each.follow(alice)
    await changed(
        server, "update follows set created_at = now() - interval '4 days' where account_id = $1", old.account_id
    )
    await drain(server)
    await alice.post(f"{V1}/clear")
    await alice.follow(none)  # whom one follows is not exempt from this
    for each in (old, new, none):
        await each.posts("@alice hello")
    await drain(server)
    assert await told(alice) == [("mention", "old")]


async def test_of_new_accounts(server: Node) -> None:
    alice, old, new, friend = await people(server, "alice", "old", "new", "friend")
    await changed(server, "update accounts set created_at = now() - interval '31 days' where id = $1", old.account_id)
    await alice.follow(friend)
    await decides(alice, new_accounts="drop")
    for each in (old, new, friend):
        await each.posts("@alice hello")
        await drain(server)
    assert await told(alice) == [("mention", "friend"), ("mention", "old")]


async def test_of_bots(server: Node) -> None:
    alice, person = await people(server, "alice", "person")
    bot, friend = await server.person("bot", bot=True), await server.person("friend", bot=True)
    await alice.follow(friend)
    await decides(alice, bots="filter")
    for each in (person, bot, friend):
        await each.posts("@alice hello")
        await drain(server)
    assert await told(alice) == [("mention", "friend"), ("mention", "person")]
    assert await waiting(alice) == [("bot", "1")]


async def test_of_limited_people(server: Node) -> None:
    alice, bob, friend = await people(server, "alice", "bob", "friend")
    await alice.follow(friend)
    await changed(
        server, "update accounts set silenced_at = now() where id = any($1)", [bob.account_id, friend.account_id]
    )
    for each in (bob, friend):
        await each.posts("@alice hello")
    await drain(server)
    assert await told(alice) == [("mention", "friend")]
    assert await waiting(alice) == [("bob", "1")]
    await decides(alice, limited_accounts="accept")
    await bob.posts("@alice hello again")
    await drain(server)
    assert await told(alice) == [("mention", "bob"), ("mention", "friend")]


async def test_a_private_mention_waits_unless_it_answers_one(server: Node) -> None:
    alice, stranger, asked, friend = await people(server, "alice", "stranger", "asked", "friend")
    await alice.follow(friend)
    question = await alice.posts("@asked psst", visibility="direct")
    thanks = await asked.posts("hm", visibility="direct", in_reply_to_id=question["id"])
    await asked.posts("@alice deeper down", visibility="direct", in_reply_to_id=thanks["id"])
    await asked.posts("@alice out of the blue", visibility="direct")
    await friend.posts("@alice psst", visibility="direct")
    await stranger.posts("@alice psst", visibility="direct")
    await stranger.posts("@alice in public")
    await drain(server)
    assert await told(alice) == [("mention", "stranger"), ("mention", "friend"), ("mention", "asked")]
    assert sorted(await waiting(alice)) == [("asked", "1"), ("stranger", "1")]


async def test_an_answer_to_a_public_post_is_no_answer_in_private(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    question = await alice.posts("@bob what do you think?")
    await bob.posts("@alice psst", visibility="direct", in_reply_to_id=question["id"])
    await drain(server)
    assert await told(alice) == []
    assert await waiting(alice) == [("bob", "1")]


async def test_what_was_put_aside_is_no_conversation_yet(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    post = await bob.posts("@alice psst", visibility="direct")
    await drain(server)
    assert await alice.get("/api/v1/conversations") == []
    assert len(await bob.get("/api/v1/conversations")) == 1
    [request] = await alice.get(REQUESTS)
    assert request["last_status"]["id"] == post["id"]
    await alice.post(f"{REQUESTS}/{request['id']}/accept")
    [talk] = await alice.get("/api/v1/conversations")
    assert (talk["last_status"]["id"], talk["unread"]) == (post["id"], True)
    again = await bob.posts("@alice thanks", visibility="direct")
    await drain(server)
    assert (await alice.get("/api/v1/conversations"))[0]["last_status"]["id"] == again["id"]


async def test_moderators_are_always_heard(server: Node) -> None:
    alice = await server.person("alice")
    staff, other = await server.person("staff", role="moderator"), await server.person("other", role="moderator")
    await decides(alice, not_following="drop")
    await decides(other, not_following="drop")
    await alice.post(f"/api/v1/accounts/{staff.id}/block")
    await staff.posts("@alice @other a word, please", visibility="direct")
    await drain(server)
    assert await told(alice) == [("mention", "staff")]
    assert ("mention", "staff") not in await told(other)  # but only by those they are below of


async def test_polls_edits_and_the_servers_own_words_are_never_filtered(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    post = await alice.posts("hello")
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    await decides(bob, not_following="drop", new_accounts="drop", not_followers="drop")
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "hello again"})
    await drain(server)
    assert await told(bob) == [("update", "alice")]


async def test_a_mention_that_drags_in_somebody_blocked_is_not_told(server: Node) -> None:
    alice, bob, troll = await people(server, "alice", "bob", "troll")
    await alice.post(f"/api/v1/accounts/{troll.id}/block")
    trolling = await troll.posts("hello")
    await bob.posts("@alice look at @troll")
    await bob.posts("@alice see above", in_reply_to_id=trolling["id"])
    await bob.posts("@alice hello")
    await drain(server)
    assert await told(alice) == [("mention", "bob")]


# ------------------------------------------------------------ requests


async def asks(server: Node, reader: Person, *names: str, times: int = 1) -> list[Person]:
    """Strangers who mention a reader that hears nobody unknown."""
    await decides(reader, not_following="filter")
    found = await people(server, *names)
    for each in found:
        for _ in range(times):
            await each.posts(f"@{reader.username} may I?")
        await drain(server)
    return found


async def test_requests_are_listed_in_pages(server: Node) -> None:
    alice = await server.person("alice")
    await asks(server, alice, *[f"person{number}" for number in range(5)], times=2)
    await decides(alice)
    every = await alice.get(REQUESTS)
    assert [(each["account"]["acct"], each["notifications_count"]) for each in every] == [
        (f"person{number}", "2") for number in (4, 3, 2, 1, 0)
    ]
    assert (await alice.get(f"{V2}/policy"))["summary"] == {
        "pending_requests_count": 5,
        "pending_notifications_count": 10,
    }
    path, seen = f"{REQUESTS}?limit=2", []
    while path:
        response = await alice.call("GET", path)
        seen += response.json()
        path = response.links.get("next", {}).get("url", "")
    assert seen == every
    ids = [each["id"] for each in every]
    for cursors, expected in (
        ({"min_id": ids[4], "limit": 2}, ids[2:4]),
        ({"since_id": ids[2]}, ids[:2]),
        ({"max_id": ids[2], "limit": 1}, ids[3:4]),
    ):
        assert [each["id"] for each in await alice.get(REQUESTS, **cursors)] == expected
    server.app.memory.pop("fedi.entities.bundle", None)
    with queries(at_most=7):  # one of them finds out who asks
        assert len(await alice.get(REQUESTS)) == 5


async def test_who_is_let_in_is_heard_from_then_on_and_was_from_the_beginning(server: Node, address: str) -> None:
    alice = await server.person("alice")
    post = await alice.posts("hello")
    [bob] = await asks(server, alice, "bob")
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await drain(server)
    [request] = await alice.get(REQUESTS)
    assert request["notifications_count"] == "1"  # likes do not ask
    async with live.socket(alice, "user", "user:notification", base_url=address) as heard:
        await alice.post(f"{REQUESTS}/{request['id']}/accept")
        await drain(server)
        for stream in ("user", "user:notification"):
            await heard.event("notifications_merged", stream=stream)
        assert await told(alice) == [("favourite", "bob"), ("mention", "bob")]
        assert await alice.get(REQUESTS) == []
        await bob.posts("@alice thanks")
        await drain(server)
        assert (await heard.event("notification"))["account"]["acct"] == "bob"
    await alice.api("GET", f"{REQUESTS}/{request['id']}", status=404)
    await alice.post(f"{REQUESTS}/{request['id']}/accept", status=404)


async def test_what_was_put_aside_is_not_sent_live(server: Node, address: str) -> None:
    alice, friend = await people(server, "alice", "friend")
    await alice.follow(friend)
    async with live.socket(alice, "user:notification", base_url=address) as heard:
        await asks(server, alice, "bob")
        await friend.posts("@alice hello")
        await drain(server)
        assert (await heard.event("notification"))["account"]["acct"] == "friend"
        assert await heard.quiet() == []


async def test_a_large_merge_is_finished_by_a_job(server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification_requests, "STEP", 3)
    alice = await server.person("alice")
    await asks(server, alice, "bob", "carol", times=4)
    ids = [each["id"] for each in await alice.get(REQUESTS)]
    await alice.post(f"{REQUESTS}/accept", {"id": ids})
    assert await alice.get(f"{REQUESTS}/merged") == {"merged": False}
    assert len(await told(alice)) == 3
    await drain(server)
    assert await alice.get(f"{REQUESTS}/merged") == {"merged": True}
    assert len(await told(alice)) == 8


async def test_who_is_sent_away_may_ask_again(server: Node) -> None:
    alice = await server.person("alice")
    bob, _carol, _dave = await asks(server, alice, "bob", "carol", "dave")
    dave, carol, first = await alice.get(REQUESTS)
    await alice.post(f"{REQUESTS}/{first['id']}/dismiss")
    await alice.post(f"{REQUESTS}/{first['id']}/dismiss", status=404)
    await alice.post(f"{REQUESTS}/dismiss", {"id": [carol["id"], dave["id"], first["id"], "1"]})
    assert await alice.get(REQUESTS) == await alice.get(V1, include_filtered=True) == []
    await bob.posts("@alice please")
    await drain(server)
    assert await waiting(alice) == [("bob", "1")]


@pytest.mark.parametrize("verb", ["block", "mute"])
async def test_who_is_blocked_or_muted_waits_no_more(server: Node, verb: str) -> None:
    alice = await server.person("alice")
    [bob] = await asks(server, alice, "bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/{verb}")
    assert await waiting(alice) == []  # at once
    await drain(server)
    await alice.post(f"/api/v1/accounts/{bob.id}/un{verb}")
    assert await alice.get(V1, include_filtered=True) == await waiting(alice) == []


async def test_a_block_ends_a_permission(server: Node) -> None:
    alice = await server.person("alice")
    [bob] = await asks(server, alice, "bob")
    await alice.post(f"{REQUESTS}/{(await alice.get(REQUESTS))[0]['id']}/accept")
    for verb in ("block", "unblock"):
        await alice.post(f"/api/v1/accounts/{bob.id}/{verb}")
        await drain(server)
    await bob.posts("@alice hello again")
    await drain(server)
    assert await told(alice) == []
    assert await waiting(alice) == [("bob", "1")]


async def test_a_request_whose_mentions_are_gone_is_gone(server: Node) -> None:
    alice = await server.person("alice")
    [bob] = await asks(server, alice, "bob")
    [post] = await bob.get(f"/api/v1/accounts/{bob.id}/statuses")
    await bob.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    assert await waiting(alice) == []
    assert (await alice.get(f"{V2}/policy"))["summary"]["pending_requests_count"] == 0


async def test_a_request_to_somebody_else_does_not_exist(server: Node) -> None:
    alice, eve = await people(server, "alice", "eve")
    await asks(server, alice, "bob")
    [request] = await alice.get(REQUESTS)
    await eve.api("GET", f"{REQUESTS}/{request['id']}", status=404)
    for verb in ("accept", "dismiss"):
        await eve.post(f"{REQUESTS}/{request['id']}/{verb}", status=404)
        await eve.post(f"{REQUESTS}/{verb}", {"id": [request["id"]]})
    assert await waiting(alice) == [("bob", "1")]


async def test_somebody_of_another_server_waits_too(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await decides(alice, not_following="filter")
    await bob.finds(alice)
    await bob.posts("@alice@a.test hello")
    await bob.follow(alice)
    await drain(a, b)
    assert await waiting(alice) == [("bob@b.test", "1")]
    assert await told(alice) == []
    assert sorted(await told(alice, include_filtered=True)) == [("follow", "bob@b.test"), ("mention", "bob@b.test")]


async def test_more_than_a_hundred_are_not_counted(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        bob = await factories.remote(conn, "bob")
        posts = [await factories.status(conn, bob) for _ in range(105)]
        await conn.execute(
            """
            insert into notifications (account_id, from_account_id, type, status_id, filtered)
            select $1, $2, 'mention', unnest($3::bigint[]), true
            """,
            alice.account_id, bob, posts,
        )  # fmt: skip
        await conn.execute(
            "insert into notification_requests (account_id, from_account_id) values ($1, $2)", alice.account_id, bob
        )
    assert await waiting(alice) == [("bob@remote.test", "100")]
