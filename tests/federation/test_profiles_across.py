"""What actors say of themselves and of each other, in the dialects of those that bridge, publish and moderate."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import hashtags
from federation.vocab import types
from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

Servers = Callable[..., Awaitable[list[Node]]]


@pytest.fixture
async def peer(server: Node) -> Puppet:
    return Puppet(server.network, "peer.test")


async def _find(person: Person, handle: str) -> Any:
    found = await person.get("/api/v2/search", q=f"@{handle}", type="accounts", resolve="true")
    return found["accounts"][0]


def _hashtag(name: str) -> dict[str, str]:
    return {"type": "Hashtag", "name": f"#{name}", "href": f"https://peer.test/tags/{name}"}


async def _tags(person: Person, account: Any) -> set[str]:
    return {tag["name"] for tag in await person.get(f"/api/v1/accounts/{account['id']}/featured_tags")}


async def test_featured_hashtags_cross_with_the_follow_and_when_they_change(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await alice.post("/api/v1/featured_tags", {"name": "cats"})
    document = (await a.client.get("/users/alice", headers={"Accept": "application/activity+json"})).json()
    listed = (await a.client.get(document["featuredTags"].removeprefix("https://a.test"))).json()
    assert [(item["type"], item["name"]) for item in listed["items"]] == [("Hashtag", "#cats")]
    await bob.follow(alice)
    await drain(a, b)
    seen = await _find(bob, "alice@a.test")
    assert await _tags(bob, seen) == {"cats"}
    dogs = await alice.post("/api/v1/featured_tags", {"name": "dogs"})
    await drain(a, b)
    assert await _tags(bob, seen) == {"cats", "dogs"}
    await alice.post("/api/v1/tags/cats/unfeature")
    await drain(a, b)
    assert await _tags(bob, seen) == {"dogs"}
    await alice.api("DELETE", f"/api/v1/featured_tags/{dogs['id']}", strict=False)
    await drain(a, b)
    assert await _tags(bob, seen) == set()


async def test_hashtags_are_added_and_read_in_every_shape(server: Node, peer: Puppet) -> None:
    alice = await server.person("alice")
    collections: dict[str, Any] = {name: f"https://peer.test/users/pat/{name}" for name in ("featured", "featuredTags")}
    pat, eve = peer.actor("pat", **collections), peer.actor("eve")
    peer.documents["/users/pat/featuredTags"] = {"id": collections["featuredTags"], "type": "Collection", "first": "x"}
    account = await _find(alice, "pat@peer.test")
    for number, (actor, kind, obj, target) in enumerate(
        [
            (pat, "Add", _hashtag("one"), collections["featured"]),
            (pat, "Add", [_hashtag("two"), {"type": "Hashtag"}], collections["featuredTags"]),
            (pat, "Add", _hashtag("three"), "https://peer.test/elsewhere"),
            (eve, "Add", _hashtag("four"), collections["featured"]),
            (pat, "Remove", _hashtag("ONE"), {"id": collections["featured"]}),
            (pat, "Remove", _hashtag("unknown"), collections["featured"]),
        ]
    ):
        await peer.send(server, peer.activity(kind, actor, obj, f"{number}", target=target), actor)
        await drain(server)
    assert await _tags(alice, account) == {"two"}
    page = {"type": "CollectionPage", "items": [_hashtag("five"), "https://peer.test/tags/six", _hashtag("seven")]}
    peer.documents["/users/pat/featuredTags"] = {
        "id": collections["featuredTags"],
        "type": "OrderedCollection",
        "first": page,
    }
    await hashtags.read(server.app.fed, {"account_id": int(account["id"])})
    assert await _tags(alice, account) == {"five", "seven"}
    peer.documents["/users/pat/featuredTags"] = 500
    await hashtags.read(server.app.fed, {"account_id": int(account["id"])})
    assert await _tags(alice, account) == {"five", "seven"}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["type", "name", "id", "href", "items", "@type"]) | st.text(), x)))  # fmt: skip
def test_names_of_hashtags_come_out_of_anything(value: Any) -> None:
    assert all(isinstance(name, str) and name for name in hashtags.names(types.refs(value)))


@pytest.mark.parametrize(
    ("kind", "bot", "group"),
    [
        ("Person", False, False),
        ("Service", True, False),
        ("Application", True, False),
        ("Group", False, True),
        ("Organization", False, False),
        (["Podcast", "Service"], True, False),
    ],
)
async def test_every_kind_of_actor_is_somebody(server: Node, peer: Puppet, kind: Any, bot: bool, group: bool) -> None:
    alice = await server.person("alice")
    peer.actor("pat", type=kind, memorial=True, showMedia=False, showFeatured="false")
    account = await _find(alice, "pat@peer.test")
    assert (account["bot"], account["group"], account["memorial"]) == (bot, group, True)
    assert (account["show_media"], account["show_media_replies"], account["show_featured"]) == (False, True, False)
    assert (await alice.post(f"/api/v1/accounts/{account['id']}/follow"))["requested"]


async def test_a_bridged_account_is_like_any(server: Node) -> None:
    """Bridgy Fed: domains as names, pins inside the actor, addresses of other networks among the aliases."""
    bridge, alice = Puppet(server.network, "web.brid.gy"), await server.person("alice")
    pinned = bridge.note({"id": "https://web.brid.gy/users/x", "followers": "https://web.brid.gy/f"}, "1")
    actor = bridge.actor(
        "snarfed.org",
        alsoKnownAs=["at://did:plc:abc", "acct:snarfed.org@snarfed.org", None],
        url=["https://snarfed.org/", "at://did:plc:abc", {"type": "Link", "href": "acct:x"}],
        featured={"id": "https://web.brid.gy/featured", "type": "OrderedCollection", "orderedItems": [pinned["id"]]},
        image=[{"type": "Image", "url": "https://snarfed.org/banner.jpg"}, {"type": "Image", "name": "x"}],
        outbox=None,
        discoverable=None,
        searchableBy=[PUBLIC],
    )
    account = await _find(alice, "snarfed.org@web.brid.gy")
    assert (account["acct"], account["uri"]) == ("snarfed.org@web.brid.gy", actor["id"])
    assert account["header"] == "https://snarfed.org/banner.jpg"
    await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    await drain(server)
    [asked] = bridge.inbox
    await bridge.send(server, bridge.activity("Accept", actor, asked["id"], "accept"), actor)
    await bridge.send(server, bridge.create(bridge.note(actor, "2")), actor)
    await drain(server)
    assert [status["account"]["acct"] for status in await alice.home()] == ["snarfed.org@web.brid.gy"]


async def test_a_report_names_whom_it_means_in_its_text_too(server: Node, peer: Puppet) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("something")
    system = peer.actor("system", type="Service")
    content = f"Note: {post['url']}\nLocal Note: <{post['uri']}>\n-----\n({bob.node.base_url}/@bob) https://far.test/x"
    flag = peer.activity("Flag", system, "https://far.test/users/somebody", "flag", content=content)
    for _ in range(2):
        await peer.send(server, {name: value for name, value in flag.items() if name != "id"}, system)
        await drain(server)
    await peer.send(server, peer.activity("Flag", system, ["https://far.test/1"], "nobody", content="spam"), system)
    await drain(server)
    async with server.db.read() as conn:
        found = await conn.fetch("select target_id, status_ids from reports order by target_id")
    assert [(row["target_id"], row["status_ids"]) for row in found] == [
        (alice.account_id, [int(post["id"])]),
        (bob.account_id, []),
    ]


async def test_a_report_goes_to_the_servers_that_its_author_chooses(server: Node, peer: Puppet) -> None:
    alice = await server.person("alice")
    far, third = Puppet(server.network, "far.test"), Puppet(server.network, "third.test")
    victim = far.actor("victim")
    asked = far.note(victim, "asked")
    pat = peer.actor("pat")
    rude = peer.note(pat, "rude", inReplyTo=asked["id"])
    third.actor("nobody")
    await alice.sees(asked["id"])
    seen = await alice.sees(rude["id"])

    async def reports(**more: Any) -> list[list[str]]:
        for host in (peer, far, third):
            host.inbox.clear()
        body = {"account_id": seen["account"]["id"], "status_ids": [seen["id"]], "comment": "rude", **more}
        await alice.post("/api/v1/reports", body)
        await drain(server)
        flags = [sent for host in (peer, far, third) for sent in host.inbox]
        assert all(sent["actor"] == f"{server.base_url}/actor" for sent in flags)
        assert all(sent["object"] == [pat["id"], rude["id"]] for sent in flags)
        assert "alice" not in str(flags)
        return [[sent["type"] for sent in host.inbox] for host in (peer, far, third)]

    assert await reports() == [[], [], []]
    assert await reports(forward=True) == [["Flag"], [], []]
    assert await reports(forward=True, forward_to_domains=["peer.test", "FAR.test"]) == [["Flag"], ["Flag"], []]
    assert await reports(forward=True, forward_to_domains=["far.test", "third.test"]) == [[], ["Flag"], []]
    assert await reports(forward_to_domains=["far.test"]) == [[], [], []]


async def test_an_acceptance_taken_back_ends_the_follow(server: Node, peer: Puppet) -> None:
    alice, pat, eve = await server.person("alice"), peer.actor("pat"), peer.actor("eve")
    account = await _find(alice, "pat@peer.test")

    async def follows() -> bool:
        await drain(server)
        [now] = await alice.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
        return bool(now["following"])

    await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    await drain(server)
    [asked] = [sent for sent in peer.inbox if sent["type"] == "Follow"]
    accept = peer.activity("Accept", pat, asked, "accept")
    await peer.send(server, accept, pat)
    assert await follows()
    await peer.send(server, peer.activity("Undo", eve, {**accept, "actor": eve["id"]}, "forged"), eve)
    await peer.send(server, peer.activity("Undo", eve, accept, "stolen"), eve)
    assert await follows()
    await peer.send(server, peer.activity("Undo", pat, {**accept, "object": asked["id"]}, "undo"), pat)
    assert not await follows()
    await peer.send(server, peer.activity("Accept", pat, asked, "late"), pat)
    assert not await follows(), "what is over does not begin again by itself"


async def test_a_post_is_deleted_by_undoing_its_create(server: Node, peer: Puppet) -> None:
    alice, pat, eve = await server.person("alice"), peer.actor("pat"), peer.actor("eve")
    note = peer.note(pat, "1", to=[PUBLIC, alice.uri])
    create = peer.create(note)
    await peer.send(server, create, pat)
    await drain(server)
    for actor, left in ((eve, 1), (pat, 0)):
        undo = peer.activity("Undo", actor, create, f"undo{left}")
        await peer.send(server, undo, actor)
        await drain(server)
        async with server.db.read() as conn:
            assert await conn.fetchval("select count(*) from statuses where uri = $1", note["id"]) == left
