"""While the database is away everybody complains: each in one line, and only the first of them shows where it was."""

import time

import asyncpg

# So long nobody has complained: what comes then is another outage.
OVER_SECONDS = 600.0

_heard_at = float("-inf")


def trace(exc: BaseException) -> BaseException | None:
    """What to give a logger as `exc_info`: nothing, if it is the database that is away, and that was shown already."""
    global _heard_at  # of the process, as its log is
    if not _is_of_database(exc):
        return exc
    known = time.monotonic() - _heard_at < OVER_SECONDS
    _heard_at = time.monotonic()
    return None if known else exc


def words(exc: BaseException) -> str:
    """In one line."""
    text = str(exc).partition("\n")[0]
    return f"{type(exc).__name__}: {text}" if text else type(exc).__name__


def _is_of_database(exc: BaseException) -> bool:
    """A connection that was refused, or took too long, is an OSError like that of a file."""
    if isinstance(exc, (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return True
    frame = exc.__traceback__
    while frame is not None:
        if str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "asyncpg":
            return True
        frame = frame.tb_next
    return False
