"""Log lines: one per request, job and delivery, what `extra` holds as fields. For people (text) or machines (json).

They go to standard error. Bodies, tokens and private posts are never given to a logger; nothing is removed here.
"""

import asyncio
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from storage import outages

# What every record has. The rest was given as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_COLOURS = {logging.DEBUG: "2", logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "31"}
# Libraries that say at "info" what only concerns those who debug them.
_QUIET = ("asyncio", "httpcore", "httpx", "multipart", "PIL", "uvicorn", "uvicorn.error", "websockets")


def configure(level: str, form: str) -> None:
    """For the whole process. `form` is "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSON() if form == "json" else Text(colours=sys.stderr.isatty()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    logging.getLogger("asyncpg.pool").addFilter(_explained_once)
    logging.captureWarnings(True)


def _explained_once(record: logging.LogRecord) -> bool:
    """The pool shows with every attempt where it failed to reach the database."""
    if record.exc_info and record.exc_info[1] and outages.trace(record.exc_info[1]) is None:
        record.msg, record.args = "%s: %s", (record.getMessage(), outages.words(record.exc_info[1]))
        record.exc_info = None
    return True


def _is_news(record: logging.LogRecord) -> bool:
    """uvicorn logs as errors that a request was cut off at the end, as it was asked to, and that a WebSocket was
    answered with a refusal."""
    cut_off = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut_off and "without completing handshake" not in record.msg


class JSON(logging.Formatter):
    """One object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {  # Any: what JSON holds
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class Text(logging.Formatter):
    """`12:03:04 info   request  GET /api/v1/… 200 3.1ms queries=4`."""

    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        words = [record.getMessage()]
        words += [str(fields.pop(name)) for name in ("method", "route", "job", "status", "outcome") if name in fields]
        if "ms" in fields:
            words.append(f"{fields.pop('ms')}ms")
        words += [f"{name}={value}" for name, value in fields.items()]
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        line = f"{time} {record.levelname.lower():7} {' '.join(words)}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        colour = _COLOURS.get(record.levelno)
        return f"\x1b[{colour}m{line}\x1b[0m" if self._colours and colour else line


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra` and says something. Any: whatever the caller gave."""
    return {
        name: _one_line(value) for name, value in vars(record).items() if name not in _STANDARD and value is not None
    }


def _one_line(value: Any) -> Any:
    """Nothing that comes from outside may begin a line of its own in the log."""
    return value.replace("\r", "\\r").replace("\n", "\\n") if isinstance(value, str) else value
