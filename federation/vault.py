"""How the database holds the private keys of our accounts: sealed, so that a copy of it signs nothing by itself."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MARK = "sealed:1:"
_NONCE_BYTES = 12


class CannotOpen(ValueError):
    """It was sealed with another secret, or for another name."""


class Vault:
    """Seals and opens with one key of 32 bytes, which nothing shows. Unless it is `sealing`, it only opens."""

    __slots__ = ("_box", "sealing")

    def __init__(self, key: bytes, *, sealing: bool) -> None:
        self._box = AESGCM(key)
        self.sealing = sealing

    def seal(self, name: str, text: str) -> str:
        """Opened only under the same name: no row can take the place of another."""
        if not self.sealing:
            return text
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._box.encrypt(nonce, text.encode(), name.encode())
        return _MARK + base64.b64encode(nonce + sealed).decode()

    def open(self, name: str, text: str) -> str:
        """What was sealed; what never was stays as it is, as it comes from servers older than this. CannotOpen."""
        if not is_sealed(text):
            return text
        try:
            raw = base64.b64decode(text.removeprefix(_MARK), validate=True)
            return self._box.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], name.encode()).decode()
        except (InvalidTag, ValueError) as exc:
            raise CannotOpen(f"{name} was sealed with another secret") from exc


def is_sealed(text: str) -> bool:
    return text.startswith(_MARK)
