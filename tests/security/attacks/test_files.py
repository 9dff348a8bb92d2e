"""Files: uploads that pose as ActivityPub, pictures made to break their readers, and paths that lead elsewhere (classes
7, 17 and 18)."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from tests.support import raw
from tests.support.pictures import metadata, photograph, picture
from tests.support.puppet import CONTEXT, PUBLIC, Page, pair
from tests.support.siege import JSON, Siege, Villain, attacks

pytestmark = pytest.mark.anyio

ACTIVITY = "application/activity+json"
KINDS = frozenset(("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "audio/mpeg", "audio/mp4"))


# ---------------------------------------------------------------- 7: uploads that pose as ActivityPub


async def _named_in_every_way(siege: Siege, evil: Villain, uri: str) -> None:
    """As key, actor, post, parent, quote, stamp, collection, alias and page."""
    await evil.sends(evil.host.activity("Follow", evil.actor, siege.alice.uri, f"k{next(siege.numbers)}"), key_id=uri)
    body = evil.host.activity("Like", evil.actor, siege.pat["id"], f"a{next(siege.numbers)}")
    await evil.sends({**body, "actor": uri}, key_id=f"{uri}#main-key")
    for kind, obj, more in (
        ("Announce", uri, {"to": [PUBLIC]}),
        ("Create", uri, {"to": [PUBLIC, siege.alice.uri]}),
        ("Update", uri, {}),
        ("Add", uri, {"target": f"{evil.uri}/featured"}),
        ("Move", evil.uri, {"target": uri}),
        ("QuoteRequest", siege.alice.uri, {"instrument": uri}),
    ):
        await evil.says(kind, obj, **more)
    note = evil.host.note(
        evil.actor,
        f"n{next(siege.numbers)}",
        to=[PUBLIC, siege.alice.uri],
        inReplyTo=uri,
        quote=uri,
        quoteAuthorization=uri,
        replies=uri,
        context=uri,
        tag=[{"type": "Mention", "href": siege.alice.uri}, {"type": "Mention", "href": uri, "name": "@x"}],
    )
    await evil.sends(evil.host.create(note))
    await siege.settle()
    await siege.bob.get("/api/v2/search", q=uri, resolve="true")
    assert not await siege.knows(uri), uri


async def _uploads_here(siege: Siege) -> None:
    """Somebody here uploads what an attacker elsewhere then names."""
    forged = orjson.dumps({**siege.pat, "id": f"{siege.server.base_url}/users/pat", "name": "Forged"})
    hidden = picture("PNG")[:-12] + _chunk(b"tEXt", b"x\0" + forged) + picture("PNG")[-12:]
    evil = siege.villain()
    for name, kind, data in (
        ("actor.json", ACTIVITY, forged),
        ("actor.png", "image/png", forged),
        ("actor.html", "text/html", b"<script>alert(1)</script>"),
        ("actor.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("../../../actor.json", "image/png", picture()),
        ("actor.json\0.png", "image/png", picture()),
        ("actor.json", ACTIVITY, picture()),
        ("actor.png", ACTIVITY, hidden),
        ("actor.gif", "image/gif", b"GIF89a" + forged),
        ("actor.jpg", "image/jpeg", photograph() + forged),
    ):
        answer = await siege.bob.call("POST", "/api/v2/media", files={"file": (name, data, kind)})
        assert answer.status_code in (200, 422), (name, answer.text)
        if answer.status_code == 422:
            continue
        address = answer.json()["url"]
        path = address.removeprefix(siege.server.base_url)
        for accept in (ACTIVITY, "application/ld+json", "text/html", "*/*"):
            shown = await siege.server.client.get(path, headers={"Accept": accept})
            assert shown.headers["content-type"] in KINDS
            assert shown.headers["x-content-type-options"] == "nosniff"
            assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
            assert b"publicKeyPem" not in shown.content
            assert b"alert(1)" not in shown.content
        if kind == ACTIVITY:
            await _named_in_every_way(siege, evil, address)


async def _uploads_on_the_host_of_others(siege: Siege) -> None:
    """Somebody may upload files to Pat's host, or let its media proxy fetch them: Pat is not what they say."""
    evil = siege.villain(key=5)
    note = await siege.pats(interactionPolicy={"canQuote": {"manualApproval": [PUBLIC]}})
    for number, (kind, status, headers) in enumerate(
        (
            ("application/json", 200, {}),
            ("image/png", 200, {"X-Content-Type-Options": "nosniff"}),
            ("text/html", 200, {"Link": f'<{note["id"]}>; rel="canonical"; type="{ACTIVITY}"'}),
            (f"text/plain; x={ACTIVITY}", 200, {}),
            (ACTIVITY, 206, {}),
            (ACTIVITY, 404, {}),
            (ACTIVITY, 500, {}),
        )
    ):
        uri = f"https://puppet.test/files/{number}"
        posed: JSON = {
            **siege.pat,
            "id": uri,
            "preferredUsername": f"posed{number}",
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": pair(5).public_pem},
        }
        key = {
            "@context": CONTEXT,
            "id": uri,
            "type": "Key",
            "owner": siege.pat["id"],
            "publicKeyPem": pair(5).public_pem,
        }
        stamp = {
            "@context": CONTEXT,
            "id": uri,
            "type": "QuoteAuthorization",
            "attributedTo": siege.pat["id"],
            "interactingObject": f"https://{evil.host.host}/notes/stolen{number}",
            "interactionTarget": note["id"],
        }
        post = {**note, "id": uri, "content": "forged"}
        for document in (posed, key, stamp, post):
            siege.puppet.documents[f"/files/{number}"] = Page(orjson.dumps(document).decode(), kind, status, headers)
            siege.server.app.memory.pop("signers.recent", None)
            for claimed in (siege.pat["id"], uri)[number % 2 :]:
                activity = evil.host.activity("Follow", evil.actor, siege.alice.uri, f"posed{next(siege.numbers)}")
                answer = await evil.host.send(
                    siege.server, {**activity, "actor": claimed}, evil.actor, key_id=f"{uri}#main-key"
                )
                assert answer.status_code in (401, 403, 503), (kind, status)
        quoting = evil.host.note(
            evil.actor, f"stolen{number}", quote=note["id"], quoteAuthorization=uri, to=[PUBLIC, siege.alice.uri]
        )
        quoting["tag"] = [{"type": "Mention", "href": siege.alice.uri}]
        await evil.sends(evil.host.create(quoting))
        await siege.bob.get("/api/v2/search", q=uri, resolve="true")
        assert not await siege.knows(uri), (kind, status)
        siege.server.app.memory.pop("origins.failures", None)
    await siege.settle()
    accepted = "select count(*) from quotes q join statuses s on s.id = q.status_id where s.uri ~ 'stolen'"
    assert await siege.count(f"{accepted} and q.state = 'accepted'") == 0


