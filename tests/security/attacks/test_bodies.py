"""Too much, too deep, too often, or nothing that makes sense: bodies and what they lead to (13 to 16, 30 to 36)."""

import asyncio
import re
import time
from typing import Any

import orjson
import pytest

from federation.vocab import normalise
from storage import inbox
from tests.support import live, raw
from tests.support.puppet import PUBLIC, Page, Puppet
from tests.support.siege import JSON, Siege, Villain, attacks

pytestmark = pytest.mark.anyio


# ---------------------------------------------------------------- 13: endless requests


async def _bodies_that_are_too_large_or_nothing(siege: Siege) -> None:
    evil = siege.villain()
    start = orjson.dumps({"type": "Like", "actor": evil.uri, "object": "x"})[:-1]
    for body in (
        b"",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"{",
        b"{}",
        b"\xff\xfe",
        b"\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        start,
        start + b',"type"}',
        start + b',"x":' + b"[" * 500 + b"]" * 500 + b"}",
        start + b',"x":NaN}',
        start + b',"x":1e999}',
        start + b',"x":' + b"9" * 5000 + b"}",
        start + b',"x":"\\ud800"}',
        start + b',"x":"\\u0000"}',
        b"\xef\xbb\xbf" + start + b"}",
        start + b',"x":"' + b"y" * normalise.MAX_BYTES + b'"}',
        start + b',"x":[' + b"0," * 300_000 + b"0]}",
        start + b',"x":{' + b",".join(b'"k%d":0' % n for n in range(70_000)) + b"}}",
        b"<xml/>",
    ):
        for path in ("/inbox", "/users/alice/inbox") if len(body) < 1000 else ("/inbox",):
            status = (await evil.raw(body, path)).status_code
            assert status in (202, 400, 413), (body[:80], status)
    for more in (1, 1000, 48_577):
        long = start + b"}" + b" " * (normalise.MAX_BYTES + more - len(start) - 1)
        assert (await evil.raw(long)).status_code == 413
        assert (await evil.raw(long[: normalise.MAX_BYTES])).status_code == 202
    for path in ("/users/nobody/inbox", "/users/%00/inbox", "/users/" + "x" * 5000 + "/inbox", "/users/alice%2finbox"):
        assert (await evil.raw(start + b"}", path)).status_code in (400, 404, 405, 414), path


async def _bodies_without_end(siege: Siege) -> None:
    """Counted as they come, whatever the headers say, with a signature or without."""
    for headers in (
        [],
        [(b"content-length", b"10")],
        [(b"signature", b'keyId="https://evil1.test/k",signature="AAAA"')],
        [(b"content-encoding", b"gzip")],
    ):
        taken = 0

        async def endless() -> Any:
            nonlocal taken
            while taken < 100 * 1024 * 1024:
                taken += 65_536
                yield b"x" * 65_536

        answer = await raw.call(siege.server, "POST", b"/inbox", headers=headers, body=endless())
        assert answer.status in (400, 401, 413), answer.status
        assert taken <= 4 * normalise.MAX_BYTES


async def _actors_and_posts_with_too_much(siege: Siege) -> None:
    evil = siege.villain(
        name="n" * 100_000,
        summary="s" * 500_000,
        alsoKnownAs=[f"https://x{n}.test/" for n in range(5000)],
        attachment=[{"type": "PropertyValue", "name": "n" * 5000, "value": "v" * 5000}] * 500,
        tag=[{"type": "Emoji", "name": f":e{n}:", "icon": {"url": f"https://x.test/{n}.png"}} for n in range(2000)],
    )
    await evil.says("Follow", siege.alice.uri)
    await siege.settle()
    found = (await siege.alice.get("/api/v2/search", q=evil.uri, resolve="true", type="accounts"))["accounts"]
    assert all(
        len(one["fields"]) <= 50 and len(one["display_name"]) <= 2048 and len(one["note"]) <= 25_000 for one in found
    )
    plain = siege.villain()
    note = plain.host.note(
        plain.actor,
        "much",
        to=[PUBLIC, siege.alice.uri],
        type="Question",
        oneOf=[{"name": f"o{n}" * 20} for n in range(1500)],
        tag=[
            {"type": "Mention", "href": siege.alice.uri},
            *({"type": "Mention", "href": f"https://m{n}.test/u", "name": "@x"} for n in range(300)),
            *({"type": "Hashtag", "name": f"#t{n}"} for n in range(2000)),
        ],
        attachment=[
            {"type": "Image", "mediaType": "image/png", "url": f"https://x.test/{n}.png", "name": "a" * 20_000}
            for n in range(20)
        ],
        summary="c" * 100_000,
    )
    asked = len(siege.server.network.seen)
    await plain.sends(plain.host.create(note))
    await siege.settle()
    assert len(siege.server.network.seen) - asked < 80
    shown = await siege.status(note["id"])
    assert len(shown["poll"]["options"]) <= 500
    assert len(shown["media_attachments"]) <= 20
    assert len(shown["spoiler_text"]) <= 5000


