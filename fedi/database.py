"""The database a process works on: the operator's, or an embedded one that is found running or started here."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import msgspec

from fedi.config import ConfigError, Settings
from storage import embedded, migrations
from storage.errors import DriverError, DriverMisuse

Progress = Callable[[str], None]


class Available(msgspec.Struct, frozen=True):
    """`server` is there when the database is the embedded one."""

    url: str
    server: embedded.Server | None


@asynccontextmanager
async def available(settings: Settings, progress: Progress) -> AsyncIterator[Available]:
    """Reachable inside the block; the schema may be of any version. Raises EmbeddedError."""
    if settings.database_url:
        await _knock(settings.database_url)
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


async def _knock(url: str) -> None:
    """Says which database it is that cannot be used, without its password."""
    try:
        connection = await migrations.connect(url)
        await connection.close()
    except (OSError, TimeoutError, ValueError, DriverError, *DriverMisuse) as exc:
        parts = urlsplit(url)
        place = f"{parts.path.lstrip('/') or 'the database'} on {parts.netloc.rpartition('@')[2] or 'this machine'}"
        reason = str(exc).partition("\n")[0] or type(exc).__name__
        raise ConfigError(f"FEDI_DATABASE_URL: cannot use {place}: {reason}") from exc


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
