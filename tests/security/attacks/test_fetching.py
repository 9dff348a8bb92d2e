"""What is fetched on the word of others: who is believed, and where it ends (6, 8, 9, 12)."""

from typing import Any
from urllib.parse import quote

import orjson
import pytest

from tests.support.puppet import PUBLIC, Page, Puppet
from tests.support.siege import Siege, attacks

pytestmark = pytest.mark.anyio


# ---------------------------------------------------------------- 6: media types

TYPES = (
    "text/html",
    "application/json",
    "text/plain",
    "image/png",
    "application/octet-stream",
    "application/xml",
    "",
    "*/*",
    "application/activity+jsonx",
    "text/plain; application/activity+json",
    "application/jrd+json",
    "multipart/form-data",
    'text/html; profile="https://www.w3.org/ns/activitystreams"',
    "application/ld+jsonp",
    "application/activity+json+x",
)


async def _documents_that_are_uploads(siege: Siege) -> None:
    """Whoever can upload a file to a host can serve anything there, but not as ActivityPub."""
    evil = siege.villain()
    for number, kind in enumerate(TYPES):
        actor = {**evil.actor, "id": f"https://{evil.host.host}/files/{number}", "preferredUsername": f"file{number}"}
        note = {**evil.host.note(evil.actor, "f"), "id": f"https://{evil.host.host}/notes/f{number}"}
        evil.host.documents[f"/files/{number}"] = Page(orjson.dumps(actor).decode(), kind)
        evil.host.documents[f"/notes/f{number}"] = Page(orjson.dumps(note).decode(), kind)
        for uri in (actor["id"], note["id"]):
            await siege.alice.get("/api/v2/search", q=uri, resolve="true")
            assert not await siege.knows(uri), kind
        await evil.sends(
            evil.host.activity("Follow", actor, siege.alice.uri, f"f{number}"), key_id=f"{actor['id']}#main-key"
        )
        assert siege.answers[-1] == 401, kind


async def _pages_whose_alternate_lies_elsewhere(siege: Siege) -> None:
    evil = siege.villain()
    forged = {**siege.puppet.note(siege.pat, "alt"), "content": "forged"}
    siege.puppet.documents.pop("/notes/alt")
    evil.host.documents["/alt"] = forged
    for number, href in enumerate(
        (f"https://{evil.host.host}/alt", "/alt", "//evil.test/alt", "javascript:1", "https://[", "")
    ):
        link = f'<link rel="alternate" type="application/activity+json" href="{href}">'
        evil.host.documents[f"/page{number}"] = Page(f"<html><head>{link}</head></html>")
        await siege.alice.get("/api/v2/search", q=f"https://{evil.host.host}/page{number}", resolve="true")


async def _led_to_whom_we_do_not_talk(siege: Siege) -> None:
    """By a redirect, by the id in a document, or by the alternate of a page: no request goes there, or to us."""
    n = next(siege.numbers)
    shut = Puppet(siege.server.network, f"evil{n}.test")
    async with siege.server.db.transaction() as conn:
        await conn.execute("insert into domain_blocks (domain, severity) values ($1, 'suspend')", shut.host)
    theirs = shut.actor("mallory")
    ours = siege.server.base_url
    for target in (theirs["id"], f"https://sub.{shut.host}/users/x", f"{ours}/users/alice", f"{ours}/api/v1/instance"):
        evil = siege.villain()
        await siege.follows(siege.bob, evil.host, evil.actor)
        uri = f"https://{evil.host.host}/led"
        for way in (
            Page("", status=302, headers={"Location": target}),
            {**evil.actor, "id": target},
            {**evil.host.note(evil.actor, "led"), "id": target},
            Page(f'<link rel="alternate" type="application/activity+json" href="{target}">'),
        ):
            evil.host.documents["/led"] = way
            siege.server.network.seen.clear()
            if not target.startswith(ours):  # people may paste another server's page of a post of ours
                await siege.alice.get("/api/v2/search", q=uri, resolve="true")
            await evil.says("Announce", uri, to=[PUBLIC])
            body = evil.host.activity("Like", evil.actor, siege.pat["id"], f"led{next(siege.numbers)}")
            await evil.sends({**body, "actor": uri}, key_id=f"{uri}#main-key")
            await siege.settle()
            places = (ours, f"https://{shut.host}", f"https://sub.{shut.host}")
            assert [url for _, url in siege.server.network.seen if url.startswith(places)] == [], (target, way)
    assert shut.asked == []


async def test_06_media_types(siege: Siege) -> None:
    await siege.hold(
        attacks(_documents_that_are_uploads, _pages_whose_alternate_lies_elsewhere, _led_to_whom_we_do_not_talk)
    )


