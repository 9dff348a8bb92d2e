"""A conversation with each of the servers of the fediverse, in its own dialect and under its own strictness."""

from collections.abc import Callable
from typing import Any

import pytest

from fedi.services import moving
from tests.interop.consent import Consenting
from tests.interop.peer import PUBLIC, Peer
from tests.interop.peers import PEOPLE
from tests.interop.peers.gotosocial import GoToSocial, PoliteGoToSocial
from tests.interop.peers.hollo import Hollo
from tests.interop.peers.mastodon import Mastodon
from tests.interop.peers.rfc9421 import OnlyRFC9421
from tests.interop.stage import STATUSES, Servers, Stage, found, meet
from tests.support.pictures import picture as drawn
from tests.support.servers import drain

pytestmark = pytest.mark.anyio
with_everybody = pytest.mark.parametrize("kind", PEOPLE, ids=lambda kind: kind.software)


# ------------------------------------------------------------ what it says


@with_everybody
async def test_what_it_says_is_understood(servers: Servers, kind: type[Peer]) -> None:
    stage = await meet(servers, kind)
    for name, scene in {
        "post": posts, "edit": edits, "whisper": whispers, "reply": answers, "like": responds, "poll": polls,
        "vote": votes, "quote": quotes, "report": reports, "rename": renames,
    }.items():  # fmt: skip
        if name in kind.can:
            await scene(stage)
    await specials(stage)
    await deletes(stage)
    await joins_and_leaves(stage)
    if "block" in kind.can:
        await blocks(stage)
    if "move" in kind.can:
        await moves(stage)
    assert stage.peer.refused == []


async def posts(stage: Stage) -> None:
    peer: Peer = stage.peer
    warning = "food" if "warn" in peer.can else None
    media = (peer.shows,) if "media" in peer.can else ()
    note = peer.note("look at my cat", warning=warning, media=media)
    await stage.says(peer.create(note))
    seen = (await stage.alice.home())[0]
    assert (seen["uri"], seen["visibility"], seen["spoiler_text"]) == (note["id"], "public", warning or "")
    assert seen["sensitive"] is (warning is not None)
    assert "look at my cat" in seen["content"]
    kinds = [(each["type"], each["remote_url"], each["description"]) for each in seen["media_attachments"]]
    assert kinds == [(each.media_type.partition("/")[0], each.url, each.description) for each in (*media, *peer.draws)]
    # Another one, which nobody was sent, is looked up.
    note = peer.note("and look at this one")
    assert "and look at this one" in (await stage.alice.sees(note["id"]))["content"]


async def edits(stage: Stage) -> None:
    note = stage.peer.note("first")
    await stage.says(stage.peer.create(note), stage.peer.update(note, "second"))
    seen = await stage.alice.sees(note["id"])
    assert "second" in seen["content"]
    assert seen["edited_at"] is not None
    history = await stage.status(f"{seen['id']}/history")
    assert ["first" in version["content"] for version in history] == [True, False]


async def whispers(stage: Stage) -> None:
    note = stage.peer.whisper("between us", stage.alice)
    await stage.says(stage.peer.create(note))
    notice = (await stage.notices("mention"))[0]
    assert (notice["status"]["uri"], notice["status"]["visibility"]) == (note["id"], "direct")


async def answers(stage: Stage) -> None:
    alice, peer = stage.alice, stage.peer
    post = await alice.posts("what do you think?")
    reply = peer.note("I agree", reply_to=post["uri"], mentions=(alice,))
    await stage.says(peer.create(reply))
    notice = (await stage.notices("mention"))[0]
    assert (notice["status"]["uri"], notice["status"]["in_reply_to_id"]) == (reply["id"], post["id"])
    assert [each["username"] for each in notice["status"]["mentions"]] == ["alice"]
    thread = await stage.status(f"{post['id']}/context")
    assert [each["uri"] for each in thread["descendants"]] == [reply["id"]]


