"""Random secrets that are shown once, and the hashes we keep of them. They are long, so a fast hash is enough."""

import hashlib
import secrets


def new() -> str:
    """256 random bits, safe in a URL, a header and a cookie."""
    return secrets.token_urlsafe(32)


def code() -> str:
    """128 random bits, for what lives for minutes and may have to be copied by hand."""
    return secrets.token_urlsafe(16)


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
