"""Favourites, boosts, bookmarks, pins and mutes: done twice is done once, counted rightly, listed by when."""

import asyncio
import contextlib
from typing import Any

import pytest

from storage.errors import Deadlock
from tests.support import factories
from tests.support.database import WAITING
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

STATUSES = "/api/v1/statuses"


async def act(person: Person, status: Any, action: str, **body: Any) -> Any:
    return await person.post(f"{STATUSES}/{status['id']}/{action}", body)


async def events(server: Node, name: str) -> int:
    async with server.db.read() as conn:
        count: int = await conn.fetchval("select count(*) from jobs where name = $1", name)
        return count


# ------------------------------------------------------------ favourites


async def test_a_favourite_is_counted_once_and_taken_back_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("nice")
    answers = await asyncio.gather(*(act(bob, post, "favourite") for _ in range(5)))
    assert {(each["id"], each["favourited"]) for each in answers} == {(post["id"], True)}
    seen = await alice.get(f"{STATUSES}/{post['id']}")
    assert (seen["favourites_count"], seen["favourited"]) == (1, False)
    assert await events(server, "Favourited") == 1
    answers = await asyncio.gather(*(act(bob, post, "unfavourite") for _ in range(5)))
    assert not answers[-1]["favourited"]
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["favourites_count"] == 0
    assert await events(server, "Unfavourited") == 1


async def test_many_favourites_at_once_are_all_counted(server: Node) -> None:
    alice = await server.person("alice")
    fans = [await server.person(f"fan{number}") for number in range(6)]
    post = await alice.posts("nice")
    await asyncio.gather(*(act(fan, post, "favourite") for fan in fans))
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["favourites_count"] == 6


async def test_who_is_in_anothers_way_begins_again(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("nice")
    row = int(post["id"])
    with contextlib.suppress(Deadlock):  # if the favourite was slow, this one gives way
        async with server.db.transaction() as conn:
            await conn.execute("insert into marks values ($1, $2, 2)", bob.account_id, row)
            late = asyncio.create_task(act(bob, post, "favourite"))
            async with server.db.read() as other, asyncio.timeout(10):
                while not await other.fetchval(WAITING):  # noqa: ASYNC110 (nothing tells when)
                    await asyncio.sleep(0.01)
            await conn.execute("update status_stats set favourites_count = 0 where status_id = $1", row)
    assert (await late)["favourites_count"] == 1


async def hidden(server: Node, how: str) -> tuple[Person, Person, dict[str, Any]]:
    """Bob has done all he can to a post of Alice's that he may not see any more."""
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    poll = {"options": ["secret", "word"], "expires_in": 3600}
    visibility = "private" if how == "unfollow" else "public"
    post = await alice.posts("a #secret @bob2 word", visibility=visibility, poll=poll, spoiler_text="a secret")
    for verb in ("favourite", "bookmark", *(["reblog"] if how == "block" else [])):
        await act(bob, post, verb)
    await (alice if how == "block" else bob).post(f"/api/v1/accounts/{(bob if how == 'block' else alice).id}/{how}")
    assert await bob.get("/api/v1/favourites") == []
    return alice, bob, post


@pytest.mark.parametrize("how", ["unfollow", "block"])
async def test_what_can_no_longer_be_seen_can_be_let_go_of_unseen(server: Node, how: str) -> None:
    alice, bob, post = await hidden(server, how)
    done = {"unfavourite": "favourited", "unbookmark": "bookmarked", "unreblog": "reblogged"}
    for verb, mark in done.items():
        if verb == "unreblog" and how == "unfollow":
            continue
        answer = await act(bob, post, verb)
        assert (answer["id"], answer["account"]["id"], answer[mark]) == (post["id"], alice.id, False)
        assert "secret" not in str({**answer, "uri": "", "url": ""}), "nothing of what she wrote"
        assert (answer["favourites_count"], answer["poll"], answer["media_attachments"]) == (0, None, [])
        await bob.post(f"{STATUSES}/{post['id']}/{verb}", status=404)
    seen = await alice.get(f"{STATUSES}/{post['id']}")
    assert (seen["favourites_count"], seen["reblogs_count"]) == (0, 0)


async def test_who_has_no_mark_on_it_learns_nothing(server: Node) -> None:
    _alice, _bob, post = await hidden(server, "unfollow")
    eve = await server.person("eve")
    for verb in ("unfavourite", "unbookmark", "unreblog", "unpin", "unmute"):
        there = await eve.call("POST", f"{STATUSES}/{post['id']}/{verb}")
        nowhere = await eve.call("POST", f"{STATUSES}/{int(post['id']) + 1}/{verb}")
        assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text) == (404, nowhere.text)