async def test_13_endless_requests(siege: Siege) -> None:
    await siege.hold(
        attacks(_bodies_that_are_too_large_or_nothing, _bodies_without_end, _actors_and_posts_with_too_much)
    )


# ---------------------------------------------------------------- 14, 15: crawling, work before proof


async def _one_activity_that_names_everybody(siege: Siege) -> None:
    evil = siege.villain()
    hosts = [Puppet(siege.server.network, f"evil9{n}.test") for n in range(40)]
    people = [host.actor("x", key=3)["id"] for host in hosts]
    note = evil.host.note(
        evil.actor,
        "all",
        to=[PUBLIC, siege.alice.uri, *people],
        tag=[{"type": "Mention", "href": uri, "name": "@x"} for uri in (siege.alice.uri, *people)],
    )
    await evil.sends(evil.host.create(note))
    await siege.settle()
    assert sum(bool(host.asked) for host in hosts) <= 25


async def _quotes_and_answers_in_a_circle(siege: Siege) -> None:
    evil = siege.villain()
    for n in range(60):
        evil.host.note(
            evil.actor,
            f"c{n}",
            inReplyTo=f"https://{evil.host.host}/notes/c{(n + 1) % 60}",
            quote=f"https://{evil.host.host}/notes/c{(n + 7) % 60}",
            replies=f"https://{evil.host.host}/r",
            to=[PUBLIC, siege.alice.uri],
            tag=[{"type": "Mention", "href": siege.alice.uri}],
        )
    await evil.sends(evil.host.create(evil.host.documents["/notes/c0"]))  # type: ignore[arg-type]
    await siege.settle()
    assert len(evil.host.asked) < 150


async def test_14_crawling(siege: Siege) -> None:
    await siege.hold(attacks(_one_activity_that_names_everybody, _quotes_and_answers_in_a_circle))


async def _making_us_ask_others(siege: Siege) -> None:
    """Requests that prove nothing, made to have a third server asked again and again."""
    evil, victim = siege.villain(), Puppet(siege.server.network, "victim.test")
    body = evil.host.activity("Like", evil.actor, "x", "x")
    for n in range(8):
        for key_id in (
            f"https://victim.test/users/{n}#main-key",
            "https://victim.test/users/same#k",
            f"https://victim.test/users/same#{n}",
            f"https://victim.test/?{n}",
        ):
            await evil.host.send(siege.server, {**body, "id": f"{body['id']}{n}"}, evil.actor, key_id=key_id)
            await evil.host.send(
                siege.server,
                {
                    **body,
                    "actor": f"https://victim.test/users/{n}",
                    "type": "Delete",
                    "object": f"https://victim.test/users/{n}",
                },
                evil.actor,
                key_id=key_id,
            )
            await evil.host.send(
                siege.server,
                {**body, "actor": "https://victim.test/users/same"},
                evil.actor,
                key_id=key_id,
                digest="SHA-256=AAAA",
            )
    assert victim.asked == []
    for n in range(20):
        await evil.host.send(
            siege.server,
            {**body, "actor": "https://victim.test/users/same"},
            evil.actor,
            key_id=f"https://victim.test/users/same#{n}",
        )
    assert len(victim.asked) <= 2, victim.asked
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("federation.signers.FRUITLESS", 30)
        for n in range(60):
            actor = f"https://victim.test/users/none{n}"
            answer = await evil.host.send(
                siege.server, {**body, "actor": actor}, evil.actor, key_id=f"{actor}#main-key"
            )
            assert answer.status_code == 401
    assert len(victim.asked) <= 32, "however many keys are named, a server is asked for few that it does not have"


async def test_15_work_before_proof(siege: Siege) -> None:
    await siege.hold(attacks(_making_us_ask_others))


