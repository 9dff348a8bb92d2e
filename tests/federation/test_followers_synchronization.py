"""FEP-8fcf: servers that disagree about who follows whom find out with the next post for followers, and settle it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from federation.signatures import synchronization
from federation.signatures.synchronization import HEADER, Claim
from tests.support.puppet import JSON, PUBLIC, Puppet
from tests.support.servers import Node, Person, drain
from tests.support.strict import Strict

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]
ACTIVITY = {"Accept": "application/activity+json"}


async def _forget_digests(*nodes: Node) -> None:
    for node in nodes:
        for name in ("followers.digests", "followers.recent"):
            node.app.memory.pop(name, None)


async def _follows(node: Node, follower: str, target: str) -> bool:
    """Whether this server thinks that the one follows the other."""
    async with node.db.read() as conn:
        record = await conn.fetchrow(
            """
            select from follows f join accounts a on a.id = f.account_id join accounts b on b.id = f.target_id
            where a.uri = $1 and b.uri = $2
            """,
            follower, target,
        )  # fmt: skip
    return record is not None


async def _cut(node: Node, follower: str) -> None:
    """As after a restore from an old backup: the follow is gone, and nobody was told."""
    async with node.db.transaction() as conn:
        await conn.execute("delete from follows where account_id = (select id from accounts where uri = $1)", follower)


async def _two(servers: Servers) -> tuple[Node, Node, Person, Person, Person]:
    a, b = await servers("a.test", "b.test")
    alice, bob, carol = await a.person("alice"), await b.person("bob"), await b.person("carol")
    for each in (bob, carol):
        await each.follow(alice)
    await drain(a, b)
    return a, b, alice, bob, carol


async def test_a_follow_that_only_the_follower_knows_ends(servers: Servers) -> None:
    a, b, alice, bob, carol = await _two(servers)
    await _cut(a, bob.uri)
    await _forget_digests(a, b)
    await alice.posts("for followers", visibility="private")
    await drain(a, b)
    assert not await _follows(b, bob.uri, alice.uri)
    assert await _follows(b, carol.uri, alice.uri)
    assert await _follows(a, carol.uri, alice.uri)


async def test_a_follow_that_only_the_followed_knows_is_taken_back(servers: Servers) -> None:
    a, b, alice, bob, carol = await _two(servers)
    await _cut(b, bob.uri)
    await _forget_digests(a, b)
    await alice.posts("for followers", visibility="private")
    await drain(a, b)
    assert not await _follows(a, bob.uri, alice.uri)
    assert await _follows(a, carol.uri, alice.uri)
    assert await _follows(b, carol.uri, alice.uri)


async def test_an_acceptance_that_was_lost_is_made_up_for(servers: Servers) -> None:
    a, b, alice, bob, _ = await _two(servers)
    async with b.db.transaction() as conn:
        await conn.execute(
            """
            with lost as (delete from follows where account_id = $1 returning *)
            insert into follow_requests (account_id, target_id, uri) select account_id, target_id, uri from lost
            """,
            bob.account_id,
        )
    await _forget_digests(a, b)
    await alice.posts("for followers", visibility="private")
    await drain(a, b)
    assert await _follows(b, bob.uri, alice.uri)
    assert await _follows(a, bob.uri, alice.uri)


async def test_servers_that_agree_ask_nothing(servers: Servers) -> None:
    a, b, alice, bob, _ = await _two(servers)
    await alice.posts("for followers", visibility="private")
    await drain(a, b)
    assert not [url for _, url in a.network.seen if "followers_synchronization" in url]
    assert await _follows(b, bob.uri, alice.uri)


async def test_only_what_is_for_followers_says_who_they_are(server: Node) -> None:
    alice, peer = await server.person("alice"), Strict(server, "peer.test", "cavage")
    fan = peer.actor("fan")
    await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    for visibility in ("public", "private"):
        await alice.posts(visibility, visibility=visibility)
        await drain(server)
    await alice.posts("@fan@peer.test psst", visibility="direct")
    await drain(server)
    sent = [headers.get(HEADER.lower()) for headers in peer.headers[1:]]
    assert [value is not None for value in sent] == [False, True, False]
    claim = synchronization.parse(sent[1] or "")
    assert claim == Claim(
        f"{alice.uri}/followers", synchronization.digest([fan["id"]]), f"{alice.uri}/followers_synchronization"
    )
    assert HEADER.lower() in peer.headers[2]["signature"]


async def test_of_followers_whose_inbox_lies_elsewhere_nothing_is_said(server: Node) -> None:
    alice, peer = await server.person("alice"), Strict(server, "ap.peer.test", "cavage")
    home = Puppet(server.network, "peer.test")
    fan = home.actor("fan", endpoints={"sharedInbox": "https://ap.peer.test/inbox"})
    await home.send(server, home.activity("Follow", fan, alice.uri, "f"), fan)
    await drain(server)
    await alice.posts("psst", visibility="private")
    await drain(server)
    assert peer.inbox[-1]["type"] == "Create"
    assert HEADER.lower() not in peer.headers[-1]


async def test_a_server_reads_of_its_own_people_alone(server: Node) -> None:
    alice = await server.person("alice")
    one, other, third = (Puppet(server.network, f"{name}.test") for name in ("one", "one.other", "third"))
    actors = []
    for peer in (one, other, third):
        fan = peer.actor("fan")
        await peer.send(server, peer.activity("Follow", fan, alice.uri, "f"), fan)
        actors.append(fan)
    await drain(server)
    path = "/users/alice/followers_synchronization"
    for peer, fan in ((one, actors[0]), (other, actors[1])):
        answer = await peer.get(server, path, fan)
        assert answer.json()["orderedItems"] == [fan["id"]]
        assert answer.headers["cache-control"] == "private, no-store"
    assert (await server.client.get(path, headers=ACTIVITY)).status_code == 401
    forged = await one.get(server, path, actors[0], Date="Mon, 01 Jun 2026 12:00:00 GMT")
    assert forged.status_code == 401
    assert (await one.get(server, "/users/nobody/followers_synchronization", actors[0])).status_code == 404


# ---------------------------------------------------------------- what a lying server cannot do


async def _stage(server: Node) -> tuple[Person, Puppet, JSON]:
    """Bob, who follows Eve elsewhere."""
    bob, peer = await server.person("bob"), Puppet(server.network, "peer.test")
    eve = peer.actor("eve")
    found = (await bob.get("/api/v2/search", q="@eve@peer.test", type="accounts", resolve="true"))["accounts"][0]
    await bob.post(f"/api/v1/accounts/{found['id']}/follow")
    await drain(server)
    await peer.send(server, peer.activity("Accept", eve, peer.inbox[0], "a"), eve)
    await drain(server)
    assert await _follows(server, bob.uri, eve["id"])
    peer.inbox.clear()
    return bob, peer, eve


def _list(peer: Puppet, people: list[str], path: str = "/sync", **more: Any) -> str:
    url = f"https://{peer.host}{path}"
    peer.documents[path] = {"id": url, "type": "OrderedCollection", "orderedItems": people, **more}
    return url


async def _send(server: Node, peer: Puppet, eve: JSON, value: str, *, signed: bool = True) -> None:
    note = peer.note(eve, f"n{len(peer.documents)}", to=[eve["followers"]], cc=[])
    more: dict[str, Any] = {"extra": {HEADER: value}} if signed else {"collection_synchronization": value}
    assert (await peer.send(server, peer.create(note), eve, **more)).status_code == 202
    await drain(server)
    await _forget_digests(server)


async def test_a_list_that_is_not_the_one_signed_for_ends_nothing(server: Node) -> None:
    bob, peer, eve = await _stage(server)
    claim = Claim(eve["followers"], synchronization.digest(["https://a.test/users/x"]), _list(peer, []))
    await _send(server, peer, eve, synchronization.header(claim))
    assert "/sync" in peer.asked
    assert await _follows(server, bob.uri, eve["id"])


async def test_a_header_that_is_not_signed_or_not_about_its_sender_is_nothing(server: Node) -> None:
    bob, peer, eve = await _stage(server)
    other = Puppet(server.network, "other.test")
    empty = synchronization.digest([])
    good = Claim(eve["followers"], empty, _list(peer, []))
    await _send(server, peer, eve, synchronization.header(good), signed=False)
    for claim in (
        Claim("https://peer.test/users/mallory/followers", empty, good.url),
        Claim(eve["followers"], empty, _list(other, [])),
        Claim(eve["followers"], empty, f"{server.base_url}/users/bob"),
    ):
        await _send(server, peer, eve, synchronization.header(claim))
    for value in (
        "",
        "nonsense",
        'collectionId="',
        f'collectionId="{eve["followers"]}", digest="xyz", url="{good.url}"',
    ):
        await _send(server, peer, eve, value)
    assert await _follows(server, bob.uri, eve["id"])
    assert "/sync" not in peer.asked + other.asked


async def test_a_list_names_nobody_but_people_here_and_has_an_end(server: Node) -> None:
    bob, peer, eve = await _stage(server)
    people = [bob.uri, "https://elsewhere.test/users/x", f"{server.base_url}/users/nobody", f"{server.base_url}/actor"]
    claim = Claim(eve["followers"], synchronization.digest([bob.uri, "x"]), _list(peer, people))
    await _send(server, peer, eve, synchronization.header(claim))
    assert not peer.inbox
    endless = _list(peer, [], "/endless", type="OrderedCollectionPage", next=f"https://{peer.host}/endless")
    await _send(server, peer, eve, synchronization.header(Claim(eve["followers"], synchronization.digest([]), endless)))
    assert peer.asked.count("/endless") <= 11
    away = _list(peer, [], "/away", first="https://elsewhere.test/page")
    await _send(server, peer, eve, synchronization.header(Claim(eve["followers"], synchronization.digest([]), away)))
    assert await _follows(server, bob.uri, eve["id"])


async def test_a_list_in_pages_is_read_whole(server: Node) -> None:
    bob, peer, eve = await _stage(server)
    carol = await server.person("carol")
    page = {"type": "OrderedCollectionPage", "orderedItems": [carol.uri]}
    url = _list(peer, [], "/paged", first={**page, "next": f"https://{peer.host}/last"})
    peer.documents["/last"] = {"type": "OrderedCollectionPage", "orderedItems": []}
    claim = Claim(eve["followers"], synchronization.digest([carol.uri]), url)
    await _send(server, peer, eve, synchronization.header(claim))
    assert not await _follows(server, bob.uri, eve["id"])
    undone = [sent["actor"] for sent in peer.inbox if sent["type"] == "Undo"]
    assert sorted(undone) == [bob.uri, carol.uri]
    assert PUBLIC not in str(peer.inbox)
