"""Videos, animations and sound: taken, converted in the background, shown, refused."""

import os
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedi.services import media
from fedi.services.clip_order import Demuxer
from fedi.services.clips import sniff
from storage import media as rows
from tests.support import clips
from tests.support.pictures import picture
from tests.support.servers import Node, Person, drain

pytestmark = pytest.mark.anyio

V1, V2 = "/api/v1/media", "/api/v2/media"

FILMS: dict[str, Callable[[], bytes]] = {
    "mp4": lambda: clips.film(),
    "mov": lambda: clips.film("mov", "mpeg4", "pcm_s16le"),
    "webm": lambda: clips.film("webm", "libvpx-vp9", "libopus"),
    "mkv": lambda: clips.film("matroska", "mpeg4", "libmp3lame"),
}
SOUNDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "wav": (lambda: clips.sound(), "audio/mpeg"),
    "flac": (lambda: clips.sound("flac", "flac"), "audio/mpeg"),
    "ogg": (lambda: clips.sound("ogg", "libopus"), "audio/mpeg"),
    "mp3": (lambda: clips.sound("mp3", "libmp3lame"), "audio/mpeg"),
    "aac": (lambda: clips.sound("adts", "aac"), "audio/mp4"),
    "m4a": (lambda: clips.sound("ipod", "aac"), "audio/mp4"),
    "alac": (lambda: clips.sound("ipod", "alac"), "audio/mpeg"),
}
BAD_FILES: dict[str, Callable[[], bytes]] = {
    "no index": lambda: clips.film()[:400],
    "only a head": lambda: clips.film("webm", "libvpx-vp9", None)[:60],
    "no frame": lambda: b"ID3\x04\0\0\0\0\0\0" + b"\0" * 2000,
    "another codec": lambda: clips.film("matroska", "ffv1", None),
    "text": lambda: b"OggS is how some files begin",
    "playlist": lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "references": lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
}


async def upload(person: Person, data: bytes, *, path: str = V2, status: int = 202, **more: Any) -> Any:
    files = {"file": ("x.exe", data, "text/html"), **more.pop("files", {})}
    return await person.api("POST", path, files=files, data=more, status=status)


async def ready(person: Person, made: dict[str, Any]) -> Any:
    """The attachment when its job is done."""
    await drain(person.node)
    return await person.get(f"{V1}/{made['id']}")


async def fetched(server: Node, url: str) -> Any:
    response = await server.client.get(url)
    assert response.status_code == 200
    return response


async def files(server: Node) -> int:
    root = server.app.blobs.path("posts").parent
    return sum(1 for path in root.rglob("*") if path.is_file())


async def test_a_video_is_converted_after_the_answer(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.film(), description=" a film ", focus="0.1,0.2")
    assert (made["type"], made["url"], made["description"]) == ("video", None, "a film")
    assert made["meta"]["original"]["frame_rate"] == "10/1"
    assert made["meta"]["focus"] == {"x": 0.1, "y": 0.2}
    assert made["preview_url"]
    assert await alice.api("GET", f"{V1}/{made['id']}", status=206) == made
    changed = await alice.api("PUT", f"{V1}/{made['id']}", json={"description": "red"}, status=206)
    assert (changed["url"], changed["description"]) == (None, "red")
    done = await ready(alice, made)
    assert done["meta"]["original"].keys() == {"width", "height", "frame_rate", "duration", "bitrate"}
    assert done["meta"]["original"]["duration"] == pytest.approx(0.5, abs=0.1)
    assert done["meta"]["small"] == {"width": 64, "height": 48, "size": "64x48", "aspect": 64 / 48}
    assert len(done["blurhash"]) > 6
    assert (await fetched(server, done["preview_url"])).headers["content-type"] == "image/jpeg"
    post = await alice.posts("look", media_ids=[made["id"]])
    assert post["media_attachments"] == [done]
    await alice.api("GET", f"{V1}/{made['id']}", status=404)


async def test_what_is_not_converted_yet_cannot_be_posted(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.film())
    for more in ({}, {"scheduled_at": "2100-01-01T00:00:00Z"}):
        body = {"status": "too soon", "media_ids": [made["id"]], **more}
        answer = await alice.post("/api/v1/statuses", body, status=422)
        assert "Cannot attach files that have not finished processing" in answer["error"]
    await ready(alice, made)
    await alice.posts("now", media_ids=[made["id"]])