async def _an_open_redirect_on_the_host_of_others(siege: Siege) -> None:
    evil = siege.villain(key=5)
    note = await siege.pats()
    for number, claimed in enumerate(
        ("https://puppet.test/go?to=0", "https://puppet.test/go", note["id"], siege.pat["id"])
    ):
        target = f"https://{evil.host.host}/landing{number}"
        siege.puppet.documents[f"/go?to={number}"] = Page("", "text/html", 302, {"Location": target})
        for document in (
            {**note, "id": claimed, "content": "forged", "updated": "2030-01-01T00:00:00Z"},
            {**siege.pat, "id": claimed, "name": "Forged"},
        ):
            evil.host.documents[f"/landing{number}"] = document
            uri = f"https://puppet.test/go?to={number}"
            await siege.bob.get("/api/v2/search", q=uri, resolve="true")
            await evil.sends(
                siege.puppet.activity("Follow", siege.pat, siege.alice.uri, f"go{next(siege.numbers)}"),
                key_id=f"{uri}#main-key",
            )
            assert siege.answers.pop() in (401, 403)
            assert not await siege.knows(uri)
        siege.puppet.documents.pop(f"/go?to={number}")
    await siege.settle()
    assert await siege.content(note["id"]) == "<p>hello</p>"


async def test_07_uploads(siege: Siege) -> None:
    await siege.hold(attacks(_uploads_here, _uploads_on_the_host_of_others, _an_open_redirect_on_the_host_of_others))


