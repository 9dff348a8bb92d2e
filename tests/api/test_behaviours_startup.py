"""What known clients ask for when they start, in their order: every answer must be of use, and cheap.

The calls were read off the sources of the clients, those of Ivory off the log of a server. A 404 where a client expects
one makes it fall back to something older; anywhere else it ends the start.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support import checker, live
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

# None of these has to look at more than a handful of things.
MOST_PER_CALL = 6

Step = tuple[str, str, int]  # method, path, status


@pytest.fixture
async def alice(server: Node) -> Person:
    """Somebody with a home, notifications, lists, a conversation."""
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.follow(bob)
    await bob.follow(alice)
    post = await alice.posts("Hello #tea")
    for _ in range(5):
        await bob.replies(post, "yes")
    await bob.posts("@alice psst", visibility="direct")
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await alice.post("/api/v1/lists", {"title": "friends"})
    await alice.post("/api/v1/tags/tea/follow")
    await alice.post("/api/v2/filters", {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": "x"}]})
    await drain(server)
    return alice


async def start(person: Person, steps: Sequence[Step]) -> list[Any]:
    """Take the steps; how many queries each took stands in the failure."""
    answers = []
    for method, path, status in steps:
        with queries(at_most=MOST_PER_CALL):
            response = await person.call(method, path)
        assert response.status_code == status, f"{path}: {response.text[:200]}"
        assert response.headers["content-type"].partition(";")[0].endswith("json") or "host-meta" in path, path
        if status == 200 and "host-meta" not in path:
            assert checker.check(method, path, status, response.json()) == []
        answers.append(None if "host-meta" in path else response.json())
    return answers


def ok(*paths: str) -> list[Step]:
    return [("GET", path, 200) for path in paths]


async def test_ivory(server: Node, alice: Person) -> None:
    me, home = await start(alice, ok("/api/v1/accounts/verify_credentials", "/api/v1/timelines/home?limit=40"))
    newest = home[0]["id"]
    types = "&".join(
        f"types[]={each}" for each in ("mention", "status", "reblog", "follow", "follow_request", "favourite", "poll")
    )
    *_, told, mentions = await start(
        alice,
        ok(
            f"/api/v1/accounts/{me['id']}",
            "/api/v2/instance",
            "/api/v1/preferences",
            f"/api/v1/timelines/home?limit=40&min_id={newest}",
            "/api/v1/lists",
            f"/api/v1/accounts/{me['id']}/statuses?exclude_reblogs=1&limit=40",
            f"/api/v1/notifications?limit=100&since_id=0&{types}",
            "/api/v1/notifications?limit=30&types[]=mention",
        ),
    )
    assert {each["type"] for each in told} == {"mention", "favourite", "follow"}
    assert {each["type"] for each in mentions} == {"mention"}


async def test_the_official_app_for_android(alice: Person) -> None:
    instance, *_ = await start(
        alice,
        [
            *ok(
                "/api/v2/instance",
                "/api/v1/custom_emojis",
                "/api/v1/accounts/verify_credentials",
                "/api/v1/preferences",
                "/api/v2/filters",
                "/api/v1/markers?timeline[]=home&timeline[]=notifications",
                "/api/v1/lists",
                "/api/v1/followed_tags?limit=200",
                "/api/v1/timelines/home?limit=40",
                "/api/v1/notifications?limit=40",
                "/api/v1/notifications/unread_count",
                "/api/v1/trends",
                "/api/v1/trends/statuses",
                "/api/v1/trends/links",
                "/api/v2/suggestions",
            ),
        ],
    )
    # It takes each number for a promise: from 2 on it asks for grouped notifications.
    assert instance["api_versions"]["mastodon"] >= 2
    assert (await alice.call("GET", "/api/v2/notifications")).is_success


async def test_tusky(alice: Person) -> None:
    await start(
        alice,
        ok(
            "/api/v2/instance",
            "/api/v2/filters",
            "/api/v1/accounts/verify_credentials",
            "/api/v1/custom_emojis",
            "/api/v1/announcements?with_dismissed=false",
            "/api/v1/timelines/home?limit=30",
            "/api/v1/notifications?limit=30&exclude_types[]=poll",
            "/api/v1/markers?timeline[]=notifications",
            "/api/v1/lists",
        ),
    )


async def test_elk(server: Node, alice: Person) -> None:
    node_info, *_ = await start(
        alice,
        [
            *ok("/nodeinfo/2.0", "/api/v2/instance", "/api/v1/accounts/verify_credentials", "/api/v1/preferences"),
            *ok("/api/v1/markers?timeline[]=notifications", "/api/v1/notifications?limit=30", "/api/v1/timelines/home"),
        ],
    )
    assert "gotosocial" not in node_info["software"]["name"]
    await hears(server, alice, "user")


async def test_phanpy(server: Node, alice: Person) -> None:
    _, metadata, _, links, *_ = await start(
        alice,
        ok(
            "/.well-known/host-meta",
            "/.well-known/oauth-authorization-server",
            "/api/v2/instance",
            "/.well-known/nodeinfo",
            "/api/v1/accounts/verify_credentials",
            "/api/v1/preferences",
            "/api/v1/lists",
            "/api/v1/followed_tags?limit=200",
            "/api/v2/filters",
            "/api/v1/markers?timeline[]=home&timeline[]=notifications",
            "/api/v1/follow_requests?limit=1",
            "/api/v1/announcements",
            "/api/v1/timelines/home?limit=20",
        ),
    )
    assert "S256" in metadata["code_challenge_methods_supported"]
    for each in links["links"]:
        if "nodeinfo" in each["rel"]:
            assert (await server.client.get(each["href"])).json()["metadata"]["upstream"]["name"] == "mastodon"
    await hears(server, alice, "user", "user:notification")


async def test_mastodon_py_asks_with_a_slash_at_the_end(alice: Person) -> None:
    v1, v2, _ = await start(alice, ok("/api/v1/instance/", "/api/v2/instance/", "/nodeinfo/2.0"))
    assert v1["version"] == v2["version"]
    assert v1["version"].split()[0].split(".")[0] == "4"
    assert "+" not in v1["version"]


async def test_a_client_from_elsewhere_reads_without_a_token(server: Node, alice: Person) -> None:
    """Phanpy, Elk, Tusky and IceCubes show other servers this way."""
    [post] = await alice.get(f"/api/v1/accounts/{alice.id}/statuses")
    for path in (
        "/api/v2/instance",
        "/api/v1/timelines/public?local=true",
        "/api/v1/timelines/tag/tea",
        "/api/v1/accounts/lookup?acct=alice",
        f"/api/v1/accounts/{alice.id}/statuses",
        f"/api/v1/statuses/{post['id']}",
        f"/api/v1/statuses/{post['id']}/context",
        "/api/v1/trends/tags",
        "/api/v1/custom_emojis",
    ):
        with queries(at_most=MOST_PER_CALL):
            answer = await server.client.get(path, headers={"Origin": "https://phanpy.test"})
        assert answer.status_code == 200, path


async def hears(server: Node, person: Person, *streams: str) -> None:
    """As a browser opens it: the token is the subprotocol."""
    async with (
        live.listening(server) as base_url,
        live.opened(live.address(base_url), protocol=person.token) as heard,
    ):
        for each in streams:
            await heard.subscribe(each)
        await heard.subscribe("nothing")
        assert (await heard.message())["error"]
        post = await person.posts("now")
        await drain(server)
        assert (await heard.event("update", stream="user"))["id"] == post["id"]