async def responds(stage: Stage) -> None:
    """Likes, boosts and emojis, each for a post of its own; and all of them taken back."""
    peer: Peer = stage.peer
    kinds: dict[str, Callable[[str], Any]] = {
        "like": peer.like,
        "boost": peer.boost,
        "react": lambda uri: peer.react(uri, "🎉"),
    }
    said: dict[str, Any] = {}
    posts: dict[str, Any] = {}
    for name in kinds.keys() & peer.can:
        posts[name] = await stage.alice.posts(f"{name} me")
        said[name] = kinds[name](posts[name]["uri"])
    for count in (1, 0):
        await stage.says(*(said.values() if count else map(peer.undo, said.values())))
        for name, post in posts.items():
            seen = await stage.status(post["id"])
            counts = [seen["favourites_count"], seen["reblogs_count"], sum(each["count"] for each in seen["reactions"])]
            assert counts == [count * (name == each) for each in kinds], name
            assert [each["name"] for each in seen["reactions"]] == ["🎉"] * counts[2]
        if count:
            named = {"like": "favourite", "boost": "reblog", "react": "pleroma:emoji_reaction"}
            for name, post in posts.items():
                assert [each["status"]["id"] for each in await stage.notices(named[name])] == [post["id"]]


async def polls(stage: Stage) -> None:
    question = stage.peer.poll("cake or pie?", "cake", "pie")
    await stage.says(stage.peer.create(question))
    poll = (await stage.alice.sees(question["id"]))["poll"]
    assert [each["title"] for each in poll["options"]] == ["cake", "pie"]
    await stage.alice.post(f"/api/v1/polls/{poll['id']}/votes", {"choices": [1]})
    await stage.settle()
    assert dict(stage.peer.votes) == {"pie": 1}


async def votes(stage: Stage) -> None:
    body = {"status": "which?", "poll": {"options": ["red", "green", "blue"], "expires_in": 3600, "multiple": True}}
    post = await stage.alice.post(STATUSES, body)
    await stage.settle()
    await stage.says(*stage.peer.ballots(post["uri"], stage.alice.uri, "red", "blue"))
    poll = await stage.alice.get(f"/api/v1/polls/{post['poll']['id']}")
    assert [each["votes_count"] for each in poll["options"]] == [1, 0, 1]
    assert poll["voters_count"] == 1


async def quotes(stage: Stage) -> None:
    post = await stage.alice.posts("quote me")
    said = stage.peer.quote(post["uri"], "well said")
    await stage.says(*said)
    seen = await stage.alice.sees(said[0]["object"]["id"])
    assert "well said" in seen["content"]
    assert (seen["quote"]["state"], seen["quote"]["quoted_status"]["id"]) == ("accepted", post["id"])
    assert [each["status"]["id"] for each in await stage.notices("quote")] == [seen["id"]]


async def reports(stage: Stage) -> None:
    alice, peer = stage.alice, stage.peer
    post = await alice.posts("rude words")
    await stage.says(peer.flag(alice.uri, [post["uri"]], "this is rude"))
    async with stage.node.db.read() as conn:
        (row,) = await conn.fetch("select comment, status_ids, target_id from reports")
    assert "this is rude" in row["comment"]
    assert (row["target_id"], list(row["status_ids"])) == (alice.account_id, [int(post["id"])])


async def renames(stage: Stage) -> None:
    await stage.says(stage.peer.renames(name="Patricia"))
    assert (await stage.alice.get(f"/api/v1/accounts/{stage.account['id']}"))["display_name"] == "Patricia"


async def specials(stage: Stage) -> None:
    alice, peer = stage.alice, stage.peer
    for note in peer.specials(alice):
        await stage.says(peer.create(note))
        assert "something special" in (await alice.sees(note["id"]))["content"]
    post = await alice.posts("business as usual")
    await stage.settle()
    before = {each["id"] for each in (*await alice.home(), *await alice.notifications())}
    await stage.says(*peer.curiosities(alice, post["uri"]))
    assert {each["id"] for each in (*await alice.home(), *await alice.notifications())} == before
    async with stage.node.db.read() as conn:
        assert await conn.fetchval("select count(*) from jobs where failed_at is not null") == 0


async def deletes(stage: Stage) -> None:
    note = stage.peer.note("gone soon")
    await stage.says(stage.peer.create(note))
    seen = await stage.alice.sees(note["id"])
    await stage.says(stage.peer.delete(note))
    await stage.alice.api("GET", f"{STATUSES}/{seen['id']}", status=404)


