"""Communities (FEP-1b12): what they pass on is checked where it lives, and shown without flooding anybody."""

from typing import Any

import pytest

from tests.support.puppet import CONTEXT, PUBLIC, Puppet
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio


class Community:
    """A community at lemmy.test that alice follows, with a member there and one at far.test."""

    def __init__(self, server: Node) -> None:
        self.server = server
        self.peer, self.far = Puppet(server.network, "lemmy.test"), Puppet(server.network, "far.test")
        self.group = self.peer.actor("cats", type="Group")
        self.member, self.stranger = self.peer.actor("member"), self.far.actor("stranger")
        self.sent = 0

    async def followed_by(self, person: Person) -> None:
        found = await person.get("/api/v2/search", q="@cats@lemmy.test", type="accounts", resolve="true")
        await person.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
        await drain(self.server)
        [asked] = [sent for sent in self.peer.inbox if sent["type"] == "Follow" and sent["actor"] == person.uri]
        await self.peer.send(self.server, self.peer.activity("Accept", self.group, asked, person.username), self.group)
        await drain(self.server)
        self.peer.inbox.clear()

    async def announces(self, obj: Any) -> None:
        self.sent += 1
        announce = self.peer.activity(
            "Announce", self.group, obj, f"announce{self.sent}", to=[PUBLIC], cc=[self.group["followers"]]
        )
        assert (await self.peer.send(self.server, announce, self.group)).status_code == 202
        await drain(self.server)

    def post(self, host: Puppet, author: dict[str, Any], name: str, /, **more: Any) -> dict[str, Any]:
        values: dict[str, Any] = {"to": [PUBLIC], "cc": [self.group["id"]], "audience": self.group["id"]}
        return host.note(author, name, **{**values, **more})


@pytest.fixture
async def alice(server: Node) -> Person:
    return await server.person("alice")


@pytest.fixture
async def cats(server: Node, alice: Person) -> Community:
    community = Community(server)
    await community.followed_by(alice)
    return community


async def test_an_opening_post_appears_once_and_its_answers_stand_in_the_thread(cats: Community, alice: Person) -> None:
    page = cats.post(cats.peer, cats.member, "opening", type="Page", name="Look at this cat")
    await cats.announces(cats.peer.create(page))
    await cats.announces(page["id"])
    answer = cats.post(cats.far, cats.stranger, "answer", inReplyTo=page["id"], content="<p>what a cat</p>")
    await cats.announces(cats.far.create(answer))
    deeper = cats.post(cats.peer, cats.member, "deeper", inReplyTo=answer["id"])
    await cats.announces(deeper["id"])
    [shown] = await alice.home()
    assert (shown["account"]["acct"], shown["reblog"]["uri"]) == ("cats@lemmy.test", page["id"])
    context = await alice.get(f"/api/v1/statuses/{shown['reblog']['id']}/context")
    assert [status["uri"] for status in context["descendants"]] == [answer["id"], deeper["id"]]
    assert [status["account"]["acct"] for status in context["descendants"]] == [
        "stranger@far.test",
        "member@lemmy.test",
    ]


async def test_what_is_added_to_a_conversation_is_read_where_it_lives(cats: Community, alice: Person) -> None:
    page = cats.post(cats.peer, cats.member, "opening", context="https://lemmy.test/contexts/1")
    await cats.announces(cats.peer.create(page))
    answer = cats.post(cats.far, cats.stranger, "answer", inReplyTo=page["id"])
    forged = {**cats.far.create(answer), "object": {**answer, "content": "<p>forged</p>"}}
    add = cats.peer.activity("Add", cats.group, forged, "add", target=page["context"])
    assert (await cats.peer.send(cats.server, add, cats.group)).status_code == 202
    await drain(cats.server)
    [shown] = await alice.home()
    [found] = (await alice.get(f"/api/v1/statuses/{shown['reblog']['id']}/context"))["descendants"]
    assert (found["uri"], found["content"]) == (answer["id"], answer["content"])


async def test_what_somebody_elsewhere_is_said_to_have_written_is_read_there(cats: Community, alice: Person) -> None:
    genuine = cats.post(cats.far, cats.stranger, "genuine", content="<p>genuine</p>")
    await cats.announces(cats.far.create({**genuine, "content": "<p>forged</p>"}))
    made_up = {**genuine, "id": "https://far.test/notes/made-up", "content": "<p>made up</p>"}
    await cats.announces(cats.far.create(made_up))
    # Nor may the community's own people be spoken for by others.
    eve = cats.far.actor("eve")
    own = cats.peer.note(cats.member, "own", content="<p>the member's</p>")
    lie = cats.far.activity("Announce", eve, cats.peer.create({**own, "content": "<p>a lie</p>"}), "lie")
    await cats.far.send(cats.server, lie, eve)
    await drain(cats.server)
    assert [status["reblog"]["content"] for status in await alice.home()] == ["<p>genuine</p>"]
    changed = cats.post(cats.far, cats.stranger, "genuine", content="<p>edited</p>", updated="2098-01-01T00:00:00Z")
    update = cats.far.activity("Update", cats.stranger, {**changed, "content": "<p>forged</p>"}, "update")
    await cats.announces(update)
    old = cats.post(cats.far, cats.stranger, "old", published="2020-01-01T00:00:00Z")
    await cats.announces(cats.far.activity("Update", cats.stranger, old, "old"))
    assert [status["reblog"]["content"] for status in await alice.home()] == ["<p>edited</p>"]


