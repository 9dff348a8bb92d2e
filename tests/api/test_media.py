"""Uploads: what is taken, what comes out of it, who may touch it, and how files are served."""

import asyncio
import contextlib
import io
import resource
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fedi.services import media
from tests.support import clips
from tests.support.servers import Node, Person, drain

V1, V2 = "/api/v1/media", "/api/v2/media"


def encode(image: Image.Image, kind: str, **more: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def picture(width: int = 40, height: int = 20, mode: str = "RGB") -> Image.Image:
    image = Image.linear_gradient("L").resize((width, height))
    return image.convert(mode)


async def upload(person: Person, data: bytes, *, path: str = V2, status: int = 200, **form: str) -> Any:
    return await person.api("POST", path, files={"file": ("x.exe", data, "text/html")}, data=form, status=status)


async def served(server: Node, url: str) -> Image.Image:
    assert url.startswith("https://example.test/media/")
    response = await server.client.get(url)
    assert response.status_code == 200
    image = Image.open(io.BytesIO(response.content))
    image.load()
    return image


@pytest.mark.anyio
@pytest.mark.parametrize("path", [V1, V2])
async def test_an_image_is_ready_at_once(server: Node, path: str) -> None:
    alice = await server.person("alice")
    data = encode(picture(1600, 800), "JPEG")
    made = await upload(alice, data, path=path, description="  a slope ", focus="0.5,-2")
    assert (made["type"], made["description"]) == ("image", "a slope")
    assert made["meta"]["original"] == {"width": 1600, "height": 800, "size": "1600x800", "aspect": 2.0}
    assert made["meta"]["focus"] == {"x": 0.5, "y": -1.0}
    small = made["meta"]["small"]
    assert small["width"] * small["height"] <= 640 * 360
    assert len(made["blurhash"]) > 6
    assert (await served(server, made["url"])).size == (1600, 800)
    assert (await served(server, made["preview_url"])).size == (small["width"], small["height"])
    assert await alice.get(f"{V1}/{made['id']}") == made


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "served_as"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/png"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/webp"),
    ],
)
async def test_each_kind_of_image_is_taken_and_made_anew(server: Node, kind: str, served_as: str) -> None:
    alice = await server.person("alice")
    made = await upload(alice, encode(picture(), kind))
    response = await server.client.get(made["url"])
    assert response.headers["content-type"] == served_as
    assert Image.open(io.BytesIO(response.content)).get_format_mimetype() == served_as


@pytest.mark.anyio
async def test_what_the_camera_wrote_is_gone_but_its_orientation_is_obeyed(server: Node) -> None:
    alice = await server.person("alice")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    data = encode(picture(40, 20), "JPEG", exif=exif, comment=b"SecretComment")
    made = await upload(alice, data)
    assert (made["meta"]["original"]["width"], made["meta"]["original"]["height"]) == (20, 40)
    for url in (made["url"], made["preview_url"]):
        content = (await server.client.get(url)).content
        assert b"Secret" not in content
        assert not Image.open(io.BytesIO(content)).getexif()


@pytest.mark.anyio
async def test_bytes_behind_an_image_do_not_come_out_again(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, encode(picture(), "PNG") + b"<script>alert(1)</script>")
    assert b"script" not in (await server.client.get(made["url"])).content


@pytest.mark.anyio
async def test_a_large_image_is_made_smaller(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, encode(picture(5000, 4000), "JPEG"))
    original = made["meta"]["original"]
    assert original["width"] * original["height"] <= 3840 * 2160
    assert original["aspect"] == pytest.approx(1.25, rel=0.01)


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "I;16", "1"])
async def test_every_kind_of_pixel_is_understood(server: Node, mode: str) -> None:
    alice = await server.person("alice")
    image = Image.new("I;16", (30, 30), 40_000) if mode == "I;16" else picture(30, 30, mode)
    made = await upload(alice, encode(image, "PNG"))
    assert (await served(server, made["url"])).size == (30, 30)


def endless() -> bytes:
    """An animation of 620 bytes that would be 360 million pixels: what changes from frame to frame is one dot."""
    head = b"GIF89a" + struct.pack("<HHBBB", 3000, 3000, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * 40 + b";"


BAD_FILES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "text": lambda: b"hello",
    "svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "html": lambda: b"<html><script>alert(1)</script></html>",
    "tiff": lambda: encode(picture(), "TIFF"),
    "bmp": lambda: encode(picture(), "BMP"),
    "postscript": lambda: encode(picture(), "EPS"),
    "truncated": lambda: encode(picture(400, 400), "JPEG")[:600],
    "video": lambda: b"\0\0\0 ftypisom\0\0\2\0isomiso2avc1mp41" + b"\0" * 200,
    "bomb": lambda: encode(Image.new("1", (9000, 9000)), "PNG"),
    "endless": endless,
}


