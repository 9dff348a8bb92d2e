"""Sockets: what is refused before a connection, what is kept after one, and what a hostile server can do."""

import asyncio
import contextlib
import gzip
import ssl
from collections.abc import Sequence

import httpx
import pytest
import trustme

from federation.http.addresses import parse_url
from federation.http.client import HTTPClient
from federation.http.errors import BadResponse, Refused, TooLarge, Unreachable
from federation.http.transport import MAX_IDLE_PER_HOST, Resolver, SocketTransport
from tests.support.loopback import Loopback

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops: their transports differ in when they report a lost connection."""
    return "asyncio", {"use_uvloop": request.param}


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def resolves_to(*answers: Sequence[str]) -> tuple[Resolver, list[str]]:
    """A resolver that gives each answer once and repeats the last, and the names it was asked for."""
    asked: list[str] = []
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve, asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]", "[::127.0.0.1]", "0.0.0.0",
        "169.254.169.254", "224.0.0.1", "[fec0::1]", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "１２７.0.0.1",
        "①②⑦.0.0.1", "localhost",
    ],
)  # fmt: skip
async def test_no_spelling_of_a_private_address_is_connected_to(loopback: Loopback, host: str) -> None:
    port = await loopback.answers(OK)
    async with HTTPClient(user_agent="t", https_only=False) as client:
        for method in (client.request("GET", f"http://{host}:{port}/"), client.get_following(f"http://{host}:{port}/")):
            with pytest.raises(Refused):
                await method
    assert loopback.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::ffff:10.0.0.1"], ["2002:7f00:1::1"], ["fe80::1%eth0"], ["nonsense"]],
)
async def test_a_name_with_any_private_address_is_refused(addresses: list[str]) -> None:
    resolve, _ = resolves_to(addresses)
    async with HTTPClient(SocketTransport(resolve=resolve), user_agent="t") as client:
        with pytest.raises(Refused):
            await client.request("GET", "https://rebind.test/")


async def test_a_name_is_resolved_once_per_connection_so_rebinding_finds_nothing_to_rebind(loopback: Loopback) -> None:
    """The judged answer is the one connected to; a second, private answer would be judged as well."""
    port = await loopback.answers(OK)
    # 192.0.2.1 would be refused and 127.0.0.1 would connect, if the name were looked up a second time to connect.
    resolve, asked = resolves_to(["192.0.2.1"], ["127.0.0.1"])
    async with HTTPClient(SocketTransport(resolve=resolve), user_agent="t", https_only=False) as client:
        with pytest.raises(Refused):
            await client.request("GET", f"http://rebind.test:{port}/")
        assert asked == ["rebind.test"]
        with pytest.raises(Refused):
            await client.request("GET", f"http://rebind.test:{port}/")
    assert loopback.connections == 0


async def test_the_second_resolution_of_a_rebinding_name_is_judged_like_the_first() -> None:
    attempted: list[str] = []

    class Recording(SocketTransport):
        async def _open(self, key: object, address: str) -> "object":  # type: ignore[override]
            attempted.append(address)
            raise ConnectionRefusedError

    resolve, asked = resolves_to(["1.1.1.1"], ["127.0.0.1"])
    async with HTTPClient(Recording(resolve=resolve), user_agent="t") as client:
        with pytest.raises(Unreachable):
            await client.request("GET", "https://rebind.test/")
        with pytest.raises(Refused):
            await client.request("GET", "https://rebind.test/")
    assert (attempted, asked) == (["1.1.1.1"], ["rebind.test", "rebind.test"])


async def test_the_name_stays_in_host_while_the_address_is_connected_to(loopback: Loopback) -> None:
    port = await loopback.answers(OK)
    resolve, asked = resolves_to(["127.0.0.1"])
    transport = SocketTransport(allow_private=True, resolve=resolve)
    async with HTTPClient(transport, user_agent="t", https_only=False, allow_private=True) as client:
        response = await client.request("GET", f"http://peer.test:{port}/a%2Fb?c=%e4")
    assert (response.status, response.body, asked) == (200, b"ok", ["peer.test"])
    assert loopback.requests[0].startswith(f"GET /a%2Fb?c=%e4 HTTP/1.1\r\nHost: peer.test:{port}\r\n".encode())


async def test_the_next_address_is_tried_when_one_is_dead(loopback: Loopback) -> None:
    port = await loopback.answers(OK)
    resolve, _ = resolves_to(["127.0.0.2", "127.0.0.1"])
    transport = SocketTransport(allow_private=True, resolve=resolve, connect_seconds=2)
    async with HTTPClient(transport, user_agent="t", https_only=False, allow_private=True) as client:
        assert (await client.request("GET", f"http://peer.test:{port}/")).status == 200


async def test_an_address_that_never_answers_leaves_time_for_the_next(loopback: Loopback) -> None:
    class FirstHangs(SocketTransport):
        async def _open(self, key: tuple[str, str, int], address: str):  # type: ignore[no-untyped-def]
            if address == "127.0.0.2":
                await asyncio.sleep(60)
            return await super()._open(key, address)

    port = await loopback.answers(OK)
    transport = FirstHangs(allow_private=True, resolve=resolves_to(["127.0.0.2", "127.0.0.1"])[0], connect_seconds=0.5)
    async with HTTPClient(transport, user_agent="t", https_only=False, allow_private=True) as client:
        assert (await client.request("GET", f"http://peer.test:{port}/")).status == 200


async def test_names_that_do_not_resolve_and_closed_ports_are_unreachable(client: HTTPClient) -> None:
    async def fails(host: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        return []

    for resolve in (fails, hangs, resolves_to([])[0]):
        transport = SocketTransport(resolve=resolve, connect_seconds=0.1)
        async with HTTPClient(transport, user_agent="t") as other:
            with pytest.raises(Unreachable):
                await other.request("GET", "https://peer.test/")
    with pytest.raises(Unreachable):
        await client.request("GET", "http://127.0.0.1:1/")


@pytest.mark.parametrize("name", ["localhost", "a.localhost", "b.a.localhost"])
async def test_localhost_and_names_below_it_are_loopback(loopback: Loopback, client: HTTPClient, name: str) -> None:
    port = await loopback.answers(OK)
    assert (await client.request("GET", f"http://{name}:{port}/")).body == b"ok"


async def test_names_below_localhost_are_refused_where_private_addresses_are() -> None:
    async with HTTPClient(user_agent="t", https_only=False) as public:
        with pytest.raises(Refused):
            await public.request("GET", "http://a.localhost:8001/")


async def test_a_connection_is_used_again(loopback: Loopback, client: HTTPClient) -> None:
    port = await loopback.answers(OK)
    for _ in range(3):
        assert (await client.request("GET", f"http://127.0.0.1:{port}/")).body == b"ok"
        assert (await client.post(f"http://127.0.0.1:{port}/", headers={}, body=b"x")).body == b"ok"
    assert (loopback.connections, len(loopback.requests)) == (1, 6)


async def test_a_connection_closed_while_idle_is_replaced_without_the_caller_noticing(
    loopback: Loopback, client: HTTPClient
) -> None:
    async def one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        writer.write(OK)
        await writer.drain()

    port = await loopback.raw(one_answer)
    for _ in range(3):
        assert (await client.request("POST", f"http://127.0.0.1:{port}/", body=b"x")).body == b"ok"
        await asyncio.sleep(0.01)
    assert loopback.connections == 3


async def test_a_connection_that_closes_on_the_next_request_is_retried_once(
    loopback: Loopback, client: HTTPClient
) -> None:
    async def closes_on_the_second_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        writer.write(OK)
        await loopback.read_request(reader)

    port = await loopback.raw(closes_on_the_second_request)
    for _ in range(3):
        assert (await client.request("POST", f"http://127.0.0.1:{port}/", body=b"x")).body == b"ok"
    assert (loopback.connections, len(loopback.requests)) == (3, 5)


async def test_a_fresh_connection_that_closes_without_an_answer_is_not_retried(
    loopback: Loopback, client: HTTPClient
) -> None:
    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)

    port = await loopback.raw(closes)
    with pytest.raises(Unreachable):
        await client.request("GET", f"http://127.0.0.1:{port}/")
    assert loopback.connections == 1


async def test_a_reused_connection_that_breaks_after_the_first_byte_is_not_retried(
    loopback: Loopback, client: HTTPClient
) -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        writer.write(OK)
        await loopback.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")

    port = await loopback.raw(breaks)
    await client.request("GET", f"http://127.0.0.1:{port}/")
    with pytest.raises(BadResponse):
        await client.request("GET", f"http://127.0.0.1:{port}/")
    assert (loopback.connections, len(loopback.requests)) == (1, 2)


async def test_an_idle_connection_that_talks_is_not_used_again(loopback: Loopback, client: HTTPClient) -> None:
    async def talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        writer.write(OK)
        await answered.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        said.set()
        await reader.read()

    answered, said = asyncio.Event(), asyncio.Event()
    port = await loopback.raw(talks)
    for _ in range(2):
        assert (await client.request("GET", f"http://127.0.0.1:{port}/")).body == b"ok"
        answered.set()
        await said.wait()
        await asyncio.sleep(0.05)
        answered.clear()
        said.clear()
    assert loopback.connections == 2


async def test_a_connection_whose_server_answers_before_reading_is_not_used_again(
    loopback: Loopback, client: HTTPClient
) -> None:
    async def answers_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(60)

    port = await loopback.raw(answers_early)
    for _ in range(2):
        assert (await client.request("POST", f"http://127.0.0.1:{port}/", body=b"x" * 20_000_000)).status == 413
    assert loopback.connections == 2


async def test_few_idle_connections_are_kept_per_host(loopback: Loopback, client: HTTPClient) -> None:
    together = asyncio.Barrier(MAX_IDLE_PER_HOST + 4)

    async def waits_for_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        await together.wait()
        writer.write(OK)
        if await reader.read(1) == b"":
            closed.append(1)

    closed: list[int] = []
    port = await loopback.raw(waits_for_all)
    await asyncio.gather(*(client.request("GET", f"http://127.0.0.1:{port}/") for _ in range(MAX_IDLE_PER_HOST + 4)))
    await asyncio.sleep(0.05)
    assert (loopback.connections, len(closed)) == (MAX_IDLE_PER_HOST + 4, 4)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
async def test_a_connection_the_server_wants_closed_is_not_used_again(
    loopback: Loopback, client: HTTPClient, head: bytes
) -> None:
    port = await loopback.answers(head + b"Content-Length: 2\r\n\r\nok")
    for _ in range(2):
        assert (await client.request("GET", f"http://127.0.0.1:{port}/")).body == b"ok"
    assert loopback.connections == 2


async def test_a_body_that_drips_forever_ends_at_the_total_deadline(loopback: Loopback, client: HTTPClient) -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(RuntimeError, OSError):  # as the client goes away
            for _ in range(1000):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)

    port = await loopback.raw(drips)
    for call in (client.request("GET", f"http://127.0.0.1:{port}/", timeout=0.3),
                 client.post(f"http://127.0.0.1:{port}/", headers={}, body=b"", timeout=0.3),
                 client.get_following(f"http://127.0.0.1:{port}/", timeout=0.3)):  # fmt: skip
        with pytest.raises(Unreachable):
            async with asyncio.timeout(2):
                await call


async def test_silence_ends_an_exchange_before_the_total_deadline(loopback: Loopback, client: HTTPClient) -> None:
    async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def reads_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    for handler, body in ((says_nothing, b""), (reads_nothing, b"x" * 20_000_000)):
        port = await loopback.raw(handler)
        with pytest.raises(Unreachable, match="no answer within 1 s"):
            await client.request("POST", f"http://127.0.0.1:{port}/", body=body)


async def test_a_cancelled_request_leaves_no_connection_behind(loopback: Loopback, client: HTTPClient) -> None:
    ended = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        try:
            await reader.read()
        finally:
            ended.set()

    port = await loopback.raw(waits)
    task = asyncio.ensure_future(client.request("GET", f"http://127.0.0.1:{port}/"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(1):
        await ended.wait()


async def test_a_compressed_bomb_and_a_large_body_are_too_large(loopback: Loopback, client: HTTPClient) -> None:
    bomb = gzip.compress(b"\0" * 60_000_000)
    port = await loopback.answers(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 2_000_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n",
    )
    for _ in range(3):
        with pytest.raises(TooLarge):
            await client.request("GET", f"http://127.0.0.1:{port}/")


async def test_a_head_of_200_kilobytes_is_too_large(loopback: Loopback, client: HTTPClient) -> None:
    port = await loopback.answers(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\nContent-Length: 2\r\n\r\nok")
    with pytest.raises(TooLarge):
        await client.request("GET", f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"220 mail.test ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
    ],
)
async def test_answers_that_are_not_http_are_bad(loopback: Loopback, client: HTTPClient, answer: bytes) -> None:
    port = await loopback.answers(answer)
    with pytest.raises(BadResponse):
        await client.request("GET", f"http://127.0.0.1:{port}/")


async def test_a_reset_in_the_body_is_unreachable(loopback: Loopback, client: HTTPClient) -> None:
    async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: close sends RST
        writer.transport.abort()

    port = await loopback.raw(resets)
    with pytest.raises(Unreachable):
        await client.request("GET", f"http://127.0.0.1:{port}/")


async def test_request_headers_cannot_carry_another_request(loopback: Loopback, client: HTTPClient) -> None:
    port = await loopback.answers(OK)
    for headers in ({"X": "a\r\nHost: evil"}, {"X": "a\nb"}, {"X\r\n": "a"}, {"X": "a\0"}, {"X": "☃"}, {"X ☃": "a"}):
        with pytest.raises(Refused):
            await client.post(f"http://127.0.0.1:{port}/", headers=headers, body=b"")
    assert loopback.requests == []


def tls_contexts(*names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server context with a certificate for `names`, and a client context that trusts its issuer."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


async def test_tls_checks_the_name_and_keeps_the_connection(loopback: Loopback) -> None:
    server, trusting = tls_contexts("peer.test")
    port = await loopback.answers(OK, tls=server)
    resolve, _ = resolves_to(["127.0.0.1"])
    transport = SocketTransport(allow_private=True, resolve=resolve, tls=trusting)
    async with HTTPClient(transport, user_agent="t", allow_private=True) as client:
        for _ in range(2):
            assert (await client.request("GET", f"https://peer.test:{port}/")).body == b"ok"
        assert loopback.connections == 1
        with pytest.raises(Unreachable, match="certificate"):
            await client.request("GET", f"https://other.test:{port}/")


async def test_tls_by_an_unknown_issuer_and_plain_http_on_a_tls_port_are_unreachable(loopback: Loopback) -> None:
    server, _ = tls_contexts("localhost")
    unknown = await loopback.answers(OK, tls=server)
    plain = await loopback.answers(OK)
    async with HTTPClient(
        SocketTransport(allow_private=True, connect_seconds=1), user_agent="t", allow_private=True
    ) as client:
        for port in (unknown, plain):
            with pytest.raises(Unreachable):
                await client.request("GET", f"https://localhost:{port}/")


async def test_it_is_an_httpx_transport_like_any_other(loopback: Loopback) -> None:
    zipped = gzip.compress(b"hello")
    port = await loopback.answers(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(zipped), zipped)
    )
    async with httpx.AsyncClient(transport=SocketTransport(allow_private=True), trust_env=False) as client:
        response = await client.post(f"http://127.0.0.1:{port}/x?y", json={"a": 1})
        assert (response.text, len(client.cookies)) == ("hello", 0)
    assert loopback.requests[0].startswith(b"POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % port)
    assert loopback.requests[0].endswith(b'\r\n\r\n{"a":1}')
    assert loopback.requests[0].lower().count(b"content-length") == 1


async def test_head_and_204_leave_the_connection_usable(loopback: Loopback, client: HTTPClient) -> None:
    port = await loopback.answers(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"HTTP/1.1 204 None\r\n\r\n", OK)
    url = parse_url(f"http://127.0.0.1:{port}/")
    assert (await client.request("HEAD", url)).headers["content-length"] == "10"
    assert (await client.request("GET", url)).status == 204
    assert (await client.request("GET", url)).body == b"ok"
    assert loopback.connections == 1


async def test_an_address_of_the_operators_may_be_private_and_leaves_no_way_in(loopback: Loopback) -> None:
    port = await loopback.answers(OK)
    url = f"http://127.0.0.1:{port}/"
    async with HTTPClient(user_agent="t") as client:
        assert (await client.request("GET", url, trusted=True)).body == b"ok"
        for wanted in (url, f"http://localhost:{port}/", f"https://localhost:{port}/"):
            with pytest.raises(Refused):
                await client.request("GET", wanted)
    assert loopback.connections == 1


async def test_an_endless_page_is_read_as_far_as_it_may_be(loopback: Loopback, client: HTTPClient) -> None:
    async def forever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await loopback.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    port = await loopback.raw(forever)
    response = await client.get_following(f"http://127.0.0.1:{port}/", max_bytes=100_000, lenient=True)
    assert response.body == b"x" * 100_000
    with pytest.raises(TooLarge):
        await client.get_following(f"http://127.0.0.1:{port}/", max_bytes=100_000)
