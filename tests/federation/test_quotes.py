"""Quotes across servers: consent is asked, given, proven and taken back (FEP-044f); and dialects without consent."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.puppet import Puppet
from tests.support.scenes import three
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
STATUSES = "/api/v1/statuses"


async def quote(person: Person, uri: str, text: str = "look at this", **more: Any) -> Any:
    seen = await person.sees(uri)
    return await person.posts(text, quoted_status_id=seen["id"], **more)


async def of(person: Person, uri: str) -> Any:
    """The quote in a post, as somebody sees it."""
    return (await person.sees(uri))["quote"]


async def told(person: Person, kind: str = "quote") -> list[str]:
    found = await person.get("/api/v1/notifications", **{"types[]": kind})
    return [each["status"]["uri"] for each in found]


# ------------------------------------------------------------ servers of ours


async def test_consent_is_asked_given_and_proven_to_everybody(servers: Servers) -> None:
    nodes, alice, bob, carol = await three(servers)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post["uri"])
    assert quoting["quote"] == {"state": "pending", "quoted_status": None}
    await drain(*nodes)
    for person in (alice, bob, carol):
        found = await of(person, quoting["uri"])
        assert (found["state"], found["quoted_status"]["uri"]) == ("accepted", post["uri"]), person.username
    assert await told(alice) == [quoting["uri"]]
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["quotes_count"] == 1
    assert (await carol.sees(post["uri"]))["quotes_count"] == 1
    note = await nodes[1].document(quoting["uri"])
    assert [note[name] for name in ("quote", "quoteUrl", "quoteUri", "_misskey_quote")] == [post["uri"]] * 4
    assert [each["href"] for each in note["tag"] if each["type"] == "Link"] == [post["uri"]]
    stamp = await nodes[0].document(note["quoteAuthorization"])
    assert (stamp["type"], stamp["attributedTo"]) == ("QuoteAuthorization", alice.uri)
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (quoting["uri"], post["uri"])
    quoted = await nodes[0].document(post["uri"])
    everybody = "https://www.w3.org/ns/activitystreams#Public"
    assert quoted["interactionPolicy"]["canQuote"]["automaticApproval"] == [everybody]


async def test_consent_is_taken_back_everywhere(servers: Servers) -> None:
    nodes, alice, bob, carol = await three(servers)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post["uri"])
    await drain(*nodes)
    stamp = (await nodes[1].document(quoting["uri"]))["quoteAuthorization"]
    here = await alice.sees(quoting["uri"])
    await alice.post(f"{STATUSES}/{post['id']}/quotes/{here['id']}/revoke")
    await drain(*nodes)
    for person in (alice, bob, carol):
        assert await of(person, quoting["uri"]) == {"state": "revoked", "quoted_status": None}, person.username
    assert await nodes[0].document(stamp) == 404
    note = await nodes[1].document(quoting["uri"])
    assert note["quote"] == post["uri"]
    assert not {"quoteAuthorization", "quoteUrl", "_misskey_quote", "quoteUri"} & set(note)
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["quotes_count"] == 0


async def test_a_policy_that_changed_meanwhile_refuses(servers: Servers) -> None:
    nodes, alice, bob, carol = await three(servers)
    post = await alice.posts("quote me")
    await bob.sees(post["uri"])
    async with nodes[0].db.transaction() as conn:  # As when the news did not get through.
        await conn.execute("update statuses set quote_automatic = 0 where id = $1", int(post["id"]))
    quoting = await quote(bob, post["uri"])
    await drain(*nodes)
    assert await of(bob, quoting["uri"]) == {"state": "rejected", "quoted_status": None}
    assert (await of(alice, quoting["uri"]))["state"] == "rejected"
    assert await told(alice) == []
    assert (await of(carol, quoting["uri"]))["state"] in ("pending", "rejected")


async def test_policies_travel(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob, fan = await a.person("alice"), await b.person("bob"), await b.person("fan")
    await fan.follow(alice)
    await drain(a, b)
    post = await alice.posts("quote me", quote_approval_policy="followers")
    await drain(a, b)
    for person, verdict in ((fan, "automatic"), (bob, "denied")):
        approval = (await person.sees(post["uri"]))["quote_approval"]
        assert approval == {"automatic": ["followers"], "manual": [], "current_user": verdict}
    quoting = await quote(fan, post["uri"])
    await drain(a, b)
    assert (await of(fan, quoting["uri"]))["state"] == "accepted"
    await alice.api("PUT", f"{STATUSES}/{post['id']}/interaction_policy", json={"quote_approval_policy": "nobody"})
    await drain(a, b)
    seen = await fan.sees(post["uri"])
    assert (seen["quote_approval"]["current_user"], seen["edited_at"]) == ("denied", None)
    await fan.post(STATUSES, {"status": "x", "quoted_status_id": seen["id"]}, status=422)


async def test_a_private_quote_is_shown_to_whom_it_asks(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    post = await alice.posts("quote me")
    quoting = await quote(bob, post["uri"], visibility="private")
    await drain(a, b)
    assert (await of(bob, quoting["uri"]))["state"] == "accepted"
    assert await told(alice) == [quoting["uri"]]
    nosy = await a.person("nosy")
    here = await alice.sees(quoting["uri"])
    await nosy.api("GET", f"{STATUSES}/{here['id']}", status=404)
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["quotes_count"] == 0


@pytest.mark.parametrize("local", [False, True])
async def test_the_stamp_of_a_private_quote_is_known_to_its_readers_only(servers: Servers, local: bool) -> None:
    nodes, alice, bob, carol = await three(servers)
    if local:
        bob = await nodes[0].person("bobby")
        await carol.follow(bob)
        await drain(*nodes)
    fan = Puppet(nodes[0].network, "fans.test")
    fred = fan.actor("fred")
    await fan.send(nodes[0], fan.activity("Follow", fred, alice.uri, "follow"), fred)
    await drain(*nodes)
    post = await alice.posts("quote me")
    quoting = await quote(bob, post["uri"], visibility="private")
    await drain(*nodes)
    for person in (bob, carol):
        assert (await of(person, quoting["uri"]))["state"] == "accepted", person.username
    async with nodes[0].db.read() as conn:
        ident, uri = tuple(await conn.fetchrow("select status_id, approval_uri from quotes") or ())
    assert await nodes[0].document(f"{alice.uri}/quote_authorizations/{ident}") == 404
    answer = await nodes[0].client.get(uri, headers={"Accept": "application/activity+json"})
    assert answer.json()["interactingObject"] == quoting["uri"]
    assert answer.headers["cache-control"] == "private, no-store"
    await alice.follow(bob)
    await drain(*nodes)
    await alice.post(f"{STATUSES}/{post['id']}/quotes/{ident}/revoke")
    await drain(*nodes)
    assert await nodes[0].document(uri) == 404
    for person in (bob, carol):
        assert (await of(person, quoting["uri"]))["state"] == "revoked", person.username
    assert [sent["type"] for sent in fan.inbox] == ["Accept", "Create"]


async def test_deletions_reach_both_sides(servers: Servers) -> None:
    nodes, alice, bob, carol = await three(servers)
    post, other = await alice.posts("quote me"), await alice.posts("me too")
    first, second = await quote(bob, post["uri"]), await quote(bob, other["uri"])
    await drain(*nodes)
    await alice.api("DELETE", f"{STATUSES}/{post['id']}")
    await bob.api("DELETE", f"{STATUSES}/{second['id']}")
    await drain(*nodes)
    for person in (bob, carol):
        assert await of(person, first["uri"]) == {"state": "deleted", "quoted_status": None}
    assert (await nodes[1].document(first["uri"]))["quote"] == {"type": "Tombstone"}
    assert (await alice.get(f"{STATUSES}/{other['id']}"))["quotes_count"] == 0
    assert await told(alice) == [first["uri"]]


async def test_an_edit_of_the_quoted_is_told_to_who_quoted(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    post = await alice.posts("quote me")
    quoting = await quote(bob, post["uri"])
    await drain(a, b)
    await alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "quote me not"})
    await drain(a, b)
    assert await told(bob, "quoted_update") == [quoting["uri"]]


async def test_two_of_one_server_are_proven_to_a_third(servers: Servers) -> None:
    a, c = await servers("a.test", "c.test")
    alice, bob, carol = await a.person("alice"), await a.person("bob"), await c.person("carol")
    post = await alice.posts("quote me")
    quoting = await quote(bob, post["uri"])
    assert (await of(carol, quoting["uri"]))["state"] == "pending"
    await drain(a, c)
    assert (await of(carol, quoting["uri"]))["quoted_status"]["uri"] == post["uri"]


async def test_only_one_level_is_fetched(servers: Servers) -> None:
    a, c = await servers("a.test", "c.test")
    alice, carol = await a.person("alice"), await c.person("carol")
    first = await alice.posts("first")
    second = await quote(alice, first["uri"])
    third = await quote(alice, second["uri"])
    await carol.sees(third["uri"])
    await drain(a, c)
    found = await of(carol, third["uri"])
    assert found["quoted_status"]["quote"] == {"state": "pending", "quoted_status_id": None}


# ------------------------------------------------------------ servers of others


def requested(puppet: Puppet, actor: Any, note: Any, quoted: str, name: str = "q", **more: Any) -> Any:
    return puppet.activity("QuoteRequest", actor, quoted, name, instrument=note, **more)


def stamp(puppet: Puppet, author: Any, quoting: str, quoted: str, name: str = "s", **more: Any) -> str:
    """Serve one; its URI."""
    uri = f"https://{puppet.host}/stamps/{name}"
    puppet.documents[f"/stamps/{name}"] = {
        "@context": ["https://www.w3.org/ns/activitystreams"],
        "id": uri,
        "type": "QuoteAuthorization",
        "attributedTo": author["id"],
        "interactingObject": quoting,
        "interactionTarget": quoted,
        **more,
    }
    return uri


def answers(puppet: Puppet) -> list[Any]:
    return [each for each in puppet.inbox if each["type"] in ("Accept", "Reject")]


async def test_a_request_is_answered_once_and_again_with_the_same_stamp(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("quote me")
    note = puppet.note(pat, "1", quote=post["uri"])
    for name in ("q1", "q2"):
        await puppet.send(server, requested(puppet, pat, note, post["uri"], name), pat)
        await drain(server)
    first, second = answers(puppet)
    assert (first["type"], first["actor"], first["object"]["id"]) == (
        "Accept", alice.uri, "https://puppet.test/activities/q1",
    )  # fmt: skip
    assert first["object"]["instrument"] == note["id"]
    assert first["result"] == second["result"]
    assert (await server.document(first["result"]))["interactingObject"] == note["id"]
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert await told(alice) == [note["id"]]
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["quotes_count"] == 1


async def test_a_request_by_id_alone_is_looked_at_where_the_post_lives(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("quote me")
    note = puppet.note(pat, "1", quote=post["uri"])
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "pending"
    await puppet.send(server, requested(puppet, pat, note["id"], post["uri"]), pat)
    await drain(server)
    assert [each["type"] for each in answers(puppet)] == ["Accept"]
    assert (await of(alice, note["id"]))["state"] == "accepted"


@pytest.mark.parametrize("cheat", ["policy", "blocked", "domain", "somebody elses post", "quotes another", "no quote"])
async def test_a_request_is_refused(stage: Any, cheat: str) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("quote me", quote_approval_policy="nobody" if cheat == "policy" else "public")
    other = await alice.posts("not me")
    author = puppet.actor("other") if cheat == "somebody elses post" else pat
    quoted = {"quotes another": other["uri"], "no quote": None}.get(cheat, post["uri"])
    note = puppet.note(author, "1", quote=quoted)
    found = (await alice.get("/api/v1/accounts/search", q="pat@puppet.test"))[0]
    if cheat == "blocked":
        await alice.post(f"/api/v1/accounts/{found['id']}/block")
    if cheat == "domain":
        await alice.api("POST", "/api/v1/domain_blocks", json={"domain": "puppet.test"})
    await drain(server)
    await puppet.send(server, requested(puppet, pat, note, post["uri"]), pat)
    await drain(server)
    assert [each["type"] for each in answers(puppet)] == ["Reject"]
    assert (await alice.get(f"{STATUSES}/{post['id']}"))["quotes_count"] == 0
    assert await told(alice) == []


async def test_a_request_about_a_hidden_post_is_not_answered(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("among us", visibility="private")
    note = puppet.note(pat, "1", quote=post["uri"])
    await puppet.send(server, requested(puppet, pat, note, post["uri"]), pat)
    await puppet.send(server, requested(puppet, pat, note, f"{post['uri']}0", "q2"), pat)
    await drain(server)
    assert answers(puppet) == []


async def test_what_was_revoked_is_not_given_again(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("quote me")
    note = puppet.note(pat, "1", quote=post["uri"])
    await puppet.send(server, requested(puppet, pat, note, post["uri"]), pat)
    await drain(server)
    here = await alice.sees(note["id"])
    await alice.post(f"{STATUSES}/{post['id']}/quotes/{here['id']}/revoke")
    await drain(server)
    [deleted] = [each for each in puppet.inbox if each["type"] == "Delete"]
    assert deleted["object"]["type"] == "QuoteAuthorization"
    assert deleted["object"]["id"] == answers(puppet)[0]["result"]
    await puppet.send(server, requested(puppet, pat, note, post["uri"], "again"), pat)
    await drain(server)
    assert answers(puppet)[-1]["type"] == "Reject"
    assert (await of(alice, note["id"]))["state"] == "revoked"


@pytest.mark.parametrize("spelling", ["quoteUrl", "quoteUri", "_misskey_quote", "tag"])
@pytest.mark.parametrize(("policy", "state"), [("public", "accepted"), ("nobody", "pending")])
async def test_a_quote_of_ours_without_consent_goes_by_the_policy(
    stage: Any, spelling: str, policy: str, state: str
) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("quote me", quote_approval_policy=policy)
    link = {"type": "Link", "mediaType": "application/activity+json", "href": post["uri"]}
    more = {"tag": [link]} if spelling == "tag" else {spelling: post["uri"]}
    note = puppet.note(pat, "1", **more)
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == state
    assert await told(alice) == ([note["id"]] if state == "accepted" else [])


async def test_a_stranger_who_quotes_is_heard(stage: Any) -> None:
    server, alice, puppet, _pat = stage
    post = await alice.posts("quote me")
    stranger = puppet.actor("stranger")
    note = puppet.note(stranger, "1", quoteUrl=post["uri"])
    await puppet.send(server, puppet.create(note), stranger)
    await drain(server)
    assert await told(alice) == [note["id"]]


async def test_nobody_gives_themselves_our_consent(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("quote me", quote_approval_policy="nobody")
    own = puppet.note(pat, "own")
    await puppet.send(server, puppet.create(own), pat)
    for name, quoted in (("1", post["uri"]), ("2", own["id"])):
        note = puppet.note(pat, name, quote=quoted)
        await puppet.send(server, puppet.create(note), pat)
        await drain(server)
        here = await alice.sees(note["id"])
        claimed = f"{alice.uri}/quote_authorizations/{here['id']}"
        claiming = {**note, "quoteAuthorization": claimed}
        await puppet.send(server, puppet.activity("Update", pat, claiming, f"u{name}"), pat)
        await drain(server)
        assert await server.document(claimed) == 404
        assert (await of(alice, note["id"]))["state"] == ("pending" if quoted == post["uri"] else "accepted")


ALLOWED = {"canQuote": {"automaticApproval": ["https://www.w3.org/ns/activitystreams#Public"]}}


async def elsewhere(stage: Any, **more: Any) -> tuple[Puppet, Any, Any]:
    """Vera at victim.test and a post of hers, which may be quoted by everybody who asks."""
    server = stage[0]
    victim = Puppet(server.network, "victim.test")
    vera = victim.actor("vera")
    return victim, vera, victim.note(vera, "v", **{"interactionPolicy": ALLOWED, **more})


async def test_a_stamp_of_somebody_else_is_asked_for_and_believed(stage: Any) -> None:
    server, alice, puppet, pat = stage
    victim, vera, quoted = await elsewhere(stage)
    uri = stamp(victim, vera, "https://puppet.test/notes/1", quoted["id"])
    note = puppet.note(pat, "1", quote=quoted["id"], quoteAuthorization=uri)
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["quoted_status"]["uri"] == quoted["id"]
    await puppet.send(server, puppet.activity("Delete", pat, uri, "d1"), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "accepted"
    await victim.send(server, victim.activity("Delete", vera, {"id": uri, "type": "QuoteAuthorization"}, "d"), vera)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "revoked"
    await puppet.send(server, puppet.activity("Update", pat, note, "u1"), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "revoked"


@pytest.mark.parametrize(
    "forged",
    [
        {"attributedTo": "https://puppet.test/users/pat"},
        {"interactingObject": "https://puppet.test/notes/2"},
        {"interactionTarget": "https://victim.test/notes/w"},
        {"type": "Note"},
        {"id": "https://victim.test/stamps/other"},
        {"attributedTo": None},
    ],
)
async def test_a_stamp_that_says_something_else_is_not_believed(stage: Any, forged: dict[str, Any]) -> None:
    server, alice, puppet, pat = stage
    victim, vera, quoted = await elsewhere(stage)
    uri = stamp(victim, vera, "https://puppet.test/notes/1", quoted["id"], **forged)
    note = puppet.note(pat, "1", quote=quoted["id"], quoteAuthorization=uri)
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert await of(alice, note["id"]) == {"state": "pending", "quoted_status": None}


async def test_a_stamp_from_another_host_is_not_even_fetched(stage: Any) -> None:
    server, alice, puppet, pat = stage
    _victim, vera, quoted = await elsewhere(stage)
    uri = stamp(puppet, vera, "https://puppet.test/notes/1", quoted["id"])
    note = puppet.note(pat, "1", quote=quoted["id"], quoteAuthorization=uri)
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "pending"
    assert "/stamps/s" not in puppet.asked


async def test_a_stamp_may_come_later_and_go_again_without_an_edit(stage: Any) -> None:
    server, alice, puppet, pat = stage
    victim, vera, quoted = await elsewhere(stage)
    note = puppet.note(pat, "1", quote=quoted["id"])
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "pending"
    uri = stamp(victim, vera, note["id"], quoted["id"])
    stamped = {**note, "quoteAuthorization": uri}
    await puppet.send(server, puppet.activity("Update", pat, stamped, "u1"), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "accepted"
    assert (await alice.sees(note["id"]))["edited_at"] is None
    await puppet.send(server, puppet.activity("Update", pat, note, "u2"), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "revoked"


async def test_where_nobody_said_anything_about_quotes_public_posts_may_be_quoted(stage: Any) -> None:
    server, alice, puppet, pat = stage
    victim, _vera, quoted = await elsewhere(stage, interactionPolicy=None)
    note = puppet.note(pat, "1", _misskey_quote=quoted["id"])
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    assert (await of(alice, note["id"]))["state"] == "accepted"
    ours = await quote(alice, quoted["id"])
    await drain(server)
    assert (await of(alice, ours["uri"]))["state"] == "accepted"
    assert "QuoteRequest" not in [each["type"] for each in victim.inbox]


async def test_what_was_not_kept_about_a_post_is_asked_for_before_it_is_quoted(stage: Any) -> None:
    server, alice, puppet, pat = stage
    nobody = {"canQuote": {"automaticApproval": [pat["id"]]}}
    for policy, allowed in ((nobody, False), (ALLOWED, True), (None, True)):
        name = f"{allowed}{policy is None}"
        note = puppet.note(pat, name, interactionPolicy=policy)
        seen = await alice.sees(note["id"])
        async with server.db.transaction() as conn:  # As of posts that came before quotes were known here.
            await conn.execute("update statuses set quote_automatic = 8 where uri = $1", note["id"])
        assert (await alice.sees(note["id"]))["quote_approval"]["current_user"] == "unknown"
        answer = await alice.call("POST", STATUSES, json={"status": "x", "quoted_status_id": seen["id"]})
        assert answer.status_code == (200 if allowed else 422)


async def test_what_is_quoted_may_be_gone_or_come_later(stage: Any) -> None:
    server, alice, puppet, pat = stage
    for name, url in (("1", "gone"), ("2", "late")):
        note = puppet.note(pat, name, quoteUrl=f"https://puppet.test/notes/{url}")
        await puppet.send(server, puppet.create(note), pat)
    puppet.documents["/notes/gone"] = 410
    await drain(server)
    assert (await of(alice, "https://puppet.test/notes/1"))["state"] == "deleted"
    assert (await of(alice, "https://puppet.test/notes/2"))["state"] == "pending"
    late = puppet.note(pat, "late")
    await puppet.send(server, puppet.create(late), pat)
    await drain(server)
    assert (await of(alice, "https://puppet.test/notes/2"))["quoted_status"]["uri"] == late["id"]
    tombstone = puppet.note(pat, "3", quote={"type": "Tombstone"})
    await puppet.send(server, puppet.create(tombstone), pat)
    await drain(server)
    assert (await of(alice, tombstone["id"]))["state"] == "deleted"


async def test_an_edit_elsewhere_brings_and_takes_away_a_quote(stage: Any) -> None:
    server, alice, puppet, pat = stage
    own, other = puppet.note(pat, "own"), puppet.note(pat, "other")
    for each in (own, other):
        await puppet.send(server, puppet.create(each), pat)
    note = puppet.note(pat, "1")
    await puppet.send(server, puppet.create(note), pat)
    for number, (quoted, content) in enumerate(((own, "one"), (other, "two"), (None, "three")), start=1):
        edited = {**note, "content": f"<p>{content}</p>", "updated": f"2099-01-0{number}T00:00:00Z"}
        if quoted:
            edited["quote"] = quoted["id"]
        await puppet.send(server, puppet.activity("Update", pat, edited, f"u{number}"), pat)
        await drain(server)
        found = await of(alice, note["id"])
        assert (found["quoted_status"]["uri"] if found else None) == (quoted["id"] if quoted else None)
    for each in (own, other):
        assert (await alice.sees(each["id"]))["quotes_count"] == 0


# ------------------------------------------------------------ answers to ours


async def asking(stage: Any) -> tuple[Puppet, Any, Any, Any]:
    """Alice has quoted Vera, whose server has been asked: the request, and the post that quotes."""
    server, alice, _puppet, _pat = stage
    victim, vera, quoted = await elsewhere(stage)
    quoting = await quote(alice, quoted["id"])
    await drain(server)
    [request] = [each for each in victim.inbox if each["type"] == "QuoteRequest"]
    assert (request["object"], request["instrument"]["id"]) == (quoted["id"], quoting["uri"])
    return victim, vera, request, quoting


@pytest.mark.parametrize("by_id", [True, False])
async def test_our_request_is_accepted(stage: Any, by_id: bool) -> None:
    server, alice, _puppet, _pat = stage
    victim, vera, request, quoting = await asking(stage)
    uri = stamp(victim, vera, quoting["uri"], request["object"])
    about = request["id"] if by_id else {**request, "instrument": quoting["uri"]}
    await victim.send(server, victim.activity("Accept", vera, about, "yes", result=uri), vera)
    await drain(server)
    assert (await of(alice, quoting["uri"]))["state"] == "accepted"
    assert (await server.document(quoting["uri"]))["quoteAuthorization"] == uri
    [update] = [each for each in victim.inbox if each["type"] == "Update"]
    assert update["object"]["quoteAuthorization"] == uri
    await victim.send(server, victim.activity("Reject", vera, request["id"], "no"), vera)
    await drain(server)
    assert (await of(alice, quoting["uri"]))["state"] == "revoked"


@pytest.mark.parametrize("by_id", [True, False])
async def test_our_request_is_rejected(stage: Any, by_id: bool) -> None:
    server, alice, _puppet, _pat = stage
    victim, vera, request, quoting = await asking(stage)
    await victim.send(server, victim.activity("Reject", vera, request["id"] if by_id else request, "no"), vera)
    await drain(server)
    assert (await of(alice, quoting["uri"]))["state"] == "rejected"


async def test_nobody_else_answers_our_request(stage: Any) -> None:
    server, alice, puppet, pat = stage
    victim, vera, request, quoting = await asking(stage)
    forged = stamp(puppet, pat, quoting["uri"], request["object"])
    genuine = stamp(victim, vera, quoting["uri"], request["object"])
    for number, uri in enumerate((forged, genuine)):
        await puppet.send(server, puppet.activity("Accept", pat, request, f"y{number}", result=uri), pat)
    await puppet.send(server, puppet.activity("Reject", pat, request, "n"), pat)
    await victim.send(server, victim.activity("Accept", vera, request, "y", result=forged), vera)
    await victim.send(server, victim.activity("Accept", vera, request, "y2"), vera)
    await drain(server)
    assert (await of(alice, quoting["uri"]))["state"] == "pending"


async def test_a_stamp_deleted_before_it_came_is_none(stage: Any) -> None:
    server, alice, _puppet, _pat = stage
    victim, vera, request, quoting = await asking(stage)
    uri = stamp(victim, vera, quoting["uri"], request["object"])
    await victim.send(server, victim.activity("Delete", vera, uri, "d"), vera)
    await victim.send(server, victim.activity("Accept", vera, request, "y", result=uri), vera)
    await drain(server)
    assert (await of(alice, quoting["uri"]))["state"] == "pending"
