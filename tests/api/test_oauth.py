"""Applications and tokens, in every spelling that clients have for them."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.browser import Browser, browser
from tests.support.servers import ALL_SCOPES, Node, Person, drain

pytestmark = pytest.mark.anyio

OOB = "urn:ietf:wg:oauth:2.0:oob"
CALLBACK = "https://client.test/callback?from=here"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-1234"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


async def register(server: Node, **more: Any) -> Any:
    body = {"client_name": "Test app", "redirect_uris": CALLBACK, "scopes": ALL_SCOPES, **more}
    return await server.api("POST", "/api/v1/apps", json=body)


def query(app: Any, **more: str) -> dict[str, str]:
    wanted = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": app["redirect_uris"][0],
        "scope": ALL_SCOPES,
    }
    return {**wanted, **more}


async def code_for(window: Browser, app: Any, **more: str) -> str:
    """A code that somebody signed in has granted."""
    await window.open("/oauth/authorize", params=query(app, **more))
    await window.submit("/oauth/authorize", {"decision": "allow"})
    assert window.status == 302, window.html
    return answer(window)["code"]


def answer(window: Browser) -> dict[str, str]:
    """What the client is told, by redirect."""
    return {name: values[0] for name, values in parse_qs(urlsplit(window.location).query).items()}


def grant(app: Any, code: str, /, **more: str | None) -> dict[str, str]:
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": app["redirect_uris"][0],
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        **more,
    }
    return {name: value for name, value in values.items() if value is not None}


async def token_answer(server: Node, body: dict[str, str], **kwargs: Any) -> httpx.Response:
    return await server.client.post("/oauth/token", data=body, **kwargs)


async def works(server: Node, token: str, path: str = "/api/v1/accounts/verify_credentials") -> int:
    response = await server.client.get(path, headers={"Authorization": f"Bearer {token}"})
    return response.status_code


# ---------------------------------------------------------------- applications


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://a.test/x\nmyapp://y", ["https://a.test/x", "myapp://y"]),
        ("https://a.test/x  myapp://y\r\n", ["https://a.test/x", "myapp://y"]),
        (["com.tapbots.Ivory.10217:/request_token", OOB], ["com.tapbots.Ivory.10217:/request_token", OOB]),
        ("icecubesapp://", ["icecubesapp://"]),
    ],
)
async def test_an_application_may_have_several_addresses_of_any_scheme(
    server: Node, given: Any, stored: list[str]
) -> None:
    app = await register(server, redirect_uris=given)
    assert app["redirect_uris"] == stored
    assert app["redirect_uri"] == "\n".join(stored)
    assert app["client_secret_expires_at"] == 0
    assert len(base64.urlsafe_b64decode(app["vapid_key"])) == 65


async def test_registration_takes_forms_too_and_an_odd_website_is_dropped(server: Node) -> None:
    body = {"client_name": "Form", "redirect_uris": OOB, "scopes": "read+write:statuses", "website": "none of yours"}
    app = await server.api("POST", "/api/v1/apps", data=body)
    assert app["scopes"] == ["read", "write:statuses"]
    assert app["website"] is None
    assert (await register(server, website=None, scopes=""))["scopes"] == ["read"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_name": ""},
        {"redirect_uris": ""},
        {"redirect_uris": "javascript:alert(1)"},
        {"redirect_uris": f"{CALLBACK} data:text/html,x"},
        {"scopes": "read everything"},
    ],
)
async def test_a_bad_registration_is_refused(server: Node, wrong: dict[str, str]) -> None:
    body = {"client_name": "Test app", "redirect_uris": CALLBACK, "scopes": "read", **wrong}
    refused = await server.api("POST", "/api/v1/apps", json=body, status=422)
    assert refused["error"].startswith("Validation failed: ")


async def test_an_application_is_shown_to_its_own_and_to_its_peoples_tokens(server: Node) -> None:
    app = await register(server)
    async with browser(server) as window:
        await server.person("alice")
        await window.log_in("alice")
        body = grant(app, await code_for(window, app))
    for token in (
        (await token_answer(server, body)).json()["access_token"],
        (await token_answer(server, grant(app, "", grant_type="client_credentials"))).json()["access_token"],
    ):
        shown = await server.api("GET", "/api/v1/apps/verify_credentials", headers={"Authorization": f"Bearer {token}"})
        assert shown["name"] == "Test app"
        assert "client_secret" not in shown
    await server.api("GET", "/api/v1/apps/verify_credentials", status=401)


# ---------------------------------------------------------------- the authorization page


async def test_somebody_logs_in_on_the_way_and_the_whole_query_survives(server: Node) -> None:
    await server.person("alice")
    app = await register(server)
    async with browser(server) as window:
        asked = query(app, state="%&= ü", code_challenge=CHALLENGE, code_challenge_method="S256", lang="de")
        await window.open("/oauth/authorize", params=asked)
        assert window.status == 302
        await window.follow()
        await window.submit("/auth/log_in", {"login": "Alice@Mail.test", "password": "wrong"})
        assert window.status == 422
        await window.submit("/auth/log_in", {"password": "correct horse battery staple"})
        await window.follow()
        assert "Test app" in window.html
        await window.submit("/oauth/authorize", {"decision": "allow"})
        assert window.status == 302
        assert window.location.startswith(f"{CALLBACK}&code=")
        assert answer(window)["state"] == "%&= ü"
        body = grant(app, answer(window)["code"], code_verifier=VERIFIER)
    token = (await token_answer(server, body)).json()
    assert set(token) == {"access_token", "token_type", "scope", "created_at"}
    assert (token["token_type"], token["scope"]) == ("Bearer", ALL_SCOPES)
    assert await works(server, token["access_token"]) == 200


@pytest.mark.parametrize(
    "uri", ["icecubesapp://", "com.tapbots.Ivory.10217:/request_token", "org.joinmastodon.android-auth://callback"]
)
async def test_an_app_is_answered_at_its_own_scheme_letter_for_letter(server: Node, uri: str) -> None:
    await server.person("alice")
    app = await register(server, redirect_uris=[uri, OOB])
    async with browser(server) as window:
        await window.log_in("alice")
        code = await code_for(window, app)
        assert window.location == f"{uri}?code={code}"


async def test_without_an_address_the_code_is_shown_to_be_copied(server: Node) -> None:
    await server.person("alice")
    app = await register(server, redirect_uris=OOB)
    async with browser(server) as window:
        await window.log_in("alice")
        code = await code_for(window, app)
        assert window.location.startswith("/oauth/authorize/native?code=")
        await window.follow()
        assert f'value="{code}"' in window.html
    assert (await token_answer(server, grant(app, f" {code}\n"))).status_code == 200


async def test_the_page_keeps_its_opener_and_its_form_may_lead_anywhere(server: Node) -> None:
    await server.person("alice")
    app = await register(server)
    async with browser(server) as window:
        await window.open("/oauth/authorize", params=query(app))
        await window.follow()
        shown = [window.response]
        await window.submit("/auth/log_in", {"login": "alice", "password": "correct horse battery staple"})
        shown.append(await window.follow())
    assert [response.status_code for response in shown] == [200, 200]
    for response in shown:
        assert response.headers["cross-origin-opener-policy"] == "unsafe-none"
        assert "form-action" not in response.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert "<script" not in response.text
        assert response.headers["cache-control"] == "private, no-store"


async def test_who_denies_is_sent_back_with_the_state(server: Node) -> None:
    await server.person("alice")
    app = await register(server)
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/oauth/authorize", params=query(app, state="s"))
        fields = window.form("/oauth/authorize")
        await window.submit("/oauth/authorize", {"decision": "deny"})
        assert window.status == 302
        assert (answer(window)["error"], answer(window)["state"]) == ("access_denied", "s")
        window.response = await window.client.request("DELETE", "/oauth/authorize", data=fields)
        assert (window.status, answer(window)["error"]) == (302, "access_denied")


async def test_an_app_that_cannot_be_trusted_is_not_redirected_to(server: Node) -> None:
    await server.person("alice")
    app = await register(server)
    async with browser(server) as window:
        await window.log_in("alice")
        for wrong in (
            {"client_id": "unknown"},
            {"redirect_uri": CALLBACK + "&more=1"},
            {"redirect_uri": CALLBACK.upper()},
            {"redirect_uri": "https://evil.test/"},
            {"redirect_uri": ""},
        ):
            await window.open("/oauth/authorize", params=query(app, **wrong))
            assert (window.status, window.response.headers.get("location")) == (400, None)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "read admin:read"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_other_mistakes_are_told_to_the_app(server: Node, wrong: dict[str, str], error: str) -> None:
    await server.person("alice")
    app = await register(server)
    async with browser(server) as window:
        await window.open("/oauth/authorize", params=query(app, state="s", **wrong))
        assert window.location.startswith("/auth/log_in?"), "strangers are not sent to what anybody may register"
        await window.log_in("alice")
        await window.open("/oauth/authorize", params=query(app, state="s", **wrong))
        assert window.status == 302
        assert (answer(window)["error"], answer(window)["state"]) == (error, "s")
        assert answer(window)["error_description"]


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("read+write", "read write"),
        ("read write:statuses", "read write:statuses"),
        ("", "read"),
        ("write:statuses read:accounts", "write:statuses read:accounts"),
    ],
)
async def test_scopes_are_separated_by_blank_or_plus_and_may_be_finer(server: Node, asked: str, given: str) -> None:
    await server.person("alice")
    app = await register(server)
    async with browser(server) as window:
        await window.log_in("alice")
        body = grant(app, await code_for(window, app, scope=asked))
    assert (await token_answer(server, body)).json()["scope"] == given


async def test_force_login_asks_again_and_may_change_who_it_is(server: Node) -> None:
    await server.person("alice")
    bob = await server.person("bob")
    app = await register(server)
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/oauth/authorize", params=query(app, force_login="true", state="s"))
        await window.follow()
        assert "form_token" in window.form("/auth/log_in")
        await window.submit("/auth/log_in", {"login": "bob", "password": "correct horse battery staple"})
        await window.follow()
        assert "@bob@" in window.html
        await window.submit("/oauth/authorize", {"decision": "allow"})
        token = (await token_answer(server, grant(app, answer(window)["code"]))).json()["access_token"]
    me = await server.api("GET", "/api/v1/accounts/verify_credentials", headers={"Authorization": f"Bearer {token}"})
    assert me["id"] == bob.id


async def test_a_forged_form_grants_nothing(server: Node) -> None:
    await server.person("alice")
    app = await register(server)
    async with browser(server) as window:
        await window.log_in("alice")
        await window.open("/oauth/authorize", params=query(app))
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            await window.submit("/oauth/authorize", {"decision": "allow"}, headers=headers)
            assert window.status == 422
        await window.submit("/oauth/authorize", {"decision": "allow", "form_token": ""})
        assert window.status == 422
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from oauth_grants") == 0


# ---------------------------------------------------------------- the token endpoint


async def granted(server: Node, **more: str) -> tuple[Any, str]:
    app = await register(server)
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        return app, await code_for(window, app, **more)


@pytest.mark.parametrize("encoding", ["data", "json", "files"])
async def test_the_exchange_takes_forms_json_and_multipart(server: Node, encoding: str) -> None:
    app, code = await granted(server)
    body = grant(app, code)
    sent: Any = {name: (None, value) for name, value in body.items()} if encoding == "files" else body
    response = await server.client.post("/oauth/token", **{encoding: sent})
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["access-control-allow-origin"] == "*"


async def test_the_client_may_name_itself_by_basic_by_body_or_by_both(server: Node) -> None:
    app = await register(server)
    pair = (app["client_id"], app["client_secret"])
    body = {"grant_type": "client_credentials"}
    whole = {**body, "client_id": pair[0], "client_secret": pair[1]}
    assert (await token_answer(server, body, auth=pair)).status_code == 200
    assert (await token_answer(server, whole)).status_code == 200
    assert (await token_answer(server, whole, auth=pair)).status_code == 200
    for refused in (
        await token_answer(server, body),
        await token_answer(server, body, auth=(pair[0], "wrong")),
        await token_answer(server, whole, auth=(pair[0], "wrong")),
        await token_answer(server, {**whole, "client_secret": "wrong"}),
        await token_answer(server, {**whole, "client_id": "wrong"}),
        await token_answer(server, body, headers={"Authorization": "Basic !!!"}),
    ):
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        assert refused.json()["error_description"]


async def test_an_applications_own_token_reaches_no_persons_routes(server: Node) -> None:
    app = await register(server)
    response = await token_answer(server, grant(app, "", grant_type="client_credentials", scope="read"))
    assert response.json()["scope"] == "read"
    token = response.json()["access_token"]
    assert await works(server, token) == 422
    refused = await token_answer(server, grant(app, "", grant_type="client_credentials", scope="admin:read"))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("kind", ["password", "refresh_token", ""])
async def test_other_grants_are_not_known(server: Node, kind: str) -> None:
    app = await register(server)
    refused = await token_answer(server, grant(app, "", grant_type=kind))
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "wrong", [{"redirect_uri": OOB}, {"redirect_uri": None}, {"code": "guess"}, {"code": None}, {"client": "other"}]
)
async def test_a_code_is_good_for_its_client_and_address_only(server: Node, wrong: dict[str, str | None]) -> None:
    app, code = await granted(server)
    if "client" in wrong:
        other = await register(server)
        wrong = {"client_id": other["client_id"], "client_secret": other["client_secret"]}
    refused = await token_answer(server, grant(app, code, **wrong))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await token_answer(server, grant(app, code))).status_code == 200  # a wrong try does not spoil it


async def test_a_code_used_twice_gives_nothing_and_takes_the_first_token_back(server: Node) -> None:
    app, code = await granted(server)
    token = (await token_answer(server, grant(app, code))).json()["access_token"]
    assert await works(server, token) == 200
    refused = await token_answer(server, grant(app, code))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert await works(server, token) == 401


async def test_a_code_ends_after_ten_minutes(server: Node) -> None:
    app, code = await granted(server)
    async with server.db.transaction() as conn:
        left = await conn.fetchval("select extract(epoch from expires_at - now()) from oauth_grants")
        assert 590 < left <= 600
        await conn.execute("update oauth_grants set expires_at = now()")
    refused = await token_answer(server, grant(app, code))
    assert refused.json()["error"] == "invalid_grant"


async def test_with_a_challenge_only_its_verifier_redeems_the_code(server: Node) -> None:
    app, code = await granted(server, code_challenge=CHALLENGE, code_challenge_method="S256")
    for verifier in (None, "", "wrong" * 10, CHALLENGE):
        refused = await token_answer(server, grant(app, code, code_verifier=verifier))
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await token_answer(server, grant(app, code, code_verifier=VERIFIER))).status_code == 200


async def test_each_login_has_a_token_of_its_own(server: Node) -> None:
    app, code = await granted(server)
    async with browser(server) as window:
        await window.log_in("alice")
        second = await code_for(window, app)
    tokens = [(await token_answer(server, grant(app, one))).json()["access_token"] for one in (code, second)]
    assert (await revoke(server, app, tokens[0])).status_code == 200
    assert [await works(server, token) for token in tokens] == [401, 200]


# ---------------------------------------------------------------- revoking, and what a token is worth


async def revoke(server: Node, app: Any, token: str, **more: str) -> httpx.Response:
    body = {"client_id": app["client_id"], "client_secret": app["client_secret"], "token": token, **more}
    # Some clients show the very token they give up.
    return await server.client.post("/oauth/revoke", data=body, headers={"Authorization": f"Bearer {token}"})


async def test_revoking_is_final_and_may_be_repeated(server: Node) -> None:
    app, code = await granted(server)
    token = (await token_answer(server, grant(app, code))).json()["access_token"]
    for _time in range(2):
        response = await revoke(server, app, token)
        assert (response.status_code, response.json()) == (200, {})
    assert await works(server, token) == 401
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from jobs where name = 'TokensRevoked'") == 1


async def test_only_the_client_it_was_issued_to_revokes_a_token(server: Node) -> None:
    app, code = await granted(server)
    token = (await token_answer(server, grant(app, code))).json()["access_token"]
    other = await register(server)
    assert (await revoke(server, other, token)).status_code == 403
    assert (await revoke(server, app, token, client_secret="wrong")).status_code == 403
    assert (await revoke(server, app, "")).status_code == 403
    assert (await revoke(server, app, "unknown")).status_code == 200
    assert await works(server, token) == 200


async def test_on_public_routes_an_unknown_token_is_nobody_and_a_revoked_one_is_an_error(server: Node) -> None:
    app, code = await granted(server)
    token = (await token_answer(server, grant(app, code))).json()["access_token"]
    await revoke(server, app, token)
    path = "/api/v1/accounts/lookup?acct=alice"
    assert await works(server, "unknown", path) == 200
    assert await works(server, token, path) == 401
    assert await works(server, "unknown") == 401


async def test_a_token_may_also_come_in_the_query_or_the_form(server: Node) -> None:
    alice = await server.person("alice")
    response = await server.client.get("/api/v1/accounts/verify_credentials", params={"access_token": alice.token})
    assert response.status_code == 200
    response = await server.client.post("/api/v1/statuses", data={"access_token": alice.token, "status": "from a form"})
    assert response.status_code == 200


async def test_a_token_ends_with_the_membership_it_acts_through(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await conn.execute("delete from memberships where account_id = $1", alice.account_id)
    assert await works(server, alice.token) == 401


async def test_tokens_are_kept_as_hashes_only(server: Node) -> None:
    app, code = await granted(server)
    token = (await token_answer(server, grant(app, code))).json()["access_token"]
    async with server.db.read() as conn:
        text = ""
        for table in ("oauth_tokens", "oauth_grants", "oauth_applications", "sessions", "users"):
            text += str(await conn.fetch(f"select row_to_json(t)::text from {table} t"))
    for secret in (token, code, app["client_secret"], "correct horse battery staple"):
        assert secret not in text


async def test_userinfo_says_who_it_is(server: Node) -> None:
    alice: Person = await server.person("alice", scopes="profile")
    for method in ("GET", "POST"):
        info = await alice.api(method, "/oauth/userinfo", strict=False)
        assert info["sub"] == alice.uri
        assert info["preferred_username"] == "alice"
        assert info["iss"] == "https://example.test/"
        assert info["picture"].startswith("https://example.test/")
    bob = await server.person("bob", scopes="write")
    await bob.api("GET", "/oauth/userinfo", status=403, strict=False)


async def test_the_metadata_lists_what_is_there(server: Node) -> None:
    response = await server.client.get("/.well-known/oauth-authorization-server")
    assert response.headers["access-control-allow-origin"] == "*"
    metadata = response.json()
    assert len(metadata) == 13
    assert metadata["issuer"] == "https://example.test/"
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert {"read", "write", "follow", "push", "profile"} <= set(metadata["scopes_supported"])
    assert metadata["app_registration_endpoint"] == "https://example.test/api/v1/apps"
    await drain(server)
