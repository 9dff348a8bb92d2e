"""The undo window: a held post is its author's alone, and what is done to it meanwhile touches nobody else."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from storage import statuses
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


async def _holds(person: Person, seconds: int = 60, *, locally: bool = False) -> None:
    await person.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": seconds, "hold_locally": locally})


async def _time_passes(server: Node) -> None:
    """The window of every held post is over."""
    async with server.db.transaction() as conn:
        await conn.execute("update statuses set held_until = now() where held_until is not null")
        await conn.execute("update jobs set run_at = now() where name = 'release_status'")


async def _fan(server: Node, person: Person) -> Puppet:
    puppet = Puppet(server.network, "fan.test")
    fan = puppet.actor("fan")
    await puppet.send(server, puppet.activity("Follow", fan, person.uri, "f"), fan)
    await drain(server)
    puppet.inbox.clear()
    return puppet


async def test_without_a_setting_nothing_is_held(server: Node) -> None:
    alice = await server.person("alice")
    puppet = await _fan(server, alice)
    assert await alice.get("/api/v1/fedi/preferences") == {"hold_seconds": 0, "hold_locally": False}
    post = await alice.posts("now")
    assert "fedi" not in post
    await drain(server)
    assert len(puppet.inbox) == 1


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_a_held_post_is_seen_by_its_author_only(server: Node, visibility: str) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    await bob.follow(alice)
    await bob.welcomes()
    puppet = await _fan(server, alice)
    await drain(server)
    await alice.home()
    await _holds(alice)
    post = await alice.posts("@bob @fan@fan.test soon #tag", visibility=visibility)
    assert post["fedi"]["held_locally"] is False
    await drain(server)
    assert [each["id"] for each in await alice.home()] == [post["id"]]
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["fedi"]["held_until"] == post["fedi"]["held_until"]
    await bob.api("GET", f"/api/v1/statuses/{post['id']}", status=404, strict=False)
    await server.api("GET", f"/api/v1/statuses/{post['id']}", status=404, strict=False)
    for path in ("/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/timelines/tag/tag"):
        assert await bob.get(path) == []
    assert await bob.get("/api/v1/conversations") == []
    assert await bob.get(f"/api/v1/accounts/{alice.id}/statuses") == []
    assert [each["type"] for each in await bob.notifications() if each["type"] != "follow"] == []
    assert (await bob.get(f"/api/v1/accounts/{alice.id}"))["statuses_count"] == 0
    assert puppet.inbox == []
    response = await server.client.get(post["uri"], headers={"Accept": "application/activity+json"})
    assert response.status_code == 404
    await _time_passes(server)
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]
    out = await bob.get(f"/api/v1/statuses/{post['id']}")
    assert "fedi" not in out
    assert "fedi" not in await alice.get(f"/api/v1/statuses/{post['id']}")
    assert [each["type"] for each in await bob.notifications() if each["type"] != "follow"] == ["mention"]
    counted = 0 if visibility == "direct" else 1
    assert (await bob.get(f"/api/v1/accounts/{alice.id}"))["statuses_count"] == counted
    await drain(server)
    assert len(puppet.inbox) == 1


async def test_deleting_and_editing_it_touches_nobody(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    puppet = await _fan(server, alice)
    await _holds(alice)
    gone, kept = await alice.posts("@bob oops"), await alice.posts("@bob teh")
    await alice.api("DELETE", f"/api/v1/statuses/{gone['id']}")
    edited = await alice.api("PUT", f"/api/v1/statuses/{kept['id']}", json={"status": "@bob the"})
    assert (edited["edited_at"], edited["content"] != kept["content"]) == (None, True)
    await drain(server)
    assert puppet.inbox == []
    assert await bob.notifications() == []
    await _time_passes(server)
    await drain(server)
    [created] = puppet.inbox
    assert (created["type"], "the" in created["object"]["content"]) == ("Create", True)
    assert "updated" not in created["object"]
    assert [each["type"] for each in await bob.notifications()] == ["mention"]
    assert (await bob.get(f"/api/v1/accounts/{alice.id}"))["statuses_count"] == 1
    history = await bob.get(f"/api/v1/statuses/{kept['id']}/history")
    assert len(history) == 1


async def test_it_is_sent_now_and_once(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    puppet = await _fan(server, alice)
    await _holds(alice, 3600)
    post = await alice.posts("hello")
    path = f"/api/v1/fedi/statuses/{post['id']}/send"
    await bob.api("POST", path, status=404, strict=False)
    assert "fedi" not in await alice.post(path)
    assert "fedi" not in await alice.post(path)
    await _time_passes(server)
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]
    found = await alice.get(f"/api/v1/fedi/statuses/{post['id']}/deliveries")
    assert found["counts"] == {"waiting": 0, "delivered": 1, "refused": 0, "expired": 0}


async def test_what_answers_a_held_post_leaves_after_it(server: Node) -> None:
    alice = await server.person("alice")
    puppet = await _fan(server, alice)
    await _holds(alice, 3600)
    first = await alice.posts("one")
    await _holds(alice, 0)
    second = await alice.posts("two", in_reply_to_id=first["id"])
    third = await alice.posts("three", in_reply_to_id=second["id"])
    assert second["fedi"]["held_until"] == third["fedi"]["held_until"] == first["fedi"]["held_until"]
    refused = await alice.api("POST", f"/api/v1/fedi/statuses/{third['id']}/send", status=422, strict=False)
    assert "answers one that has not been sent" in refused["error"]
    await drain(server)
    assert puppet.inbox == []
    async with server.db.transaction() as conn:  # The last one's job comes first.
        await conn.execute("update statuses set held_until = now() where held_until is not null")
        await conn.execute(
            "update jobs set run_at = now() where name = 'release_status' and payload ->> 'status_id' = $1", third["id"]
        )
    await drain(server)
    assert [activity["object"]["id"] for activity in puppet.inbox] == [first["uri"], second["uri"], third["uri"]]
    assert (await alice.get(f"/api/v1/statuses/{first['id']}"))["replies_count"] == 1
    await _time_passes(server)
    await drain(server)
    assert len(puppet.inbox) == 3


async def test_an_answer_outlives_what_it_answered(server: Node) -> None:
    alice = await server.person("alice")
    puppet = await _fan(server, alice)
    await _holds(alice)
    first = await alice.posts("one")
    second = await alice.posts("two", in_reply_to_id=first["id"])
    await alice.api("DELETE", f"/api/v1/statuses/{first['id']}")
    await _time_passes(server)
    await drain(server)
    [created] = puppet.inbox
    assert (created["object"]["id"], created["object"].get("inReplyTo")) == (second["uri"], None)


async def test_people_here_may_read_it_if_its_author_wants_that(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    puppet = await _fan(server, alice)
    await _holds(alice, locally=True)
    post = await alice.posts("@bob a draft, nearly")
    await drain(server)
    seen = await bob.get(f"/api/v1/statuses/{post['id']}")
    assert "fedi" not in seen
    assert [each["id"] for each in await bob.get("/api/v1/timelines/public")] == [post["id"]]
    assert await bob.notifications() == []
    await server.api("GET", f"/api/v1/statuses/{post['id']}", status=404, strict=False)
    for verb in ("reblog", "pin"):
        person = bob if verb == "reblog" else alice
        refused = await person.api("POST", f"/api/v1/statuses/{post['id']}/{verb}", status=422, strict=False)
        assert "not been sent" in refused["error"]
    await bob.api(
        "POST", "/api/v1/statuses", json={"status": "q", "quoted_status_id": post["id"]}, status=422, strict=False
    )
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    answer = await bob.replies(seen, "nice")
    assert answer["fedi"]["held_locally"] is True
    edited = await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "@bob a draft"})
    assert edited["edited_at"] is not None
    await drain(server)
    assert puppet.inbox == []
    await _time_passes(server)
    await drain(server)
    # Deliveries keep the order of each author, not that between two of them.
    assert [activity["type"] for activity in puppet.inbox] == ["Create", "Create"]
    assert {activity["object"]["id"] for activity in puppet.inbox} == {post["uri"], answer["uri"]}


async def test_a_strangers_server_learns_nothing_of_it(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    await _holds(alice, locally=True)
    post = await alice.posts("@bob@b.test soon", visibility="private")
    await drain(a, b)
    found = await bob.get("/api/v2/search", q=post["uri"], type="statuses", resolve="true")
    assert found["statuses"] == []
    await _time_passes(a)
    await drain(a, b)
    assert [each["type"] for each in await bob.notifications()] == ["mention"]


async def test_a_poll_begins_when_it_is_out(server: Node) -> None:
    alice = await server.person("alice")
    await _holds(alice, 7200)
    poll: dict[str, Any] = {"options": ["a", "b"], "expires_in": 3600}
    post = await alice.posts("which?", poll=poll)
    async with server.db.transaction() as conn:
        await conn.execute("update statuses set created_at = created_at - interval '2 hours'")
        await conn.execute("update polls set expires_at = expires_at - interval '2 hours'")
    await _time_passes(server)
    await drain(server)
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["poll"]["expired"] is False


async def test_what_waited_for_its_time_is_not_held_again(server: Node) -> None:
    alice = await server.person("alice")
    puppet = await _fan(server, alice)
    await _holds(alice)
    await alice.posts("later", scheduled_at="2099-01-01T00:00:00Z")
    async with server.db.transaction() as conn:
        await conn.execute("update scheduled_statuses set scheduled_at = now()")
        await conn.execute(
            """
            insert into jobs (queue, name, payload)
            select 'network', 'publish_scheduled', jsonb_build_object('id', id) from scheduled_statuses
            """
        )
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]


async def test_of_somebody_suspended_nothing_leaves(server: Node) -> None:
    alice = await server.person("alice")
    puppet = await _fan(server, alice)
    await _holds(alice)
    await alice.posts("hello")
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = now() where id = $1", alice.account_id)
    await _time_passes(server)
    await drain(server)
    assert puppet.inbox == []
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set suspended_at = null where id = $1", alice.account_id)
    await _time_passes(server)
    await drain(server)
    assert [activity["type"] for activity in puppet.inbox] == ["Create"]


@pytest.mark.parametrize("seconds", [-1, 86401, "soon"])
async def test_windows_have_bounds(server: Node, seconds: Any) -> None:
    alice = await server.person("alice")
    await alice.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": seconds}, status=422, strict=False)


async def test_the_consent_to_quote_somebody_here_does_not_tell_of_it(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    fan = await _fan(server, bob)
    quoted = await bob.posts("quote me", quote_approval_policy="public")
    await drain(server)
    fan.inbox.clear()
    await _holds(alice, locally=True)
    held = await alice.posts("look at this", quoted_status_id=quoted["id"])
    path = f"/users/bob/quote_authorizations/{held['id']}"
    assert (await server.client.get(path)).status_code == 404
    other = await alice.posts("and at this", quoted_status_id=quoted["id"])
    await bob.post(f"/api/v1/statuses/{quoted['id']}/quotes/{other['id']}/revoke")
    await drain(server)
    assert fan.inbox == []
    await _time_passes(server)
    await drain(server)
    assert (await server.client.get(path)).status_code == 200


async def test_a_held_answer_counts_once_however_often_what_it_answers_comes(server: Node) -> None:
    alice, far = await server.person("alice"), Puppet(server.network, "far.test")
    note = far.note(far.actor("zed"), "1")
    asked = await alice.sees(note["id"])
    await _holds(alice)
    await alice.posts("well", in_reply_to_id=asked["id"])
    async with server.db.transaction() as conn:
        await statuses.delete(conn, int(asked["id"]))
    again = await alice.sees(note["id"])
    assert again["replies_count"] == 0
    await _time_passes(server)
    await drain(server)
    assert (await alice.get(f"/api/v1/statuses/{again['id']}"))["replies_count"] == 1
