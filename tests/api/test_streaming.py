"""The streaming API over real sockets: who hears what, in which form, and when a connection ends.

The server runs in this process, so that a test decides when work is done.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import orjson
import pytest
from websockets.exceptions import InvalidStatus

from fedi import patience
from fedi.auth import tokens
from fedi.effects.context import TOPIC
from fedi.http.limits import Limit
from fedi.services import announcements
from fedi.streaming import endpoint, hub
from storage import announcements as announcement_rows
from storage import oauth
from storage.bus import GAP
from tests.support import checker, live
from tests.support.events import events
from tests.support.live import Live
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


@pytest.fixture
async def address(server: Node) -> AsyncIterator[str]:
    """Where the node `server` answers."""
    async with live.listening(server) as url:
        yield url


def ids(said: list[dict[str, Any]], event: str = "update") -> list[str]:
    """Of events that carry an object, its id, with the stream it came by."""
    return [f"{message['stream'][0]} {message['payload']['id']}" for message in said if message["event"] == event]


# ---------------------------------------------------------------- opening


async def test_a_token_is_taken_from_header_query_and_subprotocol_which_is_echoed(server: Node, address: str) -> None:
    alice = await server.person("alice")
    url = live.address(address)
    async with (
        live.socket(alice, "user", base_url=address) as by_header,
        live.opened(f"{url}?access_token={alice.token}&stream=user") as by_query,
        live.opened(f"{url}/?stream=user", protocol=alice.token) as by_protocol,
    ):
        assert by_query.connection.subprotocol is None
        assert by_protocol.connection.subprotocol == alice.token
        await settled(by_query, by_protocol)
        post = await alice.posts("hello")
        await drain(server)
        for each in (by_header, by_query, by_protocol):
            assert (await each.event("update"))["id"] == post["id"]


async def settled(*opened: Live) -> None:
    """What was asked for is in force: the server answers to what was said after it."""
    for each in opened:
        await each.subscribe("nothing")
        await each.message()
        each.messages.clear()


@pytest.mark.parametrize("query", ["?stream=user", "?access_token=wrong&stream=user", "?stream=public"])
async def test_nobody_listens_without_a_token(server: Node, address: str, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with live.opened(live.address(address) + query):
            pass
    assert refused.value.response.status_code == 401
    assert "error" in orjson.loads(refused.value.response.body)


async def test_an_applications_own_token_is_not_enough(server: Node, address: str) -> None:
    app = await server.api(
        "POST",
        "/api/v1/apps",
        json={"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read"},
    )
    body = {"grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"]}
    token = (await server.api("POST", "/oauth/token", data=body))["access_token"]
    with pytest.raises(InvalidStatus):
        async with live.opened(f"{live.address(address)}?access_token={token}"):
            pass


async def test_other_paths_are_not_there(server: Node, address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with live.opened(live.address(address, "/api/v1/other")):
            pass
    assert refused.value.response.status_code == 404


# ---------------------------------------------------------------- talking


async def test_one_connection_carries_many_streams_until_they_are_left(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    async with live.socket(alice, "user", "public", "hashtag#Cats", base_url=address) as heard:
        post = await bob.posts("#cats are not #dogs")
        await drain(server)
        assert sorted(ids(await heard.quiet())) == [f"hashtag {post['id']}", f"public {post['id']}"]
        await heard.unsubscribe("public")
        await heard.unsubscribe("hashtag", tag="cats")
        await settled(heard)
        await bob.posts("#cats again")
        mine = await alice.posts("mine")
        await drain(server)
        assert ids(await heard.quiet()) == [f"user {mine['id']}"]


async def test_a_stream_names_itself_with_its_parameter(server: Node, address: str) -> None:
    alice = await server.person("alice")
    async with live.socket(alice, "hashtag#cats", base_url=address) as heard:
        await alice.posts("#cats")
        await drain(server)
        assert (await heard.message())["stream"] == ["hashtag", "cats"]


async def test_nonsense_is_answered_and_the_connection_stays(server: Node, address: str) -> None:
    alice = await server.person("alice")
    async with live.socket(alice, "user", base_url=address) as heard:
        for said in (
            '{"type":"subscribe","stream":"nonsense"}',
            '{"type":"subscribe","stream":"hashtag"}',
            '{"type":"subscribe","stream":"list","list":"9999999999999999999"}',
            "not json",
        ):
            await heard.connection.send(said)
            answer = await heard.message()
            assert (answer["status"], bool(answer["error"])) == (400, True)
        await heard.connection.send("[]")
        await heard.connection.send('{"type":"dance","stream":"user"}')
        heard.messages.clear()
        post = await alice.posts("still here")
        await drain(server)
        assert (await heard.event("update"))["id"] == post["id"]


async def test_a_binary_frame_ends_the_connection(server: Node, address: str) -> None:
    async with live.socket(await server.person("alice"), "user", base_url=address) as heard:
        await heard.connection.send(b"\x00\x01")
        assert await heard.closed() == 1003


async def test_scopes_decide_what_is_heard(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("first")
    await drain(server)
    limited = Person(
        server, "alice", alice.user_id, alice.account_id, await _token(server, alice, "read:notifications")
    )
    posts = Person(server, "alice", alice.user_id, alice.account_id, await _token(server, alice, "read:statuses"))
    none = Person(server, "alice", alice.user_id, alice.account_id, await _token(server, alice, "write"))
    async with (
        live.socket(limited, "user", base_url=address) as told,
        live.socket(posts, "user", base_url=address) as read,
        live.socket(none, base_url=address) as deaf,
    ):
        await told.subscribe("public")
        assert (await told.message())["status"] == 401
        await read.subscribe("user:notification")
        assert (await read.message())["status"] == 401
        await deaf.subscribe("user")
        assert (await deaf.message())["status"] == 401
        for each in (told, read, deaf):
            each.messages.clear()
        await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
        await alice.posts("second")
        await drain(server)
        assert {message["event"] for message in await told.quiet()} == {"notification"}
        assert {message["event"] for message in await read.quiet()} == {"update"}
        assert await deaf.quiet() == []


async def _token(server: Node, person: Person, scopes: str) -> str:
    return await server.issue(user_id=person.user_id, account_id=person.account_id, scopes=scopes)


# ---------------------------------------------------------------- ending


async def _revoke(server: Node, token: str) -> None:
    viewer = await tokens.authenticate(server.app, token)
    assert viewer is not None
    async with server.db.transaction() as conn:
        await oauth.revoke_ids(conn, [viewer.token_id])


async def test_a_revoked_token_ends_its_connections_and_no_others(server: Node, address: str) -> None:
    alice = await server.person("alice")
    other = Person(server, "alice", alice.user_id, alice.account_id, await _token(server, alice, "read"))
    async with (
        live.socket(alice, "user", base_url=address) as ended,
        live.socket(other, "user", base_url=address) as stays,
    ):
        await _revoke(server, alice.token)
        await drain(server)
        assert await ended.closed() == endpoint.GOING_AWAY
        await settled(stays)


async def test_a_reader_that_does_not_keep_up_is_dropped(
    server: Node, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "QUEUE_LENGTH", 3)
    alice = await server.person("alice")
    async with live.socket(alice, "public", base_url=address) as slow:
        [listener] = server.server.hub._all()
        for _number in range(5):
            listener.put(hub.Frame(("public",), "delete", "1"))
        assert listener.dropped
        assert await slow.closed() == endpoint.GOING_AWAY
    await asyncio.sleep(0.05)
    assert not server.server.hub._tokens, "nothing is kept of it"


@pytest.mark.parametrize("kind", ["socket", "events"])
async def test_who_does_not_read_is_cut_off(
    server: Node, address: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """However much waits in the kernel: the connection is not kept until somebody reads."""
    for protocol in (patience.Socket, patience.Protocol):
        monkeypatch.setattr(protocol, "period_seconds", 0.3)
    alice = await server.person("alice")
    headers = f"Host: example.test\r\nAuthorization: Bearer {alice.token}\r\n"
    if kind == "socket":
        headers += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        headers += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    port = int(address.rpartition(":")[2])
    # Nothing is read from this socket but what comes before the first message.
    with socket.create_connection(("127.0.0.1", port)) as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(f"GET {endpoint.PATH}?stream=user HTTP/1.1\r\n{headers}\r\n".encode())
        await until(lambda: bool(server.server.hub._listeners))
        [listener] = server.server.hub._all()
        text = "x" * 200_000
        for _number in range(hub.QUEUE_LENGTH + 1):
            listener.put(hub.Frame(("user",), "update", text))
            await asyncio.sleep(0)
        await until(lambda: not server.server.hub._tokens)


async def until(look: Callable[[], bool], *, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, "it does not happen"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("setting", ["streams_per_token", "streams_per_address"])
async def test_one_cannot_hold_any_number_of_connections(servers: Any, setting: str) -> None:
    [server] = await servers("example.test", rate_limiting="true", **{setting: 2})
    alice = await server.person("alice")
    async with live.listening(server) as address:
        async with live.socket(alice, "user", base_url=address), live.socket(alice, base_url=address):
            with pytest.raises(InvalidStatus) as refused:
                async with live.socket(alice, "user", base_url=address):
                    pass
            assert refused.value.response.status_code == 429
            headers = {"Authorization": f"Bearer {alice.token}"}
            async with (
                httpx.AsyncClient(base_url=address, timeout=10) as client,
                client.stream("GET", f"{endpoint.PATH}/user", headers=headers) as response,
            ):
                assert response.status_code == 429
        await until(lambda: not server.server.hub._tokens)
        async with live.socket(alice, "user", base_url=address):
            pass


async def test_who_asks_without_end_is_sent_away(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "COMMANDS", Limit("commands", 5, 300, "token"))
    [server] = await servers("example.test", rate_limiting="true")
    alice = await server.person("alice")
    async with live.listening(server) as address, live.socket(alice, base_url=address) as busy:
        for _number in range(10):
            await busy.subscribe("user")
        assert await busy.closed() == endpoint.POLICY


async def test_after_a_gap_everybody_is_sent_to_read_what_was_missed(server: Node, address: str) -> None:
    alice = await server.person("alice")
    async with live.socket(alice, "user", base_url=address) as heard:
        server.app.bus._deliver(GAP, None)
        assert await heard.closed() == endpoint.GOING_AWAY


async def test_who_leaves_is_forgotten(server: Node, address: str) -> None:
    async with live.socket(await server.person("alice"), "user", "public", base_url=address):
        assert server.server.hub._listeners
    for _attempt in range(100):
        if not server.server.hub._listeners and not server.server.hub._tokens:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("subscriptions are left behind")


# ---------------------------------------------------------------- what is said


async def test_a_post_from_its_birth_to_its_end(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.follow(alice)
    await drain(server)
    async with live.socket(bob, "user", "public:local", base_url=address) as heard:
        post = await alice.posts("one")
        await drain(server)
        assert sorted(ids(await heard.quiet())) == [f"public:local {post['id']}", f"user {post['id']}"]
        await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "two"})
        await drain(server)
        edited = await heard.event("status.update", stream="user")
        assert "two" in edited["content"]
        await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
        await drain(server)
        assert await heard.event("delete", stream="user") == post["id"]


async def test_notifications_and_conversations(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.welcomes()
    async with live.socket(alice, "user", "user:notification", "direct", base_url=address) as heard:
        post = await bob.posts("@alice psst", visibility="direct")
        await drain(server)
        for stream in ("user", "user:notification"):
            told = await heard.event("notification", stream=stream)
            assert (told["type"], told["status"]["id"]) == ("mention", post["id"])
        talk = await heard.event("conversation", stream="direct")
        assert (talk["last_status"]["id"], talk["unread"]) == (post["id"], True)


async def test_filters(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.follow(bob)
    await drain(server)
    async with live.socket(alice, "user", "public", base_url=address) as heard:
        keywords = [{"keyword": "spoiler", "whole_word": False}]
        body = {"title": "none", "context": ["home"], "filter_action": "hide", "keywords_attributes": keywords}
        await alice.post("/api/v2/filters", body)
        await drain(server)
        assert [message["event"] for message in await heard.quiet()] == ["filters_changed"]
        await bob.posts("a spoiler")
        await drain(server)
        [said] = await heard.quiet()
        assert said["stream"] == ["public"], "hidden at home only"
        assert [each["keyword_matches"] for each in said["payload"]["filtered"]] == [["spoiler"]]


async def test_a_list_is_heard_by_its_owner(server: Node, address: str) -> None:
    alice, bob, eve = [await server.person(name) for name in ("alice", "bob", "eve")]
    await alice.follow(bob)
    await drain(server)
    made = await alice.post("/api/v1/lists", {"title": "friends"})
    await alice.post(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [bob.id]})
    async with live.socket(alice, base_url=address) as heard, live.socket(eve, base_url=address) as curious:
        await heard.subscribe("list", list=made["id"])
        await curious.subscribe("list", list=made["id"])
        assert (await curious.message())["status"] == 404
        await settled(heard)
        post = await bob.posts("for my friends", visibility="private")
        await drain(server)
        assert (await heard.message())["stream"] == ["list", made["id"]]
        assert heard.messages[0]["payload"]["id"] == post["id"]


async def test_announcements_and_what_people_think_of_them(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    reader = Person(server, "bob", bob.user_id, bob.account_id, await _token(server, bob, "read:statuses"))
    async with (
        live.socket(bob, "user", base_url=address) as heard,
        live.socket(reader, "user", base_url=address) as too,
    ):
        announcement_id = await announcements.create(server.app, "hello everybody")
        await drain(server)
        assert (await heard.event("announcement"))["id"] == str(announcement_id)
        path = f"/api/v1/announcements/{announcement_id}/reactions/👍"
        for method, count in (("PUT", 1), ("DELETE", 0)):
            for _twice in range(2):
                await alice.api(method, path)
            await drain(server)
            for each in (heard, too):
                news = await each.event("announcement.reaction")
                assert news == {"announcement_id": str(announcement_id), "name": "👍", "count": count}
        async with server.db.transaction() as conn:
            await announcement_rows.delete(conn, announcement_id)
        await drain(server)
        for each in (heard, too):
            assert await each.event("announcement.delete") == str(announcement_id)
            assert "announcement.reaction" not in [message["event"] for message in await each.quiet()]


async def test_events_of_other_releases_pass_through(server: Node, address: str) -> None:
    alice = await server.person("alice")
    async with live.socket(alice, "user", "user:notification", base_url=address) as heard:
        channels = [f"user:{alice.id}", f"notifications:{alice.id}"]
        server.app.bus.publish(TOPIC, [channels, "notifications_merged", 1])
        for stream in ("user", "user:notification"):
            assert await heard.event("notifications_merged", stream=stream) == 1
        server.app.bus.publish(TOPIC, [channels[:1], "something.new", 1, "", "and more"])
        text = await heard.connection.recv()
        assert orjson.loads(text) == {"stream": ["user"], "event": "something.new"}


async def test_marks_are_those_of_the_viewer(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("one")
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await drain(server)
    async with (
        live.socket(alice, "public", base_url=address) as author,
        live.socket(bob, "public", base_url=address) as fan,
    ):
        await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "two"})
        await drain(server)
        assert (await author.event("status.update"))["favourited"] is False
        assert (await fan.event("status.update"))["favourited"] is True


# ---------------------------------------------------------------- who may hear


@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct"])
async def test_what_is_not_public_is_in_no_public_stream(server: Node, address: str, visibility: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.follow(alice)
    await drain(server)
    streams = ("public", "public:local", "public:remote", "public:media", "hashtag#cats", "hashtag:local#cats")
    async with live.socket(bob, *streams, base_url=address) as heard:
        post = await alice.posts("#cats", visibility=visibility)
        await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "#cats again"})
        await drain(server)
        assert await heard.quiet() == []
        await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
        await drain(server)
        assert await heard.quiet() == []


async def test_answers_and_boosts_are_in_no_public_timeline_nor_stream(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("first")
    await drain(server)
    async with live.socket(bob, "public", base_url=address) as heard:
        await bob.replies(post, "an answer")
        await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
        await drain(server)
        assert ids(await heard.quiet()) == []


@pytest.mark.parametrize("verb", ["block", "mute"])
async def test_those_whom_one_does_not_want_to_hear_are_not_heard(server: Node, address: str, verb: str) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    await alice.post(f"/api/v1/accounts/{bob.id}/{verb}")
    await drain(server)
    async with live.socket(alice, "public", "hashtag#cats", base_url=address) as heard:
        await bob.posts("#cats by bob")
        await bob.posts("@alice #cats")
        await drain(server)
        assert await heard.quiet() == []
        post = await carol.posts("#cats by carol")
        await drain(server)
        assert len(ids(await heard.quiet())) == 2, post


async def test_the_blocked_hear_nothing_either(server: Node, address: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await alice.post(f"/api/v1/accounts/{bob.id}/block")
    await drain(server)
    async with live.socket(bob, "public", base_url=address) as heard:
        await alice.posts("not for bob")
        await drain(server)
        assert await heard.quiet() == []


# ---------------------------------------------------------------- server-sent events


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/api/v1/streaming/user", {}),
        ("/api/v1/streaming", {"stream": "user"}),
        ("/api/v1/streaming/public", {}),
        ("/api/v1/streaming/public/local", {}),
        ("/api/v1/streaming/hashtag", {"tag": "cats"}),
        ("/api/v1/streaming/hashtag/local", {"tag": "#Cats"}),
    ],
)
async def test_server_sent_events(server: Node, address: str, path: str, params: dict[str, str]) -> None:
    alice = await server.person("alice")
    async with events(address, path, alice.token, **params) as stream:
        post = await alice.posts("hello #cats")
        await drain(server)
        name, data = await stream.event()
        assert (name, orjson.loads(data)["id"]) == ("update", post["id"])
        message = {"stream": ["user"], "event": name, "payload": data}
        assert checker.check_message(message) == []


async def test_a_post_with_line_feeds_is_one_event(server: Node, address: str) -> None:
    alice = await server.person("alice")
    async with events(address, "/api/v1/streaming/user", alice.token) as stream:
        await alice.posts("one\n\ntwo\nthree")
        await drain(server)
        assert orjson.loads((await stream.event())[1])["content"] == "<p>one</p><p>two<br />three</p>"


async def test_events_end_with_the_token_and_a_quiet_stream_says_that_it_lives(
    server: Node, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "HEARTBEAT_SECONDS", 0.05)
    alice = await server.person("alice")
    async with events(address, "/api/v1/streaming/user", alice.token) as stream:
        assert await stream.line() == ":thump"
        await _revoke(server, alice.token)
        await drain(server)
        async for line in stream.lines:
            assert line in ("", ":thump")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/streaming", 404),
        ("/api/v1/streaming?stream=nonsense", 400),
        ("/api/v1/streaming/hashtag", 400),
        ("/api/v1/streaming/list?list=1", 404),
        ("/api/v1/streaming/list", 400),
        ("/api/v1/streaming/list?list=9223372036854775808", 400),
    ],
)
async def test_event_streams_that_cannot_be(server: Node, address: str, path: str, status: int) -> None:
    alice = await server.person("alice")
    refused = await alice.call("GET", path)
    assert refused.status_code == status
    assert refused.json()["error"]
    assert (await server.client.get(path)).status_code in (401, status)


async def test_whoever_asks_for_the_head_of_a_stream_is_not_kept_waiting(server: Node, address: str) -> None:
    alice = await server.person("alice")
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        head = await client.head("/api/v1/streaming/user", headers={"Authorization": f"Bearer {alice.token}"})
        assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (await client.get("/api/v1/streaming/health")).text == "OK"


async def test_health(server: Node) -> None:
    answer = await server.client.get("/api/v1/streaming/health")
    assert (answer.status_code, answer.text) == (200, "OK")
    assert checker.recorded.check("GET", "/api/v1/streaming/health", 200, answer.text) == []