# ---------------------------------------------------------------- 16, 30, 31, 33: text, numbers, dates

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "<iframe src=//x>",
    '<p style="position:fixed">x</p>',
    "<math><mtext><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<form action=//x><input>",
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<style>@import '//x'</style>",
    "<base href=//x>",
    "<object data=//x>",
    "<noscript><p title='</noscript><script>alert(1)</script>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;<script>",
    "<scr\0ipt>alert(1)</script>",
    '<a class="u-url mention evil" target=_top href="https://x.test">x</a>',
)


async def _scripts_in_every_text(siege: Siege) -> None:
    for script in SCRIPTS:
        evil = siege.villain(
            name=script, summary=script, attachment=[{"type": "PropertyValue", "name": script, "value": script}]
        )
        note = evil.host.note(
            evil.actor,
            "x",
            content=script,
            summary=script,
            name=script,
            to=[PUBLIC, siege.alice.uri],
            contentMap={"en": script},
            attachment=[{"type": "Image", "mediaType": "image/png", "url": "https://x.test/a.png", "name": script}],
            tag=[
                {"type": "Mention", "href": siege.alice.uri, "name": script},
                {"type": "Hashtag", "name": script},
                {"type": "Emoji", "name": script, "icon": {"url": "https://x.test/e.png"}},
            ],
        )
        await evil.sends(evil.host.create(note))
    await siege.settle()
    shown = (await siege.alice.call("GET", "/api/v1/notifications?types[]=mention&limit=40")).json()
    assert len(shown) >= 10
    for one in shown:
        status, account = one["status"], one["account"]
        for html in (status["content"], account["note"], *(field["value"] for field in account["fields"])):
            tags = " ".join(re.findall("<[^>]*>", html.lower()))
            for bad in (
                "<script",
                "<img",
                "<svg",
                "onerror",
                "onload",
                "<iframe",
                "<style",
                "style=",
                "<form",
                "<base",
                "<object",
                "javascript:",
                "data:",
                "<math",
            ):
                assert bad not in tags, (bad, html)
        page = await siege.server.client.get(f"/@{account['acct']}", headers={"Accept": "text/html"})
        assert "<script>alert" not in page.text
        assert page.status_code < 500


async def _texts_that_take_long(siege: Siege) -> None:
    evil = siege.villain()
    started = time.process_time()
    for text in (
        "<a " * 40_000,
        "<div>" * 80_000,
        "&amp;" * 40_000,
        "<![" * 40_000,
        "@a@b" * 30_000,
        "#x" * 50_000,
        "https://" * 20_000,
        ":" * 100_000,
        "<" * 200_000,
        "<p>" + "a" * 200_000,
        "\u0300" * 100_000,
        "﷽" * 50_000,
        "https://x.test/" + "(" * 50_000,
        "@" * 100_000,
        "<!--" * 40_000,
        "&" * 200_000,
    ):
        note = evil.host.note(
            evil.actor,
            f"l{next(siege.numbers)}",
            content=text,
            summary=text[:5000],
            to=[PUBLIC, siege.alice.uri],
            tag=[{"type": "Mention", "href": siege.alice.uri}],
        )
        await evil.sends(evil.host.create(note))
    await siege.settle()
    assert time.process_time() - started < 20


async def _dates_and_numbers_of_no_time(siege: Siege) -> None:
    evil = siege.villain()
    odd: Any
    for odd in (
        "9999-12-31T23:59:59-14:00",
        "0000-00-00T00:00:00Z",
        "20000-01-01",
        "infinity",
        "-1",
        "１２３",
        "2024-13-99T99:99:99Z",
        2**62,
        -1,
        1e300,
        "P1Y",
        [],
        {},
        True,
        "1969-12-31T23:59:59+23:59",
        "2024-01-01T00:00:00" + "0" * 500,
        "٢٠٢٤-٠١-٠١T٠٠:٠٠:٠٠Z",
    ):
        note = evil.host.note(
            evil.actor,
            f"d{next(siege.numbers)}",
            published=odd,
            updated=odd,
            endTime=odd,
            closed=odd,
            votersCount=odd,
            likes={"totalItems": odd},
            shares={"totalItems": odd},
            type="Question",
            oneOf=[{"name": "a", "replies": {"totalItems": odd}}, {"name": "b"}],
            to=[PUBLIC, siege.alice.uri],
            tag=[{"type": "Mention", "href": siege.alice.uri}],
            attachment=[
                {
                    "type": "Image",
                    "url": "https://x.test/a",
                    "mediaType": "image/png",
                    "width": odd,
                    "height": odd,
                    "focalPoint": [odd, odd],
                    "blurhash": odd,
                    "duration": odd,
                }
            ],
        )
        await evil.sends({**evil.host.create(note), "published": odd})
        await siege.settle()
        assert await siege.knows(note["id"])
        shown = await siege.status(note["id"])
        assert shown["created_at"] >= "1970"
        await siege.alice.get(f"/api/v1/statuses/{shown['id']}")
    assert await siege.count("select count(*) from statuses where created_at > now() + interval '1 minute'") == 0


