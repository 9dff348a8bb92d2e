"""What every test may ask for: databases. And what none may do: talk to the network."""

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import sockets
from tests.support.database import Databases, TestServer
from tests.support.network import Network
from tests.support.servers import Node, node

SERVER_VARIABLE = "FEDI_TEST_DATABASE_URL"
WAITING_DIRECTORIES = {"processes", "clients"}

_server: TestServer | None = None
_url: str | None = None


def pytest_configure(config: pytest.Config) -> None:
    sockets.block()
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]  # httpx looks for it on all of the path at every request
    gc.set_threshold(100_000, 50, 50)  # looking for garbage as often as Python does costs a tenth of the time
    # How long anything takes is the machine's business.
    settings.register_profile("fedi", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("fedi")
    for name in [name for name in os.environ if name.startswith("FEDI_") and not name.startswith("FEDI_TEST_")]:
        del os.environ[name]  # the developer's own settings


def pytest_unconfigure(config: pytest.Config) -> None:
    if _server is not None:
        asyncio.run(_server.stop())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that mostly wait come first, in whichever order they are: at the end nobody waits for them."""
    items.sort(key=lambda item: item.path.parent.name not in WAITING_DIRECTORIES)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Some more processes than there are cores, since many tests wait; but not more than Postgres has room for."""
    return min((os.cpu_count() or 1) + 2, 5)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """In the process that controls the others (xdist), before it starts one: they share its server."""
    node.workerinput["server_url"] = asyncio.run(_server_url())  # type: ignore[attr-defined]


async def _server_url() -> str:
    """Starts the server when it is first needed; tests of pure functions alone do not need it."""
    global _server, _url
    if _url is None:
        _url = os.environ.get(SERVER_VARIABLE)
    if _url is None:
        _server = TestServer()
        _url = await _server.start()
    return _url


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return sockets.backend()


@pytest.fixture(scope="session")
async def databases(request: pytest.FixtureRequest, anyio_backend: str) -> AsyncIterator[Databases]:
    """The databases of this test process. All its tests run in one event loop, since connections belong to one."""
    workerinput = getattr(request.config, "workerinput", {})
    url = workerinput.get("server_url") or await _server_url()
    made = Databases(url, worker=f"{os.getpid()}_{workerinput.get('workerid', 'main')}")
    yield made
    await made.drop()


@pytest.fixture
async def make_database(databases: Databases, anyio_backend: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Each call gives the URL of another empty, migrated database."""
    yield databases.take
    databases.release()


@pytest.fixture
async def database_url(make_database: Callable[[], Awaitable[str]]) -> str:
    """The URL of an empty, migrated database."""
    return await make_database()


@pytest.fixture
async def servers(
    databases: Databases, make_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[list[Node]]]]:
    """Starts servers by domain, on one in-memory network: `a, b = await servers("a.test", "b.test")`."""
    network = Network()
    async with contextlib.AsyncExitStack() as stack:

        async def start(*domains: str, **settings: Any) -> list[Node]:
            started = []
            for domain in domains:
                directory = tmp_path / domain.replace(":", "_")
                directory.mkdir()
                url = await make_database()
                pool = None if "database_pool_size" in settings else await databases.pool(url)
                opened = node(domain, url, network, directory, pool, **settings)
                started.append(await stack.enter_async_context(opened))
            return started

        yield start
    assert not network.faults, "\n".join(dict.fromkeys(network.faults))


@pytest.fixture
async def server(servers: Callable[..., Awaitable[list[Node]]]) -> Node:
    """One server, example.test."""
    return (await servers("example.test"))[0]
