"""Rules about addresses and networks hold at the door: when somebody joins, logs in, or only looks."""

from typing import Any

import httpx
import pytest

from fedi.services import exchangers
from storage import users
from tests.api.walks.admin import EVERYTHING
from tests.support.browser import browser
from tests.support.names import name_server
from tests.support.servers import Node, Person

pytestmark = pytest.mark.anyio

A = "/api/v1/admin"
JOIN = {"password": "a long password", "agreement": True, "locale": "en"}


async def admin(server: Node) -> Person:
    return await server.person("admin", role="admin", scopes=EVERYTHING)


async def join(server: Node, name: str, email: str) -> httpx.Response:
    """Sign up as apps do."""
    app = await server.client.post(
        "/api/v1/apps", json={"client_name": "x", "redirect_uris": "x://y", "scopes": "read write"}
    )
    asked = {key: app.json()[key] for key in ("client_id", "client_secret")}
    token = await server.client.post(
        "/oauth/token", json={**asked, "grant_type": "client_credentials", "scope": "read write"}
    )
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    return await server.client.post(
        "/api/v1/accounts", json={**JOIN, "username": name, "email": email}, headers=headers
    )


async def standing(who: Person, name: str) -> Any:
    (found,) = await who.get("/api/v2/admin/accounts", username=name)
    return found


async def door(server: Node, name: str) -> tuple[str | None, bool]:
    """The address of somebody who has not confirmed it, and whether they would be in."""
    async with server.db.read() as conn:
        found = await users.by_username(conn, name)
    assert found is not None
    return found.email, found.approved_at is not None


async def test_a_provider_is_refused_with_its_subdomains_and_attempts_are_counted(server: Node) -> None:
    boss = await admin(server)
    made = await boss.post(f"{A}/email_domain_blocks", {"domain": "evil.example"})
    for name, email in (("one", "a@evil.example"), ("two", "b@mx.EVIL.example")):
        refused = await join(server, name, email)
        assert refused.status_code == 422
        assert refused.json()["details"]["email"][0]["error"] == "ERR_BLOCKED"
    assert (await join(server, "three", "c@notevil.example")).status_code == 200
    shown = await boss.get(f"{A}/email_domain_blocks/{made['id']}")
    assert (shown["history"][0]["uses"], shown["history"][0]["accounts"]) == ("2", "1")
    assert (await boss.call("POST", f"{A}/email_domain_blocks", json={"domain": "evil.example"})).status_code == 422
    await boss.api("DELETE", f"{A}/email_domain_blocks/{made['id']}")
    assert (await join(server, "four", "d@evil.example")).status_code == 200


async def test_a_provider_is_met_behind_domains_of_others(server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchangers, "TIMEOUT_SECONDS", 0.2)
    boss = await admin(server)
    async with name_server(server) as names:
        names.hosts = {
            "throwaway.org": ["MX1.evil.org.", "mx2.other.org."],
            "odd.org": ["mail.lenient.org."],
            "fine.org": ["mail.fine.org."],
            "none.org": ["."],
            "empty.org": [],
        }
        names.silent = {"silent.org"}
        assert (await join(server, "early", "a@throwaway.org")).status_code == 200
        assert names.asked == [], "nobody is asked while there are no rules"
        await boss.post(f"{A}/email_domain_blocks", {"domain": "evil.org"})
        await boss.post(f"{A}/email_domain_blocks", {"domain": "lenient.org", "allow_with_approval": True})
        refused = await join(server, "one", "b@Throwaway.org")
        assert refused.json()["details"]["email"][0]["error"] == "ERR_BLOCKED"
        for name in ("fine", "none", "empty", "silent", "unknown"):
            assert (await join(server, name, f"c@{name}.org")).status_code == 200, name
            assert (await standing(boss, name))["approved"] is True
        assert (await join(server, "odd", "c@odd.org")).status_code == 200
        assert (await standing(boss, "odd"))["approved"] is False
    assert (await join(server, "gone", "c@throwaway.org")).status_code == 200, (
        "a name server that is away locks nobody out"
    )


async def test_a_provider_may_need_approval(server: Node) -> None:
    boss = await admin(server)
    await boss.post(f"{A}/email_domain_blocks", {"domain": "odd.example", "allow_with_approval": True})
    assert (await join(server, "odd", "a@odd.example")).status_code == 200
    assert (await standing(boss, "odd"))["approved"] is False
    assert (await join(server, "plain", "a@plain.example")).status_code == 200
    assert (await standing(boss, "plain"))["approved"] is True


async def test_changing_to_a_provider_that_needs_approval_needs_it_too(servers: Any) -> None:
    (server,) = await servers("example.test", smtp_host="127.0.0.1", smtp_port=1, smtp_tls="none")
    boss = await admin(server)
    made = await boss.post(f"{A}/email_domain_blocks", {"domain": "odd.example", "allow_with_approval": True})
    for number, name in enumerate(("nina", "otto")):
        joined = await join(server, name, f"{name}@plain.example")
        assert await door(server, name) == (f"{name}@plain.example", True)
        if name == "nina":
            headers = {"Authorization": f"Bearer {joined.json()['access_token']}"}
            changed = await server.client.post(
                "/api/v1/emails/confirmations", json={"email": f"{name}@odd.example"}, headers=headers
            )
            assert changed.status_code == 200, changed.text
        else:
            async with browser(server) as window:
                await window.log_in(name, password=str(JOIN["password"]))
                await window.open("/auth/welcome")
                await window.submit("/auth/welcome", {"email": f"{name}@odd.example"})
        assert await door(server, name) == (f"{name}@odd.example", False)
        shown = await boss.get(f"{A}/email_domain_blocks/{made['id']}")
        assert int(shown["history"][0]["uses"]) == number + 1
    back = await server.client.post(
        "/api/v1/emails/confirmations", json={"email": "nina@plain.example"}, headers=headers
    )
    assert back.status_code == 200
    assert await door(server, "nina") == ("nina@plain.example", False), "staff has not said so"


