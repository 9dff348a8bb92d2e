"""Joining from within an app."""

from typing import Any

import pytest

from fedi.services import accounts, mail
from storage import invites
from tests.support import mailbox
from tests.support.browser import browser
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

FORM = {
    "username": "newcomer",
    "email": "new@mail.test",
    "password": "correct horse",
    "agreement": True,
    "locale": "de",
    "date_of_birth": "1990-01-01",
    "time_zone": "Europe/Berlin",
}


async def app_token(server: Node, *, scopes: str = "read write follow push") -> str:
    app = await server.api(
        "POST", "/api/v1/apps", json={"client_name": "App", "redirect_uris": "app://x", "scopes": scopes}
    )
    answer = await server.client.post(
        "/oauth/token",
        json={
            "grant_type": "client_credentials",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "scope": scopes,
        },
    )
    token: str = answer.json()["access_token"]
    return token


async def join(server: Node, *, status: int = 200, token: str | None = None, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {token or await app_token(server)}"}
    return await server.api("POST", "/api/v1/accounts", json={**FORM, **more}, headers=headers, status=status)


async def me(server: Node, joined: Any, *, status: int = 200) -> Any:
    headers = {"Authorization": f"Bearer {joined['access_token']}"}
    return await server.api("GET", "/api/v1/accounts/verify_credentials", headers=headers, status=status)


async def test_an_open_server_gives_a_token_that_works_at_once(server: Node) -> None:
    joined = await join(server)
    assert joined["scope"] == "read write follow push"
    account = await me(server, joined)
    assert (account["username"], account["locked"], account["bot"]) == ("newcomer", False, False)
    async with server.db.read() as conn:
        row = await conn.fetchrow("select * from users where email = 'new@mail.test'")
        assert row is not None
        stored = await conn.fetchrow("select * from accounts where username = 'newcomer'")
        assert stored is not None
        kinds = await conn.fetch("select kind, uri from keys where account_id = $1 order by kind", stored["id"])
    assert (row["locale"], row["role"]) == ("de", "user")
    assert row["password_hash"].startswith("$argon2id$")
    for name in ("uri", "url", "inbox", "shared_inbox", "outbox", "followers_uri", "following_uri", "featured_uri"):
        assert stored[name].startswith("https://example.test/")
    assert [kind["kind"] for kind in kinds] == ["ed25519", "rsa"]


@pytest.mark.parametrize(
    ("wrong", "details"),
    [
        ({"username": ""}, {"username": "ERR_BLANK"}),
        ({"username": "no good"}, {"username": "ERR_INVALID"}),
        ({"username": "adm1n"}, {"username": "ERR_RESERVED"}),
        ({"username": "x" * 31}, {"username": "ERR_TOO_LONG"}),
        ({"username": "TAKEN"}, {"username": "ERR_TAKEN"}),
        ({"username": "example.test"}, {"username": "ERR_INVALID"}),
        ({"email": ""}, {"email": "ERR_BLANK"}),
        ({"email": "nothing"}, {"email": "ERR_INVALID"}),
        ({"email": "a%b@mail.test"}, {"email": "ERR_INVALID"}),
        ({"email": '"a b"@mail.test'}, {"email": "ERR_INVALID"}),
        ({"email": "a@mail.test,b@mail.test"}, {"email": "ERR_INVALID"}),
        ({"email": "a@mail.test\nBcc: b@mail.test"}, {"email": "ERR_INVALID"}),
        ({"email": "a" * 310 + "@mail.test"}, {"email": "ERR_INVALID"}),
        ({"email": "Taken@Mail.test"}, {"email": "ERR_TAKEN"}),
        ({"password": ""}, {"password": "ERR_BLANK"}),
        ({"password": "short"}, {"password": "ERR_TOO_SHORT"}),
        ({"agreement": False}, {"agreement": "ERR_ACCEPTED"}),
        ({"password": "", "agreement": None}, {"password": "ERR_BLANK", "agreement": "ERR_ACCEPTED"}),
    ],
)
async def test_everything_that_is_wrong_is_named(server: Node, wrong: dict[str, Any], details: dict[str, str]) -> None:
    await server.person("taken")
    refused = await join(server, status=422, **wrong)
    assert refused["error"].startswith("Validation failed: ")
    assert {field: faults[0]["error"] for field, faults in refused["details"].items()} == details
    assert all(fault["description"] for faults in refused["details"].values() for fault in faults)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from users") == 1


async def test_a_name_that_looks_like_somebody_elses_is_taken(server: Node) -> None:
    await server.person("paypal")
    refused = await join(server, status=422, username="paypa1")
    assert refused["details"]["username"][0]["error"] == "ERR_TAKEN"


async def test_joining_needs_a_token_that_may_write(server: Node) -> None:
    await server.api("POST", "/api/v1/accounts", json=FORM, status=401)
    await join(server, token=await app_token(server, scopes="read"), status=403)


async def test_a_closed_server_takes_nobody(servers: Any) -> None:
    (server,) = await servers("closed.test", registrations="closed")
    await join(server, status=403)


async def test_with_an_invitation_only_its_holders_join_and_no_more_than_it_allows(servers: Any) -> None:
    (server,) = await servers("invite.test", registrations="invite")
    async with server.db.transaction() as conn:
        code = await invites.create(conn, user_id=None, max_uses=1)
    await join(server, status=403)
    refused = await join(server, status=422, invite_code="guess")
    assert refused["details"]["invite_code"][0]["error"] == "ERR_INVALID"
    await join(server, status=422, invite_code=code, password="")  # does not use it up
    await me(server, await join(server, invite_code=code))
    await join(server, status=422, invite_code=code, username="second", email="second@mail.test")


async def test_an_applicant_waits_unseen_until_somebody_approves(servers: Any) -> None:
    (server,) = await servers("approval.test", registrations="approval")
    joined = await join(server, reason="I like trains")
    assert (await me(server, joined, status=403))["error"] == "Your login is currently pending approval"
    lookup = "/api/v1/accounts/lookup?acct=newcomer"
    await server.api("GET", lookup, status=404)
    webfinger = "/.well-known/webfinger?resource=acct:newcomer@approval.test"
    assert (await server.client.get(webfinger)).status_code == 404
    refused = await join(server, status=422, email="other@mail.test")  # but the name is taken
    assert refused["details"]["username"][0]["error"] == "ERR_TAKEN"

    assert await accounts.approve(server.app, "newcomer")
    assert not await accounts.approve(server.app, "newcomer")
    await drain(server)
    await me(server, joined)
    await server.api("GET", lookup)
    assert (await server.client.get(webfinger)).status_code == 200


async def test_an_address_is_confirmed_by_the_link_that_was_sent_to_it(servers: Any) -> None:
    async with mailbox.mailbox() as box:
        (server,) = await servers("mail.test", **mailbox.settings(box))
        joined = await join(server)
        assert (await me(server, joined, status=403))["error"] == "Your login is missing a confirmed e-mail address"
        headers = {"Authorization": f"Bearer {joined['access_token']}"}
        await server.api("GET", "/api/v1/apps/verify_credentials", headers=headers)
        await drain(server)
        (letter,) = box.to("new@mail.test")
        assert "newcomer" in letter.get_content()
        assert "Bestätige" in letter["Subject"]  # in the language they chose

        async with browser(server) as window:
            await window.open(box.link("new@mail.test"))
            await me(server, joined, status=403)  # following the link is not enough: mail scanners do
            await window.submit("/auth/confirm")
            assert window.status == 200
            await window.open(box.link("new@mail.test"))
            await window.submit("/auth/confirm")
            assert window.status == 410
        await me(server, joined)


async def test_the_confirmation_is_sent_again_and_to_a_better_address(servers: Any) -> None:
    async with mailbox.mailbox() as box:
        (server,) = await servers("mail.test", **mailbox.settings(box))
        joined = await join(server, email="wrnog@mail.test", locale="en")
        headers = {"Authorization": f"Bearer {joined['access_token']}"}
        await drain(server)
        old = box.link("wrnog@mail.test")
        path = "/api/v1/emails/confirmations"
        await server.api("POST", path, json={"email": "not one"}, headers=headers, status=422)
        better = {"email": "right@mail.test"}
        assert await server.api("POST", path, json=better, headers=headers, strict=False) == {}
        await drain(server)
        async with browser(server) as window:
            await window.open(old)
            await window.submit("/auth/confirm")
            assert window.status == 410
            await window.open(box.link("right@mail.test"))
            await window.submit("/auth/confirm")
        await me(server, joined)
        await server.api("POST", path, headers=headers, status=403)
        answer = await server.client.get("/api/v1/emails/check_confirmation", headers=headers)
        assert answer.json() is True


async def test_an_application_has_no_address_to_confirm(server: Node) -> None:
    headers = {"Authorization": f"Bearer {await app_token(server)}"}
    await server.api("POST", "/api/v1/emails/confirmations", headers=headers, status=422)


async def test_the_staff_hears_of_applicants_and_those_of_the_decision(servers: Any) -> None:
    async with mailbox.mailbox() as box:
        (server,) = await servers("mail.test", registrations="approval", **mailbox.settings(box))
        await server.person("boss", role="owner")
        await join(server, reason="I like trains", locale="en")
        await drain(server)
        assert box.to("boss@mail.test") == []  # not before the address is confirmed
        async with browser(server) as window:
            await window.open(box.link("new@mail.test"))
            await window.submit("/auth/confirm")
        await drain(server)
        assert "I like trains" in box.to("boss@mail.test")[0].get_content()
        await accounts.approve(server.app, "newcomer")
        await drain(server)
        assert "accepted" in box.to("new@mail.test")[-1].get_content()


async def test_a_refused_address_is_not_tried_for_ever(servers: Any) -> None:
    async with mailbox.mailbox() as box:
        box.refuse = "new@mail.test"
        (server,) = await servers("mail.test", **mailbox.settings(box))
        await join(server)
        await drain(server)
        async with server.db.read() as conn:
            assert await conn.fetchval("select count(*) from jobs where name = $1", mail.JOB) == 0
        assert box.letters == []


async def test_sign_ups_from_one_address_are_limited(servers: Any) -> None:
    (server,) = await servers("limited.test", rate_limiting="true")
    token = await app_token(server)
    for _attempt in range(5):
        await join(server, token=token, status=422, password="")
    refused = await join(server, token=token, status=429)
    assert refused["error"] == "Too many requests"
