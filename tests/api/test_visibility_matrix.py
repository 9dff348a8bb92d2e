"""Who sees what, everywhere: each kind of relationship × each visibility × each route that can show a post.

The routes come from the route table and the facts, so that a new one is tried as well, or is missed here. Everybody
began as a follower who kept whatever they could: what they may not read any more must be gone from there too.
"""

import itertools
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from fedi.http.endpoint import Endpoint
from fedi.services import accounts
from storage import users
from tests.support import checker, routes
from tests.support.servers import ALL_SCOPES, Node, Person, drain
from tests.support.translator import Translator
from tests.support.websites import Website, later

pytestmark = pytest.mark.anyio

VISIBILITIES = ("public", "unlisted", "private", "direct")
PAGE = "https://news.test/story"
ACTIVITY = {"Accept": "application/activity+json"}


class Viewer(msgspec.Struct, frozen=True):
    """How somebody stands to the author. Without a token: the public, or an application."""

    name: str
    token: str | None = None
    person: Person | None = None
    author: bool = False
    follows: bool = False
    mentioned: bool = False
    blocked: bool = False

    def may_read(self, visibility: str) -> bool:
        """The rule, said once more."""
        if self.author:
            return True
        if self.blocked:
            return False
        return {
            "public": True,
            "unlisted": True,
            "private": self.follows or self.mentioned,
            "direct": self.mentioned,
        }[visibility]


class Scene(msgspec.Struct):
    server: Node
    author: Person
    friend: Person  # whom everybody follows, and who boosts and quotes the author
    viewers: list[Viewer]
    posts: dict[str, Any]
    quoting: Any
    lists: dict[str, str] = {}
    told: dict[str, list[tuple[str, str]]] = {}  # ids and group keys of notifications
    asked: dict[str, list[str]] = {}  # ids of notification requests
    talks: dict[str, list[str]] = {}  # ids of conversations

    async def ask(self, viewer: Viewer, method: str, path: str, **more: Any) -> Any:
        headers = more.pop("headers", {})
        if viewer.token:
            headers = {"Authorization": f"Bearer {viewer.token}", **headers}
        return await self.server.client.request(method, path, headers=headers, **more)

    def shown(self, text: str, *, words_only: bool = False) -> set[str]:
        """The visibilities of the posts of which anything can be found in an answer: words, entity or URI. The address
        of a page that a quoting post links to, in words of its author, is none of it."""
        found = set()
        for visibility, post in self.posts.items():
            names = () if words_only else (f'"id":"{post["id"]}"', f'/statuses/{post["id"]}"')
            if any(mark in text for mark in (f"needle{visibility}", *names)):
                found.add(visibility)
        return found


@pytest.fixture
async def scene(servers: Callable[..., Awaitable[list[Node]]]) -> Scene:
    (server,) = await servers("example.test", translation_url="https://translate.test")
    Translator(server.network)
    Website(server.network, "news.test").page("/story", "<title>Story</title>")
    author, friend = await server.person("author"), await server.person("friend")
    kinds = [dict(zip(("follows", "mentioned", "blocked"), each, strict=True))
             for each in itertools.product((False, True), repeat=3)]  # fmt: skip
    viewers = [*[await _viewer(server, kind) for kind in kinds], await _other_self(server, author)]
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set discoverable = true where id = $1", author.account_id)
    mentions = " ".join(f"@{viewer.name}" for viewer in viewers if viewer.mentioned)
    await author.posts(f"needledirect, though we have not met {mentions}", visibility="direct")
    await drain(server)
    for viewer in viewers:
        assert viewer.person
        await viewer.person.welcomes()
        for other in (author, friend):
            await viewer.person.follow(other)
    await friend.follow(author)
    root = await author.posts(f"needlepublic, of which more below {PAGE}")
    posts = {
        visibility: await author.posts(
            f"needle{visibility} #needle {PAGE} {mentions}", visibility=visibility, in_reply_to_id=root["id"],
            poll={"options": ["a", "b"], "expires_in": 3600}, language="en",
        )
        for visibility in VISIBILITIES
    }  # fmt: skip
    for visibility in ("public", "unlisted"):
        await friend.post(f"/api/v1/statuses/{posts[visibility]['id']}/reblog")
    quoting = await friend.posts("look", quoted_status_id=posts["public"]["id"])
    await later(server)
    nobody, application = Viewer("nobody"), Viewer("application", await _application(server))
    found = Scene(server, author, friend, [*viewers, nobody, application, Viewer("author", author.token, author, True)],
                  posts, quoting)  # fmt: skip
    for viewer in viewers:
        await _keeps(found, viewer)
    await drain(server)
    for viewer in viewers:
        assert viewer.person
        if not viewer.follows:
            await viewer.person.post(f"/api/v1/accounts/{author.id}/unfollow")
        if viewer.blocked:
            await author.post(f"/api/v1/accounts/{viewer.person.id}/block")
    await drain(server)
    return found


