"""Invitations and applications."""

from typing import Any

import pytest

from fedi import roles
from fedi.services import roles as server_roles
from fedi.services.staff import OPERATOR
from storage import roles as role_rows
from storage import users
from tests.api.walks.admin import EVERYTHING
from tests.support.browser import browser
from tests.support.servers import PASSWORD, Node

pytestmark = pytest.mark.anyio


def form(name: str) -> dict[str, str]:
    return {"username": name, "email": f"{name}@mail.test", "password": PASSWORD, "agreement": "true"}


async def approved(server: Node, username: str) -> bool:
    async with server.db.read() as conn:
        user = await users.by_username(conn, username)
    assert user is not None
    return user.approved_at is not None


async def invite(server: Node, login: str) -> str:
    """A link, as the page shows it."""
    async with browser(server) as window:
        await window.log_in(login)
        await window.open("/auth/invites")
        await window.submit("/auth/invites")
        assert window.status == 303
        await window.follow()
        return window.html.split("<strong>https://example.test")[1].split("<")[0]


async def test_an_invitation_lets_one_person_in(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="invite")
    await server.person("alice")
    link = await invite(server, "alice")
    async with browser(server) as window:
        await window.open("/auth/sign_up")
        assert "by invitation only" in window.html
        await window.open(link)
        await window.follow()
        await window.submit("/auth/sign_up", form("bob"))
        assert window.status == 303, window.html
        await window.follow()
        assert "@bob@example.test" in window.html
    async with browser(server) as window:
        await window.open(link)
        await window.follow()
        assert "by invitation only" in window.html


async def test_a_withdrawn_invitation_is_worth_nothing(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="invite")
    await server.person("alice")
    link = await invite(server, "alice")
    async with server.db.read() as conn:
        ident = await conn.fetchval("select id from invites")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/invites")
        await window.submit(f"/auth/invites/{ident}/withdraw")
    async with browser(server) as window:
        await window.open(link)
        await window.follow()
        assert "by invitation only" in window.html


async def test_a_role_may_invite_past_the_staff(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="approval")
    async with server.db.transaction() as conn:
        for name, bits in (("host", roles.INVITE_BYPASS_APPROVAL), ("guest", roles.VIEW_DASHBOARD)):
            await role_rows.create(conn, role_rows.New(name=name, label=name, permissions=bits))
    await server.person("alice", role="host")
    await server.person("bob", role="guest")
    assert (await invite(server, "alice")).startswith("/invite/")
    async with browser(server) as window:
        await window.log_in("bob")
        await window.open("/auth/invites")
        assert "looks at every application" in window.html


async def test_where_staff_decides_only_staff_invites(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="approval")
    await server.person("alice")
    await server.person("boss", role="moderator")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/invites")
        assert "Make a link" not in window.html
        token = (await window.open("/")).text.split('name="form_token" value="')[1].split('"')[0]
        assert (await window.client.post("/auth/invites", data={"form_token": token})).status_code == 403
    link = await invite(server, "boss")
    async with browser(server) as window:
        await window.open(link)
        await window.follow()
        await window.submit("/auth/sign_up", form("bob"))
        await window.follow()
        assert "@bob@example.test" in window.html  # in at once
    link = await invite(server, "boss")
    await server_roles.give(server.app, OPERATOR, "boss", "user")
    async with browser(server) as window:
        await window.open(link)
        await window.follow()
        await window.submit("/auth/sign_up", form("carol"))
        assert window.status == 303, window.html
    assert await approved(server, "bob")
    assert not await approved(server, "carol"), "by somebody who is staff no more"


@pytest.mark.parametrize("deed", ["disable", "suspend"])
async def test_the_invitations_of_whoever_is_shut_out_are_worth_nothing(servers: Any, deed: str) -> None:
    (server,) = await servers("example.test", registrations="invite")
    alice = await server.person("alice")
    boss = await server.person("boss", role="admin", scopes=EVERYTHING)
    link = await invite(server, "alice")
    await boss.post(f"/api/v1/admin/accounts/{alice.id}/action", {"type": deed})
    async with browser(server) as window:
        await window.open(link)
        await window.follow()
        assert "by invitation only" in window.html
    code = link.rpartition("/")[2]
    asked = await server.client.get(f"/invite/{code}", headers={"Accept": "application/json"})
    assert asked.status_code == 401
    back = "enable" if deed == "disable" else "unsuspend"
    await boss.post(f"/api/v1/admin/accounts/{alice.id}/{back}")
    asked = await server.client.get(f"/invite/{code}", headers={"Accept": "application/json"})
    assert asked.status_code == 200


async def test_staff_lets_applicants_in_or_turns_them_down(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="approval")
    await server.person("boss", role="owner")
    for name in ("bob", "mallory"):
        async with browser(server) as window:
            await window.open("/auth/sign_up")
            await window.submit("/auth/sign_up", {**form(name), "reason": f"I am <{name}>"})
    async with browser(server) as window:
        await window.log_in("boss")
        await window.open("/")
        assert "/auth/applications" in window.html
        await window.open("/auth/applications")
        assert "I am &lt;bob&gt;" in window.html
        await window.submit("/auth/applications/bob/approve")
        await window.follow()
        await window.submit("/auth/applications/mallory/reject")
        await window.follow()
        assert "Nobody is waiting." in window.html
    async with browser(server) as window:
        await window.log_in("bob")
        await window.open("/auth/sessions")
        assert window.status == 200
    async with browser(server) as window:
        await window.open("/auth/sign_up")
        await window.submit("/auth/sign_up", form("mallory"))
        assert window.status == 303  # the name is free again


async def test_others_decide_about_nobody(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="approval")
    await server.person("alice")
    async with browser(server) as window:
        await window.open("/auth/sign_up")
        await window.submit("/auth/sign_up", form("bob"))
        for action in ("approve", "reject"):
            token = (await window.open("/auth/welcome")).text.split('name="form_token" value="')[1].split('"')[0]
            answer = await window.client.post(f"/auth/applications/bob/{action}", data={"form_token": token})
            assert answer.status_code == 403
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/auth/applications")
        assert window.status == 403
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from users where approved_at is null") == 1


async def test_nobody_who_is_in_can_be_turned_down(server: Node) -> None:
    await server.person("boss", role="owner")
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in("boss")
        token = (await window.open("/")).text.split('name="form_token" value="')[1].split('"')[0]
        await window.client.post("/auth/applications/alice/reject", data={"form_token": token})
    await server.api("GET", "/api/v1/accounts/lookup?acct=alice")
