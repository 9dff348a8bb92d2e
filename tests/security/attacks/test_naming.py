"""Names, ids and keys that belong to somebody already, or are too long to be any (classes 2, 3, 8 and 13)."""

import secrets
from typing import Any

import pytest

from tests.support.puppet import PUBLIC, Page
from tests.support.siege import JSON, Siege, Villain, attacks

pytestmark = pytest.mark.anyio


# ---------------------------------------------------------------- 2: ids that are used already


async def _ids_that_are_used_already(siege: Siege) -> None:
    """By somebody of the same server, for something of another kind, or for the same thing elsewhere."""
    evil, first, second = siege.villain(), await siege.mine(), await siege.mine()
    other = Villain(siege, evil.host, evil.host.actor("other", key=4))
    like = evil.host.activity("Like", evil.actor, first["uri"], "like")
    follow = evil.host.activity("Follow", evil.actor, siege.alice.uri, "follow")
    note = evil.host.note(evil.actor, "taken", to=[PUBLIC, siege.alice.uri])
    note["tag"] = [{"type": "Mention", "href": siege.alice.uri}]
    for document in (like, follow, evil.host.create(note)):
        await evil.sends(document)
    await siege.settle()
    copied = {**note, "attributedTo": other.uri, "content": "copied"}
    for who, document in (
        (evil, {**like, "object": second["uri"]}),
        (other, {**like, "actor": other.uri, "object": second["uri"]}),
        (other, {**like, "actor": other.uri, "type": "Announce", "to": [PUBLIC]}),
        (other, {**follow, "actor": other.uri}),
        (evil, {**follow, "object": siege.bob.uri}),
        (other, {**evil.host.create(copied), "id": f"{note['id']}/create2", "actor": other.uri}),
        (other, {**like, "actor": other.uri, "type": "Announce", "id": note["id"], "to": [PUBLIC]}),
        (other, {**like, "actor": other.uri, "id": evil.uri}),
        (other, {**like, "actor": other.uri, "id": f"{other.uri}#main-key"}),
        (evil, {**evil.host.create({**note, "id": evil.uri}), "id": f"{evil.uri}/create3"}),
        (evil, {**evil.host.create({**note, "id": like["id"]}), "id": f"{evil.uri}/create4"}),
    ):
        await who.sends(document)
        await siege.settle()
    shown = await siege.status(note["id"])
    assert (shown["account"]["uri"], shown["content"]) == (evil.uri, "<p>hello</p>")
    account = await siege.alice.get("/api/v2/search", q=evil.uri, type="accounts")
    assert [one["uri"] for one in account["accounts"]] == [evil.uri]


async def _people_at_an_address_that_leads_to_pat(siege: Siege) -> None:
    """An attacker's own address answers with Pat's document, or leads there: what is said in the name of the address is
    not said by Pat."""
    mine = await siege.mine()
    group = siege.villain(type="Group")
    await siege.follows(siege.bob, group.host, group.actor)
    for way in (
        siege.pat,
        Page("", status=302, headers={"Location": siege.pat["id"]}),
        Page("", status=308, headers={"Location": "https://puppet.test/users/pat#x"}),
        {**siege.pat, "id": f"{siege.pat['id']}#x"},
        {"type": "Create", "object": siege.pat, "id": siege.pat["id"]},
    ):
        number = next(siege.numbers)
        alias = f"https://{group.host.host}/users/alias{number}"
        group.host.documents[f"/users/alias{number}"] = way
        posts = [
            {**group.host.note(group.actor, f"alias{number}{kind}", type=kind, name="x"), "attributedTo": alias}
            for kind in ("Note", "Question")
        ]
        for post in posts:
            group.host.documents[post["id"].removeprefix(f"https://{group.host.host}")] = post
            await siege.alice.get("/api/v2/search", q=post["id"], resolve="true")
            await group.says("Announce", post["id"], to=[PUBLIC])
            await group.says("Announce", {**group.host.create(post), "actor": alias}, to=[PUBLIC])
            await group.says("Create", post, to=[PUBLIC])
        like = group.host.activity("Like", group.actor, mine["uri"], f"alias{number}")
        await group.says("Announce", {**like, "actor": alias}, to=[PUBLIC])
        listed = f"https://{group.host.host}/lists/{number}"
        group.host.documents[f"/lists/{number}"] = {
            "id": listed,
            "type": "FeaturedCollection",
            "attributedTo": alias,
            "name": "x",
            "orderedItems": [],
        }
        await siege.alice.get("/api/v2/search", q=listed, resolve="true")
        await group.says("Move", group.uri, target=alias)
        await siege.settle()
        assert [post["id"] for post in posts if await siege.knows(post["id"])] == []
    assert (await siege.counts(mine))[0] == 0


