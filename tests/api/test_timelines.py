"""Home, public, tag and list timelines: who gets what, full pages, paging that skips nothing."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from fedi.effects import distribute
from storage import homes
from storage.paging import Page
from tests.support import factories
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio


def contents(statuses: Sequence[Any]) -> list[str]:
    """Texts, newest first; of a boost the boosted one."""
    return [re.sub("<[^>]+>", "", (status["reblog"] or status)["content"]) for status in statuses]


async def home(person: Person, **params: Any) -> list[str]:
    return contents(await person.get("/api/v1/timelines/home", **params))


async def public(person: Person, **params: Any) -> list[str]:
    return contents(await person.get("/api/v1/timelines/public", **params))


async def people(server: Node, *names: str) -> list[Person]:
    return [await server.person(name) for name in names]


async def follow(person: Person, other: Person) -> None:
    await person.post(f"/api/v1/accounts/{other.id}/follow")


# ------------------------------------------------------------ home


async def test_home_holds_own_posts_and_those_of_people_followed(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await follow(alice, bob)
    await alice.posts("mine")
    await bob.posts("of bob")
    await bob.posts("for followers", visibility="private")
    await carol.posts("of carol")
    await drain(server)
    assert await home(alice) == ["for followers", "of bob", "mine"]


async def test_a_new_follow_brings_recent_posts_and_its_end_takes_them_away(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await bob.posts("before")
    await drain(server)
    assert await home(alice) == []
    await follow(alice, bob)
    await drain(server)
    assert await home(alice) == ["before"]
    await alice.post(f"/api/v1/accounts/{bob.id}/unfollow")
    await drain(server)
    assert await home(alice) == []


async def test_answers_come_only_to_those_who_follow_both(server: Node) -> None:
    alice, bob, carol, dave = await people(server, "alice", "bob", "carol", "dave")
    await follow(alice, bob)
    await follow(dave, bob)
    await follow(dave, carol)
    await drain(server)
    post = await carol.posts("question")
    answer = await bob.replies(post, "to carol")
    await bob.posts("to myself", in_reply_to_id=answer["id"])
    mine = await alice.posts("mine")
    await bob.replies(mine, "to alice")
    await drain(server)
    assert await home(alice) == ["@alice to alice", "mine", "to myself"]
    assert await home(dave) == ["to myself", "@carol to carol", "question"]


async def test_boosts_come_unless_unwanted_and_only_once(server: Node) -> None:
    alice, bob, carol, dave = await people(server, "alice", "bob", "carol", "dave")
    await follow(alice, bob)
    await follow(alice, carol)
    await dave.post(f"/api/v1/accounts/{bob.id}/follow", {"reblogs": False})
    post = await (await server.person("erin")).posts("boosted")
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    await carol.post(f"/api/v1/statuses/{post['id']}/reblog")
    await drain(server)
    assert await home(alice) == ["boosted"]
    assert await home(dave) == []


async def test_languages_of_a_follow_let_in_only_those(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow", {"languages": ["de"]})
    await bob.posts("guten Tag", language="de")
    await bob.posts("good day", language="en")
    await drain(server)
    assert await home(alice) == ["guten Tag"]


async def test_a_mute_and_a_block_clear_the_home(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await follow(alice, bob)
    await follow(alice, carol)
    await drain(server)
    post = await bob.posts("of bob")
    await carol.posts("of carol")
    await carol.post(f"/api/v1/statuses/{post['id']}/reblog")
    await carol.posts("hello @bob")
    await drain(server)
    await alice.post(f"/api/v1/accounts/{bob.id}/mute")
    assert await home(alice) == ["hello @bob", "of carol"]
    await drain(server)
    assert await home(alice) == ["of carol"]
    await carol.post(f"/api/v1/accounts/{alice.id}/block")
    await drain(server)
    assert await home(alice) == []


async def test_direct_posts_come_to_the_mentioned_who_follow(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await follow(alice, bob)
    await follow(carol, bob)
    await bob.posts("@alice secret", visibility="direct")
    await drain(server)
    assert await home(alice) == ["@alice secret"]
    assert await home(carol) == []


async def test_a_followed_tag_brings_posts_of_strangers(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await alice.post("/api/v1/tags/cats/follow")
    await bob.posts("a #Cats post")
    await bob.posts("quiet #cats", visibility="unlisted")
    await drain(server)
    assert await home(alice) == ["a #Cats post"]


async def test_a_deleted_post_takes_its_boosts_along(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await follow(alice, bob)
    await follow(alice, carol)
    await drain(server)
    post = await bob.posts("soon gone")
    await carol.posts("stays")
    await carol.post(f"/api/v1/statuses/{post['id']}/reblog")
    await drain(server)
    await bob.api("DELETE", f"/api/v1/statuses/{post['id']}")
    assert await home(alice) == ["stays"]
    await drain(server)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from home where orig_id = $1", int(post["id"])) == 0
        assert await conn.fetchval("select count(*) from statuses where reblog_of_id = $1", int(post["id"])) == 0
        assert await conn.fetchval("select count(*) from notifications where status_id = $1", int(post["id"])) == 0


async def test_a_very_large_audience_is_served_in_parts(server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribute, "CHUNK", 2)
    bob = await server.person("bob")
    async with server.db.transaction() as conn:
        fans = [await factories.local(conn, f"fan{number}") for number in range(5)]
        for fan in fans:
            await factories.follow(conn, fan, bob.account_id)
    await bob.posts("to all")
    await drain(server)
    async with server.db.read() as conn:
        owners = [row[0] for row in await conn.fetch("select owner_id from home order by owner_id")]
    assert owners == sorted([bob.account_id, *fans])


async def test_who_comes_back_is_told_to_wait_and_finds_the_home_made_again(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await follow(alice, bob)
    await bob.posts("old")
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update account_settings set last_active_at = '2020-01-01' where account_id > 0")
        assert await homes.drop_idle(conn, limit=10) == 2
    await bob.posts("while away")
    await drain(server)
    assert await alice.api("GET", "/api/v1/timelines/home", status=206) == []
    await drain(server)
    assert await home(alice) == ["while away", "old"]


async def test_a_home_is_cut_to_its_length(server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "MAX_ROWS", 3)
    alice = await server.person("alice")
    for number in range(5):
        await alice.posts(f"post {number}")
    await drain(server)
    async with server.db.transaction() as conn:
        assert await homes.trim(conn, after=0, limit=10) is None
        assert len(await homes.entries(conn, alice.account_id, Page(10))) == 3


async def test_a_full_home_page_takes_six_queries_at_most(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    await follow(alice, bob)
    for number in range(22):
        await bob.posts(f"#post {number}", poll={"options": ["a", "b"], "expires_in": 600} if number % 2 else None)
    await drain(server)
    await alice.get("/api/v1/timelines/home", limit=1)
    server.app.memory.pop("fedi.entities.bundle")
    with queries(at_most=7):  # one of them finds out who asks
        assert len(await alice.get("/api/v1/timelines/home", limit=40)) == 22
    with queries(at_most=5):
        await alice.get("/api/v1/timelines/home", limit=40)


# ------------------------------------------------------------ pages


async def links(person: Person, path: str, **params: Any) -> tuple[list[Any], dict[str, str]]:
    response = await person.call("GET", path, params=params or None)
    assert response.status_code == 200
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    return response.json(), {rel: url for url, rel in found}


@pytest.mark.parametrize("path", ["/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/timelines/tag/x"])
async def test_pages_down_and_up_show_everything_once_though_much_is_hidden(server: Node, path: str) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await follow(alice, bob)
    await follow(alice, carol)
    await drain(server)
    for number in range(30):
        await (carol if number % 3 else bob).posts(f"#x {number}")
    await drain(server)
    async with server.db.transaction() as conn:  # Muted without the effect that clears the home.
        await conn.execute(
            "insert into mutes (account_id, target_id) values ($1, $2)", alice.account_id, carol.account_id
        )
    wanted = [f"#x {number}" for number in range(27, -1, -3)]
    down, sizes, url = list[str](), list[int](), path + "?limit=4"
    while url and len(sizes) < 10:
        page, rels = await links(alice, url)
        sizes.append(len(page))
        down += contents(page)
        url = rels.get("next", "") if page else ""
    assert down == wanted
    assert sizes == [4, 4, 2, 0]
    up, url = list[str](), path + "?limit=4&min_id=1"
    for _ in range(4):
        page, rels = await links(alice, url)
        assert len(page) <= 4
        up = contents(page) + up
        url = rels.get("prev", url)
    assert up == wanted


async def test_min_id_gives_what_is_immediately_above_and_since_id_the_newest(server: Node) -> None:
    alice = await server.person("alice")
    posts = [await alice.posts(f"post {number}") for number in range(5)]
    await drain(server)
    assert await home(alice, min_id=posts[0]["id"], limit=2) == ["post 2", "post 1"]
    assert await home(alice, since_id=posts[0]["id"], limit=2) == ["post 4", "post 3"]
    assert await home(alice, min_id=posts[0]["id"], max_id=posts[2]["id"], limit=2) == ["post 1"]
    assert await home(alice, limit=0) == []


async def test_a_hiding_filter_leaves_a_full_page(server: Node) -> None:
    alice = await server.person("alice")
    bob = await server.person("bob")
    await follow(alice, bob)
    await drain(server)
    for number in range(12):
        await bob.posts(f"{'cat' if number % 2 else 'dog'} {number}")
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute(
            """
            with f as (insert into filters (account_id, title, context, action)
                values ($1, 'cats', '{home}', 'hide') returning id)
            insert into filter_keywords (filter_id, keyword) select id, 'cat' from f
            """,
            alice.account_id,
        )
    assert await home(alice, limit=5) == ["dog 10", "dog 8", "dog 6", "dog 4", "dog 2"]


async def test_the_link_keeps_what_was_asked_for(server: Node) -> None:
    alice = await server.person("alice")
    await alice.posts("here")
    _, rels = await links(alice, "/api/v1/timelines/public", local="true", limit=1)
    assert list(rels) == ["next", "prev"]
    for url in rels.values():
        assert url.startswith("https://example.test/api/v1/timelines/public?local=true&limit=1&m")


# ------------------------------------------------------------ public and tags


async def test_public_shows_no_answers_boosts_or_quiet_posts(server: Node) -> None:
    alice, bob = await people(server, "alice", "bob")
    post = await alice.posts("public")
    await alice.posts("unlisted", visibility="unlisted")
    await alice.posts("private", visibility="private")
    await alice.posts("to myself", in_reply_to_id=post["id"])
    await bob.replies(post, "an answer")
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    await drain(server)
    assert await public(alice) == ["to myself", "public"]
    nobody = await server.api("GET", "/api/v1/timelines/public")
    assert contents(nobody) == ["to myself", "public"]


async def test_public_by_origin_and_with_media(server: Node) -> None:
    alice = await server.person("alice")
    await alice.posts("local")
    async with server.db.transaction() as conn:
        far = await factories.remote(conn, "far")
        medium = await conn.fetchval(
            "insert into media_attachments (account_id, remote_url) values ($1, 'https://remote.test/x') returning id",
            far,
        )
        await factories.status(conn, far, content="remote")
        await factories.status(conn, far, content="picture", media_ids=[medium])
    assert await public(alice) == ["picture", "remote", "local"]
    assert await public(alice, local="true") == ["local"]
    assert await public(alice, remote="true") == ["picture", "remote"]
    assert await public(alice, only_media="true") == ["picture"]


async def test_limited_people_are_met_only_by_their_followers(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await follow(alice, bob)
    await bob.posts("#loud")
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set silenced_at = now() where id = $1", bob.account_id)
    for path in ("/api/v1/timelines/public", "/api/v1/timelines/tag/loud"):
        assert contents(await alice.get(path)) == ["#loud"]
        assert contents(await carol.get(path)) == []
        assert contents(await server.api("GET", path)) == []


async def test_tags_combine(server: Node) -> None:
    alice = await server.person("alice")
    for text in ("#a", "#b", "#a #b", "#a #c", "#a #b #c"):
        await alice.posts(text)

    async def tag(name: str, **params: Any) -> list[str]:
        return contents(await alice.get(f"/api/v1/timelines/tag/{name}", **params))

    assert await tag("A") == ["#a #b #c", "#a #c", "#a #b", "#a"]
    assert await tag("a", **{"any[]": ["b"]}) == ["#a #b #c", "#a #c", "#a #b", "#b", "#a"]
    assert await tag("a", **{"all[]": ["b", "c"]}) == ["#a #b #c"]
    assert await tag("a", **{"none[]": ["b"]}) == ["#a #c", "#a"]
    assert await tag("a", **{"all[]": ["never"]}) == []
    assert await tag("never") == []


# ------------------------------------------------------------ lists


async def test_a_list_shows_its_members_by_its_rule_and_to_its_owner_only(server: Node) -> None:
    alice, bob, carol = await people(server, "alice", "bob", "carol")
    await follow(alice, bob)
    await follow(alice, carol)
    await drain(server)
    async with server.db.transaction() as conn:
        list_id = await conn.fetchval(
            "insert into lists (account_id, title, exclusive) values ($1, 'x', true) returning id", alice.account_id
        )
        await conn.execute("insert into list_accounts (list_id, account_id) values ($1, $2)", list_id, bob.account_id)
    post = await carol.posts("of carol")
    await bob.posts("of bob")
    await bob.replies(post, "to carol")
    await drain(server)
    path = f"/api/v1/timelines/list/{list_id}"
    assert contents(await alice.api("GET", path, strict=False)) == ["of bob"]
    async with server.db.transaction() as conn:
        await conn.execute("update lists set replies_policy = 'followed'")
    assert contents(await alice.api("GET", path, strict=False)) == ["@carol to carol", "of bob"]
    assert await home(alice) == ["of carol"]  # An exclusive list keeps its members out of the home.
    await bob.api("GET", path, status=404, strict=False)
