"""Around every answer: its type, what it says about caching and limits, who may read it from another origin, errors."""

import re
from typing import Any

import pytest

from tests.support.servers import Node, Person

pytestmark = pytest.mark.anyio

JSON = "application/json; charset=utf-8"
EXPOSED = {"Link", "Mastodon-Async-Refresh", "X-RateLimit-Reset", "X-RateLimit-Limit", "X-RateLimit-Remaining",
           "X-Request-Id"}  # fmt: skip


@pytest.fixture
async def alice(server: Node) -> Person:
    return await server.person("alice")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/timelines/public", 200),
        ("GET", "/api/v1/accounts/0", 404),
        ("GET", "/api/v1/no/such/thing", 404),
        ("GET", "/api/v2/nothing", 404),
        ("POST", "/api/v1/timelines/home", 405),
        ("GET", "/api/v1/timelines/home", 401),
        ("POST", "/api/v1/markers", 401),
        ("GET", "/api/v2/search", 400),
        ("POST", "/api/v1/apps", 422),
        ("POST", "/oauth/revoke", 403),
    ],
)
async def test_every_answer_is_json_that_any_origin_may_read(server: Node, method: str, path: str, status: int) -> None:
    """A page of HTML, or an error without these headers, looks like a server that is down."""
    for accept in ("*/*", "application/json", "text/html,application/xhtml+xml,*/*;q=0.8"):
        answer = await server.client.request(method, path, headers={"Origin": "https://elk.test", "Accept": accept})
        assert answer.status_code == status
        assert answer.headers["content-type"] == JSON
        assert answer.headers["access-control-allow-origin"] == "*"
        assert set(re.split(", *", answer.headers["access-control-expose-headers"])) >= EXPOSED
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["x-request-id"]
        if status != 200:
            assert answer.json()["error"]
            assert answer.headers["cache-control"] in ("private, no-store", "no-store")


async def test_what_answers_nothing_answers_an_object(alice: Person) -> None:
    """Never 204, never an empty body."""
    answer = await alice.call("POST", "/api/v1/notifications/clear")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"{}", JSON)


@pytest.mark.parametrize(
    "path",
    ["/api/v1/statuses", "/api/v1/no/such/thing", "/oauth/token", "/oauth/revoke", "/oauth/userinfo",
     "/.well-known/webfinger", "/.well-known/oauth-authorization-server", "/nodeinfo/2.0", "/@alice", "/users/alice"],
)  # fmt: skip
async def test_a_browser_may_ask_from_anywhere_with_any_header(server: Node, path: str) -> None:
    answer = await server.client.options(
        path,
        headers={
            "Origin": "https://phanpy.test",
            "Access-Control-Request-Method": "DELETE",
            "Access-Control-Request-Headers": "authorization,idempotency-key,x-whatever",
        },
    )
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"GET", "POST", "PUT", "DELETE", "PATCH"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert answer.headers["access-control-allow-headers"] == "authorization,idempotency-key,x-whatever"


async def test_a_wrong_method_says_which_are_right(server: Node) -> None:
    answer = await server.client.post("/api/v1/statuses/1/context")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_head_is_get_without_its_body(server: Node, alice: Person) -> None:
    full = await server.client.get("/api/v1/instance")
    head = await server.client.head("/api/v1/instance")
    assert head.status_code == 200
    assert head.headers["content-type"] == full.headers["content-type"]


async def test_a_trailing_slash_is_no_redirect(alice: Person) -> None:
    for path in ("/api/v1/instance/", "/api/v2/instance/", "/api/v1/conversations/", "/api/v1/timelines/tag/tea/"):
        assert (await alice.call("GET", path)).status_code == 200
    assert (await alice.call("POST", "/api/v1/statuses/", json={"status": "here"})).json()["content"] == "<p>here</p>"


async def test_a_token_that_is_no_good_is_named_as_such(server: Node, alice: Person) -> None:
    for headers in ({}, {"Authorization": "Bearer unknown"}, {"Authorization": "Basic abc"}):
        answer = await server.client.get("/api/v1/timelines/home", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"error": "The access token is invalid"}
        assert answer.headers["www-authenticate"].startswith("Bearer ")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_what_may_be_kept_and_what_may_not(server: Node, alice: Person) -> None:
    for path in ("/api/v1/timelines/public", "/api/v1/accounts/lookup?acct=alice"):
        nobody = await server.client.get(path)
        assert nobody.headers["cache-control"] == "public, max-age=15, stale-while-revalidate=30"
        assert {"Authorization", "Origin"} <= set(nobody.headers["vary"].split(", "))
        assert (await alice.call("GET", path)).headers["cache-control"] == "private, no-store"
    for path in ("/api/v1/instance", "/api/v2/instance", "/api/v1/custom_emojis"):
        assert set((await server.client.get(path)).headers["cache-control"].split(", ")) == {"max-age=300", "public"}


async def test_who_has_the_public_page_already_is_spared_it(server: Node, alice: Person) -> None:
    path = "/api/v1/timelines/public"
    await alice.posts("one")
    first = await server.client.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for header in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await server.client.get(path, headers={"If-None-Match": header})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["link"] == first.headers["link"]
        assert again.headers["access-control-allow-origin"] == "*"
        assert "content-type" not in again.headers
    await alice.posts("two")
    changed = await server.client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_what_is_private_has_no_tag(server: Node, alice: Person) -> None:
    assert "etag" not in (await alice.call("GET", "/api/v1/timelines/home")).headers
    answer = await alice.call("GET", "/api/v1/timelines/home", headers={"If-None-Match": "*"})
    assert answer.status_code == 200


async def test_limits_are_told_with_every_answer(servers: Any) -> None:
    [server] = await servers("example.test", rate_limiting=True)
    alice = await server.person("alice")
    for answer in (
        await alice.call("GET", "/api/v1/timelines/home"),
        await alice.call("GET", "/api/v1/statuses/0"),
        await server.client.get("/api/v1/timelines/public"),
        await server.client.get("/api/v1/timelines/home"),
    ):
        assert answer.headers["x-ratelimit-limit"] == "300"
        assert 0 < int(answer.headers["x-ratelimit-remaining"]) < 300
        # Mastodon.py raises on any other form.
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", answer.headers["x-ratelimit-reset"])


async def test_too_many_calls_are_refused_and_told_until_when(servers: Any) -> None:
    [server] = await servers("example.test", rate_limiting=True)
    path = "/api/v1/apps"
    body = {"client_name": "App", "redirect_uris": "https://app.test/"}
    answers = [await server.client.post(path, json=body) for _ in range(6)]
    assert [each.status_code for each in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert refused.json() == {"error": "Too many requests"}
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["access-control-allow-origin"] == "*"
    assert refused.headers["content-type"] == JSON


async def test_a_burst_at_the_start_of_an_app_is_allowed(servers: Any) -> None:
    [server] = await servers("example.test", rate_limiting=True)
    alice = await server.person("alice")
    for _ in range(40):
        assert (await alice.call("GET", "/api/v1/preferences")).status_code == 200


async def test_a_revoked_token_is_told_apart_from_an_unknown_one_and_has_its_limits_too(servers: Any) -> None:
    [server] = await servers("example.test", rate_limiting=True)
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await conn.execute("update oauth_tokens set revoked_at = now() where user_id = $1", alice.user_id)
    answer = await alice.call("GET", "/api/v1/timelines/public")
    assert answer.status_code == 401
    assert answer.headers["x-ratelimit-limit"] == "300"
