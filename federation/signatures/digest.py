"""The digest of a body, as draft-cavage signs it (Digest, RFC 3230) and as RFC 9421 does (Content-Digest, RFC 9530):
made for what we send, compared with the raw bytes of what we receive."""

import base64
import hashlib
from hmac import compare_digest

from federation.errors import SignatureError
from federation.signatures import structured

_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


def header(body: bytes) -> str:
    """The value to send. Upper case, because some peers compare the prefix byte by byte."""
    return "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()


def check(value: str, body: bytes) -> None:
    """Raise SignatureError unless every algorithm we know agrees, and at least one of them is named.

    `value` may list several `algorithm=base64` pairs; names are compared without case, unknown ones are passed over.
    """
    known = 0
    for part in value.split(","):
        name, separator, encoded = part.strip().partition("=")
        make = _HASHES.get(name.lower())
        if not separator or make is None:
            continue
        try:
            claimed = base64.b64decode(encoded.encode(), validate=True)
        except ValueError as exc:
            raise SignatureError("the digest is not base64") from exc
        if not compare_digest(claimed, make(body).digest()):
            raise SignatureError("the digest does not match the body")
        known += 1
    if not known:
        raise SignatureError("the digest names neither SHA-256 nor SHA-512")


def content(body: bytes) -> str:
    """The value of Content-Digest to send."""
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"


def check_content(value: str, body: bytes) -> None:
    """Raise SignatureError unless every algorithm we know agrees, and at least one is named; status 400 when the value
    is no dictionary."""
    known = 0
    for name, member in structured.dictionary(value).items():
        if not isinstance(member, structured.Item) or not isinstance(member.value, bytes):
            raise SignatureError("the digest is not a sequence of bytes", status=400)
        make = _HASHES.get(name)
        if make is None:
            continue
        if not compare_digest(member.value, make(body).digest()):
            raise SignatureError("the digest does not match the body")
        known += 1
    if not known:
        raise SignatureError("the digest names neither sha-256 nor sha-512")
