"""Whoever says what is somebody else's to say: origins, authors and keys (classes 1 to 3)."""

from typing import Any

import pytest

from tests.support.puppet import CONTEXT, PUBLIC, Puppet, pair
from tests.support.siege import JSON, Siege, Villain, attacks

pytestmark = pytest.mark.anyio

LATER = "2030-01-01T00:00:00Z"


# ---------------------------------------------------------------- 1: forged origins


async def _create_with_an_embedded_post_of_another_host(siege: Siege) -> None:
    evil = siege.villain()
    forged = siege.puppet.note(siege.pat, "forged1")
    siege.puppet.documents.pop("/notes/forged1")
    await evil.says("Create", forged, to=[PUBLIC])
    await evil.says("Create", [forged, {**forged, "attributedTo": evil.uri}], to=[PUBLIC])
    await evil.says("Create", {**forged, "attributedTo": [evil.uri, siege.pat["id"]]}, to=[PUBLIC])
    await evil.says("Create", {"type": "Create", "actor": siege.pat["id"], "object": forged}, to=[PUBLIC])
    await evil.says("Create", {**forged, "id": None, "@id": forged["id"]}, to=[PUBLIC])


async def _spellings_of_another_host_in_an_id(siege: Siege) -> None:
    """None of them is the host that an address seems to name, or it is, and then somebody else's."""
    evil = siege.villain()
    host = evil.host.host
    for number, place in enumerate(
        (
            f"https://puppet.test@{host}",
            f"https://{host}@puppet.test",
            f"https://puppet.test:443@{host}",
            "https://puppet.test:443",
            "https://PUPPET.test",
            "https://puppet.test.",
            "https://puppet.test:0443",
            "https://ｐuppet.test",
            "https://puppet%2etest",
            "https://puppet.test%00." + host,
            "https://puppet。test",
            f"https://{host}\\@puppet.test",
            f"https://puppet.test\\.{host}",
            "HTTPS://puppet.test",
            "//puppet.test",
            "https:puppet.test",
            "https:///puppet.test",
            f"https://{host}#@puppet.test",
            f"https://puppet.test#{host}",
            "http://puppet.test",
            f"https://puppet.test\t.{host}",
            "https://[::1]",
        )
    ):
        for author in (siege.pat["id"], f"{place}/users/pat", evil.uri):
            note = {
                "id": f"{place}/notes/spelt{number}",
                "type": "Note",
                "attributedTo": author,
                "content": "forged",
                "to": [PUBLIC, siege.alice.uri],
                "tag": [{"type": "Mention", "href": siege.alice.uri}],
            }
            activity = evil.host.activity("Create", evil.actor, note, f"spelt{number}", to=[PUBLIC, siege.alice.uri])
            await evil.sends({**activity, "actor": author} if number % 2 else activity)


async def _a_boost_that_brings_a_forged_post_with_it(siege: Siege) -> None:
    evil = siege.villain()
    await siege.follows(siege.bob, evil.host, evil.actor)
    note = await siege.pats()
    await siege.ready()
    forged = {**note, "content": "<p>forged</p>", "updated": LATER}
    made_up = {**note, "id": "https://puppet.test/notes/made-up"}
    for obj in (forged, made_up, [made_up], {"type": "Create", "object": forged, "actor": siege.pat["id"]}):
        await evil.says("Announce", obj, to=[PUBLIC])
    await siege.settle()
    assert await siege.content(note["id"]) == "<p>hello</p>"


async def _a_document_that_claims_another_id(siege: Siege) -> None:
    """Fetched at one address, it says that it is somebody else's."""
    evil = siege.villain()
    forged = siege.puppet.note(siege.pat, "claimed")
    siege.puppet.documents.pop("/notes/claimed")
    evil.host.documents["/notes/claimed"] = forged
    evil.host.documents["/users/pat"] = {**siege.pat, "name": "Forged"}
    for path in ("/notes/claimed", "/users/pat"):
        await siege.alice.get("/api/v2/search", q=f"https://{evil.host.host}{path}", resolve="true")
    evil.host.documents["/notes/local"] = {
        **forged,
        "id": f"{siege.alice.uri}/statuses/1",
        "attributedTo": siege.alice.uri,
    }
    await siege.alice.get("/api/v2/search", q=f"https://{evil.host.host}/notes/local", resolve="true")
    evil.host.documents["/users/local"] = {**evil.actor, "id": siege.alice.uri}
    await siege.alice.get("/api/v2/search", q=f"https://{evil.host.host}/users/local", resolve="true")


