"""What is for some only, what needs somebody's consent, and what counts once (19 to 21, 29)."""

from typing import Any

import pytest

from federation import relays as federation
from tests.support.puppet import PUBLIC
from tests.support.siege import JSON, Siege, Villain, attacks

pytestmark = pytest.mark.anyio

ACTIVITY = {"Accept": "application/activity+json"}


# ---------------------------------------------------------------- 19: private posts


async def _reading_what_is_for_others(siege: Siege) -> None:
    """Unsigned, signed by a stranger, in the name of a reader, by way of every document that hangs on a post."""
    evil = siege.villain()
    await evil.says("Like", "https://x.test/1")  # known here
    await siege.settle()
    for visibility in ("private", "direct"):
        status = await siege.mine("psst @bob", visibility=visibility)
        path = status["uri"].removeprefix(siege.server.base_url)
        page = status["url"].removeprefix(siege.server.base_url)
        nothing = await siege.server.client.get("/users/alice/statuses/1", headers=ACTIVITY)
        for address in (
            path,
            page,
            *(f"{path}/{part}" for part in ("activity", "replies", "likes", "shares")),
            f"{page}/embed",
        ):
            for headers in (ACTIVITY, {"Accept": "text/html"}, {**ACTIVITY, "Signature": 'keyId="x"'}):
                answer = await siege.server.client.get(address, headers=headers)
                assert answer.status_code in (302, 401, 403, 404), (address, answer.status_code)
                assert "psst" not in answer.text
            answer = await evil.host.get(siege.server, address, evil.actor)
            assert answer.status_code in (302, 401, 404), (address, answer.status_code)
            if answer.headers["content-type"].startswith("application/json"):
                assert answer.text == nothing.text
            forged = {**evil.actor, "publicKey": {"id": siege.pat["publicKey"]["id"]}}
            assert (await evil.host.get(siege.server, address, forged)).status_code in (302, 401, 404)
        for address in (
            "/users/alice/outbox?page=true",
            "/users/alice/collections/featured",
            "/@alice.rss",
            "/@alice",
            "/users/alice/outbox",
            f"/api/oembed?url={status['url']}",
            f"/api/v1/statuses/{status['id']}",
            f"/api/v1/statuses/{status['id']}/context",
        ):
            assert "psst" not in (await evil.host.get(siege.server, address, evil.actor)).text
            assert "psst" not in (await siege.server.client.get(address)).text


async def _acting_on_what_is_for_others(siege: Siege) -> None:
    """No answer, no count and no notification tells that there is such a post."""
    evil = siege.villain()
    status = await siege.mine("psst", visibility="private")
    await siege.settle()
    evil.host.inbox.clear()
    stamp = f"https://{evil.host.host}/things/1"
    for kind, more in (
        ("Like", {}),
        ("Like", {"content": "👍"}),
        ("EmojiReact", {"content": "👍"}),
        ("Announce", {"to": [PUBLIC]}),
        ("Flag", {}),
        ("QuoteRequest", {"instrument": stamp}),
        ("LikeRequest", {"instrument": stamp}),
        ("ReplyRequest", {"instrument": stamp}),
        ("AnnounceRequest", {"instrument": stamp}),
        ("Undo", {}),
        ("Delete", {}),
        ("Update", {}),
        ("Block", {}),
        ("Add", {"target": f"{evil.uri}/featured"}),
    ):
        await evil.says(kind, status["uri"], **more)
    for more in (
        {"inReplyTo": status["uri"]},
        {"quote": status["uri"]},
        {"quoteUrl": status["uri"]},
        {"name": "x", "content": None, "inReplyTo": status["uri"]},
    ):
        note = evil.host.note(evil.actor, f"n{next(siege.numbers)}", to=[PUBLIC], **more)
        await evil.sends(evil.host.create(note))
    assert await siege.counts(status) == (0, 0, 0)
    assert [sent for sent in evil.host.inbox if sent["type"] not in ("Reject",) or status["uri"] in str(sent)] == []
    kinds = {
        one["type"] for one in await siege.alice.notifications() if one["account"]["acct"].endswith(evil.host.host)
    }
    assert kinds <= set(), kinds


