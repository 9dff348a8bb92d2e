"""URLs and IP addresses, judged without I/O: `Url` is the only form in which addresses are compared and fetched."""

import ipaddress
import re
from functools import lru_cache

import idna
import msgspec

from federation.http.errors import BadUrl

MAX_URL_BYTES = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Our own table, because `is_global` is true for multicast, 6to4 and several embeddings of 127.0.0.1
# (https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-).
_SPECIAL_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address, private ones too
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)(?:#(.*))?", re.ASCII | re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@]+)(?::([0-9]{1,5}))?", re.ASCII)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")


class Url(msgspec.Struct, frozen=True):
    """A parsed http(s) URL.

    `host` is lower-case ASCII, `target` the very bytes of the request line (only spaces and non-ASCII are encoded),
    `authority` what Host carries, `full` the URL without fragment. Two spellings of one resource have equal `full`.
    """

    scheme: str
    host: str
    port: int
    target: str
    fragment: str
    authority: str
    origin: str
    full: str


def is_public(address: str | IPAddress) -> bool:
    """Whether an address belongs to the public Internet; anything that is not a plain IP address does not."""
    try:
        ip = ipaddress.ip_address(address) if isinstance(address, str) else address
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return ip.scope_id is None and ip in _GLOBAL_V6 and not any(ip in network for network in _SPECIAL_V6)
        ip = ip.ipv4_mapped
    return not any(ip in network for network in _SPECIAL_V4)


def literal_ip(host: str) -> IPAddress | None:
    """The address that a `Url.host` spells, or None when it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def parse_url(text: str) -> Url:
    """Raises BadUrl for anything but http(s) with a well-formed host, without userinfo, of at most 2048 bytes."""
    if len(text) > MAX_URL_BYTES or _CONTROL.search(text):
        raise BadUrl("URL is too long or has control characters")
    match = _URL.fullmatch(text)
    if match is None:
        raise BadUrl("not an http or https URL")
    scheme = match[1].lower()
    host, port = _host_and_port(match[2])
    target = _target(match[3])
    port = port or DEFAULT_PORTS[scheme]
    bracketed = f"[{host}]" if ":" in host else host
    authority = bracketed if port == DEFAULT_PORTS[scheme] else f"{bracketed}:{port}"
    origin = f"{scheme}://{authority}"
    full = origin + target
    if len(full) > MAX_URL_BYTES:
        raise BadUrl("URL is too long")
    return Url(scheme, host, port, target, match[4] or "", authority, origin, full)


def ascii_host(host: str) -> str:
    """A host name or IP literal in the one form we store: lower-case, IDNA-encoded. Raises BadUrl."""
    if len(host) > 253:
        raise BadUrl("host name is too long")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError as exc:
            raise BadUrl("host name is not valid IDNA") from exc
    host = host.lower()
    labels = host.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        # 127.1, 0x7f.1 and 2130706433 are addresses to the C library; only the canonical form is one to us.
        return _ipv4(host)
    if len(host) > 253 or not all(_is_label(label) for label in labels):
        raise BadUrl("host name is malformed")
    return host


def _host_and_port(authority: str) -> tuple[str, int | None]:
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise BadUrl("URL has no usable host, or carries user information")
    port = int(match[2]) if match[2] else None
    if port is not None and not 1 <= port <= 65535:
        raise BadUrl("port is out of range")
    host = match[1]
    return (_ipv6(host[1:-1]) if host.startswith("[") else ascii_host(host)), port


def _ipv4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError as exc:
        raise BadUrl("host is not a canonical IPv4 address") from exc


def _ipv6(host: str) -> str:
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError as exc:
        raise BadUrl("host is not an IPv6 address") from exc


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if not label.startswith("xn--"):
        return True
    # Registries sell names that IDNA 2008 refuses (emoji), so a label need only be honest: not ASCII in disguise,
    # and spelt the one way punycode spells it.
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
        return (
            not decoded.isascii() and decoded.isprintable() and decoded.encode("punycode").decode("ascii") == label[4:]
        )
    except UnicodeError:
        return False


def _target(path_and_query: str) -> str:
    if not path_and_query.startswith("/"):
        path_and_query = "/" + path_and_query
    try:
        return _UNSENDABLE.sub(_percent, path_and_query)
    except UnicodeEncodeError as exc:
        raise BadUrl("URL has lone surrogates") from exc


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())
