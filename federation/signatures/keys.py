"""Keys: loading them from every spelling peers use, making our own pairs, and Multikey (FEP-521a).

Loading is cached, because parsing a PEM costs more than using it. A private key is ours and is not validated again:
the check of an RSA key costs fifty times a signature.
"""

import base64
import re
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from msgspec import Struct

from federation.errors import SignatureError

PublicKey = RSAPublicKey | Ed25519PublicKey
PrivateKey = RSAPrivateKey | Ed25519PrivateKey

MIN_RSA_BITS = 1024
MAX_RSA_BITS = 8192
# The time a verification takes grows with the exponent; nobody uses a larger one honestly.
MAX_RSA_EXPONENT = 2**32 - 1
MAX_KEY_CHARACTERS = 16_384
MAX_MULTIBASE_CHARACTERS = 2_048

_PEM = re.compile(r"-----BEGIN (?:RSA )?PUBLIC KEY-----([^-]*)-----END (?:RSA )?PUBLIC KEY-----")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUES = {character: value for value, character in enumerate(_BASE58)}
# Multicodec prefixes as unsigned varints.
_ED25519_CODEC = b"\xed\x01"
_RSA_CODEC = b"\x85\x24"


class Pair(Struct, frozen=True):
    """A key pair as it is stored: PKCS#8 and SubjectPublicKeyInfo, both PEM."""

    private_pem: str
    public_pem: str


def generate_rsa() -> Pair:
    """RSA-2048, the one kind every peer verifies. Takes a good part of a second: call it in a thread."""
    return _pair(generate_private_key(public_exponent=65537, key_size=2048))


def generate_ed25519() -> Pair:
    return _pair(Ed25519PrivateKey.generate())


@lru_cache(maxsize=1024)
def load_private(pem: str) -> PrivateKey:
    """One of our own keys. ValueError when it is neither RSA nor Ed25519."""
    key = serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("only RSA and Ed25519 keys are used")
    return key


@lru_cache(maxsize=4096)
def load_public(text: str) -> PublicKey:
    """A peer's key, from PEM (SPKI or PKCS#1, any white space, literal `\\n`) or Multikey text (`z…`).

    Raises SignatureError when it is unreadable, of another kind, or too weak or too large to verify with.
    """
    if len(text) > MAX_KEY_CHARACTERS:
        raise SignatureError("the public key is too long")
    if text.lstrip()[:1] == "z":
        return _from_multibase(text.strip())
    match = _PEM.search(text.replace("\\r", "").replace("\\n", "\n"))
    if match is None:
        raise SignatureError("the public key is not PEM")
    try:
        der = base64.b64decode("".join(match[1].split()), validate=True)
    except ValueError as exc:
        raise SignatureError("the public key is not base64") from exc
    return _from_der(der)


def public_pem(key: PublicKey) -> str:
    encoded = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded.decode()


def multikey(key: PublicKey) -> str:
    """`publicKeyMultibase` of a Multikey: base58 behind `z`, with the multicodec prefix of the kind."""
    if isinstance(key, Ed25519PublicKey):
        raw = _ED25519_CODEC + key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    else:
        raw = _RSA_CODEC + key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return "z" + to_base58(raw)


def sign(key: PrivateKey, message: bytes) -> bytes:
    """RSA keys sign with PKCS#1 v1.5 and SHA-256. About a millisecond: in bulk, from a thread."""
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def verifies(key: PublicKey, signature: bytes, message: bytes, *, sha512: bool = False) -> bool:
    """Whether the signature is good. `sha512` chooses the hash of an RSA signature and means nothing for Ed25519."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA512() if sha512 else hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _pair(key: PrivateKey) -> Pair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pair(private.decode(), public_pem(key.public_key()))


def _from_der(der: bytes) -> PublicKey:
    try:
        key = serialization.load_der_public_key(der)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise SignatureError("the public key cannot be read") from exc
    if isinstance(key, RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS or key.public_numbers().e > MAX_RSA_EXPONENT:
            raise SignatureError("the RSA key has an unacceptable size")
        return key
    if isinstance(key, Ed25519PublicKey):
        return key
    raise SignatureError("the public key is neither RSA nor Ed25519")


def _from_multibase(text: str) -> PublicKey:
    if len(text) > MAX_MULTIBASE_CHARACTERS:
        raise SignatureError("the Multikey is too long")
    raw = from_base58(text[1:])
    if raw.startswith(_ED25519_CODEC) and len(raw) == 34:
        return Ed25519PublicKey.from_public_bytes(raw[2:])
    if raw.startswith(_RSA_CODEC):
        return _from_der(raw[2:])
    raise SignatureError("the Multikey is neither RSA nor Ed25519")


def to_base58(raw: bytes) -> str:
    number = int.from_bytes(raw, "big")
    digits = []
    while number:
        number, rest = divmod(number, 58)
        digits.append(_BASE58[rest])
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits))


def from_base58(text: str) -> bytes:
    number = 0
    for character in text:
        value = _BASE58_VALUES.get(character)
        if value is None:
            raise SignatureError("the Multikey is not base58")
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
