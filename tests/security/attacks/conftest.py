"""A server under siege for each module: after every attack it is as it was."""

from collections.abc import AsyncIterator

import pytest

from tests.support.database import Databases
from tests.support.network import Network
from tests.support.servers import node
from tests.support.siege import Siege


@pytest.fixture(scope="module")
async def siege(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Siege]:
    network, url = Network(), await databases.take()
    directory = tmp_path_factory.mktemp("siege")
    async with node("example.test", url, network, directory, await databases.pool(url)) as server:
        yield await Siege.begin(server)
    databases.release()
    assert not network.faults, "\n".join(dict.fromkeys(network.faults))
