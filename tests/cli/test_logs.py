"""Log lines, for people and for machines."""

import json
import logging
import sys

from fedi import logs


def record(message: str = "request", **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "fedi.access", "levelno": logging.INFO, "levelname": "INFO", "msg": message})
    vars(made).update(extra)
    return made


def test_json_is_one_object_per_line_with_the_fields_that_were_given() -> None:
    line = logs.JSON().format(record(route="/health", status=200, ms=1.5, viewer=None))
    assert "\n" not in line
    body = json.loads(line)
    assert body.pop("time").endswith("+00:00")
    assert body == {
        "level": "info", "logger": "fedi.access", "message": "request", "route": "/health", "status": 200, "ms": 1.5,
    }  # fmt: skip


def test_json_holds_the_traceback() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        made = record("failed", exc_info=sys.exc_info())
    line = logs.JSON().format(made)
    assert "\n" not in line
    assert "ValueError: broken" in json.loads(line)["exception"]


def test_text_reads_from_left_to_right() -> None:
    line = logs.Text(colours=False).format(record(method="GET", route="/health", status=200, ms=1.5, queries=1))
    assert line.split(maxsplit=1)[1] == "info    request GET /health 200 1.5ms queries=1"


def test_a_value_from_outside_cannot_begin_a_line() -> None:
    made = record(error="no\n12:00:00 error   forged\r\nmore")
    assert "\n" not in logs.Text(colours=False).format(made)
    assert "\n" not in logs.JSON().format(made)