async def _boosting_what_is_for_followers(siege: Siege) -> None:
    """A reader passes on what they were shown in confidence."""
    evil = siege.villain()
    await evil.says("Follow", siege.alice.uri)
    await siege.settle()
    status = await siege.mine("for followers", visibility="private")
    await siege.settle()
    assert any(sent["type"] == "Create" for sent in evil.host.inbox)
    await evil.says("Announce", status["uri"], to=[PUBLIC])
    await evil.says("AnnounceRequest", status["uri"], instrument=f"https://{evil.host.host}/a/1")
    assert (await siege.counts(status))[1] == 0
    asked = evil.host.activity(
        "LikeRequest", evil.actor, status["uri"], "ask", instrument=f"https://{evil.host.host}/l/1"
    )
    await evil.sends(asked)
    await siege.settle()
    stamp = next(sent["result"] for sent in reversed(evil.host.inbox) if sent["type"] == "Accept" and "result" in sent)
    path = stamp.removeprefix(siege.server.base_url)
    other = siege.villain()
    assert (await other.host.get(siege.server, path, other.actor)).status_code == 404
    assert (await siege.server.client.get(path, headers=ACTIVITY)).status_code == 404
    assert (await evil.host.get(siege.server, path, evil.actor)).status_code == 200


async def _addressing_that_says_two_things(siege: Siege) -> None:
    """A post for few does not become public by being said to be so elsewhere."""
    evil = siege.villain()
    await siege.follows(siege.bob, evil.host, evil.actor)
    for number, (inner, outer) in enumerate(
        (
            ({"to": [siege.alice.uri], "cc": []}, {"to": [PUBLIC], "cc": [PUBLIC]}),
            ({"to": [siege.alice.uri], "cc": []}, {"to": ["as:Public"]}),
            ({"to": [evil.actor["followers"]], "cc": []}, {"to": [PUBLIC]}),
        )
    ):
        note = evil.host.note(evil.actor, f"few{number}", content="<p>fewonly</p>", **inner)
        await evil.sends({**evil.host.create(note), **outer})
        await evil.sends(
            {
                **evil.host.activity(
                    "Update", evil.actor, {**note, "to": [PUBLIC], "updated": "2030-01-01T00:00:00Z"}, f"u{number}"
                ),
                "to": [PUBLIC],
            }
        )
        await siege.settle()
        assert await siege.count("select visibility from statuses where uri = $1", note["id"]) >= 2
    shown = await siege.server.client.get("/api/v1/timelines/public")
    assert "fewonly" not in shown.text


async def _the_followers_of_somebody_for_the_wrong_server(siege: Siege) -> None:
    evil, other = siege.villain(), siege.villain(key=4)
    await other.says("Follow", siege.alice.uri)
    await siege.settle()
    path = "/users/alice/followers_synchronization"
    mine = await evil.host.get(siege.server, path, evil.actor)
    assert (mine.status_code, mine.json()["orderedItems"]) == (200, [])
    assert (await siege.server.client.get(path, headers=ACTIVITY)).status_code == 401
    forged = {**evil.actor, "publicKey": {"id": other.actor["publicKey"]["id"]}}
    assert (await evil.host.get(siege.server, path, forged)).status_code == 401
    for headers in ({"Date": "Mon, 01 Jun 2026 12:00:00 GMT"}, {"Host": "other.test"}):
        assert (await evil.host.get(siege.server, path, evil.actor, **headers)).status_code in (400, 401, 421)


async def test_19_private_posts(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _reading_what_is_for_others,
            _acting_on_what_is_for_others,
            _boosting_what_is_for_followers,
            _addressing_that_says_two_things,
            _the_followers_of_somebody_for_the_wrong_server,
        )
    )


# ---------------------------------------------------------------- 20: followers, moves, consent


async def _follows_that_nobody_asked_for(siege: Siege) -> None:
    evil = siege.villain()
    for follower in (siege.alice.uri, siege.pat["id"]):
        claimed = {"type": "Follow", "actor": follower, "object": evil.uri}
        for obj in (
            claimed,
            {**claimed, "id": f"{follower}#follows/1"},
            f"{follower}#follows/1",
            {**claimed, "object": siege.alice.uri},
        ):
            for kind in ("Accept", "Reject", "Undo"):
                await evil.says(kind, obj)
    for follower in (siege.alice, siege.bob):
        await evil.sends(
            {**evil.host.activity("Follow", evil.actor, evil.uri, f"f{next(siege.numbers)}"), "actor": follower.uri}
        )
        assert siege.answers.pop() in (401, 403)
    for target in (
        f"{siege.server.base_url}/actor",
        siege.pat["id"],
        "https://example.test/users/nobody",
        f"{siege.alice.uri}/statuses/1",
        PUBLIC,
    ):
        await evil.says("Follow", target)
    await siege.settle()
    assert (
        await siege.count(
            "select count(*) from follows f join accounts a on a.id = f.target_id where a.uri = $1", evil.uri
        )
        == 0
    )


