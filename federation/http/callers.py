"""Who calls us, as far as calls are counted."""

import ipaddress

from starlette.requests import HTTPConnection


def client_ip(request: HTTPConnection) -> str:
    """The caller's address, as middleware established it; of IPv6 the /64 network."""
    host = request.client.host if request.client else "127.0.0.1"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return host