async def test_02_names_and_ids_that_are_taken(siege: Siege) -> None:
    await siege.hold(attacks(_ids_that_are_used_already, _people_at_an_address_that_leads_to_pat))


# ---------------------------------------------------------------- 3: a key while it is asked for


async def _a_good_key_asked_for_again_and_again(siege: Siege) -> None:
    """Signatures that do not fit have it read again once."""
    evil = siege.villain(key=5)
    siege.puppet.requests.clear()
    for number in range(12):
        body = siege.puppet.activity("Follow", siege.pat, siege.alice.uri, f"bad{next(siege.numbers)}")
        key_id = siege.pat["publicKey"]["id"] + ("" if number % 2 else f"#{number}")
        answer = await evil.host.send(siege.server, body, evil.actor, key_id=key_id)
        assert answer.status_code == 401
    assert len(siege.puppet.asked) <= 2, siege.puppet.asked


async def _a_key_that_is_ruined_while_it_is_read(siege: Siege) -> None:
    """Somebody brings us to read Pat's key just while Pat's server answers nonsense."""
    evil = siege.villain(key=5)
    genuine = siege.puppet.documents["/users/pat"]
    assert isinstance(genuine, dict)
    nonsense: tuple[JSON | Page | int, ...] = (
        404,
        500,
        403,
        Page("<html>"),
        Page("{}", "application/activity+json"),
        {**genuine, "publicKey": None},
        {**genuine, "publicKey": {"id": "x", "owner": "y", "publicKeyPem": "z"}},
        {**genuine, "publicKey": []},
        {**genuine, "id": siege.quinn["id"]},
        {"id": siege.pat["id"], "type": "Person"},
    )
    for answer in nonsense:
        siege.puppet.documents["/users/pat"] = answer
        siege.server.app.memory.pop("signers.recent", None)
        body = siege.puppet.activity("Follow", siege.pat, siege.alice.uri, f"ruined{next(siege.numbers)}")
        status = (await evil.host.send(siege.server, body, evil.actor, key_id=siege.pat["publicKey"]["id"])).status_code
        assert status in (401, 503), (answer, status)
        siege.puppet.documents["/users/pat"] = genuine
        siege.server.app.memory.pop("origins.failures", None)
        await siege.unharmed()
        await siege.lives()
        await siege.ready()


async def test_03_keys_while_they_are_asked_for(siege: Siege) -> None:
    await siege.hold(attacks(_a_good_key_asked_for_again_and_again, _a_key_that_is_ruined_while_it_is_read))


# ---------------------------------------------------------------- 8: names


async def _names_of_neighbours(siege: Siege) -> None:
    """Somebody of Pat's own server says that they are Pat."""
    for name in ("pat", "Pat", "PAT", "@pat", " pat ", "pat\u200b", "\u202epat", "pat\n", "pat@puppet.test", ["pat"]):
        eve = siege.neighbour()
        path = eve.uri.removeprefix("https://puppet.test")
        for more in ({}, {"webfinger": "pat@puppet.test"}):
            siege.puppet.documents[path] = {**eve.actor, "preferredUsername": name, **more}
            await siege.alice.get("/api/v2/search", q=eve.uri, resolve="true", type="accounts")
            await eve.says("Follow", siege.alice.uri)
            await eve.says("Update", siege.puppet.documents[path])
        await siege.settle()
        handle = await siege.count("select username || '@' || domain from accounts where uri = $1", eve.uri)
        assert handle is None or handle.lower() != "pat@puppet.test"
    found = await siege.bob.get("/api/v1/accounts/lookup", acct="pat@puppet.test")
    assert found["uri"] == siege.pat["id"]