async def test_one_does_not_applaud_whom_one_has_blocked(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("x")
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    for action in ("favourite", "reblog"):
        await bob.post(f"{STATUSES}/{post['id']}/{action}", status=403)


async def test_favourites_are_listed_by_when_they_were_made(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    posts = [await alice.posts(str(number)) for number in range(5)]
    for index in (2, 0, 4, 1, 3):
        await act(bob, posts[index], "favourite")
    expected = [posts[index]["id"] for index in (3, 1, 4, 0, 2)]
    assert [each["id"] for each in await bob.get("/api/v1/favourites")] == expected
    found: list[str] = []
    url: str | None = "/api/v1/favourites?limit=2"
    while url:
        response = await bob.call("GET", url)
        found += [each["id"] for each in response.json()]
        url = response.links.get("next", {}).get("url")
    assert found == expected
    first = await bob.call("GET", "/api/v1/favourites?limit=2")
    older = await bob.call("GET", first.links["next"]["url"])
    newer = await bob.call("GET", older.links["prev"]["url"])
    assert [each["id"] for each in newer.json()] == expected[:2]
    last = await bob.call("GET", "/api/v1/favourites?limit=40")
    assert "next" not in last.links
    assert await bob.get("/api/v1/favourites", limit=0) == []
    assert await bob.get("/api/v1/favourites", max_id="99999999999999999999999") != []


async def test_who_favourited_is_listed_without_the_blocked(server: Node) -> None:
    alice, bob, eve = [await server.person(name) for name in ("alice", "bob", "eve")]
    post = await alice.posts("x")
    await act(bob, post, "favourite")
    await act(eve, post, "favourite")
    path = f"{STATUSES}/{post['id']}/favourited_by"
    assert [each["id"] for each in await server.api("GET", path)] == [eve.id, bob.id]
    await bob.post(f"/api/v1/accounts/{eve.id}/block")
    assert [each["id"] for each in await bob.get(path)] == [bob.id]
    assert [each["id"] for each in await eve.get(path)] == [eve.id]


# ------------------------------------------------------------ boosts


async def test_a_boost_wraps_the_post(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("share me")
    answers = await asyncio.gather(*(act(bob, post, "reblog") for _ in range(4)))
    assert len({each["id"] for each in answers}) == 1
    boost = answers[0]
    assert (boost["account"]["id"], boost["reblog"]["id"], boost["reblog"]["account"]["id"]) == (
        bob.id, post["id"], alice.id,
    )  # fmt: skip
    assert (boost["reblogged"], boost["reblog"]["reblogged"]) == (True, True)
    assert boost["uri"] == f"{bob.uri}/statuses/{boost['id']}/activity"
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["reblogs_count"] == 1
    back = await act(bob, post, "unreblog")
    assert (back["id"], back["reblogged"], back["reblogs_count"]) == (post["id"], False, 0)
    await bob.api("GET", f"{STATUSES}/{boost['id']}", status=404)
    again = await act(bob, post, "unreblog")
    assert again["reblogs_count"] == 0


async def test_who_acts_on_a_boost_acts_on_the_post(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("original")
    boost = await act(bob, post, "reblog")
    for action, flag in (("favourite", "favourited"), ("bookmark", "bookmarked")):
        done = await act(alice, boost, action)
        assert (done["id"], done[flag]) == (post["id"], True)
        undone = await act(alice, boost, f"un{action}")
        assert (undone["id"], undone[flag]) == (post["id"], False)
    own = await act(alice, boost, "reblog")
    assert (own["reblog"]["id"], own["reblog"]["reblogs_count"]) == (post["id"], 2)
    assert (await act(alice, own, "unreblog"))["id"] == post["id"]
    assert (await act(alice, boost, "pin"))["id"] == post["id"]


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
async def test_a_boost_has_a_visibility_of_its_own(server: Node, visibility: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("x")
    boost = await act(bob, post, "reblog", visibility=visibility)
    assert boost["visibility"] == visibility
    people = await server.api("GET", f"{STATUSES}/{post['id']}/reblogged_by")
    assert [each["id"] for each in people] == ([] if visibility == "private" else [bob.id])
    assert len(await bob.get(f"{STATUSES}/{post['id']}/reblogged_by")) == 1


async def test_private_posts_are_boosted_by_their_author_only_and_direct_ones_by_nobody(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    private = await alice.posts("followers", visibility="private")
    direct = await alice.posts("@bob you", visibility="direct")
    await bob.post(f"{STATUSES}/{private['id']}/reblog", status=403)
    await bob.post(f"{STATUSES}/{direct['id']}/reblog", status=403)
    await alice.post(f"{STATUSES}/{direct['id']}/reblog", status=403)
    own = await act(alice, private, "reblog", visibility="public")
    assert own["visibility"] == "private"
    await alice.post(f"{STATUSES}/{private['id']}/reblog", {"visibility": "direct"}, status=422)


async def test_a_boost_of_what_one_may_not_see_is_missing_too(server: Node) -> None:
    alice, eve = await server.person("alice"), await server.person("eve")
    private = await alice.posts("followers", visibility="private")
    own = await act(alice, private, "reblog")
    await eve.api("GET", f"{STATUSES}/{own['id']}", status=404)
    await eve.post(f"{STATUSES}/{own['id']}/favourite", status=404)


# ------------------------------------------------------------ bookmarks


async def test_bookmarks_are_private_and_listed(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    posts = [await alice.posts(str(number)) for number in range(3)]
    for post in (posts[1], posts[0], posts[2], posts[1]):
        assert (await act(bob, post, "bookmark"))["bookmarked"]
    listed = await bob.get("/api/v1/bookmarks")
    assert [each["id"] for each in listed] == [posts[2]["id"], posts[0]["id"], posts[1]["id"]]
    assert await alice.get("/api/v1/bookmarks") == []
    await act(bob, posts[0], "unbookmark")
    page = await bob.call("GET", "/api/v1/bookmarks?limit=1")
    assert [each["id"] for each in page.json()] == [posts[2]["id"]]
    rest = await bob.call("GET", page.links["next"]["url"])
    assert [each["id"] for each in rest.json()] == [posts[1]["id"]]
    await alice.api("DELETE", f"{STATUSES}/{posts[1]['id']}")
    assert [each["id"] for each in await bob.get("/api/v1/bookmarks")] == [posts[2]["id"]]


# ------------------------------------------------------------ pins


async def test_pins_are_few_own_and_newest_first(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    posts = [await alice.posts(str(number)) for number in range(6)]
    for post in posts[:5]:
        assert (await act(alice, post, "pin"))["pinned"]
    assert (await act(alice, posts[0], "pin"))["pinned"]
    answer = await alice.post(f"{STATUSES}/{posts[5]['id']}/pin", status=422)
    assert "maximum" in answer["error"]
    assert (await act(alice, posts[2], "unpin"))["pinned"] is False
    await act(alice, posts[5], "pin")
    shown = await server.api("GET", f"/api/v1/accounts/{alice.id}/statuses", params={"pinned": "true"})
    assert [each["content"] for each in shown] == [f"<p>{number}</p>" for number in (5, 4, 3, 1, 0)]
    answer = await bob.post(f"{STATUSES}/{posts[0]['id']}/pin", status=422)
    assert "someone else" in answer["error"].lower()
    direct = await alice.posts("@bob x", visibility="direct")
    assert "mentioned" in (await alice.post(f"{STATUSES}/{direct['id']}/pin", status=422))["error"]


async def test_pins_at_once_do_not_exceed_the_limit(server: Node) -> None:
    alice = await server.person("alice")
    posts = [await alice.posts(str(number)) for number in range(8)]
    codes = await asyncio.gather(*(alice.call("POST", f"{STATUSES}/{post['id']}/pin") for post in posts))
    assert sorted(each.status_code for each in codes) == [200] * 5 + [422] * 3
    assert await events(server, "StatusPinned") == 5


# ------------------------------------------------------------ mutes


async def test_a_muted_thread_is_marked_in_all_its_posts(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("long talk")
    reply = await bob.replies(post, "indeed")
    assert (await act(alice, reply, "mute"))["muted"]
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["muted"]
    assert not (await bob.get(f"{STATUSES}/{post['id']}"))["muted"]
    assert not (await act(alice, post, "unmute"))["muted"]
    assert not (await alice.get(f"{STATUSES}/{reply['id']}"))["muted"]


# ------------------------------------------------------------ all of them


@pytest.mark.parametrize(
    ("action", "scope"),
    [("favourite", "write:favourites"), ("unfavourite", "write:favourites"), ("reblog", "write:statuses"),
     ("unreblog", "write:statuses"), ("bookmark", "write:bookmarks"), ("unbookmark", "write:bookmarks"),
     ("pin", "write:accounts"), ("unpin", "write:accounts"), ("mute", "write:mutes"), ("unmute", "write:mutes")],
)  # fmt: skip
async def test_an_action_needs_its_own_scope_and_an_existing_post(server: Node, action: str, scope: str) -> None:
    alice = await server.person("alice", scopes=f"read {scope}")
    async with server.db.transaction() as conn:
        status_id = await factories.status(conn, alice.account_id)
    await alice.post(f"{STATUSES}/{status_id}/{action}")
    for wrong in ("1", "0", "x", "9" * 25, "-1", "%00"):
        await alice.post(f"{STATUSES}/{wrong}/{action}", status=404)
    reader = await server.person("reader", scopes="read")
    await reader.post(f"{STATUSES}/{status_id}/{action}", status=403)
    response = await server.client.post(f"{STATUSES}/{status_id}/{action}")
    assert response.status_code == 401


async def test_lists_cost_the_same_however_long(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for number in range(40):
            author = await factories.remote(conn, f"person{number}")
            status_id = await factories.status(conn, author)
            for table in ("favourites", "bookmarks"):
                await conn.execute(
                    f"insert into {table} (account_id, status_id) values ($1, $2)", alice.account_id, status_id
                )
    for path in ("/api/v1/favourites", "/api/v1/bookmarks"):
        with queries(at_most=9):
            assert len(await alice.get(path, limit=40)) == 40


async def test_a_favourite_and_a_boost_reach_the_other_server_and_are_undone(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    post = await alice.posts("across")
    seen = await bob.sees(post["uri"])
    await act(bob, seen, "favourite")
    await act(bob, seen, "reblog")
    await drain(a, b)
    here = await alice.get(f"{STATUSES}/{post['id']}")
    assert (here["favourites_count"], here["reblogs_count"]) == (1, 1)
    people = await alice.get(f"{STATUSES}/{post['id']}/favourited_by")
    assert [each["acct"] for each in people] == ["bob@b.test"]
    await act(bob, seen, "unfavourite")
    await act(bob, seen, "unreblog")
    await drain(a, b)
    here = await alice.get(f"{STATUSES}/{post['id']}")
    assert (here["favourites_count"], here["reblogs_count"]) == (0, 0)
