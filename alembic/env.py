"""Run by alembic: connects through asyncpg and applies each version in a transaction of its own."""

import asyncio
import os

from alembic import context
from alembic.runtime.migration import MigrationInfo
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from storage import migrations


def apply(connection: Connection) -> None:
    context.configure(connection=connection, transaction_per_migration=True, on_version_apply=announce)
    with context.begin_transaction():
        context.run_migrations()


def announce(*, step: MigrationInfo, **_rest: object) -> None:
    """One line for whoever waits; storage.migrations reads it."""
    print(f"migrated the database to {step.up_revision_id}", flush=True)  # noqa: T201


async def main() -> None:
    dsn = os.environ[migrations.URL_VARIABLE]
    # Our own way to connect, so that every form of URL means the same here and in the server.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: migrations.connect(dsn), poolclass=pool.NullPool
    )
    async with engine.connect() as connection:
        await connection.run_sync(apply)
    await engine.dispose()


asyncio.run(main())