async def test_a_deletion_counts_if_the_origin_confirms_it(cats: Community, alice: Person) -> None:
    kept = cats.post(cats.far, cats.stranger, "kept")
    gone = cats.post(cats.far, cats.stranger, "gone")
    for note in (kept, gone):
        await cats.announces(cats.far.create(note))
    assert len(await alice.home()) == 2
    cats.far.documents["/notes/gone"] = 410
    moderator = cats.peer.actor("moderator")
    for note in (kept, gone):
        await cats.announces(cats.peer.activity("Delete", moderator, note["id"], f"delete{note['id'][-4:]}"))
    assert await alice.home() == [], "the community shows neither"
    assert (await alice.sees(kept["id"]))["uri"] == kept["id"], "its author's copy is the author's"
    async with cats.server.db.read() as conn:
        assert await conn.fetchval("select count(*) from statuses where uri = $1", gone["id"]) == 0
    undone = {"type": "Delete", "actor": moderator["id"], "object": kept["id"], "id": "https://lemmy.test/d/1"}
    await cats.announces(cats.peer.activity("Undo", moderator, undone, "undo"))
    assert [status["reblog"]["uri"] for status in await alice.home()] == [kept["id"]]


async def test_somebody_here_writes_to_a_community_and_hears_its_members(cats: Community, alice: Person) -> None:
    post = await alice.posts("@cats@lemmy.test my cat")
    await drain(cats.server)
    [create] = cats.peer.inbox
    assert (create["type"], cats.group["id"] in create["cc"]) == ("Create", True)
    assert create["audience"] == create["object"]["audience"] == cats.group["id"]
    await cats.announces(create)
    await cats.announces(post["uri"])
    assert await alice.notifications() == [], "that a community passes on what was written to it is no news"
    answer = cats.post(
        cats.far,
        cats.stranger,
        "answer",
        inReplyTo=post["uri"],
        tag=[{"type": "Mention", "href": alice.uri, "name": "@alice@example.test"}],
    )
    await cats.announces(cats.far.create(answer))
    [told] = await alice.notifications()
    assert (told["type"], told["status"]["uri"]) == ("mention", answer["id"])
    cats.peer.inbox.clear()
    reply = await alice.replies(told["status"], "thank you")
    await drain(cats.server)
    [create] = cats.peer.inbox
    assert create["object"]["inReplyTo"] == answer["id"]
    assert cats.group["id"] in create["cc"]
    assert cats.group["id"] in create["object"]["cc"]
    assert "audience" not in create["object"], "only what opens a thread is for one community"
    assert [mention["acct"] for mention in reply["mentions"]] == ["stranger@far.test"]
    cats.peer.inbox.clear()
    await alice.api("DELETE", f"/api/v1/statuses/{reply['id']}")
    await drain(cats.server)
    assert [sent["type"] for sent in cats.peer.inbox] == ["Delete"]


