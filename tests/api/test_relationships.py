"""Follow, block, mute, and what the answers say about it."""

import asyncio
from typing import Any

import pytest

from storage import accounts, blocks, follows
from tests.support import factories
from tests.support.servers import Node, Person, queries

pytestmark = pytest.mark.anyio


async def relationship(person: Person, account_id: object) -> Any:
    return (await person.get("/api/v1/accounts/relationships", **{"id[]": str(account_id)}))[0]


async def events(server: Node) -> list[str]:
    async with server.db.read() as conn:
        return [record[0] for record in await conn.fetch("select name from jobs where queue = 'event' order by id")]


async def test_an_open_account_is_followed_at_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    answer = await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    assert (answer["following"], answer["requested"], answer["showing_reblogs"]) == (True, False, True)
    assert (await relationship(bob, alice.id))["followed_by"]
    async with server.db.read() as conn:
        assert (await follows.find(conn, alice.account_id, bob.account_id)) is not None
    assert "FollowAccepted" in await events(server)


async def test_following_again_changes_the_options_and_counts_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    path = f"/api/v1/accounts/{bob.id}/follow"
    await alice.post(path, {"reblogs": False, "notify": True, "languages": ["de"]})
    same = await alice.post(path)
    assert (same["showing_reblogs"], same["notifying"], same["languages"]) == (False, True, ["de"])
    changed = await alice.post(path, {"reblogs": True, "languages": []})
    assert (changed["showing_reblogs"], changed["notifying"], changed["languages"]) == (True, True, None)
    async with server.db.read() as conn:
        rows = await conn.fetch("select following_count, followers_count from account_stats order by account_id")
        assert sorted(map(tuple, rows)) == [(0, 0), (0, 1), (1, 0)]
    assert (await events(server)).count("FollowAccepted") == 1