async def _characters_that_are_none(siege: Siege) -> None:
    odd: Any
    for odd in (
        "a\0b",
        "\u202e\u2066x",
        "\ufeff",
        "\u0007\u001b[31m",
        "\uffff",
        "👩\u200d" * 50,
        "\u0301" * 500,
        "\r\nSet-Cookie: x=y",
        "a\u2028b",
    ):
        evil = siege.villain(name=odd, summary=odd, preferredUsername=f"m{odd}")
        await evil.says("Follow", siege.alice.uri)
        plain = siege.villain(name=odd, summary=odd)
        note = plain.host.note(
            plain.actor,
            "x",
            content=odd,
            summary=odd,
            to=[PUBLIC, siege.alice.uri],
            tag=[{"type": "Mention", "href": siege.alice.uri}, {"type": "Hashtag", "name": f"#{odd}"}],
        )
        await plain.sends(plain.host.create(note))
        await plain.says("Flag", [siege.alice.uri], content=odd)
        await plain.says("Like", (await siege.pats())["id"], content=odd)
        await plain.says("EmojiReact", siege.pat["id"], content=odd)
    await siege.settle()
    assert (await siege.alice.call("GET", "/api/v1/notifications?limit=80")).status_code == 200


async def test_16_html(siege: Siege) -> None:
    await siege.hold(attacks(_scripts_in_every_text))


async def test_30_characters(siege: Siege) -> None:
    await siege.hold(attacks(_characters_that_are_none))


async def test_31_dates_and_numbers(siege: Siege) -> None:
    await siege.hold(attacks(_dates_and_numbers_of_no_time))


async def test_33_texts_that_take_long(siege: Siege) -> None:
    await siege.hold(attacks(_texts_that_take_long))


# ---------------------------------------------------------------- 17: previews of hostile pages


async def _previews_of_hostile_pages(siege: Siege) -> None:
    for kind, body in (
        ("image/png", "not a picture"),
        ("image/svg+xml", "<svg onload=alert(1)>"),
        ("text/html", "<html>"),
        ("image/png", "\x89PNG\r\n\x1a\n" + "\0" * 100),
    ):
        evil = siege.villain()
        base = f"https://{evil.host.host}"
        evil.host.documents["/a.png"] = Page(body, kind)
        evil.host.documents["/embed"] = Page(
            orjson.dumps(
                {
                    "type": "rich",
                    "version": "1.0",
                    "html": "<script>alert(1)</script>",
                    "title": "<b>x</b>",
                    "width": -1,
                    "height": 2**62,
                }
            ).decode(),
            "application/json",
        )
        evil.host.documents["/page"] = Page(
            f"<html><head><title><script>alert(1)</script></title>"
            f'<meta property="og:title" content="&lt;script&gt;alert(1)&lt;/script&gt;">'
            f'<meta property="og:image" content="{base}/a.png">'
            f'<link rel="alternate" type="application/json+oembed" href="{base}/embed">'
            f'<meta property="og:url" content="javascript:alert(1)">'
            f'<meta name="fediverse:creator" content="@pat@puppet.test"></head></html>'
        )
        note = evil.host.note(
            evil.actor,
            "x",
            content=f'<p><a href="{base}/page">x</a></p>',
            to=[PUBLIC, siege.alice.uri],
            tag=[{"type": "Mention", "href": siege.alice.uri}],
        )
        await evil.sends(evil.host.create(note))
        async with siege.server.db.transaction() as conn:
            await siege.settle()
            await conn.execute("update jobs set run_at = now() where failed_at is null and holder is null")
        await siege.settle()
        card = (await siege.status(note["id"]))["card"]
        assert card is not None
        assert (card["html"], card["url"]) == ("", f"{base}/page")
        assert card["image"] is None
        assert card["authors"] == [] or card["authors"][0]["account"] is None


async def test_17_previews(siege: Siege) -> None:
    await siege.hold(attacks(_previews_of_hostile_pages))


# ---------------------------------------------------------------- 34: bytes on the socket