async def _an_id_that_changes_with_every_reading(siege: Siege) -> None:
    evil = siege.villain()
    for number in range(3):
        uri = f"https://{evil.host.host}/notes/{number + 1}"
        evil.host.documents[f"/notes/{number}"] = {**evil.host.note(evil.actor, "x"), "id": uri}
    await siege.alice.get("/api/v2/search", q=f"https://{evil.host.host}/notes/0", resolve="true")
    assert not await siege.knows(f"https://{evil.host.host}/notes/0")


async def _what_a_post_answers_is_forged_on_the_way_up(siege: Siege) -> None:
    evil = siege.villain()
    parent = {**siege.puppet.note(siege.pat, "parent"), "content": "forged"}
    siege.puppet.documents.pop("/notes/parent")
    evil.host.documents["/parent"] = parent
    child = evil.host.note(
        evil.actor, "child", inReplyTo=f"https://{evil.host.host}/parent", to=[PUBLIC, siege.alice.uri]
    )
    child["tag"] = [{"type": "Mention", "href": siege.alice.uri, "name": "@alice"}]
    await evil.sends(evil.host.create(child))


async def _replies_that_embed_the_posts_of_others(siege: Siege) -> None:
    evil = siege.villain()
    forged = {**siege.puppet.note(siege.pat, "reply"), "content": "forged"}
    siege.puppet.documents.pop("/notes/reply")
    root = evil.host.note(evil.actor, "root", replies=f"https://{evil.host.host}/replies")
    evil.host.documents["/replies"] = {
        "id": f"https://{evil.host.host}/replies",
        "type": "Collection",
        "first": {
            "type": "CollectionPage",
            "items": [forged, {"type": "Create", "object": forged}],
            "next": "https://puppet.test/replies",
        },
    }
    status = await siege.alice.sees(root["id"])
    await siege.alice.get(f"/api/v1/statuses/{status['id']}/context")


async def _an_outbox_and_pins_with_the_posts_of_others(siege: Siege) -> None:
    evil = siege.villain()
    forged = {**siege.puppet.note(siege.pat, "boxed"), "content": "forged"}
    siege.puppet.documents.pop("/notes/boxed")
    page = f"https://{evil.host.host}/box"
    evil.host.documents["/box"] = {
        "id": page,
        "type": "OrderedCollection",
        "totalItems": 2,
        "orderedItems": [forged, evil.host.create(forged)],
    }
    evil.host.documents["/users/mallory"] = {**evil.actor, "outbox": page, "featured": page}
    await siege.follows(siege.bob, evil.host, evil.actor)


async def _a_neighbours_posts_in_an_outbox(siege: Siege) -> None:
    """Of one's own host one can list what one likes: nobody else's posts are taken from there."""
    forged = siege.puppet.note(siege.pat, "listed", content="forged")
    siege.puppet.documents.pop("/notes/listed")
    eve = siege.neighbour().actor
    path = f"/box{next(siege.numbers)}"
    siege.puppet.documents[path] = {
        "id": f"https://puppet.test{path}",
        "type": "OrderedCollection",
        "orderedItems": [forged],
    }
    siege.puppet.documents[eve["id"].removeprefix("https://puppet.test")] = {
        **eve,
        "outbox": f"https://puppet.test{path}",
        "featured": f"https://puppet.test{path}",
    }
    await siege.ready()
    found = await siege.bob.get("/api/v2/search", q=eve["id"], resolve="true", type="accounts")
    await siege.bob.get(f"/api/v1/accounts/{found['accounts'][0]['id']}/statuses")
    await siege.settle()
    assert not await siege.knows(forged["id"])


async def _a_redirect_to_the_document_of_another(siege: Siege) -> None:
    evil = siege.villain()
    Redirecting(siege, evil, {"/users/r": siege.pat["id"], "/notes/r": f"{siege.alice.uri}"})
    for path in ("/users/r", "/notes/r"):
        uri = f"https://{evil.host.host}{path}"
        found = await siege.alice.get("/api/v2/search", q=uri, resolve="true")
        assert not await siege.knows(uri)
        assert all(one["acct"] in ("pat@puppet.test", "alice") for one in found["accounts"])
    await evil.sends(
        {"id": f"https://{evil.host.host}/x", "type": "Like", "actor": siege.pat["id"], "object": "x"},
        key_id=f"https://{evil.host.host}/users/r#main-key",
    )


