"""What follows from what: event → functions, run in order, in the transaction that removes the event.

Effects touch the database only. What needs the network becomes a job or a delivery row here and is done later.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fedi.effects.context import Context
from storage import events
from storage.events import Event

E = TypeVar("E", bound=Event)
Effect = Callable[[Context, Any], Awaitable[None]]  # Any: on() has checked the event's type


def on(kind: type[E], *effects: Callable[[Context, E], Awaitable[None]]) -> tuple[type[Event], tuple[Effect, ...]]:
    """A row of EFFECTS. The type checker refuses an effect of another event."""
    return kind, effects


EFFECTS: dict[type[Event], tuple[Effect, ...]] = dict(
    [
        on(events.StatusCreated),
    ]
)
