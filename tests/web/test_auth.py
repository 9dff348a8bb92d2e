"""Signing in and out in a browser."""

import time
from typing import Any

import pytest

from fedi.services import accounts, logins, signup
from storage import sessions as rows
from storage import users
from tests.support import mailbox
from tests.support.browser import browser
from tests.support.servers import PASSWORD, Node, drain

pytestmark = pytest.mark.anyio

COOKIE = "__Host-fedi_session"


async def works(server: Node, token: str) -> int:
    response = await server.client.get(
        "/api/v1/accounts/verify_credentials", headers={"Authorization": f"Bearer {token}"}
    )
    return response.status_code


@pytest.mark.parametrize("login", ["alice", "Alice", "@alice", "alice@mail.test", " ALICE@mail.test "])
async def test_people_log_in_by_name_or_address(server: Node, login: str) -> None:
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in(login)
        await window.open("/")
        assert "@alice@example.test" in window.html
        await window.submit("/auth/log_out")
        await window.open("/")
        assert "@alice" not in window.html


async def test_the_session_cookie_is_out_of_reach_and_new_at_every_sign_in(server: Node) -> None:
    await server.person("alice")
    async with browser(server) as window:
        await window.client.get("/")
        window.client.cookies.set(COOKIE, "planted", domain="example.test")
        await window.log_in("alice")
        (cookie,) = [text for text in window.response.headers.get_list("set-cookie") if text.startswith(COOKIE)]
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert "domain" not in cookie.lower()
        first = cookie.split(";")[0].removeprefix(COOKIE + "=")
        assert first != "planted"
        window.client.cookies.delete(COOKIE)
        await window.log_in("alice", path="/auth/log_in?force=true")
        second = window.client.cookies[COOKIE]
        assert second != first
    async with server.db.read() as conn:
        assert (await conn.fetchval("select count(*) from sessions where hash = $1", first.encode())) == 0


async def test_signing_in_again_ends_the_session_the_browser_had(server: Node) -> None:
    alice = await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        await window.log_in("alice", path="/auth/log_in?force=true")
    async with server.db.read() as conn:
        assert len(await rows.of_user(conn, alice.user_id)) == 1


async def test_a_wrong_password_and_an_unknown_person_get_the_same_answer_in_the_same_time(server: Node) -> None:
    await server.person("alice")

    async def refused(login: str) -> tuple[int, str, float]:
        async with browser(server) as window:
            await window.open("/auth/log_in")
            started = time.perf_counter()
            await window.submit("/auth/log_in", {"login": login, "password": "wrong"})
            html = window.html.replace(f'value="{login}"', "").replace(window.form("/auth/log_in")["form_token"], "")
            return window.status, html, time.perf_counter() - started

    known = [await refused("alice") for _ in range(3)]
    unknown = [await refused("nobody") for _ in range(3)]
    assert known[0][:2] == unknown[0][:2]
    assert known[0][0] == 422
    assert min(took for *_, took in unknown) > min(took for *_, took in known) / 3


@pytest.mark.parametrize(
    ("headers", "values"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, {}),
        ({"Sec-Fetch-Site": "same-site"}, {}),
        ({}, {"form_token": ""}),
        ({}, {"form_token": "0" * 64}),
    ],
)
async def test_a_form_from_elsewhere_signs_nobody_in(
    server: Node, headers: dict[str, str], values: dict[str, str]
) -> None:
    await server.person("alice")
    async with browser(server) as window:
        await window.open("/auth/log_in")
        await window.submit("/auth/log_in", {"login": "alice", "password": PASSWORD, **values}, headers=headers)
        assert window.status == 422
        assert COOKIE not in window.client.cookies


async def test_an_old_browser_is_judged_by_its_origin(server: Node) -> None:
    await server.person("alice")
    for origin, status in (("https://evil.test", 422), ("null", 422), ("https://example.test", 303)):
        async with browser(server) as window:
            await window.open("/auth/log_in")
            fields = {**window.form("/auth/log_in"), "login": "alice", "password": PASSWORD}
            answer = await window.client.post("/auth/log_in", data=fields, headers={"Origin": origin})
            assert answer.status_code == status


