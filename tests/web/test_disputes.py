"""Appeals: whoever was struck may say why that was wrong, once and in time; staff decides; approval undoes the deed."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from storage import audit
from tests.api.walks.admin import EVERYTHING
from tests.support import mailbox
from tests.support.browser import Browser, browser
from tests.support.servers import PASSWORD, Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
STRIKES, APPEALS = "/disputes/strikes", "/auth/appeals"


async def struck(server: Node, kind: str, target: Person, *, by: str = "mod", **more: Any) -> str:
    """The number of the strike."""
    mod = await server.person(by, role="moderator", scopes=EVERYTHING)
    await mod.post(f"/api/v1/admin/accounts/{target.id}/action", {"type": kind, **more})
    await drain(server)
    async with server.db.read() as conn:
        return str(await conn.fetchval("select max(id) from account_warnings"))


async def appeals(window: Browser, strike: str, text: str) -> None:
    await window.open(f"{STRIKES}/{strike}")
    await window.submit(f"{STRIKES}/{strike}/appeal", {"text": text})


async def number(server: Node) -> str:
    async with server.db.read() as conn:
        return str(await conn.fetchval("select max(id) from appeals"))


async def shown(person: Person) -> dict[str, Any]:
    [row] = await person.get("/api/v1/notifications", **{"types[]": "moderation_warning"})
    warning: dict[str, Any] = row["moderation_warning"]
    return warning


async def decide(server: Node, verb: str, *, login: str = "judge") -> None:
    async with browser(server) as window:
        await window.log_in(login)
        await window.open(APPEALS)
        await window.submit(f"{APPEALS}/{await number(server)}/{verb}")
        assert (window.status, window.location) == (303, APPEALS)


async def test_an_approved_appeal_takes_the_decision_back_and_is_told(servers: Servers) -> None:
    async with mailbox.mailbox() as box:
        [server] = await servers("example.test", **mailbox.settings(box))
        alice, _judge = await server.person("alice"), await server.person("judge", role="admin")
        strike = await struck(server, "silence", alice, text="too loud")
        assert f"{STRIKES}/{strike}" in box.to("alice@mail.test")[-1].get_content()
        assert (await shown(alice))["appeal"] is None
        async with browser(server) as window:
            await window.open(f"{STRIKES}/{strike}")
            assert window.location == f"/auth/log_in?next={STRIKES}/{strike}"
            await window.log_in("alice")
            await window.open("/")
            assert STRIKES in window.html
            await window.open(STRIKES)
            assert f"{STRIKES}/{strike}" in window.html
            await appeals(window, strike, "<b>I whispered</b>")
            await window.follow()
            assert "&lt;b&gt;I whispered" in window.html
            assert f"{strike}/appeal" not in window.html
        assert (await shown(alice))["appeal"] == {"text": "<b>I whispered</b>", "state": "pending"}
        await drain(server)
        assert "I whispered" in box.to("judge@mail.test")[-1].get_content()
        assert "I whispered" not in "".join(each.get_content() for each in box.to("mod@mail.test"))
        await decide(server, "approve")
        await drain(server)
        assert (await server.api("GET", f"/api/v1/accounts/{alice.id}")).get("limited") is not True
        assert (await shown(alice))["appeal"]["state"] == "approved"
        assert "approved" in box.to("alice@mail.test")[-1]["Subject"]
        async with server.db.read() as conn:
            entry = (await audit.latest(conn, action="appeal"))[0]
        assert (entry.action, entry.target) == ("appeal.approve", "alice")
        assert orjson.loads(entry.detail)["strike"] == strike


async def test_a_rejected_appeal_changes_nothing_and_is_final(servers: Servers) -> None:
    async with mailbox.mailbox() as box:
        [server] = await servers("example.test", **mailbox.settings(box))
        alice, _judge = await server.person("alice"), await server.person("judge", role="owner")
        strike = await struck(server, "sensitive", alice)
        async with browser(server) as window:
            await window.log_in("alice")
            await appeals(window, strike, "why?")
            await decide(server, "reject")
            await drain(server)
            assert "rejected" in box.to("alice@mail.test")[-1]["Subject"]
            assert (await shown(alice))["appeal"] == {"text": "why?", "state": "rejected"}
            async with server.db.read() as conn:
                assert await conn.fetchval("select sensitized_at from accounts where username = 'alice'") is not None
            await window.open(f"{STRIKES}/{strike}")
            assert f"{strike}/appeal" not in window.html
        async with browser(server) as judge:
            await judge.log_in("judge")
            await judge.open("/")
            token = {"form_token": judge.form("/auth/log_out")["form_token"]}
            headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://example.test"}
            path = f"{APPEALS}/{await number(server)}/approve"
            assert (await judge.client.post(path, data=token, headers=headers)).status_code == 422


@pytest.mark.parametrize("kind", ["disable", "suspend"])
async def test_who_cannot_log_in_any_more_can_appeal(server: Node, kind: str) -> None:
    alice, _judge = await server.person("alice"), await server.person("judge", role="admin")
    strike = await struck(server, kind, alice)
    async with browser(server) as window:
        await window.open("/auth/log_in")
        await window.submit("/auth/log_in", {"login": "alice", "password": "not this one"})
        assert STRIKES not in window.html
        await window.submit("/auth/log_in", {"login": "alice", "password": PASSWORD})
        assert window.status == 403
        link = window.html.split('href="/disputes/strikes')[1].split('"')[0]
        assert not any("session" in name for name in window.client.cookies), "not logged in"
        await window.open(f"{STRIKES}{link}")
        assert f"{STRIKES}/{strike}?token=" in window.html
        await window.open(f"{STRIKES}/{strike}{link}")
        await window.submit(f"{STRIKES}/{strike}/appeal", {"text": "it was not me"})
        await window.follow()
        assert "it was not me" in window.html
        assert (await window.open("/auth/sessions")).status_code == 303, "the link leads nowhere else"
    async with server.db.transaction() as conn:
        await conn.execute("update user_tokens set expires_at = now()")
    async with browser(server) as window:
        assert (await window.open(f"{STRIKES}{link}")).status_code == 303
    await decide(server, "approve")
    async with browser(server) as window:
        await window.log_in("alice")


async def test_another_strike_of_the_kind_keeps_it_in_force(server: Node) -> None:
    alice, _judge = await server.person("alice"), await server.person("judge", role="admin")
    await struck(server, "silence", alice, by="mod")
    strike = await struck(server, "silence", alice, by="mod2")
    async with browser(server) as window:
        await window.log_in("alice")
        await appeals(window, strike, "no")
    await decide(server, "approve")
    assert (await server.api("GET", f"/api/v1/accounts/{alice.id}"))["limited"] is True


async def test_one_appeals_in_time_once_with_words_and_only_for_oneself(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    strike = await struck(server, "none", alice, text="careful")
    async with browser(server) as window:
        await window.log_in("bob")
        assert (await window.open(f"{STRIKES}/{strike}")).status_code == 404
        await window.open("/")
        token = window.form("/auth/log_out")["form_token"]
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://example.test"}
        path = f"{STRIKES}/{strike}/appeal"
        sent = await window.client.post(path, data={"form_token": token, "text": "mine"}, headers=headers)
        assert sent.status_code == 404, bob
    async with browser(server) as window:
        await window.log_in("alice")
        for text in ("  ", "x" * 2001):
            await appeals(window, strike, text)
            assert window.status == 422
        await window.submit(f"{STRIKES}/{strike}/appeal", {"text": "why", "form_token": "forged"})
        assert window.status == 422
        async with server.db.transaction() as conn:
            await conn.execute("update account_warnings set created_at = now() - interval '20 days'")
        await window.submit(f"{STRIKES}/{strike}/appeal", {"text": "why"})
        assert window.status == 422
        async with server.db.transaction() as conn:
            await conn.execute("update account_warnings set created_at = now() - interval '19 days'")
        await appeals(window, strike, "why")
        assert window.status == 303
        assert (await shown(alice))["appeal"]["text"] == "why"


@pytest.mark.parametrize("role", ["user", "moderator"])
async def test_others_do_not_decide(server: Node, role: str) -> None:
    alice = await server.person("alice")
    strike = await struck(server, "none", alice)
    await server.person("somebody", role=role)
    async with browser(server) as window:
        await window.log_in("alice")
        await appeals(window, strike, "why")
    async with browser(server) as window:
        assert (await window.open(APPEALS)).headers["location"] == f"/auth/log_in?next={APPEALS}"
        await window.log_in("somebody")
        assert (await window.open(APPEALS)).status_code == 403
        await window.open("/")
        token = {"form_token": window.form("/auth/log_out")["form_token"]}
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": "https://example.test"}
        path = f"{APPEALS}/{await number(server)}/approve"
        assert (await window.client.post(path, data=token, headers=headers)).status_code == 403
    assert (await shown(alice))["appeal"]["state"] == "pending"
