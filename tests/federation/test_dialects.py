"""What servers say in shapes and words of their own, as it arrives: who may read it, whose it is, what comes of it."""

import base64
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

from federation.signatures import digest, keys
from tests.federation.test_vocab_shapes import SPELLINGS
from tests.support.puppet import CONTEXT, PUBLIC, Puppet
from tests.support.scenes import followed
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

URN = "urn:uuid:9a1c2c1e-5a3f-4a52-9c0e-2f6a0d6b1a11"


@pytest.mark.parametrize(
    ("on_post", "on_activity", "visibility"),
    [
        ({"to": None, "cc": None}, {"to": [PUBLIC], "cc": []}, "public"),
        ({"to": None, "cc": None}, {"to": [], "cc": "as:Public"}, "unlisted"),
        ({"to": None, "cc": None}, {"to": "https://puppet.test/users/pat/followers", "cc": None}, "private"),
        ({"to": ["https://puppet.test/users/pat/followers"], "cc": None}, {"to": [PUBLIC], "cc": []}, "private"),
        ({"to": None, "cc": None, "audience": "as:Public"}, {"to": [], "cc": []}, "unlisted"),
    ],
)
async def test_the_activity_says_for_whom_where_the_post_does_not(
    stage: Any, on_post: dict[str, Any], on_activity: dict[str, Any], visibility: str
) -> None:
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1", **on_post)
    activity = {**puppet.create({**note, "to": [], "cc": []}), "object": note, **on_activity}
    await puppet.send(server, activity, pat)
    await drain(server)
    [status] = await alice.home()
    assert status["visibility"] == visibility


@pytest.mark.parametrize("said", [{"attributedTo": None}, {"attributedTo": []}, {"attributedTo": ""}, {}])
async def test_a_post_that_does_not_say_whose_it_is_is_its_senders(stage: Any, said: dict[str, Any]) -> None:
    server, alice, puppet, pat = stage
    note = {"id": "https://puppet.test/notes/1", "type": "Note", "content": "mine", "to": [PUBLIC], **said}
    await puppet.send(server, puppet.activity("Create", pat, note, "c", to=[PUBLIC]), pat)
    await drain(server)
    [status] = await alice.home()
    assert (status["account"]["acct"], status["content"]) == ("pat@puppet.test", "mine")


async def test_several_posts_at_once_need_no_ids(stage: Any) -> None:
    server, alice, puppet, pat = stage
    notes = [{"type": "Note", "content": text, "to": [PUBLIC]} for text in ("one", "two")]
    activity = puppet.activity("Create", pat, [*notes, {"type": "Place", "name": "here"}], "c", to=[PUBLIC])
    for _ in range(2):
        await puppet.send(server, activity, pat)
        await drain(server)
    assert sorted(status["content"] for status in await alice.home()) == ["one", "two"]


async def test_a_vote_may_repeat_its_option_as_content(stage: Any) -> None:
    server, alice, puppet, pat = stage
    asked = await alice.post(
        "/api/v1/statuses", {"status": "?", "poll": {"options": ["tea", "milk"], "expires_in": 600}}
    )
    vote = puppet.note(pat, "v", name="tea", content="tea", inReplyTo=asked["uri"], to=[alice.uri], cc=[])
    await puppet.send(server, puppet.create(vote), pat)
    other = puppet.note(pat, "o", name="coffee", content="<p>rather coffee</p>", inReplyTo=asked["uri"], cc=[alice.uri])
    await puppet.send(server, puppet.create(other), pat)
    await drain(server)
    seen = await alice.get(f"/api/v1/statuses/{asked['id']}")
    assert [option["votes_count"] for option in seen["poll"]["options"]] == [1, 0]
    assert seen["replies_count"] == 1  # a name that is no option is no vote


async def test_a_profile_is_what_its_update_says(stage: Any) -> None:
    """Caches between us and its server may still hold the former one (4.3.2)."""
    server, alice, puppet, pat = stage
    changed = {**pat, "name": "Patricia", "summary": "<p>new</p>"}
    asked = len(puppet.asked)
    await puppet.send(server, puppet.activity("Update", pat, changed, "u"), pat)
    await drain(server)
    assert "/users/pat" not in puppet.asked[asked:]
    found = await alice.get("/api/v1/accounts/lookup", acct="pat@puppet.test")
    assert (found["display_name"], found["note"]) == ("Patricia", "<p>new</p>")