class Redirecting:
    """Some paths of a host lead elsewhere."""

    def __init__(self, siege: Siege, villain: Villain, paths: dict[str, str]) -> None:
        inner = siege.server.network.apps[villain.host.host]

        async def app(scope: Any, receive: Any, send: Any) -> None:
            target = paths.get(scope["path"])
            if target is None:
                await inner(scope, receive, send)
                return
            headers = [(b"location", target.encode())]
            await send({"type": "http.response.start", "status": 302, "headers": headers})
            await send({"type": "http.response.body", "body": b""})

        siege.server.network.apps[villain.host.host] = app


async def _posts_and_people_of_ours(siege: Siege) -> None:
    mine = await siege.mine()
    evil = siege.villain()
    await siege.ready()
    note = {
        "id": mine["uri"],
        "type": "Note",
        "attributedTo": siege.alice.uri,
        "content": "forged",
        "to": [PUBLIC],
        "updated": LATER,
    }
    for kind in ("Create", "Update", "Delete"):
        for actor in (
            siege.alice.uri,
            evil.uri,
            siege.alice.uri.upper(),
            siege.alice.uri.replace("example.test", "example.test:443"),
        ):
            await evil.sends(
                {**evil.host.activity(kind, evil.actor, note, f"{kind}{next(siege.numbers)}"), "actor": actor}
            )
    await evil.says("Update", {**evil.actor, "id": siege.alice.uri, "name": "forged"})
    await evil.says("Delete", siege.alice.uri)
    await siege.settle()


async def test_01_forged_origins(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _create_with_an_embedded_post_of_another_host,
            _spellings_of_another_host_in_an_id,
            _a_boost_that_brings_a_forged_post_with_it,
            _a_document_that_claims_another_id,
            _an_id_that_changes_with_every_reading,
            _what_a_post_answers_is_forged_on_the_way_up,
            _replies_that_embed_the_posts_of_others,
            _an_outbox_and_pins_with_the_posts_of_others,
            _a_neighbours_posts_in_an_outbox,
            _a_redirect_to_the_document_of_another,
            _posts_and_people_of_ours,
        )
    )


# ---------------------------------------------------------------- 2: somebody else's to say


async def _everything_about_somebody_elses_things(siege: Siege) -> None:
    """As an activity of one's own, with the id, a copy, or an activity of theirs in it."""
    note = await siege.pats()
    mine = await siege.mine()
    like = siege.puppet.activity("Like", siege.pat, mine["uri"], f"like{next(siege.numbers)}")
    boost = siege.puppet.activity("Announce", siege.pat, mine["uri"], f"boost{next(siege.numbers)}", to=[PUBLIC])
    follow = siege.puppet.activity("Follow", siege.pat, siege.alice.uri, f"follow{next(siege.numbers)}")
    for document in (like, boost, follow):
        await siege.puppet.send(siege.server, document, siege.pat)
    await siege.settle()
    await siege.ready()
    things = (
        note["id"],
        {**note, "content": "forged", "updated": LATER},
        like,
        like["id"],
        boost,
        boost["id"],
        follow,
        follow["id"],
        siege.pat["id"],
        {**siege.pat, "name": "Forged"},
    )
    # Of another host most is refused for its host alone.
    for who, objects in ((siege.villain(), things[::3]), (siege.neighbour(), things)):
        for kind in ("Update", "Delete", "Undo", "Remove", "Reject", "Accept", "Block", "Move", "Add"):
            for obj in objects:
                await who.says(kind, obj, **({"target": siege.pat["id"]} if kind in ("Add", "Remove", "Move") else {}))
        await siege.settle()
    status = await siege.alice.get(f"/api/v1/statuses/{mine['id']}")
    assert (status["favourites_count"], status["reblogs_count"]) == (1, 1)


async def _a_neighbour_announces_what_somebody_of_the_host_never_said(siege: Siege) -> None:
    """A community may speak of its own people; a neighbour is none."""
    eve = siege.neighbour()
    await siege.follows(siege.bob, eve.host, eve.actor)
    await siege.ready()
    mine = await siege.mine()
    forged = siege.puppet.note(siege.pat, f"announced{next(siege.numbers)}", content="forged", cc=[siege.alice.uri])
    siege.puppet.documents.pop(forged["id"].removeprefix("https://puppet.test"))
    await eve.says("Announce", siege.puppet.create(forged), to=[PUBLIC])
    await eve.says("Add", siege.puppet.create(forged), target=f"{eve.uri}/context")
    like = siege.puppet.activity("Like", siege.pat, mine["uri"], f"forged-like{next(siege.numbers)}")
    await eve.says("Announce", like, to=[PUBLIC])
    await siege.settle()
    assert not await siege.knows(forged["id"])
    assert (await siege.counts(mine))[0] == 0
    note = await siege.pats()
    await eve.says(
        "Announce", siege.puppet.activity("Update", siege.pat, {**note, "content": "forged", "updated": LATER}, "u")
    )
    await siege.settle()
    assert await siege.content(note["id"]) == "<p>hello</p>"
    await siege.settle()


