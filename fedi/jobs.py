"""JOBS: name → function, for work that a transaction left behind. SCHEDULE: (seconds, function), for the clock's."""

from collections.abc import Awaitable, Callable
from typing import Any

from fedi.context import App

Job = Callable[[App, dict[str, Any]], Awaitable[None]]  # Any: each job knows its payload

JOBS: dict[str, Job] = {}

SCHEDULE: list[tuple[float, Callable[[App], Awaitable[None]]]] = []