async def joins_and_leaves(stage: Stage) -> None:
    """It follows, and stops; and removes its follower."""
    peer: Peer = stage.peer
    follow = peer.follow(stage.alice.uri)
    await stage.says(follow)
    assert peer.following == {stage.alice.uri}
    assert (await stage.relationship())["followed_by"]
    await stage.says(peer.undo(follow))
    assert not (await stage.relationship())["followed_by"]
    (asked,) = [each for each in peer.heard if each["type"] == "Follow"]
    await stage.says(peer.reject(asked))
    assert not (await stage.relationship())["following"]


async def blocks(stage: Stage) -> None:
    block = stage.peer.block(stage.alice.uri)
    await stage.says(stage.peer.follow(stage.alice.uri), block)
    now = await stage.relationship()
    assert (now["blocked_by"], now["followed_by"]) == (True, False)
    await stage.says(stage.peer.undo(block))
    assert not (await stage.relationship())["blocked_by"]


async def moves(stage: Stage) -> None:
    """To another of its kind; whoever follows goes along."""
    await stage.alice.post(f"/api/v1/accounts/{stage.account['id']}/follow")
    await stage.settle()
    new = type(stage.peer)(
        stage.node.network, "nova", host=f"new-{stage.peer.host}", alsoKnownAs=[stage.peer.actor["id"]]
    )
    stage.others.append(new)
    await stage.says(*stage.peer.moves(new.actor["id"]))
    assert (new.followers, stage.peer.followers) == ({stage.alice.uri}, set())
    account = await stage.alice.get(f"/api/v1/accounts/{stage.account['id']}")
    assert account["moved"]["acct"] == new.handle
    assert (await stage.relationship(account["moved"]))["following"]
    assert new.refused == []


# ------------------------------------------------------------ what it hears


@with_everybody
async def test_what_we_say_is_taken(servers: Servers, kind: type[Peer]) -> None:
    stage = await meet(servers, kind)
    alice, peer = stage.alice, stage.peer
    note = peer.note("hello")
    await stage.says(peer.follow(alice.uri), peer.create(note))
    seen = await alice.sees(note["id"])
    for scene in (is_told, is_answered, is_edited, is_marked, is_quoted, is_asked, is_renamed, is_reported, is_moved):
        await scene(stage, seen)
    assert peer.refused == []


async def is_told(stage: Stage, seen: Any) -> None:
    upload = {"file": ("cat.png", drawn(), "image/png"), "description": (None, "a cat")}
    media = await stage.alice.api("POST", "/api/v2/media", status=None, files=upload)
    await drain(stage.node)
    body = {
        "status": f"@{stage.peer.handle} look #cats https://example.org/", "media_ids": [media["id"]],
        "spoiler_text": "cat", "language": "en",
    }  # fmt: skip
    post = await stage.alice.post(STATUSES, body)
    await stage.settle()
    note = stage.peer.posts[post["uri"]]
    assert (note["summary"], note["sensitive"], note["to"]) == ("cat", True, [PUBLIC])
    (picture,) = note["attachment"]
    assert (picture["type"], picture["mediaType"], picture["name"]) == ("Document", "image/png", "a cat")
    assert {(tag["type"], tag["name"]) for tag in note["tag"]} == {
        ("Mention", f"@{stage.peer.handle}"), ("Hashtag", "#cats"),
    }  # fmt: skip
    assert stage.peer.actor["id"] in note["cc"]


async def is_answered(stage: Stage, seen: Any) -> None:
    alice, peer = stage.alice, stage.peer
    readers = {"private": f"{alice.uri}/followers", "direct": peer.actor["id"]}
    said = {each: await alice.replies(seen, "between us", visibility=each) for each in readers}
    await stage.settle()
    for visibility, post in said.items():
        note = peer.posts[post["uri"]]
        assert (note["inReplyTo"], readers[visibility] in note["to"]) == (seen["uri"], True)
        assert PUBLIC not in note["to"] + note["cc"]


