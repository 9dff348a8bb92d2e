"""What strangers are shown, and what people here are shown of strangers (classes 5, 13, 16 and 19)."""

import re

import orjson
import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.support import raw
from tests.support.puppet import PUBLIC
from tests.support.siege import JSON, Siege, attacks

pytestmark = pytest.mark.anyio

ACTIVITY = {"Accept": "application/activity+json"}
LATER = "2030-01-01T00:00:00Z"


# ---------------------------------------------------------------- 5: what was ended


async def _people_who_were_deleted(siege: Siege) -> None:
    """Their server says that they are gone; whatever it says in their name after that is not heard."""
    evil = siege.villain()
    await siege.follows(siege.bob, evil.host, evil.actor)
    note = evil.host.note(evil.actor, "before")
    create = evil.host.create(note)
    await evil.sends(create)
    await evil.says("Delete", evil.uri)
    await siege.settle()
    assert not await siege.knows(note["id"])
    other = evil.host.note(evil.actor, "after")
    for document in (
        create,
        {**create, "id": f"{create['id']}2"},
        evil.host.create(other),
        evil.host.activity("Update", evil.actor, evil.actor, "u1"),
        evil.host.activity("Update", evil.actor, {**note, "updated": LATER}, "u2"),
        evil.host.activity("Follow", evil.actor, siege.alice.uri, "f"),
        evil.host.activity("Announce", evil.actor, note["id"], "a", to=[PUBLIC]),
        evil.host.activity("Undo", evil.actor, evil.host.activity("Delete", evil.actor, evil.uri, "d"), "u3"),
    ):
        await evil.sends(document)
    for query in (evil.uri, note["id"], other["id"], f"@mallory@{evil.host.host}"):
        await siege.alice.get("/api/v2/search", q=query, resolve="true")
    await siege.settle()
    assert await siege.count("select suspended_at is not null from accounts where uri = $1", evil.uri)
    assert await siege.count("select count(*) from statuses where uri ~ $1", evil.host.host) == 0


async def _posts_of_ours_that_were_deleted(siege: Siege) -> None:
    """Others still act on them, and bring copies."""
    status = await siege.mine("soon gone")
    evil = siege.villain()
    await evil.says("Like", status["uri"])
    await siege.settle()
    await siege.alice.call("DELETE", f"/api/v1/statuses/{status['id']}")
    await siege.ready()
    for kind, more in (
        ("Like", {}),
        ("Announce", {"to": [PUBLIC]}),
        ("EmojiReact", {"content": "👍"}),
        ("Update", {}),
        ("Undo", {}),
        ("Create", {"to": [PUBLIC, siege.alice.uri]}),
        ("QuoteRequest", {"instrument": f"https://{evil.host.host}/q"}),
        ("LikeRequest", {"instrument": f"https://{evil.host.host}/l"}),
    ):
        await evil.says(kind, status["uri"], **more)
    copy = {"id": status["uri"], "type": "Note", "attributedTo": siege.alice.uri, "content": "forged", "to": [PUBLIC]}
    for obj in (copy, {**copy, "attributedTo": evil.uri}):
        await evil.says("Create", obj, to=[PUBLIC, siege.alice.uri])
        await evil.says("Announce", obj, to=[PUBLIC])
    evil.host.documents["/replies"] = {
        "id": f"https://{evil.host.host}/replies",
        "type": "Collection",
        "items": [copy, status["uri"]],
    }
    note = evil.host.note(
        evil.actor,
        "answer",
        inReplyTo=status["uri"],
        quote=status["uri"],
        replies=f"https://{evil.host.host}/replies",
        to=[PUBLIC, siege.alice.uri],
        tag=[{"type": "Mention", "href": siege.alice.uri}],
    )
    await evil.sends(evil.host.create(note))
    await siege.settle()
    assert not await siege.knows(status["uri"])
    path = status["uri"].removeprefix(siege.server.base_url)
    assert (await siege.server.client.get(path, headers=ACTIVITY)).status_code == 410


async def test_05_what_was_ended(siege: Siege) -> None:
    await siege.hold(attacks(_people_who_were_deleted, _posts_of_ours_that_were_deleted))


# ---------------------------------------------------------------- 13: questions that are none

