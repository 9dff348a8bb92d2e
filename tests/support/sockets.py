"""No test talks to the network: connections and look-ups that would leave this machine fail the test."""

import ipaddress
import socket
import sys
from typing import Any

import uvloop

_ALLOWED_NAMES = {"localhost", "", None}
# Names that never resolve (RFC 6761): for tests of what happens then.
_RESERVED = (".test", ".invalid", ".example")
_enabled = False


class NetworkUsedError(RuntimeError):
    """A test tried to reach something that is not on loopback."""


class Loop(uvloop.Loop):
    """The loop that servers run on. It connects and looks names up without Python's sockets, so it is asked here."""

    async def create_connection(self, *arguments: Any, **named: Any) -> Any:
        _allow(named.get("host", arguments[1] if len(arguments) > 1 else None))
        return await super().create_connection(*arguments, **named)

    async def create_datagram_endpoint(self, *arguments: Any, **named: Any) -> Any:
        remote = named.get("remote_addr", arguments[2] if len(arguments) > 2 else None)
        _allow(remote[0] if remote else None)
        return await super().create_datagram_endpoint(*arguments, **named)

    async def getaddrinfo(self, host: Any, *arguments: Any, **named: Any) -> Any:
        _allow(host)
        return await super().getaddrinfo(host, *arguments, **named)


def backend() -> tuple[str, dict[str, Any]]:
    """For the anyio plugin."""
    return "asyncio", {"loop_factory": Loop}


def block() -> None:
    """For the rest of the process: an audit hook cannot be removed, nor gone around from Python code."""
    global _enabled
    if not _enabled:
        sys.addaudithook(_refuse)
        _enabled = True


def _allow(host: object) -> None:
    _refuse("socket.getaddrinfo", (host,))


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise NetworkUsedError(f"a test used the network: {event} {address}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_loopback(arguments[0]):
        if str(arguments[0]).endswith(_RESERVED):
            raise socket.gaierror(socket.EAI_NONAME, f"{arguments[0]} is not a name, as in all of the world")
        raise NetworkUsedError(f"a test used the network: it looked up {arguments[0]!r}")


def _is_loopback(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in _ALLOWED_NAMES or str(name).endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False
