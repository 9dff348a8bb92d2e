"""How much anybody may ask for, and what happens when there is nothing left (classes 12, 13, 15, 25, 36)."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
import pytest
from websockets.exceptions import InvalidStatus

from fedi import chores, config, config_sources
from fedi.app import FETCHES_PER_HOST
from fedi.http import limits
from fedi.http.limits import API, FAMILIES, SHARE_SECONDS
from storage.db import Database
from storage.errors import DatabaseBusy, DatabaseDown
from tests.security.conftest import Stage
from tests.support import live, raw
from tests.support.browser import browser
from tests.support.network import Network
from tests.support.servers import Node, drain, node

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
IP = next(limit for limit in API if limit.name == "ip")


@pytest.fixture
async def limited(servers: Servers) -> Node:
    return (await servers("example.test", rate_limiting="true"))[0]


async def _remaining(node: Node, client: str | None, *headers: tuple[bytes, bytes]) -> int:
    answer = await raw.call(node, "GET", b"/api/v1/instance", client=client, headers=headers)
    return int(answer.headers["x-ratelimit-remaining"])


async def test_a_token_that_is_no_good_is_counted(limited: Node) -> None:
    """Guessing tokens must not be cheaper than asking without."""
    path, wrong = b"/api/v1/timelines/home", [(b"authorization", b"Bearer guess")]
    statuses = [(await raw.call(limited, "GET", path, headers=wrong)).status for _ in range(IP.most + 5)]
    assert statuses[: IP.most] == [401] * IP.most
    assert set(statuses[IP.most :]) == {429}


async def test_an_ended_token_is_counted_too(limited: Node) -> None:
    alice = await limited.person("alice")
    async with limited.db.transaction() as conn:
        await conn.execute("update users set epoch = epoch + 1 where id = $1", alice.user_id)
    before = await _remaining(limited, "192.0.2.9")
    for _ in range(3):
        headers = [(b"authorization", f"Bearer {alice.token}".encode())]
        answer = await raw.call(limited, "GET", b"/api/v1/timelines/home", headers=headers, client="192.0.2.9")
        assert answer.status == 401
    assert await _remaining(limited, "192.0.2.9") == before - 4


async def test_without_a_token_no_upload_is_read(server: Node) -> None:
    alice = await server.person("alice")
    big = b"x" * 3_000_000
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + big + b"\r\n--b--\r\n"
    kind = (b"content-type", b"multipart/form-data; boundary=b")
    answer = await raw.call(server, "POST", b"/api/v2/media", headers=[kind], body=body)
    assert answer.status == 413
    token = (b"authorization", f"Bearer {alice.token}".encode())
    assert (await raw.call(server, "POST", b"/api/v2/media", headers=[kind, token], body=body)).status == 422


async def test_nobody_chooses_the_address_they_are_counted_under(limited: Node) -> None:
    first = await _remaining(limited, "203.0.113.7", (b"x-forwarded-for", b"198.51.100.1"))
    assert await _remaining(limited, "203.0.113.7", (b"x-forwarded-for", b"198.51.100.2")) == first - 1
    assert await _remaining(limited, "203.0.113.7", (b"x-real-ip", b"198.51.100.2")) == first - 2
    assert await _remaining(limited, "203.0.113.7", (b"forwarded", b"for=198.51.100.2")) == first - 3


async def test_a_trusted_proxy_is_believed_from_right_to_left(servers: Servers) -> None:
    [node] = await servers("example.test", rate_limiting="true", trusted_proxies="10.0.0.0/8")
    forged = (b"x-forwarded-for", b"198.51.100.9, 203.0.113.7, 10.0.0.2")
    first = await _remaining(node, "10.0.0.1", forged)
    assert await _remaining(node, "10.0.0.1", (b"x-forwarded-for", b"1.1.1.1, 203.0.113.7")) == first - 1
    assert await _remaining(node, "203.0.113.7") == first - 2
    assert await _remaining(node, "10.0.0.1", (b"x-forwarded-for", b"203.0.113.8")) == first
    # A socket for both families shows IPv4 wrapped in IPv6.
    assert await _remaining(node, "::ffff:10.0.0.1", (b"x-forwarded-for", b"203.0.113.7")) == first - 3


async def test_an_ipv6_network_is_one_address_and_wrapped_ipv4_is_ipv4(limited: Node) -> None:
    first = await _remaining(limited, "2001:db8:1:2::1")
    assert await _remaining(limited, "2001:db8:1:2:ffff::9") == first - 1
    assert await _remaining(limited, "2001:db8:1:3::1") == first
    assert await _remaining(limited, "::ffff:203.0.113.1") == first
    assert await _remaining(limited, "::ffff:203.0.113.2") == first


async def test_opening_streams_is_counted(limited: Node) -> None:
    async with live.listening(limited) as address:
        seen = []
        for _ in range(IP.most + 2):
            with pytest.raises(InvalidStatus) as refused:
                async with live.opened(live.address(address)):
                    pass
            seen.append(refused.value.response.status_code)
    assert seen == [401] * IP.most + [429] * 2


async def test_spellings_of_a_path_share_a_limit(limited: Node) -> None:
    most = FAMILIES["apps"][0].most
    spellings = [b"/api/v1/apps", b"/api/v1/apps/", b"//api/v1/apps", b"/api/v1/%61pps"]
    body = b"client_name=x&redirect_uris=urn:ietf:wg:oauth:2.0:oob"
    statuses = []
    for number in range(most + 4):
        answer = await raw.call(limited, "POST", spellings[number % 4], body=body, query=b"format=json")
        statuses.append(answer.status)
    assert statuses.count(200) <= most
    assert statuses[-1] in (404, 429)
    assert 429 in statuses


async def test_guessing_a_password_is_limited_by_login_from_whatever_address(limited: Node) -> None:
    await limited.person("alice")
    async with browser(limited) as page:
        await page.open("/auth/log_in")
        counter: limits.Limits = limited.app.memory["limits"]
        seen = set()
        for _ in range(30):
            for key in [key for key in counter._counts if key[0] in ("log_in", "ip")]:
                del counter._counts[key]  # as if every attempt came from another address
            await page.submit("/auth/log_in", {"login": " Alice ", "password": "wrong"})
            seen.add(page.status)
            if page.status == 429:
                break
            await page.open("/auth/log_in")
        assert seen == {422, 429}


async def test_a_full_pool_is_a_503_that_says_when(servers: Servers) -> None:
    [node] = await servers("example.test", database_pool_size="2")
    held = [node.db.read(), node.db.read()]
    connections = [await one.__aenter__() for one in held]
    started = time.monotonic()
    answer = await raw.call(node, "GET", b"/api/v1/timelines/public")
    assert time.monotonic() - started < 8
    assert (answer.status, answer.headers.get("retry-after")) == (503, "5")
    assert len(connections) == 2
    for one in held:
        await one.__aexit__(None, None, None)
    assert (await raw.call(node, "GET", b"/api/v1/timelines/public")).status == 200


async def test_a_lock_that_is_not_given_back_is_a_503(server: Node) -> None:
    alice = await server.person("alice")
    connection = await asyncpg.connect(server.db.dsn)
    async with server.db.read() as conn:
        limit = await conn.fetchval("show lock_timeout")
        assert (limit, await conn.fetchval("show statement_timeout")) == ("5s", "15s")
        assert await conn.fetchval("show idle_in_transaction_session_timeout") == "30s"
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("lock table statuses, oauth_tokens in access exclusive mode")

    async def streams() -> int:
        async with live.listening(server) as address:
            with pytest.raises(InvalidStatus) as refused:
                async with live.socket(alice, "user", base_url=address):
                    pass
        return refused.value.response.status_code

    try:
        headers = [(b"authorization", f"Bearer {alice.token}".encode())]
        started = time.monotonic()
        answer, stream = await asyncio.gather(
            raw.call(server, "POST", b"/api/v1/statuses", headers=headers, body=b"status=hello"), streams()
        )
        assert time.monotonic() - started < 10
    finally:
        await transaction.rollback()
        await connection.close()
    assert (answer.status, answer.headers.get("retry-after"), stream) == (503, "5", 503)


async def test_a_statement_without_end_and_a_connection_that_is_cut_are_busy(database_url: str) -> None:
    db = await Database(database_url, size=1).open()
    async with db.read() as conn:
        await conn.execute("set statement_timeout = '50ms'")
        with pytest.raises(DatabaseBusy):
            await conn.execute("select pg_sleep(5)")
    with pytest.raises((*DatabaseBusy, asyncpg.PostgresConnectionError)):
        async with db.read() as conn:
            await conn.execute("select pg_terminate_backend(pg_backend_pid())")
    async with db.read() as conn:
        assert await conn.fetchval("select 1") == 1, "and it goes on"
    await db.close()


async def test_whatever_a_connection_says_that_is_being_cut_is_known(database_url: str) -> None:
    """Between the server's last word and the end of the connection the driver contradicts itself."""
    db, other = await Database(database_url, size=1).open(), await Database(database_url, size=1).open()
    seen = set()
    for moments in range(40):
        async with other.read() as killer:
            try:
                async with db.read() as conn:
                    await killer.execute(
                        "select pg_terminate_backend($1)", await conn.fetchval("select pg_backend_pid()")
                    )
                    for _moment in range(moments % 8):
                        await asyncio.sleep(0)
                    await conn.fetchval("select 1")
            except Exception as exc:
                seen.add(type(exc))
    await db.close()
    await other.close()
    assert seen
    assert all(issubclass(each, (*DatabaseBusy, DatabaseDown)) for each in seen), seen


