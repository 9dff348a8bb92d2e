"""Requests as signatures see them: as received, and as about to leave."""

from collections.abc import Container, Mapping
from datetime import timedelta
from urllib.parse import urlsplit

from msgspec import Struct

from federation.errors import SignatureError

# Both ways: clocks differ, and deliveries wait in queues after they were signed.
WINDOW = timedelta(hours=1)
MAX_KEY_ID_CHARACTERS = 2_048
ACTIVITY_TYPE = "application/activity+json"


class SignedRequest(Struct, frozen=True):
    """A request as it was received.

    `target` is the raw request target, query included; `headers` are (name, value) pairs in any case, repeated names
    kept; `body` is the bytes before any decoding, empty for GET. `scheme` is how we are reached from outside, whatever
    a proxy speaks with us. `client` is where it came from.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    scheme: str = "https"
    client: str = ""

    def values(self, name: str) -> list[str]:
        return [value.strip() for key, value in self.headers if key.lower() == name]

    def single(self, name: str) -> str:
        values = self.values(name)
        if len(values) != 1:
            raise SignatureError(f"the request needs exactly one {name} header")
        return values[0]

    def check_host(self, hosts: Container[str]) -> None:
        """Raise SignatureError unless it was made for one of our `hosts`, in lower case, without default ports."""
        host = self.single("host").lower()
        if host not in hosts and host.removesuffix(":443").removesuffix(":80") not in hosts:
            raise SignatureError("the request was signed for another host")


class Outgoing(Struct, frozen=True, kw_only=True):
    """A request to sign. `url` is absolute ASCII, exactly as it will stand on the request line.

    `body` None means a request without a body. `extra` headers are sent and signed as they are, for example
    Collection-Synchronization. `with_query=False` signs the path alone, for peers that leave the query out.
    """

    method: str
    url: str
    body: bytes | None = None
    content_type: str = ACTIVITY_TYPE
    extra: Mapping[str, str] = {}
    with_query: bool = True

    def parts(self) -> tuple[str, str]:
        """Authority as the Host header has it, and the request target, without touching a byte of either."""
        parts = urlsplit(self.url)
        default = {"https": ":443", "http": ":80"}.get(parts.scheme)
        if default is None or not self.url.isascii() or "@" in parts.netloc or not parts.netloc:
            raise ValueError("only absolute http(s) URLs in ASCII can be signed")
        target = parts.path or "/"
        return parts.netloc.lower().removesuffix(default), f"{target}?{parts.query}" if parts.query else target
