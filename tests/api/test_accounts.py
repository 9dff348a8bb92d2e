"""People as others see them."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import statuses
from storage.visibility import DIRECT, PRIVATE, UNLISTED
from tests.support import factories
from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio


async def ids(person: Person | None, node: Node, path: str, **params: Any) -> list[str]:
    if person is None:
        return [each["id"] for each in await node.api("GET", path, params=params)]
    return [each["id"] for each in await person.get(path, **params)]


async def test_a_profile_is_public(server: Node) -> None:
    alice = await server.person("alice")
    account = await server.api("GET", f"/api/v1/accounts/{alice.id}")
    assert (account["username"], account["acct"], account["url"]) == ("alice", "alice", "https://example.test/@alice")
    own = await alice.get(f"/api/v1/accounts/{alice.id}")
    approval = account["feature_approval"]
    assert (approval["current_user"], own["feature_approval"]["current_user"]) == ("denied", "automatic")
    assert own == {**account, "feature_approval": {**approval, "current_user": "automatic"}}


@pytest.mark.parametrize("wrong", ["1", "-99", "0", "abc", "99999999999999999999", "%20"])
async def test_nobody_is_behind_a_wrong_id(server: Node, wrong: str) -> None:
    for path in ("", "/statuses", "/followers", "/following", "/featured_tags"):
        await server.api("GET", f"/api/v1/accounts/{wrong}{path}", status=404)


async def test_several_accounts_at_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    found = await server.api("GET", f"/api/v1/accounts?id[]={bob.id}&id[]=1&id[]={alice.id}&id[]=-99")
    assert [each["id"] for each in found] == [bob.id, alice.id]
    many = "&".join(f"id[]={number}" for number in range(41))
    await server.api("GET", f"/api/v1/accounts?{many}", status=422)


async def test_lookup_finds_those_known_here_only(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        rita = await factories.remote(conn, "Rita", "far.test")
    for acct in ("alice", "ALICE", "@alice", "alice@example.test", "alice@EXAMPLE.test"):
        assert (await server.api("GET", "/api/v1/accounts/lookup", params={"acct": acct}))["id"] == alice.id
    for acct in ("rita@far.test", "@Rita@FAR.test"):
        assert (await server.api("GET", "/api/v1/accounts/lookup", params={"acct": acct}))["id"] == str(rita)
    for acct in ("rita", "rita@near.test", "nobody@unknown.test", "@", "a b@c d", "example.test"):
        await server.api("GET", "/api/v1/accounts/lookup", params={"acct": acct}, status=404)
    await server.api("GET", "/api/v1/accounts/lookup", status=400)
    assert server.network.seen == []


async def test_a_suspended_account_is_a_name_and_nothing_else(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"note": "secret", "display_name": "A"})
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    async with server.db.transaction() as conn:
        await factories.status(conn, alice.account_id)
        await conn.execute("update accounts set suspended_at = now() where id = $1", alice.account_id)
    account = await server.api("GET", f"/api/v1/accounts/{alice.id}")
    assert (account["suspended"], account["note"], account["followers_count"]) == (True, "", 0)
    for path in ("statuses", "followers", "following"):
        assert await bob.get(f"/api/v1/accounts/{alice.id}/{path}") == []
    assert await bob.get(f"/api/v1/accounts/{bob.id}/following") == []


async def test_somebody_who_moved_says_where(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set moved_to_id = $2 where id = $1", alice.account_id, bob.account_id)
    assert (await server.api("GET", f"/api/v1/accounts/{alice.id}"))["moved"]["id"] == bob.id


# ------------------------------------------------------------ posts


async def test_who_sees_which_posts_of_a_profile(server: Node) -> None:
    alice, bob, carol, dave = [await server.person(name) for name in ("alice", "bob", "carol", "dave")]
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    async with server.db.transaction() as conn:
        public = await factories.status(conn, alice.account_id)
        unlisted = await factories.status(conn, alice.account_id, visibility=UNLISTED)
        private = await factories.status(conn, alice.account_id, visibility=PRIVATE)
        direct = await factories.status(conn, alice.account_id, visibility=DIRECT, mentions=[carol.account_id])
    path = f"/api/v1/accounts/{alice.id}/statuses"
    everybody = [str(unlisted), str(public)]
    assert await ids(None, server, path) == everybody
    assert await ids(dave, server, path) == everybody
    assert await ids(bob, server, path) == [str(private), *everybody]
    assert await ids(carol, server, path) == [str(direct), *everybody]
    assert await ids(carol, server, path, exclude_direct="true") == everybody
    assert await ids(alice, server, path) == [str(direct), str(private), *everybody]
    await alice.post(f"/api/v1/accounts/{dave.id}/block")
    assert await ids(dave, server, path) == []
    assert await ids(alice, server, f"/api/v1/accounts/{dave.id}/statuses") == []


async def test_posts_can_be_narrowed_down(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        other = await factories.status(conn, bob.account_id)
        plain = await factories.status(conn, alice.account_id, tags=["Cats"])
        own_reply = await factories.status(
            conn, alice.account_id, in_reply_to_id=plain, in_reply_to_account_id=alice.account_id
        )
        reply = await factories.status(
            conn, alice.account_id, in_reply_to_id=other, in_reply_to_account_id=bob.account_id
        )
        lost = await factories.status(conn, alice.account_id, in_reply_to_uri="https://gone.test/1")
        boost = await factories.status(conn, alice.account_id, reblog_of_id=other)
        media_id = await conn.fetchval(
            "insert into media_attachments (account_id, file) values ($1, 'media/aa/aa.png') returning id",
            alice.account_id,
        )
        picture = await factories.status(conn, alice.account_id, media_ids=[media_id])
    path = f"/api/v1/accounts/{alice.id}/statuses"
    every = [str(each) for each in (picture, boost, lost, reply, own_reply, plain)]
    assert await ids(bob, server, path) == every
    assert await ids(bob, server, path, only_media="true") == [str(picture)]
    assert await ids(bob, server, path, exclude_replies="1") == [
        str(each) for each in (picture, boost, own_reply, plain)
    ]
    assert str(boost) not in await ids(bob, server, path, exclude_reblogs="true")
    assert len(await ids(bob, server, path, exclude_reblogs="0")) == len(every)
    for tagged in ("cats", "CATS", "#cats"):
        assert await ids(bob, server, path, tagged=tagged) == [str(plain)]
    assert await ids(bob, server, path, tagged="dogs") == []


async def test_pinned_posts_come_latest_pin_first(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        made = [await factories.status(conn, alice.account_id) for _ in range(3)]
        secret = await factories.status(conn, alice.account_id, visibility=PRIVATE)
        for status_id in (made[1], made[0], secret):
            await conn.execute(
                "insert into status_pins (account_id, status_id) values ($1, $2)", alice.account_id, status_id
            )
    path = f"/api/v1/accounts/{alice.id}/statuses"
    assert await ids(None, server, path, pinned="true") == [str(made[0]), str(made[1])]
    assert await ids(alice, server, path, pinned="true") == [str(secret), str(made[0]), str(made[1])]


async def test_a_profile_hides_boosts_of_people_one_avoids_but_not_its_own_posts(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        rita = await factories.remote(conn, "rita", "bad.test")
        boosts = [
            await factories.status(conn, alice.account_id, reblog_of_id=await factories.status(conn, author))
            for author in (rita, bob.account_id)
        ]
        own = await factories.status(conn, alice.account_id)
    carol = await server.person("carol")
    path = f"/api/v1/accounts/{alice.id}/statuses"
    assert await ids(carol, server, path) == [str(own), str(boosts[1]), str(boosts[0])]
    await carol.post(f"/api/v1/accounts/{bob.id}/mute")
    await carol.post("/api/v1/domain_blocks", {"domain": "bad.test"})
    assert await ids(carol, server, path) == [str(own)]
    await carol.post(f"/api/v1/accounts/{alice.id}/mute")
    assert await ids(carol, server, path) == [str(own)]


# ------------------------------------------------------------ followers


async def test_followers_and_following(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    for person in (bob, carol):
        await person.post(f"/api/v1/accounts/{alice.id}/follow")
    followers, following = f"/api/v1/accounts/{alice.id}/followers", f"/api/v1/accounts/{bob.id}/following"
    assert await ids(None, server, followers) == [carol.id, bob.id]
    assert await ids(None, server, following) == [alice.id]
    await bob.post(f"/api/v1/accounts/{carol.id}/block")
    assert await ids(bob, server, followers) == [bob.id]
    assert await ids(carol, server, followers) == [carol.id]
    assert await ids(alice, server, followers) == [carol.id, bob.id]


async def test_a_hidden_network_is_its_owners(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"hide_collections": True})
    for path in ("followers", "following"):
        for viewer in (None, bob):
            assert await ids(viewer, server, f"/api/v1/accounts/{alice.id}/{path}") == []
        assert await ids(alice, server, f"/api/v1/accounts/{alice.id}/{path}") == [bob.id]
    carol = await server.person("carol")
    await carol.post(f"/api/v1/accounts/{bob.id}/follow")
    assert await carol.get("/api/v1/accounts/familiar_followers", **{"id[]": alice.id}) == [
        {"id": alice.id, "accounts": []}
    ]


async def test_familiar_followers_are_followed_by_the_viewer_and_follow_the_target(server: Node) -> None:
    alice, bob, carol, dave = [await server.person(name) for name in ("alice", "bob", "carol", "dave")]
    for follower, target in ((alice, bob), (alice, carol), (bob, dave), (carol, dave), (dave, bob)):
        await follower.post(f"/api/v1/accounts/{target.id}/follow")
    found = await alice.api("GET", f"/api/v1/accounts/familiar_followers?id[]={dave.id}&id[]={bob.id}&id[]=1")
    assert [(each["id"], [one["id"] for one in each["accounts"]]) for each in found] == [
        (dave.id, [carol.id, bob.id]), (bob.id, []),
    ]  # fmt: skip


@pytest.fixture
async def crowd(server: Node) -> tuple[Person, list[tuple[int, int]]]:
    """Somebody with nine followers: (follow id, account id), latest first."""
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for number in range(9):
            await factories.follow(conn, await factories.remote(conn, f"r{number}"), alice.account_id)
        records = await conn.fetch("select id, account_id from follows order by id desc")
    return alice, [(record[0], record[1]) for record in records]


async def test_every_page_of_a_list_holds_exactly_what_its_cursors_say(
    server: Node, crowd: tuple[Person, list[tuple[int, int]]]
) -> None:
    alice, rows = crowd
    position = st.none() | st.integers(-1, 9)

    def cursor(index: int) -> int:
        """The id of a row, or one just outside the list."""
        return rows[0][0] + 5 if index < 0 else rows[-1][0] - 5 if index > 8 else rows[index][0]

    def expected(limit: int, max_id: int | None, since_id: int | None, min_id: int | None) -> list[str]:
        """The definition, spelled out over the whole list."""
        lower = since_id if min_id is None else min_id
        inside = [row for row in rows if (max_id is None or row[0] < max_id) and (lower is None or row[0] > lower)]
        chosen = inside[:limit] if min_id is None else inside[max(len(inside) - limit, 0) :]
        return [str(row[1]) for row in chosen]

    cases = st.tuples(st.integers(0, 12), position, position, position)
    drawn: list[tuple[int, int | None, int | None, int | None]] = []

    @settings(max_examples=60, database=None, suppress_health_check=list(HealthCheck))
    @given(cases)
    def draw(case: tuple[int, int | None, int | None, int | None]) -> None:
        drawn.append(case)

    draw()
    for limit, *positions in drawn:
        cursors = [None if index is None else cursor(index) for index in positions]
        names = zip(("max_id", "since_id", "min_id"), cursors, strict=True)
        params = {name: str(value) for name, value in names if value is not None}
        response = await alice.call("GET", f"/api/v1/accounts/{alice.id}/followers", params={"limit": limit, **params})
        got = [each["id"] for each in response.json()]
        assert got == expected(limit, *cursors), (limit, params)
        _check_links(response, got, limit, {str(account): follow for follow, account in rows})


def _check_links(response: httpx.Response, got: list[str], limit: int, follows: dict[str, int]) -> None:
    """The next page begins below the last row, if the page was full; the previous one above the first."""
    links = {name: httpx.URL(each["url"]).params for name, each in response.links.items()}
    assert ("next" in links) == (bool(got) and len(got) == limit)
    assert ("prev" in links) == bool(got)
    if "next" in links:
        assert links["next"]["max_id"] == str(follows[got[-1]])
        assert links["next"]["limit"] == str(limit)
        assert "min_id" not in links["next"]
    if "prev" in links:
        assert links["prev"]["min_id"] == str(follows[got[0]])
        assert "since_id" not in links["prev"]


async def test_following_the_links_meets_everybody_once(
    server: Node, crowd: tuple[Person, list[tuple[int, int]]]
) -> None:
    alice, rows = crowd
    seen: list[str] = []
    url: str | None = f"/api/v1/accounts/{alice.id}/followers?limit=4"
    while url:
        response = await alice.call("GET", url)
        seen += [each["id"] for each in response.json()]
        url = response.links.get("next", {}).get("url")
    assert seen == [str(account_id) for _, account_id in rows]


async def test_links_keep_what_was_asked_for(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        made = [await factories.status(conn, alice.account_id) for _ in range(3)]
    path = f"/api/v1/accounts/{alice.id}/statuses"
    response = await server.client.get(path, params={"limit": 2, "exclude_replies": "true", "unknown[]": "x"})
    next_page = httpx.URL(response.links["next"]["url"])
    assert (next_page.scheme, next_page.host) == ("https", "example.test")
    assert dict(next_page.params) == {
        "limit": "2", "exclude_replies": "true", "unknown[]": "x", "max_id": str(made[1]),
    }  # fmt: skip
    last = await server.client.get(response.links["next"]["url"])
    assert "next" not in last.links
    assert [each["id"] for each in last.json()] == [str(made[0])]


@pytest.mark.parametrize("limit", ["0", "-3", "1000000", "99999999999999999999"])
async def test_odd_limits_are_brought_into_range(server: Node, limit: str) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for _ in range(4):
            await factories.status(conn, alice.account_id)
    found = await ids(alice, server, f"/api/v1/accounts/{alice.id}/statuses", limit=limit)
    assert len(found) == {"0": 0, "-3": 3}.get(limit, 4)


async def test_lists_cost_the_same_for_one_row_and_for_many(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        for number in range(10):
            rita = await factories.remote(conn, f"r{number}")
            await factories.follow(conn, rita, alice.account_id)
            await factories.follow(conn, alice.account_id, rita)
            await factories.status(conn, alice.account_id, reblog_of_id=await factories.status(conn, rita))
    for path in ("followers", "following", "featured_tags"):
        with queries(at_most=6):
            await bob.get(f"/api/v1/accounts/{alice.id}/{path}")
    with queries(at_most=9):  # token, account, ids, and the six of a page of statuses
        await bob.get(f"/api/v1/accounts/{alice.id}/statuses")
    with queries(at_most=6):
        await bob.get("/api/v1/accounts/familiar_followers", **{"id[]": alice.id})
    several = "&".join(f"id[]={each['id']}" for each in await bob.get(f"/api/v1/accounts/{alice.id}/followers"))
    for path in ("", "/relationships"):
        with queries(at_most=5):
            assert len(await bob.api("GET", f"/api/v1/accounts{path}?{several}")) == 10


async def test_who_waits_to_be_let_in_is_not_there_yet(server: Node) -> None:
    alice = await server.person("alice")
    waiting = await server.person("waiting", approved=False)
    await alice.api("GET", f"/api/v1/accounts/{waiting.id}", status=404)
    await alice.api("GET", "/api/v1/accounts/lookup?acct=waiting", status=404)
    assert await alice.api("GET", f"/api/v1/accounts?id[]={waiting.id}") == []
    await alice.post(f"/api/v1/accounts/{waiting.id}/follow", status=404)
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set pending = false where id = $1", waiting.account_id)
    assert (await alice.get(f"/api/v1/accounts/{waiting.id}"))["username"] == "waiting"


async def test_a_silenced_account_is_marked_and_can_be_read(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        status_id = await factories.status(conn, alice.account_id)
        await conn.execute("update accounts set silenced_at = now() where id = $1", alice.account_id)
        assert await statuses.by_id(conn, status_id)
    assert (await server.api("GET", f"/api/v1/accounts/{alice.id}"))["limited"]
    assert await ids(None, server, f"/api/v1/accounts/{alice.id}/statuses") == [str(status_id)]


async def test_which_of_my_lists_somebody_is_on_is_my_business(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    async with server.db.transaction() as conn:
        await factories.follow(conn, alice.account_id, bob.account_id)
        for title, members in (("friends", [bob.account_id]), ("others", [])):
            list_id = await conn.fetchval(
                "insert into lists (account_id, title) values ($1, $2) returning id", alice.account_id, title
            )
            for member in members:
                await conn.execute("insert into list_accounts (list_id, account_id) values ($1, $2)", list_id, member)
    assert [each["title"] for each in await alice.get(f"/api/v1/accounts/{bob.id}/lists")] == ["friends"]
    assert await carol.get(f"/api/v1/accounts/{bob.id}/lists") == []
    await alice.post(f"/api/v1/accounts/{bob.id}/unfollow")
    await server.drain()
    assert await alice.get(f"/api/v1/accounts/{bob.id}/lists") == []


async def test_a_token_without_the_scope_is_refused_and_none_is_fine(server: Node) -> None:
    alice = await server.person("alice")
    narrow = await server.person("narrow", scopes="read:blocks write push")
    for path in ("", "/statuses", "/followers", "/following"):
        await server.api("GET", f"/api/v1/accounts/{alice.id}{path}")
        await narrow.api("GET", f"/api/v1/accounts/{alice.id}{path}", status=403)
    await narrow.api("GET", "/api/v1/accounts/lookup?acct=alice", status=403)
    for path in (f"{alice.id}/lists", "search?q=x", "familiar_followers"):
        await server.api("GET", f"/api/v1/accounts/{path}", status=401)
        await narrow.api("GET", f"/api/v1/accounts/{path}", status=403)
