"""Messages between the parts of one process, and between processes: in memory here, Postgres NOTIFY elsewhere.

Nothing that matters travels here only: a lost message costs a moment, never data. NOTIFY is sent after commit, on a
connection of its own, gathered for a few milliseconds (inside writing transactions it would serialise all commits).
Who must know that something may have been missed subscribes to GAP.
"""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import asyncpg
import orjson

from storage.db import Database

CHANNEL = "fedi"
FLUSH_SECONDS = 0.02
MAX_PAYLOAD_BYTES = 7900
# While the database is away so many messages for others are kept; they are tried again.
MAX_OUTGOING = 20_000
RETRY_SECONDS = 1.0
# A connection may be dead without a word: it is asked. What does not answer is given up.
ASK_SECONDS, ANSWER_SECONDS = 10.0, 5.0
# The topic that this process hears of itself: it listens again, and does not know what was said meanwhile.
GAP = "gap"

_BROKEN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)

log = logging.getLogger("fedi.bus")

Callback = Callable[[Any], None]


class Bus:
    """`publish(topic, item)`: subscribers of this process are called at once, those of others soon after.

    An item is anything JSON holds, below 7,000 bytes: ids, not bodies.
    """

    def __init__(self, db: Database, *, shared: bool = True) -> None:
        self._db = db
        self._shared = shared
        self._origin = secrets.token_hex(6)
        self._subscribers: dict[str, list[Callback]] = defaultdict(list)
        self._outgoing: list[bytes] = []
        self._flush_wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def subscribe(self, topic: str, callback: Callback) -> None:
        self._subscribers[topic].append(callback)

    def publish(self, topic: str, item: Any) -> None:
        self._deliver(topic, item)
        if self._shared:
            self._outgoing.append(orjson.dumps([topic, item]))
            self._flush_wanted.set()

    def _deliver(self, topic: str, item: Any) -> None:
        for callback in self._subscribers[topic]:
            callback(item)

    async def open(self) -> None:
        if self._shared:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._flush())]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def _received(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        origin, items = orjson.loads(str(payload))
        if origin != self._origin:
            for topic, item in items:
                self._deliver(topic, item)

    async def _listen(self) -> None:
        """Keep one LISTEN connection; when it breaks, make another. What was missed meanwhile is only live news."""
        interrupted = False
        while True:
            try:
                conn = await self._db.connect()
                try:
                    closed = asyncio.Event()
                    conn.add_termination_listener(lambda _conn, closed=closed: closed.set())
                    await conn.add_listener(CHANNEL, self._received)
                    if interrupted:
                        self._deliver(GAP, None)
                    interrupted = True
                    await self._until(conn, closed)
                finally:
                    await conn.close(timeout=1)
            except _BROKEN as exc:
                log.warning("listening was interrupted: %s", exc)
            await asyncio.sleep(RETRY_SECONDS)

    async def _until(self, conn: "asyncpg.Connection[asyncpg.Record]", closed: asyncio.Event) -> None:
        """Until it is closed, or does not answer."""
        while True:
            try:
                await asyncio.wait_for(closed.wait(), ASK_SECONDS)
                return
            except TimeoutError:
                await conn.execute(f"listen {CHANNEL}", timeout=ANSWER_SECONDS)

    async def _flush(self) -> None:
        while True:
            await self._flush_wanted.wait()
            await asyncio.sleep(FLUSH_SECONDS)
            self._flush_wanted.clear()
            items, self._outgoing = self._outgoing, []
            try:
                async with self._db.read() as conn:
                    await conn.execute("select pg_notify($1, p) from unnest($2::text[]) p", CHANNEL, self._pack(items))
            except _BROKEN as exc:
                log.warning("notices to other processes wait: %s", exc)
                self._outgoing = [*items, *self._outgoing][-MAX_OUTGOING:]
                self._flush_wanted.set()
                await asyncio.sleep(RETRY_SECONDS)

    def _pack(self, items: list[bytes]) -> list[str]:
        head = b'["' + self._origin.encode() + b'",['
        payloads, current, size = [], list[bytes](), 0
        for item in items:
            if current and size + len(item) > MAX_PAYLOAD_BYTES - 64:
                payloads.append((head + b",".join(current) + b"]]").decode())
                current, size = [], 0
            current.append(item)
            size += len(item) + 1
        if current:
            payloads.append((head + b",".join(current) + b"]]").decode())
        return payloads
