"""The checker itself: it passes what is right and sees every kind of wrong."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import checker
from tests.support.answers import ANSWERS, STATUS, parsed

Path = tuple[str | int, ...]


def judge(operation: str, body: Any) -> list[str]:
    method, path = operation.split()
    return checker.check(method, path, 200, body)


def positions(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every key of every object below, the first item of each list standing for the rest."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from positions(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from positions(value[0], (*path, 0))


def changed(body: Any, path: Path, change: Any) -> Any:
    """A copy along the path."""
    body = copy.copy(body)
    parent = body
    for step in path[:-1]:
        parent[step] = copy.copy(parent[step])
        parent = parent[step]
    change(parent, path[-1])
    return body


@pytest.mark.parametrize("operation", ANSWERS)
def test_a_right_answer_passes(operation: str) -> None:
    assert judge(operation, ANSWERS[operation]) == []


@pytest.mark.parametrize("operation", ANSWERS)
def test_no_key_that_is_always_sent_can_be_dropped(operation: str) -> None:
    body = ANSWERS[operation]
    unseen = [
        path
        for path in positions(body)
        if not judge(operation, changed(body, path, lambda parent, key: parent.pop(key)))
    ]
    allowed = {
        *("moved", "suspended", "limited", "memorial", "category", "pinned", "read", "me", "max_toot_chars"),
        *("original", "small", "focus", "width", "height", "size", "aspect", "home", "description_limit"),
        "supported_mime_types",  # those of posts are a word of ours; those of files are always sent
    }
    assert {path[-1] for path in unseen} <= allowed


@pytest.mark.parametrize("operation", ANSWERS)
@pytest.mark.parametrize("wrong", [[], 1.5, {"no": "such"}, "no"], ids=["list", "number", "object", "text"])
def test_no_value_can_have_another_type(operation: str, wrong: object) -> None:
    body = ANSWERS[operation]

    def spoil(parent: Any, key: Any) -> None:
        parent[key] = wrong

    unseen = []
    for path in positions(body):
        value = body
        for step in path:
            value = value[step]
        fits = value is None or isinstance(value, type(wrong)) or (wrong == 1.5 and path[-1] in ("x", "y", "aspect"))
        if not fits and not judge(operation, changed(body, path, spoil)):
            unseen.append(path)
    assert unseen == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("id",), 117020565966271181),
        (("id",), "01HXYZ"),
        (("id",), "9223372036854775808"),
        (("created_at",), "2026-08-01T13:55:56Z"),
        (("created_at",), "2026-08-01T13:55:56.462789Z"),
        (("created_at",), "2026-08-01T13:55:56.462+00:00"),
        (("account", "created_at"), "2026-08-01T13:55:56.462Z"),
        (("account", "last_status_at"), ""),
        (("account", "avatar"), ""),
        (("account", "avatar"), "/missing.png"),
        (("url",), ""),
        (("language",), ""),
        (("visibility",), "local"),
        (("media_attachments", 0, "type"), "document"),
        (("media_attachments", 0, "url"), None),
        (("media_attachments", 0, "preview_url"), None),
        (("media_attachments",), None),
        (("media_attachments", 0), None),
        (("mentions", 0, "url"), None),
        (("favourited",), None),
        (("favourites_count",), "3"),
        (("favourites_count",), True),
        (("content",), "<p>a\nb</p>"),
        (("tags", 0, "url"), "https://a.test/cats"),
        (("card", "type"), "article"),
        (("poll", "own_votes"), [2]),
    ],
)
def test_what_breaks_clients_is_seen(path: Path, wrong: object) -> None:
    body = parsed(STATUS)
    assert judge("GET /api/v1/statuses/1", changed(body, path, lambda parent, key: parent.__setitem__(key, wrong)))


def test_an_unknown_key_is_seen() -> None:
    assert judge("GET /api/v1/statuses/1", {**parsed(STATUS), "favorited": True})


def test_viewer_flags_come_together_and_with_a_viewer_only() -> None:
    whole = parsed(STATUS)
    bare = {key: item for key, item in whole.items() if key not in ("favourited", "reblogged")}
    assert judge("GET /api/v1/statuses/1", bare)
    assert checker.check("GET", "/api/v1/statuses/1", 200, whole, user=True) == []
    assert checker.check("GET", "/api/v1/statuses/1", 200, whole, user=False)


def test_rules_across_keys() -> None:
    boost = ANSWERS["POST /api/v1/statuses/1/reblog"]
    assert judge("POST /api/v1/statuses/1/reblog", {**boost, "reblogged": True})
    mention = ANSWERS["GET /api/v1/notifications"][0]
    without = {key: item for key, item in mention.items() if key != "status"}
    assert judge("GET /api/v1/notifications", [without])
    assert judge("GET /api/v1/notifications", [{**mention, "type": "favourite", "status": boost}])
    talk = ANSWERS["GET /api/v1/conversations"][0]
    assert judge("GET /api/v1/conversations", [{**talk, "accounts": []}])


@pytest.mark.parametrize(
    ("path", "status", "body", "right"),
    [
        ("/api/v1/statuses/1", 404, {"error": "Record not found"}, True),
        ("/api/v1/statuses/1", 404, {"error": ""}, False),
        ("/api/v1/statuses/1", 404, {"error": {"message": "no"}}, False),
        ("/api/v1/statuses/1", 404, {"detail": "Not Found"}, False),
        ("/api/v1/statuses/1", 404, "Not Found", False),
        ("/api/v1/statuses/1", 500, None, False),
        ("/oauth/token", 401, {"error": "invalid_client", "error_description": "No such client."}, True),
        ("/oauth/token", 401, {"error": "invalid_client"}, False),
        (
            "/api/v1/accounts",
            422,
            {"error": "no", "details": {"email": [{"error": "ERR_TAKEN", "description": "taken"}]}},
            True,
        ),
        ("/api/v1/accounts", 422, {"error": "no", "details": {"email": ["taken"]}}, False),
    ],
)
def test_errors_have_one_shape(path: str, status: int, body: object, right: bool) -> None:
    assert (checker.check("GET", path, status, body) == []) is right


def test_operations_are_found_as_clients_call_them() -> None:
    assert checker.find("GET", "https://a.test/api/v1/accounts/lookup?acct=a") == "GET /api/v1/accounts/lookup"
    assert checker.find("PUT", "/api/v1/accounts/update_credentials") == "PUT /api/v1/accounts/update_credentials"
    assert checker.find("PUT", "/api/v1/profile") == "PATCH /api/v1/profile"
    assert checker.find("GET", "/api/v2/instance/") == "GET /api/v2/instance"
    assert checker.find("GET", "/api/v1/notifications/nothing") is None
    assert checker.check("GET", "/api/v1/nothing", 200, {})
    assert checker.check("GET", "/api/v2/instance", 201, ANSWERS["GET /api/v2/instance"])


def test_the_streaming_socket_sends_json_in_json() -> None:
    payload = '{"id":"1"}'
    assert checker.check_message({"stream": ["user"], "event": "delete", "payload": "123"}) == []
    assert checker.check_message({"stream": ["user"], "event": "filters_changed"}) == []
    assert checker.check_message({"stream": ["user"], "event": "update", "payload": payload})
    assert checker.check_message({"stream": ["user"], "event": "update", "payload": {"id": "1"}})
    assert checker.check_message({"stream": "user", "event": "delete", "payload": "123"})
    assert checker.check_message({"stream": ["user"], "event": "update"})


def test_what_was_checked_is_remembered() -> None:
    judge_ = checker.Checker()
    assert len(judge_.missing()) == len(checker.operations()) == 78
    judge_.check("GET", "/api/v1/polls/5", 404, {"error": "Record not found"})
    assert "GET /api/v1/polls/:id" not in judge_.seen
    judge_.check("GET", "/api/v1/polls/5", 200, ANSWERS["GET /api/v1/polls/5"])
    judge_.check_message({"stream": ["user"], "event": "delete", "payload": "1"})
    assert judge_.seen == {"GET /api/v1/polls/:id", "WS /api/v1/streaming"}
    assert len(judge_.missing()) == 76
