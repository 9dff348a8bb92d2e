"""The server is lost, and goes on elsewhere from a backup that was made while people posted."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from bench import fault_restore
from bench.wild import Wild
from tests.support.processes import Start

pytestmark = pytest.mark.anyio


async def test_a_restored_server_sends_nothing_by_itself_and_reuses_nothing(
    start_process: Start, make_database: Callable[[], Awaitable[str]]
) -> None:
    async with Wild() as wild:
        node, url = await start_process("localhost"), await make_database()
        db = await asyncpg.connect(url)
        await db.execute("drop schema public cascade; create schema public")
        await db.close()
        found = await fault_restore.play(node, [], wild, await node.person("alice"), url, 20)
        assert found.well(), found