async def _entering_a_locked_door(siege: Siege) -> None:
    """Whoever has to be let in does not let themselves in."""
    evil, carol = siege.villain(), await siege.server.person(f"carol{next(siege.numbers)}", locked=True)
    await siege.ready()
    follow = evil.host.activity("Follow", evil.actor, carol.uri, "knock")
    for document in (
        follow,
        follow,
        evil.host.activity("Accept", evil.actor, follow, "own"),
        evil.host.activity("Accept", evil.actor, follow["id"], "own2"),
        {**follow, "id": f"{follow['id']}2"},
        {**evil.host.activity("Accept", evil.actor, follow, "own3"), "actor": carol.uri},
    ):
        await evil.sends(document)
    await siege.settle()
    assert (await carol.get(f"/api/v1/accounts/{carol.id}"))["followers_count"] == 0
    header = f'collectionId="{evil.actor["followers"]}", digest="{"0" * 64}", url="{evil.uri}/sync"'
    evil.host.documents["/users/mallory/sync"] = {
        "id": f"{evil.uri}/sync",
        "type": "OrderedCollection",
        "orderedItems": [carol.uri, siege.alice.uri, siege.bob.uri],
    }
    await evil.sends(evil.host.activity("Like", evil.actor, "x", "sync"), extra={"Collection-Synchronization": header})
    await siege.settle()
    assert (
        await siege.count(
            "select count(*) from follows f join accounts a on a.id = f.target_id where a.uri = $1", evil.uri
        )
        == 0
    )


async def _synchronising_the_followers_of_another(siege: Siege) -> None:
    evil = siege.villain()
    evil.host.documents["/empty"] = {
        "id": f"https://{evil.host.host}/empty",
        "type": "OrderedCollection",
        "orderedItems": [],
    }
    for who in (evil, siege.neighbour()):
        for url in (f"https://{evil.host.host}/empty", "https://puppet.test/users/pat/sync"):
            for collection in (siege.pat["followers"], who.actor["followers"], "x", ""):
                header = f'collectionId="{collection}", digest="{"0" * 64}", url="{url}"'
                document = who.host.activity("Like", who.actor, "x", f"sync{next(siege.numbers)}")
                await who.sends(document, extra={"Collection-Synchronization": header})
                await who.sends({**document, "id": f"{document['id']}b"}, collection_synchronization=header)
    for header in (
        "",
        "x",
        "=" * 9000,
        'collectionId="',
        'digest="x", url="y"',
        f'collectionId="{siege.pat["followers"]}"' * 50,
    ):
        await evil.sends(
            evil.host.activity("Like", evil.actor, "x", f"sync{next(siege.numbers)}"),
            extra={"Collection-Synchronization": header},
        )


async def _moves_that_are_none(siege: Siege) -> None:
    """Alice follows Pat: whoever else says that Pat moves, and Pat's followers being taken without an alias."""
    evil = siege.villain()
    evil.host.documents["/users/mallory"] = {**evil.actor, "alsoKnownAs": [siege.pat["id"]]}
    await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true")
    for who in (evil, siege.neighbour()):
        for obj, target in (
            (siege.pat["id"], evil.uri),
            (siege.pat["id"], who.uri),
            (evil.uri, evil.uri),
            (siege.alice.uri, evil.uri),
        ):
            await who.says("Move", obj, target=target)
            await who.sends(
                {
                    **who.host.activity("Move", who.actor, obj, f"m{next(siege.numbers)}", target=target),
                    "actor": siege.pat["id"],
                }
            )
    for target in (
        siege.alice.uri,
        siege.bob.uri,
        siege.quinn["id"],
        evil.uri,
        "https://example.test/users/nobody",
        f"{siege.server.base_url}/actor",
        "x",
        PUBLIC,
    ):
        await evil.says("Move", evil.uri, target=target)
        evil.host.documents["/users/mallory"] = {
            **evil.actor,
            "movedTo": target,
            "alsoKnownAs": [siege.pat["id"], siege.alice.uri],
        }
        await evil.says("Update", evil.uri)
    await siege.settle()
    assert await siege.count("select moved_to_id from accounts where uri = $1", evil.uri) is None