async def test_votes_reach_the_community_and_those_for_ours_are_proven(cats: Community, alice: Person) -> None:
    page = cats.post(cats.far, cats.stranger, "page")
    await cats.announces(cats.far.create(page))
    cats.peer.inbox.clear()
    seen = await alice.sees(page["id"])
    await alice.post(f"/api/v1/statuses/{seen['id']}/favourite")
    await drain(cats.server)
    await alice.post(f"/api/v1/statuses/{seen['id']}/unfavourite")
    await drain(cats.server)
    assert [sent["type"] for sent in cats.peer.inbox] == [sent["type"] for sent in cats.far.inbox] == ["Like", "Undo"]
    post = await alice.posts("@cats@lemmy.test my cat")
    await drain(cats.server)

    async def count() -> int:
        found: int = (await alice.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"]
        return found

    like = {
        "@context": CONTEXT,
        "id": "https://far.test/likes/1",
        "type": "Like",
        "actor": cats.stranger["id"],
        "object": post["uri"],
    }
    await cats.announces(like)
    assert await count() == 0, "nobody but far.test can say so"
    cats.far.documents["/likes/2"] = {**like, "id": "https://far.test/likes/2"}
    await cats.announces({**like, "id": "https://far.test/likes/2"})
    await cats.announces(cats.peer.activity("Like", cats.member, post["uri"], "like"))
    await cats.announces(cats.peer.activity("Dislike", cats.member, post["uri"], "dislike"))
    assert await count() == 2
    await cats.announces(cats.far.activity("Undo", cats.stranger, like, "nowhere"))
    assert await count() == 2
    await cats.announces(cats.peer.activity("Undo", cats.member, {**like, "actor": cats.member["id"]}, "undo"))
    assert await count() == 1


async def test_what_moderators_do_to_others_is_nothing_to_us(cats: Community, alice: Person) -> None:
    moderator = cats.peer.actor("moderator")
    page = cats.post(cats.peer, cats.member, "page")
    await cats.announces(cats.peer.create(page))
    for kind in ("Lock", "Block", "Flag", "Add", "Remove", "Warn", "Announce", "Vote"):
        inner = cats.peer.activity(kind, moderator, page["id"], kind, target=f"{cats.group['id']}/moderators")
        await cats.announces(inner)
        await cats.announces({**inner, "id": None, "object": None})
    assert len(await alice.home()) == 1
    async with cats.server.db.read() as conn:
        assert await conn.fetchval("select count(*) from jobs where failed_at is not null") == 0


async def test_who_writes_to_two_communities_or_in_private_writes_for_neither(cats: Community, alice: Person) -> None:
    cats.peer.actor("dogs", type="Group")
    for text, visibility in (("@cats@lemmy.test and @dogs@lemmy.test", "public"), ("@cats@lemmy.test psst", "direct")):
        await alice.posts(text, visibility=visibility)
    await drain(cats.server)
    creates = [sent for sent in cats.peer.inbox if sent["type"] == "Create"]
    assert creates
    assert not [sent for sent in creates if "audience" in sent or "audience" in sent["object"]]


async def _pinned(cats: Community, person: Person) -> list[str]:
    found = await person.get("/api/v2/search", q="@cats@lemmy.test", type="accounts", resolve="true")
    shown = await person.get(f"/api/v1/accounts/{found['accounts'][0]['id']}/statuses", pinned="true")
    return [status["uri"].rpartition("/")[2] for status in shown]


async def test_a_community_pins_what_its_members_wrote(cats: Community, alice: Person) -> None:
    cats.group["featured"] = featured = f"{cats.group['id']}/featured"
    await cats.peer.send(
        cats.server, cats.peer.activity("Update", cats.group, cats.group, "u", to=[PUBLIC]), cats.group
    )
    first, second = cats.post(cats.far, cats.stranger, "first"), cats.post(cats.peer, cats.member, "second")
    elsewhere = cats.far.note(cats.stranger, "elsewhere")
    moderator = cats.peer.actor("moderator")
    for number, note in enumerate((first, second, elsewhere, first)):
        add = cats.peer.activity("Add", moderator, note["id"], f"add{number}", target=featured, cc=[cats.group["id"]])
        await cats.announces(add)
    # Of who its moderators are nothing is kept, and others pin nothing here.
    mods = f"{cats.group['id']}/moderators"
    await cats.announces(cats.peer.activity("Add", moderator, cats.member["id"], "mod", target=mods))
    eve = cats.far.actor("eve", type="Group")
    third = cats.post(cats.far, cats.stranger, "third")
    add = cats.far.activity("Add", eve, third["id"], "stolen", target=featured)
    await cats.far.send(cats.server, cats.far.activity("Announce", eve, add, "lie"), eve)
    await drain(cats.server)
    assert await _pinned(cats, alice) == ["second", "first"]
    bob = await cats.server.person("bob")
    found = await bob.get("/api/v2/search", q="@stranger@far.test", type="accounts", resolve="true")
    await bob.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/mute")
    assert await _pinned(cats, bob) == ["second"]
    remove = cats.peer.activity("Remove", moderator, second["id"], "remove", target=featured)
    await cats.announces(remove)
    assert await _pinned(cats, alice) == ["first"]
    await cats.announces(cats.peer.activity("Delete", moderator, first["id"], "delete"))
    assert await _pinned(cats, alice) == []


async def test_the_pins_of_a_community_are_read_from_its_collection(server: Node, alice: Person) -> None:
    community = Community(server)
    group, peer = community.group, community.peer
    group["featured"] = f"{group['id']}/featured"
    posts = [
        community.post(community.far, community.stranger, "theirs"),
        community.post(peer, community.member, "ours"),
        community.far.note(community.stranger, "elsewhere"),
    ]
    peer.documents["/users/cats/featured"] = {
        "@context": CONTEXT,
        "id": group["featured"],
        "type": "OrderedCollection",
        "orderedItems": [note["id"] for note in posts],
    }
    await community.followed_by(alice)
    assert await _pinned(community, alice) == ["theirs", "ours"]
