"""Who listens to what in this process. Messages from effects are loaded for many viewers at once, each of whom gets
what REST would show them, and put into bounded queues.

A reader that does not keep up is dropped: its client reconnects and reads what it missed over REST. So are all when
messages of other processes may have been missed.
"""

import asyncio
import itertools
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

import msgspec

from fedi import entities, errors, metrics
from fedi.context import App
from fedi.effects.context import TOPIC, Message
from fedi.entities import FilterContext
from fedi.streaming.channels import Stream
from storage import announcements, conversations, notifications
from storage.bus import GAP
from storage.db import Conn
from storage.errors import DatabaseDown

log = logging.getLogger("fedi.streaming")

QUEUE_LENGTH = 100
BACKLOG = 10_000
# Viewers that a message is loaded for at once, and how many such groups at the same time: each takes a connection to
# the database, and what the event loop is busy with for one of them is what everybody else waits for.
GROUP = 100
LOADING = 2
# After a gap so many connections a second are ended: their clients all come back.
DROPS_PER_SECOND = 200
# Of the channel `token:ID`: the token was revoked.
CLOSE = "close"


class Frame(msgspec.Struct, frozen=True):
    """What a client is sent."""

    stream: tuple[str, ...]
    event: str
    payload: str | None


class Listener:
    """One connection. `waiting` is what is to be sent; `dropped` is set when that was too much, or its token ended.

    `wake` is called when there is something to be done. It costs no task and no queue while nothing happens.
    """

    __slots__ = ("account_id", "address", "dropped", "scopes", "streams", "token_id", "waiting", "wake")

    def __init__(self, *, account_id: int, token_id: int, scopes: frozenset[str], address: str) -> None:
        self.account_id = account_id
        self.token_id = token_id
        self.scopes = scopes
        self.address = address
        self.streams: dict[tuple[str, str], Stream] = {}
        self.waiting: list[Frame] = []
        self.dropped = False
        self.wake: Callable[[], None] = lambda: None

    def put(self, frame: Frame) -> None:
        if self.dropped:
            return
        if len(self.waiting) >= QUEUE_LENGTH:
            self.drop()
            return
        self.waiting.append(frame)
        self.wake()

    def take(self) -> list[Frame]:
        """Everything that waits."""
        taken, self.waiting = self.waiting, []
        return taken

    def drop(self) -> None:
        """Forget what waits and end the connection."""
        self.dropped = True
        self.waiting = []
        self.wake()


_View = tuple[FilterContext, bool]
_Pairs = list[tuple[Listener, Stream]]


class Hub:
    """The subscriptions of one process."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._listeners: dict[str, dict[Listener, list[Stream]]] = defaultdict(dict)
        self._tokens: dict[int, set[Listener]] = defaultdict(set)
        self._addresses: dict[str, int] = defaultdict(int)
        self._messages: asyncio.Queue[Message] = asyncio.Queue(BACKLOG)
        self._task = asyncio.create_task(self._run())
        app.bus.subscribe(TOPIC, self._received)
        app.bus.subscribe(GAP, self._missed)

    async def close(self) -> None:
        """End every connection."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for listener in self._all():
            listener.drop()

    def _all(self) -> list[Listener]:
        return [one for group in self._tokens.values() for one in group]

    def admit(self, listener: Listener) -> None:
        """`TooMany` when its token or its address has enough connections."""
        settings = self._app.settings
        if settings.rate_limiting and (
            len(self._tokens.get(listener.token_id, ())) >= settings.streams_per_token
            or self._addresses.get(listener.address, 0) >= settings.streams_per_address
        ):
            raise errors.TooMany("Too many open streams")

    def join(self, listener: Listener) -> None:
        self._tokens[listener.token_id].add(listener)
        self._addresses[listener.address] += 1
        metrics.streams(sum(self._addresses.values()))

    def leave(self, listener: Listener) -> None:
        listener.wake = lambda: None
        for stream in list(listener.streams.values()):
            self.unsubscribe(listener, stream)
        self._tokens[listener.token_id].discard(listener)
        if not self._tokens[listener.token_id]:
            del self._tokens[listener.token_id]
        self._addresses[listener.address] -= 1
        if not self._addresses[listener.address]:
            del self._addresses[listener.address]
        metrics.streams(sum(self._addresses.values()))

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

    def _missed(self, _item: object) -> None:
        """Nobody is told what nobody here knows: who reconnects reads it. The end of a token may be among it, too."""
        listeners = self._all()
        loop = asyncio.get_running_loop()
        for listener in listeners:
            loop.call_later(random.uniform(0, len(listeners) / DROPS_PER_SECOND), listener.drop)  # noqa: S311 (spread)

    async def _run(self) -> None:
        while True:
            message = await self._messages.get()
            try:
                await self._deliver(message)
            except Exception:
                log.exception("a live %s could not be delivered", message.event)

    async def _deliver(self, message: Message) -> None:
        """To each listening viewer what that viewer may see of it, in the form of each of their streams."""
        views: dict[_View, dict[int, _Pairs]] = defaultdict(lambda: defaultdict(list))
        for channel in message.channels:
            for listener, streams in self._listeners.get(channel, {}).items():
                for stream in streams:
                    if stream.events is None or message.event in stream.events:
                        view = views[stream.filter_context, stream.public]
                        view[listener.account_id].append((listener, stream))
        load = _LOADERS.get(message.event)
        if load is not None:
            groups = _grouped(views)
            await asyncio.gather(*(self._load(load, message, groups) for _ in range(LOADING)))
            return
        payload = await self._shared(message)
        if payload is not msgspec.UNSET:
            for wanting in views.values():
                for pairs in wanting.values():
                    _send(message.event, payload, pairs)

    async def _load(self, load: "Loader", message: Message, groups: Iterator[tuple[_View, dict[int, _Pairs]]]) -> None:
        """For one group after the other, sharing the work with others that take from the same."""
        for view, wanting in groups:
            for account_id, payload in (await self._loaded(load, message, view, list(wanting))).items():
                _send(message.event, payload, wanting[account_id])
            await asyncio.sleep(0)  # what was put is sent before the next are loaded

    async def _loaded(
        self, load: "Loader", message: Message, view: _View, account_ids: Sequence[int]
    ) -> dict[int, str]:
        """By account. Where it cannot be loaded for all it is loaded for each: one bad row is one viewer's matter."""
        try:
            async with self._app.db.read() as conn:
                return await load(self._app, conn, message.id, account_ids, *view)
        except (DatabaseDown, OSError):
            raise
        except Exception:
            if len(account_ids) == 1:
                log.exception("a live %s could not be loaded for one viewer", message.event)
                return {}
        found: dict[int, str] = {}
        for account_id in account_ids:
            found |= await self._loaded(load, message, view, [account_id])
        return found

    async def _shared(self, message: Message) -> str | None | msgspec.UnsetType:
        """What is the same for everybody; None for an event without payload, UNSET for one that is void by now."""
        if message.event != "announcement.reaction":
            return _BARE.get(message.event, lambda _ident: None)(message.id)
        async with self._app.db.read() as conn:
            found = await entities.reacted(self._app, conn, message.id, message.detail)
        return _json(found) if found else msgspec.UNSET