UNKNOWN = {"text", "svg", "html", "tiff", "bmp", "postscript"}


@pytest.mark.anyio
@pytest.mark.parametrize("name", sorted(BAD_FILES))
async def test_anything_else_is_refused_clearly(server: Node, name: str) -> None:
    alice = await server.person("alice")
    answer = await upload(alice, BAD_FILES[name](), status=422)
    assert answer["error"].startswith("Validation failed: ")
    assert ("not of a supported type" in answer["error"]) == (name in UNKNOWN)
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from media_attachments") == 0


@pytest.mark.anyio
async def test_a_missing_file_and_an_endless_description_are_refused(server: Node) -> None:
    alice = await server.person("alice")
    await alice.api("POST", V2, data={"description": "no file"}, status=422)
    await alice.api("POST", V2, json={"file": "text"}, status=422)
    answer = await upload(alice, encode(picture(), "PNG"), description="x" * 10_001, status=422)
    assert "too long" in answer["error"]


@pytest.mark.anyio
async def test_a_file_that_is_too_large_is_refused(servers: Any) -> None:
    (server,) = await servers("example.test", image_max_bytes=65_536)
    alice = await server.person("alice")
    answer = await upload(alice, encode(Image.effect_noise((600, 600), 90), "PNG"), status=422)
    assert "smaller" in answer["error"]


