"""The client's own rules: what it refuses to send, how it follows redirects, what it promises about answers."""

import asyncio
from collections.abc import Iterator, Mapping

import httpx
import pytest

from federation.http.client import (
    BadResponse,
    BadUrl,
    HTTPClient,
    InsideTransaction,
    Refused,
    Response,
    TooLarge,
    Unreachable,
)
from federation.http.transport import SocketTransport
from storage.db import transaction_open
from tests.support.loopback import Loopback

pytestmark = pytest.mark.anyio

AGENT = "fedi-test (+https://here.test/)"


def client_of(answer: httpx.Response | Exception | dict[str, httpx.Response]) -> tuple[HTTPClient, list[httpx.Request]]:
    """A client in whose network every request, or each URL, has one answer; and the requests it made."""
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer[str(request.url)]

    return HTTPClient(httpx.MockTransport(handle), user_agent=AGENT), sent


def moved(location: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"Location": location})


async def test_nothing_is_sent_inside_a_database_transaction() -> None:
    client, sent = client_of(httpx.Response(200))
    token = transaction_open.set(True)
    try:
        for call in (
            client.request("GET", "https://a.test/"),
            client.post("https://a.test/", headers={}, body=b""),
            client.get_following("https://a.test/"),
        ):
            with pytest.raises(InsideTransaction):
                await call
        with pytest.raises(InsideTransaction):
            await asyncio.create_task(client.request("GET", "https://a.test/"))
    finally:
        transaction_open.reset(token)
    assert sent == []
    assert (await client.request("GET", "https://a.test/")).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://a.test/", "ftp://a.test/", "https://u:p@a.test/", "https://127.0.0.1/", "https://[::ffff:7f00:1]/",
        "https://10.0.0.1:8443/", "https://a.test:25/", "https://a.test:22/", "https://xn--a.test/", "a.test",
    ],
)  # fmt: skip
async def test_addresses_outside_the_policy_are_refused_before_any_transport(url: str) -> None:
    client, sent = client_of(httpx.Response(200))
    with pytest.raises(Refused):
        await client.request("GET", url)
    with pytest.raises(Refused):
        await client.post(url, headers={}, body=b"")
    with pytest.raises(Refused):
        await client.get_following(url)
    assert sent == []


async def test_requests_carry_our_name_and_the_host_of_their_url(loopback: Loopback, client: HTTPClient) -> None:
    port = await loopback.answers(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
    url = f"http://127.0.0.1:{port}/inbox"
    await client.request("POST", url, headers={"Host": "evil.test", "X-A": "b"}, body=b"{}")
    await client.post(url, headers={"host": "evil.test", "X-A": "b"}, body=b"{}")
    assert len(loopback.requests) == 2
    for request in loopback.requests:
        lines = request.decode().split("\r\n")
        assert lines[:2] == ["POST /inbox HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        assert sorted(lines[2:-2], key=str.lower) == [
            "Accept-Encoding: gzip", "Content-Length: 2", f"User-Agent: {AGENT}", "X-A: b",
        ]  # fmt: skip
        assert lines[-1] == "{}"


async def test_names_that_only_their_registry_allows_are_reached() -> None:
    client, sent = client_of(httpx.Response(200))
    assert (await client.request("GET", "https://xn--i-7iq.ws/")).status == 200
    assert sent[0].headers["host"] == "xn--i-7iq.ws"


async def test_the_environment_does_not_name_a_proxy(monkeypatch: pytest.MonkeyPatch, loopback: Loopback) -> None:
    proxy, target = await loopback.answers(b""), await loopback.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    for name in ("http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
    transport = SocketTransport(allow_private=True)
    async with HTTPClient(transport, user_agent=AGENT, https_only=False, allow_private=True) as client:
        assert (await client.request("GET", f"http://127.0.0.1:{target}/")).status == 200
    assert loopback.requests[0].startswith(b"GET / HTTP/1.1")


async def test_a_redirect_is_followed_to_where_the_answer_is() -> None:
    client, sent = client_of({
        "https://a.test/1": moved("/2", 301), "https://a.test/2": moved("//b.test/3", 307),
        "https://b.test/3": moved("https://c.test/4?x", 308),
        "https://c.test/4?x": httpx.Response(200, content=b"here"),
    })  # fmt: skip
    response = await client.get_following("https://a.test/1")
    assert (response.body, response.url.full, len(sent)) == (b"here", "https://c.test/4?x", 4)


async def test_the_fourth_redirect_is_not_followed() -> None:
    client, sent = client_of(moved("https://a.test/"))
    with pytest.raises(Refused):
        await client.get_following("https://a.test/")
    assert len(sent) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://a.test/", "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "https://0x7f.1/",
        "https://u@b.test/", "ftp://b.test/", "javascript:1", "https://b.test:22/", "https://[", "https://b..test/",
        "http://127.0.0.1/", "//127.0.0.1/x", "//b.test:22",
    ],
)  # fmt: skip
async def test_a_redirect_out_of_the_policy_is_refused(location: str) -> None:
    client, sent = client_of(moved(location))
    with pytest.raises(Refused):
        await client.get_following("https://a.test/")
    assert len(sent) == 1


async def test_a_downgrade_to_http_is_refused_even_where_http_is_allowed() -> None:
    transport = httpx.MockTransport(lambda request: moved("http://a.test/"))
    client = HTTPClient(transport, user_agent=AGENT, https_only=False)
    with pytest.raises(Refused):
        await client.get_following("https://a.test/")


