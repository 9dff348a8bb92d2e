"""Documents that say one thing to one reader and another to the next: ids, names and contexts (classes 1, 9 and 10)."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from federation.signatures import keys, linked_data
from tests.support.puppet import PUBLIC, Page
from tests.support.siege import JSON, Siege, attacks

pytestmark = pytest.mark.anyio

LATER = "2030-01-01T00:00:00Z"
AS2 = "https://www.w3.org/ns/activitystreams#"


def _without_id(document: JSON) -> JSON:
    return {name: value for name, value in document.items() if name != "id"}


# ---------------------------------------------------------------- 1: the id that is checked is the id that is read


async def _two_spellings_of_id(siege: Siege) -> None:
    """One of them is the address that the document was found at, the other is Pat's."""
    note = await siege.pats()
    evil = siege.villain()
    host = f"https://{evil.host.host}"
    spellings = ("id", "@id", "as:id", f"{AS2}id")
    for number, (own, others) in enumerate((own, others) for own in spellings for others in spellings):
        if own == others:
            continue
        unheard = f"https://puppet.test/notes/unheard{number}"
        for name, theirs in (
            (f"n{number}", {**_without_id(note), others: unheard}),
            (f"e{number}", {**_without_id(note), others: note["id"], "content": "forged", "updated": LATER}),
            (f"p{number}", {**_without_id(siege.pat), others: siege.pat["id"], "name": "Forged"}),
        ):
            first = {own: f"{host}/{name}"}
            evil.host.documents[f"/{name}"] = {**first, **theirs} if number % 2 else {**theirs, **first}
            await siege.alice.get("/api/v2/search", q=f"{host}/{name}", resolve="true")
        assert not await siege.knows(unheard), (own, others)
    await siege.settle()
    assert await siege.content(note["id"]) == "<p>hello</p>"


async def _ids_that_are_no_single_address(siege: Siege) -> None:
    evil = siege.villain()
    host = f"https://{evil.host.host}"
    odd: Any
    forged = siege.puppet.note(siege.pat, "single", content="forged")
    siege.puppet.documents.pop("/notes/single")
    for number, odd in enumerate(
        (
            [f"{host}/odd0", forged["id"]],
            [forged["id"], f"{host}/odd1"],
            {"id": forged["id"]},
            f"{host}/odd3 {forged['id']}",
            f"{forged['id']}#{host}/odd4",
            f" {forged['id']}",
            f"{forged['id']}\n",
            f"{host}/odd7\u0000{forged['id']}",
            "",
            None,
            7,
            f"{host}/odd10#{forged['id']}",
        )
    ):
        evil.host.documents[f"/odd{number}"] = {**forged, "id": odd}
        await siege.alice.get("/api/v2/search", q=f"{host}/odd{number}", resolve="true")
        reply = evil.host.note(evil.actor, f"r{number}", inReplyTo=f"{host}/odd{number}", to=[PUBLIC, siege.alice.uri])
        reply["tag"] = [{"type": "Mention", "href": siege.alice.uri}]
        await evil.sends(evil.host.create(reply))
    await siege.settle()
    assert not await siege.knows(forged["id"])


async def test_01_the_id_that_is_checked_is_the_id_that_is_read(siege: Siege) -> None:
    await siege.hold(attacks(_two_spellings_of_id, _ids_that_are_no_single_address))


# ---------------------------------------------------------------- 9: addresses that are shown