async def _stamps_on_another_host_or_of_another_post(siege: Siege) -> None:
    """Pat lets nobody answer or quote without consent. It is forged."""
    policy = {
        "canReply": {"manualApproval": [PUBLIC]},
        "canQuote": {"manualApproval": [PUBLIC]},
        "canAnnounce": {"manualApproval": [PUBLIC]},
        "canLike": {"manualApproval": [PUBLIC]},
    }
    note = await siege.pats(interactionPolicy=policy)
    evil, eve = siege.villain(), siege.neighbour()
    for who in (evil, eve):
        host = f"https://{who.host.host}"
        for number, wrong in enumerate(
            (
                {},
                {"attributedTo": who.uri},
                {"interactingObject": "https://x.test/1"},
                {"interactionTarget": "https://x.test/1"},
                {"type": "Like"},
            )
        ):
            name = f"stamped{next(siege.numbers)}"
            for kind in ("ReplyAuthorization", "QuoteAuthorization"):
                if who is eve and number == 0:
                    continue  # what Pat's host says about Pat is so
                uri = f"{host}/stamps/{name}{kind}"
                who.host.documents[f"/stamps/{name}{kind}"] = {
                    "id": uri,
                    "type": kind,
                    "attributedTo": siege.pat["id"],
                    "interactingObject": f"{host}/notes/{name}{kind}",
                    "interactionTarget": note["id"],
                    **wrong,
                }
                more: JSON = (
                    {"quote": note["id"], "quoteAuthorization": uri}
                    if kind[0] == "Q"
                    else {"inReplyTo": note["id"], "approvedBy": uri, "replyAuthorization": uri}
                )
                made = who.host.note(
                    who.actor,
                    f"{name}{kind}",
                    to=[PUBLIC, siege.alice.uri],
                    tag=[{"type": "Mention", "href": siege.alice.uri}],
                    **more,
                )
                await who.sends(who.host.create(made))
            await who.says("Announce", note["id"], to=[PUBLIC], approvedBy=f"{host}/stamps/{name}ReplyAuthorization")
    await siege.settle()
    status = await siege.status(note["id"])
    assert (status["replies_count"], status["reblogs_count"], status["quotes_count"]) == (0, 0, 0)
    assert (
        await siege.count(
            """
            select count(*) from quotes q join statuses s on s.id = q.status_id
            where s.uri ~ 'stamped' and q.state = 'accepted'
            """
        )
        == 0
    )


async def _answers_to_requests_of_ours_by_others(siege: Siege) -> None:
    """Approvals and refusals of what somebody here did, from somebody who has no say."""
    note = await siege.pats()
    known = await siege.status(note["id"])
    await siege.unharmed()
    reply = await siege.alice.posts("an answer", in_reply_to_id=known["id"])
    await siege.alice.post(f"/api/v1/statuses/{known['id']}/favourite")
    await siege.alice.post(f"/api/v1/statuses/{known['id']}/reblog")
    await siege.settle()
    sent = [one for one in siege.puppet.inbox if one["type"] in ("Create", "Like", "Announce")][-3:]
    await siege.ready()
    for who in (siege.villain(), Villain(siege, siege.puppet, siege.quinn), siege.neighbour()):
        for one in (*sent, reply["uri"]):
            for kind in ("Accept", "Reject"):
                for each in (one, one if isinstance(one, str) else one["id"]):
                    await who.says(kind, each, result=f"https://{who.host.host}/stamps/x")