# ---------------------------------------------------------------- 17: pictures made to break their readers


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, *, data: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _animation(kind: str, frames: int) -> bytes:
    output = io.BytesIO()
    many = [Image.new("P", (400, 400), number % 250) for number in range(frames)]
    many[0].save(output, kind, save_all=True, append_images=many[1:])
    return output.getvalue()


def _bombs() -> dict[str, tuple[str, bytes]]:
    zeros = zlib.compress(b"\0" * 30_000_000, 9)
    return {
        "more pixels than anybody has": ("image/png", _png(60_000, 60_000, data=zeros)),
        "cut": ("image/png", picture()[:40]),
        "a script": ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        "postscript": ("image/png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n"),
        "tiff": ("image/tiff", b"II*\0\x08\0\0\0" + b"\xff" * 200),
        "webp": ("image/webp", b"RIFF\xff\xff\xff\xffWEBPVP8L" + b"\xff" * 2000),
        "words": ("image/png", picture()[:33] + _chunk(b"zTXt", b"x\0\0" + zeros) + picture()[33:]),
        "frames": ("image/gif", _animation("GIF", 150)),
        "more than is read": ("image/png", picture() + b"\0" * 9_000_000),
    }


async def _pictures_of_hostile_pages(siege: Siege) -> None:
    """Each is the picture of a page that a post links to; what comes of it is small, new and without metadata, or
    nothing."""
    evil = siege.villain()
    base = f"https://{evil.host.host}"
    places = {
        "telltale": ("image/jpeg", photograph()),
        **_bombs(),
        "elsewhere": ("text/html", b""),
    }
    notes = {}
    for number, (name, (kind, data)) in enumerate(places.items()):
        evil.host.documents[f"/p{number}"] = Page(data, kind)
        evil.host.documents[f"/page{number}"] = Page(
            f'<html><head><title>t{number}</title><meta property="og:image" content="{base}/p{number}"></head></html>'
        )
        notes[name] = evil.host.note(
            evil.actor,
            f"p{number}",
            content=f'<p><a href="{base}/page{number}">x</a></p>',
            to=[PUBLIC, siege.alice.uri],
            tag=[{"type": "Mention", "href": siege.alice.uri}],
        )
        await evil.sends(evil.host.create(notes[name]))
    await siege.settle()
    async with siege.server.db.transaction() as conn:
        await conn.execute("update jobs set run_at = now() where failed_at is null and holder is null")
    await siege.settle()
    shown = {name: (await siege.status(note["id"]))["card"] for name, note in notes.items()}
    kept = {name for name, card in shown.items() if card and card["image"]}
    assert "telltale" in kept, shown["telltale"]
    assert kept <= {"telltale", "words", "frames"}, kept
    for name in kept:
        path = shown[name]["image"].removeprefix(siege.server.base_url)
        data = (await siege.server.client.get(path)).content
        assert len(data) < 500_000
        assert metadata(data) == {}


async def test_17_pictures(siege: Siege) -> None:
    await siege.hold(attacks(_pictures_of_hostile_pages))


# ---------------------------------------------------------------- 18: paths that lead elsewhere

