"""The pool: `read()` for one statement's worth of reading, `transaction()` for everything that writes."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    _Driver = asyncpg.Connection[asyncpg.Record]
    Conn = _Driver | PoolConnectionProxy[asyncpg.Record]
else:
    Conn = _Driver = asyncpg.Connection

# True inside `Database.transaction()`. The HTTP client refuses to run then: a remote server must never be able to
# hold one of our transactions open. Child tasks inherit the value.
transaction_open: ContextVar[bool] = ContextVar("transaction_open", default=False)

# How many statements the current request or job has run; middleware and tests set a fresh list to count in.
query_log: ContextVar[list[str] | None] = ContextVar("query_log", default=None)

# Queues that the open transaction wrote jobs to. After the commit the workers of this process are woken.
wake: ContextVar[set[str] | None] = ContextVar("wake", default=None)

ACQUIRE_TIMEOUT_SECONDS = 5.0
# A statement that was given up is cancelled before its connection is used again. Where even that gets no answer, the
# connection is of no use to anybody.
RELEASE_TIMEOUT_SECONDS = 1.0
COMMAND_TIMEOUT_SECONDS = 30.0
# How many statements a connection remembers. Requests and jobs have some 250 that come again and again; to plan one of
# the large ones anew takes ten times what it takes to run it. All of them are 17 MB in Postgres, a connection.
REMEMBERED_STATEMENTS = 250

# How long one statement is waited for here, if not for COMMAND_TIMEOUT_SECONDS: whoever waits at the other end of a
# request is better told soon that the database is away. Child tasks inherit it.
patience: ContextVar[float | None] = ContextVar("patience", default=None)


class _Connection(_Driver):
    """Asks with the `patience` of its user. The arguments are the driver's."""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:
        return await super().execute(query, *args, timeout=timeout or patience.get())

    async def fetch(self, query: str, *args: object, timeout: float | None = None, **more: Any) -> Any:
        return await super().fetch(query, *args, timeout=timeout or patience.get(), **more)

    async def fetchrow(self, query: str, *args: object, timeout: float | None = None, **more: Any) -> Any:
        return await super().fetchrow(query, *args, timeout=timeout or patience.get(), **more)

    async def fetchval(self, query: str, *args: object, timeout: float | None = None, **more: Any) -> Any:
        return await super().fetchval(query, *args, timeout=timeout or patience.get(), **more)


async def _keep_session(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """No reset between users of a connection: it costs 145 µs, and nothing here relies on session state."""


def _count(record: asyncpg.connection.LoggedQuery) -> None:
    log = query_log.get()
    if log is not None:
        log.append(record.query)


async def _init(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    connection.add_query_logger(_count)


class Database:
    """A pool of Postgres connections. One per process, built by the composition root."""

    def __init__(self, dsn: str, *, size: int = 10, remembered: int = REMEMBERED_STATEMENTS) -> None:
        self.dsn = dsn
        # Leases are held under this name, and are void when nobody is connected under it: see storage.leases.
        self.name = f"fedi-{secrets.token_hex(6)}"
        self.on_wake: Callable[[set[str]], None] = lambda queues: None
        self._pool = asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=_init,
            reset=_keep_session,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            statement_cache_size=remembered,
            connection_class=_Connection,
            server_settings={
                "application_name": self.name,
                "timezone": "UTC",
                # Our queries are short; compiling them costs more than running them.
                "jit": "off",
                "statement_timeout": "15s",
                "lock_timeout": "5s",
                "idle_in_transaction_session_timeout": "30s",
            },
        )

    async def open(self) -> "Database":
        await self._pool
        return self

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Conn]:
        """A connection without a transaction. Do not write through it what must be atomic."""
        async with self._acquired() as conn:
            yield conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """A connection in a transaction: committed at the end, rolled back by an exception."""
        queues: set[str] = set()
        opened, woken = transaction_open.set(True), wake.set(queues)
        try:
            async with self._acquired() as conn, conn.transaction():
                yield conn
        finally:
            transaction_open.reset(opened)
            wake.reset(woken)
        if queues:
            self.on_wake(queues)

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Conn]:
        conn = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
        try:
            yield conn
        finally:
            await self._pool.release(conn, timeout=RELEASE_TIMEOUT_SECONDS)

    async def connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of its own, outside the pool, for LISTEN."""
        return await asyncpg.connect(self.dsn, server_settings={"application_name": self.name})
