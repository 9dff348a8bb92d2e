"""A server under siege for each test."""

import pytest

from tests.support.servers import Node
from tests.support.siege import Siege


@pytest.fixture
async def siege(server: Node) -> Siege:
    return await Siege.begin(server)
