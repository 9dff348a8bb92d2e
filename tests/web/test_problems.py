"""What went wrong is a page for people and JSON for programs."""

from typing import Any

import pytest
from starlette.requests import Request

from fedi.web import problems
from tests.support.servers import Node

pytestmark = pytest.mark.anyio

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    "path", ["/nowhere", "/auth/nothing", "/@alice/1/2/3", "/users/alice/nothing", "/%F0%9F%8C%BB"]
)
async def test_an_unknown_path_is_a_page_in_a_browser(server: Node, path: str) -> None:
    page = await server.client.get(path, headers={"Accept": BROWSER, "Accept-Language": "de"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "Hier ist nichts" in page.text
    assert 'href="/"' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "Accept" in page.headers["vary"]


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/nowhere", "application/json"),
        ("/nowhere", "*/*"),
        ("/nowhere", 'application/ld+json; profile="https://www.w3.org/ns/activitystreams", text/html;q=0.5'),
        ("/api/v1/nothing", BROWSER),
        ("/api/v1/statuses/1", BROWSER),
        ("/oauth/nothing", BROWSER),
        ("/.well-known/nothing", BROWSER),
        ("/nodeinfo", BROWSER),
        ("/media/nothing", BROWSER),
        ("/users/alice/inbox/nothing/inbox", BROWSER),
        ("/%61pi/v1/nothing", BROWSER),
    ],
)
async def test_a_program_gets_json(server: Node, path: str, accept: str) -> None:
    answer = await server.client.get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["error"]


async def test_a_wrong_method_is_explained_too(server: Node) -> None:
    page = await server.client.delete("/about", headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["allow"]) == (405, "GET")
    assert "<h1>That did not work</h1>" in page.text


async def test_a_limit_is_explained_too(servers: Any) -> None:
    (server,) = await servers("example.test", rate_limiting="true")
    for _ in range(301):
        page = await server.client.get("/about", headers={"Accept": BROWSER})
    assert page.status_code == 429
    assert "Too many attempts" in page.text
    assert page.headers["x-ratelimit-remaining"] == "0"


async def test_without_a_database_the_page_still_says_so(servers: Any) -> None:
    (server,) = await servers("example.test", database_pool_size="2")  # a pool of its own
    await server.db.close()
    page = await server.client.get("/@alice", headers={"Accept": BROWSER})
    assert page.status_code in (500, 503)
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>" in page.text


@pytest.mark.parametrize(
    ("accept", "people"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML; q=0.9, application/json;q=0.8", True),
        ("application/json, text/html", True),
        ("application/json, text/html;q=0.9", False),
        ("text/html;q=0, */*", False),
        ("text/html;q=abc", True),
        ("", False),
        ("*/*", False),
        (",;q=;,", False),
    ],
)
def test_who_prefers_html_is_a_person(accept: str, people: bool) -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/x",
        "query_string": b"",
        "scheme": "https",
        "server": ("x", 443),
    }
    request = Request({**scope, "headers": [(b"accept", accept.encode())]})
    assert problems.for_people(request) is people
