"""Who may see what, where state matters: what is full in which list, what one kept, boosts, polls, suspensions.

That each route of each post, and each list, shows nobody what they may not read is in `test_visibility_matrix.py`.
"""

from typing import Any

import pytest

from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

VISIBILITIES = ("public", "unlisted", "private", "direct")

# For each kind of viewer the visibilities they may read. `blocked` is mentioned too, and was a follower.
MAY_READ = {
    "nobody": ("public", "unlisted"),
    "stranger": ("public", "unlisted"),
    "follower": ("public", "unlisted", "private"),
    "mentioned": VISIBILITIES,
    "author": VISIBILITIES,
    "blocked": (),
}


class Scene:
    """A thread of the author with one answer of each visibility, and everybody who might look at it."""

    def __init__(self, server: Node, viewers: dict[str, Person], root: Any, posts: dict[str, Any]) -> None:
        self.server = server
        self.viewers = viewers
        self.root = root
        self.posts = posts

    async def get(self, viewer: str, path: str, **params: Any) -> Any:
        if viewer == "nobody":
            return await self.server.api("GET", path, params=params)
        return await self.viewers[viewer].get(path, **params)

    async def status_code(self, viewer: str, method: str, path: str, body: Any = None) -> int:
        if viewer == "nobody":
            return (await self.server.client.request(method, path)).status_code
        return (await self.viewers[viewer].call(method, path, json=body)).status_code

    def named(self, statuses: Any) -> set[str]:
        """The visibilities of those of the answers that are in a list."""
        ids = {status["id"] for status in statuses}
        return {visibility for visibility, post in self.posts.items() if post["id"] in ids}


@pytest.fixture
async def scene(server: Node) -> Scene:
    names = [name for name in MAY_READ if name != "nobody"]
    viewers = {name: await server.person(name) for name in names}
    author = viewers["author"]
    for name in ("follower", "blocked"):
        await viewers[name].post(f"/api/v1/accounts/{author.id}/follow")
    root = await author.posts("root")
    posts = {
        visibility: await author.posts(
            f"#needle @mentioned @blocked {visibility}",
            visibility=visibility,
            in_reply_to_id=root["id"],
            poll={"options": ["a", "b"], "expires_in": 3600},
        )
        for visibility in VISIBILITIES
    }
    await drain(server)
    await author.post(f"/api/v1/accounts/{viewers['blocked'].id}/block")
    await drain(server)
    return Scene(server, viewers, root, posts)


async def test_polls_are_hidden_with_their_posts(scene: Scene) -> None:
    for viewer, allowed in MAY_READ.items():
        for visibility, post in scene.posts.items():
            path, answer = f"/api/v1/polls/{post['poll']['id']}", {"choices": [0]}
            readable = visibility in allowed
            assert await scene.status_code(viewer, "GET", path) == (200 if readable else 404), (viewer, visibility)
            if viewer not in ("nobody", "author"):
                code = await scene.status_code(viewer, "POST", f"{path}/votes", answer)
                assert code == (200 if readable else 404), (viewer, visibility)


async def test_what_may_not_be_seen_cannot_be_answered(scene: Scene) -> None:
    for viewer, allowed in MAY_READ.items():
        for visibility, post in scene.posts.items():
            if viewer != "nobody" and visibility not in allowed:
                body = {"status": "an answer", "in_reply_to_id": post["id"]}
                assert await scene.status_code(viewer, "POST", "/api/v1/statuses", body) == 404, (viewer, visibility)


async def test_acting_on_what_may_be_seen_works(scene: Scene) -> None:
    for viewer in ("follower", "mentioned", "author"):
        for visibility in MAY_READ[viewer]:
            post = scene.posts[visibility]
            assert await scene.status_code(viewer, "POST", f"/api/v1/statuses/{post['id']}/favourite") == 200
            assert await scene.status_code(viewer, "POST", f"/api/v1/statuses/{post['id']}/bookmark") == 200


