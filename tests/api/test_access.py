"""Every route of the client API, called by those who may not: nobody, a token for something else, an application, and
somebody who is after other people's things. A route that is added is tested without a word here, or fails for it.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fedi.auth import tokens
from fedi.http import scopes
from fedi.http.endpoint import Endpoint
from storage import oauth
from tests.support.pictures import picture
from tests.support.routes import API
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

# Enough for every route's parameters, so that who may call is what decides.
BODY = {
    "status": "changed", "title": "changed", "keyword": "changed", "phrase": "changed", "description": "changed",
    "context": ["home"], "choices": [0], "account_ids": ["1"], "status_id": "1", "name": "changed", "comment": "some",
    "scheduled_at": "2099-01-01T00:00:00Z", "domain": "elsewhere.test", "account_id": "1", "q": "x", "acct": "x",
}  # fmt: skip
# A token in any form is asked for by the handler, whatever the table says, because there are several ways to give it.
STREAMING = "/api/v1/streaming"
# For these `test_admin_access` asks the same.
ADMIN = ("/api/v1/admin/", "/api/v2/admin/", "/api/v1/fedi/admin/")
# As at Mastodon, a group that one does not have is as good as dismissed.
GONE_ANYWAY = {"POST /api/v2/notifications/:group_key/dismiss"}
# Parameters that name no row of a person.
EVERYBODYS = {
    "/api/v1/accounts/:id", "/api/v1/follow_requests/:account_id", "/api/v1/suggestions/:account_id",
    "/api/v1/announcements/:id", "/api/v1/instance/terms_of_service/:date", "/api/v1_alpha/async_refreshes/:id",
    "/api/v1/tags/:name", "/api/v1/timelines/tag/:hashtag",
    # Everybody sees them; that only their owners change them is in test_collections.
    "/api/v1/collections/:id", "/api/v1/collections/:collection_id", "/api/v1_alpha/collections/:id",
    "/api/v1_alpha/collections/:collection_id", "/api/v1_alpha/accounts/:id",
}  # fmt: skip


async def call(server: Node, route: Endpoint, path: str, token: str | None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if route.method == "GET":
        return await server.client.request("GET", path, headers=headers, params={"acct": "x", "q": "x"})
    return await server.client.request(route.method, path, headers=headers, json=BODY)


def anything(route: Endpoint) -> str:
    """A path of the route that leads nowhere."""
    return "/".join("999" if part.startswith(":") else part for part in route.path.split("/"))


def name(route: Endpoint, response: httpx.Response) -> str:
    return f"{route.method} {route.path}: {response.status_code} {response.text[:80]}"


async def test_nobody_gets_where_a_token_is_needed(server: Node) -> None:
    wrong = []
    for route in API:
        response = await call(server, route, anything(route), None)
        needed = route.access.kind in ("user", "token") or (
            route.path.startswith(STREAMING) and not route.path.endswith("health")
        )
        if (response.status_code == 401) != needed and route.path != STREAMING:
            wrong.append(name(route, response))
        if response.status_code == 401 and not response.json()["error"]:
            wrong.append(name(route, response))
    assert wrong == []


async def test_an_unknown_token_is_like_none_and_an_ended_one_is_refused(server: Node) -> None:
    alice = await server.person("alice")
    viewer = await tokens.authenticate(server.app, alice.token)
    assert viewer is not None
    async with server.db.transaction() as conn:
        await oauth.revoke_ids(conn, [viewer.token_id])
    wrong = []
    for route in API:
        unknown = await call(server, route, anything(route), "nobody-has-this")
        without = await call(server, route, anything(route), None)
        ended = await call(server, route, anything(route), alice.token)
        if unknown.status_code != without.status_code:
            wrong.append(name(route, unknown))
        if ended.status_code != 401 and (route.access.scope or route.access.kind != "public"):
            wrong.append(name(route, ended))
    assert wrong == []


async def test_a_token_for_everything_else_is_refused(server: Node) -> None:
    alice = await server.person("alice")
    wrong = []
    for route in API:
        if not route.access.scope:
            continue
        others = [scope for scope in sorted(scopes.ALL) if not scopes.covers([scope], route.access.scope)]
        response = await call(server, route, anything(route), await _token(server, alice, others))
        if response.status_code != 403:
            wrong.append(name(route, response))
    assert wrong == []


async def test_a_token_for_just_this_is_enough(server: Node) -> None:
    alice = await server.person("alice")
    wrong = []
    for route in API:
        if not route.access.scope or route.path.startswith(STREAMING):
            continue
        for scope in route.access.scope.split("|"):
            response = await call(server, route, anything(route), await _token(server, alice, [scope]))
            if response.status_code == 401 or response.status_code >= 500 or "authorized scopes" in response.text:
                wrong.append(name(route, response))
    assert wrong == []


async def _token(server: Node, person: Person, granted: list[str]) -> str:
    return await server.issue(user_id=person.user_id, account_id=person.account_id, scopes=" ".join(granted))


async def test_an_application_is_not_a_person(server: Node) -> None:
    body = {
        "client_name": "App",
        "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
        "scopes": "read write follow push profile admin:read admin:write",
    }
    app = await server.api("POST", "/api/v1/apps", json=body)
    grant = {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "scope": body["scopes"],
    }
    token = (await server.api("POST", "/oauth/token", data=grant))["access_token"]
    wrong = []
    for route in API:
        if route.access.kind == "user":
            response = await call(server, route, anything(route), token)
            if response.status_code != 422:
                wrong.append(name(route, response))
    assert wrong == []


# ---------------------------------------------------------------- other people's things


async def belongings(server: Node, alice: Person) -> dict[str, str]:
    """What alice has that is nobody else's: path with a parameter → that path with its id."""
    made: dict[str, str] = {}
    friend = await server.person("friend")
    await friend.follow(alice)
    await alice.follow(friend)
    await drain(server)
    status = await alice.posts(
        "for my friends #tea", visibility="private", poll={"options": ["a", "b"], "expires_in": 900}
    )
    await friend.posts("@alice secret", visibility="direct")
    await (await server.person("stranger")).posts("@alice psst", visibility="direct")
    file = {"file": ("a.png", picture(), "image/png")}
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    rule = await alice.post(
        "/api/v2/filters", {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": "tea"}]}
    )
    for space in ("", "pleroma/", "fedi/"):
        made[f"/api/v1/{space}statuses/:id"] = status["id"]
    made["/api/v1/polls/:id"] = status["poll"]["id"]
    made["/api/v1/media/:id"] = (await alice.api("POST", "/api/v2/media", files=file))["id"]
    made["/api/v1/scheduled_statuses/:id"] = (await alice.posts("later", scheduled_at=later))["id"]
    made["/api/v2/filters/:id"] = made["/api/v2/filters/:filter_id"] = rule["id"]
    made["/api/v2/filters/keywords/:id"] = made["/api/v1/filters/:id"] = rule["keywords"][0]["id"]
    made["/api/v2/filters/statuses/:id"] = (
        await alice.api("POST", f"/api/v2/filters/{rule['id']}/statuses", json={"status_id": status["id"]})
    )["id"]
    made["/api/v1/lists/:id"] = (await alice.post("/api/v1/lists", {"title": "friends"}))["id"]
    made["/api/v1/timelines/list/:id"] = made["/api/v1/lists/:id"]
    made["/api/v1/featured_tags/:id"] = (await alice.post("/api/v1/featured_tags", {"name": "tea"}))["id"]
    await drain(server)
    made["/api/v1/conversations/:id"] = (await alice.get("/api/v1/conversations"))[0]["id"]
    [notification, *_] = await alice.notifications()
    made["/api/v1/notifications/:id"] = notification["id"]
    made["/api/v2/notifications/:group_key"] = notification["group_key"]
    [request] = await alice.get("/api/v1/notifications/requests")
    made["/api/v1/notifications/requests/:id"] = request["id"]
    return made


def belonging(route: Endpoint) -> str:
    """The part of a path that names a thing."""
    parts = route.path.split("/")
    first = next(index for index, part in enumerate(parts) if part.startswith(":"))
    return "/".join(parts[: first + 1])


async def everything(alice: Person, made: dict[str, str]) -> dict[str, Any]:
    """All of it as alice sees it."""
    paths = [route.path for route in API if route.method == "GET" and route.path in made]
    return {path: await alice.get(path.rpartition("/")[0] + f"/{made[path]}") for path in paths}


async def test_other_peoples_things_are_not_found_and_not_changed(server: Node) -> None:
    alice, eve = await server.person("alice"), await server.person("eve")
    made = await belongings(server, alice)
    before = await everything(alice, made)
    assert len(before) >= 9
    found, unnamed = [], []
    for route in API:
        if ":" not in route.path or belonging(route) in EVERYBODYS or route.path.startswith(ADMIN):
            continue
        if belonging(route) not in made:
            unnamed.append(route.path)
            continue
        path = route.path.replace(belonging(route), f"{belonging(route).rpartition('/')[0]}/{made[belonging(route)]}")
        token = eve.token if route.access.kind == "user" else None
        for each in {token, eve.token}:
            response = await call(server, route, anything_else(path), each)
            if response.status_code != 404 and f"{route.method} {route.path}" not in GONE_ANYWAY:
                found.append(name(route, response))
    assert unnamed == [], "say whose these are"
    assert found == []
    await drain(server)
    assert await everything(alice, made) == before


def anything_else(path: str) -> str:
    return "/".join("999" if part.startswith(":") else part for part in path.split("/"))