async def _a_community_speaks_for_people_elsewhere(siege: Siege) -> None:
    group = siege.villain(type="Group")
    await siege.follows(siege.bob, group.host, group.actor)
    note = await siege.pats()
    mine = await siege.mine()
    edited = {**note, "content": "forged", "updated": LATER}
    for kind, obj in (
        ("Create", {**note, "id": "https://puppet.test/notes/never"}),
        ("Update", edited),
        ("Delete", note["id"]),
        ("Delete", siege.pat["id"]),
        ("Like", mine["uri"]),
        ("Undo", {"type": "Like", "object": mine["uri"]}),
        ("Block", siege.alice.uri),
        ("Follow", siege.alice.uri),
        ("Flag", siege.alice.uri),
        ("Move", siege.pat["id"]),
        ("Update", {**siege.pat, "name": "Forged"}),
        ("Announce", mine["uri"]),
    ):
        inner = siege.puppet.activity(kind, siege.pat, obj, f"wrapped{next(siege.numbers)}")
        for actor in (siege.pat["id"], siege.alice.uri):
            await group.says("Announce", {**inner, "actor": actor}, to=[PUBLIC])
    await group.says(
        "Announce",
        {
            "type": "Create",
            "actor": siege.alice.uri,
            "object": {
                "id": f"{siege.alice.uri}/statuses/99",
                "type": "Note",
                "attributedTo": siege.alice.uri,
                "content": "forged",
            },
        },
    )
    await siege.settle()
    await siege.settle()


async def _somebody_answers_for_who_was_asked(siege: Siege) -> None:
    """Alice asks Quinn to follow; somebody else agrees, refuses, and takes agreement back."""
    found = await siege.alice.get("/api/v2/search", q="@quinn@puppet.test", resolve="true", type="accounts")
    quinn_id = found["accounts"][0]["id"]
    await siege.alice.post(f"/api/v1/accounts/{quinn_id}/follow")
    await siege.settle()
    asked = next(sent for sent in reversed(siege.puppet.inbox) if sent["type"] == "Follow")
    await siege.ready()
    for who in (siege.villain(), Villain(siege, siege.puppet, siege.pat)):
        for kind in ("Accept", "Reject"):
            for obj in (asked, asked["id"], {**asked, "object": who.uri}, {**asked, "id": None}, [asked["id"], asked]):
                if (
                    who.uri == siege.pat["id"]
                    and isinstance(obj, dict)
                    and (obj["id"] is None or obj["object"] == who.uri)
                ):
                    continue  # that would be about Pat's own
                await who.says(kind, obj)
        await who.says("Undo", {"type": "Accept", "actor": siege.quinn["id"], "object": asked})
    await siege.settle()
    await siege.settle()
    await siege.unharmed()
    await siege.alice.post(f"/api/v1/accounts/{quinn_id}/unfollow")
    await siege.ready()


async def _several_authors(siege: Siege) -> None:
    evil = siege.villain()
    for authors in (
        [siege.pat["id"], evil.uri],
        [evil.uri, siege.pat["id"]],
        [{"id": siege.pat["id"], "type": "Person"}],
        {"id": siege.alice.uri},
        [{"type": "Group", "id": evil.uri}, siege.alice.uri],
        [[siege.pat["id"]]],
        [],
        None,
        {},
    ):
        note = evil.host.note(evil.actor, f"n{next(siege.numbers)}", to=[PUBLIC, siege.alice.uri])
        note["tag"] = [{"type": "Mention", "href": siege.alice.uri}]
        await evil.sends(evil.host.create(note) | {"actor": evil.uri, "object": {**note, "attributedTo": authors}})
    await siege.settle()
    wrong = await siege.count(
        """
        select count(*) from statuses s join accounts a on a.id = s.account_id
        where s.uri ~ '^https://evil[0-9]+' and a.uri !~ '^https://evil[0-9]+'
        """
    )
    assert wrong == 0