async def _pages_of_others(siege: Siege) -> None:
    """A post or a profile that says that its page is somebody else's: readers would take it for theirs."""
    note, mine = await siege.pats(), await siege.mine()
    for number, page in enumerate(
        (
            note["id"],
            siege.pat["url"],
            mine["url"],
            siege.alice.uri,
            "https://puppet.test",
            [{"type": "Link", "mediaType": "text/html", "href": note["id"]}, "https://puppet.test/x"],
            {"type": "Link", "href": "https://example.test/@alice"},
        )
    ):
        evil = siege.villain(url=page)
        posted = evil.host.note(
            evil.actor,
            f"page{number}",
            url=page,
            to=[PUBLIC, siege.alice.uri],
            tag=[{"type": "Mention", "href": siege.alice.uri}],
        )
        await evil.sends(evil.host.create(posted))
        await siege.settle()
        shown = await siege.status(posted["id"])
        assert shown["url"].startswith(f"https://{evil.host.host}/"), shown["url"]
        assert shown["account"]["url"].startswith(f"https://{evil.host.host}/"), shown["account"]["url"]
    for query, expected in ((note["id"], note["id"]), (mine["url"], mine["uri"])):
        found = await siege.bob.get("/api/v2/search", q=query, resolve="true", type="statuses")
        assert [one["uri"] for one in found["statuses"]] == [expected]
    for query, expected in ((siege.pat["id"], siege.pat["id"]), (f"{siege.server.base_url}/@alice", siege.alice.uri)):
        found = await siege.bob.get("/api/v2/search", q=query, resolve="true", type="accounts")
        assert [one["uri"] for one in found["accounts"]] == [expected]


async def test_09_pages_of_others(siege: Siege) -> None:
    await siege.hold(attacks(_pages_of_others))


# ---------------------------------------------------------------- 10: what a document says, and what was signed


async def _the_same_name_twice(siege: Siege) -> None:
    """Of which one reader takes the first and another the last: refused wherever it stands, and however it is spelt."""
    evil, status = siege.villain(), await siege.mine()
    like = orjson.dumps(evil.host.activity("Like", evil.actor, status["uri"], "twice")).decode()[:-1]
    quoted, pat = f'"{evil.uri}"', f'"{siege.pat["id"]}"'
    for text in (
        f'{like},"actor":{quoted}}}',
        f'{like},"actor":{pat}}}',
        f'{{"actor":{pat},{like[1:]}}}',
        f'{{"act\\u006fr":{pat},{like[1:]}}}',
        f'{{"act\\u0000or":{pat},{like[1:]}}}',
        f'{{"actor" : {pat},{like[1:]}}}',
        f'{{"actor"\n:\t{pat},{like[1:]}}}',
        f'{like},"to":[{{"id":"x","id":"y"}}]}}',
        f'{like},"x":{{"y":{{"z":1,"z":1}}}}}}',
        f'{like},"":1,"":2}}',
    ):
        assert (await evil.raw(text.encode())).status_code == 400, text
        evil.host.documents["/notes/twice"] = Page(text, "application/activity+json")
        await siege.alice.get("/api/v2/search", q=f"https://{evil.host.host}/notes/twice", resolve="true")
    assert await siege.counts(status) == (0, 0, 0)
    for more in ('"x":"a:b","y":"\\":\\"","z":[":"]', '"\\"x\\":":1', '"x":"\\\\","y":"\\\\\\""'):
        kept = siege.villain()
        like = orjson.dumps(kept.host.activity("Like", kept.actor, status["uri"], "once")).decode()[:-1]
        assert (await kept.raw(f"{like},{more}}}".encode())).status_code == 202, more
    assert await siege.counts(status) == (3, 0, 0)


async def _what_was_signed_under_another_name(siege: Siege) -> None:
    """Pat has signed a Like for everybody to pass on. In a context of somebody else's it is a Delete, and the graph
    that was signed is the same. (Each verification is a process: these are few.)"""
    evil, note = siege.villain(), await siege.pats()
    key = keys.load_private(siege.puppet.private(siege.pat))
    assert isinstance(key, RSAPrivateKey)
    said = siege.puppet.activity("Like", siege.pat, note["id"], f"signed{next(siege.numbers)}")
    genuine = await linked_data.sign(
        {**said, "@context": AS2.removesuffix("#")}, key, siege.pat["publicKey"]["id"], datetime.now(UTC)
    )
    contexts = genuine["@context"]
    await evil.sends({**genuine, "@context": [*contexts, {"a": AS2, "Delete": "a:Like"}], "type": "Delete"})
    renamed = {"Delete": f"{AS2}Like", "was": f"{AS2}object", "object": None}
    await evil.sends({**genuine, "@context": [*contexts, renamed], "type": "Delete", "was": note["id"]})
    await siege.settle()
    assert await siege.knows(note["id"])


async def test_10_what_a_document_says_and_what_was_signed(siege: Siege) -> None:
    await siege.hold(attacks(_the_same_name_twice, _what_was_signed_under_another_name))
