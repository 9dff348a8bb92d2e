"""Interaction policies, as GoToSocial has them: what authors elsewhere allow is heeded, and their consent carried."""

import json
from typing import Any

import pytest

from storage import hosts
from tests.support.puppet import PUBLIC, Puppet
from tests.support.scenes import followers_on
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

EVERYBODY = {"automaticApproval": [PUBLIC], "manualApproval": []}
ASK = {"automaticApproval": [], "manualApproval": [PUBLIC]}
NOBODY: dict[str, list[str]] = {"always": [], "approvalRequired": []}  # as they were called before


async def scene(servers: Any) -> tuple[Node, Puppet, Person, Any]:
    [node] = await servers("example.test")
    far = Puppet(node.network, "far.test")
    alice, zed = await node.person("alice"), far.actor("zed")
    return node, far, alice, zed


def policy(**rules: Any) -> dict[str, Any]:
    return {"canLike": EVERYBODY, "canReply": EVERYBODY, "canAnnounce": EVERYBODY, **rules}


async def note(far: Puppet, alice: Person, zed: Any, name: str, **rules: Any) -> Any:
    return await alice.sees(far.note(zed, name, interactionPolicy=policy(**rules))["id"])


async def test_what_an_author_does_not_allow_is_not_done(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    closed = await note(far, alice, zed, "closed", canLike=NOBODY, canReply=NOBODY, canAnnounce=NOBODY)
    path = f"/api/v1/statuses/{closed['id']}"
    await alice.post(f"{path}/favourite", status=403)
    await alice.post(f"{path}/reblog", status=403)
    await alice.api("PUT", f"/api/v1/pleroma/statuses/{closed['id']}/reactions/🎉", status=403)
    body = {"status": "but", "in_reply_to_id": closed["id"]}
    await alice.post("/api/v1/statuses", body, status=403)
    await drain(node)
    assert far.inbox == []
    only_me = {"always": [f"{node.base_url}/users/alice"], "approvalRequired": [PUBLIC]}
    opened = await note(far, alice, zed, "opened", canLike=only_me)
    await alice.post(f"/api/v1/statuses/{opened['id']}/favourite")


async def test_who_is_named_may_always_answer(servers: Any) -> None:
    _, far, alice, zed = await scene(servers)
    tag = [{"type": "Mention", "href": alice.uri, "name": "@alice"}]
    found = far.note(zed, "hey", interactionPolicy=policy(canReply=NOBODY), tag=tag, cc=[alice.uri])
    await alice.posts("yes?", in_reply_to_id=(await alice.sees(found["id"]))["id"])


@pytest.mark.parametrize("embedded", [False, True])
async def test_consent_to_an_answer_is_carried_to_everybody(servers: Any, embedded: bool) -> None:
    node, far, alice, zed = await scene(servers)
    asks = await note(far, alice, zed, "asks", canReply=ASK)
    answer = await alice.posts("may I?", in_reply_to_id=asks["id"])
    await drain(node)
    created = far.inbox[-1]
    assert created["type"] == "Create"
    obj = {"id": created["id"], "type": "Create", "actor": alice.uri} if embedded else answer["uri"]
    stamp = "https://far.test/approvals/1"
    await far.send(node, far.activity("Accept", zed, obj, "a1", result=stamp), zed)
    await drain(node)
    update = far.inbox[-1]
    assert (update["type"], update["object"]["approvedBy"]) == ("Update", stamp)
    # Said again it is no news, and nobody else speaks for the author.
    count = len(far.inbox)
    await far.send(node, far.activity("Accept", zed, obj, "a2", result=stamp), zed)
    eve = far.actor("eve")
    await far.send(node, far.activity("Accept", eve, obj, "a3", result="https://far.test/approvals/2"), eve)
    await far.send(node, far.activity("Reject", eve, obj, "a4"), eve)
    await drain(node)
    assert len(far.inbox) == count


async def test_what_is_refused_is_taken_back(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    asks = await note(far, alice, zed, "asks", canReply=ASK, canLike=ASK, canAnnounce=ASK)
    path = f"/api/v1/statuses/{asks['id']}"
    answer = await alice.posts("may I?", in_reply_to_id=asks["id"])
    boost = await alice.post(f"{path}/reblog")
    await alice.post(f"{path}/favourite")
    await drain(node)
    like = next(each for each in far.inbox if each["type"] == "Like")
    for number, uri in enumerate((answer["uri"], boost["uri"], like["id"])):
        await far.send(node, far.activity("Reject", zed, uri, f"r{number}"), zed)
    await drain(node)
    asks = await alice.get(path)
    assert (asks["favourited"], asks["reblogged"], asks["replies_count"]) == (False, False, 0)
    assert (await alice.get(f"{path}/context"))["descendants"] == []
    assert (await alice.get(f"/api/v1/statuses/{answer['id']}"))["in_reply_to_id"] is None


async def test_answers_and_boosts_of_others_need_genuine_consent(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    other = Puppet(node.network, "other.test")
    eve = other.actor("eve")
    asks = await note(far, alice, zed, "asks", canReply=ASK, canAnnounce=NOBODY)
    found = await alice.get("/api/v2/search", q="eve@other.test", type="accounts", resolve="true")
    await alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/follow")
    await drain(node)
    follow = other.inbox[-1]
    await other.send(node, other.activity("Accept", eve, follow, "ok"), eve)
    await drain(node)

    async def answers(name: str, **more: Any) -> list[str]:
        await other.send(node, other.create(other.note(eve, name, inReplyTo=asks["uri"], **more)), eve)
        await drain(node)
        below = (await alice.get(f"/api/v1/statuses/{asks['id']}/context"))["descendants"]
        return [each["uri"].rpartition("/")[2] for each in below]

    assert await answers("bare") == []
    assert await answers("forged", approvedBy="https://other.test/approvals/1") == []
    assert await answers("missing", approvedBy="https://far.test/approvals/none") == []
    stamp = {
        "@context": ["https://www.w3.org/ns/activitystreams"],
        "id": "https://far.test/approvals/1",
        "type": "ReplyApproval",
        "attributedTo": zed["id"],
        "interactingObject": "https://other.test/notes/good",
        "interactionTarget": asks["uri"],
    }
    far.documents["/approvals/1"] = stamp
    assert await answers("stolen", approvedBy=stamp["id"]) == []
    assert await answers("good", approvedBy=stamp["id"]) == ["good"]
    await other.send(node, other.activity("Announce", eve, asks["uri"], "boost", to=[PUBLIC]), eve)
    await drain(node)
    assert (await alice.get(f"/api/v1/statuses/{asks['id']}"))["reblogs_count"] == 0
    # What comes later, with the consent, is taken.
    bare = other.note(eve, "bare", inReplyTo=asks["uri"], replyAuthorization="https://far.test/approvals/2")
    far.documents["/approvals/2"] = {**stamp, "id": "https://far.test/approvals/2", "interactingObject": bare["id"],
                                     "type": "ReplyAuthorization"}  # fmt: skip
    await other.send(node, other.activity("Update", eve, bare, "u1", to=[PUBLIC]), eve)
    await drain(node)
    below = (await alice.get(f"/api/v1/statuses/{asks['id']}/context"))["descendants"]
    assert {each["uri"].rpartition("/")[2] for each in below} == {"good", "bare"}


async def test_consent_to_a_boost_is_carried_to_everybody(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    asks = await note(far, alice, zed, "asks", canAnnounce=ASK)
    await alice.post(f"/api/v1/statuses/{asks['id']}/reblog")
    await drain(node)
    boost = far.inbox[-1]
    stamp = "https://far.test/approvals/1"
    for number in range(2):
        await far.send(node, far.activity("Accept", zed, boost["id"], f"a{number}", result=stamp), zed)
        await drain(node)
    assert "approvedBy" not in boost
    again = far.inbox[-1]
    assert (again["type"], again["id"], again["approvedBy"]) == ("Announce", boost["id"], stamp)
    assert [each["type"] for each in far.inbox] == ["Announce", "Announce"]
    await alice.post(f"/api/v1/statuses/{asks['id']}/unreblog")
    await drain(node)
    assert far.inbox[-1]["object"]["id"] == boost["id"]


async def test_a_boost_that_comes_again_with_consent_counts(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    other = Puppet(node.network, "other.test")
    eve, asks = other.actor("eve"), await note(far, alice, zed, "asks", canAnnounce=ASK)
    await alice.post(f"/api/v1/accounts/{await found_id(alice, 'eve@other.test')}/follow")
    await drain(node)
    await other.send(node, other.activity("Accept", eve, other.inbox[-1], "ok"), eve)
    boost = other.activity("Announce", eve, asks["uri"], "boost", to=[PUBLIC])
    await other.send(node, boost, eve)
    await drain(node)
    far.documents["/approvals/1"] = {
        "@context": ["https://www.w3.org/ns/activitystreams"],
        "id": "https://far.test/approvals/1",
        "type": "AnnounceApproval",
        "attributedTo": zed["id"],
        "interactingObject": boost["id"],
        "interactionTarget": asks["uri"],
    }
    await other.send(node, {**boost, "approvedBy": "https://far.test/approvals/1"}, eve)
    await drain(node)
    assert (await alice.get(f"/api/v1/statuses/{asks['id']}"))["reblogs_count"] == 1


@pytest.mark.parametrize("emoji", ["Like", "EmojiReact"])
async def test_a_reaction_that_is_refused_is_taken_back(servers: Any, emoji: str) -> None:
    node, far, alice, zed = await scene(servers)
    asks = await note(far, alice, zed, "asks", canLike=ASK)
    if emoji == "EmojiReact":
        async with node.db.transaction() as conn:
            await hosts.set_software(conn, "far.test", "akkoma", "3.10")
    path = f"/api/v1/pleroma/statuses/{asks['id']}/reactions"
    await alice.api("PUT", f"{path}/🎉")
    await drain(node)
    given = far.inbox[-1]
    assert given["type"] == emoji
    await far.send(node, far.activity("Reject", zed, given, "r"), zed)
    await drain(node)
    assert await alice.get(path) == []


@pytest.mark.parametrize("kind", ["Reject", "RejectReply"])
async def test_an_answer_that_never_counted_is_parted_without_counting(servers: Any, kind: str) -> None:
    node, far, alice, zed = await scene(servers)
    asks = await note(far, alice, zed, "asks", canReply=ASK)
    answers = [
        await alice.posts("@zed@far.test may I?", in_reply_to_id=asks["id"], visibility=visibility)
        for visibility in ("public", "private")
    ]
    await drain(node)
    await far.send(node, far.activity(kind, zed, answers[1]["uri"], "r"), zed)
    await drain(node)
    assert (await alice.get(f"/api/v1/statuses/{answers[1]['id']}"))["in_reply_to_id"] is None
    assert (await alice.get(f"/api/v1/statuses/{asks['id']}"))["replies_count"] == 1


@pytest.mark.parametrize("policy_of", [ASK, NOBODY, EVERYBODY])
async def test_answers_that_come_first_are_judged_when_what_they_answer_comes(servers: Any, policy_of: Any) -> None:
    node, far, alice, zed = await scene(servers)
    other = Puppet(node.network, "other.test")
    eve = other.actor("eve")
    await alice.post(f"/api/v1/accounts/{await found_id(alice, 'eve@other.test')}/follow")
    await drain(node)
    await other.send(node, other.activity("Accept", eve, other.inbox[-1], "ok"), eve)
    asks = far.note(zed, "asks", interactionPolicy=policy(canReply=policy_of))
    far.documents["/notes/asks"] = 404
    stamp = {
        "@context": ["https://www.w3.org/ns/activitystreams"],
        "id": "https://far.test/approvals/1",
        "type": "ReplyAuthorization",
        "attributedTo": zed["id"],
        "interactingObject": "https://other.test/notes/good",
        "interactionTarget": asks["id"],
    }
    far.documents["/approvals/1"] = stamp
    names: dict[str, dict[str, Any]] = {
        "bare": {},
        "forged": {"approvedBy": "https://other.test/approvals/1"},
        "stolen": {"replyAuthorization": stamp["id"]},
        "good": {"replyAuthorization": stamp["id"]},
    }
    for name, more in names.items():
        await other.send(node, other.create(other.note(eve, name, inReplyTo=asks["id"], **more)), eve)
    await drain(node)
    posts = f"/api/v1/accounts/{await found_id(alice, 'eve@other.test')}/statuses"
    assert len(await alice.get(posts)) == len(names)
    far.documents["/notes/asks"] = asks
    found = await alice.sees(asks["id"])
    await drain(node)
    below = (await alice.get(f"/api/v1/statuses/{found['id']}/context"))["descendants"]
    stand = set(names) if policy_of == EVERYBODY else {"good"}
    assert {each["uri"].rpartition("/")[2] for each in below} == stand
    assert {each["uri"].rpartition("/")[2] for each in await alice.get(posts)} == stand
    assert (await alice.get(f"/api/v1/statuses/{found['id']}"))["replies_count"] == len(stand)


@pytest.mark.parametrize("action", ["Like", "Reply", "Announce"])
async def test_who_asks_first_gets_a_stamp_that_can_be_looked_up(servers: Any, action: str) -> None:
    node, far, alice, zed = await scene(servers)
    status, secret = await alice.posts("hello"), await alice.posts("mine", visibility="private")
    mine = "https://far.test/things/1"
    asked = far.activity(f"{action}Request", zed, status["uri"], "ask", instrument={"id": mine, "type": action})
    hidden = far.activity(f"{action}Request", zed, secret["uri"], "ask2", instrument=mine)
    theirs = far.activity(f"{action}Request", zed, status["uri"], "ask3", instrument="https://other.test/things/1")
    for document in asked, hidden, theirs, asked:
        await far.send(node, document, zed)
    await drain(node)
    [accept] = far.inbox
    assert (accept["type"], accept["object"]["id"], accept["object"]["instrument"]) == ("Accept", asked["id"], mine)
    stamp = (await far.get(node, accept["result"].removeprefix(node.base_url), zed)).json()
    assert (stamp["type"], stamp["attributedTo"]) == (f"{action}Authorization", alice.uri)
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (mine, status["uri"])
    await alice.api("DELETE", f"/api/v1/statuses/{status['id']}")
    assert (await far.get(node, accept["result"].removeprefix(node.base_url), zed)).status_code == 404
    other = await alice.posts("another")
    await alice.post(f"/api/v1/accounts/{await zeds_id(alice)}/block")
    await far.send(node, far.activity(f"{action}Request", zed, other["uri"], "ask4", instrument=mine), zed)
    await drain(node)
    assert far.inbox[-1]["type"] == "Reject"


async def zeds_id(alice: Person) -> str:
    return await found_id(alice, "zed@far.test")


async def found_id(alice: Person, handle: str) -> str:
    found = await alice.get("/api/v2/search", q=handle, type="accounts", resolve="true")
    return str(found["accounts"][0]["id"])


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ({"automaticApproval": [PUBLIC], "manualApproval": ["ALICE"]}, "asked"),
        ({"automaticApproval": [PUBLIC, "ALICE"], "manualApproval": ["ALICE"]}, "done"),
        ({"automaticApproval": [PUBLIC], "manualApproval": [PUBLIC]}, "done"),
        ({"automaticApproval": "ALICE", "manualApproval": PUBLIC}, "done"),
        ({"always": [], "approvalRequired": "ALICE"}, "asked"),
        ({"manualApproval": PUBLIC}, "asked"),
        ({"automaticApproval": ["https://far.test/users/zed"]}, "denied"),
        ({"automaticApproval": []}, "denied"),
        ({}, "done"),
        (None, "done"),
    ],
)
async def test_who_is_named_comes_before_everybody(servers: Any, rule: Any, verdict: str) -> None:
    node, far, alice, zed = await scene(servers)
    await knows(node, "0.20.1")
    text = json.dumps(policy(canLike=rule)).replace("ALICE", alice.uri)
    found = await alice.sees(far.note(zed, "n", interactionPolicy=json.loads(text))["id"])
    await alice.post(f"/api/v1/statuses/{found['id']}/favourite", status=403 if verdict == "denied" else 200)
    await drain(node)
    assert [each["type"] for each in far.inbox] == {"asked": ["LikeRequest"], "done": ["Like"], "denied": []}[verdict]


# ---------------------------------------------------------------- asking first


async def knows(node: Node, version: str | None, software: str = "gotosocial") -> None:
    """Say what far.test runs."""
    async with node.db.transaction() as conn:
        await hosts.set_software(conn, "far.test", software, version)


async def does(alice: Person, action: str, status: Any) -> Any:
    path = f"/api/v1/statuses/{status['id']}"
    if action == "Reply":
        return await alice.posts("may I?", in_reply_to_id=status["id"])
    if action == "Announce":
        return await alice.post(f"{path}/reblog")
    if action == "React":
        return await alice.api("PUT", f"/api/v1/pleroma/statuses/{status['id']}/reactions/🎉")
    return await alice.post(f"{path}/favourite")


async def wanted(
    servers: Any, version: str, action: str
) -> tuple[Node, Puppet, Puppet, Person, dict[str, Any], Any, Any]:
    """Alice wants to do something with a post whose author has to agree, on a GoToSocial of this version; a third
    server has a follower of hers. All of them, the post, and what was done."""
    node, far, alice, zed = await scene(servers)
    await knows(node, version)
    asks = await note(far, alice, zed, "asks", canLike=ASK, canReply=ASK, canAnnounce=ASK)
    [third] = await followers_on(node, alice, "third.test")
    done = await does(alice, action, asks)
    await drain(node)
    return node, far, third, alice, zed, asks, done


@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize("action", ["Like", "React", "Reply", "Announce"])
async def test_who_wants_to_agree_first_is_asked_first(servers: Any, action: str, embedded: bool) -> None:
    node, far, third, alice, zed, asks, done = await wanted(servers, "0.20.0-rc1", action)
    [asked] = far.inbox
    kind = "Like" if action == "React" else action
    assert (asked["type"], asked["actor"], asked["object"]) == (f"{kind}Request", alice.uri, asks["uri"])
    assert asked["to"] == [zed["id"]]
    what = asked["instrument"]
    assert what["type"] == {"Reply": "Note"}.get(kind, kind)
    if action == "Reply":
        await alice.api("PUT", f"/api/v1/statuses/{done['id']}", json={"status": "please, may I?"})
        await drain(node)
        assert far.inbox[-1]["type"] == "Update", "who was asked sees what it is now"
    assert third.inbox == [], "nobody else hears of it before"
    request = {"id": asked["id"], "type": asked["type"], "actor": alice.uri, "object": asks["uri"]}
    obj = {**request, "instrument": what["id"]} if embedded else asked["id"]
    far.inbox.clear()
    eve, stamp = far.actor("eve"), "https://far.test/authorizations/1"
    await far.send(node, far.activity("Accept", eve, obj, "a0", result=stamp), eve)
    await far.send(node, far.activity("Accept", zed, obj, "a1"), zed)
    await drain(node)
    assert far.inbox == third.inbox == [], "only the author agrees, and shows it"
    for name in ("a2", "a3"):
        await far.send(node, far.activity("Accept", zed, obj, name, result=stamp), zed)
        await drain(node)
    [sent] = far.inbox
    assert third.inbox == ([sent] if action in ("Reply", "Announce") else [])
    told = sent["object"] if action == "Reply" else sent
    assert sent["type"] == {"Reply": "Create"}.get(kind, kind)
    assert (told["id"], told["approvedBy"], told[f"{kind.lower()}Authorization"]) == (what["id"], stamp, stamp)
    if action == "Reply":
        assert "please" in told["content"]
        await alice.api("DELETE", f"/api/v1/statuses/{done['id']}")
        await drain(node)
        assert third.inbox[-1]["type"] == "Delete"


@pytest.mark.parametrize("action", ["Like", "React", "Reply", "Announce"])
async def test_what_was_refused_leaves_for_nobody(servers: Any, action: str) -> None:
    node, far, third, alice, zed, asks, done = await wanted(servers, "0.21.0", action)
    asked = far.inbox.pop()
    await far.send(node, far.activity("Reject", zed, asked, "r"), zed)
    await drain(node)
    now = await alice.get(f"/api/v1/statuses/{asks['id']}")
    assert (now["favourited"], now["reblogged"], now["replies_count"]) == (False, False, 0)
    assert await alice.get(f"/api/v1/pleroma/statuses/{asks['id']}/reactions") == []
    if action == "Reply":
        assert (await alice.get(f"/api/v1/statuses/{done['id']}"))["in_reply_to_id"] is None
        await alice.api("DELETE", f"/api/v1/statuses/{done['id']}")
    # Too late.
    stamp = "https://far.test/authorizations/1"
    await far.send(node, far.activity("Accept", zed, asked["id"], "a", result=stamp), zed)
    await drain(node)
    assert far.inbox == third.inbox == []


@pytest.mark.parametrize("action", ["Like", "React", "Reply", "Announce"])
async def test_what_is_taken_back_before_the_answer_is_taken_back(servers: Any, action: str) -> None:
    node, far, third, alice, zed, asks, done = await wanted(servers, "0.20.3", action)
    asked = far.inbox.pop()
    if action == "Reply":
        await alice.api("DELETE", f"/api/v1/statuses/{done['id']}")
    elif action == "React":
        await alice.api("DELETE", f"/api/v1/pleroma/statuses/{asks['id']}/reactions/🎉")
    else:
        undo = "unfavourite" if action == "Like" else "unreblog"
        await alice.post(f"/api/v1/statuses/{asks['id']}/{undo}")
    await drain(node)
    assert [each["type"] for each in far.inbox] == ["Delete" if action == "Reply" else "Undo"]
    await far.send(node, far.activity("Accept", zed, asked["id"], "a", result="https://far.test/a/1"), zed)
    await drain(node)
    assert (len(far.inbox), third.inbox) == (1, [])


@pytest.mark.parametrize(
    ("software", "version"), [("gotosocial", "0.19.2"), ("gotosocial", None), ("smithereen", "1.0"), (None, None)]
)
async def test_who_does_not_know_the_question_is_sent_the_thing(servers: Any, software: Any, version: Any) -> None:
    node, far, alice, zed = await scene(servers)
    if software:
        await knows(node, version, software)
    asks = await note(far, alice, zed, "asks", canLike=ASK, canReply=ASK)
    await does(alice, "Like", asks)
    await does(alice, "Reply", asks)
    await drain(node)
    like, create = sorted(far.inbox, key=lambda each: str(each["type"]), reverse=True)
    assert (like["type"], create["type"]) == ("Like", "Create")
    far.inbox.clear()
    stamp = "https://far.test/approvals/1"
    for name in ("a1", "a2"):
        await far.send(node, far.activity("Accept", zed, like["id"], name, result=stamp), zed)
        await drain(node)
    [again] = far.inbox
    assert (again["type"], again["id"], again["approvedBy"]) == ("Like", like["id"], stamp)


async def test_who_may_not_read_an_answer_is_not_shown_it_by_being_asked(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    await knows(node, "0.20.0")
    [third] = await followers_on(node, alice, "third.test")
    asks = await note(far, alice, zed, "asks", canReply=ASK)
    await alice.posts("@fan@third.test between us", in_reply_to_id=asks["id"], visibility="direct")
    await drain(node)
    assert far.inbox == []
    assert [each["type"] for each in third.inbox] == ["Create"]


async def test_reactions_of_others_need_genuine_consent(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    other = Puppet(node.network, "other.test")
    eve, asks = other.actor("eve"), await note(far, alice, zed, "asks", canLike=ASK)
    like = {**other.activity("Like", eve, asks["uri"], "like"), "content": "👍"}
    far.documents["/authorizations/1"] = {
        "@context": ["https://www.w3.org/ns/activitystreams"],
        "id": "https://far.test/authorizations/1",
        "type": "LikeAuthorization",
        "attributedTo": zed["id"],
        "interactingObject": like["id"],
        "interactionTarget": asks["uri"],
    }
    counts = []
    for proof in (
        {},
        {"likeAuthorization": "https://other.test/1"},
        {"approvedBy": "https://far.test/authorizations/1"},
    ):
        await other.send(node, {**like, **proof}, eve)
        await drain(node)
        shown = await alice.get(f"/api/v1/statuses/{asks['id']}")
        counts.append([(each["name"], each["count"]) for each in shown["reactions"]])
    assert counts == [[], [], [("👍", 1)]]


async def test_apps_are_told_what_an_author_allows(servers: Any) -> None:
    node, far, alice, zed = await scene(servers)
    bob = await node.person("bob")
    followers = {"automaticApproval": [zed["followers"]], "manualApproval": [PUBLIC, alice.uri]}
    asks = await note(far, alice, zed, "asks", canLike=followers, canReply=NOBODY, canAnnounce=ASK)
    path = f"/api/v1/statuses/{asks['id']}"
    assert "interaction_policy" not in await note(far, alice, zed, "open")
    seen = {name: (await person.get(path))["interaction_policy"] for name, person in (("alice", alice), ("bob", bob))}
    likes = ["author", "followers"]
    assert seen["alice"]["can_favourite"] == {
        "automatic_approval": likes, "manual_approval": ["public", alice.uri, "me"],
        "always": likes, "with_approval": ["public", alice.uri, "me"],
    }  # fmt: skip
    assert seen["bob"]["can_favourite"]["manual_approval"] == ["public", alice.uri, "me"]
    assert seen["bob"]["can_reply"]["automatic_approval"] == ["author", "mentioned"]
    assert seen["bob"]["can_reply"]["manual_approval"] == []
    assert seen["bob"]["can_reblog"]["manual_approval"] == ["public", "me"]
    public = await node.api("GET", path)
    assert "me" not in str(public["interaction_policy"]).replace("mentioned", "")
    tag = [{"type": "Mention", "href": alice.uri, "name": "@alice"}]
    named = far.note(zed, "hey", interactionPolicy=policy(canReply=NOBODY), tag=tag, cc=[alice.uri])
    told = (await alice.sees(named["id"]))["interaction_policy"]
    assert told["can_reply"]["automatic_approval"] == ["author", "mentioned", "me"]
    assert told["can_favourite"]["automatic_approval"] == ["public", "me"]
    boost = await alice.post(f"/api/v1/statuses/{(await alice.sees(named['id']))['id']}/reblog")
    assert boost["interaction_policy"] == boost["reblog"]["interaction_policy"] == told