async def is_edited(stage: Stage, seen: Any) -> None:
    post = await stage.alice.posts("first")
    await stage.settle()
    await stage.alice.api("PUT", f"{STATUSES}/{post['id']}", json={"status": "second"})
    await stage.settle()
    note = stage.peer.posts[post["uri"]]
    assert "second" in note["content"]
    assert note["updated"] >= note["published"]
    await stage.alice.api("DELETE", f"{STATUSES}/{post['id']}")
    await stage.settle()
    assert post["uri"] not in stage.peer.posts


async def is_marked(stage: Stage, seen: Any) -> None:
    path, theirs, peer = f"{STATUSES}/{seen['id']}", (stage.alice.uri, seen["uri"]), stage.peer
    emoji = f"/api/v1/pleroma/statuses/{seen['id']}/reactions/🎉"
    await stage.alice.post(f"{path}/reblog")
    await stage.alice.api("PUT", emoji)
    await stage.settle()
    # To whoever knows no reactions one is a favourite.
    felt = {(*theirs, "🎉")} if peer.reads_reactions else set()
    liked = set() if peer.reads_reactions else {("Like", *theirs)}
    assert (peer.reactions, peer.marks) == (felt, {("Announce", *theirs)} | liked)
    await stage.alice.post(f"{path}/unreblog")
    await stage.alice.api("DELETE", emoji)
    await stage.settle()
    assert (peer.reactions, peer.marks) == (set(), set())
    await stage.alice.post(f"{path}/favourite")
    await stage.settle()
    assert peer.marks == {("Like", *theirs)}
    await stage.alice.post(f"{path}/unfavourite")
    await stage.settle()
    assert peer.marks == set()


async def is_quoted(stage: Stage, seen: Any) -> None:
    post = await stage.alice.posts("well said", quoted_status_id=seen["id"])
    await stage.settle()
    note = stage.peer.posts[post["uri"]]
    assert (await stage.status(post["id"]))["quote"]["state"] == "accepted"
    if stage.peer.reads_quotes:
        assert stage.peer.quoted(note) == seen["uri"]
    assert f'href="{seen["url"]}"' in note["content"] or f'href="{seen["uri"]}"' in note["content"]
    if issubclass(type(stage.peer), Consenting):
        stamp = stage.peer.documents[note["quoteAuthorization"].removeprefix(stage.peer.at(""))]
        assert (stamp["interactingObject"], stamp["interactionTarget"]) == (note["id"], seen["uri"])


async def is_asked(stage: Stage, seen: Any) -> None:
    poll = {"options": ["yes", "no"], "expires_in": 3600}
    post = await stage.alice.post(STATUSES, {"status": "coming?", "poll": poll})
    await stage.settle()
    note = stage.peer.posts[post["uri"]]
    assert (note["type"], [each["name"] for each in note["oneOf"]]) == ("Question", ["yes", "no"])


async def is_renamed(stage: Stage, seen: Any) -> None:
    await stage.alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Alice A."})
    await stage.settle()
    assert stage.peer.profiles[stage.alice.uri]["name"] == "Alice A."
    stage.peer.check_actor(stage.peer.profiles[stage.alice.uri])


async def is_reported(stage: Stage, seen: Any) -> None:
    body = {"account_id": stage.account["id"], "status_ids": [seen["id"]], "comment": "spam", "forward": True}
    await stage.alice.post("/api/v1/reports", body)
    await stage.settle()
    flagged = {target for mark, _, target in stage.peer.marks if mark == "Flag"}
    assert flagged >= {seen["uri"], stage.peer.actor["id"]}


async def is_moved(stage: Stage, seen: Any) -> None:
    """Alice goes to an account of the peer's kind, and blocks whom she followed."""
    new = type(stage.peer)(stage.node.network, "nova", host=f"new-{stage.peer.host}", alsoKnownAs=[stage.alice.uri])
    await found(stage.alice, new.handle)
    await moving.move(stage.node.server.app, stage.alice.account_id, f"@{new.handle}")
    await stage.settle()
    assert stage.peer.profiles[stage.alice.uri]["movedTo"] == new.actor["id"]
    assert [each["target"] for each in stage.peer.heard if each["type"] == "Move"] == [new.actor["id"]]
    await stage.alice.post(f"/api/v1/accounts/{stage.account['id']}/block")
    await stage.settle()
    assert ("Block", stage.alice.uri, stage.peer.actor["id"]) in stage.peer.marks
    assert stage.peer.followers == set()


