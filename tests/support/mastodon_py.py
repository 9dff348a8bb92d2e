"""Mastodon.py in tests: clients, patience, streams, and a client whose every answer must be of the type it promises."""

import contextlib
import queue
import threading
import time
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any, Union

from mastodon import CallbackStreamListener, Mastodon
from mastodon.types_base import AttribAccessDict

from tests.support.servers import Person


def client_of(person: Person) -> Any:  # Any: half of the library's methods say nothing of their types
    return Mastodon(access_token=person.token, api_base_url=person.node.base_url)


def soon(look: Any, *, seconds: float = 10.0) -> Any:
    """The first true answer of `look`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.05)
    return found


class Heard:
    """A listener; `updates`, `notifications` and so on are queues of what came."""

    def __init__(self) -> None:
        self.updates: queue.Queue[Any] = queue.Queue()
        self.notifications: queue.Queue[Any] = queue.Queue()
        self.edits: queue.Queue[Any] = queue.Queue()
        self.deletions: queue.Queue[Any] = queue.Queue()
        self.conversations: queue.Queue[Any] = queue.Queue()
        self.listener = CallbackStreamListener(  # type: ignore[no-untyped-call]
            update_handler=self.updates.put,
            notification_handler=self.notifications.put,
            status_update_handler=self.edits.put,
            delete_handler=self.deletions.put,
            conversation_handler=self.conversations.put,
        )


@contextlib.contextmanager
def listening(*streams: Any, wake: Callable[[], object]) -> Iterator[None]:
    """While the streams run. To end one takes the library until the next event: `wake` makes one."""
    try:
        for stream in streams:
            soon(stream.is_receiving)
        yield
    finally:
        endings = [threading.Thread(target=stream.close) for stream in streams]
        for ending in endings:
            ending.start()
        while any(ending.is_alive() for ending in endings):
            wake()
            time.sleep(0.2)


class Judged:
    """A client: which of its methods were called is kept in `called`, what they give back must be what they promise."""

    def __init__(self, client: Any, called: set[str]) -> None:
        self._client = client
        self._called = called

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def call(*arguments: Any, **named: Any) -> Any:
            self._called.add(name)
            value = method(*arguments, **named)
            assert (wrong := list(misfits(_promised(name), value, name))) == [], wrong
            return value

        return call


# Where the library's own word is not right.
_MEANT: dict[str, Any] = {
    "admin_accounts": Any,
    "admin_accounts_v1": Any,
    "make_poll": Any,
    "push_subscription_generate_keys": Any,
}


def _promised(name: str) -> Any:
    if name in _MEANT:
        return _MEANT[name]
    try:
        return typing.get_type_hints(getattr(Mastodon, name)).get("return", Any)
    except TypeError:  # `datetime`, the module, is what one method says it returns
        return Any


def misfits(hint: Any, value: Any, where: str) -> Iterator[str]:
    """Where a value, or what is in it, is not what the library says it is. What is null or absent the library cannot
    tell apart; `tests.support.checker` does."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if value is None or hint in (Any, None, type(None)) or isinstance(hint, typing.TypeVar):
        return
    if origin in (Union, types.UnionType):
        yield from min(([*misfits(each, value, where)] for each in arguments if each is not type(None)), key=len)
    elif origin is not None and issubclass(origin, (list, tuple)):
        yield from _sequence(origin, arguments, value, where)
    elif origin is not None and issubclass(origin, dict):
        for key, each in value.items() if isinstance(value, dict) else ():
            yield from misfits(arguments[1], each, f"{where}.{key}")
    elif isinstance(hint, type) and not isinstance(value, _accepted(hint)):
        yield f"{where}: {type(value).__name__} {str(value)[:80]!r} instead of {hint.__name__}"
    elif isinstance(value, AttribAccessDict):
        for key, each in typing.get_type_hints(type(value)).items():
            yield from misfits(each, value.get(key), f"{where}.{key}")


def _sequence(origin: type, arguments: tuple[Any, ...], value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, tuple if origin is tuple else list):  # one that goes on in pages is a list too
        yield f"{where}: {type(value).__name__} instead of {origin.__name__}"
        return
    hints: tuple[Any, ...] = arguments if origin is tuple else arguments[:1] * len(value)
    for each, item in zip(hints, value, strict=True):
        yield from misfits(each, item, f"{where}[]")


def _accepted(hint: type) -> tuple[type, ...]:
    return (int, float) if hint is float else (hint,)
