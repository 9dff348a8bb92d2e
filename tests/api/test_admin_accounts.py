"""What staff does to accounts really happens: to timelines, sign-ins, other servers; and it is remembered."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from storage import audit
from tests.api.walks.admin import EVERYTHING
from tests.support import mailbox
from tests.support.pictures import picture
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
A = "/api/v1/admin/accounts"


async def staff(server: Node, name: str = "mod", role: str = "moderator") -> Person:
    return await server.person(name, role=role, scopes=EVERYTHING)


async def act(mod: Person, target_id: str, kind: str, *, status: int = 200, **more: Any) -> Any:
    return await mod.post(f"{A}/{target_id}/action", {"type": kind, **more}, status=status)


async def log(server: Node) -> list[tuple[str, str, dict[str, Any]]]:
    async with server.db.read() as conn:
        return [(each.action, each.target, orjson.loads(each.detail)) for each in await audit.latest(conn)]


async def test_a_limited_account_leaves_the_public_and_comes_back(server: Node) -> None:
    mod, alice = await staff(server), await server.person("alice")
    await alice.posts("hello")
    await act(mod, alice.id, "silence", text="too loud")
    assert await server.api("GET", "/api/v1/timelines/public") == []
    assert (await server.api("GET", f"/api/v1/accounts/{alice.id}"))["limited"] is True
    assert (await alice.posts("again"))["visibility"] == "unlisted"
    assert (await mod.post(f"{A}/{alice.id}/unsilence"))["silenced"] is False
    assert len(await server.api("GET", "/api/v1/timelines/public")) == 1
    assert [(action, target) for action, target, _ in await log(server)] == [
        ("account.unsilence", "alice"),
        ("account.silence", "alice"),
    ]


async def test_media_of_a_sensitive_account_are_hidden_here_and_elsewhere(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    mod, alice, bob = await staff(a), await a.person("alice"), await b.person("bob")
    media = await alice.call("POST", "/api/v2/media", files={"file": ("a.png", picture(), "image/png")})
    await act(mod, alice.id, "sensitive")
    status = await alice.posts("look", media_ids=[media.json()["id"]])
    assert status["sensitive"] is True
    assert (await bob.sees(status["uri"]))["sensitive"] is True
    await mod.post(f"{A}/{alice.id}/unsensitive")
    assert (await alice.get(f"/api/v1/statuses/{status['id']}"))["sensitive"] is False


async def test_whoever_is_disabled_is_out_until_enabled(server: Node) -> None:
    mod, alice = await staff(server), await server.person("alice")
    await alice.posts("hello")
    await act(mod, alice.id, "disable")
    assert (await alice.call("GET", "/api/v1/timelines/home")).status_code in (401, 403)
    assert len(await server.api("GET", "/api/v1/timelines/public")) == 1, "what they wrote stays"
    assert (await mod.post(f"{A}/{alice.id}/enable"))["disabled"] is False


async def test_a_suspension_is_told_and_can_be_lifted(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    mod, alice, bob = await staff(a), await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    await alice.posts("hello")
    await drain(a, b)
    await act(mod, alice.id, "suspend")
    await drain(a, b)
    assert (await alice.call("GET", "/api/v1/timelines/home")).status_code == 401
    assert await bob.home() == []
    assert (await server_account(b, bob, alice))["suspended"] is True
    assert (await mod.post(f"{A}/{alice.id}/unsuspend"))["suspended"] is False
    await drain(a, b)
    assert len(await bob.home()) == 1
    assert (await mod.call("POST", f"{A}/{alice.id}/unsuspend")).status_code == 403, "it is not suspended any more"


async def server_account(node: Node, viewer: Person, other: Person) -> Any:
    return await viewer.get("/api/v1/accounts/lookup", acct=other.handle)


async def test_a_suspended_stranger_gets_nothing_more_from_here(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    mod, alice, bob = await staff(a), await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    known = await mod.finds(bob)
    await act(mod, known["id"], "suspend")
    await drain(a, b)
    assert (await alice.get(f"/api/v1/accounts/{alice.id}"))["followers_count"] == 0
    there = await bob.finds(alice)
    (relation,) = await bob.get("/api/v1/accounts/relationships", id=there["id"])
    assert relation["following"] is False


async def test_what_is_deleted_is_gone_everywhere(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    admin, alice, bob = await staff(a, "admin", "admin"), await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    status = await alice.posts("hello")
    await alice.post(f"/api/v1/statuses/{status['id']}/bookmark")
    await alice.follow(bob)
    await drain(a, b)
    assert (await admin.call("DELETE", f"{A}/{alice.id}")).status_code == 403, "only what is suspended can be deleted"
    await act(admin, alice.id, "suspend")
    assert (await admin.api("DELETE", f"{A}/{alice.id}"))["username"] == "alice"
    await drain(a, b)
    assert (await admin.call("DELETE", f"{A}/{alice.id}")).status_code == 403, "once"
    assert (await admin.call("POST", f"{A}/{alice.id}/unsuspend")).status_code == 403
    actor = await a.client.get("/users/alice", headers={"Accept": "application/activity+json"})
    assert actor.status_code == 410
    async with a.db.read() as conn:
        for table in ("statuses", "bookmarks", "follows", "memberships", "home"):
            column = "owner_id" if table == "home" else "account_id"
            count = await conn.fetchval(f"select count(*) from {table} where {column} = $1", alice.account_id)
            assert count == 0, table
        sent = await conn.fetch("select body::jsonb ->> 'type' from activities where account_id = $1", alice.account_id)
    assert [row[0] for row in sent].count("Delete") == 1, "one farewell for everything"
    assert await bob.home() == []
    async with b.db.read() as conn:
        assert await conn.fetchval("select count(*) from statuses where uri = $1", status["uri"]) == 0
    assert (await a.client.post("/api/v1/accounts", json={})).status_code == 401


async def test_the_person_is_told_by_notification_and_mail(servers: Servers) -> None:
    async with mailbox.mailbox() as box:
        (server,) = await servers("mail.test", **mailbox.settings(box))
        mod, alice = await staff(server), await server.person("alice")
        async with server.db.transaction() as conn:
            preset = await conn.fetchval("insert into warning_presets (text) values ('Rule one.') returning id")
        await act(mod, alice.id, "none", text="Please stop.", warning_preset_id=preset)
        await drain(server)
        (letter,) = box.to("alice@mail.test")
        assert "Rule one.\n\nPlease stop." in letter.get_content().replace("\r\n", "\n")
        (told,) = await alice.api(
            "GET", "/api/v1/notifications", params={"types[]": "moderation_warning"}, strict=False
        )
        assert told["type"] == "moderation_warning"
        await act(mod, alice.id, "silence", send_email_notification=False)
        await drain(server)
        assert len(box.to("alice@mail.test")) == 1, "not told"
        async with server.db.read() as conn:
            strikes = await conn.fetch("select action, text, moderator_id from account_warnings order by id")
        assert [tuple(row) for row in strikes] == [
            ("none", "Rule one.\n\nPlease stop.", mod.account_id),
            ("silence", "", mod.account_id),
        ]


async def test_an_action_closes_reports_and_a_bare_warning_only_its_own(server: Node) -> None:
    mod, alice, bob = await staff(server), await server.person("alice"), await server.person("bob")
    filed = [await bob.post("/api/v1/reports", {"account_id": alice.id, "comment": str(n)}) for n in range(3)]
    await act(mod, alice.id, "none", report_id=filed[0]["id"])
    open_ids = [each["id"] for each in await mod.get("/api/v1/admin/reports")]
    assert open_ids == [filed[2]["id"], filed[1]["id"]]
    await act(mod, alice.id, "silence")
    assert await mod.get("/api/v1/admin/reports") == []
    await act(mod, bob.id, "none", report_id=filed[0]["id"], status=404)


async def test_nobody_acts_on_their_equals_or_betters(server: Node) -> None:
    mod, other = await staff(server), await staff(server, "other")
    admin, owner = await staff(server, "admin", "admin"), await staff(server, "owner", "owner")
    for actor, target in ((mod, mod), (mod, other), (mod, admin), (admin, owner), (owner, owner)):
        await act(actor, target.id, "suspend", status=403)
    await act(admin, mod.id, "disable")
    await act(owner, admin.id, "disable")
    assert [target for _, target, _ in await log(server)] == ["admin", "mod"]


async def test_what_fails_leaves_nothing_behind(server: Node) -> None:
    mod, alice = await staff(server), await server.person("alice")
    await act(mod, alice.id, "silence", report_id=1, status=404)
    await act(mod, alice.id, "silence", warning_preset_id=1, status=422)
    await act(mod, alice.id, "silence", text="x" * 5000, status=422)
    await act(mod, alice.id, "nonsense", status=422)
    assert (await mod.call("POST", f"{A}/{alice.id}/action")).status_code == 400
    await act(mod, "1", "silence", status=404)
    assert await log(server) == []
    assert (await mod.get(f"{A}/{alice.id}"))["silenced"] is False


async def test_applicants_are_let_in_or_turned_down_once(server: Node) -> None:
    mod = await staff(server)
    dora = await server.person("dora", approved=False)
    assert (await dora.call("GET", "/api/v1/timelines/home")).status_code == 403
    assert (await mod.post(f"{A}/{dora.id}/approve"))["approved"] is True
    assert (await dora.call("GET", "/api/v1/timelines/home")).status_code in (200, 206)
    for verb in ("approve", "reject"):
        assert (await mod.call("POST", f"{A}/{dora.id}/{verb}")).status_code == 403
    eve = await server.person("eve", approved=False)
    await mod.post(f"{A}/{eve.id}/reject")
    assert (await mod.call("GET", f"{A}/{eve.id}")).status_code == 404
    assert [(action, target) for action, target, _ in await log(server)] == [
        ("account.reject", "eve"),
        ("account.approve", "dora"),
    ]


async def test_both_lists_filter(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    mod, alice, bob = await staff(a), await a.person("alice", ip="192.0.2.77"), await b.person("bob")
    await mod.finds(bob)
    await act(mod, alice.id, "silence")

    async def names(path: str, **params: Any) -> list[str]:
        return [each["username"] for each in await mod.get(path, **params)]

    for params, wanted in (
        ({"local": "true"}, ["alice", "mod"]),
        ({"remote": "true"}, ["bob"]),
        ({"silenced": "true"}, ["alice"]),
        ({"suspended": "true"}, []),
        ({"staff": "true"}, ["mod"]),
        ({"by_domain": "b.test"}, ["bob"]),
        ({"ip": "192.0.2.0/24"}, ["alice"]),
        ({"email": "alice@"}, ["alice"]),
        ({"username": "AL"}, ["alice"]),
        ({"limit": "1", "local": "true"}, ["alice"]),
    ):
        assert await names(A, **params) == wanted, params
    second = "/api/v2/admin/accounts"
    assert await names(second, origin="local", status="active") == ["alice", "mod"]
    assert await names(second, origin="remote") == ["bob"]
    assert await names(second, **{"role_ids[]": "1"}) == ["mod"]
    assert await names(second, **{"role_ids[]": "-99"}) == ["alice"]
    assert await names(second, status="pending") == []
    assert (await mod.get(f"{A}/{alice.id}"))["ip"] == "192.0.2.77"
    assert (await mod.call("GET", A, params={"ip": "nonsense"})).status_code == 422


async def test_a_page_costs_the_same_however_long_it_is(server: Node) -> None:
    mod = await staff(server)
    people = [await server.person(f"person{number}") for number in range(12)]
    with queries(at_most=4):
        response = await mod.call("GET", A, params={"limit": 10})
    assert len(response.json()) == 10
    assert f'max_id={people[2].id}>; rel="next"' in response.headers["Link"]
    following = await mod.call("GET", A, params={"limit": 10, "max_id": people[2].id})
    assert [each["username"] for each in following.json()] == ["person1", "person0", "mod"]
    assert 'rel="next"' not in following.headers["Link"]
