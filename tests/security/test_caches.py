"""What is answered to one is kept for nobody else (class 38), and what no page or answer of ours may lack (28)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support import routes
from tests.support.browser import browser
from tests.support.puppet import Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

READS = [route for route in routes.ROUTES if route.method == "GET" and "/streaming" not in route.path]


async def _paths(server: Node) -> list[str]:
    """Every GET, with ids that lead somewhere."""
    alice = await server.person("alice")
    post = await alice.posts("hello #tea", poll={"options": ["a", "b"], "expires_in": 900})
    await drain(server)
    known = {"username": "alice", "hashtag": "tea", "name": "tea", "version": "2.0", "id": post["id"]}
    paths = []
    for route in READS:
        parts = route.path.split("/")
        names = [part.lstrip("@:") for part in parts]
        ids = {**known, "id": alice.id} if "accounts" in names else known
        ids = {**ids, "id": post["poll"]["id"]} if "polls" in names else ids
        filled = [
            part if ":" not in part else part.partition(":")[0] + ids.get(part.lstrip("@:"), "1") for part in parts
        ]
        paths.append("/".join(filled))
    return paths


async def test_what_a_token_or_a_session_is_shown_is_kept_by_nobody(server: Node) -> None:
    """An answer that caches may keep is the same for everybody."""
    paths = await _paths(server)
    bob = await server.person("bob")
    wrong, kept = [], 0
    async with browser(server) as window:
        await window.log_in("bob")
        for path in paths:
            for accept in ("text/html", "application/json", "application/activity+json"):
                headers = {"Accept": accept}
                theirs = [
                    await bob.call("GET", path, headers=headers),
                    await window.client.get(path, headers=headers),
                ]
                for answer in theirs:
                    caching = answer.headers.get("cache-control", "none")
                    if caching == "no-store" or "private" in caching:
                        continue
                    kept += 1
                    nobody = await server.client.get(path, headers=headers)
                    if answer.content != nobody.content or answer.status_code != nobody.status_code:
                        wrong.append(f"{path} ({accept}): {caching}")
                    if path.startswith("/api/") and "authorization" in answer.request.headers:
                        wrong.append(f"{path} ({accept}) may be kept by others: {caching}")
                    if "set-cookie" in answer.headers:
                        wrong.append(f"{path} ({accept}) sets a cookie")
    assert wrong == []
    assert kept > 50, "some answers are for everybody"


async def test_what_differs_by_header_says_so(server: Node) -> None:
    wrong = []
    for path in await _paths(server):
        for accept in ("text/html", "application/activity+json"):
            answer = await server.client.get(path, headers={"Accept": accept})
            vary = {name.strip().lower() for name in answer.headers.get("vary", "").split(",")}
            if answer.headers.get("cache-control", "").startswith("public") and "/static/" not in path:
                wanted = (
                    {"accept", "signature"}
                    if path.startswith(("/@", "/users/")) and not path.endswith("/embed")
                    else {"authorization"}
                )
                if "activity" not in answer.headers.get("content-type", ""):
                    wanted.discard("signature")
                if not wanted <= vary:
                    wrong.append(f"{path} ({accept}): {vary}")
    assert wrong == []


async def test_what_a_follower_alone_may_fetch_is_kept_by_nobody(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    await puppet.send(server, puppet.activity("Follow", pat, alice.uri, "f"), pat)
    await drain(server)
    post = await alice.posts("for followers", visibility="private")
    boost = await alice.post(f"/api/v1/statuses/{post['id']}/reblog")
    for status_id in (post["id"], boost["id"]):
        for path in (f"/users/alice/statuses/{status_id}", f"/users/alice/statuses/{status_id}/activity"):
            seen = await puppet.get(server, path, pat)
            assert seen.status_code == 200
            assert seen.headers["cache-control"] == "private, no-store"
            assert "Signature" in seen.headers["vary"]
            stranger = await server.client.get(path, headers={"Accept": "application/activity+json"})
            assert stranger.status_code == 404
            assert "public" not in stranger.headers["cache-control"]


async def test_no_answer_lets_another_site_read_with_our_cookies(server: Node) -> None:
    for path in await _paths(server):
        answer = await server.client.get(path, headers={"Origin": "https://evil.test"})
        assert answer.headers.get("access-control-allow-origin", "*") == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_every_answer_has_the_headers_that_protect_it(server: Node) -> None:
    answers: list[Any] = [
        await server.client.get(path, headers={"Accept": "text/html"}) for path in await _paths(server)
    ]
    answers += [
        await server.client.get("/nowhere"),
        await server.client.post("/api/v1/apps"),
        await server.client.request("PUT", "/@alice"),
        await server.client.options("/api/v1/statuses", headers={"Access-Control-Request-Method": "POST"}),
    ]
    for answer in answers:
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", answer.url
        # A post may be shown in frames of other pages: that page has nothing to press.
        framed = answer.url.path.endswith("/embed")
        assert headers.get("x-frame-options") == (None if framed else "DENY")
        assert headers["referrer-policy"] == "same-origin"
        assert headers["strict-transport-security"].startswith("max-age=31536000")
        assert "server" not in headers
        if headers.get("content-type", "").startswith("text/html"):
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert ("frame-ancestors 'none'" in policy) != framed
            assert "base-uri 'none'" in policy
            assert "unsafe" not in policy


@pytest.mark.parametrize("plain", [True, False])
async def test_pictures_come_over_plain_http_only_where_other_servers_may(
    servers: Callable[..., Awaitable[list[Node]]], plain: bool
) -> None:
    [server] = await servers("example.test", allow_private_peers=str(plain).lower())
    page = await server.client.get("/about", headers={"Accept": "text/html"})
    directives = dict(each.strip().partition(" ")[::2] for each in page.headers["content-security-policy"].split(";"))
    for kind in ("img-src", "media-src"):
        assert "https:" in directives[kind].split()
        assert ("http:" in directives[kind].split()) == plain
    assert directives["script-src"] == "'self'"


async def test_forms_of_an_account_lead_to_us_only(server: Node) -> None:
    await server.person("alice")
    async with browser(server) as window:
        await window.log_in("alice")
        for path in ("/auth/password", "/auth/sessions", "/auth/invites"):
            await window.open(path)
            assert "form-action 'self'" in window.response.headers["content-security-policy"], path


async def test_the_host_header_is_not_believed(server: Node) -> None:
    """Addresses in answers and mails come from the settings."""
    alice = await server.person("alice")
    await alice.posts("one")
    await alice.posts("two")
    for host in ("evil.test", "example.test.evil.test", "example.test:1", "evil.test/x"):
        headers = {"Host": host, "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "http"}
        for path in (
            "/api/v1/timelines/public?limit=1",
            "/api/v2/instance",
            "/auth/log_in",
            "/@alice",
            "/users/alice",
            "/.well-known/host-meta",
            "/users/alice/outbox",
            "/api/v1/accounts/lookup?acct=alice",
        ):
            answer = await server.client.get(path, headers=headers)
            assert "evil.test" not in answer.text, path
            assert "evil.test" not in str(answer.headers), path
