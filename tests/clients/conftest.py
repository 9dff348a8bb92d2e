"""One server in a process for all tests of a module: they use people of their own."""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.database import Databases
from tests.support.processes import ProcessNode, process
from tests.support.servers import Person

_numbers = itertools.count(1)

NewPerson = Callable[[str], Awaitable[Person]]


@pytest.fixture(scope="module")
async def shared(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[ProcessNode]:
    own = databases.beside(f"clients_{os.getpid()}_{next(_numbers)}")
    directory: Path = tmp_path_factory.mktemp("server")
    async with process("localhost", await own.take(), directory) as node:
        yield node
    await own.drop()


@pytest.fixture
def new_person(shared: ProcessNode) -> NewPerson:
    """Somebody whose name nobody else has: `await new_person("alice")` is alice007."""

    async def make(name: str) -> Person:
        return await shared.person(f"{name}{next(_numbers):03}")

    return make
