"""Object integrity proofs (FEP-8b32, eddsa-jcs-2022): a signature inside a document, good whoever passes it on."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from federation.errors import SignatureError
from federation.signatures import keys
from federation.signatures.requests import WINDOW

JSON = dict[str, Any]  # Any: whatever arrives

CONTEXT = "https://w3id.org/security/data-integrity/v1"
TYPE = "DataIntegrityProof"
SUITE = "eddsa-jcs-2022"
PURPOSE = "assertionMethod"
MAX_PROOFS = 4
MAX_METHOD_CHARACTERS = 2_048


class Proof(Struct, frozen=True):
    """A proof taken apart. `method` is the id of the key; nothing is believed before `verify`."""

    method: str
    value: bytes
    options: JSON


def find(document: JSON) -> Proof | None:
    """The first proof of the kind we verify."""
    found = document.get("proof")
    candidates: Sequence[Any] = found if isinstance(found, list) else [found]
    for item in candidates[:MAX_PROOFS]:
        if not isinstance(item, dict) or (item.get("type"), item.get("cryptosuite")) != (TYPE, SUITE):
            continue
        method, value = item.get("verificationMethod"), item.get("proofValue")
        if item.get("proofPurpose") != PURPOSE or not isinstance(method, str) or not isinstance(value, str):
            continue
        if len(method) <= MAX_METHOD_CHARACTERS and value[:1] == "z" and len(value) < 128:
            options = {name: entry for name, entry in item.items() if name != "proofValue"}
            try:
                return Proof(method, keys.from_base58(value[1:]), options)
            except SignatureError:
                continue
    return None


def verify(document: JSON, proof: Proof, key: keys.PublicKey, now: datetime) -> None:
    """Raise SignatureError unless the key made the proof over this document.

    Signers hash the options with the document's context in them, and some leave that out of what they send: the options
    are tried as they came, then so. What says `@context` itself must begin the document's, and is what was hashed.
    """
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError("the proof was not made with an Ed25519 key")
    _check_time(proof, now)
    # A signature of the other kind is put in after the proof.
    body = {name: value for name, value in document.items() if name not in ("proof", "signature")}
    context = body.get("@context")
    own = proof.options.get("@context")
    if own is not None:
        if not _begins(own, context):
            raise SignatureError("the context of the proof is not the document's")
        body["@context"] = own
    attempts = [proof.options]
    if own is None and context is not None:
        attempts.append({**proof.options, "@context": context})
    hashed = _hash(body)
    if not any(keys.verifies(key, proof.value, _hash(options) + hashed) for options in attempts):
        raise SignatureError("the proof does not match the document")


def attach(document: JSON, key: Ed25519PrivateKey, method: str, now: datetime) -> JSON:
    """The document with a proof of ours: its context gains the terms of proofs, and stands in the proof too, since that
    is what everybody hashes. One that has no canonical form is given back as it is."""
    context = document["@context"] if isinstance(document["@context"], list) else [document["@context"]]
    if CONTEXT not in context:
        # Behind the other addresses, before the terms declared in place.
        at = next((number for number, item in enumerate(context) if not isinstance(item, str)), len(context))
        context = [*context[:at], CONTEXT, *context[at:]]
    body = {**document, "@context": context}
    options = {
        "@context": context,
        "type": TYPE,
        "cryptosuite": SUITE,
        "verificationMethod": method,
        "proofPurpose": PURPOSE,
        "created": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    try:
        message = _hash(options) + _hash(body)
    except SignatureError:
        return document
    return {**body, "proof": {**options, "proofValue": "z" + keys.to_base58(key.sign(message))}}


def _begins(own: Any, context: Any) -> bool:
    first = own if isinstance(own, list) else [own]
    whole = context if isinstance(context, list) else [context]
    return whole[: len(first)] == first


def _hash(value: JSON) -> bytes:
    try:
        return hashlib.sha256(rfc8785.dumps(value)).digest()
    except (rfc8785.CanonicalizationError, RecursionError) as exc:
        raise SignatureError("the document has no canonical form") from exc


def _check_time(proof: Proof, now: datetime) -> None:
    """Proofs are read long after they were made; but not before, and not after they say they end."""
    created, expires = (_moment(proof.options.get(name)) for name in ("created", "expires"))
    if created is not None and created > now + WINDOW:
        raise SignatureError("the proof was made in the future")
    if expires is not None and expires + WINDOW < now:
        raise SignatureError("the proof has expired")


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except (ValueError, TypeError) as exc:
        raise SignatureError("a date of the proof cannot be read") from exc
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
