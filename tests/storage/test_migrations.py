"""The schema comes up to date by itself, once, wholly or not at all; and never goes back."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from storage import migrations
from storage.migrations import MigrationError


@pytest.fixture
async def empty_url(database_url: str) -> AsyncIterator[str]:
    """A database without a schema, beside the test's own."""
    own = urlsplit(database_url)
    name = own.path.removeprefix("/") + "_empty"
    connection = await migrations.connect(database_url)
    await connection.execute(f'drop database if exists "{name}" with (force)')
    await connection.execute(f'create database "{name}" template template0')
    yield own._replace(path=f"/{name}").geturl()
    await connection.execute(f'drop database "{name}" with (force)')
    await connection.close()


async def test_an_empty_database_is_migrated_and_says_so(empty_url: str) -> None:
    lines: list[str] = []
    assert await migrations.current(empty_url) is None
    assert await migrations.upgrade(empty_url, lines.append)
    assert await migrations.current(empty_url) == migrations.latest()
    assert lines == ["making the tables", f"migrated the database to {migrations.latest()}"]
    assert not await migrations.upgrade(empty_url, lines.append)


async def test_of_two_processes_that_start_together_one_migrates(empty_url: str) -> None:
    did = await asyncio.gather(migrations.upgrade(empty_url), migrations.upgrade(empty_url))
    assert sorted(did) == [False, True]


async def test_a_newer_database_is_refused_in_one_line(database_url: str) -> None:
    connection = await migrations.connect(database_url)
    await connection.execute("update alembic_version set version_num = '9999'")
    try:
        with pytest.raises(MigrationError, match="the database has schema 9999") as refused:
            await migrations.upgrade(database_url)
        assert "\n" not in str(refused.value)
        with pytest.raises(MigrationError):
            await migrations.check(database_url)
    finally:
        await connection.execute("update alembic_version set version_num = $1", migrations.latest())
        await connection.close()


async def test_a_failed_migration_leaves_the_schema_as_it_was(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "alembic"
    shutil.copytree(migrations.DIRECTORY, directory)
    (directory / "versions" / "9998_broken.py").write_text(
        "from alembic import op\n"
        f"revision = '9998'\ndown_revision = '{migrations.latest()}'\n"
        "def upgrade():\n    op.execute('create table half (a int)')\n    op.execute('select 1 / 0')\n"
    )
    before = migrations.latest()
    monkeypatch.setattr(migrations, "DIRECTORY", directory)
    with pytest.raises(MigrationError, match=r"rolled back: .*division by zero"):
        await migrations.upgrade(database_url)
    assert await migrations.current(database_url) == before
    connection = await migrations.connect(database_url)
    assert await connection.fetchval("select to_regclass('half')") is None
    await connection.close()


async def test_notifications_of_reports_know_their_report_afterwards(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, first = migrations.DIRECTORY, tmp_path / "alembic"
    shutil.copytree(whole, first, ignore=shutil.ignore_patterns("000[2-9]_*", "00[1-9]?_*"))
    monkeypatch.setattr(migrations, "DIRECTORY", first)
    await migrations.upgrade(empty_url)
    connection = await migrations.connect(empty_url)
    await connection.execute(
        """
        insert into accounts (id, username, domain, is_local, uri, url, inbox)
        select n, 'a' || n, 'a.test', true, 'https://a.test/' || n, 'https://a.test/@' || n, 'https://a.test/inbox'
        from generate_series(1, 3) n;
        insert into reports (id, account_id, target_id, created_at) values (7, 2, 3, now() - interval '1 hour');
        insert into notifications (account_id, from_account_id, type, status_id) values
            (1, 2, 'admin.report', null), (1, 2, 'mention', 5);
        insert into reports (id, account_id, target_id, created_at) values (8, 2, 3, now() + interval '1 hour');
        """
    )
    monkeypatch.setattr(migrations, "DIRECTORY", whole)
    assert await migrations.upgrade(empty_url)
    rows = await connection.fetch("select type, status_id, about_id from notifications order by id")
    assert [tuple(row) for row in rows] == [("admin.report", None, 7), ("mention", 5, None)]
    await connection.execute(
        "insert into notifications (account_id, from_account_id, type, about_id) values (1, 2, 'admin.report', 8)"
    )
    await connection.close()


def test_the_history_is_one_line() -> None:
    previous = None
    for path in sorted((migrations.DIRECTORY / "versions").glob("[0-9]*.py")):
        text = path.read_text()
        number = path.name.partition("_")[0]
        assert re.search(rf'^revision(: str)? = "{number}"$', text, re.MULTILINE), path.name
        below = f'"{previous}"' if previous else "None"
        assert re.search(rf"^down_revision(: str( \| None)?)? = {below}$", text, re.MULTILINE), path.name
        previous = number