async def _viewer(server: Node, kind: dict[str, bool]) -> Viewer:
    name = "_".join(word for word, is_so in kind.items() if is_so) or "stranger"
    person = await server.person(name)
    return Viewer(name, person.token, person, **kind)


async def _other_self(server: Node, author: Person) -> Viewer:
    """Another account of the same login, which is somebody else."""
    async with server.db.transaction() as conn:
        account_id = await accounts.create_account(
            conn, server.app, username="other_self", pairs=await accounts.new_pairs(), user_id=author.user_id
        )
        await users.announce(conn, author.user_id)
    token = await server.issue(user_id=author.user_id, account_id=account_id, scopes=ALL_SCOPES)
    return Viewer("other_self", token, Person(server, "other_self", author.user_id, account_id, token))


async def _application(server: Node) -> str:
    app = await server.api(
        "POST", "/api/v1/apps", json={"client_name": "App", "redirect_uris": "app://x", "scopes": "read"}
    )
    grant = {"grant_type": "client_credentials", "client_id": app["client_id"],
             "client_secret": app["client_secret"], "scope": "read"}  # fmt: skip
    return str((await server.api("POST", "/oauth/token", json=grant))["access_token"])


async def _keeps(scene: Scene, viewer: Viewer) -> None:
    """Whatever somebody can do to find a post again."""
    person = viewer.person
    assert person
    for post in scene.posts.values():
        for verb in ("favourite", "bookmark"):
            await person.call("POST", f"/api/v1/statuses/{post['id']}/{verb}")
    root = f"/api/v1/statuses/{scene.posts['public']['in_reply_to_id']}"
    for path in (f"{root}/favourite", f"{root}/reblog", f"/api/v1/statuses/{scene.posts['public']['id']}/reblog"):
        await person.post(path)
    made = await person.post("/api/v1/lists", {"title": "authors"})
    await person.post(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [scene.author.id, scene.friend.id]})
    scene.lists[viewer.name] = made["id"]
    groups = (await person.get("/api/v2/notifications"))["notification_groups"]
    scene.told[viewer.name] = [(str(each["most_recent_notification_id"]), each["group_key"]) for each in groups]
    scene.asked[viewer.name] = [each["id"] for each in await person.get("/api/v1/notifications/requests")]
    scene.talks[viewer.name] = [each["id"] for each in await person.get("/api/v1/conversations")]


# ---------------------------------------------------------------- routes of one post

ONE = re.compile(r"(/api/v\d+(/pleroma|/fedi)?|/users/:username)/statuses/:id\b|/@:username/:id\b")
ROUTES = [route for route in routes.ROUTES if ONE.match(route.path)]
# What only the author may do; to everybody else there is nothing to do it to.
OWN = {
    *(f"{method} /api/v1/statuses/:id" for method in ("PUT", "PATCH", "DELETE")),
    *(f"{method} /api/v1/statuses/:id/interaction_policy" for method in ("PUT", "PATCH")),
    "GET /api/v1/statuses/:id/source",
    "POST /api/v1/statuses/:id/pin",
    "POST /api/v1/statuses/:id/unpin",
    "POST /api/v1/statuses/:id/quotes/:quoting_status_id/revoke",
    "GET /api/v1/fedi/statuses/:id/deliveries",
    "POST /api/v1/fedi/statuses/:id/send",
}
REFUSED = {401, 403, 422}
# What one has done one may undo unseen: the answer names the post and shows nothing of it. See test_interactions.
LET_GO = {f"POST /api/v1/statuses/:id/{verb}" for verb in ("unfavourite", "unbookmark", "unreblog")}