@pytest.mark.parametrize("viewer", MAY_READ)
async def test_lists_of_statuses(scene: Scene, viewer: str) -> None:
    allowed = set(MAY_READ[viewer])
    author = scene.viewers["author"]
    if viewer != "blocked":
        context = await scene.get(viewer, f"/api/v1/statuses/{scene.root['id']}/context")
        assert scene.named(context["descendants"]) == allowed
    profile = await scene.get(viewer, f"/api/v1/accounts/{author.id}/statuses")
    assert scene.named(profile) == allowed
    public = {"public"} & allowed
    assert scene.named(await scene.get(viewer, "/api/v1/timelines/public")) == public
    assert scene.named(await scene.get(viewer, "/api/v1/timelines/tag/needle")) == public


async def test_the_home_of_each(scene: Scene) -> None:
    wanted = {"follower": {"public", "unlisted", "private"}, "author": set(VISIBILITIES)}
    for viewer in scene.viewers:
        assert scene.named(await scene.get(viewer, "/api/v1/timelines/home")) == wanted.get(viewer, set())


async def test_what_was_kept_is_gone_when_it_may_not_be_seen_any_more(scene: Scene) -> None:
    follower, author = scene.viewers["follower"], scene.viewers["author"]
    for post in (scene.posts["public"], scene.posts["private"]):
        for verb in ("favourite", "bookmark"):
            await follower.post(f"/api/v1/statuses/{post['id']}/{verb}")
    await follower.post(f"/api/v1/statuses/{scene.posts['public']['id']}/reblog")
    await follower.post(f"/api/v1/accounts/{author.id}/unfollow")
    for path in ("/api/v1/favourites", "/api/v1/bookmarks"):
        assert scene.named(await follower.get(path)) == {"public"}
    await author.post(f"/api/v1/accounts/{follower.id}/block")
    for path in ("/api/v1/favourites", "/api/v1/bookmarks", f"/api/v1/accounts/{follower.id}/statuses"):
        assert await follower.get(path) == []


async def test_a_boost_is_hidden_with_what_it_boosts(scene: Scene) -> None:
    stranger, blocked = scene.viewers["stranger"], scene.viewers["blocked"]
    boost = await stranger.post(f"/api/v1/statuses/{scene.posts['public']['id']}/reblog")
    assert await scene.status_code("follower", "GET", f"/api/v1/statuses/{boost['id']}") == 200
    assert await scene.status_code("blocked", "GET", f"/api/v1/statuses/{boost['id']}") == 404
    assert await scene.status_code("blocked", "POST", f"/api/v1/statuses/{boost['id']}/favourite") == 404
    assert await blocked.get(f"/api/v1/accounts/{stranger.id}/statuses") == []


async def test_a_suspended_author_is_seen_by_nobody(scene: Scene) -> None:
    author = scene.viewers["author"]
    async with scene.server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = now() where id = $1", author.account_id)
    for viewer in ("nobody", "stranger", "follower", "mentioned"):
        for post in scene.posts.values():
            assert await scene.status_code(viewer, "GET", f"/api/v1/statuses/{post['id']}") == 404
        assert await scene.get(viewer, f"/api/v1/accounts/{author.id}/statuses") == []
        assert scene.named(await scene.get(viewer, "/api/v1/timelines/public")) == set()
    assert await scene.get("follower", "/api/v1/timelines/home") == []


async def test_private_media_and_own_things_belong_to_their_owner(scene: Scene) -> None:
    """Ids of others' rows, and ids that are none, are all missing."""
    for ident in ("1", "abc", "-1", "9" * 30, scene.root["id"]):
        for path in ("/api/v1/media/{}", "/api/v1/timelines/list/{}", "/api/v1/scheduled_statuses/{}",
                     "/api/v1/notifications/{}", "/api/v1/conversations/{}/read"):  # fmt: skip
            method = "POST" if path.endswith("read") else "GET"
            assert await scene.status_code("stranger", method, path.format(ident)) == 404, path