QUESTIONS = (
    "page=true", "page=true&min_id=NaN", "page=true&max_id=99999999999999999999999", "page=true&min_id=-1",
    "page=%D9%A3", "page=1e9", "page[]=1", "page=true&page=false", "page=true&max_id=%00", "resource=%00",
    "resource=acct:%F0%9F%92%A9@x", f"resource=acct:{'a' * 5000}@example.test", "resource=https://[", "resource=%ff",
    "resource=acct:alice@example.test&resource=acct:bob@example.test", f"a={'b' * 9000}", "&&&===",
    "page=true&min_id=9223372036854775807", "limit=-1&page=true", "page=true&min_id=0&max_id=0",
)  # fmt: skip
HEADERS = (
    ("accept", "*/*;q=NaN"), ("accept", "a" * 5000), ("range", "bytes=0-," * 500), ("if-none-match", '"' * 500),
    ("if-modified-since", "x"), ("accept-language", "x," * 2000), ("accept-encoding", "gzip;q=0, *;q=x"),
    ("cookie", "a=b;" * 1000), ("authorization", "Bearer " + "x" * 3000), ("authorization", "Signature"),
    ("authorization", "Basic AAAA"), ("signature", "x"), ("signature-input", "a=()"), ("x-forwarded-for", "1," * 500),
    ("x-forwarded-host", "evil1.test"), ("forwarded", "host=evil1.test"), ("content-type", "multipart/form-data"),
    ("content-encoding", "gzip"), ("expect", "100-continue"), ("upgrade", "websocket"),
)  # fmt: skip
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "POST", "FOO")


async def _questions_that_are_none(siege: Siege) -> None:
    """Every document for other servers, asked for in ways that no server would."""
    status = (await siege.mine())["uri"].removeprefix(siege.server.base_url)
    paths = [
        *(f"/users/alice{rest}" for rest in ("", "/outbox", "/followers", "/following", "/collections/featured")),
        *(f"{status}{rest}" for rest in ("", "/replies", "/likes", "/shares", "/activity")),
        *("/users/alice/followers_synchronization", "/users/alice/statuses/0", "/users/alice/inbox", "/inbox"),
        *("/.well-known/webfinger", "/.well-known/host-meta", "/nodeinfo/2.1", "/actor", "/actor/outbox", "/"),
    ]
    turn = 0
    for path in paths:
        for _ in range(8):
            turn += 1
            query, header = QUESTIONS[turn % len(QUESTIONS)], HEADERS[turn * 3 % len(HEADERS)]
            fields = [(header[0].encode(), header[1].encode())]
            if header[0] != "accept":
                fields.append((b"accept", b"application/activity+json"))
            method = METHODS[turn % len(METHODS)] if turn % 3 == 0 else "GET"
            answer = await raw.call(siege.server, method, path.encode(), query=query.encode(), headers=fields)
            assert answer.status < 500, (method, path, query[:60], header)
            assert answer.status != 422, (method, path, query[:60], header)
            assert b"evil1.test" not in answer.body, (method, path, header)


async def test_13_questions_that_are_none(siege: Siege) -> None:
    await siege.hold(attacks(_questions_that_are_none))


# ---------------------------------------------------------------- 16: on pages and in answers

SCRIPTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "</title><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<plaintext>",
)
TEXT = frozenset(("alt", "title", "content", "value", "aria-label"))
OURS = frozenset(("base", "img", "script", "link", "meta", "form", "input", "button", "svg"))  # of the pages themselves


def _harm(html: str, *, page: bool = False) -> list[str]:
    """What in it would run, or lead to what does."""
    found = []
    for element in LexborHTMLParser(html).css("*"):
        for name, value in element.attributes.items():
            address = (value or "").strip().lower()
            if name.startswith("on") or (
                name not in TEXT and address.startswith(("javascript:", "data:text", "vbscript:"))
            ):
                found.append(f"{element.tag} {name}={value}")
        if element.tag in ("iframe", "object", "embed", "plaintext", "math") or (
            element.tag in OURS and (not page or "alert" in element.text())
        ):
            found.append(f"{element.tag}: {element.text()[:100]}")
    return found


