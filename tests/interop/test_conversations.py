"""A conversation with each of the servers of the fediverse, in its own dialect and under its own strictness."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from tests.interop.peer import PUBLIC, Media, Peer
from tests.interop.peers import ALL
from tests.support.pictures import picture as drawn
from tests.support.servers import Node, Person, drain

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.software)]

Servers = Callable[..., Awaitable[list[Node]]]
STATUSES = "/api/v1/statuses"
CAT = "https://files.example/cat.png"


class Stage(msgspec.Struct, frozen=True):
    """Alice on our server, who is followed by Pat on the peer; `account` is Pat as our server knows them."""

    node: Node
    alice: Person
    peer: Peer
    account: Any

    async def settle(self) -> None:
        """Until nobody has anything left to say."""
        for _ in range(20):
            await drain(self.node)
            if not await self.peer.speak(self.node):
                return
        raise AssertionError("they never stop")

    async def says(self, *activities: Any) -> None:
        self.peer.say(*activities)
        await self.settle()


async def meet(servers: Servers, kind: type[Peer]) -> Stage:
    (node,) = await servers("fedi.test")
    alice = await node.person("alice")
    peer = kind(node.network)
    found = await alice.get("/api/v2/search", q=f"@{peer.handle}", type="accounts", resolve="true")
    (account,) = found["accounts"]
    stage = Stage(node, alice, peer, account)
    await alice.post(f"/api/v1/accounts/{account['id']}/follow")
    await stage.settle()
    assert peer.followers == {alice.uri}
    assert (await relationship(stage))["following"]
    await stage.says(peer.follow(alice.uri))
    assert peer.following == {alice.uri}
    assert (await relationship(stage))["followed_by"]
    return stage


async def relationship(stage: Stage) -> Any:
    return (await stage.alice.get("/api/v1/accounts/relationships", **{"id[]": stage.account["id"]}))[0]


async def notices(stage: Stage, kind: str) -> list[Any]:
    return list(await stage.alice.get("/api/v1/notifications", **{"types[]": kind}))


# ------------------------------------------------------------ what it says


async def test_what_it_says_is_understood(servers: Servers, kind: type[Peer]) -> None:
    stage = await meet(servers, kind)
    assert stage.account["acct"] == stage.peer.handle
    for scene in (posts, edits, answers, likes, polls, votes, quotes, reports, deletes):
        await scene(stage)
    assert stage.peer.refused == []


async def posts(stage: Stage) -> None:
    peer = stage.peer
    warning = "food" if "warn" in peer.can else None
    note = peer.note("look at my cat", warning=warning, media=(Media(CAT),))
    await stage.says(peer.create(note))
    seen = (await stage.alice.home())[0]
    assert (seen["uri"], seen["visibility"], seen["spoiler_text"]) == (note["id"], "public", warning or "")
    assert seen["sensitive"] is (warning is not None)
    assert "look at my cat" in seen["content"]
    (media,) = seen["media_attachments"]
    assert (media["type"], media["remote_url"], media["description"]) == ("image", CAT, "a picture of a cat")


async def edits(stage: Stage) -> None:
    if "edit" not in stage.peer.can:
        return
    note = stage.peer.note("first")
    await stage.says(stage.peer.create(note), stage.peer.update(note, "second"))
    seen = await stage.alice.sees(note["id"])
    assert "second" in seen["content"]
    assert seen["edited_at"] is not None
    history = await stage.alice.get(f"{STATUSES}/{seen['id']}/history")
    assert ["first" in version["content"] for version in history] == [True, False]


async def answers(stage: Stage) -> None:
    alice, peer = stage.alice, stage.peer
    post = await alice.posts("what do you think?")
    reply = peer.note("I agree", reply_to=post["uri"], mentions=(alice,))
    await stage.says(peer.create(reply))
    notice = (await notices(stage, "mention"))[0]
    assert (notice["status"]["uri"], notice["status"]["in_reply_to_id"]) == (reply["id"], post["id"])
    assert [each["username"] for each in notice["status"]["mentions"]] == ["alice"]
    thread = await alice.get(f"{STATUSES}/{post['id']}/context")
    assert [each["uri"] for each in thread["descendants"]] == [reply["id"]]


async def likes(stage: Stage) -> None:
    alice, peer = stage.alice, stage.peer
    post = await alice.posts("like me")
    path = f"{STATUSES}/{post['id']}"
    like, boost = peer.like(post["uri"]), peer.boost(post["uri"])
    await stage.says(like, *([boost] if "boost" in peer.can else []))
    seen = await alice.get(path)
    assert (seen["favourites_count"], seen["reblogs_count"]) == (1, 1 if "boost" in peer.can else 0)
    assert [each["status"]["id"] for each in await notices(stage, "favourite")] == [post["id"]]
    await stage.says(peer.undo(like), *([peer.undo(boost)] if "boost" in peer.can else []))
    seen = await alice.get(path)
    assert (seen["favourites_count"], seen["reblogs_count"]) == (0, 0)


async def polls(stage: Stage) -> None:
    if "poll" not in stage.peer.can:
        return
    question = stage.peer.poll("cake or pie?", "cake", "pie")
    await stage.says(stage.peer.create(question))
    poll = (await stage.alice.sees(question["id"]))["poll"]
    assert [each["title"] for each in poll["options"]] == ["cake", "pie"]
    await stage.alice.post(f"/api/v1/polls/{poll['id']}/votes", {"choices": [1]})
    await stage.settle()
    assert dict(stage.peer.votes) == {"pie": 1}


async def votes(stage: Stage) -> None:
    if "vote" not in stage.peer.can:
        return
    body = {"status": "which?", "poll": {"options": ["red", "green", "blue"], "expires_in": 3600, "multiple": True}}
    post = await stage.alice.post(STATUSES, body)
    await stage.settle()
    await stage.says(*stage.peer.ballots(post["uri"], stage.alice.uri, "red", "blue"))
    poll = await stage.alice.get(f"/api/v1/polls/{post['poll']['id']}")
    assert [each["votes_count"] for each in poll["options"]] == [1, 0, 1]
    assert poll["voters_count"] == 1


async def quotes(stage: Stage) -> None:
    if "quote" not in stage.peer.can:
        return
    post = await stage.alice.posts("quote me")
    quoting = stage.peer.quotes(post["uri"], "well said")
    await stage.says(stage.peer.create(quoting))
    seen = await stage.alice.sees(quoting["id"])
    assert "well said" in seen["content"]
    assert seen["quote"] is not None


async def reports(stage: Stage) -> None:
    alice, peer = stage.alice, stage.peer
    if "report" not in peer.can:
        return
    post = await alice.posts("rude words")
    await stage.says(peer.flag(alice.uri, [post["uri"]], "this is rude"))
    async with stage.node.db.read() as conn:
        rows = await conn.fetch("select comment, status_ids, target_id from reports")
    (row,) = rows
    assert "this is rude" in row["comment"]
    assert row["target_id"] == alice.account_id
    assert list(row["status_ids"]) == [int(post["id"])]


async def deletes(stage: Stage) -> None:
    note = stage.peer.note("gone soon")
    await stage.says(stage.peer.create(note))
    seen = await stage.alice.sees(note["id"])
    await stage.says(stage.peer.delete(note))
    await stage.alice.api("GET", f"{STATUSES}/{seen['id']}", status=404)


# ------------------------------------------------------------ what it hears


async def test_what_we_say_is_taken(servers: Servers, kind: type[Peer]) -> None:
    stage = await meet(servers, kind)
    alice, peer = stage.alice, stage.peer
    note = peer.note("hello")
    await stage.says(peer.create(note))
    seen = await alice.sees(note["id"])
    for scene in (is_told, is_answered, is_edited, is_marked, is_asked, is_reported):
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
    for visibility, addressed in (("private", f"{stage.alice.uri}/followers"), ("direct", stage.peer.actor["id"])):
        post = await stage.alice.replies(seen, "between us", visibility=visibility)
        await stage.settle()
        note = stage.peer.posts[post["uri"]]
        assert (note["inReplyTo"], addressed in note["to"]) == (seen["uri"], True)
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
    path, theirs = f"{STATUSES}/{seen['id']}", (stage.alice.uri, seen["uri"])
    for verb, undo, kind in (("favourite", "unfavourite", "Like"), ("reblog", "unreblog", "Announce")):
        await stage.alice.post(f"{path}/{verb}")
        await stage.settle()
        assert (kind, *theirs) in stage.peer.marks
        await stage.alice.post(f"{path}/{undo}")
        await stage.settle()
        assert (kind, *theirs) not in stage.peer.marks


async def is_asked(stage: Stage, seen: Any) -> None:
    poll = {"options": ["yes", "no"], "expires_in": 3600}
    post = await stage.alice.post(STATUSES, {"status": "coming?", "poll": poll})
    await stage.settle()
    note = stage.peer.posts[post["uri"]]
    assert (note["type"], [each["name"] for each in note["oneOf"]]) == ("Question", ["yes", "no"])


async def is_reported(stage: Stage, seen: Any) -> None:
    body = {"account_id": stage.account["id"], "status_ids": [seen["id"]], "comment": "spam", "forward": True}
    await stage.alice.post("/api/v1/reports", body)
    await stage.alice.post(f"/api/v1/accounts/{stage.account['id']}/block")
    await stage.settle()
    flagged = {target for mark, _, target in stage.peer.marks if mark == "Flag"}
    assert flagged >= {seen["uri"], stage.peer.actor["id"]}
    assert ("Block", stage.alice.uri, stage.peer.actor["id"]) in stage.peer.marks
