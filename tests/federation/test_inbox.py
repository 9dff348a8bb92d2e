"""What other servers may and may not do to us: through the inbox, with a puppet that signs whatever it is told."""

from typing import Any

import pytest

from tests.support.puppet import CONTEXT, PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


async def _home(alice: Person) -> list[str]:
    return [status["uri"] for status in await alice.home()]


async def test_a_post_of_somebody_followed_arrives(stage: Any) -> None:
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1", content="<p>hi <script>x</script><b onclick=1>there</b></p>")
    assert (await puppet.send(server, puppet.create(note), pat)).status_code == 202
    await drain(server)
    [status] = await alice.home()
    assert status["uri"] == note["id"]
    assert status["content"] == "<p>hi <b>there</b></p>"
    assert status["account"]["acct"] == "pat@puppet.test"


async def test_the_same_post_by_three_paths_is_one(stage: Any) -> None:
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1")
    await puppet.send(server, puppet.create(note), pat)
    await puppet.send(server, puppet.create(note), pat, path="/users/alice/inbox")
    await puppet.send(server, {**puppet.create(note), "id": f"{note['id']}/again"}, pat)
    await drain(server)
    await alice.sees(note["id"])
    assert await _home(alice) == [note["id"]]


async def test_an_unsigned_activity_is_refused_with_401(stage: Any) -> None:
    server, alice, puppet, pat = stage
    response = await puppet.send(server, puppet.create(puppet.note(pat, "1")), pat, signature=None)
    assert response.status_code == 401
    await drain(server)
    assert await _home(alice) == []


async def test_a_body_that_was_changed_after_signing_is_refused(stage: Any) -> None:
    server, _alice, puppet, pat = stage
    response = await puppet.send(server, puppet.create(puppet.note(pat, "1")), pat, digest="SHA-256=AAAA")
    assert response.status_code == 401


async def test_somebody_elses_signature_proves_nothing(stage: Any) -> None:
    server, alice, puppet, pat = stage
    mallory_host = Puppet(server.network, "evil.test")
    mallory = mallory_host.actor("mallory")
    spoofed = puppet.note(pat, "spoofed")
    del puppet.documents["/notes/spoofed"]
    response = await mallory_host.send(server, puppet.create(spoofed), mallory)
    assert response.status_code in (202, 401)
    await drain(server)
    assert await _home(alice) == []


async def test_an_embedded_object_of_another_host_is_not_believed(stage: Any) -> None:
    server, alice, puppet, pat = stage
    victim_host = Puppet(server.network, "victim.test")
    victim = victim_host.actor("victim")
    note = {**victim_host.note(victim, "1"), "content": "<p>words put into a mouth</p>"}
    del victim_host.documents["/notes/1"]
    await puppet.send(server, puppet.create({**note}, actor=pat["id"], id="https://puppet.test/activities/9"), pat)
    await drain(server)
    assert await _home(alice) == []
    found = await alice.get("/api/v2/search", q=note["id"], resolve="true", type="statuses")
    assert found["statuses"] == []


async def test_a_post_in_the_name_of_a_neighbour_is_not_believed(stage: Any) -> None:
    server, alice, puppet, pat = stage
    neighbour = puppet.actor("neighbour")
    note = puppet.note(neighbour, "1", content="<p>forged</p>")
    puppet.documents["/notes/1"] = {**note, "content": "<p>genuine</p>"}
    await puppet.send(server, puppet.create(note, actor=pat["id"]), pat)
    await drain(server)
    contents = [status["content"] for status in await alice.home()]
    assert "<p>forged</p>" not in contents


async def test_delete_before_create_wins(stage: Any) -> None:
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1")
    tombstone = {"id": note["id"], "type": "Tombstone"}
    await puppet.send(server, puppet.activity("Delete", pat, tombstone, "d"), pat)
    await drain(server)
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert await _home(alice) == []