async def test_one_unknown_key_after_another_does_not_open_many_connections_to_one_host(stage: Stage) -> None:
    """Whoever sends signatures of many made-up people of a host must not turn us on it all at once."""
    at_once = most = 0
    everything = asyncio.Event()

    async def slow(scope: object, receive: object, send: object) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            async with asyncio.timeout(0.3):
                await everything.wait()
        except TimeoutError:
            pass
        at_once -= 1
        await send({"type": "http.response.start", "status": 404, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]

    stage.server.network.apps["victim.test"] = slow

    async def forged(number: int) -> int:
        signer = {**stage.mallory, "publicKey": {"id": f"https://victim.test/users/{number}#main-key"}}
        like = {
            "id": f"https://victim.test/{number}",
            "type": "Like",
            "actor": f"https://victim.test/users/{number}",
            "object": stage.alice.uri,
        }
        return (await stage.evil.send(stage.server, like, signer)).status_code

    answers = await asyncio.gather(*(forged(number) for number in range(60)))
    assert set(answers) <= {401, 503}
    assert most <= stage.server.app.settings.delivery_per_host + FETCHES_PER_HOST


async def test_a_repeated_refusal_asks_nobody(stage: Stage) -> None:
    """What was refused a moment ago is refused again without a word to the other side."""
    note = stage.puppet.note(stage.pat, "1")
    signer = {**stage.mallory, "publicKey": {"id": "https://puppet.test/users/nobody#main-key"}}
    forged = {**stage.puppet.create(note), "actor": "https://puppet.test/users/nobody"}
    await stage.evil.send(stage.server, forged, signer)
    before = len(stage.puppet.asked)
    for _ in range(5):
        assert (await stage.evil.send(stage.server, forged, signer)).status_code == 401
    assert len(stage.puppet.asked) == before


async def test_a_request_that_is_refused_without_its_key_asks_nobody(stage: Stage) -> None:
    before = len(stage.evil.asked)
    stranger = stage.evil.actor("stranger", key=6)
    body = stage.evil.activity("Follow", stranger, stage.alice.uri, "1")
    for broken in (
        {"digest": "SHA-256=AAAA"},
        {"host": "other.test"},
        {"date": "Tue, 01 Jan 2019 00:00:00 GMT"},
        {"date": None},
    ):
        answer = await stage.evil.send(stage.server, body, stranger, **broken)
        assert answer.status_code in (400, 401)
    assert len(stage.evil.asked) == before


async def test_two_processes_count_together(
    make_database: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And what was counted outlives them both."""
    dsn = await make_database()
    settings: dict[str, Any] = {"rate_limiting": "true", "rate_limits": "ip=10/86400"}

    def process() -> AbstractAsyncContextManager[Node]:
        return node("example.test", dsn, Network(), tmp_path_factory.mktemp("process"), **settings)

    async with process() as first, process() as second:
        assert [await _remaining(first, "192.0.2.9") for _ in range(6)] == [9, 8, 7, 6, 5, 4]
        await asyncio.sleep(SHARE_SECONDS * 1.5)
        await _remaining(second, "192.0.2.9")
        await asyncio.sleep(SHARE_SECONDS * 1.5)
        assert await _remaining(second, "192.0.2.9") == 2
        assert await _remaining(second, "192.0.2.10") == 9
    async with process() as third:
        await _remaining(third, "192.0.2.9")
        await asyncio.sleep(SHARE_SECONDS * 1.5)
        assert await _remaining(third, "192.0.2.9") == 0
        answer = await raw.call(third, "GET", b"/api/v1/instance", client="192.0.2.9")
        assert (answer.status, answer.headers["x-ratelimit-limit"]) == (429, "10")
        assert 0 < int(answer.headers["retry-after"]) <= 86400


async def test_what_was_spent_is_told_once_the_database_is_back(database_url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        db = await Database(database_url, size=2).open()
        stack.push_async_callback(db.close)
        ours, theirs = limits.Limits(), limits.Limits()
        for _ in range(3):
            ours.hit("api", ip="192.0.2.9")
        async with db.transaction() as conn:
            await conn.execute("alter table rate_limits rename to away")
        with pytest.raises(asyncpg.UndefinedTableError):
            await ours.share(db)
        async with db.transaction() as conn:
            await conn.execute("alter table away rename to rate_limits")
        await ours.share(db)
        await ours.share(db)
        theirs.hit("api", ip="192.0.2.9")
        await theirs.share(db)
        assert theirs.hit("api", ip="192.0.2.9")["X-RateLimit-Remaining"] == str(IP.most - 5)


async def test_ended_windows_are_forgotten(server: Node) -> None:
    async with server.db.transaction() as conn:
        await conn.execute(
            "insert into rate_limits (bucket, ends_at, calls)"
            " values (1, now() - interval '1 s', 5), (2, now() + interval '1 h', 5)"
        )
    await chores.sweep(server.app)
    async with server.db.read() as conn:
        assert await conn.fetchval("select array_agg(bucket) from rate_limits") == [2]


async def test_an_operator_sets_the_limits(servers: Servers) -> None:
    [server] = await servers("example.test", rate_limiting="true", rate_limits="api=7/300, statuses=2/3600")
    alice = await server.person("alice")
    headers = {"Authorization": f"Bearer {alice.token}"}
    answers = [
        await server.client.post("/api/v1/statuses", json={"status": str(number)}, headers=headers) for number in "123"
    ]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[0].headers["x-ratelimit-limit"] == "2"
    answer = await server.client.get("/api/v1/timelines/home", headers=headers)
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("7", "3")


def test_every_limit_can_be_set() -> None:
    names = {limit.name for family in FAMILIES.values() for limit in family}
    settings = config_sources.load({"FEDI_RATE_LIMITS": ",".join(f"{name}=1/2" for name in sorted(names))})
    assert config.rate_limits(settings) == dict.fromkeys(names, (1, 2))
    for wrong in ("api", "api=0/5", "api=5", "nothing=5/5", "api=5/-5"):
        with pytest.raises(config.ConfigError, match="FEDI_RATE_LIMITS"):
            config_sources.load({"FEDI_RATE_LIMITS": wrong})


async def test_an_operator_bounds_bodies_and_pages(servers: Servers) -> None:
    [server] = await servers("example.test", request_max_bytes="65536", page_max="20")
    alice = await server.person("alice")
    for number in range(22):
        await alice.posts(f"post {number}")
    await drain(server)
    assert len(await alice.get("/api/v1/timelines/home", limit=40)) == 20
    assert len(await alice.get("/api/v1/timelines/home", limit=-40)) == 20
    assert len(await alice.get("/api/v1/timelines/home", limit=5)) == 5
    headers = {"Authorization": f"Bearer {alice.token}"}
    answer = await server.client.post("/api/v1/statuses", json={"status": "x" * 70_000}, headers=headers)
    assert answer.status_code == 413