async def test_a_form_of_another_browser_or_session_is_not_taken(server: Node) -> None:
    await server.person("alice")
    async with browser(server) as one, browser(server) as other:
        await one.open("/auth/log_in")
        await other.open("/auth/log_in")
        foreign = one.form("/auth/log_in")["form_token"]
        await other.submit("/auth/log_in", {"login": "alice", "password": PASSWORD, "form_token": foreign})
        assert other.status == 422
        before = one.form("/auth/log_in")["form_token"]
        await one.log_in("alice")
        await one.open("/")
        await one.submit("/auth/log_out", {"form_token": before})
        assert one.status == 422


@pytest.mark.parametrize("evil", ["https://evil.test", "//evil.test", "/\\evil.test", "/%09/evil.test/../\t/x"])
async def test_after_signing_in_one_stays_on_this_server(server: Node, evil: str) -> None:
    await server.person("alice")
    async with browser(server) as window:
        await window.open("/auth/log_in", params={"next": evil})
        await window.submit("/auth/log_in", {"login": "alice", "password": PASSWORD, "next": evil})
        assert (window.status, window.location) == (303, "/")


async def test_guessing_is_limited_by_login_and_by_address(servers: Any) -> None:
    (server,) = await servers("example.test", rate_limiting="true")
    await server.person("alice")
    async with browser(server) as window:
        await window.open("/auth/log_in")
        statuses = []
        for _attempt in range(26):
            await window.submit("/auth/log_in", {"login": "alice", "password": "wrong"})
            statuses.append(window.status)
            if window.status == 422:
                continue
            assert "text/html" in window.response.headers["content-type"]
        assert statuses == [422] * 25 + [429]


