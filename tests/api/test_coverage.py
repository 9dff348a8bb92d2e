"""Every tier-1 operation, with real state, judged strictly, its writing ones in every encoding.

`pytest -s tests/api/test_coverage.py` prints the table.
"""

import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from storage import emojis
from tests.support import checker, live, routes
from tests.support.browser import Browser, browser
from tests.support.encodings import ENCODINGS, encoded
from tests.support.pictures import picture
from tests.support.servers import ALL_SCOPES, Node, Person, drain
from tests.support.walk import Walk

pytestmark = pytest.mark.anyio

OOB = "urn:ietf:wg:oauth:2.0:oob"


@pytest.mark.parametrize("operation", [each for each in checker.operations() if not each.startswith("WS ")])
def test_every_operation_has_a_route_which_says_who_may(operation: str) -> None:
    route = routes.find(operation)
    assert route is not None
    if route.access.kind == "user" and operation not in ("GET /api/v1/announcements",):
        assert route.access.scope, "a person's token must hold a scope"


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_every_operation_answers_as_it_must(server: Node, encoding: str) -> None:
    walk = Walk(server, encoding)
    await whole_way(walk)
    sys.stdout.write(table(walk))
    assert walk.checker.missing() == []


async def whole_way(walk: Walk) -> None:
    """Through every operation once at least."""
    server = walk.server
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    async with live.listening(server) as address, live.socket(bob, "user", base_url=address) as heard:
        await people(walk, alice, bob, carol)
        status = await posts(walk, alice, bob)
        await drain(server)
        await heard.event("update", lambda each: each["id"] == status["id"])
        walk.checker.seen.add("WS /api/v1/streaming")
    await reactions(walk, status, alice, bob, carol)
    await timelines(walk, status, alice, bob)
    await told(walk, status, alice, bob)
    await settings(walk, status, alice)
    await leaving(walk, status, alice, bob, carol)
    await the_server(walk, alice, bob)
    await logging_in(walk)


async def people(walk: Walk, alice: Person, bob: Person, carol: Person) -> None:
    await walk.call(
        alice,
        "PATCH",
        "/api/v1/accounts/update_credentials",
        {
            "display_name": "Alice",
            "note": "hello",
            "locked": True,
            "fields_attributes": {"0": {"name": "web", "value": "https://example.org"}},
            "source": {"language": "en"},
        },
        **({} if walk.encoding in ("json", "form") else {"avatar": ("me.png", picture(), "image/png")}),
    )
    shown = await walk.get(alice, "/api/v1/accounts/verify_credentials")
    assert (shown["display_name"], shown["locked"], shown["fields"][0]["name"]) == ("Alice", True, "web")
    assert shown["source"]["language"] == "en"
    for other in (bob, carol):
        asked = await walk.post(other, f"/api/v1/accounts/{alice.id}/follow", {"reblogs": True, "languages": ["en"]})
        assert asked["requested"]
    assert len(await walk.some(alice, "/api/v1/follow_requests")) == 2
    assert (await walk.post(alice, f"/api/v1/follow_requests/{bob.id}/authorize"))["followed_by"]
    assert not (await walk.post(alice, f"/api/v1/follow_requests/{carol.id}/reject"))["followed_by"]
    await walk.post(alice, f"/api/v1/accounts/{bob.id}/follow")
    await drain(walk.server)
    await walk.get(None, f"/api/v1/accounts/{alice.id}")
    assert (await walk.get(bob, "/api/v1/accounts/lookup", acct="alice"))["id"] == alice.id
    assert len(await walk.some(bob, "/api/v1/accounts/relationships", id=[alice.id, carol.id])) == 2
    await walk.some(bob, "/api/v1/accounts/search", q="alice")
    await walk.some(bob, f"/api/v1/accounts/{alice.id}/followers")
    await walk.some(bob, f"/api/v1/accounts/{alice.id}/following")