async def _collections_that_name_people_without_asking(siege: Siege) -> None:
    evil = siege.villain()
    host = f"https://{evil.host.host}"
    for number, person in enumerate((siege.alice.uri, siege.pat["id"])):
        for stamp in (
            None,
            f"{host}/stamps/1",
            f"{siege.alice.uri}/feature_authorizations/1",
            "https://puppet.test/stamps/none",
        ):
            uri = f"{host}/lists/{number}{next(siege.numbers)}"
            item = {
                "type": "FeaturedItem",
                "id": f"{uri}/items/1",
                "featuredObject": person,
                "featuredObjectType": "Person",
                "featureAuthorization": stamp,
            }
            evil.host.documents["/stamps/1"] = {
                "id": f"{host}/stamps/1",
                "type": "FeatureAuthorization",
                "attributedTo": person,
                "interactingObject": uri,
                "interactionTarget": person,
            }
            collection = {
                "type": "FeaturedCollection",
                "id": uri,
                "attributedTo": evil.uri,
                "name": "x",
                "orderedItems": [item],
                "totalItems": 1,
            }
            evil.host.documents[uri.removeprefix(host)] = collection
            await evil.says("Add", collection, target=f"{evil.uri}/collections")
            await evil.says("Add", item, target=uri)
            await evil.says("Update", {**collection, "attributedTo": siege.pat["id"]})
    await siege.settle()
    assert (
        await siege.count(
            """
            select count(*) from collection_items i join collections c on c.id = i.collection_id
            where c.uri ~ 'evil' and i.state = 'accepted'
            """
        )
        == 0
    )


async def _relays_that_nobody_asked(siege: Siege) -> None:
    """A stranger that passes things on like a relay; one that answers for a relay."""
    relay_host = siege.puppet
    relay = relay_host.actor(f"relay{next(siege.numbers)}", type="Application")
    await federation.subscribe(siege.server.app.fed, "https://puppet.test/inbox") if not await siege.count(
        "select count(*) from relays"
    ) else None
    await siege.settle()
    asked = next(sent for sent in reversed(relay_host.inbox) if sent["type"] == "Follow" and sent["object"] == PUBLIC)
    await siege.ready()
    evil = siege.villain(type="Application")
    for kind in ("Accept", "Reject"):
        for obj in (asked, asked["id"], {**asked, "object": evil.uri}):
            await evil.says(kind, obj)
    instance = f"{siege.server.base_url}/actor"
    await evil.says("Follow", instance)
    note = siege.puppet.note(siege.quinn, f"relayed{next(siege.numbers)}")
    await evil.sends(siege.puppet.create(note))
    await evil.says("Announce", note["id"], to=[PUBLIC])
    await siege.settle()
    assert not await siege.knows(note["id"])
    assert [sent["type"] for sent in evil.host.inbox if sent["type"] == "Accept"] == []
    assert relay["type"] == "Application"


async def test_20_followers_and_consent(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _follows_that_nobody_asked_for,
            _entering_a_locked_door,
            _synchronising_the_followers_of_another,
            _moves_that_are_none,
            _stamps_on_another_host_or_of_another_post,
            _answers_to_requests_of_ours_by_others,
            _collections_that_name_people_without_asking,
            _relays_that_nobody_asked,
        )
    )


# ---------------------------------------------------------------- 21: blocks and suspensions


async def _the_blocked_in_every_way(siege: Siege) -> None:
    evil = siege.villain()
    await evil.says("Follow", siege.alice.uri)
    await siege.settle()
    found = await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts")
    account_id = found["accounts"][0]["id"]
    await siege.alice.post(f"/api/v1/accounts/{account_id}/block")
    await siege.ready()
    status = await siege.mine("for all")
    options = {"poll": {"options": ["a", "b"], "expires_in": 3600}}
    poll = await siege.mine("vote", **options)
    for kind, more in (
        ("Follow", {}),
        ("Like", {}),
        ("EmojiReact", {"content": "👍"}),
        ("Announce", {"to": [PUBLIC]}),
        ("QuoteRequest", {"instrument": f"{evil.uri}/q"}),
        ("FeatureRequest", {"instrument": f"{evil.uri}/c"}),
        ("ReplyRequest", {"instrument": f"{evil.uri}/r"}),
    ):
        await evil.says(kind, siege.alice.uri if kind in ("Follow", "FeatureRequest") else status["uri"], **more)
    for more in (
        {"inReplyTo": status["uri"]},
        {"quote": status["uri"]},
        {"name": "a", "content": None, "inReplyTo": poll["uri"], "to": [siege.alice.uri], "cc": []},
    ):
        note = evil.host.note(
            evil.actor,
            f"n{next(siege.numbers)}",
            **{"to": [PUBLIC, siege.alice.uri], "tag": [{"type": "Mention", "href": siege.alice.uri}], **more},
        )
        await evil.sends(evil.host.create(note))
        await evil.sends(evil.host.create(note), path="/users/alice/inbox")
    assert await siege.counts(status) == (0, 0, 0)
    assert (await siege.alice.get(f"/api/v1/polls/{poll['poll']['id']}"))["votes_count"] == 0
    told = [
        one
        for one in await siege.alice.notifications()
        if one["type"] != "follow" and one["account"]["id"] == account_id
    ]
    assert told == []
    private = await siege.mine("for followers", visibility="private")
    assert (
        await evil.host.get(siege.server, private["uri"].removeprefix(siege.server.base_url), evil.actor)
    ).status_code == 404
    assert not [sent for sent in evil.host.inbox if sent["type"] == "Create"]