async def test_34_what_means_two_things_on_a_socket(siege: Siege) -> None:
    """To the server that runs, with a valid post after each."""
    smuggled = b"POST /inbox HTTP/1.1\r\nHost: example.test\r\nContent-Length: 2\r\n\r\n{}"
    async with live.listening(siege.server) as url:
        port = int(url.rpartition(":")[2])
        for head in (
            b"Content-Length: 4\r\nContent-Length: 90\r\n",
            b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: chunked, identity\r\n",
            b"Transfer-Encoding: \x0bchunked\r\n",
            b"Content-Length : 4\r\n",
            b"X: a\r\n Content-Length: 4\r\n",
            b"Content-Length: 4,4\r\n",
            b"Content-Length: 1e1\r\n",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /inbox HTTP/1.1\r\nHost: example.test\r\n" + head + b"\r\n0\r\n\r\n" + smuggled)
            received = b""
            try:
                while piece := await asyncio.wait_for(reader.read(65_536), 0.3):
                    received += piece
            except (TimeoutError, ConnectionError):
                pass
            writer.close()
            assert received.count(b"HTTP/1.1 ") <= 1, head
            assert b" 50" not in received.split(b"\r\n")[0], received[:100]
        await siege.lives()


# ---------------------------------------------------------------- 35, 36: a queue that goes on


async def _activities_that_break_their_handlers(siege: Siege) -> None:
    evil = siege.villain()
    status = await siege.mine()
    odd: list[Any] = [
        None,
        {},
        [],
        [[]],
        7,
        True,
        "",
        "x",
        {"id": None},
        {"id": []},
        {"id": {"id": {}}},
        {"type": None},
        {"type": [[]]},
        {"type": "Note"},
        [None, {}, 7],
        {"type": "Create", "object": {"type": "Create", "object": {}}},
        {"id": evil.uri},
        status["uri"],
        {"@id": 7},
        {"type": "Tombstone"},
        {"type": "Person", "id": evil.uri},
    ]
    kinds = (
        "Create",
        "Update",
        "Delete",
        "Undo",
        "Accept",
        "Reject",
        "Follow",
        "Like",
        "EmojiReact",
        "Announce",
        "Add",
        "Remove",
        "Move",
        "Block",
        "Flag",
        "QuoteRequest",
        "FeatureRequest",
        "LikeRequest",
        "ReplyRequest",
        "AnnounceRequest",
        "Lock",
        "Bite",
        "Unheard",
    )
    for number, kind in enumerate(kinds):
        for each in odd[number % 5 :: 5]:
            await evil.says(
                kind, each, target=each, instrument=each, result=each, to=each, cc=each, content=each, published=each
            )
        await siege.settle()


async def _many_at_once_from_one(siege: Siege) -> None:
    """All are taken in or put off, and others' come through."""
    evil = siege.villain()
    documents = [evil.host.activity("Like", evil.actor, siege.alice.uri, f"flood{n}") for n in range(60)]
    await asyncio.gather(*(evil.sends(document) for document in documents))
    assert set(siege.answers) <= {202, 429}
    same = evil.host.activity("Like", evil.actor, siege.alice.uri, "same")
    await asyncio.gather(*(evil.sends(same) for _ in range(20)))
    async with siege.server.db.read() as conn:
        assert await inbox.known(conn, inbox.of_actor(same["id"], evil.uri))


async def _the_same_row_from_all_sides(siege: Siege) -> None:
    """Many servers about one post at one moment, in every order."""
    status = await siege.mine()
    evils = [siege.villain() for _ in range(6)]

    async def turn(evil: Villain) -> None:
        like: JSON = evil.host.activity("Like", evil.actor, status["uri"], "l")
        boost = evil.host.activity("Announce", evil.actor, status["uri"], "b", to=[PUBLIC])
        for document in (
            like,
            evil.host.activity("Undo", evil.actor, like, "ul"),
            boost,
            evil.host.activity("Undo", evil.actor, boost, "ub"),
        ):
            await evil.sends(document)

    await asyncio.gather(*(turn(evil) for evil in evils))
    assert await siege.counts(status) == (0, 0, 0)


async def test_35_a_queue_that_goes_on(siege: Siege) -> None:
    await siege.hold(attacks(_activities_that_break_their_handlers))


async def test_36_many_at_once(siege: Siege) -> None:
    await siege.hold(attacks(_many_at_once_from_one, _the_same_row_from_all_sides))
