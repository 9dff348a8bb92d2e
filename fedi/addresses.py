"""Addresses as operators write them, brought to one form. Pure; those of other servers are federation's business."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit, urlunsplit

import idna

DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|\[[0-9a-f:.]+\](:[0-9]{1,5})?", re.ASCII)


def normal_address(value: str) -> str:
    """Scheme and host in lower case, IDNA encoded, no port that is the scheme's own, no slash at the end."""
    parts = urlsplit(value)
    host = ascii_domain(parts.hostname or "")
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=(user + "@" if user else "") + host + port, path=parts.path.rstrip("/")))


def ascii_domain(value: str) -> str:
    return value.lower() if value.isascii() else idna.encode(value, uts46=True).decode()


def host_and_port(value: str) -> tuple[str, int] | None:
    """Parts of "127.0.0.1:9464" or "[::1]:9464"."""
    host, _, port = value.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        return None
    return host.strip("[]"), int(port)


def network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry)
    except ValueError:
        return None


def is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
