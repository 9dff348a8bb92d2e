"""Servers in processes, a fresh database each."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import ProcessNode, Start, process


@pytest.fixture
async def start_process(make_database: Callable[[], Awaitable[str]], tmp_path: Path) -> AsyncIterator[Start]:
    """`await start_process("localhost", **settings)`; 127.0.0.1 is another host for this purpose."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(host: str, **settings: Any) -> ProcessNode:
            directory = tmp_path / host
            directory.mkdir()
            return await stack.enter_async_context(process(host, await make_database(), directory, **settings))

        yield start