async def _no_author(siege: Siege) -> None:
    """What does not say whose it is is never anybody else's, and nothing that is there changes hands."""
    note, mine = await siege.pats(), await siege.mine()
    for who in (siege.villain(), siege.neighbour()):
        elsewhere = "https://puppet.test/notes/unseen" if who.host is not siege.puppet else mine["uri"]
        for uri in (note["id"], mine["uri"], siege.pat["id"], siege.alice.uri, elsewhere):
            forged = {"id": uri, "type": "Note", "content": "forged", "updated": LATER, "to": [PUBLIC, siege.alice.uri]}
            for obj in (forged, {**forged, "attributedTo": []}, {**forged, "actor": siege.pat["id"]}):
                await who.says("Create", obj, to=[PUBLIC, siege.alice.uri])
            for kind in ("Update", "Announce"):
                await who.says(kind, forged, to=[PUBLIC])
            await who.says("Announce", {"type": "Create", "actor": siege.pat["id"], "object": forged}, to=[PUBLIC])
        await siege.settle()


async def _several_actors(siege: Siege) -> None:
    evil = siege.villain()
    mine = await siege.mine()
    for actor in ([siege.pat["id"], evil.uri], {"id": siege.pat["id"]}, [{"id": siege.pat["id"]}], [[siege.pat["id"]]]):
        for name in ("actor", "as:actor", "https://www.w3.org/ns/activitystreams#actor", "attributedTo"):
            document = evil.host.activity("Like", evil.actor, mine["uri"], f"several{next(siege.numbers)}")
            del document["actor"]
            await evil.sends({**document, name: actor})
    await siege.settle()
    assert (await siege.counts(mine))[0] == 0
    both = evil.host.activity("Like", evil.actor, mine["uri"], f"both{next(siege.numbers)}")
    await evil.sends({**both, "as:actor": siege.pat["id"], "@id": "https://puppet.test/x"})
    await siege.settle()
    who = await siege.alice.get(f"/api/v1/statuses/{mine['id']}/favourited_by")
    assert all("@evil" in one["acct"] for one in who)


async def _a_neighbour_uses_up_the_id_of_what_pat_will_say(siege: Siege) -> None:
    mine, eve = await siege.mine(), siege.neighbour()
    for kind, target in (("Follow", siege.bob.uri), ("Like", mine["uri"]), ("Block", siege.bob.uri)):
        await siege.ready()
        said = siege.puppet.activity(kind, siege.pat, target, f"taken{next(siege.numbers)}")
        await eve.sends({**said, "actor": eve.uri})
        await siege.unharmed()
        await siege.puppet.send(siege.server, said, siege.pat)
        await siege.settle()
        assert siege.before != await siege.state(), kind
    note = siege.puppet.note(siege.pat, f"taken{next(siege.numbers)}")
    said = siege.puppet.create(note)
    await eve.sends({**said, "type": "Like", "actor": eve.uri, "object": mine["uri"]})
    await siege.puppet.send(siege.server, said, siege.pat)
    await siege.settle()
    assert await siege.knows(note["id"])
    await siege.ready()


async def test_02_somebody_elses_to_say(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _everything_about_somebody_elses_things,
            _a_neighbour_announces_what_somebody_of_the_host_never_said,
            _a_community_speaks_for_people_elsewhere,
            _somebody_answers_for_who_was_asked,
            _several_authors,
            _no_author,
            _several_actors,
            _a_neighbour_uses_up_the_id_of_what_pat_will_say,
        )
    )


# ---------------------------------------------------------------- 3: keys


async def _in_the_name_of(siege: Siege, host: Puppet, key_id: str, *, key: JSON) -> None:
    """Somebody signs as Pat with a key that has a name of Pat's choosing, or theirs."""
    document = siege.puppet.activity("Follow", siege.pat, siege.alice.uri, f"k{next(siege.numbers)}")
    answer = await host.send(siege.server, document, key, key_id=key_id)
    assert answer.status_code in (400, 401, 403), f"{key_id}: {answer.status_code} {answer.text}"


async def _a_key_on_another_host_that_names_pat_as_its_owner(siege: Siege) -> None:
    evil = siege.villain(key=5)
    for number, kind in enumerate(("Key", "CryptographicKey", "Multikey", "Person", ["Key", "Person"])):
        uri = f"https://{evil.host.host}/keys/{number}"
        evil.host.documents[f"/keys/{number}"] = {
            "@context": CONTEXT,
            "id": uri,
            "type": kind,
            "owner": siege.pat["id"],
            "controller": siege.pat["id"],
            "publicKeyPem": pair(5).public_pem,
        }
        await _in_the_name_of(siege, evil.host, uri, key=evil.actor)


