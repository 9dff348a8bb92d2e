"""Who listens to what in this process. Messages from effects are loaded once per viewer and put into bounded queues.

A reader that does not keep up is dropped: its client reconnects and reads what it missed over REST.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from fedi import entities, metrics
from fedi.context import App
from fedi.effects.context import TOPIC, Message
from fedi.entities import FilterContext
from fedi.streaming.channels import Stream
from storage import announcements, conversations, notifications
from storage.db import Conn

log = logging.getLogger("fedi.streaming")

QUEUE_LENGTH = 100
BACKLOG = 10_000
# Of the channel `token:ID`: the token was revoked.
CLOSE = "close"


class Frame(msgspec.Struct, frozen=True):
    """What a client is sent; None as event ends the connection."""

    stream: tuple[str, ...]
    event: str | None
    payload: str | None


class Listener:
    """One connection. `queue` holds what is to be sent; `dropped` is set when it overflowed or its token ended."""

    __slots__ = ("account_id", "dropped", "queue", "scopes", "streams", "token_id")

    def __init__(self, *, account_id: int, token_id: int, scopes: frozenset[str]) -> None:
        self.account_id = account_id
        self.token_id = token_id
        self.scopes = scopes
        self.streams: dict[tuple[str, str], Stream] = {}
        self.queue: asyncio.Queue[Frame] = asyncio.Queue(QUEUE_LENGTH)
        self.dropped = False

    def put(self, frame: Frame) -> None:
        if self.dropped:
            return
        try:
            self.queue.put_nowait(frame)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """Forget what waits and end the connection."""
        self.dropped = True
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(Frame((), None, None))


class Hub:
    """The subscriptions of one process."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._listeners: dict[str, dict[Listener, list[Stream]]] = defaultdict(dict)
        self._tokens: dict[int, set[Listener]] = defaultdict(set)
        self._messages: asyncio.Queue[Message] = asyncio.Queue(BACKLOG)
        self._task = asyncio.create_task(self._run())
        app.bus.subscribe(TOPIC, self._received)

    async def close(self) -> None:
        """End every connection."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for listener in [one for group in list(self._tokens.values()) for one in group]:
            listener.drop()

    def join(self, listener: Listener) -> None:
        self._tokens[listener.token_id].add(listener)
        self._count()

    def leave(self, listener: Listener) -> None:
        for stream in list(listener.streams.values()):
            self.unsubscribe(listener, stream)
        self._tokens[listener.token_id].discard(listener)
        if not self._tokens[listener.token_id]:
            del self._tokens[listener.token_id]
        self._count()

    def subscribe(self, listener: Listener, stream: Stream) -> None:
        """A second subscription to the same changes nothing."""
        if stream.key not in listener.streams:
            listener.streams[stream.key] = stream
            self._listeners[stream.channel].setdefault(listener, []).append(stream)

    def unsubscribe(self, listener: Listener, stream: Stream) -> None:
        listener.streams.pop(stream.key, None)
        group = self._listeners.get(stream.channel, {})
        left = [one for one in group.get(listener, []) if one.key != stream.key]
        if left:
            group[listener] = left
        else:
            group.pop(listener, None)
        if not group:
            self._listeners.pop(stream.channel, None)

    def _count(self) -> None:
        metrics.streams(sum(len(group) for group in self._tokens.values()))

    # ------------------------------------------------------------ messages

    def _received(self, item: object) -> None:
        message = msgspec.convert(item, Message)
        if message.event == CLOSE:
            for listener in list(self._tokens.get(message.id, ())):
                listener.drop()
        elif any(channel in self._listeners for channel in message.channels):
            try:
                self._messages.put_nowait(message)
            except asyncio.QueueFull:
                log.warning("live messages come faster than they can be loaded; one was left out")

    async def _run(self) -> None:
        while True:
            message = await self._messages.get()
            try:
                await self._deliver(message)
            except Exception:
                log.exception("a live %s could not be delivered", message.event)

    async def _deliver(self, message: Message) -> None:
        """To each listening viewer what that viewer may see of it, in the form of each of their streams."""
        wanting: dict[tuple[int, FilterContext, bool], list[tuple[Listener, Stream]]] = defaultdict(list)
        for channel in message.channels:
            for listener, streams in self._listeners.get(channel, {}).items():
                for stream in streams:
                    if stream.events is None or message.event in stream.events:
                        key = (listener.account_id, stream.filter_context, stream.public)
                        wanting[key].append((listener, stream))
        load = _LOADERS.get(message.event)
        if load is None:
            payload = str(message.id) if message.event in _BARE else None
            _send(message.event, payload, [pair for pairs in wanting.values() for pair in pairs])
            return
        for (account_id, context, public), pairs in wanting.items():
            async with self._app.db.read() as conn:
                payload = await load(self._app, conn, message.id, account_id, context, public)
            if payload is not None:
                _send(message.event, payload, pairs)


def _send(event: str, payload: str | None, pairs: Iterable[tuple[Listener, Stream]]) -> None:
    for listener, stream in pairs:
        listener.put(Frame(stream.label, event, payload))


# ---------------------------------------------------------------- what a message carries

Loader = Callable[[App, Conn, int, int, FilterContext, bool], Awaitable[str | None]]

# Events whose payload is the id itself.
_BARE = frozenset(["delete", "announcement.delete", "notifications_merged"])


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _status(
    app: App, conn: Conn, status_id: int, account_id: int, context: FilterContext, public: bool
) -> str | None:
    """None for what this viewer may not or does not want to see."""
    wanted = entities.Wanted(status_ids=[status_id], filter_context=context, unmuted=public)
    found = (await entities.load(app, conn, account_id, wanted)).pick([status_id])
    return _json(found[0]) if found else None


async def _notification(
    app: App, conn: Conn, notification_id: int, account_id: int, _context: FilterContext, _public: bool
) -> str | None:
    row = await notifications.by_id(conn, account_id, notification_id)
    if row is None:
        return None
    found = await entities.notifications(app, conn, [row], account_id)
    return _json(found[0]) if found else None


async def _conversation(
    app: App, conn: Conn, conversation_id: int, account_id: int, _context: FilterContext, _public: bool
) -> str | None:
    row = await conversations.by_id(conn, account_id, conversation_id)
    if row is None:
        return None
    found = await entities.conversations(app, conn, [row], account_id)
    return _json(found[0]) if found else None


async def _announcement(
    app: App, conn: Conn, announcement_id: int, account_id: int, _context: FilterContext, _public: bool
) -> str | None:
    rows = await announcements.by_ids(conn, [announcement_id])
    found = await entities.announced(app, conn, list(rows.values()), account_id)
    return _json(found[0]) if found else None


_LOADERS: dict[str, Loader] = {
    "announcement": _announcement,
    "update": _status,
    "status.update": _status,
    "notification": _notification,
    "conversation": _conversation,
}