async def test_an_update_with_the_keys_alone_is_no_profile(stage: Any) -> None:
    server, alice, puppet, pat = stage
    stub = {name: pat[name] for name in ("id", "type", "preferredUsername", "inbox", "publicKey")}
    puppet.documents["/users/pat"] = {**pat, "name": "Patricia"}
    await puppet.send(server, puppet.activity("Update", pat, stub, "u"), pat)
    await drain(server)
    assert (await alice.get("/api/v1/accounts/lookup", acct="pat@puppet.test"))["display_name"] == "Patricia"


async def test_an_old_profile_that_is_passed_on_does_not_come_back(stage: Any) -> None:
    server, alice, puppet, pat = stage
    key_id = puppet.multikey(pat)
    former = puppet.proven(puppet.activity("Update", pat, {**pat, "name": "Former"}, "u"), key_id)
    zoe = puppet.actor("zoe")
    await puppet.send(server, former, zoe)
    await drain(server)
    assert (await alice.get("/api/v1/accounts/lookup", acct="pat@puppet.test"))["display_name"] == "Pat"


async def test_an_actor_without_name_and_picture_is_no_stub(stage: Any) -> None:
    """GoToSocial and others leave out what is empty; where it has moved to is said all the same."""
    server, alice, puppet, pat = stage
    bare = {name: value for name, value in pat.items() if name not in ("name", "summary", "icon")}
    bare["url"] = "https://puppet.test/elsewhere"
    puppet.documents["/users/pat"] = bare
    await puppet.send(server, puppet.activity("Update", pat, pat["id"], "u"), pat)
    await drain(server)
    found = await alice.get("/api/v1/accounts/lookup", acct="pat@puppet.test")
    assert (found["url"], found["display_name"]) == ("https://puppet.test/elsewhere", "")


async def test_an_actor_whose_server_names_it_by_its_host_alone(server: Node) -> None:
    """Actors of whole servers need no name (4.2.2): what they sign is theirs."""
    puppet = Puppet(server.network, "puppet.test")
    whole = puppet.actor("server", type="Application", preferredUsername=None)
    alice = await server.person("alice")
    await puppet.send(server, puppet.activity("Flag", whole, [alice.uri], "f", content="rude"), whole)
    assert (await puppet.send(server, puppet.activity("Like", whole, alice.uri, "l"), whole)).status_code == 202


async def test_a_follow_with_an_opaque_id_is_answered_under_it(server: Node) -> None:
    """Fedify makes ids that have no address."""
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    await puppet.send(server, {**puppet.activity("Follow", pat, alice.uri, "f"), "id": URN}, pat)
    await drain(server)
    [accept] = [activity for activity in puppet.inbox if activity["type"] == "Accept"]
    assert accept["object"]["id"] == URN
    await puppet.send(server, {**puppet.activity("Undo", pat, URN, "u"), "id": f"{URN}0"}, pat)
    await drain(server)
    assert await alice.get(f"/api/v1/accounts/{alice.id}/followers") == []