async def _the_blocked_read_nothing_under_their_own_name(siege: Siege) -> None:
    """Neither posts nor collections, whether one of them was blocked or all of their server."""
    status = await siege.mine("for most")
    post = status["uri"].removeprefix(siege.server.base_url)
    alice = "/users/alice"
    paths = [post, f"{post}/activity", f"{post}/replies", f"/contexts/{status['id']}", f"{alice}/outbox?page=true"]
    paths += [f"{alice}/{name}" for name in ("outbox", "followers?page=true", "following", "collections/featured")]
    for all_of_them in (False, True):
        evil = siege.villain()
        found = await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts")
        assert [(await evil.host.get(siege.server, path, evil.actor)).status_code for path in paths] == [200] * len(
            paths
        )
        if all_of_them:
            await siege.alice.post("/api/v1/domain_blocks", {"domain": evil.host.host})
        else:
            await siege.alice.post(f"/api/v1/accounts/{found['accounts'][0]['id']}/block")
        await siege.ready()
        assert [(await evil.host.get(siege.server, path, evil.actor)).status_code for path in paths] == [404] * len(
            paths
        )


async def _a_blocked_server_by_every_name(siege: Siege) -> None:
    n = next(siege.numbers)
    async with siege.server.db.transaction() as conn:
        await conn.execute("insert into domain_blocks (domain, severity) values ($1, 'suspend')", f"evil{n}.test")
    for name in (f"evil{n}.test", f"sub.evil{n}.test"):
        host = type(siege.puppet)(siege.server.network, name)
        evil = Villain(siege, host, host.actor("mallory"))
        for kind in ("Follow", "Like", "Delete", "Update"):
            assert (await evil.says(kind, siege.alice.uri)).status_code == 403
        passed = siege.puppet.create(siege.puppet.note(siege.pat, f"p{next(siege.numbers)}"))
        assert (await evil.sends(passed)).status_code == 403
        path = (await siege.alice.get(f"/api/v1/accounts/{siege.alice.id}"))["uri"].removeprefix(siege.server.base_url)
        assert (await host.get(siege.server, f"{path}/outbox?page=true", evil.actor)).status_code == 404
        found = await siege.alice.get("/api/v2/search", q=f"@mallory@{name}", resolve="true")
        assert found["accounts"] == []
        assert host.asked == []


async def test_21_blocks(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _the_blocked_in_every_way,
            _the_blocked_read_nothing_under_their_own_name,
            _a_blocked_server_by_every_name,
        )
    )


# ---------------------------------------------------------------- 29: what counts once


async def _voting_more_than_once(siege: Siege) -> None:
    evil = siege.villain()
    poll = await siege.mine("vote", poll={"options": ["a", "b"], "expires_in": 3600})

    async def votes(name: Any, **more: Any) -> None:
        note = {
            "id": f"{evil.uri}/votes/{next(siege.numbers)}",
            "type": "Note",
            "name": name,
            "attributedTo": evil.uri,
            "inReplyTo": poll["uri"],
            "to": [siege.alice.uri],
            **more,
        }
        await evil.sends(
            {**evil.host.activity("Create", evil.actor, note, f"v{next(siege.numbers)}"), "to": [siege.alice.uri]}
        )

    await votes("a")
    for name in ("a", "b", "c", "", None, 7, ["a", "b"], {"x": 1}, "a" * 10_000, "A", " a"):
        await votes(name)
    await votes("b", attributedTo=siege.pat["id"])
    await votes("b", content="with words")
    many = [
        {
            "id": f"{evil.uri}/votes/m{n}",
            "type": "Note",
            "name": "b",
            "attributedTo": evil.uri,
            "inReplyTo": poll["uri"],
            "to": [siege.alice.uri],
        }
        for n in range(50)
    ]
    await evil.sends({**evil.host.activity("Create", evil.actor, many, "many"), "to": [siege.alice.uri]})
    await siege.settle()
    shown = await siege.alice.get(f"/api/v1/polls/{poll['poll']['id']}")
    assert [option["votes_count"] for option in shown["options"]] == [1, 0]
    assert shown["votes_count"] == 1