async def test_follow_options_may_come_as_a_form(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    answer = await alice.api(
        "POST",
        f"/api/v1/accounts/{bob.id}/follow",
        data={"reblogs": "0", "notify": "true", "languages[]": ["en", "fr"]},
    )
    assert (answer["showing_reblogs"], answer["notifying"], answer["languages"]) == (False, True, ["en", "fr"])


async def test_a_locked_account_is_asked_and_answers(server: Node) -> None:
    alice, bob, carol = (
        await server.person("alice"),
        await server.person("bob", locked=True),
        await server.person("carol"),
    )
    asked = await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    assert (asked["following"], asked["requested"]) == (False, True)
    await carol.post(f"/api/v1/accounts/{bob.id}/follow")
    assert [each["username"] for each in await bob.get("/api/v1/follow_requests")] == ["carol", "alice"]
    assert (await relationship(bob, alice.id))["requested_by"]

    accepted = await bob.post(f"/api/v1/follow_requests/{alice.id}/authorize")
    assert accepted["followed_by"]
    assert (await relationship(alice, bob.id))["following"]
    refused = await bob.post(f"/api/v1/follow_requests/{carol.id}/reject")
    assert not refused["followed_by"]
    assert not (await relationship(carol, bob.id))["requested"]
    assert await bob.get("/api/v1/follow_requests") == []
    for verb in ("authorize", "reject"):
        await bob.post(f"/api/v1/follow_requests/{alice.id}/{verb}", status=404)
    assert (await relationship(alice, bob.id))["following"]  # rejecting a request is not removing a follower


async def test_a_request_is_answered_by_nobody_else(server: Node) -> None:
    alice, bob, mallory = (
        await server.person("alice"),
        await server.person("bob", locked=True),
        await server.person("mallory"),
    )
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await mallory.post(f"/api/v1/follow_requests/{alice.id}/authorize", status=404)
    assert (await relationship(alice, bob.id))["requested"]
    assert await mallory.get("/api/v1/follow_requests") == []


async def test_unlocking_lets_in_those_who_wait(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob", locked=True)
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await bob.api("PATCH", "/api/v1/accounts/update_credentials", json={"locked": False})
    await server.drain()
    assert (await relationship(alice, bob.id))["following"]


async def test_who_locks_the_door_again_lets_nobody_in(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob", locked=True)
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    for locked in (False, True):
        await bob.api("PATCH", "/api/v1/accounts/update_credentials", json={"locked": locked})
    await server.drain()  # the job comes late
    assert (await relationship(alice, bob.id))["requested"]


async def test_unfollowing_ends_follow_and_request_and_is_idempotent(server: Node) -> None:
    alice, bob, carol = (
        await server.person("alice"),
        await server.person("bob"),
        await server.person("carol", locked=True),
    )
    for other in (bob, carol):
        await alice.post(f"/api/v1/accounts/{other.id}/follow")
        for _ in range(2):
            answer = await alice.post(f"/api/v1/accounts/{other.id}/unfollow")
            assert (answer["following"], answer["requested"]) == (False, False)
    assert (await events(server)).count("Unfollowed") == 2
    async with server.db.read() as conn:
        assert await conn.fetchval("select sum(following_count) + sum(followers_count) from account_stats") == 0


async def test_a_follower_can_be_removed(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    answer = await bob.post(f"/api/v1/accounts/{alice.id}/remove_from_followers")
    assert not answer["followed_by"]
    assert not (await relationship(alice, bob.id))["following"]
    assert "FollowRejected" in await events(server)


async def test_who_cannot_be_followed(server: Node) -> None:
    alice, bob, gone = await server.person("alice"), await server.person("bob"), await server.person("gone")
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = now() where id = $1", gone.account_id)
        moved = await factories.remote(conn, "moved")
        await conn.execute("update accounts set moved_to_id = $2 where id = $1", moved, bob.account_id)
    for account_id in (alice.id, gone.id, "1", "-99", "abc", "99999999999999999999"):
        await alice.post(f"/api/v1/accounts/{account_id}/follow", status=404)
    await alice.post(f"/api/v1/accounts/{moved}/follow", status=403)
    await bob.post(f"/api/v1/accounts/{alice.id}/block")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow", status=403)
    await bob.post(f"/api/v1/accounts/{alice.id}/follow", status=403)
    assert await events(server) == [*["AccountSignedUp"] * 3, "Blocked"]


async def test_a_block_ends_everything_between_two_people(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    await bob.post(f"/api/v1/accounts/{alice.id}/follow")
    answer = await alice.post(f"/api/v1/accounts/{bob.id}/block")
    assert (answer["blocking"], answer["following"], answer["followed_by"]) == (True, False, False)
    seen = await relationship(bob, alice.id)
    assert (seen["blocked_by"], seen["following"], seen["followed_by"]) == (True, False, False)
    assert (await events(server))[-3:] == ["Unfollowed", "FollowRejected", "Blocked"]
    async with server.db.read() as conn:
        assert await conn.fetchval("select sum(following_count) + sum(followers_count) from account_stats") == 0
    assert [each["id"] for each in await alice.get("/api/v1/blocks")] == [bob.id]
    assert await bob.get("/api/v1/blocks") == []
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    assert (await events(server)).count("Blocked") == 1
    answer = await alice.post(f"/api/v1/accounts/{bob.id}/unblock")
    assert (answer["blocking"], answer["following"]) == (False, False)
    assert await alice.get("/api/v1/blocks") == []
    assert (await events(server))[-1] == "Unblocked"


async def test_a_remote_block_ends_follows_and_stops_new_ones(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        rita = await factories.remote(conn, "rita")
    await alice.post(f"/api/v1/accounts/{rita}/follow")
    async with server.db.transaction() as conn:
        assert await follows.accept(conn, alice.account_id, rita)
        assert not await follows.accept(conn, alice.account_id, rita)
    assert (await relationship(alice, rita))["following"]
    async with server.db.transaction() as conn:
        assert await blocks.add(conn, rita, alice.account_id, uri="https://remote.test/b/1")
        assert not await blocks.add(conn, rita, alice.account_id, uri="https://remote.test/b/2")
        known = await blocks.by_uri(conn, "https://remote.test/b/2")
        assert known is not None
        assert known.account_id == rita
    seen = await relationship(alice, rita)
    assert (seen["blocked_by"], seen["following"]) == (True, False)
    await alice.post(f"/api/v1/accounts/{rita}/follow", status=403)


async def test_a_follow_from_somebody_blocked_is_rejected_whatever_door_it_comes_through(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        rita = await factories.remote(conn, "rita")
    await alice.post(f"/api/v1/accounts/{rita}/block")
    async with server.db.transaction() as conn:
        await follows.ask(
            conn, follow_id=1, uri="https://remote.test/f/1", account_id=rita, target_id=alice.account_id,
            options=follows.Options(),
        )  # fmt: skip
        assert await follows.find(conn, rita, alice.account_id) is None
        assert await follows.find_request(conn, rita, alice.account_id) is None
    assert (await events(server))[-1] == "FollowRejected"


async def test_a_remote_follower_that_asks_again_is_answered_again_with_its_new_uri(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        rita = await factories.remote(conn, "rita")
        for number in (1, 2):
            await follows.ask(
                conn, follow_id=number, uri=f"https://remote.test/f/{number}", account_id=rita,
                target_id=alice.account_id, options=follows.Options(),
            )  # fmt: skip
        follow = await follows.by_uri(conn, "https://remote.test/f/2")
    assert follow is not None
    assert (follow.account_id, follow.target_id) == (rita, alice.account_id)
    assert (await events(server)).count("FollowAccepted") == 2


async def test_a_follow_and_a_block_that_arrive_together_do_not_both_stand(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        await blocks.add(conn, bob.account_id, alice.account_id, uri=None)
        follow = asyncio.create_task(alice.post(f"/api/v1/accounts/{bob.id}/follow"))
        done, _ = await asyncio.wait([follow], timeout=0.5)
        assert not done  # it waits for the block, which it cannot see yet
    answer = await follow
    assert (answer["following"], answer["requested"], answer["blocked_by"]) == (False, False, True)


async def test_an_acceptance_and_a_block_that_arrive_together_do_not_both_stand(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob", locked=True)
    await alice.post(f"/api/v1/accounts/{bob.id}/follow")
    async with server.db.transaction() as conn:
        assert await follows.accept(conn, alice.account_id, bob.account_id)
        block = asyncio.create_task(bob.post(f"/api/v1/accounts/{alice.id}/block"))
        await asyncio.wait([block], timeout=0.3)
    answer = await block
    assert (answer["blocking"], answer["followed_by"], answer["requested_by"]) == (True, False, False)


async def test_many_changes_at_once_leave_true_counters(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    calls = [
        one.call("POST", f"/api/v1/accounts/{other.id}/{verb}")
        for one, other in ((alice, bob), (bob, alice))
        for verb in ("follow", "unfollow", "follow", "remove_from_followers", "block", "unblock", "follow") * 3
    ]
    assert {response.status_code for response in await asyncio.gather(*calls)} <= {200, 403}
    async with server.db.read() as conn:
        pairs = {tuple(record) for record in await conn.fetch("select account_id, target_id from follows")}
        counted = await accounts.stats(conn, [alice.account_id, bob.account_id])
    for person in (alice, bob):
        stats = counted[person.account_id]
        assert stats.following_count == sum(pair[0] == person.account_id for pair in pairs)
        assert stats.followers_count == sum(pair[1] == person.account_id for pair in pairs)


async def test_mutes_have_options_and_end(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    answer = await alice.post(f"/api/v1/accounts/{bob.id}/mute")
    assert (answer["muting"], answer["muting_notifications"], answer["muting_expires_at"]) == (True, True, None)
    answer = await alice.post(f"/api/v1/accounts/{bob.id}/mute", {"notifications": False, "duration": 3600})
    assert (answer["muting"], answer["muting_notifications"]) == (True, False)
    assert answer["muting_expires_at"]
    await alice.post(f"/api/v1/accounts/{carol.id}/mute", {"duration": 0})
    listed = {each["username"]: each["mute_expires_at"] for each in await alice.get("/api/v1/mutes")}
    assert listed["carol"] is None
    assert listed["bob"] == answer["muting_expires_at"]
    assert not (await relationship(bob, alice.id))["muting"]

    async with server.db.transaction() as conn:
        await conn.execute("update mutes set expires_at = now() - interval '1 second' where expires_at is not null")
    assert not (await relationship(alice, bob.id))["muting"]
    assert [each["username"] for each in await alice.get("/api/v1/mutes")] == ["carol"]
    assert not (await alice.post(f"/api/v1/accounts/{carol.id}/unmute"))["muting"]
    await alice.post(f"/api/v1/accounts/{carol.id}/unmute")
    assert await alice.get("/api/v1/mutes") == []


async def test_an_absurd_duration_is_a_long_one(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    answer = await alice.post(f"/api/v1/accounts/{bob.id}/mute", {"duration": 10**18})
    assert answer["muting_expires_at"]
    assert not (await alice.post(f"/api/v1/accounts/{bob.id}/unmute"))["muting"]
    assert (await alice.post(f"/api/v1/accounts/{bob.id}/mute", {"duration": -5}))["muting_expires_at"] is None


async def test_nobody_blocks_or_mutes_themselves(server: Node) -> None:
    alice = await server.person("alice")
    for verb in ("block", "mute"):
        await alice.post(f"/api/v1/accounts/{alice.id}/{verb}", status=403)


async def test_notes_are_private(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    answer = await alice.post(f"/api/v1/accounts/{bob.id}/note", {"comment": "met at the fair"})
    assert answer["note"] == "met at the fair"
    assert (await relationship(bob, alice.id))["note"] == ""
    assert (await alice.post(f"/api/v1/accounts/{bob.id}/note", {"comment": ""}))["note"] == ""
    await alice.post(f"/api/v1/accounts/{bob.id}/note", {"comment": "x" * 2001}, status=422)


async def test_blocking_a_domain_ends_follows_with_its_people(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        rita, sam = await factories.remote(conn, "rita", "Bad.test"), await factories.remote(conn, "sam", "good.test")
        for uri, account_id in (("1", rita), ("2", sam)):
            await follows.ask(
                conn, follow_id=account_id, uri=uri, account_id=account_id, target_id=alice.account_id,
                options=follows.Options(),
            )  # fmt: skip
    await alice.post(f"/api/v1/accounts/{rita}/follow")
    assert await alice.post("/api/v1/domain_blocks", {"domain": "BAD.test"}) == {}
    seen = await relationship(alice, rita)
    assert (seen["domain_blocking"], seen["requested"], seen["followed_by"]) == (True, False, False)
    assert (await relationship(alice, sam))["followed_by"]
    assert await alice.get("/api/v1/domain_blocks") == ["bad.test"]
    await alice.post(f"/api/v1/accounts/{rita}/follow", status=403)
    async with server.db.read() as conn:
        stats = (await accounts.stats(conn, [alice.account_id]))[alice.account_id]
    assert (stats.following_count, stats.followers_count) == (0, 1)

    bob = await server.person("bob")
    assert await bob.get("/api/v1/domain_blocks") == []
    await bob.api("DELETE", "/api/v1/domain_blocks", data={"domain": "bad.test"})
    assert await alice.get("/api/v1/domain_blocks") == ["bad.test"]
    assert await alice.api("DELETE", "/api/v1/domain_blocks", json={"domain": "Bad.test"}) == {}
    assert await alice.get("/api/v1/domain_blocks") == []


@pytest.mark.parametrize("domain", ["", "not a domain", "example.test"])
async def test_what_is_no_foreign_domain_cannot_be_blocked(server: Node, domain: str) -> None:
    alice = await server.person("alice")
    response = await alice.call("POST", "/api/v1/domain_blocks", json={"domain": domain})
    assert response.status_code in (400, 422)


async def test_relationships_take_any_form_of_ids_and_leave_out_nobody(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    for query in (f"id[]={bob.id}&id[]={carol.id}&id[]=1&id[]=-99", f"id={bob.id}"):
        answer = await alice.api("GET", f"/api/v1/accounts/relationships?{query}")
        assert {each["id"] for each in answer} <= {bob.id, carol.id}
        assert answer
    assert await alice.get("/api/v1/accounts/relationships") == []


async def test_lists_of_relations_page_by_their_own_cursors(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        people = [await factories.remote(conn, f"r{number}") for number in range(5)]
        for account_id in people:
            await conn.execute(
                "insert into blocks (account_id, target_id) values ($1, $2)", alice.account_id, account_id
            )
            await conn.execute(
                "insert into mutes (account_id, target_id) values ($1, $2)", alice.account_id, account_id
            )
            await conn.execute(
                "insert into follow_requests (account_id, target_id, uri) values ($2, $1, $3)",
                alice.account_id, account_id, f"https://remote.test/{account_id}",
            )  # fmt: skip
            await conn.execute(
                "insert into account_domain_blocks (account_id, domain) values ($1, $2)",
                alice.account_id,
                f"{account_id}.test",
            )
    wanted = [str(account_id) for account_id in reversed(people)]
    for path in ("blocks", "mutes", "follow_requests", "domain_blocks"):
        seen: list[str] = []
        url: str | None = f"/api/v1/{path}?limit=2"
        pages = 0
        while url:
            response = await alice.call("GET", url)
            seen += [each["id"] if isinstance(each, dict) else each.removesuffix(".test") for each in response.json()]
            url = response.links.get("next", {}).get("url")
            pages += 1
        assert (seen, pages) == (wanted, 3), path


async def test_the_lists_cost_a_fixed_number_of_queries(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        for number in range(8):
            account_id = await factories.remote(conn, f"r{number}")
            await conn.execute(
                "insert into blocks (account_id, target_id) values ($1, $2)", alice.account_id, account_id
            )
            await conn.execute(
                "insert into mutes (account_id, target_id) values ($1, $2)", alice.account_id, account_id
            )
    for path in ("blocks", "mutes", "follow_requests", "domain_blocks"):
        with queries(at_most=5):
            await alice.get(f"/api/v1/{path}")


ROUTES = [
    ("POST", "/api/v1/accounts/1/follow", "write:follows"),
    ("POST", "/api/v1/accounts/1/unfollow", "write:follows"),
    ("POST", "/api/v1/accounts/1/remove_from_followers", "write:follows"),
    ("POST", "/api/v1/accounts/1/block", "write:blocks"),
    ("POST", "/api/v1/accounts/1/unblock", "write:blocks"),
    ("POST", "/api/v1/accounts/1/mute", "write:mutes"),
    ("POST", "/api/v1/accounts/1/unmute", "write:mutes"),
    ("POST", "/api/v1/accounts/1/note", "write:accounts"),
    ("GET", "/api/v1/accounts/relationships", "read:follows"),
    ("GET", "/api/v1/follow_requests", "read:follows"),
    ("POST", "/api/v1/follow_requests/1/authorize", "write:follows"),
    ("POST", "/api/v1/follow_requests/1/reject", "write:follows"),
    ("GET", "/api/v1/blocks", "read:blocks"),
    ("GET", "/api/v1/mutes", "read:mutes"),
    ("GET", "/api/v1/domain_blocks", "read:blocks"),
    ("POST", "/api/v1/domain_blocks?domain=x.test", "write:blocks"),
    ("DELETE", "/api/v1/domain_blocks?domain=x.test", "write:blocks"),
]


async def test_every_route_wants_its_scope(server: Node) -> None:
    others = await server.person("others", scopes="push profile read:statuses write:statuses")
    legacy = await server.person("legacy", scopes="follow")
    for method, path, scope in ROUTES:
        await server.api(method, path, status=401)
        await others.api(method, path, status=403)
        if not scope.endswith("accounts"):
            assert (await legacy.call(method, path)).status_code in (200, 404), path