async def test_boosts_and_likes_with_opaque_ids(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("hello")
    zoe = puppet.actor("zoe")
    # Whoever knows the id of another's activity does not use it up.
    await puppet.send(server, {**puppet.activity("Announce", zoe, post["uri"], "z"), "id": URN, "to": PUBLIC}, zoe)
    await puppet.send(server, {**puppet.activity("Announce", pat, post["uri"], "a"), "id": URN, "to": PUBLIC}, pat)
    await puppet.send(server, {**puppet.activity("Like", pat, post["uri"], "l"), "id": f"{URN}1"}, pat)
    await drain(server)
    seen = await alice.get(f"/api/v1/statuses/{post['id']}")
    assert (seen["reblogs_count"], seen["favourites_count"]) == (2, 1)
    await puppet.send(server, {**puppet.activity("Undo", pat, f"{URN}1", "u1"), "id": f"{URN}2"}, pat)
    await puppet.send(server, {**puppet.activity("Undo", pat, URN, "u2"), "id": f"{URN}3"}, pat)
    await drain(server)
    seen = await alice.get(f"/api/v1/statuses/{post['id']}")
    assert (seen["reblogs_count"], seen["favourites_count"]) == (1, 0)


async def test_an_answer_to_a_follow_may_embed_its_actor(server: Node) -> None:
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    found = (await alice.get("/api/v2/search", q="@pat@puppet.test", type="accounts", resolve="true"))["accounts"][0]
    await alice.post(f"/api/v1/accounts/{found['id']}/follow")
    await drain(server)
    follow = {"type": "Follow", "id": "https://puppet.test/theirs", "actor": [{"type": "Person", "id": alice.uri}]}
    await puppet.send(server, puppet.activity("Accept", pat, {**follow, "object": {"id": pat["id"]}}, "a"), pat)
    await drain(server)
    [relation] = await alice.get("/api/v1/accounts/relationships", id=found["id"])
    assert relation["following"]


async def test_what_is_undone_may_name_its_object_in_a_list(stage: Any) -> None:
    server, alice, puppet, pat = stage
    post = await alice.posts("hello")
    await puppet.send(server, puppet.activity("Like", pat, [{"type": "Note", "id": post["uri"]}], "l"), pat)
    await drain(server)
    undone = {"type": "Like", "actor": {"id": pat["id"]}, "object": [post["uri"]]}
    await puppet.send(server, puppet.activity("Undo", pat, undone, "u"), pat)
    await drain(server)
    assert (await alice.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 0


async def test_pictures_in_the_text_are_attached(stage: Any) -> None:
    """WordPress, Friendica and Lemmy write posts with pictures in them (10.2.3)."""
    server, alice, puppet, pat = stage
    text = (
        '<p>See <img src="https://puppet.test/1.png" alt="a cat"> and <img src="https://puppet.test/2.jpg"></p>'
        '<p><img class="emoji" alt="🙂" src="https://puppet.test/smile.svg"></p>'
    )
    attached = [{"type": "Image", "mediaType": "image/jpeg", "url": "https://puppet.test/2.jpg", "name": "a dog"}]
    note = puppet.note(pat, "1", content=text, attachment=attached)
    await puppet.send(server, {**puppet.create(note), "@context": CONTEXT}, pat)
    await drain(server)
    [status] = await alice.home()
    media = [(each["remote_url"], each["description"], each["type"]) for each in status["media_attachments"]]
    assert media == [
        ("https://puppet.test/2.jpg", "a dog", "image"),
        ("https://puppet.test/1.png", "a cat", "image"),
    ]
    assert "img" not in status["content"]
    assert "1.png" not in status["content"]
    assert "🙂" in status["content"]


async def test_a_context_is_not_needed(stage: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is missed in the log (3.2.2)."""
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1")
    with caplog.at_level("WARNING", "fedi.inbox"):
        await puppet.send(server, {**puppet.create(note), "@context": "https://schema.org"}, pat)
        await drain(server)
    assert [status["uri"] for status in await alice.home()] == [note["id"]]
    assert [getattr(record, "sender", None) for record in caplog.records] == [pat["id"]]


@pytest.mark.parametrize("lenient", [False, True])
async def test_old_software_that_does_not_sign_the_host(servers: Any, lenient: bool) -> None:
    """Of a POST only, and where the operator wants it (5.2.4)."""
    (server,) = await servers("example.test", lenient_host_signatures=lenient)
    puppet = Puppet(server.network, "puppet.test")
    pat, alice = puppet.actor("pat"), await server.person("alice")
    body = orjson.dumps(puppet.activity("Follow", pat, alice.uri, "f"))
    date, made = format_datetime(datetime.now(UTC), usegmt=True), digest.header(body)
    text = f"(request-target): post /inbox\ndate: {date}\ndigest: {made}"
    value = base64.b64encode(keys.sign(keys.load_private(puppet.private(pat)), text.encode())).decode()
    header = f'keyId="{pat["publicKey"]["id"]}",headers="(request-target) date digest",signature="{value}"'
    header += ',algorithm="rsa-sha256"'
    headers = {"Date": date, "Digest": made, "Signature": header, "Content-Type": "application/activity+json"}
    answer = await server.client.post("/inbox", content=body, headers=headers)
    assert answer.status_code == (202 if lenient else 401)


async def test_nodeinfo_names_the_source(servers: Any) -> None:
    (server,) = await servers("example.test", source_url="https://code.test/fedi")
    found = [(await server.client.get(f"/nodeinfo/{version}")).json()["software"] for version in ("2.0", "2.1")]
    assert ["repository" in software for software in found] == [False, True]
    assert found[1]["repository"] == "https://code.test/fedi"


async def test_a_post_may_say_by_whom_it_is_found(stage: Any) -> None:
    """Fedibird's and PieFed's `searchableBy` stands above what its author wants in general (4.2.17)."""
    server, alice, puppet, pat = stage
    bob = await server.person("bob")
    other = Puppet(server.network, "other.test")
    zoe = other.actor("zoe", indexable=True)
    await followed(server, alice, other, zoe)
    said: dict[str, tuple[Any, dict[str, Any]]] = {
        "everybody": (pat, {"searchableBy": PUBLIC}),
        "followers": (zoe, {"searchableBy": [zoe["followers"]]}),
        "author": (zoe, {"searchableBy": zoe["id"]}),
        "nobody": (zoe, {"searchableBy": []}),
        "general": (zoe, {}),
        "silent": (pat, {}),
    }
    for name, (author, more) in said.items():
        theirs = puppet if author is pat else other
        note = theirs.note(author, name, content=f"<p>aardvark {name}</p>", **more)
        await theirs.send(server, theirs.create(note), author)
    await drain(server)

    async def found(viewer: Person) -> set[str]:
        statuses = (await viewer.get("/api/v2/search", q="aardvark", type="statuses"))["statuses"]
        return {status["uri"].rpartition("/")[2] for status in statuses}

    assert await found(alice) == {"everybody", "followers", "general"}
    assert await found(bob) == {"everybody", "general"}
    note = puppet.note(pat, "everybody", content="<p>aardvark</p>", updated="2099-01-01T00:00:00Z")
    await puppet.send(server, puppet.activity("Update", pat, note, "u"), pat)
    await drain(server)
    assert await found(bob) == {"general"}


async def test_a_list_of_activities_that_is_announced_is_not_asked_for(stage: Any) -> None:
    """PieFed gathers votes."""
    server, _alice, puppet, pat = stage
    votes = {"type": "OrderedCollection", "id": "https://puppet.test/votes", "orderedItems": [{"type": "Like"}]}
    await puppet.send(server, puppet.activity("Announce", pat, votes, "a", to=PUBLIC), pat)
    await drain(server)
    assert "/votes" not in puppet.asked


async def test_whoever_is_answered_is_named_among_the_tags(stage: Any) -> None:
    """Misskey, Pixelfed, Threads and bridges tell nobody else (9.3.3)."""
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1")
    await puppet.send(server, puppet.create(note), pat)
    await drain(server)
    [seen] = await alice.home()
    for text, visibility in (("well", "public"), ("@pat@puppet.test well", "unlisted"), ("psst", "private")):
        answer = {"status": text, "visibility": visibility, "in_reply_to_id": seen["id"]}
        await alice.post("/api/v1/statuses", answer)
        await drain(server)
    created = [each["object"] for each in puppet.inbox if each["type"] == "Create"]
    tags = [{"type": "Mention", "href": pat["id"], "name": "@pat@puppet.test"}]
    assert [each["tag"] for each in created] == [tags, tags]
    assert all(pat["id"] in each["cc"] for each in created)


async def test_how_many_follow_is_what_their_server_says(stage: Any) -> None:
    """Where it is more than we know of (4.2.14)."""
    server, alice, _puppet, _pat = stage
    other = Puppet(server.network, "other.test")
    zoe = other.actor("zoe", following="https://elsewhere.test/following")
    for name, total in (("followers", 1234), ("outbox", "56")):
        other.documents[f"/users/zoe/{name}"] = {
            "@context": CONTEXT,
            "id": f"{zoe['id']}/{name}",
            "type": "OrderedCollection",
            "totalItems": total,
        }
    await followed(server, alice, other, zoe)
    found = await alice.get("/api/v1/accounts/lookup", acct="zoe@other.test")
    assert (found["followers_count"], found["following_count"], found["statuses_count"]) == (1234, 0, 56)
    note = other.note(zoe, "1")
    await other.send(server, other.create(note), zoe)
    await drain(server)
    [status] = await alice.home()
    assert status["account"]["followers_count"] == 1234
    assert (await alice.get("/api/v1/accounts/verify_credentials"))["followers_count"] == 0


async def test_favourites_of_posts_elsewhere_are_counted_there(stage: Any) -> None:
    """11.6.1; an emoji is shown, since nobody else tells of it."""
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1")
    await puppet.send(server, puppet.create(note), pat)
    zoe = puppet.actor("zoe")
    await puppet.send(server, puppet.activity("Like", zoe, note["id"], "l"), zoe)
    await puppet.send(server, puppet.activity("EmojiReact", zoe, note["id"], "e", content="🐈"), zoe)
    await drain(server)
    [status] = await alice.home()
    assert status["favourites_count"] == 0
    assert [each["name"] for each in status["emoji_reactions"]] == ["🐈"]


@pytest.mark.parametrize("kind", ["ChatMessage", "Note"])
async def test_a_private_message_tags_nobody(stage: Any, kind: str) -> None:
    """Pleroma's chats, and Lemmy's messages, which are notes to one person (10.8.1)."""
    server, alice, puppet, pat = stage
    note = puppet.note(pat, "1", type=kind, content="<p>psst</p>", to=[alice.uri], cc=None)
    await puppet.send(server, puppet.create({**note, "cc": []}), pat)
    await drain(server)
    [told] = [each for each in await alice.notifications() if each["type"] == "mention"]
    assert (told["status"]["visibility"], told["status"]["uri"]) == ("direct", note["id"])
    [talk] = await alice.get("/api/v1/conversations")
    assert [each["acct"] for each in talk["accounts"]] == ["pat@puppet.test"]
    # Others may hand something to several people without naming them: that makes no noise.
    bob = await server.person("bob")
    several = puppet.note(pat, "2", to=[alice.uri, bob.uri], cc=None)
    await puppet.send(server, puppet.create({**several, "cc": []}), pat)
    await drain(server)
    assert await bob.notifications() == []


@pytest.mark.parametrize("spelling", ["lists", "objects for ids", "full names"])
async def test_what_is_done_does_not_depend_on_how_it_is_written(server: Node, spelling: str) -> None:
    spell = SPELLINGS[spelling]
    alice = await server.person("alice")
    puppet = Puppet(server.network, "puppet.test")
    pat = puppet.actor("pat")
    post = await alice.posts("hello")
    poll = await alice.post("/api/v1/statuses", {"status": "?", "poll": {"options": ["a", "b"], "expires_in": 600}})

    async def does(kind: str, obj: Any, name: str, **more: Any) -> dict[str, Any]:
        activity = puppet.activity(kind, pat, obj, name, **more)
        assert (await puppet.send(server, spell(activity), pat)).status_code == 202
        await drain(server)
        return activity

    async def counts() -> tuple[int, int, int]:
        seen = await alice.get(f"/api/v1/statuses/{post['id']}")
        return seen["favourites_count"], seen["reblogs_count"], seen["replies_count"]

    follow = await does("Follow", alice.uri, "follow", to=[alice.uri])
    assert len(await alice.get(f"/api/v1/accounts/{alice.id}/followers")) == 1
    like = await does("Like", post["uri"], "like")
    boost = await does("Announce", post["uri"], "boost", to=[PUBLIC], cc=[pat["followers"]])
    answer = puppet.note(pat, "answer", inReplyTo=post["uri"], tag=[{"type": "Mention", "href": alice.uri}])
    await does("Create", answer, "create", to=answer["to"], cc=answer["cc"])
    vote = puppet.note(pat, "vote", name="b", content=None, inReplyTo=poll["uri"], to=[alice.uri], cc=[])
    await does("Create", vote, "vote", to=[alice.uri])
    assert await counts() == (1, 1, 1)
    voted = await alice.get(f"/api/v1/polls/{poll['poll']['id']}")
    assert [option["votes_count"] for option in voted["options"]] == [0, 1]
    edited = {**answer, "content": "<p>better</p>", "updated": "2099-01-01T00:00:00Z"}
    await does("Update", edited, "update", to=answer["to"])
    assert (await alice.sees(answer["id"]))["content"] == "<p>better</p>"
    await does("Undo", {name: like[name] for name in ("type", "id", "actor", "object")}, "unlike")
    await does("Undo", {name: boost[name] for name in ("type", "id", "actor", "object")}, "unboost")
    await does("Delete", {"type": "Tombstone", "id": answer["id"]}, "delete", to=[PUBLIC])
    assert await counts() == (0, 0, 0)
    await does("Undo", {name: follow[name] for name in ("type", "id", "actor", "object")}, "unfollow")
    assert await alice.get(f"/api/v1/accounts/{alice.id}/followers") == []
    await does("Flag", [alice.uri, post["uri"]], "flag", content="rude")
    await does("Block", alice.uri, "block")
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from reports") == 1
        assert await conn.fetchval("select count(*) from blocks") == 1
