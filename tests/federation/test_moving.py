"""Accounts that move: those of others with people here behind them, and ours with people elsewhere."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from federation import relays
from fedi.services import moving
from storage import moderation
from tests.support.puppet import Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


@pytest.fixture
async def peer(server: Node) -> Puppet:
    return Puppet(server.network, "old.test")


def _move(peer: Puppet, actor: dict[str, Any], target: str, name: str = "move", **more: Any) -> dict[str, Any]:
    return peer.activity("Move", actor, actor["id"], name, target=target, to=[actor["followers"]], **more)


async def _follows(person: Person, handle: str) -> tuple[Any, Any]:
    """(following, requested) and the Account."""
    found = await person.get("/api/v2/search", q=f"@{handle}", type="accounts", resolve="true")
    account = found["accounts"][0]
    [relationship] = await person.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
    return relationship, account


async def _follow_pat(server: Node, peer: Puppet, *people: Person) -> dict[str, Any]:
    """Pat at old.test, whom these people follow."""
    pat = peer.actor("pat")
    for person in people:
        _, account = await _follows(person, "pat@old.test")
        await person.post(f"/api/v1/accounts/{account['id']}/follow")
    await drain(server)
    for asked in [sent for sent in peer.inbox if sent["type"] == "Follow"]:
        accept = peer.activity("Accept", pat, asked, f"accept{asked['id'][-6:]}")
        assert (await peer.send(server, accept, pat)).status_code == 202
    await drain(server)
    peer.inbox.clear()
    return pat


async def test_followers_go_along_and_leave_when_the_new_account_agrees(server: Node, peer: Puppet) -> None:
    alice = await server.person("alice")
    pat = await _follow_pat(server, peer, alice)
    _, account = await _follows(alice, "pat@old.test")
    await alice.post(f"/api/v1/accounts/{account['id']}/follow", {"reblogs": False, "notify": True})
    made = await alice.post("/api/v1/lists", {"title": "friends"})
    await alice.post(f"/api/v1/lists/{made['id']}/accounts", {"account_ids": [account["id"]]})
    new = Puppet(server.network, "new.test")
    nova = new.actor("nova", alsoKnownAs=[pat["id"]])
    peer.actor("pat", movedTo=nova["id"])
    await peer.send(server, _move(peer, pat, nova["id"]), pat)
    await drain(server)
    [asked] = [sent for sent in new.inbox if sent["type"] == "Follow"]
    assert (asked["actor"], asked["object"]) == (alice.uri, nova["id"])
    relationship, account = await _follows(alice, "pat@old.test")
    assert relationship["following"], "nothing is lost before the new account has agreed"
    assert account["moved"]["acct"] == "nova@new.test"
    await new.send(server, new.activity("Accept", nova, asked, "accept"), nova)
    await drain(server)
    relationship, account = await _follows(alice, "nova@new.test")
    assert (relationship["following"], relationship["showing_reblogs"], relationship["notifying"]) == (
        True,
        False,
        True,
    )
    assert [member["acct"] for member in await alice.get(f"/api/v1/lists/{made['id']}/accounts")] == ["nova@new.test"]
    relationship, old = await _follows(alice, "pat@old.test")
    assert not relationship["following"]
    assert [sent["type"] for sent in peer.inbox] == ["Undo"]
    await alice.api("POST", f"/api/v1/accounts/{old['id']}/follow", status=403)


async def test_a_move_counts_once_and_another_one_a_week_later(server: Node, peer: Puppet) -> None:
    alice = await server.person("alice")
    pat = await _follow_pat(server, peer, alice)
    new = Puppet(server.network, "new.test")
    first, second = (new.actor(name, alsoKnownAs=pat["id"]) for name in ("nova", "nora"))
    for number, target in enumerate((first, first, second)):
        await peer.send(server, _move(peer, pat, target["id"], f"move{number}"), pat)
        await drain(server)
    assert [sent["object"] for sent in new.inbox if sent["type"] == "Follow"] == [first["id"]]
    async with server.db.transaction() as conn:
        await conn.execute("update moves set created_at = created_at - $1::interval", timedelta(days=8))
    await peer.send(server, _move(peer, pat, second["id"], "late"), pat)
    await drain(server)
    assert [sent["object"] for sent in new.inbox if sent["type"] == "Follow"] == [first["id"], second["id"]]
    _, account = await _follows(alice, "pat@old.test")
    assert account["moved"]["acct"] == "nora@new.test"


async def test_nobody_moves_where_they_are_not_known(server: Node, peer: Puppet) -> None:
    alice = await server.person("alice")
    pat = await _follow_pat(server, peer, alice)
    new = Puppet(server.network, "new.test")
    # Known here with the alias, but the alias is gone: what counts is what its server says now.
    nova = new.actor("nova", alsoKnownAs=[pat["id"]])
    await _follows(alice, "nova@new.test")
    nova = new.actor("nova", alsoKnownAs=["at://did:plc:x", "not an address"])
    mover = new.actor("mover", alsoKnownAs=[pat["id"]], movedTo=nova["id"])
    eve = peer.actor("eve")
    forged = {**_move(peer, pat, nova["id"], "forged"), "actor": eve["id"]}
    await peer.send(server, forged, eve)
    for number, target in enumerate((nova["id"], pat["id"], "https://new.test/users/nobody", server.base_url)):
        await peer.send(server, _move(peer, pat, target, f"move{number}"), pat)
    await drain(server)
    topic = peer.activity("Move", pat, "https://old.test/topic/1", "topic", target=nova["id"])
    await peer.send(server, topic, pat)
    await drain(server)
    _, account = await _follows(alice, "pat@old.test")
    assert account.get("moved") is None
    assert [sent for sent in new.inbox if sent["type"] == "Follow"] == []
    assert mover["id"]


async def test_blocks_mutes_and_notes_come_along(server: Node, peer: Puppet) -> None:
    alice, bob, carol = [await server.person(name) for name in ("alice", "bob", "carol")]
    pat = await _follow_pat(server, peer, alice)
    _, account = await _follows(bob, "pat@old.test")
    await bob.post(f"/api/v1/accounts/{account['id']}/block")
    await carol.post(f"/api/v1/accounts/{account['id']}/mute", {"notifications": False})
    for person in (bob, carol):
        await person.post(f"/api/v1/accounts/{account['id']}/note", {"comment": f"{person.username} remembers"})
    nora = await server.person("nora")
    async with server.db.transaction() as conn:
        await conn.execute("update accounts set also_known_as = $2 where id = $1", nora.account_id, [pat["id"]])
    await peer.send(server, _move(peer, pat, nora.uri), pat)
    await drain(server)
    for person, expected in ((alice, (True, False, False)), (bob, (False, True, False)), (carol, (False, False, True))):
        [now] = await person.get("/api/v1/accounts/relationships", **{"id[]": nora.id})
        assert (now["following"], now["blocking"], now["muting"]) == expected
        if person is not alice:
            assert now["note"] == f"@pat@old.test: {person.username} remembers"
    assert "follow" in [told["type"] for told in await nora.notifications()]


async def test_an_account_whose_document_says_that_it_moved_is_shown_so(server: Node, peer: Puppet) -> None:
    alice = await server.person("alice")
    pat = await _follow_pat(server, peer, alice)
    new = Puppet(server.network, "new.test")
    nova = new.actor("nova", alsoKnownAs=[pat["id"]], movedTo=pat["id"])
    thief = new.actor("thief")
    for target, shown in ((thief, None), (nova, None), (new.actor("nora", alsoKnownAs=[pat["id"]]), "nora@new.test")):
        changed = peer.actor("pat", movedTo=target["id"])
        await peer.send(server, peer.activity("Update", pat, changed, f"update{target['name']}"), pat)
        await drain(server)
        _, account = await _follows(alice, "pat@old.test")
        moved = account.get("moved")
        if target is not nova:  # who points back again is anybody's guess, but the end is reached
            assert (moved and moved["acct"]) == shown
    assert [sent for sent in new.inbox if sent["type"] == "Follow"] == [], "only a Move moves people"
    changed = peer.actor("pat")
    await peer.send(server, peer.activity("Update", pat, changed, "back"), pat)
    await drain(server)
    _, account = await _follows(alice, "pat@old.test")
    assert account.get("moved") is None


async def test_one_of_ours_moves_and_comes_back(servers: Servers) -> None:
    a, b, c = await servers("a.test", "b.test", "c.test")
    alice, nora = await a.person("alice"), await c.person("nora")
    bob, carol = await b.person("bob"), await a.person("carol")
    for follower in (bob, carol):
        await follower.follow(alice)
    await drain(a, b, c)
    with pytest.raises(Exception, match="must name this one"):
        await moving.move(a.app, alice.account_id, "@nora@c.test")
    await moving.add_alias(c.app, nora.account_id, "@alice@a.test")
    await drain(a, b, c)
    document = (await c.client.get("/users/nora", headers={"Accept": "application/activity+json"})).json()
    assert document["alsoKnownAs"] == [alice.uri]
    await moving.move(a.app, alice.account_id, "@nora@c.test")
    await drain(a, b, c)
    document = (await a.client.get("/users/alice", headers={"Accept": "application/activity+json"})).json()
    assert document["movedTo"] == nora.uri
    for follower in (bob, carol):
        now, _ = await _follows(follower, "nora@c.test")
        assert now["following"]
        now, old = await _follows(follower, "alice@a.test")
        assert (now["following"], old["moved"]["username"]) == (False, "nora")
    with pytest.raises(Exception, match="moved not long ago"):
        await moving.move(a.app, alice.account_id, "@nora@c.test")
    dora = await b.person("dora")
    _, old = await _follows(dora, "alice@a.test")
    await dora.api("POST", f"/api/v1/accounts/{old['id']}/follow", status=403)
    assert await moving.come_back(a.app, alice.account_id)
    await drain(a, b, c)
    _, old = await _follows(dora, "alice@a.test")
    assert old.get("moved") is None
    await dora.post(f"/api/v1/accounts/{old['id']}/follow")
    await drain(a, b, c)
    now, _ = await _follows(dora, "alice@a.test")
    assert now["following"]


async def test_a_locked_account_is_asked_and_the_old_one_kept_until_it_agrees(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, nora, bob = await a.person("alice"), await b.person("nora", locked=True), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    await moving.add_alias(b.app, nora.account_id, "alice@a.test")
    await moving.move(a.app, alice.account_id, "@nora@b.test")
    await drain(a, b)
    now, _ = await _follows(bob, "nora@b.test")
    assert (now["following"], now["requested"]) == (False, True)
    now, _ = await _follows(bob, "alice@a.test")
    assert now["following"]
    await nora.post(f"/api/v1/follow_requests/{bob.id}/authorize")
    await drain(a, b)
    now, _ = await _follows(bob, "nora@b.test")
    assert now["following"]
    now, _ = await _follows(bob, "alice@a.test")
    assert not now["following"]


async def test_a_redirect_moves_nobody(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, nora, bob = await a.person("alice"), await a.person("nora"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    await moving.add_alias(a.app, nora.account_id, "alice")
    await moving.move(a.app, alice.account_id, "nora", with_followers=False)
    await drain(a, b)
    now, old = await _follows(bob, "alice@a.test")
    assert (now["following"], old["moved"]["acct"]) == (True, "nora@a.test")
    assert await moving.remove_alias(a.app, nora.account_id, alice.uri)
    assert not await moving.remove_alias(a.app, nora.account_id, alice.uri)


async def _relay(server: Node, host: str = "relay.test") -> Puppet:
    """A relay of Mastodon's kind that has agreed."""
    peer = Puppet(server.network, host)
    relay = peer.actor("relay", type="Application")
    await relays.subscribe(server.app.fed, f"https://{host}/inbox")
    await drain(server)
    await peer.send(server, peer.activity("Accept", relay, peer.inbox[-1], "accept"), relay)
    await drain(server)
    peer.inbox.clear()
    return peer