def _wanted(route: Endpoint, viewer: Viewer, visibility: str) -> set[int]:
    """The status codes that are right."""
    readable = viewer.may_read(visibility)
    if route.access.kind == "open":
        return {200} if visibility in ("public", "unlisted") else {404}
    if route.access.kind == "user" and viewer.person is None:
        return REFUSED
    if not readable:
        return {404, 200} if f"{route.method} {route.path}" in LET_GO else {404}
    if f"{route.method} {route.path}" in OWN and not viewer.author:
        return {404, 422} | ({200} if route.path.endswith("/unpin") else set())
    # Boosting and translating are not for all that may be read.
    return {200} if route.method == "GET" else {200, *REFUSED}


async def test_a_post_is_there_only_for_whom_may_read_it(scene: Scene) -> None:
    wrong, worked = [], set()
    for route in ROUTES:
        for viewer, (visibility, post) in itertools.product(scene.viewers, scene.posts.items()):
            if viewer.author and route.method != "GET":
                continue  # would change what is looked at
            path = (
                re.sub(r":quoting_status_id", scene.quoting["id"], route.path)
                .replace(":id", post["id"])
                .replace(":emoji", "🎉")
            )
            more: dict[str, Any] = {"headers": ACTIVITY} if route.path.startswith("/users") else {}
            if route.path.endswith("/translate"):
                more = {"json": {"lang": "de"}}
            answer = await scene.ask(viewer, route.method, path.replace(":username", "author"), **more)
            if answer.status_code not in _wanted(route, viewer, visibility):
                wrong.append((route.method, route.path, viewer.name, visibility, answer.status_code))
            elif answer.status_code == 200:
                worked.add(f"{route.method} {route.path}")
            words_only = f"{route.method} {route.path}" in LET_GO
            for each in scene.shown(answer.text, words_only=words_only):
                if not _public(route, viewer, each):
                    wrong.append((route.method, route.path, viewer.name, visibility, f"shows {each}"))
    assert wrong == []
    never = {f"{each.method} {each.path}" for each in ROUTES} - worked - OWN
    assert never == set(), "nobody was ever answered"


def _public(route: Endpoint, viewer: Viewer, visibility: str) -> bool:
    return visibility in ("public", "unlisted") if route.access.kind == "open" else viewer.may_read(visibility)


# ---------------------------------------------------------------- places where posts are found

