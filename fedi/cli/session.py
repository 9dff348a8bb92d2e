"""What the commands share: settings, the server's parts without a server, errors as one line, and output."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import click
import msgspec
import orjson
import uvloop

from federation.http.errors import HTTPError
from fedi import app as composition
from fedi import config_sources, database, logs
from fedi.config import ConfigError, Settings
from fedi.context import App
from fedi.errors import Problem
from storage import audit
from storage.db import Conn
from storage.embedded import EmbeddedError
from storage.errors import DriverError, StorageError

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])  # Any: click knows

Verb = Callable[[App, str], Awaitable[bool]]

ID = click.IntRange(1, 2**63 - 1)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options that belong together, in this order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


class Failed(click.ClickException):
    """One line on standard error, exit code 1."""


def load_settings() -> Settings:
    try:
        return config_sources.load()
    except ConfigError as exc:
        raise Failed(str(exc)) from exc


def run(work: Coroutine[Any, Any, T]) -> T:  # Any: what a coroutine yields is not ours
    """Runs a command's work; what may go wrong becomes one line."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)
    except Problem as exc:
        raise Failed(exc.message.removeprefix("Validation failed: ")) from exc
    except (ConfigError, EmbeddedError, StorageError, HTTPError) as exc:
        raise Failed(str(exc)) from exc
    except DriverError as exc:
        raise Failed(f"the database said: {exc}") from exc
    except (OSError, TimeoutError) as exc:
        raise Failed(f"{exc.strerror or exc}".strip() or type(exc).__name__) from exc


def progress(line: str) -> None:
    """For people who wait; not part of the output."""
    click.echo(line, err=True)


@asynccontextmanager
async def opened(settings: Settings | None = None) -> AsyncIterator[App]:
    """The app, on the database of a running server or one started for the moment. Nothing is served or worked off."""
    settings = settings or load_settings()
    logs.configure("error" if settings.log_level != "debug" else "debug", "text")
    async with database.ready(settings, progress) as available:
        small = msgspec.structs.replace(settings, database_pool_size=2)
        async with composition.running(small, available.url) as server:
            logging.getLogger("fedi").debug("opened")
            yield server.app


async def note(conn: Conn, action: str, target: str = "", **detail: Any) -> None:
    """Into the audit log. Any: what JSON holds."""
    await audit.record(conn, action, actor=audit.CLI, target=target, detail=detail)


def print_json(value: Any) -> None:
    """Structs, lists and dicts of them."""
    click.echo(orjson.dumps(msgspec.to_builtins(value, order="deterministic"), option=orjson.OPT_INDENT_2).decode())


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they must be."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cells[index]) for cells in [list(heads), *lines]) for index in range(len(heads))]
    for cells in [list(heads), *lines]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def said(text: str) -> str:
    """Words that somebody gave, which must be some."""
    if not text.strip():
        raise Failed("the text is empty")
    return text.strip()


def print_fields(fields: Sequence[tuple[str, object]]) -> None:
    """Name and value, a line each."""
    width = max(len(name) for name, _ in fields)
    for name, value in fields:
        click.echo(f"{name.ljust(width)}  {value}")
