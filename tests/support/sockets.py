"""No test talks to the network: connections and look-ups that would leave this machine fail the test."""

import ipaddress
import socket
import sys

_ALLOWED_NAMES = {"localhost", "", None}
# Names that never resolve (RFC 6761): for tests of what happens then.
_RESERVED = (".test", ".invalid", ".example")
_enabled = False


class NetworkUsedError(RuntimeError):
    """A test tried to reach something that is not on loopback."""


def block() -> None:
    """For the rest of the process: an audit hook cannot be removed, nor gone around from Python code."""
    global _enabled
    if not _enabled:
        sys.addaudithook(_refuse)
        _enabled = True


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