async def _an_actor_whose_key_belongs_to_pat(siege: Siege) -> None:
    evil = siege.villain(key=5)
    uri = f"{evil.uri}#main-key"
    for key in (
        {"id": uri, "owner": siege.pat["id"], "publicKeyPem": pair(5).public_pem},
        {"id": siege.pat["publicKey"]["id"], "owner": evil.uri, "publicKeyPem": pair(5).public_pem},
        {"id": siege.pat["publicKey"]["id"], "owner": siege.pat["id"], "publicKeyPem": pair(5).public_pem},
        [
            {"id": uri, "owner": evil.uri, "publicKeyPem": pair(5).public_pem},
            {"id": "https://puppet.test/users/pat#two", "owner": siege.pat["id"], "publicKeyPem": pair(5).public_pem},
        ],
    ):
        evil.host.documents["/users/mallory"] = {**evil.actor, "publicKey": key}
        await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true")
        for key_id in (uri, siege.pat["publicKey"]["id"], "https://puppet.test/users/pat#two"):
            await _in_the_name_of(siege, evil.host, key_id, key=evil.actor)


async def _a_neighbour_takes_pats_key_id(siege: Siege) -> None:
    name = f"eve{next(siege.numbers)}"
    eve = siege.puppet.actor(name, key=6)
    await siege.ready()
    siege.puppet.documents[f"/users/{name}"] = {
        **eve,
        "publicKey": [
            {"id": siege.pat["publicKey"]["id"], "owner": eve["id"], "publicKeyPem": pair(6).public_pem},
            {"id": eve["publicKey"]["id"], "owner": eve["id"], "publicKeyPem": pair(6).public_pem},
        ],
    }
    await siege.alice.get("/api/v2/search", q=eve["id"], resolve="true", type="accounts")
    for key_id in (siege.pat["publicKey"]["id"], eve["publicKey"]["id"]):
        await _in_the_name_of(siege, siege.puppet, key_id, key=eve)


async def _names_of_keys_that_are_none(siege: Siege) -> None:
    evil = siege.villain(key=5)
    host = evil.host.host
    for key_id in (
        f"https://puppet.test@{host}/users/mallory#main-key",
        f"https://{host}/users/mallory#https://puppet.test/users/pat",
        f"https://{host}/users/mallory?https://puppet.test/users/pat#main-key",
        "https://puppet.test/users/pat#other",
        "https://PUPPET.TEST/users/pat#main-key",
        "https://puppet.test:443/users/pat#main-key",
        "acct:pat@puppet.test",
        "https://puppet.test/users/pat",
        "https://puppet.test/users/../users/pat#main-key",
        "pat",
        "#main-key",
        f"{siege.alice.uri}#main-key",
        f"{siege.server.base_url}/actor#main-key",
        "https://127.0.0.1/key",
        "file:///etc/passwd",
        "https://puppet.test/users/pat#main-key#" + "x" * 3000,
        "did:key:z6Mk",
        "https://[::1]/k",
        "javascript:alert(1)",
    ):
        await _in_the_name_of(siege, evil.host, key_id, key=evil.actor)


async def _a_key_that_is_too_weak_or_none(siege: Siege) -> None:
    for material in ("", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "x" * 20_000, "\x00", WEAK):
        evil = siege.villain()
        evil.host.documents["/users/mallory"] = {
            **evil.actor,
            "publicKey": {"id": f"{evil.uri}#main-key", "owner": evil.uri, "publicKeyPem": material},
        }
        assert (await evil.says("Follow", siege.alice.uri)).status_code == 401


# 512 bits
WEAK = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALeVy7rOhdWg5xk4TiDcYF1Q1rm0cZ9m
Vw4sfnyTgiCE2KDHkAHoIyAmjPQyWZEyAFYqUkFuYi7p8GqkXt1mTUsCAwEAAQ==
-----END PUBLIC KEY-----"""


async def test_03_keys(siege: Siege) -> None:
    await siege.hold(
        attacks(
            _a_key_on_another_host_that_names_pat_as_its_owner,
            _an_actor_whose_key_belongs_to_pat,
            _a_neighbour_takes_pats_key_id,
            _names_of_keys_that_are_none,
            _a_key_that_is_too_weak_or_none,
        )
    )
