"""The command line on a test database, in this process: `result = await fedi("account", "list")`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fedi.cli import main
from tests.support import servers

Fedi = Callable[..., Awaitable[Result]]


@pytest.fixture
def fedi(database_url: str, tmp_path: Path) -> Iterator[Fedi]:
    """Settings by keyword: `await fedi("check", base_url="http://localhost:1")`."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    async def run(*arguments: str, stdin: str = "", **settings: str) -> Result:
        values = {
            "base_url": "https://social.example.test",
            "database_url": database_url,
            "data_dir": str(tmp_path),
            "secret_key": servers.SECRET,
            **settings,
        }
        env = {f"FEDI_{name.upper()}": value for name, value in values.items()}
        # In a thread, for the commands run a loop of their own.
        return await asyncio.to_thread(CliRunner().invoke, main, list(arguments), input=stdin, env=env)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
