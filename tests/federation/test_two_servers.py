"""What people do across servers: two and three of ours on one network, through the client API only."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _friends(servers: Servers) -> tuple[Node, Node, Person, Person]:
    """Alice at a.test and Bob at b.test, who follow each other."""
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.follow(bob)
    await bob.follow(alice)
    await drain(a, b)
    return a, b, alice, bob


def _texts(statuses: list[Any]) -> list[str]:
    return [status["content"] for status in statuses]


async def test_a_follow_is_asked_accepted_and_told(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    relationship = await alice.follow(bob)
    assert (relationship["following"], relationship["requested"]) == (False, True)
    await drain(a, b)
    [relationship] = await alice.get("/api/v1/accounts/relationships", **{"id[]": relationship["id"]})
    assert (relationship["following"], relationship["requested"]) == (True, False)
    [told] = await bob.notifications()
    assert (told["type"], told["account"]["acct"]) == ("follow", "alice@a.test")


async def test_a_locked_account_decides(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob, carol = await a.person("alice"), await b.person("bob", locked=True), await a.person("carol")
    for follower in (alice, carol):
        await follower.follow(bob)
    await drain(a, b)
    asking = {account["acct"]: account["id"] for account in await bob.get("/api/v1/follow_requests")}
    await bob.post(f"/api/v1/follow_requests/{asking['alice@a.test']}/authorize")
    await bob.post(f"/api/v1/follow_requests/{asking['carol@a.test']}/reject")
    await drain(a, b)
    seen = await alice.finds(bob)
    for person, following in ((alice, True), (carol, False)):
        [relationship] = await person.get("/api/v1/accounts/relationships", **{"id[]": seen["id"]})
        assert (relationship["following"], relationship["requested"]) == (following, False)


async def test_a_post_is_answered_and_the_answer_arrives(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    post = await alice.posts("What do you think of #federation?", language="en", spoiler_text="a question")
    await drain(a, b)
    [arrived] = [status for status in await bob.home() if status["uri"] == post["uri"]]
    assert (arrived["spoiler_text"], arrived["language"], arrived["visibility"]) == ("a question", "en", "public")
    assert [tag["name"] for tag in arrived["tags"]] == ["federation"]
    answer = await bob.replies(arrived, "a lot!")
    await drain(a, b)
    told = [n for n in await alice.notifications() if n["type"] == "mention"]
    assert [n["status"]["uri"] for n in told] == [answer["uri"]]
    context = await alice.get(f"/api/v1/statuses/{post['id']}/context")
    assert [status["uri"] for status in context["descendants"]] == [answer["uri"]]
    mention = context["descendants"][0]["mentions"][0]
    assert (mention["acct"], mention["id"]) == ("alice", alice.id)
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["replies_count"] == 1


async def test_favourites_and_boosts_cross_and_can_be_taken_back(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    post = await alice.posts("share me")
    await drain(a, b)
    seen = await bob.sees(post["uri"])
    await bob.post(f"/api/v1/statuses/{seen['id']}/favourite")
    await bob.post(f"/api/v1/statuses/{seen['id']}/reblog")
    await drain(a, b)
    at_home = await alice.get(f"/api/v1/statuses/{post['id']}")
    assert (at_home["favourites_count"], at_home["reblogs_count"]) == (1, 1)
    assert sorted(n["type"] for n in await alice.notifications()) == ["favourite", "follow", "reblog"]
    await bob.post(f"/api/v1/statuses/{seen['id']}/unfavourite")
    await bob.post(f"/api/v1/statuses/{seen['id']}/unreblog")
    await drain(a, b)
    at_home = await alice.get(f"/api/v1/statuses/{post['id']}")
    assert (at_home["favourites_count"], at_home["reblogs_count"]) == (0, 0)


async def test_a_boost_brings_a_strangers_post(servers: Servers) -> None:
    a, b, c = await servers("a.test", "b.test", "c.test")
    alice, bob, carol = await a.person("alice"), await b.person("bob"), await c.person("carol")
    await alice.follow(bob)
    await drain(a, b, c)
    post = await carol.posts("from far away")
    seen = await bob.sees(post["uri"])
    await bob.post(f"/api/v1/statuses/{seen['id']}/reblog")
    await drain(a, b, c)
    [boost] = await alice.home()
    assert (boost["account"]["acct"], boost["reblog"]["uri"]) == ("bob@b.test", post["uri"])
    assert boost["reblog"]["account"]["acct"] == "carol@c.test"
    assert (await carol.get(f"/api/v1/statuses/{post['id']}"))["reblogs_count"] == 1


async def test_an_edit_replaces_the_copies(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    post = await alice.posts("frist")
    await drain(a, b)
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "first"})
    await drain(a, b)
    seen = await bob.sees(post["uri"])
    assert seen["content"] == "<p>first</p>"
    assert seen["edited_at"] is not None
    history = await bob.get(f"/api/v1/statuses/{seen['id']}/history")
    assert _texts(history) == ["<p>frist</p>", "<p>first</p>"]


async def test_a_deletion_reaches_everybody_who_had_it(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    post = await alice.posts("regret")
    await drain(a, b)
    seen = await bob.sees(post["uri"])
    await bob.post(f"/api/v1/statuses/{seen['id']}/reblog")
    await drain(a, b)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(a, b)
    await bob.api("GET", f"/api/v1/statuses/{seen['id']}", status=404)
    assert await bob.home() == []


async def test_private_posts_go_to_followers_only(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    stranger = await b.person("stranger")
    post = await alice.posts("among us", visibility="private")
    await drain(a, b)
    [seen] = await bob.home()
    assert (seen["uri"], seen["visibility"]) == (post["uri"], "private")
    await stranger.api("GET", f"/api/v1/statuses/{seen['id']}", status=404)
    await b.api("GET", f"/api/v1/statuses/{seen['id']}", status=404)
    found = await stranger.get("/api/v2/search", q=post["uri"], resolve="true")
    assert found["statuses"] == []


async def test_a_direct_message_is_a_conversation_of_two(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    nosy = await b.person("nosy")
    await nosy.follow(alice)
    await drain(a, b)
    post = await alice.posts("@bob@b.test just you", visibility="direct")
    await drain(a, b)
    [conversation] = await bob.get("/api/v1/conversations")
    assert (conversation["last_status"]["uri"], conversation["unread"]) == (post["uri"], True)
    assert [account["acct"] for account in conversation["accounts"]] == ["alice@a.test"]
    answer = await bob.replies(conversation["last_status"], "and you", visibility="direct")
    await drain(a, b)
    [conversation] = await alice.get("/api/v1/conversations")
    assert conversation["last_status"]["uri"] == answer["uri"]
    assert await nosy.get("/api/v1/conversations") == []
    await nosy.api("GET", f"/api/v1/statuses/{(await bob.sees(post['uri']))['id']}", status=404)


async def test_a_poll_is_voted_on_across_servers(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    poll = {"options": ["tea", "coffee"], "expires_in": 3600, "multiple": False}
    post = await alice.posts("What shall it be?", poll=poll)
    await drain(a, b)
    seen = await bob.sees(post["uri"])
    assert [option["title"] for option in seen["poll"]["options"]] == ["tea", "coffee"]
    await bob.post(f"/api/v1/polls/{seen['poll']['id']}/votes", {"choices": [1]})
    await drain(a, b)
    counted = (await alice.get(f"/api/v1/statuses/{post['id']}"))["poll"]
    assert [option["votes_count"] for option in counted["options"]] == [0, 1]
    assert (counted["votes_count"], counted["voters_count"]) == (1, 1)
    voted = await bob.get(f"/api/v1/polls/{seen['poll']['id']}")
    assert (voted["voted"], voted["own_votes"]) == (True, [1])


async def test_a_block_ends_both_follows_and_hides(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    account = await alice.finds(bob)
    await alice.post(f"/api/v1/accounts/{account['id']}/block")
    await drain(a, b)
    other = await bob.finds(alice)
    [relationship] = await bob.get("/api/v1/accounts/relationships", **{"id[]": other["id"]})
    assert (relationship["following"], relationship["followed_by"], relationship["blocked_by"]) == (False, False, True)
    await alice.posts("not for bob")
    await drain(a, b)
    assert await bob.home() == []


async def test_a_profile_change_travels(servers: Servers) -> None:
    a, b, alice, bob = await _friends(servers)
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", data={"display_name": "Alice A.", "note": "hello"})
    await drain(a, b)
    seen = await bob.finds(alice)
    assert (seen["display_name"], seen["note"]) == ("Alice A.", "<p>hello</p>")


async def test_what_was_read_before_it_came_is_news_when_it_comes(servers: Servers) -> None:
    """A thread or a profile that is completed meanwhile keeps nobody from being told."""
    a, b, alice, bob = await _friends(servers)
    post = await alice.posts(f"@{bob.handle} have you seen this?")
    seen = await bob.sees(post["uri"])
    await drain(b)
    assert (await bob.home(), await bob.get("/api/v1/notifications", **{"types[]": "mention"})) == ([], [])
    await drain(a, b)
    assert [each["id"] for each in await bob.home()] == [seen["id"]]
    told = await bob.get("/api/v1/notifications", **{"types[]": "mention"})
    assert [each["status"]["id"] for each in told] == [seen["id"]]


async def test_a_reply_to_an_unknown_post_brings_its_parents(servers: Servers) -> None:
    a, b, c = await servers("a.test", "b.test", "c.test")
    alice, bob, carol = await a.person("alice"), await b.person("bob"), await c.person("carol")
    await alice.follow(bob)
    await drain(a, b, c)
    root = await carol.posts("the root")
    middle = await carol.posts("the middle", in_reply_to_id=root["id"])
    seen = await bob.sees(middle["uri"])
    await drain(a, b, c)
    answer = await bob.replies(seen, "the leaf")
    await drain(a, b, c)
    leaf = await alice.sees(answer["uri"])
    context = await alice.get(f"/api/v1/statuses/{leaf['id']}/context")
    assert [status["uri"] for status in context["ancestors"]] == [root["uri"], middle["uri"]]


async def test_handles_of_a_split_domain(servers: Servers) -> None:
    [a] = await servers("a.test")
    [b] = await servers("social.b.test", account_domain="b.test")
    b.network.apps["b.test"] = b.server.asgi
    alice, bob = await a.person("alice"), await b.person("bob")
    found = await alice.get("/api/v2/search", q="@bob@b.test", resolve="true", type="accounts")
    assert [account["acct"] for account in found["accounts"]] == ["bob@b.test"]
    await alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    await drain(a, b)
    await bob.posts("from a split domain")
    await drain(a, b)
    assert _texts(await alice.home()) == ["<p>from a split domain</p>"]
