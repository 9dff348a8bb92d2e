"""No room is left: for files (F-15), for the database (F-16). On small disks in memory, so only root can do it."""

import asyncio
import contextlib
import io
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
from PIL import Image

from bench.fault_stage import Line, Stage
from tests.support import backups, faults, volumes
from tests.support.processes import ProcessNode, eventually
from tests.support.servers import Person

MEDIA_MB, DATABASE_MB = 4, 200
BACK_SECONDS = 10.0


async def files_full(stage: Stage) -> None:
    """F-15: people send pictures until there is no room, and go on."""
    author, directory = await stage.person(), Path(stage.node.app.settings.media_dir)
    with volumes.volume(directory, megabytes=MEDIA_MB):
        uploads, words = await fill_media(author, 60)
        kept = await whole_files(stage.node, directory)
        volumes.grow(directory, megabytes=MEDIA_MB * 10)
        later, _ = await fill_media(author, 5)
        whole = await whole_files(stage.node, directory)
    await stage.report(
        Line(
            "F-15",
            f"60 pictures of 300 kB and as many posts, with {MEDIA_MB} MB for files; then 5 with room again",
            "507 when full, posts as ever, no half file",
            f"{dict(uploads)}, posts {dict(words)}, {kept} files, all whole; then {dict(later)}, {whole} whole",
            set(uploads) == {200, 507} and set(words) == {200} and set(later) == {200},
        )
    )


async def fill_media(author: Person, count: int) -> tuple[Counter[int], Counter[int]]:
    """Answers to pictures, and to words in between."""
    uploads, words = Counter[int](), Counter[int]()
    for number in range(count):
        files = {"file": (f"{number}.jpg", noise(number), "image/jpeg")}
        uploads[(await author.call("POST", "/api/v2/media", files=files)).status_code] += 1
        words[(await author.call("POST", "/api/v1/statuses", json={"status": f"words {number}"})).status_code] += 1
    return uploads, words


def noise(number: int) -> bytes:
    """A picture that does not shrink much."""
    output = io.BytesIO()
    Image.effect_noise((640, 480), 90 + number % 10).convert("RGB").save(output, "JPEG", quality=95)
    return output.getvalue()


async def whole_files(node: ProcessNode, directory: Path) -> int:
    """How many files rows name; each is there and can be opened, and no other lies about."""
    named = {
        name
        for names in await faults.rows(node, "select file, preview_file from media_attachments")
        for name in names
        if name is not None
    }
    there = await asyncio.to_thread(_files, directory)
    assert there == named, (there - named, named - there)
    for name in named:
        with Image.open(directory / name) as picture:
            picture.load()
    return len(named)


def _files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


@contextlib.contextmanager
def small_database(directory: Path) -> Iterator[None]:
    with volumes.volume(directory / "postgres", megabytes=DATABASE_MB):
        yield


async def database_full(stage: Stage) -> None:
    """F-16: Postgres has no room; then it has."""
    author = await stage.person()
    for number in range(20):
        await faults.published(author, number)
    await eventually(stage.idle, seconds=60)
    ballast = volumes.fill(stage.postgres.directory)
    numbers, writes, reads, done = itertools.count(1000), Counter[int](), Counter[int](), list[str]()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (writes[503] < 30 or reads.total() < 60):
        text = f"number {next(numbers)} " + "x" * 400
        answer = await _asked(author, "POST", "/api/v1/statuses", json={"status": text})
        writes[answer.status_code] += 1
        if answer.status_code == 200:
            done.append(answer.json()["uri"])
        for path in ("/api/v1/timelines/home", "/api/v1/timelines/public?local=true"):
            reads[(await _asked(author, "GET", path)).status_code] += 1
    ballast.unlink()
    began = time.monotonic()
    while (await _asked(author, "POST", "/api/v1/statuses", json={"status": "room again"})).status_code != 200:
        assert time.monotonic() - began < 60, "it does not come back"
        await asyncio.sleep(0.1)
    back = time.monotonic() - began
    await eventually(stage.idle, seconds=60)
    kept = {uri for (uri,) in await faults.rows(stage.node, "select uri from statuses where is_local")}
    await asyncio.to_thread(backups.check, stage.postgres.url)
    await stage.report(
        Line(
            "F-16",
            f"no byte left for Postgres during {writes.total()} posts and {reads.total()} pages read",
            f"503 or 200 for posts, pages as ever, back in {BACK_SECONDS:g} s, nothing lost, amcheck finds nothing",
            f"posts {dict(writes)}, pages {dict(reads)}, back after {back:.1f} s, {len(set(done) - kept)} lost",
            set(writes) <= {200, 503} and writes[503] > 0 and set(reads) == {200} and back < BACK_SECONDS
            and set(done) <= kept,
        )
    )  # fmt: skip


async def _asked(person: Person, method: str, path: str, json: object = None) -> httpx.Response:
    try:
        return await person.call(method, path, **({"json": json} if json else {}))
    except httpx.HTTPError:
        return httpx.Response(599)
