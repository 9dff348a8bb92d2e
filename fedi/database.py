"""The database a process works on: the operator's, or an embedded one that is found running or started here."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from fedi.config import ConfigError, Settings
from storage import embedded, migrations

Progress = Callable[[str], None]


class Available(msgspec.Struct, frozen=True):
    """`server` is there when the database is the embedded one."""

    url: str
    server: embedded.Server | None


@asynccontextmanager
async def available(settings: Settings, progress: Progress) -> AsyncIterator[Available]:
    """Reachable inside the block; the schema may be of any version. Raises EmbeddedError."""
    if settings.database_url:
        yield Available(settings.database_url, None)
        return
    server = embedded.Server(settings.data_dir)
    if not server.data.exists():
        progress(f"making a database in {server.data}; this happens once")
    url = await server.start()
    try:
        yield Available(url, server)
    finally:
        await server.stop()


@asynccontextmanager
async def ready(settings: Settings, progress: Progress) -> AsyncIterator[Available]:
    """With the schema this code wants: the embedded one is brought there, another must have been.

    Raises EmbeddedError, MigrationError, ConfigError.
    """
    async with available(settings, progress) as database:
        if database.server is not None:
            await migrations.upgrade(database.url, progress)
        elif not await migrations.check(database.url):
            raise ConfigError("the database is from an older version of Fedi, or empty: run fedi migrate")
        yield database
