"""The date shapes of the client API. Clients parse them by position, so the width never varies."""

from datetime import UTC, date, datetime


def timestamp(moment: datetime) -> str:
    """`2026-08-01T13:55:56.462Z`: UTC, three digits, truncated."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def optional(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def second(moment: datetime) -> str:
    """`2026-08-01T13:55:56Z`: what the operators wrote has no fraction in its dates, by tradition."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def midnight(moment: datetime) -> str:
    """An account says only the day it was made; the time of day stays private."""
    return f"{moment.astimezone(UTC).date().isoformat()}T00:00:00.000Z"


def day(moment: datetime | date | None) -> str | None:
    """`2026-08-01`, or null, never an empty string."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).date()
    return None if moment is None else moment.isoformat()
