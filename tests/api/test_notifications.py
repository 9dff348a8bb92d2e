"""Who is told of what, and how the list is read."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from fedi.effects.context import TOPIC
from storage import accounts, oauth, polls
from tests.support import factories
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
PATH = "/api/v1/notifications"


async def told(person: Person, **params: Any) -> list[tuple[str, str]]:
    """(type, who), newest first."""
    return [(each["type"], each["account"]["acct"]) for each in await person.get(PATH, **params)]


async def people(server: Node, *names: str) -> list[Person]:
    return [await server.person(name) for name in names]


# ------------------------------------------------------------ what is told


async def test_a_mention_and_an_answer_are_mentions(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    post = await alice.posts("hello @bob")
    await bob.replies(post, "hello")
    await server.drain()
    (row,) = await alice.get(PATH)
    assert (row["type"], row["account"]["id"]) == ("mention", bob.id)
    assert row["status"]["in_reply_to_id"] == post["id"]
    assert row["group_key"] == f"ungrouped-{row['id']}"
    assert await told(bob) == [("mention", "alice")]


async def test_likes_and_boosts_show_the_post_itself(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    post = await alice.posts("hello")
    for person in (bob, carol):
        await person.post(f"/api/v1/statuses/{post['id']}/favourite")
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    await server.drain()
    rows = await alice.get(PATH)
    assert await told(alice) == [("reblog", "bob"), ("favourite", "carol"), ("favourite", "bob")]
    assert {row["status"]["id"] for row in rows} == {post["id"]}
    assert rows[1]["group_key"] == rows[2]["group_key"]
    assert rows[1]["group_key"].startswith(f"favourite-{post['id']}-")


async def test_what_is_taken_back_is_told_no_more(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    post = await alice.posts("hello")
    mention = await bob.posts("@alice hello")
    for verb in ("favourite", "reblog"):
        await bob.post(f"/api/v1/statuses/{post['id']}/{verb}")
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    await server.drain()
    assert len(await told(alice)) == 4
    for verb in ("unfavourite", "unreblog"):
        await bob.post(f"/api/v1/statuses/{post['id']}/{verb}")
    await bob.post(f"/api/v1/accounts/{alice.id}/unfollow")
    await bob.api("DELETE", f"/api/v1/statuses/{mention['id']}")
    assert ("mention", "bob") not in await told(alice)  # at once, before anything else has run
    await server.drain()
    assert await told(alice) == []


async def test_a_follow_is_told_and_a_request_gives_way_to_it(server: Node) -> None:
    alice = await server.person("alice")
    bob = await server.person("bob", locked=True)
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await server.drain()
    assert await told(alice) == [("follow", "bob")]
    assert await told(bob) == [("follow_request", "alice")]
    await bob.post(f"/api/v1/follow_requests/{alice.id}/authorize")
    await server.drain()
    assert await told(bob) == [("follow", "alice")]


async def test_who_asked_to_hear_of_each_post_does(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await bob.post(f"/api/v1/accounts/{alice.id}/follow", {"notify": True})
    post = await alice.posts("news")
    await alice.posts("@bob hello")
    await alice.posts("just us", visibility="direct")
    await server.drain()
    assert await told(bob) == [("mention", "alice"), ("status", "alice")]
    assert (await bob.get(PATH))[1]["status"]["id"] == post["id"]


async def test_the_end_of_a_poll_is_told_to_its_author_and_voters(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    post = await alice.posts("well?", poll={"options": ["a", "b"], "expires_in": 300})
    await bob.post(f"/api/v1/polls/{post['poll']['id']}/votes", {"choices": [0]})
    await server.drain()
    async with server.db.transaction() as conn:
        await conn.execute("update polls set expires_at = now() - interval '1 second'")
        await polls.close_due(conn)
    await server.drain()
    assert await told(alice) == await told(bob) == [("poll", "alice")]
    assert (await bob.get(PATH))[0]["status"]["poll"]["expired"]
    assert await told(carol) == []


async def test_an_edit_is_told_to_those_who_boosted(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    post = await alice.posts("hello")
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    for text in ("hello @carol", "hello again @carol"):
        await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": text})
        await server.drain()
    assert await told(bob) == [("update", "alice")]
    assert await told(carol) == [("mention", "alice")]


async def test_nobody_is_told_what_they_did_themselves(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("@alice talks to @alice")
    for verb in ("favourite", "reblog"):
        await alice.post(f"/api/v1/statuses/{post['id']}/{verb}")
    await server.drain()
    assert await told(alice) == []


async def test_across_two_servers(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    post = await alice.posts("hello")
    await drain(a, b)
    seen = (await bob.home())[0]
    for verb in ("favourite", "reblog"):
        await bob.post(f"/api/v1/statuses/{seen['id']}/{verb}")
    await bob.replies(seen, "hello")
    await drain(a, b)
    who = "bob@b.test"
    assert sorted(await told(alice)) == [("favourite", who), ("follow", who), ("mention", who), ("reblog", who)]
    await bob.post(f"/api/v1/statuses/{seen['id']}/unfavourite")
    await drain(a, b)
    assert sorted(await told(alice)) == [("follow", who), ("mention", who), ("reblog", who)]
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "hello again"})
    await drain(a, b)
    assert await told(bob) == [("update", "alice@a.test")]


# ------------------------------------------------------------ what is not


@pytest.mark.parametrize("verb", ["block", "mute"])
async def test_nothing_is_told_of_those_one_blocked_or_muted(server: Node, verb: str) -> None:
    alice, bob = await people(server, "alice", "bob")
    post = await alice.posts("hello")
    await alice.post(f"/api/v1/accounts/{bob.id}/{verb}")
    await bob.posts("@alice hello")
    if verb == "mute":
        await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await server.drain()
    assert await told(alice) == []


async def test_a_mute_may_leave_notifications_alone(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/mute", {"notifications": False})
    await bob.posts("@alice hello")
    await server.drain()
    assert await told(alice) == [("mention", "bob")]


async def test_a_block_clears_what_was_told_before(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await bob.posts("@alice hello")
    await carol.posts("@alice hello")
    await server.drain()
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    await server.drain()
    assert await told(alice) == [("mention", "carol")]


async def test_a_muted_thread_is_quiet(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    post = await alice.posts("hello")
    await alice.post(f"/api/v1/statuses/{post['id']}/mute")
    await bob.replies(post, "hello")
    await server.drain()
    assert await told(alice) == []


async def test_suspended_people_are_not_heard_and_come_back(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await bob.follow(alice)
    await server.drain()
    await bob.posts("@alice hello")
    await server.drain()
    rows = await alice.get(PATH)
    async with server.db.transaction() as conn:
        await accounts.suspend(conn, bob.account_id)
    assert await told(alice) == []
    for row in rows:
        await alice.api("GET", f"{PATH}/{row['id']}", status=404)
    assert (await alice.get(f"{PATH}/unread_count"))["count"] == 0
    async with server.db.transaction() as conn:
        await accounts.unsuspend(conn, bob.account_id)
    assert await told(alice) == [("mention", "bob"), ("follow", "bob")]


async def test_of_limited_people_only_their_followers_hear(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await alice.follow(bob)
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set silenced_at = now() where id = $1", bob.account_id)
    await bob.posts("@alice @carol hello")
    await server.drain()
    assert await told(alice) == [("mention", "bob")]
    assert await told(carol) == []


async def test_a_blocked_domain_is_not_heard(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.post("/api/v1/domain_blocks", {"domain": "b.test"})
    await bob.finds(alice)
    await bob.posts("@alice@a.test hello")
    await drain(a, b)
    assert await told(alice) == []


async def test_what_a_filter_hides_is_left_out_and_the_page_filled_up(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    for number in range(6):
        await bob.posts(f"@alice {'spam' if number in (3, 4) else 'hello'} {number}")
    await server.drain()
    rows = await alice.get(PATH)
    await alice.post(
        "/api/v2/filters",
        {
            "title": "x",
            "context": ["notifications"],
            "filter_action": "hide",
            "keywords_attributes": [{"keyword": "spam"}],
        },
    )
    response = await alice.call("GET", PATH, params={"limit": 3})
    assert [row["id"] for row in response.json()] == [rows[place]["id"] for place in (0, 3, 4)]
    assert f"max_id={rows[4]['id']}" in response.links["next"]["url"]
    newer = await alice.get(PATH, limit=3, min_id=rows[5]["id"])
    assert [row["id"] for row in newer] == [rows[place]["id"] for place in (0, 3, 4)]


# ------------------------------------------------------------ the list


async def several(server: Node) -> tuple[Person, Person, Person]:
    """Alice is told, oldest first: a follow, a favourite, a mention of Bob's, a mention of Carol's."""
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    post = await alice.posts("hello")
    await bob.follow(alice)
    await server.drain()
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await server.drain()
    for person in (bob, carol):
        await person.posts("@alice hello")
        await server.drain()
    return alice, bob, carol


async def test_the_list_is_narrowed_by_type_and_person(server: Node) -> None:
    alice, bob, _carol = await several(server)
    assert await told(alice, **{"types[]": ["follow", "favourite"]}) == [("favourite", "bob"), ("follow", "bob")]
    assert await told(alice, **{"exclude_types[]": ["mention", "follow"]}) == [("favourite", "bob")]
    assert await told(alice, **{"types[]": ["mention"], "account_id": bob.id}) == [("mention", "bob")]
    assert await told(alice, **{"types[]": "reaction"}) == []
    assert await told(alice, **{"types[]": ["reaction", "follow"], "exclude_types[]": "pleroma:x"}) == [
        ("follow", "bob")
    ]


async def test_pages_keep_what_was_asked_for(server: Node) -> None:
    alice, _bob, _carol = await several(server)
    rows = await alice.get(PATH)
    path, seen = f"{PATH}?limit=1&types[]=mention&types[]=follow&exclude_types[]=poll", []
    while path:
        response = await alice.call("GET", path)
        seen += [row["id"] for row in response.json()]
        path = response.links.get("next", {}).get("url", "")
    assert seen == [rows[0]["id"], rows[1]["id"], rows[3]["id"]]
    assert "Link" not in response.headers  # only an empty page has none
    since = await alice.get(PATH, since_id=rows[3]["id"], limit=2)
    assert [row["id"] for row in since] == [rows[0]["id"], rows[1]["id"]]
    after = await alice.get(PATH, min_id=rows[3]["id"], limit=2)
    assert [row["id"] for row in after] == [rows[1]["id"], rows[2]["id"]]
    assert await alice.get(PATH, max_id="1") == await alice.get(PATH, limit=0) == []
    assert len(await alice.get(PATH, max_id="99999999999999999999999")) == 4


async def test_pages_have_a_limit(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        bob = await factories.remote(conn, "bob")
        ids = [await factories.status(conn, bob) for _ in range(85)]
        await conn.execute(
            """
            insert into notifications (account_id, from_account_id, type, status_id)
            select $1, $2, 'mention', unnest($3::bigint[])
            """,
            alice.account_id, bob, ids,
        )  # fmt: skip
    assert len(await alice.get(PATH)) == 40
    assert len(await alice.get(PATH, limit=100)) == 80
    server.app.memory.pop("fedi.entities.bundle", None)
    with queries(at_most=7):  # one of them finds out who asks
        assert len(await alice.get(PATH, limit=80)) == 80


async def test_the_unread_are_counted_from_the_marker(server: Node) -> None:
    alice, _bob, _carol = await several(server)
    rows = await alice.get(PATH)
    path = f"{PATH}/unread_count"
    assert await alice.get(path) == {"count": 4}
    assert await alice.get(path, limit=2) == {"count": 2}
    assert await alice.get(path, **{"types[]": "mention"}) == {"count": 2}
    await alice.post("/api/v1/markers", {"notifications": {"last_read_id": rows[2]["id"]}})
    assert await alice.get(path) == {"count": 2}


async def test_one_is_shown_and_dismissed_and_all_are_cleared(server: Node) -> None:
    alice, bob, _carol = await several(server)
    rows = await alice.get(PATH)
    one = f"{PATH}/{rows[1]['id']}"
    assert await alice.get(one) == rows[1]
    assert datetime.fromisoformat(rows[1]["created_at"])
    await bob.api("GET", one, status=404)
    await bob.post(f"{one}/dismiss", status=404)
    assert await alice.post(f"{one}/dismiss") == {}
    await alice.api("GET", one, status=404)
    await alice.post(f"{one}/dismiss", status=404)
    assert await alice.get(PATH) == [rows[0], *rows[2:]]
    assert await alice.post(f"{PATH}/clear") == {}
    assert await alice.get(PATH) == []


async def test_each_is_sent_live_to_its_recipient(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await server.drain()
    heard: list[Any] = []
    server.app.bus.subscribe(TOPIC, heard.append)
    await bob.posts("@alice hello")
    await server.drain()
    (row,) = await alice.get(PATH)
    live = [(list(each[0]), each[2]) for each in heard if each[1] == "notification"]
    assert live == [([f"user:{alice.id}", f"notifications:{alice.id}"], int(row["id"]))]


async def test_ended_tokens_close_their_streams(server: Node) -> None:
    alice = await server.person("alice")
    await server.drain()
    heard: list[Any] = []
    server.app.bus.subscribe(TOPIC, heard.append)
    async with server.db.read() as conn:
        token_id = await conn.fetchval("select id from oauth_tokens where account_id = $1", alice.account_id)
    async with server.db.transaction() as conn:
        await oauth.revoke_of_user(conn, alice.user_id)
    await server.drain()
    assert [(list(each[0]), each[1], each[2]) for each in heard] == [([f"token:{token_id}"], "close", token_id)]