async def test_an_address_is_known_in_every_spelling(server: Node) -> None:
    boss = await admin(server)
    made = await boss.post(f"{A}/canonical_email_blocks", {"email": "test@example.com"})
    assert made["canonical_email_hash"] == "973dfe463ec85785f5f95af5ba3906eedb2d931c24e69824a89ea65dba4e813b"
    for address in ("t.e.s.t+spam@example.com", "TEST@EXAMPLE.com"):
        assert await boss.post(f"{A}/canonical_email_blocks/test", {"email": address}) == [made]
        assert (await join(server, "evil", address)).json()["details"]["email"][0]["error"] == "ERR_TAKEN"
    assert await boss.post(f"{A}/canonical_email_blocks/test", {"email": "other@example.com"}) == []
    for wrong in ({}, {"canonical_email_hash": "x"}, {"email": "nobody"}, {"email": "te.st@example.com"}):
        assert (await boss.call("POST", f"{A}/canonical_email_blocks", json=wrong)).status_code == 422


async def test_whoever_is_suspended_cannot_come_back_under_the_same_address(server: Node) -> None:
    boss, mallory = await admin(server), await server.person("mallory")
    await boss.post(f"{A}/accounts/{mallory.id}/action", {"type": "suspend"})
    assert len(await boss.post(f"{A}/canonical_email_blocks/test", {"email": "mall.ory+2@mail.test"})) == 1
    await boss.post(f"{A}/accounts/{mallory.id}/unsuspend")
    assert await boss.post(f"{A}/canonical_email_blocks/test", {"email": "mallory@mail.test"}) == []


async def test_a_network_may_need_approval_or_not_join_at_all(server: Node) -> None:
    boss = await admin(server)
    body = {"ip": "192.0.2.1", "severity": "sign_up_requires_approval", "comment": "hm"}
    made = await boss.post(f"{A}/ip_blocks", body)
    assert made["ip"] == "192.0.2.1/32"
    assert (await join(server, "waits", "a@plain.example")).status_code == 200
    assert (await standing(boss, "waits"))["approved"] is False
    path = f"{A}/ip_blocks/{made['id']}"
    changed = await boss.api("PUT", path, json={"ip": "192.0.2.0/24", "severity": "sign_up_block"})
    assert (changed["ip"], changed["comment"]) == ("192.0.2.0/24", "hm")
    assert (await join(server, "refused", "b@plain.example")).status_code == 403
    assert (await boss.call("POST", f"{A}/ip_blocks", json={**body, "ip": "192.0.2.0/24"})).status_code == 422, "taken"


async def from_network(server: Node, address: str, path: str = "/api/v1/instance") -> int:
    transport = httpx.ASGITransport(server.server.asgi, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url=server.base_url) as client:
        return (await client.get(path)).status_code


async def test_a_network_without_access_gets_nothing_until_it_is_over(server: Node) -> None:
    boss = await admin(server)
    four = await boss.post(f"{A}/ip_blocks", {"ip": "198.51.100.0/25", "severity": "no_access"})
    await boss.post(f"{A}/ip_blocks", {"ip": "2001:db8:1::/48", "severity": "no_access", "expires_in": 3600})
    for address in ("198.51.100.5", "2001:db8:1::7"):
        for path in ("/api/v1/instance", "/auth/log_in", "/users/admin", "/.well-known/webfinger"):
            assert await from_network(server, address, path) == 403, (address, path)
    for address in ("198.51.100.200", "2001:db8:2::7", "192.0.2.1"):
        assert await from_network(server, address) == 200, address
    await boss.api("DELETE", f"{A}/ip_blocks/{four['id']}")
    assert await from_network(server, "198.51.100.5") == 200, "at once"
    (left,) = await boss.get(f"{A}/ip_blocks")
    async with server.db.transaction() as conn:
        await conn.execute("update ip_blocks set expires_at = now() - interval '1 second'")
    await boss.post(f"{A}/ip_blocks", {"ip": "203.0.113.9", "severity": "no_access"})
    assert await from_network(server, "2001:db8:1::7") == 200
    assert left["id"] not in [each["id"] for each in await boss.get(f"{A}/ip_blocks")]


@pytest.mark.parametrize(
    "body",
    [
        {"ip": "192.0.2.0/24", "severity": "no_access"},  # whoever asks comes from there
        {"ip": "0.0.0.0/0", "severity": "no_access"},
        {"ip": "::/0", "severity": "sign_up_block"},
        {"ip": "nonsense", "severity": "no_access"},
        {"ip": "198.51.100.1", "severity": "nonsense"},
        {"ip": "198.51.100.1", "severity": "no_access", "expires_in": -5},
        {"ip": "198.51.100.1", "severity": "no_access", "expires_in": 10**18},
        {"ip": "198.51.100.1", "severity": "no_access", "comment": "x" * 5000},
    ],
)
async def test_nonsense_and_locking_oneself_out_are_refused(server: Node, body: dict[str, Any]) -> None:
    boss = await admin(server)
    assert (await boss.call("POST", f"{A}/ip_blocks", json=body)).status_code == 422
    assert await boss.get(f"{A}/ip_blocks") == []
