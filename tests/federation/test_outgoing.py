"""What other servers see of what happens here: every activity, addressed no wider than what it speaks of."""

from typing import Any

import orjson
import pytest

from federation import relays
from federation.vocab import activity
from storage import accounts, activities, moderation
from tests.api.walks.admin import EVERYTHING
from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


def _strings(value: Any) -> Any:
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    else:
        yield value


def _addressed(document: dict[str, Any]) -> set[str]:
    return {*document["to"], *document["cc"]}


async def _fan(server: Node, alice: Person, host: str, name: str = "fan") -> tuple[Puppet, dict[str, Any]]:
    puppet = Puppet(server.network, host)
    fan = puppet.actor(name)
    await puppet.send(server, puppet.activity("Follow", fan, alice.uri, f"follow-{name}"), fan)
    await drain(server)
    puppet.inbox.clear()
    return puppet, fan


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_a_farewell_is_addressed_like_what_is_gone(server: Node, visibility: str) -> None:
    alice = await server.person("alice")
    puppet, fan = await _fan(server, alice, "peer.test")
    found = await alice.get("/api/v2/search", q="@fan@peer.test", resolve="true", type="accounts")
    assert found["accounts"]
    post = await alice.posts("hello @fan@peer.test", visibility=visibility)
    await drain(server)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    create, delete = puppet.inbox
    assert delete["type"] == "Delete"
    assert delete["object"] == {"id": post["uri"], "type": "Tombstone"}
    assert _addressed(delete) <= _addressed(create)
    assert (PUBLIC in _addressed(delete)) == (visibility in ("public", "unlisted"))
    if visibility == "direct":
        assert delete["to"] == [fan["id"]]


async def test_taking_back_a_boost_for_followers_does_not_make_it_public(server: Node) -> None:
    alice = await server.person("alice")
    puppet, _ = await _fan(server, alice, "peer.test")
    post = await alice.posts("for followers", visibility="private")
    await alice.post(f"/api/v1/statuses/{post['id']}/reblog")
    await drain(server)
    await alice.post(f"/api/v1/statuses/{post['id']}/unreblog")
    await drain(server)
    create, announce, undo = puppet.inbox
    assert (announce["type"], undo["type"], undo["object"]["type"]) == ("Announce", "Undo", "Announce")
    assert undo["object"]["id"] == announce["id"]
    assert undo["object"]["object"] == create["object"]["id"]
    assert PUBLIC not in _addressed(undo)
    assert _addressed(undo) <= _addressed(announce)