UP = (b"..", b"%2e%2e", b"%2E.", b"..%00", b"....", b"%252e%252e", b"%c0%ae%c0%ae", b"..;", b"..%5c", b"%uff0e%uff0e")
PLACES = (
    b"/media/", b"/media/attachments/", b"/media/attachments/ab/", b"/static/", b"/users/", b"/@", b"/.well-known/",
    b"/api/v1/", b"/", b"//", b"/system/", b"/emojis/", b"/avatars/original/",
)  # fmt: skip
FILES = (b"etc/passwd", b"proc/self/environ", b"secret", b"pyproject.toml", b"output.log")


def _content(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


async def _ways_up(siege: Siege) -> None:
    (siege.server.app.settings.media_dir.parent / "secret").write_text("telltale-secret")
    for number, place in enumerate(PLACES):
        for up in UP:
            for separator in (b"/", b"%2f", b"\\", b"%5c"):
                name = FILES[(number + len(up) + len(separator)) % len(FILES)]
                for steps in (1, 2, 4, 9):
                    path = place + separator.join([up] * steps + [name])
                    answer = await raw.call(siege.server, "GET", path)
                    assert answer.status in (301, 302, 308, 400, 401, 404, 405, 406, 410, 414), (path, answer.status)
                    for telltale in (b"root:", b"PATH=", b"[project]", b"telltale"):
                        assert telltale not in answer.body, path
    for path in (b"/media/%00", b"/media/a/b/c%00.png", b"/static/%00", b"/etc/passwd", b"file:///etc/passwd", b"*"):
        assert (await raw.call(siege.server, "GET", path)).status in (400, 404), path


async def _names_with_paths(siege: Siege) -> None:
    """In everything that another server gives a name to. Nothing is written anywhere, and nothing breaks."""
    settings = siege.server.app.settings
    before = _content(settings.media_dir.parent)
    odd: Any
    for odd in (
        "../../../etc/x",
        "..\\..\\x",
        "/etc/x",
        "a/../../b",
        "%2e%2e%2fx",
        "x\0.png",
        "con",
        "a" * 3000,
        "~",
        ".",
    ):
        evil = siege.villain(
            preferredUsername=odd, icon={"type": "Image", "url": f"https://x.test/{odd}", "mediaType": odd, "name": odd}
        )
        plain = siege.villain(name=odd)
        plain.host.documents["/page"] = Page(
            f'<html><head><title>{odd}</title><meta property="og:image" content="https://{plain.host.host}/{odd}">'
        )
        plain.host.documents[f"/{odd}"] = Page(picture(), "image/png", 200, {"Content-Disposition": "inline"})
        note = plain.host.note(
            plain.actor,
            "odd",
            content=f'<p><a href="https://{plain.host.host}/page">x</a></p>',
            to=[PUBLIC, siege.alice.uri],
            attachment=[
                {"type": "Document", "mediaType": "image/png", "url": f"https://x.test/{odd}", "name": odd},
                {"type": "Document", "mediaType": odd, "url": f"https://x.test/x.png?{odd}", "blurhash": odd},
            ],
            tag=[
                {"type": "Mention", "href": siege.alice.uri},
                {"type": "Emoji", "name": f":{odd}:", "icon": {"url": f"https://x.test/{odd}"}, "id": odd},
                {"type": "Hashtag", "name": f"#{odd}"},
            ],
        )
        for who in (evil, plain):
            await who.says("Follow", siege.alice.uri)
        await plain.sends(plain.host.create(note))
        for path in (f"/users/{odd}/inbox", f"/users/alice/{odd}"):
            answer = await raw.call(siege.server, "POST", path.encode("utf-8", "replace"), body=b"{}")
            assert answer.status in (400, 401, 404, 405), path
    await siege.settle()
    new = _content(settings.media_dir.parent) - before
    assert all(name.startswith("media/cards/") for name in new), new


async def test_18_paths(siege: Siege) -> None:
    await siege.hold(attacks(_ways_up, _names_with_paths))
