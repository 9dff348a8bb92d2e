"""Communities, forums and channels: what they pass on, and what they are sent, each in its own dialect."""

from typing import Any

import pytest

from tests.interop.community import Community
from tests.interop.peers import COMMUNITIES
from tests.interop.stage import STATUSES, Servers, Stage, meet

pytestmark = [
    pytest.mark.anyio, pytest.mark.parametrize("kind", COMMUNITIES, ids=lambda kind: kind.__name__),
]  # fmt: skip


async def opened(stage: Stage) -> Any:
    """An opening post, as alice sees it at home: once."""
    peer: Community = stage.peer
    note = peer.written("look at my cat")
    await stage.says(*peer.publishes(note))
    (shown,) = await at_home(stage)
    assert shown["uri"] == note["id"]
    return note, shown


async def at_home(stage: Stage) -> list[Any]:
    """What others have brought there."""
    found = [each["reblog"] or each for each in await stage.alice.home()]
    return [each for each in found if each["account"]["acct"] != "alice"]


async def test_what_they_pass_on_is_understood(servers: Servers, kind: type[Community]) -> None:
    stage = await meet(servers, kind)
    assert stage.account["group"]
    note, shown = await opened(stage)
    peer: Community = stage.peer
    assert "look at my cat" in shown["content"]
    assert peer.opening_type == "Note" or "Cats" in shown["content"]
    for scene in (is_commented, is_edited, is_voted_on, is_moderated):
        await scene(stage, note, shown)
    assert peer.refused == []


async def is_commented(stage: Stage, note: Any, shown: Any) -> None:
    """An answer stands in the thread, and not at home."""
    peer: Community = stage.peer
    answer = peer.written("what a cat", reply_to=note["id"])
    await stage.says(*peer.publishes(answer))
    thread = await stage.status(f"{shown['id']}/context")
    assert [each["uri"] for each in thread["descendants"]] == [answer["id"]]
    assert [each["account"]["acct"] for each in thread["descendants"]] == [f"pat@{peer.host}"]
    assert len(await at_home(stage)) == 1


async def is_edited(stage: Stage, note: Any, shown: Any) -> None:
    peer: Community = stage.peer
    update = peer.update(note, "look at both my cats")
    if note["attributedTo"] == peer.group["id"]:
        update["actor"] = peer.group["id"]
    await stage.says(*peer.passes(update))
    assert "both my cats" in (await stage.status(shown["id"]))["content"]


async def is_voted_on(stage: Stage, note: Any, shown: Any) -> None:
    """Alice's answer: votes for it count, votes against it do not, and what is taken back is gone."""
    alice, peer = stage.alice, stage.peer
    post = await alice.replies(await stage.status(shown["id"]), "mine too")
    await stage.settle()
    like = peer.by(peer.member, "Like", post["uri"])
    against = [peer.by(peer.moderator, "Dislike", post["uri"])] if "dislike" in peer.can else []
    for activity in (like, *against):
        await stage.says(*peer.passes(activity))
    assert (await stage.status(post["id"]))["favourites_count"] == 1
    inner = {name: each for name, each in like.items() if name != "@context"}
    await stage.says(*peer.passes(peer.by(peer.member, "Undo", inner)))
    assert (await stage.status(post["id"]))["favourites_count"] == 0


async def is_moderated(stage: Stage, note: Any, shown: Any) -> None:
    """Whom it locks out or sets in is its own business; what it removes leaves its view."""
    peer: Community = stage.peer
    if "moderate" not in peer.can:
        return
    target = {"target": f"{peer.group['id']}/moderators"}
    for kind, obj in (
        ("Add", peer.member["id"]),
        ("Lock", note["id"]),
        ("Block", peer.member["id"]),
        ("Warn", note["id"]),
    ):
        await stage.says(*peer.passes(peer.by(peer.moderator, kind, obj, **target)))
    assert len(await at_home(stage)) == 1
    await stage.says(*peer.passes(peer.by(peer.moderator, "Delete", note["id"], summary="not a cat")))
    assert await at_home(stage) == []


async def test_what_we_say_to_them_is_taken(servers: Servers, kind: type[Community]) -> None:
    stage = await meet(servers, kind)
    alice, peer = stage.alice, stage.peer
    note, shown = await opened(stage)
    reply = await alice.replies(shown, "mine too")
    await stage.settle()
    heard = peer.posts[reply["uri"]]
    assert (heard["inReplyTo"], peer.group["id"] in heard["to"] + heard["cc"]) == (note["id"], True)
    for verb, there in (("favourite", True), ("unfavourite", False)):
        await alice.post(f"{STATUSES}/{shown['id']}/{verb}")
        await stage.settle()
        assert (("Like", alice.uri, note["id"]) in peer.marks) is there
    # To the group, by its name; it is no news that it passes that on.
    post = await alice.posts(f"@{peer.handle} my cat")
    await stage.settle()
    assert peer.group["id"] in peer.posts[post["uri"]]["cc"]
    assert [each["type"] for each in await alice.notifications()] == []
    await alice.api("DELETE", f"{STATUSES}/{reply['id']}")
    body = {"account_id": shown["account"]["id"], "status_ids": [shown["id"]], "comment": "spam", "forward": True}
    await alice.post("/api/v1/reports", body)
    await alice.post(f"/api/v1/accounts/{stage.account['id']}/unfollow")
    await stage.settle()
    assert reply["uri"] not in peer.posts
    assert note["id"] in {target for mark, _, target in peer.marks if mark == "Flag"}
    assert peer.followers == set()
    assert peer.refused == []