async def test_a_redirect_to_a_name_with_a_private_address_is_refused(loopback: Loopback) -> None:
    """The first hop is public (the resolver says so and the connection is intercepted); the second resolves inside."""
    inner = await loopback.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")
    asked = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if host == "inner.test" else ["1.1.1.1"]

    port = await loopback.answers(
        f"HTTP/1.1 302 Found\r\nLocation: http://inner.test:{inner}/\r\nContent-Length: 0\r\n\r\n".encode()
    )

    class Intercepted(SocketTransport):
        async def _open(self, key: tuple[str, str, int], address: str):  # type: ignore[no-untyped-def]
            assert address == "1.1.1.1"
            return await super()._open((key[0], key[1], port), "127.0.0.1")

    async with HTTPClient(Intercepted(resolve=resolve), user_agent=AGENT, https_only=False) as client:
        with pytest.raises(Refused):
            await client.get_following(f"http://outer.test:{port}/")
    assert (asked, loopback.connections) == (["outer.test", "inner.test"], 1)


class Signs:
    """Signatures that say which attempt they are."""

    def __init__(self, attempts: int = 1) -> None:
        self.number = attempts
        self.answers: list[tuple[str, int]] = []

    def attempts(self, url: str) -> Iterator[Mapping[str, str]]:
        for number in range(1, self.number + 1):
            yield {"Signature": f"{number} {url}"}

    def ended(self, url: str, headers: Mapping[str, str], response: Response) -> None:
        self.answers.append((headers["Signature"], response.status))


async def test_every_hop_is_signed_for_itself() -> None:
    client, sent = client_of({"https://a.test/1": moved("https://b.test/2"), "https://b.test/2": httpx.Response(200)})

    await client.get_following("https://a.test/1", headers={"Accept": "x"}, sign=Signs())
    assert [(request.headers["signature"], request.headers["accept"]) for request in sent] == [
        ("1 https://a.test/1", "x"), ("1 https://b.test/2", "x"),
    ]  # fmt: skip


@pytest.mark.parametrize(("taken", "status", "asked"), [("2", 200, ["1", "2"]), ("none", 401, ["1", "2", "3"])])
async def test_a_refused_signature_is_followed_by_the_next_one(taken: str, status: int, asked: list[str]) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["signature"].partition(" ")[0])
        return httpx.Response(200 if sent[-1] == taken else 401)

    sent: list[str] = []
    client, signs = HTTPClient(httpx.MockTransport(handle), user_agent=AGENT), Signs(3)
    response = await client.get_following("https://a.test/o?p=1", sign=signs)
    assert (response.status, sent) == (status, asked)
    assert signs.answers == [(f"{asked[-1]} https://a.test/o?p=1", status)]


async def test_error_statuses_are_answers_and_their_bodies_are_cut() -> None:
    client, _ = client_of(httpx.Response(500, content=b"x" * 3_000_000, headers={"A": "1"}))
    response = await client.request("GET", "https://a.test/")
    assert (response.status, len(response.body), response.headers["a"]) == (500, 1024 * 1024, "1")


async def test_a_document_beyond_the_limit_is_too_large_through_any_transport() -> None:
    client, _ = client_of(httpx.Response(200, content=b"x" * 11))
    with pytest.raises(TooLarge):
        await client.request("GET", "https://a.test/", max_bytes=10)
    assert len((await client.request("GET", "https://a.test/", max_bytes=11)).body) == 11


async def test_an_accepted_delivery_stays_accepted_whatever_its_body(loopback: Loopback, client: HTTPClient) -> None:
    port = await loopback.answers(
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 50000000\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
    )
    for _ in range(2):
        assert (await client.post(f"http://127.0.0.1:{port}/", headers={}, body=b"")).status == 202


async def test_repeated_headers_are_joined_and_the_media_type_is_bare() -> None:
    client, _ = client_of(
        httpx.Response(200, headers=[("Link", "<a>"), ("Content-Type", "Text/HTML; x"), ("link", "<b>")])
    )
    response = await client.request("GET", "https://a.test/")
    assert (response.headers["link"], response.media_type) == ("<a>, <b>", "text/html")


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (httpx.ConnectError("x"), Unreachable), (httpx.ReadTimeout("x"), Unreachable), (OSError("x"), Unreachable),
        (httpx.RemoteProtocolError("x"), Unreachable), (httpx.DecodingError("x"), BadResponse), (BadUrl("x"), BadUrl),
    ],
)  # fmt: skip
async def test_failures_of_any_transport_are_ours(raised: Exception, seen: type[Exception]) -> None:
    client, _ = client_of(raised)
    with pytest.raises(seen):
        await client.request("GET", "https://a.test/")


async def test_requests_to_one_host_wait_for_each_other_and_not_for_others() -> None:
    running: dict[str, int] = {}
    most: dict[str, int] = {}

    async def handle(request: httpx.Request) -> httpx.Response:
        host = request.url.host
        running[host] = running.get(host, 0) + 1
        most[host] = max(most.get(host, 0), running[host])
        together.append(sum(running.values()))
        await asyncio.sleep(0.01)
        running[host] -= 1
        return httpx.Response(200)

    together: list[int] = []
    client = HTTPClient(httpx.MockTransport(handle), user_agent=AGENT, per_host=2)
    await asyncio.gather(*(client.request("GET", f"https://{host}.test/") for host in "aaaaabbbbb"))
    assert (most, max(together)) == ({"a.test": 2, "b.test": 2}, 4)