async def _voting_after_the_end(siege: Siege) -> None:
    evil = siege.villain()
    poll = await siege.mine("vote", poll={"options": ["a", "b"], "expires_in": 3600})
    async with siege.server.db.transaction() as conn:
        await conn.execute(
            "update polls set expires_at = now() - interval '1 hour' where id = $1", int(poll["poll"]["id"])
        )
    note = {
        "id": f"{evil.uri}/votes/late",
        "type": "Note",
        "name": "a",
        "attributedTo": evil.uri,
        "inReplyTo": poll["uri"],
        "to": [siege.alice.uri],
        "published": "2020-01-01T00:00:00Z",
    }
    await evil.sends({**evil.host.activity("Create", evil.actor, note, "late"), "to": [siege.alice.uri]})
    await siege.settle()
    assert (await siege.alice.get(f"/api/v1/polls/{poll['poll']['id']}"))["votes_count"] == 0


async def _counting_the_same_again(siege: Siege) -> None:
    evil = siege.villain()
    status = await siege.mine()
    for _ in range(4):
        for kind, more in (
            ("Like", {}),
            ("Announce", {"to": [PUBLIC]}),
            ("EmojiReact", {"content": "👍"}),
            ("Follow", {}),
        ):
            await evil.says(kind, siege.alice.uri if kind == "Follow" else status["uri"], **more)
    assert (await siege.counts(status))[:2] == (1, 1)
    assert await siege.count("select count(*) from reactions where status_id = $1", int(status["id"])) == 1
    for _ in range(4):
        await evil.says("Undo", {"type": "Like", "object": status["uri"]})
        await evil.says("Undo", {"type": "Announce", "object": status["uri"]})
        await evil.says("Undo", {"type": "EmojiReact", "content": "👍", "object": status["uri"]})
        await evil.says("Undo", {"type": "Follow", "object": siege.alice.uri})
    assert (await siege.counts(status))[:2] == (0, 0)
    assert (await siege.alice.get(f"/api/v1/accounts/{siege.alice.id}"))["followers_count"] >= 0


async def _claiming_numbers_for_a_poll_or_a_post(siege: Siege) -> None:
    evil = siege.villain()
    poll = await siege.mine("vote", poll={"options": ["a", "b"], "expires_in": 3600})
    note = await siege.pats(
        type="Question",
        oneOf=[{"type": "Note", "name": "a", "replies": {"totalItems": 1}}, {"type": "Note", "name": "b"}],
    )
    for uri in (poll["uri"], note["id"]):
        forged = {
            "id": uri,
            "type": "Question",
            "attributedTo": evil.uri,
            "content": "x",
            "oneOf": [{"name": "a", "replies": {"totalItems": 10**9}}, {"name": "b"}],
            "likes": {"totalItems": 10**9},
            "updated": "2030-01-01T00:00:00Z",
            "closed": "2020-01-01T00:00:00Z",
        }
        for more in ({}, {"attributedTo": None}, {"attributedTo": siege.pat["id"]}):
            await evil.says("Update", {**forged, **more})
            await evil.says("Create", {**forged, **more})
    await siege.settle()
    assert (await siege.alice.get(f"/api/v1/polls/{poll['poll']['id']}"))["votes_count"] == 0
    assert (await siege.status(note["id"]))["poll"]["votes_count"] == 1
    own = evil.host.note(
        evil.actor,
        "own",
        type="Question",
        to=[PUBLIC, siege.alice.uri],
        tag=[{"type": "Mention", "href": siege.alice.uri}],
        likes={"totalItems": 10**18},
        shares={"totalItems": -5},
        oneOf=[{"name": "a", "replies": {"totalItems": -1}}, {"name": "b", "replies": {"totalItems": 10**18}}] * 3,
        votersCount=-7,
    )
    await evil.sends(evil.host.create(own))
    await siege.settle()
    await siege.status(own["id"])


async def test_29_what_counts_once(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _voting_more_than_once,
            _voting_after_the_end,
            _counting_the_same_again,
            _claiming_numbers_for_a_poll_or_a_post,
        )
    )