@pytest.mark.anyio
async def test_what_is_said_about_a_file_can_be_changed_until_it_is_posted(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    made = await upload(alice, encode(picture(), "PNG"), description="before", focus="0.1,0.2")
    path = f"{V1}/{made['id']}"
    changed = await alice.api("PUT", path, json={"description": "after"})
    assert (changed["description"], changed["meta"]["focus"]) == ("after", {"x": 0.1, "y": 0.2})
    changed = await alice.api("PATCH", path, data={"focus": "-1,1", "description": ""})
    assert (changed["description"], changed["meta"]["focus"]) == (None, {"x": -1.0, "y": 1.0})
    for method in ("GET", "PUT", "DELETE"):
        assert await bob.api(method, path, status=404) == {"error": "Record not found"}
    post = await alice.posts("", media_ids=[made["id"]])
    assert post["content"] == ""
    await alice.api("GET", path, status=404)
    await alice.api("PUT", path, json={"description": "late"}, status=404)
    answer = await alice.api("DELETE", path, status=422)
    assert "used by a status" in answer["error"]


@pytest.mark.anyio
async def test_attachments_are_shown_in_the_order_given(server: Node) -> None:
    alice = await server.person("alice")
    ids = [(await upload(alice, encode(picture(), "PNG")))["id"] for _ in range(3)]
    order = [ids[2], ids[0], ids[1]]
    post = await alice.posts("three", media_ids=[*order, order[0]])
    assert [each["id"] for each in post["media_attachments"]] == order


@pytest.mark.anyio
async def test_a_file_is_posted_once_and_by_its_owner(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    made = await upload(alice, encode(picture(), "PNG"))
    await bob.post("/api/v1/statuses", {"status": "stolen", "media_ids": [made["id"]]}, status=422)
    body = {"status": "mine", "media_ids": [made["id"]]}
    responses = await asyncio.gather(*(alice.call("POST", "/api/v1/statuses", json=body) for _ in range(3)))
    assert sorted(response.status_code for response in responses) == [200, 422, 422]
    poll = {"options": ["a", "b"], "expires_in": 600}
    free = await upload(alice, encode(picture(), "PNG"))
    both = {"status": "both", "media_ids": [free["id"]], "poll": poll}
    await alice.post("/api/v1/statuses", both, status=422)


@pytest.mark.anyio
async def test_an_edit_takes_files_out_describes_others_and_remembers(server: Node) -> None:
    alice = await server.person("alice")
    one, two = [await upload(alice, encode(picture(), "PNG"), description=name) for name in ("one", "two")]
    post = await alice.posts("pictures", media_ids=[one["id"], two["id"]])
    path = f"/api/v1/statuses/{post['id']}"
    body = {"status": "pictures", "media_ids": [two["id"]],
            "media_attributes": [{"id": two["id"], "description": "deux", "focus": "0,1"}]}  # fmt: skip
    edited = await alice.api("PUT", path, json=body)
    shown = edited["media_attachments"]
    assert [(each["description"], each["meta"]["focus"]) for each in shown] == [("deux", {"x": 0.0, "y": 1.0})]
    same = await alice.api("PUT", path, json=body)
    assert same["edited_at"] == edited["edited_at"]
    history = await alice.get(f"{path}/history")
    described = [[each["description"] for each in state["media_attachments"]] for state in history]
    assert described == [["one", "two"], ["deux"]]
    form = {"status": "pictures", "media_ids[]": two["id"], "media_attributes[][id]": two["id"],
            "media_attributes[][description]": "dos"}  # fmt: skip
    again = await alice.api("PUT", path, data=form)
    assert again["media_attachments"][0]["description"] == "dos"
    back = await alice.api("PUT", path, json={"status": "pictures", "media_ids": [one["id"]]})
    assert [each["id"] for each in back["media_attachments"]] == [one["id"]]


@pytest.mark.anyio
async def test_the_files_of_a_deleted_post_can_be_posted_again(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, encode(picture(), "PNG"))
    post = await alice.posts("tpyo", media_ids=[made["id"]])
    deleted = await alice.api("DELETE", f"/api/v1/statuses/{post['id']}")
    assert [each["id"] for each in deleted["media_attachments"]] == [made["id"]]
    await media.sweep(server.app)
    await drain(server)
    again = await alice.posts("typo", media_ids=[made["id"]])
    assert [each["url"] for each in again["media_attachments"]] == [made["url"]]
    assert (await server.client.get(made["url"])).status_code == 200


@pytest.mark.anyio
async def test_files_go_with_their_post_when_asked_to(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, encode(picture(), "PNG"))
    post = await alice.posts("gone", media_ids=[made["id"]])
    await alice.api("DELETE", f"/api/v1/statuses/{post['id']}", params={"delete_media": "true"})
    await drain(server)
    for url in (made["url"], made["preview_url"]):
        assert (await server.client.get(url)).status_code == 404


@pytest.mark.anyio
async def test_what_nobody_posts_is_removed_after_a_day_but_not_what_is_scheduled(server: Node) -> None:
    alice = await server.person("alice")
    loose, held, fresh, posted = [await upload(alice, encode(picture(), "PNG")) for _ in range(4)]
    body = {"status": "later", "media_ids": [held["id"]], "scheduled_at": "2100-01-01T00:00:00Z"}
    waiting = await alice.post("/api/v1/statuses", body)
    assert [each["id"] for each in waiting["media_attachments"]] == [held["id"]]
    await alice.posts("now", media_ids=[posted["id"]])
    await alice.post("/api/v1/statuses", {"status": "taken", "media_ids": [held["id"]]}, status=422)
    assert "used" in (await alice.api("DELETE", f"{V1}/{held['id']}", status=422))["error"]
    async with server.db.transaction() as conn:
        await conn.execute(
            "update media_attachments set created_at = now() - interval '25 hours' where id <> $1", int(fresh["id"])
        )
    await media.sweep(server.app)
    await drain(server)
    found = [(await server.client.get(each["url"])).status_code for each in (loose, held, fresh, posted)]
    assert found == [404, 200, 200, 200]


@pytest.mark.anyio
async def test_a_file_can_be_thrown_away(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, encode(picture(), "PNG"))
    assert await alice.api("DELETE", f"{V1}/{made['id']}") == {}
    await drain(server)
    assert (await server.client.get(made["url"])).status_code == 404


@pytest.mark.anyio
async def test_files_are_served_harmless_in_parts_and_for_ever(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, encode(picture(), "PNG"))
    whole = await server.client.get(made["url"])
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "immutable" in whole.headers["cache-control"]
    assert whole.headers["access-control-allow-origin"] == "*"
    part = await server.client.get(made["url"], headers={"Range": "bytes=0-7"})
    assert (part.status_code, part.content) == (206, whole.content[:8])
    assert part.headers["content-range"] == f"bytes 0-7/{len(whole.content)}"
    head = await server.client.head(made["url"])
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole.content)))


@pytest.mark.anyio
async def test_nothing_but_our_files_is_under_media(server: Node) -> None:
    outside = server.app.settings.data_dir / "secret.png"
    outside.write_bytes(b"secret")
    odd = server.app.blobs.path("posts/aa/page.html")
    odd.parent.mkdir(parents=True)
    odd.write_text("<script>")
    (odd.parent / "object.json").write_text("{}")
    names = ["posts/aa/page.html", "posts/aa/object.json", "posts/..%2f/secret.png", "..%2f..%2fa/b/secret.png",
             "posts/aa/..%2f..%2f..%2fsecret.png", "%2e%2e/x/secret.png", "posts/aa/%00.png", "posts/aa/none.png",
             "posts/aa", ""]  # fmt: skip
    for name in names:
        response = await server.client.get(f"/media/{name}")
        assert response.status_code == 404, name