async def posts(walk: Walk, alice: Person, bob: Person) -> Any:
    """One with everything but a poll, and one with a poll."""
    old = await walk.post(alice, "/api/v1/media", {"description": "old way"}, file=("a.png", picture(), "image/png"))
    media = await walk.post(
        alice, "/api/v2/media", {"focus": "0.5,0.5"}, file=("b.png", picture(color="blue"), "image/png")
    )
    assert media["meta"]["focus"] == {"x": 0.5, "y": 0.5}
    await walk.get(alice, f"/api/v1/media/{media['id']}")
    described = await walk.call(alice, "PUT", f"/api/v1/media/{media['id']}", {"description": "blue"})
    assert described["description"] == "blue"
    status = await walk.post(
        alice,
        "/api/v1/statuses",
        {
            "status": "Hello @bob, see https://example.org/a and #tea",
            "media_ids": [old["id"], media["id"]],
            "sensitive": False,
            "visibility": "public",
            "language": "en",
        },
    )
    assert [each["description"] for each in status["media_attachments"]] == ["old way", "blue"]
    asked = await walk.post(
        alice,
        "/api/v1/statuses",
        {"status": "?", "poll": {"options": ["yes", "no"], "expires_in": 3600, "multiple": True}},
    )
    voted = await walk.post(bob, f"/api/v1/polls/{asked['poll']['id']}/votes", {"choices": [0, 1]})
    assert voted["own_votes"] == [0, 1]
    await walk.get(None, f"/api/v1/polls/{asked['poll']['id']}")
    return status


async def reactions(walk: Walk, status: Any, alice: Person, bob: Person, carol: Person) -> None:
    path = f"/api/v1/statuses/{status['id']}"
    for who in (bob, carol):
        assert (await walk.post(who, f"{path}/favourite"))["favourited"]
        assert (await walk.post(who, f"{path}/reblog"))["reblog"]["id"] == status["id"]
    assert (await walk.post(bob, f"{path}/bookmark"))["bookmarked"]
    answer = await walk.post(
        bob, "/api/v1/statuses", {"status": "@alice yes #tea https://example.org/a", "in_reply_to_id": status["id"]}
    )
    await drain(walk.server)
    assert (await walk.get(None, path))["replies_count"] == 1
    context = await walk.get(alice, f"{path}/context")
    assert [each["id"] for each in context["descendants"]] == [answer["id"]]
    assert len(await walk.some(alice, f"{path}/favourited_by")) == 2
    assert len(await walk.some(alice, f"{path}/reblogged_by")) == 2
    await walk.some(bob, "/api/v1/favourites")
    await walk.some(bob, "/api/v1/bookmarks")


async def timelines(walk: Walk, status: Any, alice: Person, bob: Person) -> None:
    for path in ("home", "public", "tag/tea"):
        found = await walk.some(bob, f"/api/v1/timelines/{path}", limit=40)
        assert status["id"] in [(each["reblog"] or each)["id"] for each in found], path
    await walk.some(None, "/api/v1/timelines/public", local="true")
    await walk.some(None, "/api/v1/timelines/tag/tea")
    await walk.some(None, f"/api/v1/accounts/{alice.id}/statuses")
    found = await walk.get(bob, "/api/v2/search", q="tea", type="hashtags")
    assert found["hashtags"]
    for path in ("/api/v1/trends", "/api/v1/trends/tags", "/api/v1/trends/statuses", "/api/v1/trends/links"):
        await walk.some(None, path)
    await bob.post("/api/v1/tags/tea/follow")
    await walk.some(bob, "/api/v1/followed_tags")


async def told(walk: Walk, status: Any, alice: Person, bob: Person) -> None:
    assert {"mention", "favourite", "reblog", "follow"} <= {
        each["type"] for each in await walk.some(alice, "/api/v1/notifications")
    }
    [mention] = await walk.some(bob, "/api/v1/notifications", types=["mention"])
    assert (await walk.get(bob, f"/api/v1/notifications/{mention['id']}"))["status"]["id"] == status["id"]
    await walk.post(bob, f"/api/v1/notifications/{mention['id']}/dismiss")
    await walk.post(alice, "/api/v1/notifications/clear")
    assert await walk.get(alice, "/api/v1/notifications") == []
    await walk.post(alice, "/api/v1/statuses", {"status": "@bob psst", "visibility": "direct"})
    await drain(walk.server)
    await walk.some(bob, "/api/v1/conversations")


