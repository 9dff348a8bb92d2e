"""Where an application may be answered, and what its address looks like then."""

import msgspec
import pytest

from fedi.auth import oauth
from fedi.web import pages
from storage.oauth import Application


@pytest.mark.parametrize(
    "uri",
    [
        "https://elk.zone/api/example.org/oauth/https%3A%2F%2Felk.zone",
        "http://127.0.0.1:1234/callback",
        "urn:ietf:wg:oauth:2.0:oob",
        "icecubesapp://",
        "com.tapbots.Ivory.10217:/request_token",
        "fedilab://backtofedilab",
        "org.joinmastodon.android-auth://callback",
        "x-callback+1.2-3://a?b=c&d=[e]",
    ],
)
def test_every_scheme_in_use_is_accepted(uri: str) -> None:
    assert oauth.acceptable_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "callback",
        "//example.org/x",
        "https:",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "https://example.org/#fragment",
        "https://example.org/\nSet-Cookie:x",
        "https://example.org/" + "x" * 2000,
    ],
)
def test_what_is_no_address_or_runs_code_is_refused(uri: str) -> None:
    assert not oauth.acceptable_uri(uri)


@pytest.mark.parametrize(
    ("registered", "location"),
    [
        ("icecubesapp://", "icecubesapp://?code=c%2B&state=s%20%26"),
        ("com.tapbots.Ivory.10217:/request_token", "com.tapbots.Ivory.10217:/request_token?code=c%2B&state=s%20%26"),
        ("https://a.test/x?y=1", "https://a.test/x?y=1&code=c%2B&state=s%20%26"),
        ("https://a.test/x?", "https://a.test/x?code=c%2B&state=s%20%26"),
        ("https://a.test/%2F[é]", "https://a.test/%2F[%C3%A9]?code=c%2B&state=s%20%26"),
    ],
)
def test_the_answer_is_added_and_the_address_stays_as_it_is(registered: str, location: str) -> None:
    application = msgspec.convert(
        {
            "id": 1, "client_id": "", "secret_hash": b"", "name": "", "website": None, "redirect_uris": [],
            "scopes": "", "created_at": "2026-01-01T00:00:00Z",
        },
        Application,
    )  # fmt: skip
    asked = oauth.Asked(application, registered, (), "s &", None)
    assert oauth.location(asked, code="c+") == location


@pytest.mark.parametrize(
    "path",
    ["//evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test", "/\t/evil.test", "javascript:x", "", "x",
     "//", "///evil.test", " /x", "http://[", "/a\r\nLocation: x"],
)  # fmt: skip
def test_only_paths_of_ours_are_gone_back_to(path: str) -> None:
    assert pages.local(path) == "/"


def test_a_path_of_ours_keeps_its_query_letter_by_letter() -> None:
    path = "/oauth/authorize?client_id=a&redirect_uri=urn%3Aietf&scope=read+write&state=%20x%26"
    assert pages.local(path) == path
