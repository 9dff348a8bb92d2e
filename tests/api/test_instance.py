"""What the server says about itself, to anybody."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fedi import __version__
from storage import domains
from tests.support import factories
from tests.support.servers import Node, queries

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def test_both_versions_tell_the_same(servers: Servers) -> None:
    (server,) = await servers(
        "social.example.org", account_domain="example.org", title="Ours", description="A place",
        contact_email="me@example.org", languages="de,en", source_url="https://code.example.org/",
    )  # fmt: skip
    alice = await server.person("alice", role="owner")
    new, old = await server.api("GET", "/api/v2/instance"), await server.api("GET", "/api/v1/instance/")
    assert new["domain"] == old["uri"] == "example.org"
    assert new["version"] == old["version"] == f"4.6.4 (compatible; Fedi {__version__})"
    assert new["api_versions"] == {"mastodon": 10}
    assert new["title"] == old["title"] == "Ours"
    assert new["description"] == old["short_description"] == "A place"
    assert new["languages"] == old["languages"] == ["de", "en"]
    assert new["source_url"] == "https://code.example.org/"
    assert new["contact"]["email"] == old["email"] == "me@example.org"
    assert new["contact"]["account"]["id"] == old["contact_account"]["id"] == alice.id
    assert new["configuration"]["urls"]["streaming"] == old["urls"]["streaming_api"] == "wss://social.example.org"


async def test_limits_are_the_settings(servers: Servers) -> None:
    (server,) = await servers("example.test", max_status_chars=777, max_media_attachments=3, poll_max_options=5)
    new, old = await server.api("GET", "/api/v2/instance"), await server.api("GET", "/api/v1/instance")
    for answer in (new, old):
        limits = answer["configuration"]
        assert (limits["statuses"]["max_characters"], limits["statuses"]["max_media_attachments"]) == (777, 3)
        assert limits["polls"]["max_options"] == 5
        assert "image/jpeg" in limits["media_attachments"]["supported_mime_types"]
    assert old["max_toot_chars"] == 777


async def test_a_plain_http_server_streams_over_ws(servers: Servers) -> None:
    (server,) = await servers("localhost:8000", base_url="http://localhost:8000")
    assert (await server.api("GET", "/api/v2/instance"))["configuration"]["urls"]["streaming"] == "ws://localhost:8000"


@pytest.mark.parametrize(
    ("policy", "enabled", "approval", "invites"),
    [("open", True, False, False), ("approval", True, True, False), ("invite", False, False, True),
     ("closed", False, False, False)],
)  # fmt: skip
async def test_registrations(servers: Servers, policy: str, enabled: bool, approval: bool, invites: bool) -> None:
    (server,) = await servers("example.test", registrations=policy)
    new, old = await server.api("GET", "/api/v2/instance"), await server.api("GET", "/api/v1/instance")
    assert (new["registrations"]["enabled"], new["registrations"]["approval_required"]) == (enabled, approval)
    assert (old["registrations"], old["approval_required"], old["invites_enabled"]) == (enabled, approval, invites)


async def test_people_and_posts_are_counted(server: Node) -> None:
    alice, bob, _waiting = (
        await server.person("alice"), await server.person("bob"), await server.person("waiting", approved=False)
    )  # fmt: skip
    await alice.posts("one")
    await bob.posts("two")
    async with server.db.transaction() as conn:
        gone = await factories.remote(conn, "carol", "remote.test")
        await factories.status(conn, gone)
        await conn.execute(
            "update account_settings set last_active_at = now() - interval '40 days' where account_id = $1",
            bob.account_id,
        )
    new, old = await server.api("GET", "/api/v2/instance"), await server.api("GET", "/api/v1/instance")
    assert new["usage"]["users"]["active_month"] == 1
    assert old["stats"] == {"user_count": 2, "status_count": 2, "domain_count": 1}


async def test_it_is_cached_by_whoever_likes_for_five_minutes(server: Node) -> None:
    for path in ("/api/v1/instance", "/api/v2/instance", "/api/v1/instance/rules", "/api/v1/custom_emojis"):
        response = await server.client.get(path)
        assert response.headers["Cache-Control"] == "max-age=300, public", path
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_its_pictures_are_there(server: Node) -> None:
    answer = await server.api("GET", "/api/v2/instance")
    for url in (answer["thumbnail"]["url"], *(icon["src"] for icon in answer["icon"])):
        response = await server.client.get(url)
        assert (response.status_code, response.headers["Content-Type"]) == (200, "image/png"), url
    assert (await server.client.get(answer["configuration"]["urls"]["about"])).status_code == 200


async def test_the_key_for_push_is_a_point_and_the_same_everywhere(server: Node) -> None:
    key = (await server.api("GET", "/api/v2/instance"))["configuration"]["vapid"]["public_key"]
    point = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    assert (len(point), point[0]) == (65, 4)
    app = await server.api(
        "POST", "/api/v1/apps", json={"client_name": "test", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    )
    assert app["vapid_key"] == key


async def test_rules_are_in_their_order(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute("insert into rules (text, hint, position) values ('Second', '', 2), ('First', 'Be kind', 1)")
    rules = await server.api("GET", "/api/v1/instance/rules")
    assert [(rule["text"], rule["hint"]) for rule in rules] == [("First", "Be kind"), ("Second", "")]
    assert (await server.api("GET", "/api/v2/instance"))["rules"] == rules


async def test_peers_are_known_domains_that_are_not_suspended(server: Node) -> None:
    async with server.db.transaction() as conn:
        for name, domain in [("a", "b.test"), ("b", "b.test"), ("c", "A.test"), ("d", "bad.test")]:
            await factories.remote(conn, name, domain)
        await domains.block(conn, "bad.test")
    assert await server.api("GET", "/api/v1/instance/peers") == ["a.test", "b.test"]


async def test_domain_blocks_are_shown_to_those_who_are_here(server: Node) -> None:
    alice = await server.person("alice")
    async with server.db.transaction() as conn:
        await domains.block(conn, "bad.test", public_comment="spam")
        await domains.block(conn, "secret.test", severity="silence", obfuscate=True)
        await domains.block(conn, "noted.test", severity="noop")
    path = "/api/v1/instance/domain_blocks"
    await server.api("GET", path, status=404)
    first, second = await alice.api("GET", path)
    assert (first["domain"], first["severity"], first["comment"]) == ("bad.test", "suspend", "spam")
    assert (second["domain"], second["severity"], second["comment"]) == ("sec***.*est", "silence", "")
    assert len(second["digest"]) == 64


async def test_small_answers(servers: Servers) -> None:
    (server,) = await servers("example.test", description="Be **kind** <b>")
    base = "/api/v1/instance"
    assert await server.api("GET", f"{base}/translation_languages") == {}
    described = await server.api("GET", f"{base}/extended_description")
    assert described == {"updated_at": None, "content": "<p>Be <strong>kind</strong> &lt;b&gt;</p>"}


async def test_an_instance_costs_few_queries_and_then_fewer(server: Node) -> None:
    await server.person("alice", role="owner")
    with queries(at_most=6):
        await server.api("GET", "/api/v2/instance")
    with queries(at_most=4):
        await server.api("GET", "/api/v2/instance")


async def test_reports_are_filed(server: Node) -> None:
    alice, bob, carol = await server.person("alice"), await server.person("bob"), await server.person("carol")
    bad, private = await bob.posts("bad"), await bob.posts("for friends", visibility="private")
    other = await carol.posts("good")
    moderator = await server.person("moderator", role="moderator")
    body: dict[str, Any] = {
        "account_id": bob.id, "status_ids": [bad["id"], private["id"], other["id"]], "comment": " rude ",
        "category": "spam", "forward": True,
    }  # fmt: skip
    filed = await alice.api("POST", "/api/v1/reports", json=body)
    assert filed["target_account"]["id"] == bob.id
    assert (filed["status_ids"], filed["comment"], filed["category"]) == ([bad["id"]], "rude", "spam")
    assert (filed["forwarded"], filed["action_taken"], filed["rule_ids"]) == (False, False, None)
    await server.drain()
    (told,) = await moderator.get("/api/v1/notifications", **{"types[]": "admin.report"})
    assert told["account"]["id"] == alice.id
    assert await bob.notifications() == []


async def test_reports_name_broken_rules(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with server.db.transaction() as conn:
        rule = await conn.fetchval("insert into rules (text) values ('Be kind') returning id")
    body = {"account_id": bob.id, "rule_ids": [str(rule)]}
    filed = await alice.api("POST", "/api/v1/reports", json=body)
    assert (filed["category"], filed["rule_ids"]) == ("violation", [str(rule)])
    await alice.post("/api/v1/reports", {**body, "rule_ids": ["1"]}, status=422)
    await alice.post("/api/v1/reports", {**body, "comment": "x" * 1001}, status=422)
    await alice.post("/api/v1/reports", {"account_id": "1"}, status=404)
    await alice.post("/api/v1/reports", {}, status=400)
