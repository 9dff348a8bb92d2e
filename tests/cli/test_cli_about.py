"""`fedi config`, `version`, `migrate`, and what every command does with wrong settings."""

import json

import pytest

from fedi import __version__
from storage import migrations
from tests.cli.conftest import Fedi

pytestmark = pytest.mark.anyio


async def test_config_says_where_values_come_from_and_hides_secrets(fedi: Fedi) -> None:
    result = await fedi("config", "--json")
    lines = {line["name"]: line for line in json.loads(result.stdout)}
    assert lines["FEDI_BASE_URL"]["value"] == "https://social.example.test"
    assert lines["FEDI_BASE_URL"]["source"] == "environment"
    assert lines["FEDI_ACCOUNT_DOMAIN"]["source"] == "derived"
    assert lines["FEDI_TITLE"]["source"] == "default"
    assert "x" * 40 not in result.output
    assert all(line["doc"] for line in lines.values())
    changed = (await fedi("config", "--changed")).stdout
    assert "FEDI_BASE_URL" in changed
    assert "FEDI_TITLE" not in changed


async def test_a_variable_that_means_nothing_is_pointed_out(fedi: Fedi) -> None:
    result = await fedi("config", titel="x")
    assert (result.exit_code, "did you mean FEDI_TITLE?" in result.stderr) == (0, True)


@pytest.mark.parametrize("command", [("config",), ("serve",), ("check",), ("migrate",), ("account", "list")])
async def test_a_wrong_value_stops_with_one_line(fedi: Fedi, command: tuple[str, ...]) -> None:
    result = await fedi(*command, listen_port="many")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: FEDI_LISTEN_PORT: 'many' is not allowed")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("check",), ("migrate",), ("account", "list")])
async def test_a_database_that_is_not_there_is_named_without_its_password(fedi: Fedi, command: tuple[str, ...]) -> None:
    result = await fedi(*command, database_url="postgresql://me:hidden@127.0.0.1:1/fedi")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: FEDI_DATABASE_URL: cannot use fedi on 127.0.0.1:1")
    assert "hidden" not in result.stderr


async def test_version(fedi: Fedi) -> None:
    assert (await fedi("version")).stdout == f"{__version__}\n"
    assert json.loads((await fedi("version", "--json")).stdout) == {"version": __version__}


async def test_migrate_says_so_when_nothing_is_to_do(fedi: Fedi) -> None:
    assert (await fedi("migrate")).stdout == f"schema {migrations.latest()}, nothing to do\n"


async def test_a_database_that_is_behind_is_refused_with_advice(fedi: Fedi, database_url: str) -> None:
    connection = await migrations.connect(database_url)
    version = await connection.fetchval("delete from alembic_version returning version_num")
    try:
        result = await fedi("account", "list")
        assert (result.exit_code, "run fedi migrate" in result.stderr) == (1, True)
        await connection.execute("insert into alembic_version values ('9999')")
        newer = await fedi("account", "list")
        assert (newer.exit_code, "install the newer Fedi" in newer.stderr) == (1, True)
    finally:
        await connection.execute("delete from alembic_version")
        await connection.execute("insert into alembic_version values ($1)", version)
        await connection.close()