async def test_a_move_reaches_followers_and_whoever_blocks_and_relays(server: Node, peer: Puppet) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    relay = await _relay(server)
    fans, foes, mates = (Puppet(server.network, host) for host in ("fans.test", "foes.test", "mates.test"))
    fan, foe = fans.actor("fan"), foes.actor("foe")
    mates.actor("mate")
    await fans.send(server, fans.activity("Follow", fan, alice.uri, "f"), fan)
    await foes.send(server, foes.activity("Block", foe, alice.uri, "b"), foe)
    _, mate = await _follows(alice, "mate@mates.test")
    await alice.post(f"/api/v1/accounts/{mate['id']}/follow")
    await drain(server)
    await moving.add_alias(server.app, bob.account_id, "@alice")
    await drain(server)
    for each in (relay, fans, foes, mates):
        each.inbox.clear()
    await moving.move(server.app, alice.account_id, "@bob")
    await drain(server)
    told = [[sent["type"] for sent in each.inbox] for each in (relay, fans, foes, mates)]
    assert told == [["Update", "Move"], ["Update", "Move"], ["Move"], ["Update"]]
    assert relay.inbox[1]["signature"]["type"] == "RsaSignature2017", "or nobody would believe the relay"


async def test_a_profile_is_told_to_whom_the_account_dealt_with_lately(server: Node) -> None:
    alice = await server.person("alice")
    names = ("asked", "named", "reports", "blocked", "old", "stranger")
    peers = {name: Puppet(server.network, f"{name}.test") for name in names}
    for name, each in peers.items():
        each.actor(name)
    for name in ("asked", "old", "blocked"):
        _, account = await _follows(alice, f"{name}@{name}.test")
        await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    await alice.post(f"/api/v1/accounts/{account['id']}/block")
    await alice.posts("hello @named@named.test", visibility="direct")
    reporter = peers["reports"].actor("actor", type="Application")
    flag = peers["reports"].activity("Flag", reporter, [alice.uri], "flag", content="spam")
    await peers["reports"].send(server, flag, reporter)
    await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute(
            "update follow_requests set id = id - (3 * 24 * 3600 * 1000::bigint << 16) "
            "where target_id = (select id from accounts where username = 'old')"
        )
    for each in peers.values():
        each.inbox.clear()
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Alice"})
    await drain(server)
    told = {name for name, each in peers.items() if [sent["type"] for sent in each.inbox] == ["Update"]}
    assert told == {"asked", "named", "reports"}
    # More changes right after that go out together.
    for name in ("Alice!", "Alice!!"):
        await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": name})
        await drain(server)
    async with server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where name = 'tell_profile'")
    await drain(server)
    assert [sent["object"]["name"] for sent in peers["named"].inbox] == ["Alice", "Alice!!"]