Paths = Callable[[Scene, Viewer], list[str]]
PLACES: dict[str, Paths] = {
    "GET /api/v1/accounts/:id/statuses": lambda scene, viewer: [
        f"/api/v1/accounts/{each.id}/statuses" for each in (scene.author, scene.friend)
    ],
    "GET /api/v1/bookmarks": lambda scene, viewer: ["/api/v1/bookmarks"],
    "GET /api/v1/conversations": lambda scene, viewer: ["/api/v1/conversations"],
    "POST /api/v1/conversations/:id/read": lambda scene, viewer: [
        f"/api/v1/conversations/{each}/read" for each in scene.talks.get(viewer.name, [])
    ],
    "POST /api/v1/conversations/:id/unread": lambda scene, viewer: [
        f"/api/v1/conversations/{each}/unread" for each in scene.talks.get(viewer.name, [])
    ],
    "GET /api/v1/favourites": lambda scene, viewer: ["/api/v1/favourites"],
    "GET /api/v1/notifications": lambda scene, viewer: ["/api/v1/notifications"],
    "GET /api/v1/notifications/:id": lambda scene, viewer: [
        f"/api/v1/notifications/{ident}" for ident, _ in scene.told.get(viewer.name, [])
    ],
    "GET /api/v1/notifications/requests": lambda scene, viewer: ["/api/v1/notifications/requests"],
    "GET /api/v1/notifications/requests/:id": lambda scene, viewer: [
        f"/api/v1/notifications/requests/{each}" for each in scene.asked.get(viewer.name, [])
    ],
    "GET /api/v2/notifications": lambda scene, viewer: ["/api/v2/notifications"],
    "GET /api/v2/notifications/:group_key": lambda scene, viewer: [
        f"/api/v2/notifications/{key}" for _, key in scene.told.get(viewer.name, [])
    ],
    "GET /api/v1/search": lambda scene, viewer: _searches(scene, "/api/v1/search"),
    "GET /api/v2/search": lambda scene, viewer: _searches(scene, "/api/v2/search"),
    "GET /api/v1/statuses": lambda scene, viewer: [
        "/api/v1/statuses?" + "&".join(f"id[]={each['id']}" for each in (*scene.posts.values(), scene.quoting))
    ],
    "GET /api/v1/timelines/home": lambda scene, viewer: ["/api/v1/timelines/home"],
    "GET /api/v1/timelines/public": lambda scene, viewer: ["/api/v1/timelines/public"],
    "GET /api/v1/timelines/tag/:hashtag": lambda scene, viewer: ["/api/v1/timelines/tag/needle"],
    "GET /api/v1/timelines/link": lambda scene, viewer: [f"/api/v1/timelines/link?url={PAGE}"],
    "GET /api/v1/timelines/direct": lambda scene, viewer: ["/api/v1/timelines/direct"],
    "GET /api/v1/timelines/list/:id": lambda scene, viewer: [
        f"/api/v1/timelines/list/{scene.lists.get(viewer.name, 0)}"
    ],
    "GET /api/v1/trends/statuses": lambda scene, viewer: ["/api/v1/trends/statuses"],
}  # fmt: skip
# Not of the client API: the pages and documents that the open web reads.
PAGES: list[Callable[[Scene], str]] = [
    lambda scene: "/@author", lambda scene: "/@friend", lambda scene: "/tags/needle",
    lambda scene: "/users/author", lambda scene: "/users/author/outbox?page=true",
    lambda scene: "/users/friend/outbox?page=true", lambda scene: "/users/author/collections/featured",
    lambda scene: f"/users/author/statuses/{scene.posts['public']['in_reply_to_id']}/replies",
    *[lambda scene, each=each: f"/api/oembed?url={scene.posts[each]['url']}" for each in VISIBILITIES],
]  # fmt: skip


def _searches(scene: Scene, path: str) -> list[str]:
    asked = [*(f"needle{each}" for each in VISIBILITIES), *(post["uri"] for post in scene.posts.values())]
    return [f"{path}?q={quote(each)}&resolve=true" for each in asked]


def test_every_operation_that_can_show_a_post_is_looked_at() -> None:
    found = {each for each in checker.every_operation() if checker.shows(each, "Status") and "/admin/" not in each}
    assert {each for each in found if not ONE.match(each.split()[1])} == PLACES.keys() | {"POST /api/v1/statuses"}


async def test_a_post_is_found_only_by_whom_may_read_it(scene: Scene) -> None:
    wrong: list[Any] = []
    revealed: dict[str, set[str]] = {operation: set() for operation in PLACES}
    for operation, paths in PLACES.items():
        route = routes.find(operation)
        assert route is not None
        for viewer in scene.viewers:
            if viewer.person is None and route.access.kind == "user":
                continue
            for path in paths(scene, viewer):
                answer = await scene.ask(viewer, route.method, path)
                assert answer.status_code in (200, 206, 401, 404), (path, answer.text)
                # A search repeats its question nowhere, so what is in the answer was found.
                shown = scene.shown(answer.text)
                revealed[operation] |= shown
                wrong += [(path, viewer.name, each) for each in shown if not viewer.may_read(each)]
    for page in PAGES:
        for kind in ("text/html", ACTIVITY["Accept"]):
            answer = await scene.ask(scene.viewers[0], "GET", page(scene), headers={"Accept": kind})
            wrong += [(page(scene), kind, each) for each in scene.shown(answer.text) - {"public", "unlisted"}]
    assert wrong == []
    assert {operation for operation, shown in revealed.items() if not shown} == set(), "shown to nobody"