@pytest.mark.parametrize("name", FILMS)
async def test_every_kind_of_video_becomes_one_that_all_browsers_play(server: Node, name: str) -> None:
    alice = await server.person("alice")
    done = await ready(alice, await upload(alice, FILMS[name]()))
    served = await fetched(server, done["url"])
    assert (done["type"], served.headers["content-type"]) == ("video", "video/mp4")
    assert clips.tracks(served.content) == ["h264", "aac"]
    assert served.content.index(b"moov") < served.content.index(b"mdat")  # it plays while it is loaded


@pytest.mark.parametrize("name", SOUNDS)
async def test_every_kind_of_sound_becomes_one_that_all_browsers_play(server: Node, name: str) -> None:
    alice = await server.person("alice")
    make, content_type = SOUNDS[name]
    made = await upload(alice, make())
    done = await ready(alice, made)
    served = await fetched(server, done["url"])
    assert (done["type"], served.headers["content-type"]) == ("audio", content_type)
    assert clips.tracks(served.content)[0] in ("mp3float", "aac")
    assert (done["blurhash"], done["preview_url"]) == (None, None)
    assert done["meta"]["original"].keys() == {"duration", "bitrate"}
    assert done["meta"]["original"]["duration"] == pytest.approx(0.5, abs=0.1)


async def test_the_first_version_of_the_route_waits(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.film("webm", "libvpx-vp9", "libopus"), path=V1, status=200)
    assert clips.tracks((await fetched(server, made["url"])).content) == ["h264", "aac"]
    assert await alice.get(f"{V1}/{made['id']}") == made
    assert await files(server) == 2


async def test_a_gif_that_moves_becomes_a_short_film(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.animation(size=(61, 41)))
    assert (made["type"], made["url"]) == ("gifv", None)
    done = await ready(alice, made)
    served = await fetched(server, done["url"])
    assert (served.headers["content-type"], clips.tracks(served.content)) == ("video/mp4", ["h264"])
    original = done["meta"]["original"]
    assert (original["width"], original["height"]) == (60, 40)  # H.264 knows even numbers only
    assert original["duration"] == pytest.approx(0.24, abs=0.01)
    image = await upload(alice, clips.animation(colors=["red"]), status=200)
    assert image["type"] == "image"
    await alice.posts("together", media_ids=[done["id"], image["id"]])


async def test_a_short_film_without_sound_plays_like_a_gif(server: Node) -> None:
    alice = await server.person("alice")
    assert (await upload(alice, clips.film(sound=None)))["type"] == "gifv"


async def test_an_animated_webp_stays_an_image_that_moves(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.animation("WEBP"), status=200)
    assert made["type"] == "image"


async def test_what_a_file_says_about_its_author_is_gone(server: Node) -> None:
    alice = await server.person("alice")
    secret = {"title": "Secret", "comment": "Secret", "location": "+52.5+13.4/"}
    makes = [clips.film(metadata=secret), clips.sound("mp3", "libmp3lame", metadata=secret),
             clips.film("mov", "mpeg4", None, metadata=secret)]  # fmt: skip
    for data in makes:
        assert "Secret" in clips.words(data).values()
        done = await ready(alice, await upload(alice, data))
        served = (await fetched(server, done["url"])).content
        assert b"Secret" not in served
        assert b"+52.5" not in served


async def test_a_phone_held_upright_makes_an_upright_film(server: Node) -> None:
    alice = await server.person("alice")
    for data in (clips.turned(clips.film()), clips.turned(clips.film("mp4", "mpeg4"))):
        made = await upload(alice, data)
        done = await ready(alice, made)
        for answer in (made, done):
            assert (answer["meta"]["original"]["width"], answer["meta"]["original"]["height"]) == (48, 64)
            assert (answer["meta"]["small"]["width"], answer["meta"]["small"]["height"]) == (48, 64)


async def test_the_cover_of_a_record_is_its_preview(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.sound("mp3", "libmp3lame", cover=picture(size=(50, 50))))
    assert (made["meta"]["small"]["size"], len(made["blurhash"]) > 6) == ("50x50", True)
    done = await ready(alice, made)
    assert done["preview_url"] == made["preview_url"]
    assert clips.tracks((await fetched(server, done["url"])).content) == ["mp3float"]


