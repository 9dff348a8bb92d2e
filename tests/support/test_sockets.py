"""Tests cannot leave this machine, whichever way they try."""

import asyncio
import socket

import pytest

from tests.support.sockets import NetworkUsedError

pytestmark = pytest.mark.anyio

OUTSIDE = ("192.0.2.1", 80)


async def test_the_loop_refuses() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(NetworkUsedError):
        await loop.create_connection(asyncio.Protocol, *OUTSIDE)
    with pytest.raises(NetworkUsedError):
        await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=OUTSIDE)
    with pytest.raises(NetworkUsedError):
        await loop.getaddrinfo("example.com", 80)
    with pytest.raises(socket.gaierror):
        await loop.getaddrinfo("somewhere.test", 80)


async def test_sockets_refuse() -> None:
    with socket.socket() as made, pytest.raises(NetworkUsedError):
        made.connect(OUTSIDE)
    with socket.socket() as made:
        made.setblocking(False)
        with pytest.raises(NetworkUsedError):
            await asyncio.get_running_loop().sock_connect(made, OUTSIDE)
