"""Identifiers: milliseconds since 1970 << 16 | sequence, in a signed 64-bit integer, made by SQL `timestamp_id()`.

Newer is larger, so ids order timelines. A remote post that arrives late gets an id of its own publication time,
clamped to now. Ids are shown as decimal strings.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

MAX_ID = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")


def parse(text: str) -> int | None:
    """A decimal id of ASCII digits in the 64-bit range, or None."""
    if not _DIGITS.fullmatch(text):
        return None
    value = int(text)
    return value if value <= MAX_ID else None


def parse_all(texts: Iterable[str]) -> list[int]:
    """Each id once, in the order given, without what cannot be one."""
    return list(dict.fromkeys(value for text in texts if (value := parse(text)) is not None))


def floor(at: datetime) -> int:
    """The smallest id of that moment: a cursor for "since"."""
    return max(int(at.timestamp() * 1000), 0) << 16


def time_of(ident: int) -> datetime:
    """When an id was made, to the millisecond."""
    return datetime.fromtimestamp((ident >> 16) / 1000, UTC)