async def test_a_neighbours_delete_stands_neither_for_the_authors_nor_in_its_way(stage: Any) -> None:
    server, alice, puppet, pat = stage
    neighbour = puppet.actor("neighbour")
    kept, gone = puppet.note(pat, "kept"), puppet.note(pat, "gone")
    for note in (kept, gone):
        await puppet.send(server, puppet.activity("Delete", neighbour, note["id"], f"{note['id'][-4:]}-n"), neighbour)
    await drain(server)
    await puppet.send(server, puppet.activity("Delete", pat, gone["id"], "d"), pat)
    await drain(server)
    for note in (gone, kept):
        await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert await _home(alice) == [kept["id"]]


async def test_nobody_deletes_somebody_elses_post(stage: Any) -> None:
    server, alice, puppet, pat = stage
    neighbour = puppet.actor("neighbour")
    note = puppet.note(pat, "1")
    await puppet.send(server, puppet.create(note), pat)
    await puppet.send(server, puppet.activity("Delete", neighbour, note["id"], "d"), neighbour)
    evil = Puppet(server.network, "evil.test")
    mallory = evil.actor("mallory")
    await evil.send(server, evil.activity("Delete", mallory, note["id"], "d"), mallory)
    await drain(server)
    assert await _home(alice) == [note["id"]]


async def test_an_edit_replaces_and_an_older_one_does_not(stage: Any) -> None:
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1", published="2026-01-01T00:00:00Z")
    await puppet.send(server, puppet.create(note), pat)
    newer = {**note, "content": "<p>newer</p>", "updated": "2026-01-03T00:00:00Z"}
    older = {**note, "content": "<p>older</p>", "updated": "2026-01-02T00:00:00Z"}
    await puppet.send(server, puppet.activity("Update", pat, newer, "u2"), pat)
    await drain(server)
    await puppet.send(server, puppet.activity("Update", pat, older, "u1"), pat)
    await drain(server)
    [status] = await alice.home()
    assert status["content"] == "<p>newer</p>"
    assert status["edited_at"] == "2026-01-03T00:00:00.000Z"


