"""A client over real sockets, and servers for it."""

from collections.abc import AsyncIterator

import pytest

from federation.http.client import HTTPClient
from federation.http.transport import SocketTransport
from tests.support.loopback import Loopback


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    servers = Loopback()
    yield servers
    await servers.stop()


@pytest.fixture
async def client() -> AsyncIterator[HTTPClient]:
    """A client that may speak http to private addresses, over real sockets."""
    transport = SocketTransport(allow_private=True, connect_seconds=2, silence_seconds=1)
    async with HTTPClient(
        transport, user_agent="fedi-test (+https://here.test/)", https_only=False, allow_private=True
    ) as c:
        yield c