@pytest.mark.parametrize("setting", ["relays", "never"])
async def test_relays_get_the_older_signature_unless_the_operator_says_otherwise(
    servers: Servers, setting: str
) -> None:
    [server] = await servers("a.test", linked_data_signatures=setting)
    alice = await server.person("alice")
    fans = Puppet(server.network, "fans.test")
    fan = fans.actor("fan")
    await fans.send(server, fans.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    await alice.posts("before there was a relay")
    await drain(server)
    relay = await _relay(server)
    await alice.posts("and now")
    await drain(server)
    [now] = relay.inbox
    bears = [{"proof", "signature"} & sent.keys() for sent in (fans.inbox[-2], now)]
    assert bears == [{"proof"}, {"signature"} if setting == "relays" else {"proof"}]
    assert fans.inbox[-1] == now


@pytest.mark.parametrize("shown", [True, False])
async def test_the_end_of_an_account_reaches_every_server_if_there_was_something_to_see(
    server: Node, peer: Puppet, shown: bool
) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    peer.actor("stranger")
    await _follows(bob, "stranger@old.test")
    await alice.posts("hello", visibility="public" if shown else "private")
    await drain(server)
    async with server.db.transaction() as conn:
        await moderation.bury(conn, alice.account_id)
    await drain(server)
    assert [sent["type"] for sent in peer.inbox] == (["Delete"] if shown else [])