# ------------------------------------------------------------ what only some agree on


async def test_an_answer_waits_for_the_consent_that_gotosocial_asks_for(servers: Servers) -> None:
    stage = await meet(servers, GoToSocial)
    note = stage.peer.guarded("mind what you say")
    await stage.says(stage.peer.create(note))
    reply = await stage.alice.replies(await stage.alice.sees(note["id"]), "I do")
    await stage.settle()
    (create,) = [each for each in stage.peer.heard if each["type"] == "Create"]
    assert "approvedBy" not in stage.peer.posts[reply["uri"]]
    approval = stage.peer.approve(create)
    await stage.says(approval)
    assert stage.peer.posts[reply["uri"]]["approvedBy"] == approval["result"]
    assert stage.peer.refused == []


async def test_gotosocial_is_asked_before_anything_is_done(servers: Servers) -> None:
    stage = await meet(servers, PoliteGoToSocial)
    peer, alice = stage.peer, stage.alice
    note = peer.guarded("ask me")
    await stage.says(peer.create(note))
    seen = await alice.sees(note["id"])
    await alice.replies(seen, "may I?")
    await alice.post(f"{STATUSES}/{seen['id']}/favourite")
    await alice.post(f"{STATUSES}/{seen['id']}/reblog")
    await stage.settle()
    asked = [each for each in peer.heard if each["type"].endswith("Request")]
    assert sorted(each["type"] for each in asked) == ["AnnounceRequest", "LikeRequest", "ReplyRequest"]
    assert not {each["type"] for each in peer.heard} & {"Create", "Like", "Announce"}
    answers = {each["type"]: peer.grant(each) for each in asked}
    await stage.says(*answers.values())
    done = {each["type"]: each.get("object") if each["type"] == "Create" else each for each in peer.heard[-3:]}
    for kind, action in (("Create", "Reply"), ("Like", "Like"), ("Announce", "Announce")):
        assert done[kind][f"{action.lower()}Authorization"] == answers[f"{action}Request"]["result"]
    assert peer.refused == []


@pytest.mark.parametrize("kind", [Mastodon, Hollo], ids=lambda kind: kind.software)
async def test_consent_to_a_quote_is_taken_back_both_ways(servers: Servers, kind: type[Consenting]) -> None:
    stage = await meet(servers, kind)
    note = stage.peer.note("quote me")
    await stage.says(stage.peer.create(note))
    mine = await stage.alice.posts("well said", quoted_status_id=(await stage.alice.sees(note["id"]))["id"])
    await stage.settle()
    stamp = stage.peer.posts[mine["uri"]]["quoteAuthorization"]
    await stage.says(stage.peer.activity("Delete", stamp, to=[PUBLIC]))
    assert (await stage.status(mine["id"]))["quote"]["state"] == "revoked"
    assert "quoteAuthorization" not in stage.peer.posts[mine["uri"]]

    post = await stage.alice.posts("quote me too")
    said = stage.peer.quote(post["uri"], "indeed")
    await stage.says(*said)
    theirs = await stage.alice.sees(said[0]["object"]["id"])
    await stage.alice.post(f"{STATUSES}/{post['id']}/quotes/{theirs['id']}/revoke")
    await stage.settle()
    (told,) = [each["object"] for each in stage.peer.heard if each["type"] == "Delete"]
    assert (told["type"], told["interactingObject"]) == ("QuoteAuthorization", theirs["uri"])
    assert stage.peer.refused == []


async def test_who_reads_rfc_9421_alone_is_knocked_at_once(servers: Servers) -> None:
    stage = await meet(servers, OnlyRFC9421)
    peer, alice = stage.peer, stage.alice
    assert "look at this" in (await alice.sees(peer.note("look at this")["id"]))["content"]
    await stage.says(peer.follow(alice.uri))
    await alice.posts("welcome")
    await stage.settle()
    assert [each["type"] for each in peer.heard] == ["Follow", "Accept", "Create"]
    assert (len(peer.knocks), peer.refused) == (1, []), "what it takes is remembered"