async def test_people_choose_another_still(server: Node) -> None:
    alice = await server.person("alice")
    thumbnail = ("cover.png", picture(size=(30, 30), color="blue"), "image/png")
    made = await upload(alice, clips.sound(), files={"thumbnail": thumbnail})
    assert made["meta"]["small"]["size"] == "30x30"
    done = await ready(alice, made)
    assert (done["preview_url"], done["blurhash"]) == (made["preview_url"], made["blurhash"])
    film = await upload(alice, clips.film())
    other = {"thumbnail": ("t.png", picture(size=(20, 10)), "image/png")}
    changed = await alice.api("PUT", f"{V1}/{film['id']}", files=other, status=206)
    assert changed["meta"]["small"]["size"] == "20x10"
    done = await ready(alice, film)
    assert done["preview_url"] == changed["preview_url"]
    assert (await server.client.get(film["preview_url"])).status_code == 404
    bad = {"thumbnail": ("t.png", b"no picture", "image/png")}
    await alice.api("PUT", f"{V1}/{film['id']}", files=bad, status=422)
    before = await files(server)
    await upload(alice, clips.sound(), files=bad, status=422)
    assert await files(server) == before


async def test_a_video_or_sound_stands_alone_in_a_post(server: Node) -> None:
    alice = await server.person("alice")
    film = await upload(alice, clips.film())
    await drain(server)
    image = await upload(alice, picture(), status=200)
    body = {"status": "both", "media_ids": [image["id"], film["id"]]}
    answer = await alice.post("/api/v1/statuses", body, status=422)
    assert "video" in answer["error"]
    post = await alice.posts("one", media_ids=[film["id"]])
    await alice.api("PUT", f"/api/v1/statuses/{post['id']}", json=body, status=422)


@pytest.mark.parametrize("name", BAD_FILES)
async def test_what_cannot_be_read_is_refused_at_once(server: Node, name: str) -> None:
    alice = await server.person("alice")
    answer = await upload(alice, BAD_FILES[name](), status=422)
    assert answer["error"].startswith("Validation failed: ")
    assert await files(server) == 0


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        ({"video_max_pixels": 65_536}, "320×240"),
        ({"video_max_frame_rate": 5}, "frames"),
        ({"media_max_seconds": 1}, "longer"),
        ({"video_max_bytes": 65_536}, "smaller"),
    ],
)
async def test_what_is_beyond_a_limit_is_refused_and_the_limits_are_told(
    servers: Any, limits: dict[str, int], word: str
) -> None:
    (server,) = await servers("example.test", **limits)
    alice = await server.person("alice")
    data = clips.film(size=(320, 240), frames=20) + (b"\0" * 70_000 if "video_max_bytes" in limits else b"")
    assert word in (await upload(alice, data, status=422))["error"]
    told = (await server.api("GET", "/api/v2/instance"))["configuration"]["media_attachments"]
    settings = server.app.settings
    assert told["video_size_limit"] == settings.video_max_bytes
    assert told["video_matrix_limit"] == settings.video_max_pixels
    assert told["video_frame_rate_limit"] == settings.video_max_frame_rate
    assert {"video/mp4", "audio/flac", "image/heic"} <= set(told["supported_mime_types"])


async def test_a_body_beyond_all_limits_is_not_read_to_its_end(servers: Any) -> None:
    (server,) = await servers("example.test", video_max_bytes=65_536, image_max_bytes=65_536)
    alice = await server.person("alice")
    answer = await upload(alice, clips.film() + bytes(2_000_000), status=413)
    assert "too large" in answer["error"]


async def test_what_turns_out_to_be_too_long_fails_and_says_why(servers: Any) -> None:
    (server,) = await servers("example.test", media_max_seconds=1)
    alice = await server.person("alice")
    # Recorded live, it does not say how long it is.
    data = clips.film("matroska", "mpeg4", None, frames=60, options={"live": "1"})
    made = await upload(alice, data)
    await drain(server)
    answer = await alice.api("GET", f"{V1}/{made['id']}", status=422)
    assert "longer than 1 seconds" in answer["error"]
    await alice.api("PUT", f"{V1}/{made['id']}", json={"description": "x"}, status=422)
    body = {"status": "x", "media_ids": [made["id"]]}
    assert "could not be" in (await alice.post("/api/v1/statuses", body, status=422))["error"]
    await drain(server)
    assert await files(server) == 1  # the still
    await alice.api("DELETE", f"{V1}/{made['id']}")
    await drain(server)
    assert await files(server) == 0


async def test_a_job_that_is_done_twice_makes_it_once(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.film())
    done = await ready(alice, made)
    function = server.server.worker._functions[rows.CONVERT_JOB]
    await function(server.app, {"id": int(made["id"])})
    assert await alice.get(f"{V1}/{made['id']}") == done
    await drain(server)
    assert await files(server) == 2