async def settings(walk: Walk, status: Any, alice: Person) -> None:
    marked = await walk.post(alice, "/api/v1/markers", {"home": {"last_read_id": status["id"]}})
    assert marked["home"]["last_read_id"] == status["id"]
    assert (await walk.get(alice, "/api/v1/markers", timeline=["home", "notifications"]))["home"]["version"] == 1
    await walk.post(
        alice,
        "/api/v2/filters",
        {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": "coffee", "whole_word": True}]},
    )
    assert [each["phrase"] for each in await walk.some(alice, "/api/v1/filters")] == ["coffee"]
    await walk.some(alice, "/api/v2/filters")
    await walk.post(alice, "/api/v1/lists", {"title": "friends"})
    await walk.some(alice, "/api/v1/lists")
    await walk.get(alice, "/api/v1/preferences")


async def leaving(walk: Walk, status: Any, alice: Person, bob: Person, carol: Person) -> None:
    """Everything is taken back."""
    path = f"/api/v1/statuses/{status['id']}"
    assert not (await walk.post(bob, f"{path}/unfavourite"))["favourited"]
    assert not (await walk.post(bob, f"{path}/unbookmark"))["bookmarked"]
    assert not (await walk.post(bob, f"{path}/unreblog"))["reblogged"]
    assert "Hello" in (await walk.call(alice, "DELETE", path))["text"]
    await walk.some(carol, "/api/v2/suggestions")
    assert not (await walk.post(bob, f"/api/v1/accounts/{alice.id}/unfollow"))["following"]
    muted = await walk.post(bob, f"/api/v1/accounts/{carol.id}/mute", {"notifications": False, "duration": 3600})
    assert (muted["muting"], muted["muting_notifications"]) == (True, False)
    assert not (await walk.post(bob, f"/api/v1/accounts/{carol.id}/unmute"))["muting"]
    assert (await walk.post(bob, f"/api/v1/accounts/{carol.id}/block"))["blocking"]
    assert not (await walk.post(bob, f"/api/v1/accounts/{carol.id}/unblock"))["blocking"]


async def the_server(walk: Walk, alice: Person, bob: Person) -> None:
    async with walk.server.db.transaction() as conn:
        await emojis.put(
            conn, shortcode="blob", file="emojis/a/blob.png", static_file="emojis/a/blob.png", category=None
        )
        await conn.execute("insert into announcements (text, content) values ('News', '<p>News</p>')")
    await walk.some(None, "/api/v1/custom_emojis")
    await walk.some(alice, "/api/v1/announcements")
    for path in ("/api/v1/instance", "/api/v2/instance", "/nodeinfo/2.0", "/.well-known/nodeinfo"):
        await walk.get(None, path)
    await walk.get(None, "/.well-known/host-meta")
    await walk.get(None, "/.well-known/webfinger", resource=f"acct:{alice.handle}")
    await walk.get(None, "/.well-known/oauth-authorization-server")
    await walk.get(None, "/api/v1/streaming/health")


async def logging_in(walk: Walk) -> None:
    """The pages themselves are forms: those are only ever sent as such."""
    send = walk.server.client.post
    made = await send(
        "/api/v1/apps", **encoded({"client_name": "App", "redirect_uris": OOB, "scopes": ALL_SCOPES}, walk.encoding)
    )
    app = walk.judge("POST", "/api/v1/apps", made)
    secrets = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
    query = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": OOB, "scope": ALL_SCOPES}
    async with browser(walk.server) as window:
        await window.log_in("alice")
        await _denied(walk, window, query)
        walk.judge("GET", "/oauth/authorize", await window.open("/oauth/authorize", params=query))
        walk.judge("POST", "/oauth/authorize", await window.submit("/oauth/authorize", {"decision": "allow"}))
        code = parse_qs(urlsplit(window.location).query)["code"][0]
        walk.judge("GET", "/oauth/authorize/native", await window.follow())
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": OOB, **secrets}
    token = walk.judge("POST", "/oauth/token", await send("/oauth/token", **encoded(grant, walk.encoding)))
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    known = await walk.server.client.get("/api/v1/apps/verify_credentials", headers=headers)
    walk.judge("GET", "/api/v1/apps/verify_credentials", known)
    body = {"token": token["access_token"], **secrets}
    walk.judge("POST", "/oauth/revoke", await send("/oauth/revoke", **encoded(body, walk.encoding)))
    ended = await walk.server.client.get("/api/v1/accounts/verify_credentials", headers=headers)
    assert ended.status_code == 401


async def _denied(walk: Walk, window: Browser, query: dict[str, str]) -> None:
    await window.open("/oauth/authorize", params=query)
    fields = window.form("/oauth/authorize")
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": walk.server.base_url}
    answer = await window.client.request("DELETE", "/oauth/authorize", data=fields, headers=headers)
    walk.judge("DELETE", "/oauth/authorize", answer)
    assert "access_denied" in answer.headers["location"]


def table(walk: Walk) -> str:
    lines = [f"\n{walk.encoding}: {len(walk.checker.seen)} operations"]
    for operation in checker.operations():
        route = routes.find(operation)
        access = f"{route.access.kind} {route.access.scope}" if route else "token in the handshake"
        lines.append(f"  {'ok' if operation in walk.checker.seen else '--'}  {operation:55} {access}")
    return "\n".join(lines)
