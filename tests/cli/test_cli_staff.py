"""`fedi audit`, `fedi network` and `fedi warning-preset`."""

import json

import pytest

from storage import ip_blocks, moderation
from storage.db import Database
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio


async def test_what_the_operator_did_is_in_the_log(fedi: Fedi) -> None:
    assert (await fedi("audit", "list")).stdout == "Nothing has been recorded.\n"
    await fedi("account", "create", "alice")
    for verb in ("suspend", "unsuspend", "unsuspend"):
        assert (await fedi("account", verb, "alice")).exit_code == 0
    await fedi("domain", "block", "evil.example", "--yes", "--private-comment", "spam")
    listed = json.loads((await fedi("audit", "list", "--json")).stdout)
    assert [(each["actor"], each["action"], each["target"]) for each in listed] == [
        ("cli", "domain.block", "evil.example"),
        ("cli", "account.unsuspend", "alice"),
        ("cli", "account.suspend", "alice"),
        ("cli", "account.create", "alice"),
    ]
    assert listed[0]["detail"]["private_comment"] == "spam"
    some = json.loads((await fedi("audit", "list", "--json", "--action", "account.", "--limit", "2")).stdout)
    assert [each["action"] for each in some] == ["account.unsuspend", "account.suspend"]
    assert "domain.block" in (await fedi("audit", "list", "--target", "evil.example")).stdout


async def test_staff_that_shut_itself_out_comes_back_in(fedi: Fedi, database_url: str) -> None:
    db = await Database(database_url).open()
    async with db.transaction() as conn:
        await ip_blocks.add(conn, "198.51.100.0/24", severity="no_access", comment="oops", expires_at=None)
    await db.close()
    (listed,) = json.loads((await fedi("network", "list", "--json")).stdout)
    assert (listed["ip"], listed["severity"]) == ("198.51.100.0/24", "no_access")
    assert (await fedi("network", "unblock", "198.51.100.0/24")).stdout == "198.51.100.0/24: no rule\n"
    assert (await fedi("network", "list")).stdout == "No network is blocked.\n"
    assert (await fedi("network", "unblock", "198.51.100.0/24")).exit_code == 1
    assert (await fedi("network", "unblock", "nonsense")).exit_code == 1


async def test_presets_are_kept(fedi: Fedi, database_url: str) -> None:
    added = await fedi("warning-preset", "add", "Spam", "No advertising.")
    (preset,) = json.loads((await fedi("warning-preset", "list", "--json")).stdout)
    assert added.stdout == f"preset {preset['id']} added\n"
    db = await Database(database_url).open()
    async with db.read() as conn:
        assert (await moderation.presets(conn))[0].text == "No advertising."
    await db.close()
    assert (await fedi("warning-preset", "remove", str(preset["id"]))).exit_code == 0
    assert (await fedi("warning-preset", "remove", str(preset["id"]))).exit_code == 1