@given(st.text(max_size=40))
def test_a_focal_point_is_two_numbers_in_range_or_nothing(text: str) -> None:
    x, y = media.focus_of(text)
    assert (x is None) == (y is None)
    assert x is None or y is None or (-1 <= x <= 1 and -1 <= y <= 1)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_focal_point_is_read_as_written(x: float, y: float) -> None:
    read = media.focus_of(f"{x},{y}")
    assert read[0] == pytest.approx(x, abs=1e-4)
    assert read[1] == pytest.approx(y, abs=1e-4)


@pytest.mark.anyio
async def test_an_edit_shows_files_by_other_pictures(server: Node) -> None:
    alice, bob = await server.person("alice"), await server.person("bob")
    one, two = [await upload(alice, encode(picture(), "PNG"), description=name) for name in ("one", "two")]
    post = await alice.posts("pictures", media_ids=[one["id"], two["id"]])
    path = f"/api/v1/statuses/{post['id']}"
    still = ("t.png", encode(picture(24, 36), "PNG"), "image/png")

    async def edit(person: Person, form: dict[str, Any], files: dict[str, Any], *, status: int = 200) -> Any:
        form = {"status": "pictures", "media_ids[]": [one["id"], two["id"]], **form}
        return await person.api("PUT", path, data=form, files=files, status=status)

    form = {
        "media_attributes[][id]": two["id"],
        "media_attributes[][description]": "zwei",
        "media_attributes[][focus]": "1,0",
    }
    edited = await edit(alice, form, {"media_attributes[][thumbnail]": still})
    first, second = edited["media_attachments"]
    assert (first["preview_url"], first["description"]) == (one["preview_url"], "one")
    assert (second["url"], second["description"], second["meta"]["focus"]) == (two["url"], "zwei", {"x": 1.0, "y": 0.0})
    assert (await served(server, second["preview_url"])).size == (24, 36)
    assert edited["edited_at"]
    await drain(server)
    if two["preview_url"] != two["url"]:
        assert (await server.client.get(two["preview_url"])).status_code == 404, "the former one is gone"
    large = ("t.png", encode(picture(2000, 900), "PNG", compress_level=0), "image/png")
    assert len(large[1]) > 1024 * 1024, "more than a request may have that carries no files"
    both = {f"media_attributes[{n}][id]": each["id"] for n, each in enumerate((one, two))}
    again = await edit(alice, both, {"media_attributes[0][thumbnail]": still, "media_attributes[1][thumbnail]": large})
    sizes = [(await served(server, each["preview_url"])).size for each in again["media_attachments"]]
    assert sizes[0] == (24, 36)
    assert sizes[1][0] > sizes[1][1]
    assert [each["description"] for each in again["media_attachments"]] == ["one", "zwei"]
    bad = {"media_attributes[1][thumbnail]": ("t.png", b"no picture", "image/png")}
    await edit(alice, both, bad, status=422)
    await edit(bob, both, {"media_attributes[0][thumbnail]": still}, status=404)
    assert (await alice.get(path))["media_attachments"] == again["media_attachments"]
    other = await bob.posts("of bob", media_ids=[(await upload(bob, encode(picture(), "PNG")))["id"]])
    foreign = {"media_attributes[][id]": other["media_attachments"][0]["id"]}
    await edit(alice, foreign, {"media_attributes[][thumbnail]": still})
    assert (await bob.get(f"/api/v1/statuses/{other['id']}"))["media_attachments"] == other["media_attachments"]


@contextlib.contextmanager
def full_disk(*, room: int) -> Iterator[None]:
    """No file of this process may become larger: what a full disk does to it, without one. Postgres is another."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files_of(server: Node) -> set[str]:
    root = Path(server.app.settings.media_dir)
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.anyio
@pytest.mark.parametrize("room", [0, 2000], ids=["full", "room for what is sent but not for what is made of it"])
async def test_without_room_for_files_everything_else_works_and_nothing_half_is_left(server: Node, room: int) -> None:
    alice = await server.person("alice")
    data = encode(Image.effect_noise((900, 600), 80).convert("RGB"), "JPEG", quality=1)
    room += len(data) if room else 0
    kept = await upload(alice, data)
    before = files_of(server)
    with full_disk(room=room):
        for path in (V1, V2):
            refused = await upload(alice, data, path=path, status=507)
            assert "room" in refused["error"]
        if not room:
            film = await alice.call("POST", V2, files={"file": ("f.mp4", clips.film(), "video/mp4")})
            assert film.status_code == 507
        post = await alice.posts("words need no room", media_ids=[kept["id"]])
        await drain(server)
        assert (await server.client.get(kept["url"])).status_code == 200
        assert files_of(server) == before
    async with server.db.read() as conn:
        assert await conn.fetchval("select count(*) from media_attachments") == 1
    assert (await alice.get("/api/v1/timelines/home"))[0]["id"] == post["id"]
    assert (await upload(alice, data))["url"]
