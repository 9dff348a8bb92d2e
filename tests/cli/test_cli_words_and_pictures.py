"""`fedi announcement` and `fedi emoji`."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from storage import audit, emojis, jobs
from storage.db import Database
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(buffer, "PNG")
    return buffer.getvalue()


async def test_an_announcement_is_published_listed_and_taken_back(fedi: Fedi, database_url: str) -> None:
    made = json.loads(
        (await fedi("announcement", "create", "We move on Sunday", "--ends", "2099-01-01", "--json")).stdout
    )
    listed = json.loads((await fedi("announcement", "list", "--json")).stdout)
    assert [(line["id"], line["text"]) for line in listed] == [(made["id"], "We move on Sunday")]
    assert "We move on Sunday" in (await fedi("announcement", "list")).stdout
    db = await Database(database_url).open()
    async with db.read() as conn:
        waiting = await jobs.waiting(conn)
    assert waiting["event"][0] == 1, "open clients hear of it"
    assert (await fedi("announcement", "delete", made["id"])).exit_code == 0
    again = await fedi("announcement", "delete", made["id"])
    assert (again.exit_code, again.stderr) == (1, f"Error: there is no announcement {made['id']}\n")
    async with db.read() as conn:
        assert [entry.action for entry in await audit.latest(conn)] == ["announcement.delete", "announcement.create"]
    await db.close()


async def test_an_announcement_can_come_from_standard_input(fedi: Fedi) -> None:
    assert (await fedi("announcement", "create", "-", stdin="Long\nwords\n")).exit_code == 0
    assert json.loads((await fedi("announcement", "list", "--json")).stdout)[0]["text"] == "Long\nwords"
    empty = await fedi("announcement", "create", " ")
    assert (empty.exit_code, empty.stderr) == (1, "Error: Text can't be blank\n")


async def test_emojis_are_named_after_their_files(fedi: Fedi, database_url: str, tmp_path: Path) -> None:
    for name in ("blob_cat.png", "blob_dog.png", "broken.png"):
        (tmp_path / name).write_bytes(picture() if name != "broken.png" else b"no picture")
    done = await fedi("emoji", "add", str(tmp_path / "blob_cat.png"), "--category", "blobs")
    assert (done.exit_code, done.stdout) == (0, ":blob_cat: is there\n")
    some = await fedi("emoji", "add", str(tmp_path / "blob_dog.png"), str(tmp_path / "broken.png"))
    assert some.exit_code == 1
    assert "broken.png: " in some.stderr
    listed = json.loads((await fedi("emoji", "list", "--json")).stdout)
    assert {line["shortcode"]: line["category"] for line in listed} == {"blob_cat": "blobs", "blob_dog": None}
    assert (await fedi("emoji", "remove", ":blob_cat:")).stdout == ":blob_cat: is gone\n"
    assert (await fedi("emoji", "remove", "blob_cat")).stderr == "Error: there is no emoji :blob_cat:\n"
    db = await Database(database_url).open()
    async with db.read() as conn:
        assert [emoji.shortcode for emoji in await emojis.listed(conn)] == ["blob_dog"]
    await db.close()


async def test_rules_are_added_listed_and_removed(fedi: Fedi) -> None:
    await fedi("rule", "add", "Be kind", "--hint", "to everybody")
    await fedi("rule", "add", "No spam")
    listed = json.loads((await fedi("rule", "list", "--json")).stdout)
    assert [(rule["text"], rule["hint"]) for rule in listed] == [("Be kind", "to everybody"), ("No spam", "")]
    await fedi("rule", "remove", str(listed[0]["id"]))
    assert "Be kind" not in (await fedi("rule", "list")).stdout
    assert (await fedi("rule", "remove", "1")).exit_code == 1
