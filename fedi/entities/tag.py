"""Tag: a hashtag with a week of history; StatusTag: the same inside a status."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

from msgspec import UNSET, Struct, UnsetType

HISTORY_DAYS = 7


class StatusTag(Struct, frozen=True):
    name: str
    url: str


class History(Struct, frozen=True):
    """One day. All three are decimal strings, by tradition."""

    day: str
    accounts: str
    uses: str


class Tag(Struct, frozen=True):
    id: str
    name: str
    url: str
    history: list[History]
    following: bool | UnsetType = UNSET
    featuring: bool | UnsetType = UNSET


class Usage(Struct, frozen=True):
    accounts: int
    uses: int


class Parts(Struct, frozen=True):
    id: int
    name: str
    url: str
    usage: Mapping[date, Usage] = {}


def history(usage: Mapping[date, Usage], *, today: date) -> list[History]:
    """The last seven days, newest first; a day without use is there with zeros."""
    week = [today - timedelta(days=back) for back in range(HISTORY_DAYS)]
    return [_history(day, usage.get(day)) for day in week]


def build(parts: Parts, *, today: date, following: bool | None = None, featuring: bool = False) -> Tag:
    """`following` is None for an anonymous viewer; then neither flag is sent."""
    return Tag(
        id=str(parts.id),
        name=parts.name,
        url=parts.url,
        history=history(parts.usage, today=today),
        following=UNSET if following is None else following,
        featuring=UNSET if following is None else featuring,
    )


def _history(day: date, usage: Usage | None) -> History:
    start = int(datetime.combine(day, clock(), UTC).timestamp())
    if usage is None:
        return History(day=str(start), accounts="0", uses="0")
    return History(day=str(start), accounts=str(usage.accounts), uses=str(usage.uses))
