"""Real, throwaway databases: a server, a template migrated once per schema, clones of it, cleaned for every test.

The server is an embedded one that ends with the test run, or the one in FEDI_TEST_DATABASE_URL (as a superuser).
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from storage import embedded, migrations
from storage.db import Conn, Database

_TEMPLATE_LOCK = 0x7465_7374

# Whether somebody waits for a lock in this database: on the same server other tests run.
WAITING = """
select true from pg_locks l join pg_stat_activity a on a.pid = l.pid
where not l.granted and a.datname = current_database()
"""
# Whoever is still connected is left from the test before (a server killed in it) and would hold locks.
_OTHERS = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
    and application_name <> current_setting('application_name')
"""
# Triggers and foreign keys are off, so the order does not matter.
_NO_TRIGGERS = "set local session_replication_role = replica"
_TABLES = """
select c.oid::regclass::text from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    and c.relname <> 'alembic_version'
"""


def temporary_directory() -> Path:
    """For data of Postgres: in memory if there is room (a container's /dev/shm has 64 MB), else where files go."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2_000_000_000
    path = Path(tempfile.mkdtemp(prefix="fedi-test-", dir=memory if roomy else None))
    path.chmod(0o755)  # if we are root, Postgres runs as another user
    return path


class TestServer:
    """The Postgres server of a test run. With several test processes the one that controls them owns it."""

    __test__ = False  # not a class of tests

    def __init__(self) -> None:
        self._directory = temporary_directory()
        self._server = embedded.Server(self._directory, durable=False, max_connections=200)

    async def start(self) -> str:
        return await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()
        shutil.rmtree(self._directory, ignore_errors=True)


class Databases:
    """The databases of one test process: cloned when first asked for, and used again, cleaned, by test after test."""

    def __init__(self, server_url: str, *, worker: str) -> None:
        self._server_url = server_url
        self._worker = worker
        self._made: list[str] = []
        self._pools: dict[str, Database] = {}
        self._brooms: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self._taken = 0
        self._asking: str | None = None

    async def take(self) -> str:
        """URL of an empty, migrated database that is ours until `release`."""
        self._taken += 1
        if self._taken <= len(self._made):
            url = self._made[self._taken - 1]
            await self._clean(url)
            return url
        url = await self._clone(f"fedi_test_{self._worker}_{self._taken}")
        self._made.append(url)
        return url

    async def _clean(self, url: str) -> None:
        """Deletes what is there, table by table: `truncate` of all takes a second or more. A statement given up in a
        test may still be under way, with locks of its own."""
        broom = await self._broom(url)
        await broom.execute(_OTHERS)
        async with (await self.pool(url)).read() as conn:
            filled = await conn.fetch(await self._which(conn))
        for last in (False, False, True):
            try:
                async with broom.transaction():
                    await broom.execute("; ".join([_NO_TRIGGERS, *(f"delete from {row[0]}" for row in filled)]))
                return
            except asyncpg.DeadlockDetectedError:
                if last:
                    raise

    async def _which(self, conn: Conn) -> str:
        """A query for the tables that have rows. Postgres plans it once for a connection, if that does nothing else."""
        if self._asking is None:
            tables = [row[0] for row in await conn.fetch(_TABLES)]
            self._asking = " union all ".join(
                f"select '{table}' where exists (select from {table})" for table in tables
            )
        return self._asking

    async def _broom(self, url: str) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection for deleting only: to set the role is to forget all plans."""
        if url not in self._brooms:
            self._brooms[url] = await (await self.pool(url)).connect()
        return self._brooms[url]

    async def pool(self, url: str) -> Database:
        """The connections to a database, which stay open from test to test, remember all statements and plan each only
        once: planning took a third of the time of the tests."""
        if url not in self._pools:
            self._pools[url] = await Database(_with_one_plan(url), size=6, remembered=2000).open()
        return self._pools[url]

    def release(self) -> None:
        """The test is over. What it wrote stays to be looked at until the next one takes the database."""
        self._taken = 0

    def beside(self, worker: str) -> "Databases":
        """Others on the same server, with a life of their own."""
        return Databases(self._server_url, worker=worker)

    async def drop(self) -> None:
        for broom in self._brooms.values():
            await broom.close()
        self._brooms.clear()
        for pool in self._pools.values():
            await pool.close()
        self._pools.clear()
        connection = await migrations.connect(self._server_url)
        for url in self._made:
            await connection.execute(f'drop database if exists "{_name(url)}" with (force)')
        await connection.close()

    async def _clone(self, name: str) -> str:
        connection = await migrations.connect(self._server_url)
        try:
            template = await self._template(connection)
            await connection.execute(f'drop database if exists "{name}" with (force)')
            await connection.execute(f'create database "{name}" template "{template}"')
        finally:
            await connection.close()
        return _with_name(self._server_url, name)

    async def _template(self, connection: "asyncpg.Connection[asyncpg.Record]") -> str:
        """Name of a migrated database to clone, made by the first test process that needs it."""
        name = f"fedi_template_{_schema_hash()}"
        await connection.execute("select pg_advisory_lock($1)", _TEMPLATE_LOCK)
        try:
            if not await connection.fetchval("select true from pg_database where datname = $1", name):
                draft = f"{name}_draft"
                await connection.execute(f'drop database if exists "{draft}" with (force)')
                await connection.execute(f'create database "{draft}" template template0')
                await migrations.upgrade(_with_name(self._server_url, draft))
                await connection.execute(f'alter database "{draft}" rename to "{name}"')
        finally:
            await connection.execute("select pg_advisory_unlock($1)", _TEMPLATE_LOCK)
        return name


def _schema_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted((migrations.DIRECTORY / "versions").glob("[0-9]*")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _with_one_plan(url: str) -> str:
    """Postgres takes five plans for each statement to find out that a general one is as good."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, "plan_cache_mode=force_generic_plan")))))
