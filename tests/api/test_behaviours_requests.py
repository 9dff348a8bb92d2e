"""How requests are read: what Rails forgives, every client has come to rely on somewhere."""

import re
from collections.abc import Iterator
from typing import Any, get_type_hints

import msgspec
import pytest

from fedi.app import _routes
from fedi.http.endpoint import Endpoint
from tests.support.pictures import picture
from tests.support.servers import Node, Person

pytestmark = pytest.mark.anyio

PARAMETER = re.compile(r":[a-z_]+")


def api_routes() -> Iterator[Endpoint]:
    yield from (route for route in _routes() if route.path.startswith("/api/") and not route.raw)


def operation(route: Endpoint) -> str:
    return f"{route.method} {route.path}"


def target(route: Endpoint) -> str:
    """Of something that is not there: what counts is that the request was understood."""
    return PARAMETER.sub("1", route.path)


QUIET = [each for each in api_routes() if "/streaming" not in each.path]


@pytest.fixture
async def alice(server: Node) -> Person:
    return await server.person("alice")


def test_put_and_patch_are_one() -> None:
    there = {(route.method, route.path) for route in api_routes()}
    for method, path in there:
        for other in {"PUT": ["PATCH"], "PATCH": ["PUT"]}.get(method, []):
            assert (other, path) in there


async def test_null_is_not_given_and_the_unknown_is_ignored(server: Node, alice: Person) -> None:
    """Of every route: typed clients send all their fields, with null in those nobody filled in."""
    for route in QUIET:
        if route.method == "GET":
            continue
        names = [field.encode_name for field in msgspec.structs.fields(route.params)]
        plain = await alice.call(route.method, target(route), json={})
        for body in (
            dict.fromkeys(names),
            {"unknown": 1, "nested": {"a": [1, {"b": None}]}, "list": [[]]},
        ):
            answer = await alice.call(route.method, target(route), json=body)
            assert answer.status_code == plain.status_code, (operation(route), body, answer.text)


async def test_lists_of_nothing_are_not_given(server: Node, alice: Person) -> None:
    """`ids[]=` is how a form says that a list is empty."""
    for route in QUIET:
        kinds = get_type_hints(route.params)
        lists = [name for name, kind in kinds.items() if getattr(kind, "__origin__", None) in (list, tuple)]
        if not lists or route.method == "GET":
            continue
        plain = await alice.call(route.method, target(route), data={"x": "y"})
        answer = await alice.call(route.method, target(route), data={f"{name}[]": "" for name in lists})
        assert answer.status_code == plain.status_code, (operation(route), answer.text)


