"""A push service in the in-memory network, and devices behind it that decrypt what reaches them.

The receiver's side of both encodings is written here anew, and each request must prove by its token (RFC 8292) that it
is the server's.
"""

import base64
import hmac
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support import checker
from tests.support.network import Network
from tests.support.servers import Node

JSON = dict[str, Any]


class Arrived(msgspec.Struct, frozen=True):
    """A request to the push service."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Service:
    """`answers` are the status codes of the next requests, then 201. `headers` come with every answer."""

    def __init__(self, network: Network, host: str = "push.test") -> None:
        self.host = host
        self.arrived: list[Arrived] = []
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        network.apps[host] = self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        assert request.method == "POST"
        self.arrived.append(Arrived(request.url.path, request.headers, await request.body()))
        status = self.answers.pop(0) if self.answers else 201
        await Response(status_code=status, headers=self.headers)(scope, receive, send)

    def take(self) -> list[Arrived]:
        """What has arrived since the last time."""
        taken, self.arrived = self.arrived, []
        return taken


class Device:
    """Where a client listens: an address at the service, and keys."""

    def __init__(self, service: Service, name: str = "phone") -> None:
        self.service = service
        self.name = name
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self._auth = b"0123456789abcdef"

    @property
    def endpoint(self) -> str:
        return f"https://{self.service.host}/{self.name}?secret=a%2Fb"

    def subscription(self, *, standard: bool | None = True) -> JSON:
        """What a client sends as `subscription`."""
        found: JSON = {"endpoint": self.endpoint, "keys": {"p256dh": _encode(self._point), "auth": _encode(self._auth)}}
        return found if standard is None else {**found, "standard": standard}

    def read(self, arrived: Arrived, server: Node, server_key: str) -> JSON:
        """The message inside, which is right in every respect."""
        headers = arrived.headers
        assert arrived.path == f"/{self.name}"
        assert (headers["ttl"], headers["urgency"]) == (str(48 * 3600), "normal")
        point = _decode(server_key)
        if headers["content-encoding"] == "aes128gcm":
            assert "encryption" not in headers
            assert "crypto-key" not in headers
            scheme, _, rest = headers["authorization"].partition(" ")
            fields = dict(field.strip().split("=", 1) for field in rest.split(","))
            assert (scheme, _decode(fields["k"])) == ("vapid", point)
            token = fields["t"]
            text = self._standard(arrived.body)
        else:
            assert headers["content-encoding"] == "aesgcm"
            keys = dict(field.strip().split("=", 1) for field in headers["crypto-key"].split(";"))
            salt = headers["encryption"].removeprefix("salt=")
            scheme, _, token = headers["authorization"].partition(" ")
            assert (scheme, _decode(keys["p256ecdsa"])) == ("WebPush", point)
            text = self._legacy(arrived.body, _decode(salt), _decode(keys["dh"]))
        _verify(token, point, audience=f"https://{self.service.host}", subject=server.base_url)
        message: JSON = orjson.loads(text)
        assert checker.violations("PushMessage", message) == []
        return message

    def _standard(self, body: bytes) -> bytes:
        """RFC 8188 section 2.1, RFC 8291 section 3.4."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(body) <= 4096, "what push services take"
        assert len(sealed) <= size
        mixed = _derive(self._auth, self._shared(sender), b"WebPush: info\0" + self._point + sender, 32)
        key = _derive(salt, mixed, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _derive(salt, mixed, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded[-1:] == b"\2", "the last record"
        return padded[:-1]

    def _legacy(self, body: bytes, salt: bytes, sender: bytes) -> bytes:
        """draft-ietf-webpush-encryption-04, draft-ietf-httpbis-encryption-encoding-03."""
        mixed = _derive(self._auth, self._shared(sender), b"Content-Encoding: auth\0", 32)
        context = b"\0P-256\0\0\x41" + self._point + b"\0\x41" + sender
        key = _derive(salt, mixed, b"Content-Encoding: aesgcm" + context, 16)
        nonce = _derive(salt, mixed, b"Content-Encoding: nonce" + context, 12)
        padded = AESGCM(key).decrypt(nonce, body, None)
        return padded[2 + int.from_bytes(padded[:2], "big") :]

    def _shared(self, sender: bytes) -> bytes:
        return self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))


def _derive(salt: bytes, key: bytes, info: bytes, length: int) -> bytes:
    """HKDF (RFC 5869) of one block."""
    return hmac.digest(hmac.digest(salt, key, "sha256"), info + b"\1", "sha256")[:length]


def _verify(token: str, point: bytes, *, audience: str, subject: str) -> None:
    """A JSON Web Token as RFC 8292 wants it."""
    head, claims, signature = token.split(".")
    assert orjson.loads(_decode(head)) == {"typ": "JWT", "alg": "ES256"}
    said = orjson.loads(_decode(claims))
    assert (said["aud"], said["sub"]) == (audience, subject)
    assert time.time() < said["exp"] <= time.time() + 24 * 3600
    raw = _decode(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