async def _names_of_ours_in_other_spellings(siege: Siege) -> None:
    """WebFinger of their own server confirms them all."""
    for name in (
        "alice@EXAMPLE.TEST",
        "alice@example.test:443",
        "alice@example.test.",
        "alice@ｅxample.test",
        "alice@example.test/x",
        "alice@example.test@evil.test",
        "alice@example.test#",
        "alice@exаmple.test",
        "pat@PUPPET.TEST",
        "pat@puppet.test:443",
        "pat@puppet.test.",
        "example.test@example.test",
    ):
        user = name.partition("@")[0]
        evil = siege.villain(webfinger=name, preferredUsername=user)
        evil.host.knows(name, evil.uri)
        evil.host.knows(f"{user}@{evil.host.host}", evil.uri, subject=name)
        found = await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts")
        assert all(one["acct"] == f"{user}@{evil.host.host}" for one in found["accounts"]), name
    for acct, uri in (("alice", siege.alice.uri), ("pat@puppet.test", siege.pat["id"])):
        assert (await siege.bob.get("/api/v1/accounts/lookup", acct=acct))["uri"] == uri


async def test_08_names(siege: Siege) -> None:
    await siege.hold(attacks(_names_of_neighbours, _names_of_ours_in_other_spellings))


# ---------------------------------------------------------------- 13: too long


async def _addresses_that_are_too_long(siege: Siege) -> None:
    """An index of Postgres holds 2,704 bytes, and of random ones no fewer count."""
    evil, status = siege.villain(), await siege.mine()
    for number in (2047, 2049, 2705, 20_000):
        uri = f"https://{evil.host.host}/{secrets.token_hex(number)}"[:number]
        for kind, obj, more in (
            ("Like", status["uri"], {}),
            ("Announce", status["uri"], {"to": [PUBLIC]}),
            ("EmojiReact", status["uri"], {"content": "👍"}),
            ("Follow", siege.alice.uri, {}),
            ("Flag", siege.alice.uri, {"content": uri}),
            ("QuoteRequest", status["uri"], {"instrument": f"{uri}q"}),
            ("LikeRequest", status["uri"], {"instrument": f"{uri}l"}),
            ("Delete", uri, {}),
            ("Undo", uri, {}),
            ("Add", uri, {"target": f"{uri}t"}),
        ):
            await evil.sends({**evil.host.activity(kind, evil.actor, obj, "x", **more), "id": f"{uri}{kind}"})
        named: Any = [
            {"type": "Mention", "href": siege.alice.uri},
            {"type": "Mention", "href": uri, "name": f"@{'m' * number}@{'n' * number}.test"},
            {"type": "Hashtag", "name": f"#{'h' * number}", "href": uri},
            {"type": "Emoji", "name": f":{'e' * number}:", "icon": {"url": uri}, "id": uri},
        ]
        note = evil.host.note(
            evil.actor,
            f"long{number}",
            url=uri,
            inReplyTo=uri,
            context=uri,
            conversation=uri,
            quote=uri,
            replies=uri,
            to=[PUBLIC, siege.alice.uri, uri],
            tag=named,
            attachment=[{"type": "Image", "mediaType": f"image/{'p' * number}", "url": uri, "name": "n" * number}],
        )
        await evil.sends(evil.host.create(note))
        await evil.sends({**evil.host.create({**note, "id": uri}), "id": f"{uri}c"})
        links = dict.fromkeys(("inbox", "outbox", "followers", "following", "featured", "url", "movedTo"), uri)
        person = siege.villain(**links, endpoints={"sharedInbox": uri}, icon={"url": uri}, name="n" * number)
        await person.says("Follow", siege.alice.uri)
        await siege.settle()
        assert await siege.knows(note["id"])


async def test_13_addresses_that_are_too_long(siege: Siege) -> None:
    await siege.hold(attacks(_addresses_that_are_too_long))
