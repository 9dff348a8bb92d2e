"""The schema's version: what the database has, what this code wants, and the way from one to the other.

Versions are files NNNN_name.py (with NNNN_name.sql) of one line of history; NNNN is alembic's revision. Alembic itself
is only imported, in a process of its own, when something is to be done: it costs a second and 50 MB.
"""

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg

from storage.errors import StorageError

# Installed, alembic/ of the checkout lies in this package (see setup.py).
DIRECTORY = next(
    path
    for path in (Path(__file__).with_name("_alembic"), Path(__file__).parents[1] / "alembic")
    if (path / "env.py").is_file()
)
URL_VARIABLE = "FEDI_MIGRATION_URL"
# Any number, as long as it stays the same: of processes starting together one migrates, the others wait.
_LOCK = 0x6665_6469
# The last line of a traceback: the name of a class with its package, and what it says.
_EXCEPTION = re.compile(r"(\w+\.)+\w+: ")


class MigrationError(StorageError):
    """The schema cannot be brought to what this code wants; the message is one line."""


def latest() -> str:
    """The version this code wants."""
    return _versions()[-1]


async def current(dsn: str) -> str | None:
    """The version the database has; None if it is empty."""
    connection = await connect(dsn)
    try:
        return await _current(connection)
    finally:
        await connection.close()


async def check(dsn: str) -> bool:
    """Whether the database has the version this code wants; False if it is behind. MigrationError if it is ahead."""
    return not _pending(await current(dsn))


async def upgrade(dsn: str, progress: Callable[[str], None] = lambda line: None) -> bool:
    """Brings the schema to the latest version; whether there was anything to do. `progress` gets a line per version,
    of an empty database one in all.

    Each version is one transaction: a failed one leaves the schema as it was before it.
    """
    connection = await connect(dsn)
    try:
        if not _pending(await _current(connection)):
            return False
        await connection.execute("select pg_advisory_lock($1)", _LOCK, timeout=None)
        before = await _current(connection)
        pending = _pending(before)
        if pending and before is None:
            progress("making the tables")
            await _run_alembic(dsn, lambda line: None)
            progress(f"migrated the database to {latest()}")
        elif pending:
            progress(f"migrating the database: {len(pending)} to go ({', '.join(pending)})")
            await _run_alembic(dsn, progress)
        return bool(pending)
    finally:
        await connection.close()  # releases the lock


def run(op: Any, name: str) -> None:
    """Runs a file of SQL statements in the transaction of the migration that calls this with alembic's `op`.

    `op.execute` cannot: asyncpg prepares what it is given, and a prepared statement is one statement. `op` is typed as
    Any because nothing here may import alembic.
    """
    script = (DIRECTORY / "versions" / name).read_text(encoding="utf-8")
    bind = op.get_bind()
    bind.exec_driver_sql("select 1")  # the driver opens the transaction with the first statement
    bind.connection.dbapi_connection.run_async(lambda connection: connection.execute(script))


async def connect(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """For migrations only: without the limits on time that the pool sets."""
    return await asyncpg.connect(dsn, server_settings={"application_name": "fedi-migrate", "timezone": "UTC"})


def _versions() -> list[str]:
    return sorted(path.name.partition("_")[0] for path in (DIRECTORY / "versions").glob("[0-9]*_*.py"))


async def _current(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return None
    version: str | None = await connection.fetchval("select version_num from alembic_version")
    return version


def _pending(version: str | None) -> list[str]:
    known = _versions()
    if version is None:
        return known
    if version not in known:
        raise MigrationError(
            f"the database has schema {version}, this version of Fedi knows up to {known[-1]}: "
            "install the newer Fedi that migrated it, or restore a backup"
        )
    return known[known.index(version) + 1 :]


async def _run_alembic(dsn: str, progress: Callable[[str], None]) -> None:
    packages = str(Path(__file__).parents[1])  # our own, also when started from elsewhere
    path = os.pathsep.join(filter(None, [packages, os.environ.get("PYTHONPATH")]))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alembic", "-c", str(DIRECTORY / "alembic.ini"), "upgrade", "head"),
        # By the environment, not as an argument: it may hold a password, and arguments are seen by all.
        env=os.environ | {URL_VARIABLE: dsn, "PYTHONPATH": path},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    reason = "no reason given"
    async for line in process.stdout:
        text = line.decode(errors="replace").rstrip()
        if _EXCEPTION.match(text):
            reason = text
        if text.startswith("migrated "):
            progress(text)
    if await process.wait() != 0:
        raise MigrationError(f"a migration failed and was rolled back: {reason}")