async def test_what_is_thrown_away_while_it_waits_leaves_nothing(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.film())
    await alice.api("DELETE", f"{V1}/{made['id']}")
    await drain(server)
    assert await files(server) == 0


async def test_what_nobody_waits_for_is_removed_with_its_original(server: Node) -> None:
    alice = await server.person("alice")
    await upload(alice, clips.film())
    async with server.db.transaction() as conn:
        await conn.execute("delete from jobs where name = $1", rows.CONVERT_JOB)
        await conn.execute("update media_attachments set created_at = now() - interval '25 hours'")
    await media.sweep(server.app)
    await drain(server)
    assert await files(server) == 0


async def test_what_a_killed_process_left_behind_is_removed_a_day_later(server: Node) -> None:
    alice = await server.person("alice")
    await upload(alice, clips.film())
    blobs = server.app.blobs
    await blobs.put("originals/ab/abcd", b"never held by a row")
    workshop = blobs.path("work/abcd/clip")
    workshop.parent.mkdir(parents=True)
    workshop.write_bytes(b"half")
    before = await files(server)
    await media.sweep(server.app)
    assert await files(server) == before
    for path in blobs.path("posts").parent.rglob("*"):
        os.utime(path, (0, 0))
    await media.sweep(server.app)
    assert await files(server) == before - 2
    await drain(server)
    assert await files(server) == 2


@given(st.binary(max_size=80))
def test_any_beginning_of_a_file_may_be_looked_at(head: bytes) -> None:
    assert sniff(head) in (None, *get_args(Demuxer))


async def test_an_original_is_served_to_nobody(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.film())
    async with server.db.read() as conn:
        name = await conn.fetchval("select original_file from media_attachments where id = $1", int(made["id"]))
    assert server.app.blobs.path(name).is_file()
    assert (await server.client.get(f"/media/{name}")).status_code == 404


async def test_a_film_is_served_in_parts_and_harmless(server: Node) -> None:
    alice = await server.person("alice")
    done = await ready(alice, await upload(alice, clips.film()))
    part = await server.client.get(done["url"], headers={"Range": "bytes=4-7", "Origin": "https://elsewhere.test"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.headers["content-type"] == "video/mp4"
    assert part.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert part.headers["x-content-type-options"] == "nosniff"
    assert part.headers["access-control-allow-origin"] == "*"
    beyond = await server.client.get(done["url"], headers={"Range": "bytes=9999999-"})
    assert beyond.status_code == 416


async def test_a_photo_of_a_phone_is_taken(server: Node) -> None:
    alice = await server.person("alice")
    made = await upload(alice, clips.heic(), status=200)
    assert (made["type"], made["meta"]["original"]["size"]) == ("image", "64x48")
    assert (await fetched(server, made["url"])).headers["content-type"] == "image/jpeg"


async def test_a_film_is_seen_on_other_servers(servers: Any) -> None:
    a, b = await servers("a.test", "b.test")
    alice, bob = await a.person("alice"), await b.person("bob")
    await bob.follow(alice)
    await drain(a, b)
    done = await ready(alice, await upload(alice, clips.film(), description="a film", focus="0.5,0.5"))
    post = await alice.posts("look", media_ids=[done["id"]])
    await drain(a, b)
    (note,) = (await a.client.get(post["uri"], headers={"Accept": "application/activity+json"})).json()["attachment"]
    assert note["type"] == "Document"
    assert (note["mediaType"], note["url"], note["name"]) == ("video/mp4", done["url"], "a film")
    assert (note["width"], note["height"], note["focalPoint"]) == (64, 48, [0.5, 0.5])
    assert (note["blurhash"], note["icon"]["url"]) == (done["blurhash"], done["preview_url"])
    (seen,) = (await bob.home())[0]["media_attachments"]
    assert (seen["type"], seen["remote_url"], seen["description"]) == ("video", done["url"], "a film")
    assert (seen["url"], seen["preview_url"]) == (done["url"], done["preview_url"])
    assert seen["meta"]["original"]["width"] == 64
    sound = await ready(alice, await upload(alice, clips.sound()))
    await alice.posts("listen", media_ids=[sound["id"]])
    await drain(a, b)
    (heard,) = (await bob.home())[0]["media_attachments"]
    assert (heard["type"], heard["url"], heard["preview_url"]) == ("audio", sound["url"], None)