# ---------------------------------------------------------------- 8: handles


async def _handles_of_others(siege: Siege) -> None:
    """An actor that says it is called like Pat, or like one of ours, or like nobody could be."""
    for number, more in enumerate(
        (
            {"webfinger": "pat@puppet.test"},
            {"webfinger": "acct:alice@example.test"},
            {"preferredUsername": "pat@puppet.test"},
            {"preferredUsername": "alice@example.test"},
            {"preferredUsername": "pat\u202e"},
            {"preferredUsername": "a/b"},
            {"preferredUsername": ""},
            {"preferredUsername": "<b>x</b>"},
            {"webfinger": "@@@"},
            {"preferredUsername": "a\u0000b"},
            {"preferredUsername": "x" * 5000},
            {"preferredUsername": "раt"},
        )
    ):
        evil = siege.villain(known=number % 2 == 0, **more)
        evil.host.knows(f"mallory@{evil.host.host}", evil.uri)
        await evil.says("Follow", siege.alice.uri)
        await siege.settle()
        handle = await siege.count("select username || '@' || domain from accounts where uri = $1", evil.uri)
        assert handle is None or handle.endswith(f"@{evil.host.host}"), handle
        assert handle is None or handle.count("@") == 1


async def _subjects_that_name_another(siege: Siege) -> None:
    """WebFinger of one's own host that leads to others' names, or others' actors."""
    evil = siege.villain()
    host = evil.host.host
    for subject, uri in (
        ("pat@puppet.test", evil.uri),
        ("alice@example.test", evil.uri),
        ("mallory@nowhere.test", evil.uri),
        (f"mallory@{host}", siege.pat["id"]),
        (f"mallory@{host}", siege.alice.uri),
        (f"other@{host}", siege.pat["id"]),
        ("pat@PUPPET.test", evil.uri),
        ("pat@puppet.test.", evil.uri),
        ("pat@puppet.test:443", evil.uri),
    ):
        evil.host.knows(f"mallory@{host}", uri, subject=subject)
        found = await siege.alice.get("/api/v2/search", q=f"@mallory@{host}", resolve="true", type="accounts")
        for account in found["accounts"]:
            assert (account["acct"], account["uri"]) in (
                ("pat@puppet.test", siege.pat["id"]),
                ("alice", siege.alice.uri),
            ) or ("@evil" in account["acct"] and account["uri"] == evil.uri), account
    await siege.mine(f"hello @mallory@{host}")


async def _webfinger_that_is_none(siege: Siege) -> None:
    evil = siege.villain(known=False)
    path = f"/.well-known/webfinger?resource={quote(f'acct:mallory@{evil.host.host}', safe='')}"
    for answer in (
        {},
        {"links": None},
        {"subject": 7, "links": [7, None, {}]},
        {"subject": "x" * 100_000, "links": []},
        {"subject": None, "links": {"rel": "self"}},
        {"links": [{"rel": "self", "type": "application/activity+json", "href": "file:///etc"}]},
        {"links": [{"rel": ["self"], "type": ["application/activity+json"], "href": [evil.uri]}]},
        Page("<html>"),
        500,
        302,
        {
            "subject": f"acct:mallory@{evil.host.host}",
            "links": [{"rel": "self", "type": "text/html", "href": evil.uri}] * 1000,
        },
    ):
        evil.host.documents[path] = answer
        await siege.alice.get("/api/v2/search", q=f"@mallory@{evil.host.host}", resolve="true", type="accounts")
        siege.server.app.memory.pop("origins.refusals", None)
        siege.server.app.memory.pop("origins.failures", None)


async def test_08_handles(siege: Siege) -> None:
    await siege.hold(attacks(_handles_of_others, _subjects_that_name_another, _webfinger_that_is_none))


# ---------------------------------------------------------------- 9: addresses

ODD = (
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "https://",
    "https://[",
    "https://a b/",
    "https://user:pw@puppet.test/",
    "https://puppet.test:99999/",
    "https://xn--a.test/",
    "https://evil.test\n.puppet.test/",
    "//x",
    "https://" + "a" * 300 + ".test/",
    "https://puppet.test/" + "x" * 5000,
    "vbscript:x",
    "jAvAsCrIpT:x",
    " javascript:x",
    "https://\u0000/",
    "java\tscript:x",
    "https://\ud800.test/".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "gopher://x/",
    "ftp://x/",
    "blob:x",
    "https://evil。test/x",
    "https://evil.test/%00",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://127.1/",
    "tel:1",
    "mailto:x@y",
)


