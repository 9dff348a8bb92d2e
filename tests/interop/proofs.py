"""Integrity proofs (FEP-8b32, eddsa-jcs-2022) as others make and read them; apart from the server's own on purpose."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

JSON = dict[str, Any]
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ED25519 = b"\xed\x01"


def multikey(secret: Ed25519PrivateKey) -> str:
    return base58(ED25519 + secret.public_key().public_bytes_raw())


def prove(document: JSON, secret: Ed25519PrivateKey, key_id: str) -> JSON:
    """The document with a proof that leaves out its context, as some do."""
    options = {
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod",
        "verificationMethod": key_id, "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    signed = _hash({**options, "@context": document["@context"]}) + _hash(document)
    return {**document, "proof": {**options, "proofValue": base58(secret.sign(signed))}}


def holds(document: JSON, keys: dict[str, str]) -> bool:
    """Whether a proof fits one of the keys, by their ids. It has to bear its context."""
    options = dict(document["proof"])
    value = options.pop("proofValue")
    text = keys.get(options["verificationMethod"])
    if text is None or options["@context"] != document["@context"]:
        return False
    key = Ed25519PublicKey.from_public_bytes(unbase58(text)[len(ED25519) :])
    bare = {name: each for name, each in document.items() if name != "proof"}
    try:
        key.verify(unbase58(value), _hash(options) + _hash(bare))
    except InvalidSignature:
        return False
    return True


def _hash(document: JSON) -> bytes:
    return hashlib.sha256(rfc8785.dumps(document)).digest()


def base58(data: bytes) -> str:
    """With the letter that names the base in front."""
    number, text = int.from_bytes(data), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def unbase58(text: str) -> bytes:
    assert text[0] == "z"
    number = 0
    for letter in text[1:]:
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)
