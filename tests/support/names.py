"""A name server on loopback that knows where some domains have their mail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from fedi.services.exchangers import MEMORY, Exchangers
from tests.support.servers import Node


class NameServer(asyncio.DatagramProtocol):
    """`hosts`: who takes the mail of a domain. What is not in it does not exist; `silent` domains get no answer."""

    def __init__(self) -> None:
        self.hosts: dict[str, list[str]] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if name in self.silent or self._transport is None:
            return
        answer = dns.message.make_response(query)
        if name in self.hosts:
            lines = [f"{10 * place} {host}" for place, host in enumerate(self.hosts[name], start=1)]
            if lines:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", dns.rdatatype.MX, *lines))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@contextlib.asynccontextmanager
async def name_server(node: Node) -> AsyncIterator[NameServer]:
    """One that the server asks."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    node.app.memory[MEMORY] = Exchangers(["127.0.0.1"], port=transport.get_extra_info("sockname")[1])
    try:
        yield server
    finally:
        transport.close()