async def _odd_addresses_in_every_place(siege: Siege) -> None:
    for odd in ODD:
        evil = siege.villain(
            url=odd,
            icon={"type": "Image", "url": odd},
            image={"url": odd},
            movedTo=odd,
            alsoKnownAs=[odd],
            attachment=[{"type": "PropertyValue", "name": "x", "value": f'<a href="{odd}">x</a>'}],
            summary=f'<a href="{odd}">x</a>',
        )
        note = evil.host.note(
            evil.actor,
            "odd",
            url=odd,
            content=f'<p><a href="{odd}">x</a><img src="{odd}"></p>',
            to=[PUBLIC, siege.alice.uri],
            inReplyTo=odd,
            quoteUrl=odd,
            context=odd,
            replies=odd,
            conversation=odd,
            attachment=[{"type": "Image", "url": odd}, {"type": "Link", "href": odd}],
            tag=[
                {"type": "Mention", "href": siege.alice.uri},
                {"type": "Mention", "href": odd},
                {"type": "Hashtag", "href": odd, "name": "#x"},
                {"type": "Emoji", "name": ":x:", "icon": {"url": odd}},
            ],
        )
        await evil.sends(evil.host.create(note))
        kinds = ("Follow", "Like", "Announce", "Undo", "Accept", "Flag", "Move", "Add")
        await evil.says(kinds[next(siege.numbers) % len(kinds)], odd, target=odd)
    await siege.settle()
    shown = await siege.alice.call("GET", "/api/v1/notifications?limit=80")
    text = shown.text.lower()
    assert shown.status_code == 200
    for scheme in ("javascript:", "vbscript:", "data:text", "file:"):
        assert f'"{scheme}' not in text, text[max(0, text.index(f'"{scheme}') - 100) :][:200]
        assert f'href=\\"{scheme}' not in text, scheme


async def test_09_addresses(siege: Siege) -> None:
    await siege.hold(attacks(_odd_addresses_in_every_place))


# ---------------------------------------------------------------- 12: endless answers


async def _answers_without_end(siege: Siege) -> None:
    """Collections that never end, threads that never end, documents that are too large or too deep."""
    evil = siege.villain()
    host = f"https://{evil.host.host}"
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    for name, document in (
        ("large", {"id": f"{host}/large", "type": "Note", "attributedTo": evil.uri, "content": "x" * 2_000_000}),
        ("deep", {"id": f"{host}/deep", "type": "Note", "attributedTo": evil.uri, "content": "x", "tag": deep}),
        (
            "wide",
            {"id": f"{host}/wide", "type": "Note", "attributedTo": evil.uri, "content": "x", "tag": [{}] * 200_000},
        ),
    ):
        evil.host.documents[f"/{name}"] = document
        await siege.alice.get("/api/v2/search", q=f"{host}/{name}", resolve="true")
        assert not await siege.knows(f"{host}/{name}")

    class Endless(dict[str, Any]):
        def get(self, path: str, default: Any = None) -> Any:
            if path.startswith("/pages/"):
                number = int(path.rpartition("/")[2])
                return {
                    "id": f"{host}{path}",
                    "type": "CollectionPage",
                    "items": [f"{host}/chain/{number}"],
                    "next": f"{host}/pages/{number + 1}",
                }
            if path.startswith("/chain/"):
                number = int(path.rpartition("/")[2])
                return {
                    **evil.host.note(evil.actor, "c"),
                    "id": f"{host}{path}",
                    "inReplyTo": f"{host}/chain/{number + 1}",
                    "replies": f"{host}/pages/0" if number == 0 else None,
                }
            return super().get(path, default)

    evil.host.documents = Endless(evil.host.documents)
    status = await siege.alice.sees(f"{host}/chain/0")
    await siege.alice.get(f"/api/v1/statuses/{status['id']}/context")
    await siege.settle()
    assert len(evil.host.asked) < 800, len(evil.host.asked)


async def _redirects_without_end(siege: Siege) -> None:
    evil = siege.villain()
    asked = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked
        asked += 1
        target = f"https://{evil.host.host}{scope['path']}x"
        await send({"type": "http.response.start", "status": 302, "headers": [(b"location", target.encode())]})
        await send({"type": "http.response.body", "body": b""})

    siege.server.network.apps[evil.host.host] = app
    await siege.alice.get("/api/v2/search", q=f"https://{evil.host.host}/r", resolve="true")
    assert asked <= 8, asked


async def test_12_endless_answers(siege: Siege) -> None:
    await siege.hold(attacks(_answers_without_end, _redirects_without_end))
