"""The databases that all other tests stand on: migrated, apart from each other, empty for every test."""

import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from storage import migrations
from tests.support.database import Databases


async def test_a_database_is_migrated(database_url: str) -> None:
    assert await migrations.current(database_url) == migrations.latest()


async def test_two_databases_are_apart(make_database: Callable[[], Awaitable[str]]) -> None:
    assert await make_database() != await make_database()


async def test_what_one_test_wrote_is_gone_for_the_next(databases: Databases, anyio_backend: str) -> None:
    url = await databases.take()
    connection = await migrations.connect(url)
    await connection.execute("insert into settings (name, value) values ('left', 'over')")
    await connection.execute("begin; lock table settings")  # as a server killed in mid-transaction leaves it
    databases.release()
    started = time.monotonic()
    assert await databases.take() == url
    assert time.monotonic() - started < 5
    connection.terminate()
    connection = await migrations.connect(url)
    assert await connection.fetchval("select count(*) from settings") == 0
    assert await migrations.current(url) == migrations.latest()
    await connection.close()
    databases.release()


def test_the_network_is_out_of_reach() -> None:
    with socket.socket() as outside, pytest.raises(RuntimeError, match="used the network"):
        outside.connect(("192.0.2.1", 80))
