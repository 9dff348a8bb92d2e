"""`fedi document`: the operators' long texts."""

import json
from pathlib import Path

import pytest

from storage import audit
from storage.db import Database
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio


async def test_documents_are_published_listed_and_removed(fedi: Fedi, database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "terms.md"
    file.write_text("# Terms\n\nBe kind.")
    done = await fedi("document", "set", "terms_of_service", str(file), "--from", "2026-08-01")
    assert (done.exit_code, done.stdout) == (0, "terms_of_service holds from 2026-08-01\n")
    assert (await fedi("document", "set", "privacy_policy", "-", stdin="We keep little.")).exit_code == 0
    listed = json.loads((await fedi("document", "list", "--json")).stdout)
    assert [(each["kind"], each["text"]) for each in listed] == [
        ("privacy_policy", "We keep little."),
        ("terms_of_service", "# Terms\n\nBe kind."),
    ]
    assert "terms_of_service  2026-08-01  17 characters" in (await fedi("document", "list")).stdout
    assert (await fedi("document", "remove", "terms_of_service", "2026-08-01")).exit_code == 0
    again = await fedi("document", "remove", "terms_of_service", "2026-08-01")
    assert (again.exit_code, again.stderr) == (1, "Error: there is no terms_of_service of 2026-08-01\n")
    db = await Database(database_url).open()
    async with db.read() as conn:
        assert [entry.action for entry in await audit.latest(conn)] == [
            "document.remove",
            "document.set",
            "document.set",
        ]
    await db.close()


async def test_an_empty_text_or_an_unknown_kind_is_refused(fedi: Fedi) -> None:
    assert (await fedi("document", "set", "privacy_policy", "-", stdin=" \n")).stderr == "Error: the text is empty\n"
    assert (await fedi("document", "set", "cookbook", "-", stdin="x")).exit_code == 2