async def test_a_boost_of_what_was_deleted_meanwhile_is_never_half_said(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    puppet, _ = await _fan(server, bob, "peer.test")
    told, untold = await alice.posts("one"), await alice.posts("two")
    await bob.post(f"/api/v1/statuses/{told['id']}/reblog")
    await drain(server)
    await bob.post(f"/api/v1/statuses/{untold['id']}/reblog")
    for post in (told, untold):
        await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    assert (await bob.call("POST", f"/api/v1/statuses/{told['id']}/unreblog")).status_code < 500
    await drain(server)
    announce, *undone = [each for each in puppet.inbox if each["actor"] == bob.uri]
    assert (announce["type"], announce["object"]) == ("Announce", told["uri"])
    assert {each["type"] for each in undone} == {"Undo"}
    assert {each["object"]["object"] for each in undone} == {told["uri"], untold["uri"]}
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from jobs where name = 'effect'") == 0, "nothing was left undone"


async def test_of_somebody_suspended_nothing_leaves_that_was_on_its_way(server: Node) -> None:
    alice, boss = await server.person("alice"), await server.person("boss", role="admin", scopes=EVERYTHING)
    puppet, _ = await _fan(server, alice, "peer.test")
    post = await alice.posts("which?", poll={"options": ["a", "b"], "expires_in": 3600})
    await drain(server)
    await boss.post(f"/api/v1/polls/{post['poll']['id']}/votes", {"choices": [0]})
    await drain(server)  # the counts are told later
    await alice.posts("another")
    await boss.post(f"/api/v1/admin/accounts/{alice.id}/action", {"type": "suspend"})
    async with server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where name = 'poll_counts'")
    await drain(server)
    sent = [(each["type"], each["object"]["type"]) for each in puppet.inbox]
    assert sent == [("Create", "Question"), ("Update", "Person")]


async def test_followers_of_the_answered_hear_of_the_deletion_of_the_answer(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    puppet, _ = await _fan(server, alice, "peer.test")
    post = await alice.posts("a question")
    answer = await bob.posts("an answer", in_reply_to_id=post["id"])
    await drain(server)
    assert {sent["actor"] for sent in puppet.inbox} == {alice.uri, bob.uri}
    await bob.api("DELETE", f"/api/v1/statuses/{answer['id']}")
    await drain(server)
    assert puppet.inbox[-1]["type"] == "Delete"
    assert puppet.inbox[-1]["object"]["id"] == answer["uri"]


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_who_was_answered_in_secret_does_not_hear_of_it(server: Node, visibility: str) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "peer.test")
    stranger = puppet.actor("stranger")
    other, _ = await _fan(server, alice, "friend.test", "friend")
    note = puppet.note(stranger, "1", cc=[f"{stranger['id']}/followers", alice.uri])
    await puppet.send(server, puppet.create(note), stranger)
    await drain(server)
    seen = await alice.sees(note["id"])
    post = await alice.posts("look at this @friend@friend.test", visibility=visibility, in_reply_to_id=seen["id"])
    await drain(server)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    assert [sent["type"] for sent in other.inbox] == ["Create", "Delete"]
    assert stranger["id"] not in _addressed(other.inbox[0])
    assert [sent["type"] for sent in puppet.inbox] == []


async def test_who_is_answered_in_public_has_the_answer(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "peer.test")
    stranger = puppet.actor("stranger")
    note = puppet.note(stranger, "1", cc=[f"{stranger['id']}/followers", alice.uri])
    await puppet.send(server, puppet.create(note), stranger)
    await drain(server)
    seen = await alice.sees(note["id"])
    await alice.posts("I see", visibility="unlisted", in_reply_to_id=seen["id"])
    await drain(server)
    [create] = puppet.inbox
    assert stranger["id"] in _addressed(create)


async def test_many_who_are_accepted_at_once_all_get_their_answer(server: Node) -> None:
    alice = await server.person("alice")
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", data={"locked": "true"})
    puppet = Puppet(server.network, "many.test")
    fans = [puppet.actor(f"fan{number}", endpoints={}) for number in range(8)]
    for number, fan in enumerate(fans):
        await puppet.send(server, puppet.activity("Follow", fan, alice.uri, f"f{number}"), fan)
    await drain(server)
    puppet.inbox.clear()
    for asking in await alice.get("/api/v1/follow_requests"):
        await alice.post(f"/api/v1/follow_requests/{asking['id']}/authorize")
    await drain(server)
    accepts = [sent for sent in puppet.inbox if sent["type"] == "Accept"]
    assert len({sent["id"] for sent in accepts}) == 8
    assert {sent["object"]["id"] for sent in accepts} == {f"https://many.test/activities/f{n}" for n in range(8)}
    for sent in accepts:
        assert sent["object"]["object"] == alice.uri
        assert sent["to"] == [sent["object"]["actor"]]


async def test_everything_we_send_is_whole_and_reads_back(server: Node) -> None:
    alice = await server.person("alice")
    puppet, fan = await _fan(server, alice, "peer.test")
    note = puppet.note(fan, "1", cc=[f"{fan['id']}/followers", alice.uri])
    await puppet.send(server, puppet.create(note), fan)
    await drain(server)
    theirs = await alice.sees(note["id"])
    account = theirs["account"]["id"]
    for verb in ("favourite", "unfavourite", "reblog", "unreblog"):
        await alice.post(f"/api/v1/statuses/{theirs['id']}/{verb}")
        await drain(server)
    for verb in ("follow", "unfollow", "block", "unblock"):
        await alice.post(f"/api/v1/accounts/{account}/{verb}")
        await drain(server)
    puppet, fan = await _fan(server, alice, "peer2.test", "fan2")
    post = await alice.posts("hello #world @fan2@peer2.test", spoiler_text="careful", language="en")
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json={"status": "hello again"})
    poll = {"options": ["a", "b"], "expires_in": 3600}
    await alice.api("POST", "/api/v1/statuses", json={"status": "which?", "poll": poll})
    await alice.post(f"/api/v1/statuses/{post['id']}/pin")
    await alice.post(f"/api/v1/statuses/{post['id']}/unpin")
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", data={"display_name": "Alice"})
    await drain(server)
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    await drain(server)
    async with server.db.read() as conn:
        records = await conn.fetch("select uri from activities order by id")
        sent = [await activities.by_uri(conn, record[0]) for record in records]
    assert len(sent) >= 16
    for row in sent:
        assert row is not None
        document = activity.parse(orjson.loads(row.body))
        assert document.id == row.uri
        assert document.actor == alice.uri
        assert document.objects
        assert None not in list(_strings(document.raw))
        assert isinstance(document.raw["to"], list)
        assert isinstance(document.raw["cc"], list)
        embedded = document.raw["object"]
        if isinstance(embedded, dict) and "to" in embedded:
            assert (embedded["to"], embedded["cc"]) == (document.raw["to"], document.raw["cc"])


async def test_a_deleted_account_takes_leave_once(server: Node) -> None:
    alice = await server.person("alice")
    puppet, zed = await _fan(server, alice, "peer.test", "zed")
    ids = [(await alice.sees(puppet.note(zed, name)["id"]))["id"] for name in ("one", "two")]
    for status_id in ids:
        await alice.post(f"/api/v1/statuses/{status_id}/favourite")
    await alice.api("PUT", f"/api/v1/pleroma/statuses/{ids[0]}/reactions/🎉")
    await drain(server)
    puppet.inbox.clear()
    async with server.db.transaction() as conn:
        await accounts.suspend(conn, alice.account_id)
        await moderation.bury(conn, alice.account_id)
    await drain(server)
    assert [each["type"] for each in puppet.inbox if each["type"] != "Update"] == ["Delete"]


async def test_a_relay_hears_nothing_more_of_somebody_suspended(server: Node) -> None:
    alice, peer = await server.person("alice"), Puppet(server.network, "relay.test")
    relay = peer.actor("relay", type="Service")
    await relays.subscribe(server.app.fed, relay["id"])
    await drain(server)
    await peer.send(server, peer.activity("Accept", relay, peer.inbox[0]["id"], "accept"), relay)
    await drain(server)
    peer.inbox.clear()
    await alice.posts("hello")
    async with server.db.transaction() as conn:
        await accounts.suspend(conn, alice.account_id)
    await drain(server)
    assert peer.inbox == []