def _grouped(views: dict[_View, dict[int, _Pairs]]) -> Iterator[tuple[_View, dict[int, _Pairs]]]:
    for view, wanting in views.items():
        accounts = iter(wanting.items())
        while group := dict(itertools.islice(accounts, GROUP)):
            yield view, group


def _send(event: str, payload: str | None, pairs: Iterable[tuple[Listener, Stream]]) -> None:
    for listener, stream in pairs:
        listener.put(Frame(stream.label, event, payload))


# ---------------------------------------------------------------- what a message carries

# By account, without those who may not or do not want to see it.
Loader = Callable[[App, Conn, int, Sequence[int], FilterContext, bool], Awaitable[dict[int, str]]]

# Events that nothing has to be loaded for; those that are not here carry nothing.
_BARE: dict[str, Callable[[int], str]] = {
    "delete": str,
    "announcement.delete": str,
    "notifications_merged": lambda _ident: "1",  # clients want a text; this is Mastodon's
}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


async def _status(
    app: App, conn: Conn, status_id: int, account_ids: Sequence[int], context: FilterContext, public: bool
) -> dict[int, str]:
    wanted = entities.Wanted(status_ids=[status_id], filter_context=context, unmuted=public)
    loaded = await entities.load_each(app, conn, account_ids, wanted)
    return {account_id: _json(each) for account_id, page in loaded.items() for each in page.pick([status_id])}


async def _announcement(
    app: App, conn: Conn, announcement_id: int, account_ids: Sequence[int], _context: FilterContext, _public: bool
) -> dict[int, str]:
    row = (await announcements.by_ids(conn, [announcement_id])).get(announcement_id)
    if row is None:
        return {}
    loaded = await entities.announced_each(app, conn, row, account_ids)
    return {account_id: _json(each) for account_id, each in loaded.items()}


async def _notification(
    app: App, conn: Conn, notification_id: int, account_ids: Sequence[int], _context: FilterContext, _public: bool
) -> dict[int, str]:
    """Of one account: nobody else has it."""
    found = {}
    for account_id in account_ids:
        row = await notifications.by_id(conn, account_id, notification_id)
        for each in await entities.notifications(app, conn, [row], account_id) if row else ():
            found[account_id] = _json(each)
    return found


async def _conversation(
    app: App, conn: Conn, conversation_id: int, account_ids: Sequence[int], _context: FilterContext, _public: bool
) -> dict[int, str]:
    """Of one account, likewise."""
    found = {}
    for account_id in account_ids:
        row = await conversations.by_id(conn, account_id, conversation_id)
        for each in await entities.conversations(app, conn, [row], account_id) if row else ():
            found[account_id] = _json(each)
    return found


_LOADERS: dict[str, Loader] = {
    "announcement": _announcement,
    "update": _status,
    "status.update": _status,
    "notification": _notification,
    "conversation": _conversation,
}
