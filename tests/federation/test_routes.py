"""What other servers may read here: everything public for all, the rest for whom it is addressed to."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from federation import origins, resolve
from federation.context import INSTANCE_ACTOR_ID
from federation.http.fetch import NotFound
from federation.vocab import actor as actors
from federation.vocab import note as notes
from storage import accounts, blocks, domains, follows, pins
from tests.support.puppet import PUBLIC, Puppet
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

ACTIVITY = "application/activity+json"

Servers = Callable[..., Awaitable[list[Node]]]


@pytest.fixture
def peer(server: Node) -> Puppet:
    return Puppet(server.network, "peer.test")


def _path(uri: str) -> str:
    return uri.removeprefix("https://example.test")


async def _get(node: Node, uri: str, accept: str = ACTIVITY) -> httpx.Response:
    return await node.client.get(_path(uri), headers={"Accept": accept})


async def _document(node: Node, uri: str) -> dict[str, Any]:
    response = await _get(node, uri)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/activity+json; charset=utf-8"
    assert {"Accept", "Signature"} <= {name.strip() for name in response.headers["vary"].split(",")}
    body: dict[str, Any] = response.json()
    assert body["id"] == uri
    return body


# ---------------------------------------------------------------- actors


async def test_an_actor_is_served_as_others_expect_it(server: Node) -> None:
    alice = await server.person("alice")
    body = await _document(server, alice.uri)
    parsed = actors.parse(body)
    assert (parsed.type, parsed.username, parsed.webfinger) == ("Person", "alice", "alice@example.test")
    assert parsed.inbox == f"{alice.uri}/inbox"
    assert parsed.shared_inbox == "https://example.test/inbox"
    assert [key.owner for key in parsed.keys] == [alice.uri, alice.uri]
    assert "@context" in body


@pytest.mark.parametrize(
    "accept",
    [
        "application/activity+json",
        "application/ld+json",
        'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
        "Application/LD+JSON;profile=https://www.w3.org/ns/activitystreams;q=0.9, text/html;q=0.1",
        "application/json;q=0.2,  application/activity+json ; q=0.5",
    ],
)
async def test_a_document_is_given_to_whoever_accepts_one(server: Node, accept: str) -> None:
    alice = await server.person("alice")
    for path in ("/users/alice", "/@alice"):
        response = await _get(server, path, accept)
        assert response.status_code == 200
        assert response.json()["id"] == alice.uri


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/activity+json;q=0, text/html"])
async def test_people_are_sent_to_the_page(server: Node, accept: str) -> None:
    alice = await server.person("alice")
    post = await alice.posts("hello")
    for uri, page in ((alice.uri, "https://example.test/@alice"), (post["uri"], post["url"])):
        response = await _get(server, uri, accept)
        assert response.status_code in (301, 302)
        assert response.headers["location"] == page
        assert "Accept" in response.headers["vary"]


async def test_an_unknown_name_and_a_name_of_another_server_are_not_found(server: Node, peer: Puppet) -> None:
    await resolve.actor(server.app.fed, peer.actor("eve")["id"])
    for name in ("nobody", "eve", "example.test"):
        assert (await _get(server, f"/users/{name}")).status_code == 404


async def test_the_actor_of_the_server_is_open_to_everybody(servers: Servers) -> None:
    (a,) = await servers("example.test", federation_mode="allowlist")
    for path in ("/actor", "/"):
        response = await _get(a, path)
        assert response.status_code == 200
        body = response.json()
        assert (body["id"], body["type"]) == ("https://example.test/actor", "Application")
        assert body["publicKey"]["owner"] == body["id"]
    assert (await _get(a, "/actor/outbox")).json()["totalItems"] == 0


async def test_a_suspended_account_says_so_and_shows_nothing(server: Node) -> None:
    alice = await server.person("alice")
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"note": "secret plans"})
    post = await alice.posts("hello")
    async with server.db.transaction() as conn:
        await accounts.suspend(conn, alice.account_id)
    body = await _document(server, alice.uri)
    assert body["suspended"] is True
    assert body["summary"] == ""
    for uri in (post["uri"], f"{alice.uri}/outbox", f"{alice.uri}/followers", f"{alice.uri}/collections/featured"):
        assert (await _get(server, uri)).status_code == 404


async def test_inboxes_take_only_posts(server: Node) -> None:
    await server.person("alice")
    for path in ("/inbox", "/actor/inbox", "/users/alice/inbox"):
        assert (await _get(server, path)).status_code == 405
        assert (await server.client.post(path, json={})).status_code == 400


# ---------------------------------------------------------------- posts


async def test_a_post_and_its_create_can_be_fetched(server: Node) -> None:
    alice = await server.person("alice")
    post = await alice.posts("hello #cats", spoiler_text="cw")
    body = await _document(server, post["uri"])
    parsed = notes.parse(body)
    assert (parsed.author, parsed.summary, parsed.to) == (alice.uri, "cw", (PUBLIC,))
    create = await _document(server, f"{post['uri']}/activity")
    assert (create["type"], create["actor"], create["object"]["id"]) == ("Create", alice.uri, post["uri"])
    assert "@context" not in create["object"]
    response = await _get(server, f"/@alice/{post['id']}")
    assert response.json() == body


async def test_a_boost_is_an_announce(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("hello")
    boost = await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    body = await _document(server, boost["uri"])
    assert (body["type"], body["actor"], body["object"]) == ("Announce", bob.uri, post["uri"])


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_a_private_post_is_not_there_for_who_does_not_sign(server: Node, visibility: str) -> None:
    alice = await server.person("alice")
    post = await alice.posts("psst", visibility=visibility)
    uri = f"{alice.uri}/statuses/{post['id']}"
    absent = await _get(server, f"{alice.uri}/statuses/1")
    for suffix in ("", "/activity", "/replies", "/likes", "/shares"):
        response = await _get(server, uri + suffix)
        assert (response.status_code, response.content) == (404, absent.content)
        assert response.headers["cache-control"] == absent.headers["cache-control"]


async def test_a_follower_reads_what_followers_may(server: Node, peer: Puppet) -> None:
    alice, eve, ann = await server.person("alice"), peer.actor("eve"), peer.actor("ann")
    post = await alice.posts("psst", visibility="private")
    path = _path(f"{alice.uri}/statuses/{post['id']}")
    follower = await resolve.actor(server.app.fed, eve["id"])
    async with server.db.transaction() as conn:
        await follows.ask(
            conn, follow_id=1, uri=f"{eve['id']}#follow", account_id=follower.id, target_id=alice.account_id,
            options=follows.Options(),
        )  # fmt: skip
        await follows.accept(conn, follower.id, alice.account_id)
    for suffix in ("", "/activity", "/replies"):
        response = await peer.get(server, path + suffix, eve)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "private, no-store"
        assert (await peer.get(server, path + suffix, ann)).status_code == 404


async def test_somebody_addressed_reads_a_direct_post_and_a_forged_signature_does_not_help(
    server: Node, peer: Puppet
) -> None:
    alice, eve = await server.person("alice"), peer.actor("eve")
    post = await alice.posts("@eve@peer.test psst", visibility="direct")
    path = _path(f"{alice.uri}/statuses/{post['id']}")
    assert (await peer.get(server, path, eve)).status_code == 200
    # Signed for another path.
    signed = await peer.get(server, "/users/alice", eve)
    forged = {name: signed.request.headers[name] for name in ("date", "signature")}
    response = await server.client.get(path, headers={"Accept": ACTIVITY, **forged})
    assert response.status_code == 404
    # Signed with a key that is not eve's.
    before = peer.documents["/users/eve"]
    peer.actor("eve", key=5)
    peer.documents["/users/eve"] = before
    assert (await peer.get(server, path, eve)).status_code == 404


async def test_a_worthless_signature_makes_nobody_but_does_not_hide_what_is_public(server: Node, peer: Puppet) -> None:
    alice, eve = await server.person("alice"), peer.actor("eve")
    post = await alice.posts("hello")
    response = await peer.get(server, _path(post["uri"]), eve, Signature='keyId="https://peer.test/x",signature="AA=="')
    assert response.status_code == 200
    assert peer.asked == []


async def test_a_stranger_who_signs_costs_no_request_where_it_would_change_nothing(server: Node, peer: Puppet) -> None:
    alice, eve = await server.person("alice"), peer.actor("eve")
    post = await alice.posts("hello")
    for uri in (alice.uri, post["uri"], f"{alice.uri}/outbox"):
        assert (await peer.get(server, _path(uri), eve)).status_code == 200
    assert peer.asked == []


async def test_the_blocked_find_nothing(server: Node, peer: Puppet) -> None:
    alice, eve, ann = await server.person("alice"), peer.actor("eve"), peer.actor("ann")
    post = await alice.posts("hello")
    blocked = await resolve.actor(server.app.fed, eve["id"])
    async with server.db.transaction() as conn:
        await blocks.add(conn, alice.account_id, blocked.id, uri=None)
    assert (await peer.get(server, _path(post["uri"]), eve)).status_code == 404
    assert (await peer.get(server, _path(post["uri"]), ann)).status_code == 200
    async with server.db.transaction() as conn:
        await domains.block(conn, "peer.test")
    for uri in (post["uri"], alice.uri, f"{alice.uri}/outbox", f"{alice.uri}/followers"):
        assert (await peer.get(server, _path(uri), ann)).status_code == 404


async def test_a_post_is_found_only_under_its_own_author(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("hello")
    assert (await _get(server, f"{bob.uri}/statuses/{post['id']}")).status_code == 404
    for wrong in ("0", "abc", "99999999999999999999", "-1"):
        assert (await _get(server, f"{alice.uri}/statuses/{wrong}")).status_code == 404


async def test_a_deleted_public_post_is_gone_and_a_private_one_was_never_there(servers: Servers) -> None:
    a, b = await servers("example.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    found = {}
    for visibility in ("public", "private"):
        post = await alice.posts("hello", visibility=visibility)
        await drain(a, b)
        await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
        await drain(a, b)
        found[visibility] = await _get(a, f"{alice.uri}/statuses/{post['id']}")
    assert found["public"].status_code == 410
    assert found["public"].json()["type"] == "Tombstone"
    assert found["private"].status_code == 404


# ---------------------------------------------------------------- collections


async def _walk(node: Node, uri: str) -> tuple[dict[str, Any], list[Any]]:
    """The head of a collection, and all items of its pages."""
    head = await _document(node, uri)
    items: list[Any] = []
    following = head["first"]
    while following:
        page = following if isinstance(following, dict) else (await _document(node, following))
        assert page["partOf"] == uri
        items += page.get("orderedItems") or page.get("items") or []
        following = page.get("next")
    return head, items


async def test_the_outbox_holds_what_is_public_page_by_page(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    theirs = await bob.posts("boost me")
    uris = [(await alice.posts(f"post {number}"))["uri"] for number in range(22)]
    await alice.posts("psst", visibility="private")
    await alice.posts("@bob psst", visibility="direct")
    quiet = await alice.posts("quiet", visibility="unlisted")
    boost = await alice.post(f"/api/v1/statuses/{theirs['id']}/reblog")
    head, items = await _walk(server, f"{alice.uri}/outbox")
    assert head["type"] == "OrderedCollection"
    assert [item["type"] for item in items] == ["Announce"] + ["Create"] * 23
    assert items[0]["id"] == boost["uri"]
    assert [item["object"]["id"] for item in items[1:]] == [quiet["uri"], *reversed(uris)]


async def test_followers_are_counted_and_listed_unless_they_are_hidden(server: Node) -> None:
    alice = await server.person("alice")
    people = [await server.person(f"person{number}") for number in range(3)]
    for person in people:
        await person.follow(alice)
        await alice.follow(person)
    for name in ("followers", "following"):
        head, items = await _walk(server, f"{alice.uri}/{name}")
        assert head["totalItems"] == 3
        assert items == [person.uri for person in reversed(people)]
    async with server.db.transaction() as conn:
        await accounts.update_profile(conn, alice.account_id, accounts.Profile(hide_collections=True))
    for path in (f"{alice.uri}/followers", f"{alice.uri}/followers?page=true"):
        body = (await _get(server, path)).json()
        assert body["totalItems"] == 3
        assert not {"first", "items", "orderedItems"} & body.keys()


async def test_featured_holds_pinned_posts_that_all_may_read(server: Node) -> None:
    alice = await server.person("alice")
    shown = await alice.posts("look")
    hidden = await alice.posts("psst", visibility="private")
    async with server.db.transaction() as conn:
        for post in (shown, hidden):
            await pins.add(conn, account_id=alice.account_id, status_id=int(post["id"]), most=5)
    body = await _document(server, f"{alice.uri}/collections/featured")
    assert [item["id"] for item in body["orderedItems"]] == [shown["uri"]]


async def test_replies_list_public_answers_of_all_servers(server: Node, peer: Puppet) -> None:
    alice, bob, eve = await server.person("alice"), await server.person("bob"), peer.actor("eve")
    post = await alice.posts("hello")
    first = await bob.replies(post, "hi")
    await bob.replies(post, "psst", visibility="direct")
    second = await resolve.status(server.app.fed, peer.note(eve, "1", inReplyTo=post["uri"])["id"])
    head, items = await _walk(server, f"{post['uri']}/replies")
    assert head["totalItems"] == 2
    assert sorted(items) == sorted([first["uri"], second.uri])


async def test_likes_and_shares_are_counts(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    post = await alice.posts("hello")
    await bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    await bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    for name in ("likes", "shares"):
        body = await _document(server, f"{post['uri']}/{name}")
        assert body["totalItems"] == 1
        assert "first" not in body


async def test_a_thread_that_began_here_has_a_collection(server: Node, peer: Puppet) -> None:
    alice, bob, eve = await server.person("alice"), await server.person("bob"), peer.actor("eve")
    post = await alice.posts("hello")
    answer = await bob.replies(post, "hi")
    await bob.replies(post, "psst", visibility="direct")
    theirs = await resolve.status(server.app.fed, peer.note(eve, "1", inReplyTo=answer["uri"])["id"])
    context = (await _document(server, answer["uri"]))["context"]
    body = await _document(server, context)
    assert body["attributedTo"] == alice.uri
    assert sorted(body["orderedItems"]) == sorted([post["uri"], answer["uri"], theirs.uri])
    secret = await alice.posts("psst", visibility="private")
    assert (await _get(server, f"/contexts/{secret['id']}")).status_code == 404


async def test_an_emoji_of_ours_has_a_document(server: Node) -> None:
    async with server.db.transaction() as conn:
        emoji_id = await conn.fetchval(
            "insert into custom_emojis (shortcode, file) values ('blob', 'blob.png') returning id"
        )
        theirs = await conn.fetchval(
            "insert into custom_emojis (shortcode, domain, remote_url) values ('x', 'peer.test', 'https://peer.test/x.png')"
            " returning id"
        )
    body = await _document(server, f"https://example.test/emojis/{emoji_id}")
    assert (body["type"], body["name"], body["icon"]["url"]) == (
        "Emoji", ":blob:", "https://example.test/media/blob.png",
    )  # fmt: skip
    assert (await _get(server, f"/emojis/{theirs}")).status_code == 404


# ---------------------------------------------------------------- allow-list


async def test_with_an_allow_list_strangers_see_keys_and_nothing_else(servers: Servers) -> None:
    (a,) = await servers("example.test", federation_mode="allowlist")
    stranger, friend = Puppet(a.network, "stranger.test"), Puppet(a.network, "friend.test")
    async with a.db.transaction() as conn:
        await domains.allow(conn, "friend.test")
    alice, eve, fred = await a.person("alice"), stranger.actor("eve"), friend.actor("fred")
    post = await alice.posts("hello")
    for path in (_path(post["uri"]), "/users/alice/outbox", "/users/alice/followers", f"/contexts/{post['id']}"):
        assert (await _get(a, path)).status_code == 404
        assert (await stranger.get(a, path, eve)).status_code == 404
        assert (await friend.get(a, path, fred)).status_code == 200
    for response in (await _get(a, alice.uri), await stranger.get(a, "/users/alice", eve)):
        body = response.json()
        assert body["publicKey"]["owner"] == alice.uri
        assert "name" not in body
        assert "outbox" not in body
    assert (await friend.get(a, "/users/alice", fred)).json()["outbox"] == f"{alice.uri}/outbox"


async def test_a_private_post_is_read_across_servers_in_the_name_of_a_follower_only(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob, carol = await a.person("alice"), await b.person("bob"), await b.person("carol")
    await bob.follow(alice)
    await drain(a, b)
    post = await alice.posts("psst", visibility="private")
    uri = f"{alice.uri}/statuses/{post['id']}"
    found = await origins.document(b.app.fed, uri, sign_as=bob.account_id, again=True)
    assert found.body["content"] == "<p>psst</p>"
    for account_id in (carol.account_id, INSTANCE_ACTOR_ID):
        with pytest.raises(NotFound):
            await origins.document(b.app.fed, uri, sign_as=account_id, again=True)


async def test_a_document_that_has_not_changed_is_not_sent_again(server: Node) -> None:
    alice = await server.person("alice")
    first = await _get(server, alice.uri)
    headers = {"Accept": ACTIVITY, "If-None-Match": first.headers["etag"]}
    again = await server.client.get("/users/alice", headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    await alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Alice"})
    assert (await server.client.get("/users/alice", headers=headers)).status_code == 200
