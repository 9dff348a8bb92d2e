"""Conversations are made whole before somebody opens them, within budgets; and nobody is told of what comes late."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import budgets, references, resolve, threads
from federation.budgets import Budget
from federation.errors import Rejected, Spent
from federation.vocab import collection, types
from fedi.services import surroundings
from storage import fetch_budgets, met_hosts, statuses, thread_watches
from storage.fetch_budgets import Limit
from tests.support.puppet import JSON, PUBLIC, Puppet
from tests.support.servers import Node, Person, drain, queries

pytestmark = pytest.mark.anyio

EARLIER = "2024-05-06T07:08:09Z"


@pytest.fixture
async def a(servers: Any) -> Node:
    return (await servers("a.test"))[0]  # type: ignore[no-any-return]


@pytest.fixture
def peer(a: Node) -> Puppet:
    return Puppet(a.network, "peer.test")


def listed(peer: Puppet, path: str, items: list[Any], **more: Any) -> str:
    """Serve a collection; its address."""
    uri = f"https://{peer.host}{path}"
    peer.documents[path] = {"id": uri, "type": "OrderedCollection", "orderedItems": items, **more}
    return uri


async def thread(person: Person, status_id: int | str) -> list[str]:
    found = await person.get(f"/api/v1/statuses/{status_id}/context")
    return [each["uri"] for each in (*found["ancestors"], *found["descendants"])]


async def later(a: Node, **by: float) -> None:
    """Let the time of every watched thread come."""
    async with a.db.transaction() as conn:
        await conn.execute("update thread_watches set next_at = now() - interval '1 second'")
    await surroundings.look_at_threads(a.app)
    await drain(a)


async def arrives(a: Node, peer: Puppet, note: JSON, author: JSON) -> statuses.Status:
    answer = await peer.send(a, peer.create(note), author)
    assert answer.status_code == 202
    await drain(a)
    return await resolve.status(a.app.fed, note["id"])


# ---------------------------------------------------------------- contexts


@pytest.mark.parametrize("form", ["ids", "posts", "activities", "pages"])
async def test_the_collection_of_a_thread_is_read_whatever_it_lists(a: Node, peer: Puppet, form: str) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    context = "https://peer.test/contexts/1"
    top = peer.note(eve, "top", context=context)
    one = peer.note(eve, "one", inReplyTo=top["id"], published=EARLIER, context=context)
    two = peer.note(eve, "two", inReplyTo=one["id"], published=EARLIER, context=context)
    if form == "ids":
        listed(peer, "/contexts/1", [top["id"], one["id"], two["id"]])
    elif form == "posts":
        listed(peer, "/contexts/1", [top, one, two])
    elif form == "activities":
        listed(peer, "/contexts/1", [peer.create(top), {**peer.create(one), "object": one["id"]}, peer.create(two)])
    else:
        listed(peer, "/contexts/1?page=1", [one], type="OrderedCollectionPage", next=f"{context}?page=2")
        listed(peer, "/contexts/1?page=2", [two["id"]], type="OrderedCollectionPage")
        listed(peer, "/contexts/1", [], first=f"{context}?page=1", orderedItems=None)
    found = await resolve.status(a.app.fed, top["id"])
    assert await thread(alice, found.id) == []
    await drain(a)
    assert await thread(alice, found.id) == [one["id"], two["id"]]
    assert await alice.notifications() == []
    assert await alice.home() == []


async def test_a_context_on_another_host_than_the_first_post_is_not_asked(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    other = Puppet(a.network, "other.test")
    noise = peer.note(eve, "noise")
    uri = listed(other, "/contexts/1", [noise["id"]])
    top = peer.note(eve, "top", context=uri, replies=listed(peer, "/replies", []))
    found = await resolve.status(a.app.fed, top["id"])
    await thread(alice, found.id)
    await drain(a)
    assert "/contexts/1" not in other.asked
    assert "/notes/noise" not in peer.asked


async def test_a_copy_from_another_host_is_not_believed(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    other = Puppet(a.network, "other.test")
    otto = other.actor("otto")
    top = peer.note(eve, "top", context="https://peer.test/contexts/1")
    said = other.note(otto, "said", inReplyTo=top["id"], published=EARLIER, content="<p>true</p>")
    unsaid = {**said, "id": "https://other.test/notes/unsaid"}
    listed(peer, "/contexts/1", [{**said, "content": "<p>false</p>"}, unsaid])
    found = await resolve.status(a.app.fed, top["id"])
    await thread(alice, found.id)
    await drain(a)
    below = (await alice.get(f"/api/v1/statuses/{found.id}/context"))["descendants"]
    assert [(each["uri"], each["content"]) for each in below] == [(said["id"], "<p>true</p>")]


async def test_what_is_not_public_is_not_stored(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    here = {"inReplyTo": top["id"], "published": EARLIER}
    secrets = [
        peer.note(eve, "followers", to=[eve["followers"]], cc=[], **here),
        peer.note(eve, "direct", to=[alice.uri], cc=[], tag=[{"type": "Mention", "href": alice.uri}], **here),
    ]
    listed(peer, "/replies", [secrets[0]["id"], secrets[1]])
    found = await resolve.status(a.app.fed, top["id"])
    await thread(alice, found.id)
    await drain(a)
    async with a.db.read() as conn:
        assert await statuses.by_uris(conn, [each["id"] for each in secrets]) == {}
    assert await alice.notifications() == []


async def test_what_could_not_be_had_is_not_asked_for_again(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    top = peer.note(eve, "top", replies=listed(peer, "/replies", ["https://peer.test/notes/missing"]))
    found = await resolve.status(a.app.fed, top["id"])
    for _ in range(3):
        await thread(alice, found.id)
        await drain(a)
        a.app.fed.memory.clear()  # as after a restart
        async with a.db.transaction() as conn:
            await conn.execute("update thread_refreshes set started_at = now() - interval '1 hour'")
    assert peer.asked.count("/replies") == 3
    assert peer.asked.count("/notes/missing") == 1


# ---------------------------------------------------------------- in advance


async def _followed(a: Node, peer: Puppet) -> tuple[Person, JSON]:
    alice, eve = await a.person("alice"), peer.actor("eve")
    account = (await alice.get("/api/v2/search", q="@eve@peer.test", resolve="true"))["accounts"][0]
    await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    await drain(a)
    follow = peer.inbox[-1]
    await peer.send(a, peer.activity("Accept", eve, follow, "accept"), eve)
    await drain(a)
    return alice, eve


async def test_a_thread_of_somebody_followed_is_complete_before_it_is_opened(a: Node, peer: Puppet) -> None:
    alice, eve = await _followed(a, peer)
    other = Puppet(a.network, "other.test")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    answer = other.note(other.actor("otto"), "answer", inReplyTo=top["id"])
    listed(peer, "/replies", [answer["id"]])
    found = await arrives(a, peer, top, eve)
    assert peer.asked.count("/replies") == 0, "nothing is there yet"
    await later(a)
    with queries(at_most=60):
        assert await thread(alice, found.id) == [answer["id"]]
    assert [each["uri"] for each in await alice.home()] == [top["id"]]
    assert await alice.notifications() == []


async def test_a_kept_thread_and_one_that_somebody_here_answered_are_completed(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    for name in ("kept", "answered", "neither"):
        peer.note(eve, name, replies=f"https://peer.test/{name}", published=EARLIER)
        listed(peer, f"/{name}", [])
    kept, answered, _ = [
        await alice.sees(f"https://peer.test/notes/{name}") for name in ("kept", "answered", "neither")
    ]
    await alice.post(f"/api/v1/statuses/{kept['id']}/bookmark")
    await alice.replies(answered, "indeed")
    await drain(a)
    await later(a)
    assert [peer.asked.count(f"/{name}") for name in ("kept", "answered", "neither")] == [1, 1, 0]


async def test_below_our_own_posts_the_answers_to_answers_come_too(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    ours = await alice.posts("hello")
    answer = peer.note(eve, "answer", inReplyTo=ours["uri"], replies="https://peer.test/replies")
    other = Puppet(a.network, "other.test")
    below = other.note(other.actor("otto"), "below", inReplyTo=answer["id"])
    listed(peer, "/replies", [below["id"]])
    await arrives(a, peer, answer, eve)
    await later(a)
    assert await thread(alice, ours["id"]) == [answer["id"], below["id"]]
    assert len(await alice.notifications()) == 0, "it mentions nobody"


async def test_a_thread_is_looked_at_ever_more_rarely_and_then_no_more(a: Node, peer: Puppet) -> None:
    _, eve = await _followed(a, peer)
    await arrives(a, peer, peer.note(eve, "top", replies=listed(peer, "/replies", [])), eve)
    pauses = []
    for age in (timedelta(minutes=15), timedelta(hours=2), timedelta(days=3)):
        async with a.db.transaction() as conn:
            await conn.execute("update thread_watches set started_at = now() - $1::interval, next_at = now()", age)
            assert len(await thread_watches.due(conn, limit=10)) == 1
            assert await thread_watches.due(conn, limit=10) == []
            pauses.append(await conn.fetchval("select next_at - now() from thread_watches"))
    assert pauses == [timedelta(minutes=15), timedelta(hours=2), timedelta(days=3)]
    async with a.db.transaction() as conn:
        await conn.execute("update thread_watches set started_at = now() - interval '31 days', next_at = now()")
        await thread_watches.due(conn, limit=10)
    async with a.db.read() as conn:
        assert await conn.fetchval("select count(*) from thread_watches") == 0


# ---------------------------------------------------------------- counts


async def test_what_a_server_claims_of_its_post_is_shown_but_not_below_what_we_know(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    replies = listed(peer, "/replies", [], totalItems=7)
    likes = {"id": "https://peer.test/likes", "type": "Collection", "totalItems": 12}
    shares = listed(peer, "/shares", [], totalItems=5, orderedItems=None)
    top = peer.note(eve, "top", replies=replies, likes=likes, shares=shares)
    found = await alice.sees(top["id"])
    assert (found["replies_count"], found["reblogs_count"], found["favourites_count"]) == (0, 0, 12)
    await alice.post(f"/api/v1/statuses/{found['id']}/favourite")
    await thread(alice, found["id"])
    await drain(a)
    shown = await alice.get(f"/api/v1/statuses/{found['id']}")
    assert (shown["replies_count"], shown["reblogs_count"], shown["favourites_count"]) == (7, 5, 12)
    for number in range(8):
        await alice.replies(shown, f"answer {number}")
    assert (await alice.get(f"/api/v1/statuses/{found['id']}"))["replies_count"] == 8


async def test_pages_say_how_much_of_it_is_known(a: Node, peer: Puppet) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    ours = await alice.posts("hello")
    likes = {"id": "https://peer.test/likes", "type": "Collection", "totalItems": 4}
    answer = await alice.sees(peer.note(eve, "answer", inReplyTo=ours["uri"], likes=likes)["id"])
    await alice.post(f"/api/v1/statuses/{answer['id']}/favourite")
    page = (await a.client.get(f"/@alice/{ours['id']}")).text
    assert "1 of 4 favourites known here" in page
    assert "0 boosts" in page
    assert "1 reply" in page


@pytest.mark.parametrize("claimed", [-1, "many", 10**30, None, [], {"a": 1}, 1.5, True])
async def test_claims_that_make_no_sense_break_nothing(a: Node, peer: Puppet, claimed: Any) -> None:
    alice, eve = await a.person("alice"), peer.actor("eve")
    top = peer.note(eve, "top", likes={"id": "https://peer.test/likes", "totalItems": claimed})
    assert 0 <= (await alice.sees(top["id"]))["favourites_count"] < 2**31


async def test_others_can_do_the_same_with_our_threads(servers: Any) -> None:
    a, b, c = await servers("a.test", "b.test", "c.test")
    alice, bob, carol = await a.person("alice"), await b.person("bob"), await c.person("carol")
    top = await alice.posts("top")
    seen = await bob.sees(top["uri"])
    answer = await bob.replies(seen, "from b")
    await drain(a, b)
    deeper = await alice.replies((await alice.get(f"/api/v1/statuses/{top['id']}/context"))["descendants"][0], "deeper")
    await drain(a, b)
    found = await carol.sees(top["uri"])
    assert await thread(carol, found["id"]) == []
    await drain(a, b, c)
    assert await thread(carol, found["id"]) == [answer["uri"], deeper["uri"]]
    document = (await a.client.get(top["uri"], headers={"Accept": "application/activity+json"})).json()
    context = (await a.client.get(document["context"], headers={"Accept": "application/activity+json"})).json()
    assert context["orderedItems"] == [top["uri"], answer["uri"], deeper["uri"]]


# ---------------------------------------------------------------- budgets


async def test_a_thread_brings_only_so_many_new_people(a: Node, peer: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "THREAD_ACTORS", 3)
    alice, eve = await a.person("alice"), peer.actor("eve")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    answers = [
        peer.note(peer.actor(f"p{number}"), f"n{number}", inReplyTo=top["id"], published=EARLIER)["id"]
        for number in range(6)
    ]
    listed(peer, "/replies", answers)
    found = await resolve.status(a.app.fed, top["id"])
    for _ in range(2):  # another run is not another budget
        await thread(alice, found.id)
        await drain(a)
        async with a.db.transaction() as conn:
            await conn.execute("update thread_refreshes set started_at = now() - interval '1 hour'")
    assert len(await thread(alice, found.id)) == 3
    async with a.db.transaction() as conn:
        await conn.execute("update fetch_budgets set since = now() - interval '2 days'")
    await thread(alice, found.id)
    await drain(a)
    assert len(await thread(alice, found.id)) == 6, "a day later it goes on"


async def test_one_host_is_asked_only_for_so_much(a: Node, peer: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "HOST_DOCUMENTS", 4)
    alice, eve = await a.person("alice"), peer.actor("eve")
    other = Puppet(a.network, "other.test")
    otto = other.actor("otto")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    near = [peer.note(eve, f"n{number}", inReplyTo=top["id"])["id"] for number in range(6)]
    far = other.note(otto, "far", inReplyTo=top["id"])["id"]
    listed(peer, "/replies", [*near, far])
    found = await resolve.status(a.app.fed, top["id"])
    await thread(alice, found.id)
    before = len(peer.asked)
    await drain(a)
    assert len(peer.asked) - before <= 4 + 1, "nodeinfo is not counted"
    assert far in await thread(alice, found.id), "others do not suffer from it"


async def test_all_that_follows_from_one_activity_has_one_budget(
    a: Node, peer: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "CHAIN_DOCUMENTS", 6)
    _, eve = await _followed(a, peer)
    above = [peer.note(eve, f"n{number}", inReplyTo=f"https://peer.test/notes/n{number + 1}") for number in range(20)]
    await arrives(a, peer, peer.note(eve, "last", inReplyTo=above[0]["id"]), eve)
    assert len([path for path in peer.asked if path.startswith("/notes/n")]) == 6


@pytest.mark.parametrize(("room", "asked"), [(1, ["/stamps/1"]), (100, ["/stamps/1", "/notes/quoted"])])
async def test_stamps_and_what_is_quoted_count_too(
    a: Node, peer: Puppet, monkeypatch: pytest.MonkeyPatch, room: int, asked: list[str]
) -> None:
    alice, eve = await _followed(a, peer)
    policy = {"canReply": {"automaticApproval": [], "manualApproval": [PUBLIC]}}
    asks, quoted = peer.note(eve, "asks", interactionPolicy=policy), peer.note(eve, "quoted")
    other = Puppet(a.network, "other.test")
    zed = other.actor("zed")
    for known in (asks, other.note(zed, "before")):
        await alice.sees(known["id"])
    stamp = "https://peer.test/stamps/1"
    note = other.note(zed, "n", inReplyTo=asks["id"], approvedBy=stamp, quote=quoted["id"])
    peer.documents["/stamps/1"] = {
        "@context": note["@context"], "id": stamp, "type": "ReplyApproval", "attributedTo": eve["id"],
        "interactingObject": note["id"], "interactionTarget": asks["id"],
    }  # fmt: skip
    monkeypatch.setattr(budgets, "CHAIN_DOCUMENTS", room)
    await other.send(a, other.create(note), zed)
    await drain(a)
    assert [path for path in peer.asked if path in ("/stamps/1", "/notes/quoted")] == asked
    assert note["id"] in await thread(alice, (await alice.sees(asks["id"]))["id"])


async def test_a_sender_has_one_budget_for_all_its_names(
    a: Node, peer: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "SENDER_ACTORS", 4)
    alice = await a.person("alice")
    for name in ("one", "two"):
        puppet = Puppet(a.network, f"{name}.wide.test")
        eve = puppet.actor("eve")
        people = [puppet.actor(f"p{number}") for number in range(4)]
        tags = [{"type": "Mention", "href": person["id"]} for person in people]
        tags.append({"type": "Mention", "href": alice.uri})
        await arrives(a, puppet, puppet.note(eve, "note", tag=tags, cc=[alice.uri]), eve)
    async with a.db.read() as conn:
        met = await conn.fetchval("select count(*) from accounts where domain like '%.wide.test' and username <> 'eve'")
    assert met == 4


async def test_a_domain_can_be_only_so_many_new_servers_at_once(a: Node) -> None:
    alice = await a.person("alice")
    answers = []
    for number in range(met_hosts.MAX_NEW + 3):
        puppet = Puppet(a.network, f"s{number}.flood.test")
        eve = puppet.actor("eve")
        note = puppet.note(eve, "note", cc=[alice.uri], tag=[{"type": "Mention", "href": alice.uri}])
        answers.append((await puppet.send(a, puppet.create(note), eve)).status_code)
    assert answers == [202] * met_hosts.MAX_NEW + [429] * 3
    known = Puppet(a.network, "s0.flood.test")
    assert (await known.send(a, known.create(known.note(known.actor("eve"), "again", cc=[alice.uri])),
                             known.actor("eve"))).status_code == 202  # fmt: skip
    elsewhere = Puppet(a.network, "s0.calm.test")
    eve = elsewhere.actor("eve")
    assert (await elsewhere.send(a, elsewhere.create(elsewhere.note(eve, "note")), eve)).status_code == 202
    async with a.db.transaction() as conn:
        await conn.execute("update met_hosts set met_at = now() - interval '2 hours'")
    late = Puppet(a.network, "late.flood.test")
    eve = late.actor("eve")
    assert (await late.send(a, late.create(late.note(eve, "note")), eve)).status_code == 202


@pytest.mark.parametrize(
    ("host", "family"),
    [
        ("a.test", "a.test"), ("b.a.test", "a.test"), ("c.b.a.test:3000", "a.test"), ("x.co.uk", "x.co.uk"),
        ("y.x.co.uk", "x.co.uk"), ("localhost", "localhost"), ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"), ("10.0.0.1:80", "10.0.0.1:80"),
    ],
)  # fmt: skip
def test_families_of_hosts(host: str, family: str) -> None:
    assert budgets.family(host) == family


@given(st.text(max_size=100))
def test_every_text_has_a_family(host: str) -> None:
    assert isinstance(budgets.family(host), str)


async def test_names_that_do_not_exist_take_nobodys_room(a: Node) -> None:
    liar, alice = Puppet(a.network, "liar.test"), await a.person("alice")
    ghost = liar.actor("ghost")
    for number in range(met_hosts.MAX_NEW + 3):
        claimed = {**ghost, "id": f"https://x{number}.shared.test/users/ghost"}
        claimed["publicKey"] = {**ghost["publicKey"], "id": f"{claimed['id']}#main-key"}
        liar._keys[claimed["id"]] = liar._keys[ghost["id"]]
        document = {**liar.activity("Follow", claimed, alice.uri, "f"), "id": f"{claimed['id']}/f"}
        assert (await liar.send(a, document, claimed)).status_code == 503
    real = Puppet(a.network, "real.shared.test")
    eve = real.actor("eve")
    assert (await real.send(a, real.create(real.note(eve, "note")), eve)).status_code == 202


async def test_a_budget_is_counted_for_all_processes(a: Node) -> None:
    limit = Limit("x", 2, 1, 3600)
    async with a.db.transaction() as conn:
        spent = [await fetch_budgets.spend(conn, [limit], actor=actor) for actor in (True, False, False)]
        assert spent == [True, True, False]
        await conn.execute("update fetch_budgets set since = since - interval '2 hours'")
        assert await fetch_budgets.spend(conn, [limit], actor=False)
    budget = Budget(documents=1)
    await budgets.spend(a.app.fed, budget, "peer.test")
    with pytest.raises(Spent):
        await budgets.spend(a.app.fed, budget, "peer.test")


# ---------------------------------------------------------------- profiles


async def _profile(peer: Puppet, count: int = 5) -> tuple[JSON, list[JSON]]:
    eve = peer.actor("eve", featured="https://peer.test/featured")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    notes = [
        peer.note(eve, f"n{number}", published=(start + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ"))
        for number in range(count)
    ]
    listed(peer, "/featured", [note["id"] for note in notes[1:2]])
    items = [peer.create(note) for note in reversed(notes)]
    listed(peer, "/users/eve/outbox?page=1", items, type="OrderedCollectionPage")
    listed(peer, "/users/eve/outbox", [], first="https://peer.test/users/eve/outbox?page=1", orderedItems=None)
    return eve, notes


async def test_a_followed_profile_has_its_past_under_its_own_dates_and_nobody_is_told(a: Node, peer: Puppet) -> None:
    _, notes = await _profile(peer)
    notes[2]["tag"] = [{"type": "Mention", "href": "https://a.test/users/alice"}, {"type": "Hashtag", "name": "#old"}]
    notes[2]["cc"] = ["https://a.test/users/alice"]
    eve: Any = peer.documents["/users/eve"]
    alice, _ = await _followed_as(a, peer, eve)
    await drain(a)
    found = (await alice.get("/api/v2/search", q="@eve@peer.test"))["accounts"][0]
    shown = await alice.get(f"/api/v1/accounts/{found['id']}/statuses")
    assert [each["uri"] for each in shown] == [note["id"] for note in reversed(notes)]
    assert shown[0]["created_at"].startswith("2024-01-05")
    pinned = await alice.get(f"/api/v1/accounts/{found['id']}/statuses", pinned="true")
    assert [each["uri"] for each in pinned] == [notes[1]["id"]]
    assert await alice.home() == []
    assert await alice.notifications() == []
    tag = await alice.get("/api/v1/tags/old")
    assert all(day["uses"] == "0" for day in tag["history"]), "it was not used today"


async def _followed_as(a: Node, peer: Puppet, eve: JSON) -> tuple[Person, JSON]:
    alice = await a.person("alice")
    account = (await alice.get("/api/v2/search", q="@eve@peer.test", resolve="true"))["accounts"][0]
    await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    await drain(a)
    await peer.send(a, peer.activity("Accept", eve, peer.inbox[-1], "accept"), eve)
    await drain(a)
    return alice, eve


async def test_a_profile_that_somebody_looks_at_is_read_once_a_day(a: Node, peer: Puppet) -> None:
    await _profile(peer)
    alice, bob = await a.person("alice"), await a.person("bob")
    found = (await alice.get("/api/v2/search", q="@eve@peer.test", resolve="true"))["accounts"][0]
    path = f"/api/v1/accounts/{found['id']}/statuses"
    await a.client.get(path)
    await drain(a)
    assert "/users/eve/outbox" not in peer.asked, "the public does not make us fetch"
    for person in (alice, bob):
        await person.get(path)
        a.app.fed.memory.pop("backfill.looked", None)
    await drain(a)
    assert len(await alice.get(path)) == 5
    await drain(a)
    assert peer.asked.count("/users/eve/outbox") == 1
    async with a.db.transaction() as conn:
        await conn.execute("update profile_reads set read_at = now() - interval '25 hours'")
    a.app.fed.memory.pop("backfill.looked", None)
    await alice.get(path)
    await drain(a)
    assert peer.asked.count("/users/eve/outbox") == 2
    assert len(await alice.get(path)) == 5


async def test_a_profile_that_could_not_be_read_is_read_sooner(a: Node, peer: Puppet) -> None:
    await _profile(peer)
    served = peer.documents.pop("/users/eve/outbox")
    alice = await a.person("alice")
    found = (await alice.get("/api/v2/search", q="@eve@peer.test", resolve="true"))["accounts"][0]
    path = f"/api/v1/accounts/{found['id']}/statuses"
    for hours, expected in ((0, 1), (0, 1), (2, 2)):
        async with a.db.transaction() as conn:
            await conn.execute("update profile_reads set read_at = read_at - make_interval(hours => $1)", hours)
        a.app.fed.memory.clear()
        await alice.get(path)
        await drain(a)
        assert peer.asked.count("/users/eve/outbox") == expected
        peer.documents["/users/eve/outbox"] = served
    assert len(await alice.get(path)) == 5


async def test_a_slow_server_holds_nothing_up(a: Node, peer: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    eve = peer.actor("eve")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    answers = [peer.note(eve, f"n{number}", inReplyTo=top["id"])["id"] for number in range(4)]
    listed(peer, "/replies", answers)
    found = await resolve.status(a.app.fed, top["id"])
    monkeypatch.setattr(budgets, "MOST_SECONDS", -1.0)
    before = len(peer.asked)
    await threads.replies(a.app.fed, {"status_id": found.id})
    assert len(peer.asked) == before
    monkeypatch.undo()
    await threads.replies(a.app.fed, {"status_id": found.id})
    async with a.db.read() as conn:
        assert len(await statuses.by_uris(conn, answers)) == 4


async def test_an_outbox_speaks_for_its_own_actor_and_server_only(a: Node, peer: Puppet) -> None:
    eve, _ = await _profile(peer, 0)
    other = Puppet(a.network, "other.test")
    foreign = other.note(other.actor("otto"), "foreign")
    ann = peer.note(peer.actor("ann"), "ann")
    hidden = peer.note(eve, "hidden", to=[eve["followers"]], cc=[])
    forged = {**foreign, "id": "https://other.test/notes/forged", "attributedTo": eve["id"]}
    boost = peer.activity("Announce", eve, foreign["id"], "boost")
    good = peer.note(eve, "good")
    listed(
        peer, "/users/eve/outbox",
        [peer.create(each) for each in (foreign, ann, hidden, forged, good)] + [boost, "https://peer.test/missing", 7],
    )  # fmt: skip
    alice = await a.person("alice")
    found = (await alice.get("/api/v2/search", q="@eve@peer.test", resolve="true"))["accounts"][0]
    await alice.get(f"/api/v1/accounts/{found['id']}/statuses")
    await drain(a)
    async with a.db.read() as conn:
        stored = {record[0] for record in await conn.fetch("select uri from statuses")}
    assert stored == {good["id"]}


async def test_an_outbox_of_thousands_costs_little(a: Node, peer: Puppet) -> None:
    eve, _ = await _profile(peer, 0)
    for page in range(30):
        notes = [peer.create(peer.note(eve, f"n{page}-{number}")) for number in range(3)]
        peer.documents[f"/o{page}"] = {
            "id": f"https://peer.test/o{page}", "type": "OrderedCollectionPage", "orderedItems": notes,
            "next": f"https://peer.test/o{page + 1}",
        }  # fmt: skip
    listed(peer, "/users/eve/outbox", [], first="https://peer.test/o0", orderedItems=None)
    alice = await a.person("alice")
    found = (await alice.get("/api/v2/search", q="@eve@peer.test", resolve="true"))["accounts"][0]
    await alice.get(f"/api/v1/accounts/{found['id']}/statuses")
    await drain(a)
    assert len([path for path in peer.asked if path.startswith("/o")]) == 3


# ---------------------------------------------------------------- parsers

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(
        ["https://peer.test/x", "OrderedCollection", "CollectionPage", "Create", "Note", "Announce"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["id", "type", "items", "orderedItems", "first", "next", "totalItems", "object", "@id"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(_JSON)
def test_whatever_a_list_holds_is_read_or_refused(value: Any) -> None:
    for item in types.refs(value):
        subject = references.subject(item)
        assert subject is None or subject.id is None or isinstance(subject.id, str)
    if isinstance(value, dict):
        try:
            parsed = collection.parse(value)
        except Rejected:
            return
        assert all(isinstance(item, types.Ref) for item in parsed.items)


async def test_a_thread_goes_on_where_it_was_interrupted(
    a: Node, peer: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    eve = peer.actor("eve")
    top = peer.note(eve, "top", replies="https://peer.test/replies")
    answers = [peer.note(eve, f"n{number}", inReplyTo=top["id"])["id"] for number in range(4)]
    listed(peer, "/replies", answers)
    found = await resolve.status(a.app.fed, top["id"])
    peer.documents["/notes/n2"] = 503
    await threads.replies(a.app.fed, {"status_id": found.id})
    peer.documents["/notes/n2"] = peer.note(eve, "n2", inReplyTo=top["id"])
    a.app.fed.memory.clear()
    await threads.replies(a.app.fed, {"status_id": found.id})
    async with a.db.read() as conn:
        assert len(await statuses.by_uris(conn, answers)) == 4
    assert [peer.asked.count(f"/notes/n{number}") for number in range(4)] == [1, 1, 2, 1]
