"""No request, however it is made, ends in an error of ours (classes 13, 30, 31, 32, 33; traps 5, 6, 11, 12)."""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote_from_bytes

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedi.http import params
from tests.support import raw, routes
from tests.support.servers import ALL_SCOPES, Node

pytestmark = pytest.mark.anyio

# Streams do not end; what is wrong with a request for one is answered before.
ROUTES: list[tuple[str, str, type[msgspec.Struct]]] = [
    (route.method, route.path, route.params)
    for route in routes.ROUTES
    if "/streaming" not in route.path or route.path.endswith("/health")
]

NASTY = [
    "",
    " ",
    "\0",
    "a\0b",
    "%",
    "%%%",
    "\\",
    "'",
    '"',
    "1;2",
    "0",
    "-1",
    "1",
    "9" * 19,
    "9" * 25,
    "9" * 5000,
    "-" + "9" * 30,
    "٣",
    "１２３",
    "²",
    "1_000",
    "1.5",
    "1e999",
    "NaN",
    "Infinity",
    "true",
    "null",
    "[]",
    "{}",
    "\ud800",
    "‮evil",
    "é" * 300,
    "a" * 70000,
    "@" * 200,
    "../../etc/passwd",
    "javascript:alert(1)",
    "https://[::1",
    "http://a@b:99999/",
    "acct:@",
    "0000-00-00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "2024-01-01",
    "infinity",
    "-0",
    "☃" * 33,
    "&",
    "|",
    "!",
    "(",
    "*:*",
    "a:b:c",
    '"unclosed',
    "public",
    "private",
    "home",
    "me",
    "1,2,3",
    "\r\nX-Evil: 1",
    "<script>",
    "{{7*7}}",
    "\t",
    "\x7f",
    "😀" * 600,
]
_scalar = st.one_of(
    st.sampled_from(NASTY),
    st.text(max_size=40),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
_tree = st.recursive(
    _scalar,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


class Request(msgspec.Struct):
    method: str
    path: str
    values: dict[str, Any]
    json: bool
    as_query: bool


@st.composite
def requests(draw: st.DrawFn) -> Request:
    method, path, kind = draw(st.sampled_from(ROUTES))
    for segment in path.split("/"):
        if ":" in segment:
            value = draw(st.sampled_from(NASTY)).encode("utf-8", "surrogatepass")[:2000]
            path = path.replace(segment, segment.partition(":")[0] + (quote_from_bytes(value, safe="") or "%20"), 1)
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    chosen = draw(st.lists(st.sampled_from(names), unique=True)) if names else []
    values = {name: draw(_tree) for name in chosen}
    return Request(method, path, values, draw(st.booleans()), draw(st.booleans()))


def _form(values: dict[str, Any]) -> bytes:
    pairs: list[bytes] = []

    def add(key: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                add(f"{key}[{name}]", item)
        elif isinstance(value, list):
            for item in value:
                add(f"{key}[]", item)
        else:
            pairs.append(_quoted(key) + b"=" + _quoted("" if value is None else str(value)))

    for name, value in values.items():
        add(name, value)
    return b"&".join(pairs)


def _quoted(text: str) -> bytes:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass")).encode()


async def send(node: Node, token: str, request: Request) -> raw.Answer:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    query = body = b""
    if request.as_query or request.method == "GET":
        query = _form(request.values)
    elif request.json:
        headers.append((b"content-type", b"application/json"))
        body = json.dumps(request.values).encode("utf-8", "surrogatepass")
    else:
        headers.append((b"content-type", b"application/x-www-form-urlencoded"))
        body = _form(request.values)
    return await raw.call(node, request.method, request.path.encode(), query=query, headers=headers, body=body)


@pytest.fixture
async def token(server: Node) -> str:
    alice = await server.person("alice", scopes=f"{ALL_SCOPES} profile")
    await alice.posts("hello #world")
    return alice.token


@settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(request_=requests())
async def test_no_parameter_is_an_error_of_ours(server: Node, token: str, request_: Request) -> None:
    answer = await send(server, token, request_)
    assert answer.status < 500, f"{request_}: {answer.status} {answer.body[:200]!r}"


QUERIES = [
    b"limit=%FF%FE",
    b"\xff\xfe=\xff",
    b"a" * 60000,
    b"&".join(b"a=1" for _ in range(2000)),
    b"a[]" * 500,
    b"limit[]=1",
    b"%00=%00",
    b"max_id=%F0%9F%98%80",
    b"access_token=%00",
    b"access_token=\xff",
    b"a" + b"[b]" * 4000 + b"=1",
    b"=1&&==&",
]
PATHS = [
    b"/@%00",
    b"/@\xff\xfe",
    b"/%FF%FE",
    b"/users/%00",
    b"/api/v1/statuses/%00",
    b"/api/v1/statuses/%D9%A3",
    b"//evil.test",
    b"/api/v1/accounts/" + b"9" * 40,
    b"/media/a/b/..%2F..%2Fetc%2Fpasswd",
    b"/media/posts/..%2f..%2f..%2fetc/passwd",
    b"/static/..%2f..%2ffedi.toml",
    b"/media/%2e%2e/%2e%2e/x.png",
    b"/tags/%00",
    b"/" + b"a/" * 5000,
    b"/emojis/%00",
]
BODIES = [
    (b"application/json", b"[" * 100_000),
    (b"application/json", b'{"a":' * 2000 + b"1" + b"}" * 2000),
    (b"application/json", b'{"status": "\\ud800"}'),
    (b"application/json", b'{"status": NaN}'),
    (b"application/json", b'{"status": 1e999}'),
    (b"application/json", b'{"status": ' + b"9" * 6000 + b"}"),
    (b"application/json", b'{"poll": {"expires_in": 1e308, "options": ["a", "b"]}, "status": "x"}'),
    (b"application/json", b'{"status": "x", "media_ids": {"a": {"b": {"c": 1}}}}'),
    (b"application/json", b"\xff\xfe"),
    (b"application/json", b"null"),
    (b"application/x-www-form-urlencoded", b"\xff\xfe=\xff"),
    (b"application/x-www-form-urlencoded", b"&".join(b"media_ids[]=1" for _ in range(5000))),
    (b"application/x-www-form-urlencoded", b"status[a][b][c]=1"),
    (b"multipart/form-data", b"--x"),
    (b"multipart/form-data; boundary=x", b"--x\r\n\r\nabc\r\n--x--\r\n"),
    (
        b"multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nabc\r\n--x--\r\n',
    ),
    (
        b"multipart/form-data; boundary=x; charset=nonsense",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
    ),
    (b"multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n"),
    (b"multipart/form-data; boundary=\xff", b"--\xff\r\n"),
    (
        b"multipart/form-data; boundary=x",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' for _ in range(1500)) + b"--x--\r\n",
    ),
    (
        b"multipart/form-data; boundary=x",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nb\r\n' for _ in range(20))
        + b"--x--\r\n",
    ),
    (b"\xff/\xff", b"abc"),
]
HEADERS = [
    [(b"authorization", b"Bearer \xff\xfe")],
    [(b"authorization", b"Bearer")],
    [(b"authorization", b"Bearer " + b"a" * 60000)],
    [(b"authorization", b"Basic \xff")],
    [(b"cookie", b"\xff\xfe; =; a=b; __Host-fedi_session=\xff; __Host-fedi_session=a\0b")],
    [(b"accept-language", b"\xff" * 5000), (b"accept", b",;q=x,;;;" * 500)],
    [(b"x-forwarded-for", b"\xff, ::1%eth0, 1.2.3.4, ,,,")],
    [(b"if-none-match", b'"\xff'), (b"range", b"bytes=" + b",".join(b"0-1" for _ in range(5000)))],
    [(b"signature", b"keyId=\xff"), (b"date", b"\xff"), (b"digest", b"\xff")],
    [(b"origin", b"\xff"), (b"sec-fetch-site", b"\xff"), (b"idempotency-key", b"\0\xff" * 300)],
    [(b"user-agent", b"\0\xff" * 5000)],
]
BODY_PATHS = [b"/api/v1/statuses", b"/inbox", b"/oauth/token", b"/auth/log_in", b"/api/v1/media", b"/api/v1/apps"]


async def test_every_parameter_survives_the_usual_suspects(server: Node, token: str) -> None:
    suspects = ["a\0b", "9" * 25, "9999-12-31T23:59:59-14:00", "٣", ["\0", {"a": "\0"}], {"0": {"x": "\0"}}, 1e300, -1]
    for method, path, kind in ROUTES:
        at = "/".join(part.partition(":")[0] + "7" if ":" in part else part for part in path.split("/"))
        names = [field.encode_name for field in msgspec.structs.fields(kind)]
        for value in suspects if names else suspects[:1]:
            answer = await send(server, token, Request(method, at, dict.fromkeys(names, value), True, False))
            assert answer.status < 500, f"{method} {path} {value!r}: {answer.status} {answer.body[:300]!r}"


async def test_no_query_is_an_error_of_ours(server: Node) -> None:
    for path in [b"/api/v1/timelines/public", b"/api/v1/statuses", b"/auth/log_in", b"/@alice", b"/inbox"]:
        for method, query in itertools.product(("GET", "POST"), QUERIES):
            answer = await raw.call(server, method, path, query=query)
            assert answer.status < 500, f"{method} {path!r}?{query[:50]!r}: {answer.status} {answer.body[:200]!r}"


async def test_no_path_is_an_error_of_ours(server: Node) -> None:
    for path, accept in itertools.product(PATHS, (b"text/html", b"application/activity+json")):
        answer = await raw.call(server, "GET", path, headers=[(b"accept", accept)])
        assert 400 <= answer.status < 500, f"{path[:50]!r}: {answer.status} {answer.body[:200]!r}"


async def test_no_body_is_an_error_of_ours(server: Node, token: str) -> None:
    bearer = (b"authorization", f"Bearer {token}".encode())
    for path, (kind, body) in itertools.product(BODY_PATHS, BODIES):
        for headers in ([bearer], []):
            sent = [*headers, (b"content-type", kind)]
            answer = await raw.call(server, "POST", path, headers=sent, body=body)
            assert answer.status < 500, f"{path!r} {kind!r} {body[:50]!r}: {answer.status} {answer.body[:200]!r}"


async def test_a_body_is_counted_whatever_its_headers_say(server: Node) -> None:
    async def endless(taken: list[int]) -> AsyncIterator[bytes]:
        while sum(taken) < 60_000_000:
            taken.append(100_000)
            yield b"a" * 100_000

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"10")]
    for path in BODY_PATHS:
        taken: list[int] = []
        answer = await raw.call(server, "POST", path, headers=headers, body=endless(taken))
        assert answer.status in (401, 413), path
        assert sum(taken) <= 2_000_000, path


async def test_no_header_is_an_error_of_ours(server: Node) -> None:
    await server.person("alice")
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    calls = [
        ("GET", b"/api/v1/timelines/public"),
        ("POST", b"/api/v1/statuses"),
        ("POST", b"/oauth/token"),
        ("GET", b"/@alice"),
        ("GET", b"/users/alice/outbox"),
        ("POST", b"/inbox"),
        ("POST", b"/auth/log_in"),
        ("GET", b"/auth/log_in"),
        ("GET", b"/api/v1/streaming/user"),
        ("GET", b"/static/nothing.css"),
        ("OPTIONS", b"/api/v1/statuses"),
    ]
    for (method, path), headers in itertools.product(calls, HEADERS):
        answer = await raw.call(server, method, path, headers=[*form, *headers], body=b"a=1")
        assert answer.status < 500, f"{method} {path!r} {headers!r:.100}: {answer.status} {answer.body[:200]!r}"


async def test_other_methods_are_refused(server: Node) -> None:
    for method in ("TRACE", "CONNECT", "PROPFIND", "get", "\xff"):
        for path in (b"/", b"/api/v1/statuses", b"/inbox", b"/media/a/b/c.png"):
            assert (await raw.call(server, method, path)).status in (404, 405)


async def test_only_ascii_digits_are_an_id(server: Node, token: str) -> None:
    bearer = [(b"authorization", f"Bearer {token}".encode())]
    for text in ("٣", "²", "１", "1_0", " 7", "+7", "0x7", "7\n", "9223372036854775808", "-1"):
        path = "/api/v1/statuses/" + quote_from_bytes(text.encode(), safe="")
        assert (await raw.call(server, "GET", path.encode(), headers=bearer)).status == 404, text


@pytest.mark.parametrize("value", [1e300, -1e300, "9" * 25, 2**63])
def test_a_number_beyond_all_ids_is_the_last_one(value: Any) -> None:
    class Wanted(msgspec.Struct):
        number: int

    assert abs(params.build(Wanted, {"number": value}).number) in (2**63 - 1, 2**63)