async def _scripts_under_a_post_of_ours(siege: Siege) -> None:
    """In everything that a stranger can write under it, and on what they are: the pages, the feed and the API."""
    status = await siege.mine("root")
    for script in SCRIPTS:
        link = f"https://x.test/{script}"
        evil = siege.villain(
            name=script,
            summary=script,
            url=link,
            icon={"type": "Image", "url": link},
            tag=[{"type": "Emoji", "name": ":x:", "icon": {"url": link}}],
            attachment=[
                {"type": "PropertyValue", "name": script, "value": script},
                {"type": "Link", "href": link, "name": script},
                {"type": "Note", "name": script, "content": script},
            ],
        )
        more: JSON = {
            "inReplyTo": status["uri"],
            "to": [PUBLIC, siege.alice.uri],
            "content": script,
            "name": script,
            "summary": script,
            "url": f"https://{evil.host.host}/{script}",
            "contentMap": {script: script, "en": script},
            "summaryMap": {"en": script},
            "source": {"content": script, "mediaType": "text/markdown"},
            "generator": {"name": script, "url": link},
            "location": {"type": "Place", "name": script, "address": script, "url": link},
            "attachment": [
                {"type": "Image", "mediaType": "image/png", "url": link, "name": script, "blurhash": script},
                {"type": "Link", "href": link, "name": script},
            ],
            "tag": [
                {"type": "Mention", "href": siege.alice.uri, "name": script},
                {"type": "Hashtag", "name": f"#{script}", "href": link},
                {"type": "Emoji", "name": ":x:", "icon": {"url": link}},
            ],
        }
        for kind in ("Question", "Article", "Event"):
            note = evil.host.note(evil.actor, kind, type=kind, oneOf=[{"name": script}, {"name": "b"}], **more)
            await evil.sends(evil.host.create(note))
        await evil.says("EmojiReact", status["uri"], content=":x:", tag=more["tag"])
        await evil.says("Flag", [siege.alice.uri, status["uri"]], content=script)
        await evil.says("Follow", siege.alice.uri)
    await siege.settle()
    page = status["url"].removeprefix(siege.server.base_url)
    for path in (page, "/@alice", "/@alice.rss", f"{page}/embed", "/@alice/with_replies", f"{page}/replies"):
        answer = await siege.server.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code < 500, path
        assert not _harm(answer.text, page=True), path
    context = await siege.alice.get(f"/api/v1/statuses/{status['id']}/context")
    assert len(context["descendants"]) == 3 * len(SCRIPTS)
    for shown in context["descendants"]:
        account = shown["account"]
        for html in (shown["content"], account["note"], *(field["value"] for field in account["fields"])):
            assert not _harm(html), html
        pictures = [medium["url"] for medium in shown["media_attachments"]] + [one["url"] for one in shown["emojis"]]
        for address in (shown["url"], account["url"], account["avatar"], *pictures):
            assert re.fullmatch(r"""https://[^\s"<>\\^`{|}]+""", address or "https://none"), address
    answer = await siege.alice.call("GET", "/api/v1/notifications?limit=80")
    assert answer.status_code == 200


async def test_16_pages_and_answers(siege: Siege) -> None:
    await siege.hold(attacks(_scripts_under_a_post_of_ours))


# ---------------------------------------------------------------- 19: what hangs on public posts and is not public


async def _private_answers_to_a_public_post(siege: Siege) -> None:
    """No collection, no page, no feed and no count of it names them."""
    status = await siege.mine("root")
    path = status["uri"].removeprefix(siege.server.base_url)
    page = status["url"].removeprefix(siege.server.base_url)
    evil = siege.villain()
    telltale = []
    for visibility in ("direct", "private"):
        made = await siege.bob.posts("@alice psst", in_reply_to_id=status["id"], visibility=visibility)
        telltale += ["psst", made["uri"], made["id"]]
        await siege.bob.call("POST", f"/api/v1/statuses/{made['id']}/pin")
    await siege.ready()
    for address in (
        *(f"{path}{rest}" for rest in ("", "/replies", "/replies?page=true", "/likes", "/shares", "/activity")),
        *(page, f"{page}/embed", "/@bob", "/@bob.rss", "/@bob/with_replies", "/users/bob"),
        *("/users/bob/outbox", "/users/bob/outbox?page=true", "/users/bob/collections/featured"),
        f"/api/v1/statuses/{status['id']}/context",
        f"/api/v1/accounts/{siege.bob.id}/statuses",
    ):
        for answer in (
            await siege.server.client.get(address, headers=ACTIVITY),
            await siege.server.client.get(address),
            await evil.host.get(siege.server, address, evil.actor),
        ):
            assert not [word for word in telltale if word in answer.text], address
    shown = await siege.server.client.get(path, headers=ACTIVITY)
    assert "psst" not in orjson.dumps(shown.json()).decode()


async def test_19_what_hangs_on_public_posts(siege: Siege) -> None:
    await siege.hold(attacks(_private_answers_to_a_public_post))
