"""Messages that only the client can read: RFC 8291 (aes128gcm), and the draft before it (aesgcm) for older clients.

https://www.rfc-editor.org/rfc/rfc8291, https://datatracker.ietf.org/doc/html/draft-ietf-webpush-encryption-04. Pure.
"""

import os

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fedi.auth import vapid

# A message is a single record. Push services take 4096 bytes, and what surrounds the text is within 103.
POINT_BYTES = 65
RECORD_BYTES = 4096
MAX_TEXT_BYTES = 3900


class Encrypted(msgspec.Struct, frozen=True):
    body: bytes
    headers: dict[str, str]


class Ephemeral(msgspec.Struct, frozen=True):
    """What is made for one message only."""

    private: ec.EllipticCurvePrivateKey
    salt: bytes


def ephemeral() -> Ephemeral:
    return Ephemeral(ec.generate_private_key(ec.SECP256R1()), os.urandom(16))


def public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """ValueError when it is no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def aes128gcm(text: bytes, *, p256dh: bytes, auth: bytes, own: Ephemeral) -> Encrypted:
    """RFC 8291 with the header of RFC 8188 in front of the body."""
    point = vapid.point_of(own.private)
    shared = own.private.exchange(ec.ECDH(), public_key(p256dh))
    secret = _hkdf(shared, auth, b"WebPush: info\0" + p256dh + point, 32)
    key = _hkdf(secret, own.salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(secret, own.salt, b"Content-Encoding: nonce\0", 12)
    head = own.salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(point)]) + point
    # 2: the last record, and no padding after it.
    return Encrypted(
        head + AESGCM(key).encrypt(nonce, text + b"\x02", None),
        {"Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream"},
    )


def aesgcm(text: bytes, *, p256dh: bytes, auth: bytes, own: Ephemeral) -> Encrypted:
    """The draft: salt and key travel in headers, and padding comes first."""
    point = vapid.point_of(own.private)
    shared = own.private.exchange(ec.ECDH(), public_key(p256dh))
    secret = _hkdf(shared, auth, b"Content-Encoding: auth\0", 32)
    context = b"P-256\0" + b"".join(len(each).to_bytes(2, "big") + each for each in (p256dh, point))
    key = _hkdf(secret, own.salt, b"Content-Encoding: aesgcm\0" + context, 16)
    nonce = _hkdf(secret, own.salt, b"Content-Encoding: nonce\0" + context, 12)
    return Encrypted(
        AESGCM(key).encrypt(nonce, b"\0\0" + text, None),
        {
            "Content-Encoding": "aesgcm",
            "Content-Type": "application/octet-stream",
            "Encryption": f"salt={vapid.encode(own.salt)}",
            "Crypto-Key": f"dh={vapid.encode(point)}",
        },
    )


def _hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(key)