async def test_the_suspended_and_the_disabled_do_not_get_in(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with browser(server) as window, browser(server) as other:
        await window.log_in("alice")
        await other.log_in("bob")
        await accounts.suspend(server.app, "alice")
        async with server.db.transaction() as conn:
            await users.disable(conn, bob.user_id)
        assert [await works(server, person.token) for person in (alice, bob)] == [401, 401]
        for browsing, login in ((window, "alice"), (other, "bob")):
            await browsing.open("/auth/sessions")
            assert browsing.location.startswith("/auth/log_in")
            await browsing.open("/auth/log_in")
            await browsing.submit("/auth/log_in", {"login": login, "password": PASSWORD})
            assert browsing.status == 403
    fresh = await server.client.get("/")
    assert fresh.status_code == 200


async def test_a_token_of_somebody_suspended_later_says_so(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = now() where id = $1", alice.account_id)
    answer = await alice.call("GET", "/api/v1/accounts/verify_credentials")
    assert (answer.status_code, answer.json()["error"]) == (403, "Your login is currently disabled")


# ---------------------------------------------------------------- sessions and apps


async def test_people_see_and_end_their_sessions_and_apps_and_nobody_elses(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with browser(server) as here, browser(server) as there, browser(server) as bobs:
        there.client.headers["user-agent"] = "Mozilla/5.0 (iPhone; CPU) Version/18 Mobile Safari/604.1"
        await here.log_in("alice")
        await there.log_in("alice")
        await bobs.log_in("bob")
        await here.open("/auth/sessions")
        assert "Safari on iPhone" in here.html
        assert here.html.count("/end") == 1 + 1  # the other session, and all others
        async with server.db.read() as conn:
            (bob_session,) = await rows.of_user(conn, bob.user_id)
            listed = await rows.of_user(conn, alice.user_id)
        token = here.form("/auth/log_out" if "/auth/log_out" in here.html else "/auth/sessions/end_others")
        await here.client.post(f"/auth/sessions/{bob_session.id}/end", data=token)
        await bobs.open("/auth/sessions")
        assert bobs.status == 200
        other = next(session for session in listed if "iPhone" in session.user_agent)
        await here.submit(f"/auth/sessions/{other.id}/end")
        await there.open("/auth/sessions")
        assert there.status == 303

        await here.open("/auth/sessions")
        async with server.db.read() as conn:
            application = await conn.fetchval("select application_id from oauth_tokens limit 1")
        await here.submit(f"/auth/apps/{application}/revoke")
        assert [await works(server, person.token) for person in (alice, bob)] == [401, 200]


async def test_sessions_that_were_not_used_for_long_are_over(server: Node) -> None:
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        async with server.db.transaction() as conn:
            await conn.execute("update sessions set last_used_at = now() - interval '181 days'")
        await window.open("/auth/sessions")
        assert window.status == 303
    await logins.tidy(server.app)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from sessions") == 0


# ---------------------------------------------------------------- passwords


async def test_a_new_password_ends_every_session_token_and_stream(server: Node) -> None:
    alice = await server.person("alice")
    async with browser(server) as window, browser(server) as other:
        await window.log_in("alice")
        await other.log_in("alice")
        await window.open("/auth/password")
        await window.submit("/auth/password", {"old_password": "wrong", "password": "a new password"})
        assert window.status == 422
        await window.submit("/auth/password", {"old_password": PASSWORD, "password": "short"})
        assert window.status == 422
        assert await works(server, alice.token) == 200
        await window.submit("/auth/password", {"old_password": PASSWORD, "password": "a new password"})
        assert window.status == 200
        async with server.db.read() as conn:
            revoked = await conn.fetchval("select count(*) from jobs where name = 'TokensRevoked'")
        assert revoked == 1
        assert await works(server, alice.token) == 401
        for browsing in (window, other):
            await browsing.open("/auth/sessions")
            assert browsing.status == 303
        await window.log_in("alice", "a new password")


async def test_the_operators_reset_ends_them_too_even_if_a_row_survived(server: Node) -> None:
    alice = await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        await accounts.reset_password(server.app, "alice", "a new password")
        async with server.db.transaction() as conn:  # as from a backup
            await conn.execute("update oauth_tokens set revoked_at = null")
        assert await works(server, alice.token) == 401
        await window.log_in("alice", "a new password")


async def test_a_forgotten_password_is_replaced_by_mail(servers: Any) -> None:
    async with mailbox.mailbox() as box:
        (server,) = await servers("example.test", **mailbox.settings(box))
        alice = await server.person("alice")
        async with browser(server) as window:
            pages = []
            for address in ("nobody@mail.test", "not an address", "ALICE@mail.test"):
                await window.open("/auth/password/forgotten")
                await window.submit("/auth/password/forgotten", {"email": address})
                pages.append((window.status, window.html))
            assert pages[0] == pages[1] == pages[2]
            await drain(server)
            assert [letter["To"] for letter in box.letters] == ["alice@mail.test"]
            link = box.link("alice@mail.test")
            await window.open(link)
            await window.submit("/auth/password/edit", {"password": "short"})
            assert window.status == 422
            await window.submit("/auth/password/edit", {"password": "a new password"})
            assert window.status == 200
            await window.open(link)
            assert window.status == 410
            assert await works(server, alice.token) == 401
            await window.log_in("alice", "a new password")
        await drain(server)
        assert "changed" in box.to("alice@mail.test")[-1]["Subject"]


async def test_a_link_that_is_too_old_sets_no_password(servers: Any) -> None:
    async with mailbox.mailbox() as box:
        (server,) = await servers("example.test", **mailbox.settings(box))
        await server.person("alice")
        async with browser(server) as window:
            await window.open("/auth/password/forgotten")
            await window.submit("/auth/password/forgotten", {"email": "alice@mail.test"})
            await drain(server)
            await window.open(box.link("alice@mail.test"))
            async with server.db.transaction() as conn:
                await conn.execute("update user_tokens set expires_at = now()")
            await window.submit("/auth/password/edit", {"password": "a new password"})
            assert window.status == 410


# ---------------------------------------------------------------- joining


async def test_the_first_account_is_made_by_the_owners_link_and_only_once(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="closed")
    stale = await signup.owner_link(server.app)
    link = await signup.owner_link(server.app)
    assert stale is not None
    assert link is not None
    values = {"username": "admin", "email": "me@mail.test", "password": "correct horse", "agreement": "true"}
    async with browser(server) as window:
        await window.open(stale)
        assert window.status == 410
        await window.open(link)
        await window.submit("/auth/sign_up", values)
        assert window.status == 303, window.html
        await window.follow()
        assert "@admin@example.test" in window.html
    async with browser(server) as window:
        await window.open(link)
        assert window.status == 410
    assert await signup.owner_link(server.app) is None
    async with server.db.read() as conn:
        user = await users.by_username(conn, "admin")
    assert user is not None
    assert user.role == "owner"
    assert user.active


async def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(server: Node) -> None:
    async with browser(server) as window:
        await window.open("/auth/sign_up")
        await window.submit("/auth/sign_up", {"username": "admin", "email": "<b>&", "password": "short"})
        assert window.status == 422
        assert "This name is reserved." in window.html
        assert "This is too short." in window.html
        assert "&lt;b&gt;&amp;" in window.html
        fields = window.form("/auth/sign_up")
        assert fields["username"] == "admin"
        assert fields["password"] == ""


async def test_who_is_not_approved_can_wait_but_give_no_app_access(servers: Any) -> None:
    (server,) = await servers("example.test", registrations="approval")
    app = await server.api("POST", "/api/v1/apps", json={"client_name": "App", "redirect_uris": "app://x"})
    async with browser(server) as window:
        await window.open("/auth/sign_up")
        values = {"username": "alice", "email": "alice@mail.test", "password": PASSWORD, "agreement": "true"}
        await window.submit("/auth/sign_up", {**values, "reason": "trains"})
        asked = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": "app://x", "scope": "read"}
        await window.open("/oauth/authorize", params=asked)
        assert window.location == "/auth/welcome"
        await accounts.approve(server.app, "alice")
        await window.open("/oauth/authorize", params=asked)
        assert window.status == 200


async def test_people_who_never_confirm_give_their_name_back(servers: Any) -> None:
    async with mailbox.mailbox() as box:
        (server,) = await servers("example.test", **mailbox.settings(box))
        values = {"username": "alice", "email": "alice@mail.test", "password": PASSWORD, "agreement": "true"}

        async def joins() -> int:
            async with browser(server) as window:
                await window.open("/auth/sign_up")
                await window.submit("/auth/sign_up", values)
                return window.status

        assert [await joins(), await joins()] == [303, 422]
        await logins.tidy(server.app)
        assert await joins() == 422
        async with server.db.transaction() as conn:
            await conn.execute("update users set created_at = now() - interval '8 days'")
        await logins.tidy(server.app)
        assert await joins() == 303


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize(
    "path",
    ["/", "/about", "/auth/log_in", "/auth/sign_up", "/auth/password/forgotten", "/oauth/authorize/native?code=x"],
)
async def test_pages_are_whole_without_scripts_and_from_here_alone(server: Node, path: str) -> None:
    answer = await server.client.get(path)
    assert answer.status_code == 200
    assert "<script" not in answer.text
    assert ' style="' not in answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert 'name="viewport"' in answer.text


async def test_static_files_are_kept_and_their_names_are_not_paths(server: Node) -> None:
    html = (await server.client.get("/")).text
    path = html.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await server.client.get(path)
    assert answer.headers["content-type"].startswith("text/css")
    assert "max-age=31536000" in answer.headers["cache-control"]
    again = await server.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    for wrong in ("/static/nothing.css", "/static/..%2f__init__.py", "/static/%2e%2e/config.py"):
        assert (await server.client.get(wrong)).status_code == 404
    for image in ("/avatars/original/missing.png", "/headers/original/missing.png"):
        assert (await server.client.get(image)).content.startswith(b"\x89PNG")
    assert (await server.client.get("/favicon.ico")).status_code == 200


async def test_pages_speak_the_readers_language(server: Node) -> None:
    for header, word in (("de-CH,de;q=0.9", "Anmelden"), ("xx, en;q=0.5", "Log in"), ("", "Log in")):
        answer = await server.client.get("/auth/log_in", headers={"Accept-Language": header})
        assert word in answer.text
        assert f'<html lang="{answer.headers["content-language"]}">' in answer.text
    assert "Anmelden" in (await server.client.get("/auth/log_in", params={"lang": "de"})).text


async def test_on_plain_http_cookies_work_and_know_their_port(servers: Any) -> None:
    (server,) = await servers("localhost:3000", base_url="http://localhost:3000")
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        assert set(window.client.cookies) == {"fedi_session_3000", "fedi_form_3000"}
        await window.open("/auth/sessions")
        assert window.status == 200