async def test_a_like_is_counted_once_and_undone(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("like me")
    like = puppet.activity("Like", pat, post["uri"], "l1")
    for _ in range(2):
        await puppet.send(server, like, pat)
    await puppet.send(server, {**like, "id": f"{like['id']}b"}, pat)
    await drain(server)
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 1
    assert [n["type"] for n in await alice.notifications()] == ["favourite"]
    await puppet.send(server, puppet.activity("Undo", pat, like, "u1"), pat)
    await drain(server)
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 0


async def test_undo_before_like_wins(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("like me not")
    like = puppet.activity("Like", pat, post["uri"], "l1")
    await puppet.send(server, puppet.activity("Undo", pat, like, "u1"), pat)
    await drain(server)
    await puppet.send(server, like, pat)
    await drain(server)
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 0


async def test_strangers_cannot_touch_a_private_post(stage: Any) -> None:
    server, alice, puppet, _pat = stage
    stranger = puppet.actor("stranger")
    post = await alice.posts("for followers", visibility="private")
    for kind in ("Like", "Announce"):
        document = puppet.activity(kind, stranger, post["uri"], kind, to=[PUBLIC], cc=[])
        assert (await puppet.send(server, document, stranger)).status_code == 202
    await drain(server)
    seen = await alice.get(f"/api/v1/statuses/{post['id']}")
    assert (seen["favourites_count"], seen["reblogs_count"]) == (0, 0)


async def test_a_reply_notifies_and_stands_in_the_thread(stage: Any) -> None:
    server, alice, puppet, _pat = stage
    stranger = puppet.actor("stranger")
    post = await alice.posts("anybody there?")
    reply = puppet.note(
        stranger, "r", inReplyTo=post["uri"], cc=[alice.uri], tag=[{"type": "Mention", "href": alice.uri}]
    )
    await puppet.send(server, puppet.create(reply), stranger)
    await drain(server)
    [notification] = await alice.notifications()
    assert (notification["type"], notification["status"]["uri"]) == ("mention", reply["id"])
    context = await alice.get(f"/api/v1/statuses/{post['id']}/context")
    assert [status["uri"] for status in context["descendants"]] == [reply["id"]]


async def test_an_accept_by_somebody_who_was_not_asked_is_void(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat, neighbour = puppet.actor("pat"), puppet.actor("neighbour")
    found = await alice.get("/api/v2/search", q="@pat@puppet.test", resolve="true", type="accounts")
    relationship = await alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    assert relationship["requested"]
    await drain(server)
    follow = puppet.inbox[-1]
    await puppet.send(server, puppet.activity("Accept", neighbour, follow, "a"), neighbour)
    await drain(server)
    [after] = await alice.get("/api/v1/accounts/relationships", **{"id[]": relationship["id"]})
    assert (after["following"], after["requested"]) == (False, True)
    await puppet.send(server, puppet.activity("Accept", pat, follow, "b"), pat)
    await drain(server)
    [after] = await alice.get("/api/v1/accounts/relationships", **{"id[]": relationship["id"]})
    assert (after["following"], after["requested"]) == (True, False)


async def test_a_blocked_domain_is_not_heard(stage: Any) -> None:
    server, alice, puppet, pat = stage
    async with server.db.transaction() as conn:
        await conn.execute("insert into domain_blocks (domain, severity) values ('puppet.test', 'suspend')")
    response = await puppet.send(server, puppet.create(puppet.note(pat, "1")), pat)
    assert response.status_code == 403
    assert await _home(alice) == []


async def test_farewells_of_strangers_cost_nothing(server: Node) -> None:
    puppet = Puppet(server.network, "puppet.test")
    ghost = puppet.actor("ghost")
    before = len(puppet.requests)
    response = await puppet.send(server, puppet.activity("Delete", ghost, ghost["id"], "d"), ghost)
    assert response.status_code == 202
    assert len(puppet.requests) == before


async def test_an_account_that_deletes_itself_disappears(stage: Any) -> None:
    server, alice, puppet, pat = stage
    await puppet.send(server, puppet.create(puppet.note(pat, "1")), pat)
    await drain(server)
    assert len(await alice.home()) == 1
    puppet.documents["/users/pat"] = 410
    await puppet.send(server, puppet.activity("Delete", pat, pat["id"], "d"), pat)
    await drain(server)
    assert await alice.home() == []
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["following_count"] == 0


async def test_too_large_and_malformed_bodies(server: Node) -> None:
    post = server.client.post
    assert (await post("/inbox", content=b"x" * (1024 * 1024 + 1))).status_code == 413
    assert (await post("/inbox", content=b"{")).status_code == 400
    assert (await post("/inbox", content=b"[]")).status_code == 400
    assert (await post("/inbox", content=b'{"type":"Create"}')).status_code == 400
    assert (await post("/inbox", content=b'{"a":' * 2000 + b"1" + b"}" * 2000)).status_code == 400
    assert (
        await post("/users/nobody/inbox", content=b'{"type":"Create","actor":"https://a.test/b"}')
    ).status_code == 404


async def test_a_flag_becomes_a_report(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("something bad")
    await puppet.send(server, puppet.activity("Flag", pat, [alice.uri, post["uri"]], "f", content="spam"), pat)
    await drain(server)
    async with server.db.read() as conn:
        record = await conn.fetchrow("select target_id, comment, status_ids from reports")
    assert record is not None
    assert (record["target_id"], record["comment"], record["status_ids"]) == (
        alice.account_id, "spam", [int(post["id"])],
    )  # fmt: skip


async def test_a_flag_shows_moderators_nothing_that_its_server_may_not_read(stage: Any) -> None:
    server, alice, puppet, pat = stage
    kinds = {kind: await alice.posts(kind, visibility=kind) for kind in ("unlisted", "private", "direct")}
    named = await alice.posts(f"@pat@{puppet.host} hello", visibility="direct")
    uris = [post["uri"] for post in (*kinds.values(), named)]
    reporter = puppet.actor("reports", type="Application")

    async def attached(number: int) -> set[int]:
        flag = puppet.activity("Flag", reporter, [alice.uri, *uris], f"f{number}", content="spam")
        await puppet.send(server, flag, reporter)
        await drain(server)
        async with server.db.read() as conn:
            return {*await conn.fetchval("select status_ids from reports order by id desc limit 1")}

    assert await attached(1) == {int(kinds["unlisted"]["id"]), int(named["id"])}
    await puppet.send(server, puppet.activity("Follow", pat, alice.uri, "follow"), pat)
    await drain(server)
    assert await attached(2) == {int(kinds["unlisted"]["id"]), int(kinds["private"]["id"]), int(named["id"])}
    await puppet.send(server, puppet.activity("Flag", reporter, [kinds["direct"]["uri"]], "f3"), reporter)
    await drain(server)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from reports where status_ids = '{}'") == 1


async def test_a_follower_is_accepted_and_can_leave(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    follow = puppet.activity("Follow", pat, alice.uri, "f")
    await puppet.send(server, follow, pat)
    await drain(server)
    [accept] = puppet.inbox
    assert (accept["type"], accept["actor"], accept["object"]["id"]) == ("Accept", alice.uri, follow["id"])
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["followers_count"] == 1
    await alice.posts("to my followers")
    await drain(server)
    assert puppet.inbox[-1]["type"] == "Create"
    await puppet.send(server, puppet.activity("Undo", pat, follow, "u"), pat)
    await drain(server)
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["followers_count"] == 0


@pytest.mark.parametrize("kind", ["Dislike", "View", "Join", "WatchAction", "TentativeAccept", "ApproveReply"])
async def test_nobody_looks_for_the_key_of_a_stranger_who_says_what_changes_nothing(server: Node, kind: str) -> None:
    peer = Puppet(server.network, "peer.test")
    eve = peer.actor("eve")
    answer = await peer.send(server, peer.activity(kind, eve, "https://peer.test/things/1", "a"), eve)
    assert (answer.status_code, peer.asked) == (202, [])


@pytest.mark.parametrize("kind", ["Collection", "OrderedCollection"])
async def test_a_collection_of_activities_is_left_alone(server: Node, kind: str) -> None:
    peer = Puppet(server.network, "peer.test")
    alice, eve = await server.person("alice"), peer.actor("eve")
    body = {"@context": CONTEXT, "type": kind, "items": [peer.activity("Follow", eve, alice.uri, "f")]}
    assert (await peer.send(server, body, eve)).status_code == 202
    await drain(server)
    assert peer.inbox == []


async def test_a_boost_of_ones_own_private_post_brings_the_post(stage: Any) -> None:
    server, alice, puppet, pat = stage
    followers = {"to": [pat["followers"]], "cc": []}
    secret, forged = puppet.note(pat, "secret", **followers), puppet.note(puppet.actor("eve"), "forged", **followers)
    puppet.documents |= {"/notes/secret": 404, "/notes/forged": 404}
    for number, note in enumerate((secret, forged)):
        await puppet.send(server, puppet.activity("Announce", pat, note, f"boost{number}", **followers), pat)
    await drain(server)
    [boost] = await alice.home()
    assert (boost["reblog"]["uri"], boost["reblog"]["visibility"]) == (secret["id"], "private")


async def test_a_private_post_is_for_everybody_to_whose_inbox_it_came(stage: Any) -> None:
    server, alice, puppet, pat = stage
    bob, carol = await server.person("bob"), await server.person("carol")
    note = puppet.note(pat, "between-us", to=[], cc=[])
    for username in ("alice", "bob", "bob"):
        sent = await puppet.send(server, puppet.create(note), pat, path=f"/users/{username}/inbox")
        assert sent.status_code == 202
    await drain(server)
    found = [await person.get("/api/v2/search", q=note["id"], type="statuses") for person in (alice, bob, carol)]
    assert [len(each["statuses"]) for each in found] == [1, 1, 0]
