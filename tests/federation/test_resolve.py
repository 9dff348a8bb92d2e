"""Looking up what other servers have: what is believed, what is refused, and how little is asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from federation import actors, origins, references, resolve, signers
from federation.errors import Gone, Rejected, Retry, SignatureError
from storage import accounts, domains, statuses
from storage import keys as key_rows
from storage.accounts import Account
from storage.db import Conn
from storage.statuses import Status
from tests.support.puppet import PUBLIC, Page, Puppet, pair
from tests.support.servers import Node, drain

pytestmark = pytest.mark.anyio

EARLIER, LATER = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"

Servers = Callable[..., Awaitable[list[Node]]]


@pytest.fixture
async def a(servers: Servers) -> Node:
    return (await servers("a.test"))[0]


@pytest.fixture
def peer(a: Node) -> Puppet:
    return Puppet(a.network, "peer.test")


async def _read(node: Node, question: Callable[[Conn], Awaitable[Any]]) -> Any:
    async with node.db.read() as conn:
        return await question(conn)


async def _mentions(node: Node, status: Status) -> dict[str, bool]:
    """Handle → silent."""
    rows = await _read(node, lambda conn: statuses.mentioned(conn, [status.id]))
    people = await _read(node, lambda conn: accounts.by_ids(conn, [account_id for account_id, _ in rows[status.id]]))
    return {people[account_id].handle: silent for account_id, silent in rows[status.id]}


# ---------------------------------------------------------------- actors


async def test_an_actor_of_another_server_of_ours_is_stored_with_its_handle_and_keys(servers: Servers) -> None:
    a, b = await servers("a.test", "b.test")
    bob = await b.person("bob")
    found = await resolve.handle(a.app.fed, "@Bob@B.test")
    assert found is not None
    assert (found.uri, found.handle, found.is_local) == (bob.uri, "bob@b.test", False)
    stored = await _read(a, lambda conn: key_rows.of_account(conn, found.id))
    assert [key.kind for key in stored] == ["rsa", "ed25519"]


async def test_a_known_actor_is_not_asked_for_again(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    first = await resolve.actor(a.app.fed, eve["id"])
    asked = len(peer.asked)
    assert (await resolve.actor(a.app.fed, eve["id"])).id == first.id
    assert len(peer.asked) == asked


async def test_one_request_serves_all_who_ask_at_once(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    found = await asyncio.gather(*(resolve.actor(a.app.fed, eve["id"]) for _ in range(5)))
    assert len({account.id for account in found}) == 1
    assert peer.asked.count("/users/eve") == 1


async def test_an_old_actor_is_read_again_in_the_background(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    before = await resolve.actor(a.app.fed, eve["id"])
    peer.actor("eve", name="Eve the Second")
    await resolve.actor(a.app.fed, eve["id"], max_age_hours=0)
    await drain(a)
    after = await resolve.actor(a.app.fed, eve["id"])
    assert (before.display_name, after.display_name) == ("Eve", "Eve the Second")


async def test_a_document_that_claims_to_be_of_another_host_is_not_believed(a: Node, peer: Puppet) -> None:
    victim = Puppet(a.network, "victim.test")
    theirs = victim.actor("vic")
    peer.documents["/users/fake"] = {**theirs, "name": "Forged", "inbox": "https://peer.test/inbox"}
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, "https://peer.test/users/fake")
    account = await resolve.actor(a.app.fed, theirs["id"])
    assert (account.uri, account.display_name, account.inbox) == (theirs["id"], "Vic", theirs["inbox"])


async def test_a_document_of_the_wrong_media_type_is_refused(a: Node, peer: Puppet) -> None:
    upload = peer.actor("eve")
    address = "https://peer.test/media/eve.json"
    peer.documents["/media/eve.json"] = Page(json.dumps({**upload, "id": address}), "application/json")
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, address)


async def test_an_actor_at_one_of_our_addresses_is_never_fetched(a: Node) -> None:
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, "https://a.test/users/nobody")
    assert not [url for _, url in a.network.seen if "a.test" in url]


async def test_a_blocked_domain_and_what_lies_below_it_is_not_asked(a: Node, peer: Puppet) -> None:
    below = Puppet(a.network, "sub.peer.test")
    async with a.db.transaction() as conn:
        await domains.block(conn, "peer.test")
    for uri in (peer.actor("eve")["id"], below.actor("eve")["id"]):
        with pytest.raises(Rejected):
            await resolve.actor(a.app.fed, uri)
    assert await resolve.handle(a.app.fed, "eve@peer.test") is None
    assert peer.asked == below.asked == []


async def test_an_account_of_a_limited_domain_is_limited(a: Node, peer: Puppet) -> None:
    async with a.db.transaction() as conn:
        await domains.block(conn, "peer.test", severity="silence")
    assert (await resolve.actor(a.app.fed, peer.actor("eve")["id"])).silenced_at is not None


async def test_with_an_allow_list_nobody_else_is_asked(servers: Servers) -> None:
    (a,) = await servers("a.test", federation_mode="allowlist")
    peer, friend = Puppet(a.network, "peer.test"), Puppet(a.network, "friend.test")
    async with a.db.transaction() as conn:
        await domains.allow(conn, "friend.test")
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, peer.actor("eve")["id"])
    assert (await resolve.actor(a.app.fed, friend.actor("fred")["id"])).handle == "fred@friend.test"


async def test_an_actor_that_is_gone_is_marked(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    await resolve.actor(a.app.fed, eve["id"])
    peer.documents["/users/eve"] = 410
    with pytest.raises(Gone):
        await resolve.actor(a.app.fed, eve["id"], refresh=True)
    account = await resolve.actor(a.app.fed, eve["id"])
    assert account.suspended_at is not None
    assert account.suspended_by_origin


async def test_a_stub_changes_keys_and_nothing_else(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve", summary="<p>me</p>")
    await resolve.actor(a.app.fed, eve["id"])
    peer.actor("eve", name=None, summary=None, url=None, key=1)
    account = await resolve.actor(a.app.fed, eve["id"], refresh=True)
    stored = await _read(a, lambda conn: key_rows.of_account(conn, account.id))
    assert (account.display_name, account.note) == ("Eve", "<p>me</p>")
    assert [key.public_pem for key in stored] == [pair(1).public_pem]


async def test_nobody_may_name_the_shared_inbox_of_others(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve", endpoints={"sharedInbox": "https://victim.test/inbox"})
    ann = peer.actor("ann", endpoints={"sharedInbox": "https://peer.test/inbox"})
    assert (await resolve.actor(a.app.fed, eve["id"])).shared_inbox is None
    assert (await resolve.actor(a.app.fed, ann["id"])).shared_inbox == "https://peer.test/inbox"


async def test_a_silent_host_is_left_alone_after_some_failures(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    a.network.down.add("peer.test")
    for _ in range(origins.HOST_FAILURES + 3):
        with pytest.raises(Retry):
            await resolve.actor(a.app.fed, eve["id"])
    tries = [url for _, url in a.network.seen if url == eve["id"]]
    assert len(tries) == origins.HOST_FAILURES


async def test_a_refusal_is_remembered_for_a_while(a: Node, peer: Puppet) -> None:
    for _ in range(3):
        assert await resolve.actors(a.app.fed, ["https://peer.test/users/nobody"]) == {}
    assert peer.asked == ["/users/nobody"]


async def test_many_actors_take_one_query_for_those_that_are_known(a: Node, peer: Puppet) -> None:
    uris = [peer.actor(f"eve{number}")["id"] for number in range(6)]
    found = await resolve.actors(a.app.fed, [*uris, "https://peer.test/users/nobody", "urn:uuid:1"])
    assert sorted(found) == sorted(uris)
    asked = len(peer.asked)
    assert len(await resolve.actors(a.app.fed, uris)) == 6
    assert len(peer.asked) == asked


async def test_only_some_of_very_many_unknown_actors_are_fetched(a: Node, peer: Puppet) -> None:
    uris = [f"https://peer.test/users/flood{number}" for number in range(500)]
    await resolve.actors(a.app.fed, uris)
    assert len(peer.asked) == actors.MAX_UNKNOWN


# ---------------------------------------------------------------- handles


async def test_a_handle_domain_may_differ_from_the_server(a: Node) -> None:
    server, domain = Puppet(a.network, "social.split.test"), Puppet(a.network, "split.test")
    ann = server.actor("ann", known=False)
    server.knows("ann@social.split.test", ann["id"], subject="ann@split.test")
    domain.knows("ann@split.test", ann["id"])
    by_uri = await resolve.actor(a.app.fed, ann["id"])
    assert by_uri.handle == "ann@split.test"
    by_handle = await resolve.handle(a.app.fed, "ann@split.test")
    assert by_handle is not None
    assert by_handle.id == by_uri.id


async def test_an_actor_with_a_handle_at_a_domain_that_does_not_point_back_is_refused(a: Node, peer: Puppet) -> None:
    victim = Puppet(a.network, "victim.test")
    real = victim.actor("ceo")
    fake = peer.actor("ceo", known=False, webfinger="ceo@victim.test")
    peer.knows("ceo@peer.test", fake["id"], subject="ceo@victim.test")
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, fake["id"])
    found = await resolve.handle(a.app.fed, "ceo@victim.test")
    assert found is not None
    assert found.uri == real["id"]


async def test_an_actor_whose_handle_its_own_host_gives_to_another_is_refused(a: Node, peer: Puppet) -> None:
    real = peer.actor("ann")
    peer.documents["/users/other"] = {**real, "id": "https://peer.test/users/other", "publicKey": None}
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, "https://peer.test/users/other")


async def test_without_webfinger_the_name_at_the_host_counts_unless_it_is_taken(a: Node, peer: Puppet) -> None:
    ann = peer.actor("ann", known=False)
    assert (await resolve.actor(a.app.fed, ann["id"])).handle == "ann@peer.test"
    peer.documents["/users/ann2"] = {**ann, "id": "https://peer.test/users/ann2", "publicKey": None}
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, "https://peer.test/users/ann2")


async def test_nobody_elsewhere_gets_a_handle_at_our_domain(servers: Servers) -> None:
    (a,) = await servers("social.a.test", account_domain="a.test")
    apex = Puppet(a.network, "a.test")
    with pytest.raises(Rejected):
        await resolve.actor(a.app.fed, apex.actor("admin")["id"])
    other = Puppet(a.network, "peer.test")
    fake = other.actor("admin", known=False, webfinger="admin@a.test")
    assert (await resolve.actor(a.app.fed, fake["id"])).handle == "admin@peer.test"


async def test_a_renamed_actor_stays_the_same_account(a: Node, peer: Puppet) -> None:
    ann = peer.actor("ann")
    before = await resolve.actor(a.app.fed, ann["id"])
    peer.documents["/users/ann"] = {**ann, "preferredUsername": "anna"}
    peer.knows("anna@peer.test", ann["id"])
    after = await resolve.actor(a.app.fed, ann["id"], refresh=True)
    assert (after.id, after.handle) == (before.id, "anna@peer.test")


async def test_host_meta_says_where_webfinger_is_when_it_is_not_at_its_place(a: Node, peer: Puppet) -> None:
    ann = peer.actor("ann", known=False)
    template = '<XRD><Link rel="lrdd" template="https://peer.test/finger?q={uri}&amp;x=1"/></XRD>'
    peer.documents["/.well-known/host-meta"] = Page(template, "application/xrd+xml")
    link = {"rel": "self", "type": "application/activity+json", "href": ann["id"]}
    peer.documents["/finger?q=acct%3Aann%40peer.test&x=1"] = {"subject": "acct:ann@peer.test", "links": [link]}
    found = await resolve.handle(a.app.fed, "ann@peer.test")
    assert found is not None
    assert found.uri == ann["id"]


async def test_a_host_meta_made_to_keep_us_busy_does_not(a: Node, peer: Puppet) -> None:
    peer.documents["/.well-known/host-meta"] = Page("<Link " * 150_000, "application/xrd+xml")
    async with asyncio.timeout(5):
        assert await resolve.handle(a.app.fed, "ann@peer.test") is None


async def test_handles_come_back_under_the_names_they_were_asked_by(a: Node, peer: Puppet) -> None:
    alice, ann = await a.person("alice"), peer.actor("ann")
    found = await resolve.handles(
        a.app.fed, [("ann", "peer.test"), ("Alice", "a.test"), ("nobody", "peer.test"), ("x", "not a host")]
    )
    assert {pair: account.uri for pair, account in found.items()} == {
        ("ann", "peer.test"): ann["id"],
        ("Alice", "a.test"): alice.uri,
    }


# ---------------------------------------------------------------- keys


async def test_a_bare_key_counts_only_when_its_owner_lists_it(a: Node, peer: Puppet) -> None:
    key_id = "https://peer.test/users/eve/publickey"
    bare = {"id": key_id, "type": "Key", "owner": "https://peer.test/users/eve", "publicKeyPem": pair(1).public_pem}
    peer.documents["/users/eve/publickey"] = bare
    peer.actor("eve")
    with pytest.raises(SignatureError):
        await resolve.key(a.app.fed, key_id)
    kim = "https://peer.test/users/kim"
    listed = {**bare, "id": f"{kim}/publickey", "owner": kim}
    peer.actor("kim", publicKey=listed)
    peer.documents["/users/kim/publickey"] = listed
    assert (await resolve.key(a.app.fed, f"{kim}/publickey")).owner == kim


async def test_a_key_of_another_host_is_refused(a: Node, peer: Puppet) -> None:
    victim = Puppet(a.network, "victim.test")
    theirs = victim.actor("vic")
    peer.documents["/key"] = {"id": "https://peer.test/key", "owner": theirs["id"], "publicKeyPem": pair(1).public_pem}
    with pytest.raises(SignatureError):
        await resolve.key(a.app.fed, "https://peer.test/key")


async def test_a_key_that_another_actor_holds_is_not_given_away(a: Node, peer: Puppet) -> None:
    ann = peer.actor("ann")
    held = await resolve.key(a.app.fed, ann["publicKey"]["id"])
    thief = "https://peer.test/users/eve"
    peer.actor("eve", publicKey={"id": ann["publicKey"]["id"], "owner": thief, "publicKeyPem": pair(1).public_pem})
    await resolve.actor(a.app.fed, thief)
    after = await resolve.key(a.app.fed, ann["publicKey"]["id"])
    assert (after.owner, after.public_pem) == (held.owner, held.public_pem)


async def test_made_up_key_ids_cost_one_request(a: Node, peer: Puppet) -> None:
    peer.actor("eve")
    await resolve.actor(a.app.fed, "https://peer.test/users/eve")
    before = len(peer.asked)
    for number in range(10):
        with pytest.raises(SignatureError):
            await resolve.key(a.app.fed, f"https://peer.test/users/eve#key-{number}")
    assert len(peer.asked) - before == 1


async def test_a_key_that_does_not_fit_is_read_again_once(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    path = alice.uri.removeprefix("https://a.test") + "/outbox"
    await resolve.actor(a.app.fed, eve["id"])
    peer.actor("eve", key=1)
    await peer.get(a, path, eve)
    stored = await signers.stored(a.app.fed, eve["publicKey"]["id"])
    assert stored is not None
    assert stored.public_pem == pair(1).public_pem
    before = len(peer.asked)
    peer.actor("eve", key=2)
    for _ in range(3):
        await peer.get(a, path, eve)
    assert len(peer.asked) == before


# ---------------------------------------------------------------- posts


async def test_a_post_is_stored_with_all_that_hangs_on_it(a: Node, peer: Puppet) -> None:
    alice, eve, ann = await a.person("alice"), peer.actor("eve"), peer.actor("ann")
    note = peer.note(
        eve, "1", type="Question", summary="beware", sensitive=True, contentMap={"de": "<p>1</p>"},
        url="https://peer.test/@eve/1", replies="https://peer.test/notes/1/replies",
        content='<p>hi <a href="https://news.test/story">story</a> :blob:</p>',
        cc=[f"{eve['id']}/followers", alice.uri, ann["id"]],
        tag=[
            {"type": "Mention", "href": alice.uri, "name": "@alice@a.test"},
            {"type": "Mention", "href": ann["id"], "name": "@ann"},
            {"type": "Hashtag", "name": "#Cats", "href": "https://peer.test/tags/cats"},
            {"type": "Emoji", "name": ":blob:", "icon": {"type": "Image", "url": "https://peer.test/blob.png"}},
        ],
        attachment=[{"type": "Document", "url": "https://peer.test/cat.png", "name": "a cat"}],
        oneOf=[{"type": "Note", "name": name, "replies": {"totalItems": 3}} for name in ("yes", "no")],
        endTime="2030-01-01T00:00:00Z",
    )  # fmt: skip
    found = await resolve.status(a.app.fed, note["id"])
    assert (found.visibility, found.spoiler_text, found.sensitive, found.url) == (0, "beware", True, note["url"])
    assert (found.replies_uri, found.emojis, len(found.media_ids)) == (note["replies"], ["blob"], 1)
    assert await _mentions(a, found) == {"alice@a.test": False, "ann@peer.test": False}
    shown = await alice.get(f"/api/v1/statuses/{found.id}")
    assert shown["poll"]["votes_count"] == 6
    assert [tag["name"] for tag in shown["tags"]] == ["cats"]
    assert shown["media_attachments"][0]["description"] == "a cat"
    assert [emoji["shortcode"] for emoji in shown["emojis"]] == ["blob"]
    links = await _read(a, lambda conn: conn.fetch("select url from status_links where status_id = $1", found.id))
    assert [record[0] for record in links] == ["https://news.test/story"]


@pytest.mark.parametrize(
    ("to", "cc", "visibility"),
    [
        ([PUBLIC], [], 0),
        ("as:Public", None, 0),
        (["https://peer.test/users/eve/followers"], [PUBLIC], 1),
        (["https://peer.test/users/eve/followers"], [], 2),
        (["https://a.test/users/alice"], [], 3),
        (None, None, 1),
    ],
)
async def test_visibility_follows_the_addresses(a: Node, peer: Puppet, to: Any, cc: Any, visibility: int) -> None:
    eve = peer.actor("eve")
    found = await resolve.status(a.app.fed, peer.note(eve, "1", to=to, cc=cc)["id"])
    assert found.visibility == visibility


async def test_its_id_is_of_the_time_it_was_published_but_never_of_the_future(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    old = await resolve.status(a.app.fed, peer.note(eve, "old", published="2020-01-01T00:00:00Z")["id"])
    late = await resolve.status(a.app.fed, peer.note(eve, "late", published="2099-01-01T00:00:00Z")["id"])
    newest = await _read(a, lambda conn: statuses.new_id(conn))
    assert old.created_at.year == 2020
    assert old.id < late.id < newest


async def test_somebody_addressed_but_not_named_may_read_and_somebody_named_but_not_addressed_may_not(
    a: Node, peer: Puppet
) -> None:
    alice, bob, eve = await a.person("alice"), await a.person("bob"), peer.actor("eve")
    tags = [{"type": "Mention", "href": bob.uri, "name": "@bob@a.test"}]
    found = await resolve.status(a.app.fed, peer.note(eve, "1", to=[alice.uri], cc=[], tag=tags)["id"])
    assert await _mentions(a, found) == {"alice@a.test": True}
    await alice.get(f"/api/v1/statuses/{found.id}")
    await bob.api("GET", f"/api/v1/statuses/{found.id}", status=404)


async def test_a_post_must_be_by_somebody_of_its_own_host(a: Node, peer: Puppet) -> None:
    victim = Puppet(a.network, "victim.test")
    theirs = victim.actor("vic")
    note = peer.note(theirs, "1")
    with pytest.raises(Rejected):
        await resolve.status(a.app.fed, note["id"])


async def test_a_post_of_a_suspended_author_is_refused(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    account = await resolve.actor(a.app.fed, eve["id"])
    async with a.db.transaction() as conn:
        await accounts.suspend(conn, account.id)
    with pytest.raises(Rejected):
        await resolve.status(a.app.fed, peer.note(eve, "1")["id"])


async def test_a_page_elsewhere_is_not_taken_for_the_posts_own(a: Node, peer: Puppet) -> None:
    note = peer.note(peer.actor("eve"), "1", url="https://bank.test/login")
    assert (await resolve.status(a.app.fed, note["id"])).url == note["id"]


async def test_media_of_a_domain_whose_media_is_rejected_is_left_out(a: Node, peer: Puppet) -> None:
    async with a.db.transaction() as conn:
        await domains.block(conn, "peer.test", severity="noop", reject_media=True)
    eve = peer.actor("eve", icon={"type": "Image", "url": "https://peer.test/eve.png"})
    note = peer.note(eve, "1", attachment=[{"type": "Image", "url": "https://peer.test/cat.png"}])
    found = await resolve.status(a.app.fed, note["id"])
    assert found.media_ids == []
    assert (await resolve.actor(a.app.fed, eve["id"])).avatar_remote_url is None


async def test_a_post_that_is_fetched_is_not_news(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    tags = [{"type": "Mention", "href": alice.uri, "name": "@alice@a.test"}]
    await resolve.status(a.app.fed, peer.note(eve, "1", cc=[alice.uri], tag=tags)["id"])
    await drain(a)
    assert await alice.notifications() == []


async def test_reading_a_post_again_brings_its_edit(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    note = peer.note(eve, "1", attachment=[{"type": "Image", "url": "https://peer.test/cat.png", "name": "cat"}])
    before = await resolve.status(a.app.fed, note["id"])
    peer.note(
        eve, "1", content="<p>changed</p>", published=EARLIER, updated=LATER, to=[PUBLIC],
        attachment=[{"type": "Image", "url": "https://peer.test/cat.png", "name": "a black cat"}],
    )  # fmt: skip
    after = await resolve.status(a.app.fed, note["id"], refresh=True)
    assert (after.content, after.media_ids) == ("<p>changed</p>", before.media_ids)
    history = await alice.get(f"/api/v1/statuses/{before.id}/history")
    assert [edit["content"] for edit in history] == ["<p>hello</p>", "<p>changed</p>"]


async def test_an_edit_that_asks_something_else_voids_the_votes_and_keeps_what_was_asked(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")

    def poll(*names: str, **more: Any) -> dict[str, Any]:
        options = [{"type": "Note", "name": name, "replies": {"totalItems": 1}} for name in names]
        return peer.note(
            eve, "1", type="Question", oneOf=options, published=EARLIER, endTime="2030-01-01T00:00:00Z", **more
        )

    found = await resolve.status(a.app.fed, poll("yes", "no")["id"])
    before = await alice.get(f"/api/v1/statuses/{found.id}")
    await alice.post(f"/api/v1/polls/{before['poll']['id']}/votes", {"choices": [0]})
    poll("yes", "no", "maybe", updated=LATER)
    await resolve.status(a.app.fed, found.uri, refresh=True)
    after = await alice.get(f"/api/v1/statuses/{found.id}")
    assert (after["poll"]["voted"], len(after["poll"]["options"])) == (False, 3)
    history = await alice.get(f"/api/v1/statuses/{found.id}/history")
    assert [len(edit["poll"]["options"]) for edit in history] == [2, 3]


async def test_an_update_that_changes_nothing_is_not_an_edit(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    found = await resolve.status(a.app.fed, peer.note(eve, "1", published=EARLIER)["id"])
    peer.note(eve, "1", published=EARLIER, updated=LATER)
    await resolve.status(a.app.fed, found.uri, refresh=True)
    assert (await alice.get(f"/api/v1/statuses/{found.id}"))["edited_at"] is None


async def test_an_edit_never_widens_who_may_read(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    note = peer.note(eve, "1", to=[f"{eve['id']}/followers"], cc=[])
    await resolve.status(a.app.fed, note["id"])
    peer.note(eve, "1", published=EARLIER, updated=LATER, content="<p>2</p>")
    after = await resolve.status(a.app.fed, note["id"], refresh=True)
    assert (after.content, after.visibility) == ("<p>2</p>", 2)


async def test_a_copy_without_a_newer_date_brings_the_counts_of_a_poll_and_nothing_else(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")

    def poll(votes: int, content: str) -> dict[str, Any]:
        options = [{"type": "Note", "name": name, "replies": {"totalItems": votes}} for name in ("yes", "no")]
        return peer.note(eve, "1", type="Question", oneOf=options, content=content, endTime="2030-01-01T00:00:00Z")

    found = await resolve.status(a.app.fed, poll(1, "<p>ask</p>")["id"])
    poll(5, "<p>silently changed</p>")
    await resolve.status(a.app.fed, found.uri, refresh=True)
    shown = await alice.get(f"/api/v1/statuses/{found.id}")
    assert (shown["content"], shown["poll"]["votes_count"]) == ("<p>ask</p>", 10)


# ---------------------------------------------------------------- pasted addresses


async def test_a_pasted_page_leads_to_what_it_names_as_alternate(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    note = peer.note(eve, "1")
    link = f'<link rel="alternate" type="application/activity+json" href="{note["id"]}">'
    peer.documents["/@eve/1"] = Page(f"<html><head>{link}</head></html>")
    found = await resolve.url(a.app.fed, "https://peer.test/@eve/1")
    assert isinstance(found, Status)
    assert found.uri == note["id"]
    person = await resolve.url(a.app.fed, eve["id"])
    assert isinstance(person, Account)
    assert await resolve.url(a.app.fed, "https://peer.test/nothing") is None


async def test_a_pasted_address_of_ours_is_found_without_the_network(a: Node) -> None:
    alice = await a.person("alice")
    post = await alice.posts("hello")
    for address in (post["uri"], post["url"]):
        found = await resolve.url(a.app.fed, address)
        assert isinstance(found, Status)
        assert str(found.id) == post["id"]
    assert await resolve.url(a.app.fed, "https://a.test/users/nobody") is None
    assert a.network.seen == []


# ---------------------------------------------------------------- threads


async def test_what_a_post_answers_is_fetched_to_the_top(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    for number in range(5):
        peer.note(eve, str(number), inReplyTo=f"https://peer.test/notes/{number - 1}" if number else None)
    last = await resolve.status(a.app.fed, "https://peer.test/notes/4")
    await drain(a)
    thread = await alice.get(f"/api/v1/statuses/{last.id}/context")
    assert [status["uri"][-1] for status in thread["ancestors"]] == ["0", "1", "2", "3"]


async def test_a_thread_without_end_is_not_followed_for_ever(a: Node, peer: Puppet) -> None:
    eve = peer.actor("eve")
    for number in range(130):
        peer.note(eve, str(number), inReplyTo=f"https://peer.test/notes/{number + 1}")
    await resolve.status(a.app.fed, "https://peer.test/notes/0")
    await drain(a)
    notes = [path for path in peer.asked if path.startswith("/notes/")]
    assert len(notes) == 101


async def test_answers_are_fetched_when_somebody_opens_a_thread_each_from_its_own_server(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    other = Puppet(a.network, "other.test")
    otto = other.actor("otto")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    here = {"inReplyTo": top["id"], "published": EARLIER}
    near = peer.note(eve, "near", **here)
    far = other.note(otto, "far", **here)
    forged = {**other.note(otto, "forged", content="<p>true</p>", **here), "content": "<p>false</p>"}
    first = {"type": "CollectionPage", "id": "https://peer.test/replies?page=1", "items": [near, far["id"]]}
    more = {"next": "https://peer.test/replies?page=2", "partOf": "https://peer.test/replies"}
    peer.documents["/replies"] = {"id": "https://peer.test/replies", "type": "Collection", "first": {**first, **more}}
    peer.documents["/replies?page=2"] = {
        "id": "https://peer.test/replies?page=2",
        "type": "CollectionPage",
        "items": [forged, "https://other.test/notes/missing"],
        "next": "https://peer.test/replies?page=2",
    }
    found = await resolve.status(a.app.fed, top["id"])
    for _ in range(2):
        await alice.get(f"/api/v1/statuses/{found.id}/context")
        await drain(a)
    thread = await alice.get(f"/api/v1/statuses/{found.id}/context")
    assert {status["uri"]: status["content"] for status in thread["descendants"]} == {
        near["id"]: "<p>hello</p>",
        far["id"]: "<p>hello</p>",
        forged["id"]: "<p>true</p>",
    }
    assert peer.asked.count("/replies") == 1
    assert "/notes/near" not in peer.asked
    await drain(a)
    assert await alice.notifications() == []


async def test_a_collection_that_never_ends_is_left_after_some_pages(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    top = peer.note(eve, "top", replies="https://peer.test/r0")
    for number in range(80):
        peer.documents[f"/r{number}"] = {
            "id": f"https://peer.test/r{number}",
            "type": "CollectionPage",
            "items": [f"https://peer.test/notes/missing{number}"],
            "next": f"https://peer.test/r{number + 1}",
        }
    found = await resolve.status(a.app.fed, top["id"])
    await alice.get(f"/api/v1/statuses/{found.id}/context")
    await drain(a)
    assert len([path for path in peer.asked if path.startswith("/r")]) == references.MAX_PAGES


async def test_pins_of_somebody_followed_are_fetched_if_they_are_their_own(a: Node, peer: Puppet) -> None:
    alice = await a.person("alice")
    eve = peer.actor("eve", featured="https://peer.test/featured")
    own, others = peer.note(eve, "own"), peer.note(peer.actor("ann"), "others")
    hidden = peer.note(eve, "hidden", to=[eve["followers"]], cc=[])
    items = [own["id"], others["id"], hidden["id"]]
    peer.documents["/featured"] = {
        "id": "https://peer.test/featured",
        "type": "OrderedCollection",
        "orderedItems": items,
    }
    account = await resolve.actor(a.app.fed, eve["id"])
    await alice.post(f"/api/v1/accounts/{account.id}/follow")
    await drain(a)
    follow = peer.inbox[-1]
    await peer.send(a, peer.activity("Accept", eve, follow, "1"), eve)
    await drain(a)
    shown = await alice.get(f"/api/v1/accounts/{account.id}/statuses", pinned="true")
    assert [status["uri"] for status in shown] == [own["id"]]


async def test_fetching_goes_on_where_it_was_interrupted(a: Node, peer: Puppet) -> None:
    eve, other = peer.actor("eve"), Puppet(a.network, "other.test")
    top = other.note(other.actor("otto"), "top")
    peer.note(eve, "1", inReplyTo=top["id"])
    peer.note(eve, "2", inReplyTo="https://peer.test/notes/1")
    a.network.down.add("other.test")
    last = await resolve.status(a.app.fed, "https://peer.test/notes/2")
    await drain(a)
    a.network.down.clear()
    async with a.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now()")
    await drain(a)
    found = await _read(a, lambda conn: statuses.by_uri(conn, top["id"]))
    last = await resolve.status(a.app.fed, last.uri)
    assert found is not None
    assert last.thread_id == found.id