async def test_a_slash_at_the_end_changes_nothing(server: Node, alice: Person) -> None:
    for route in QUIET:
        plain = await alice.call(route.method, target(route), json=None if route.method == "GET" else {})
        slash = await alice.call(route.method, target(route) + "/", json=None if route.method == "GET" else {})
        assert slash.status_code == plain.status_code, operation(route)
        assert "location" not in slash.headers


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"status=hello", None),
        (b"status=hello", "text/plain;charset=UTF-8"),
        (b"status=hello", "application/octet-stream"),
        (b'{"status": "hello"}', None),
        (b'{"status": "hello"}', "application/x-www-form-urlencoded"),
        (b'{"status": "hello"}', "application/json; charset=utf-8"),
        (b"status=hello", "application/x-www-form-urlencoded; charset=utf-8"),
    ],
)
async def test_a_missing_or_wrong_content_type_is_seen_through(alice: Person, content: bytes, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await alice.call("POST", "/api/v1/statuses", content=content, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["content"] == "<p>hello</p>"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"null", "application/json"),
        (b" \n", "application/json"),
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=x"),
        (b"", None),
    ],
)
async def test_nothing_may_be_said_in_many_ways(alice: Person, content: bytes, kind: str | None) -> None:
    post = await alice.posts("x")
    headers = {"Content-Type": kind} if kind else {}
    answer = await alice.call("POST", f"/api/v1/statuses/{post['id']}/favourite", content=content, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_the_query_counts_on_every_method_and_the_body_wins(alice: Person) -> None:
    posted = (
        await alice.call("POST", "/api/v1/statuses?status=query&visibility=unlisted", json={"status": "body"})
    ).json()
    assert (posted["content"], posted["visibility"]) == ("<p>body</p>", "unlisted")
    path = f"/api/v1/statuses/{posted['id']}"
    edited = (await alice.call("PATCH", path, params={"status": "edited", "spoiler_text": "cw"})).json()
    assert (edited["content"], edited["spoiler_text"]) == ("<p>edited</p>", "cw")
    assert (await alice.call("DELETE", path, params={"delete_media": "1"})).status_code == 200


@pytest.mark.parametrize("text", ["false", "0", "f", "F", "FALSE", "off", "OFF", "False"])
async def test_what_is_false(alice: Person, text: str) -> None:
    path = "/api/v1/accounts/update_credentials"
    assert (await alice.api("PATCH", path, data={"bot": "true"}))["bot"] is True
    assert (await alice.api("PATCH", path, data={"bot": ""}))["bot"] is True
    assert (await alice.api("PATCH", path, data={"bot": text}))["bot"] is False
    assert (await alice.api("PATCH", path, data={"bot": "anything"}))["bot"] is True
    assert (await alice.api("PATCH", path, json={"bot": 0}))["bot"] is False


async def test_descriptions_of_an_edit_come_in_every_form(alice: Person) -> None:
    async def put(path: str, **kwargs: Any) -> list[str]:
        edited = await alice.api("PUT", path, **kwargs)
        return [each["description"] for each in edited["media_attachments"]]

    files = {"file": ("a.png", picture(), "image/png")}
    one, two = [(await alice.api("POST", "/api/v2/media", files=files))["id"] for _ in range(2)]
    post = await alice.posts("x", media_ids=[one, two])
    path = f"/api/v1/statuses/{post['id']}"
    ids = {"status": "x", "media_ids[]": [one, two]}
    by_list = [{"id": one, "description": "a"}, {"id": two, "description": "b", "focus": None, "thumbnail": None}]
    body: dict[str, Any] = {"status": "x", "media_ids": [one, two]}
    assert await put(path, json={**body, "media_attributes": by_list}) == ["a", "b"]
    by_key = {"0": {"id": one, "description": "c"}, "1": {"id": two, "description": "d"}}
    assert await put(path, json={**body, "media_attributes": by_key}) == ["c", "d"]
    indexed = {
        "media_attributes[0][id]": one, "media_attributes[0][description]": "e",
        "media_attributes[1][id]": two, "media_attributes[1][description]": "f",
    }  # fmt: skip
    assert await put(path, data={**ids, **indexed}) == ["e", "f"]
    repeated = [
        ("status", "x"), ("media_ids[]", one), ("media_ids[]", two),
        ("media_attributes[][id]", one), ("media_attributes[][description]", "g"),
        ("media_attributes[][id]", two), ("media_attributes[][description]", "h"),
    ]  # fmt: skip
    assert await put(path, files=[(name, (None, value)) for name, value in repeated]) == ["g", "h"]


@pytest.mark.parametrize(
    "kwargs",
    [
        {"json": {"status": "?", "poll": {"options": ["a", "b"], "expires_in": "600", "multiple": "false"}}},
        {"json": {"status": "?", "poll": {"options": {"0": "a", "1": "b"}, "expires_in": 600, "hide_totals": None}}},
        {"data": {"status": "?", "poll[options][]": ["a", "b"], "poll[expires_in]": "600"}},
        {"data": {"status": "?", "poll[options][0]": "a", "poll[options][1]": "b", "poll[expires_in]": "600"}},
        {"params": {"status": "?", "poll[options][]": ["a", "b"], "poll[expires_in]": "600", "poll[multiple]": ""}},
    ],
)
async def test_a_poll_comes_in_every_form(alice: Person, kwargs: dict[str, Any]) -> None:
    poll = (await alice.api("POST", "/api/v1/statuses", **kwargs))["poll"]
    assert ([each["title"] for each in poll["options"]], poll["multiple"]) == (["a", "b"], False)


async def test_ids_of_nothing_are_left_out_of_lists(server: Node, alice: Person) -> None:
    """One id that a client kept from another server does not cost it the others."""
    post = await alice.posts("x")
    for path, good in (
        ("/api/v1/accounts", alice.id),
        ("/api/v1/accounts/relationships", alice.id),
        ("/api/v1/statuses", post["id"]),
    ):
        for junk in ("01H8XGJWBWBAQ1", "-1", "", "0", str(2**63), "9" * 40, "null"):
            answer = await alice.call("GET", path, params={"id[]": [junk, good]})
            assert [each["id"] for each in answer.json()] == [good], (path, junk)
    assert (await alice.call("GET", f"/api/v1/accounts/relationships?id={alice.id}")).json()[0]["id"] == alice.id


async def test_unknown_words_in_filters_are_ignored(server: Node, alice: Person) -> None:
    bob = await server.person("bob")
    await bob.posts("@alice hello")
    await server.drain()
    for query, count in (
        ("types[]=mention&types[]=reaction", 1),
        ("exclude_types[]=pleroma:emoji_reaction", 1),
        ("types[]=reaction", 0),
    ):
        answer = await alice.call("GET", f"/api/v1/notifications?{query}")
        assert len(answer.json()) == count, query
    assert (await alice.call("GET", "/api/v1/markers?timeline[]=home&timeline[]=local")).json() == {}


async def test_limits_are_bent_into_range(alice: Person) -> None:
    for number in range(3):
        await alice.posts(str(number))
    path = f"/api/v1/accounts/{alice.id}/statuses"
    for limit, count in (("2", 2), ("-2", 2), ("0", 0), ("", 3), ("1000", 3), ("9" * 40, 3)):
        answer = await alice.call("GET", path, params={"limit": limit})
        assert len(answer.json()) == count, limit


async def test_who_reads_may_say_what_in_a_body_but_nobody_in_particular(server: Node, alice: Person) -> None:
    """Mastodon.py asks for familiar followers so; an answer for everybody is kept by caches, by its address."""
    bob = await server.person("bob")
    path, body = "/api/v1/accounts", {"id": [bob.id]}
    assert [each["id"] for each in (await alice.call("GET", path, json=body)).json()] == [bob.id]
    assert (await server.client.request("GET", path, json=body)).json() == []
    forged = {"Authorization": "Basic YTpi"}
    assert (await server.client.request("GET", path, json=body, headers=forged)).json() == []
    token = {**body, "access_token": alice.token}
    assert (await server.client.request("GET", path, json=token)).json() == []


async def test_brackets_twice_are_a_list_too(server: Node, alice: Person) -> None:
    """As Mastodon.py sends the ids of requests."""
    bob = await server.person("bob")
    answer = await alice.call("GET", f"/api/v1/accounts?id[][]={bob.id}&id[][]={alice.id}")
    assert [each["id"] for each in answer.json()] == [bob.id, alice.id]
