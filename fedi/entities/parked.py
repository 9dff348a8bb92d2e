"""An activity that could not be handled, as the staff see it."""

from typing import Any

import orjson
from msgspec import Struct

from fedi.entities import dates
from storage.parked import Parked


class ParkedActivity(Struct, frozen=True):
    """`trace` and `body` only where one is looked at. Any: what others wrote."""

    id: str
    server: str
    type: str
    actor: str
    uri: str
    attempts: int
    error: str
    received_at: str
    failed_at: str
    trace: str | None
    body: dict[str, Any] | None


def parked(row: Parked, *, whole: bool) -> ParkedActivity:
    body = orjson.loads(row.body)
    return ParkedActivity(
        id=str(row.id),
        server=row.source,
        type=_word(body.get("type")),
        actor=_word(body.get("actor")),
        uri=_word(body.get("id")),
        attempts=row.attempts,
        error=row.last_error or "",
        received_at=dates.timestamp(row.created_at),
        failed_at=dates.timestamp(row.failed_at),
        trace=row.trace if whole else None,
        body=body if whole else None,
    )


def _word(value: object) -> str:
    """What is usually a word, but need not be."""
    if isinstance(value, dict):
        value = value.get("id")
    return value if isinstance(value, str) else ""
