"""Linked Data Signatures (RsaSignature2017): made where the operator wants them, and believed about deletions alone.

What is signed is a graph: names that no context declares are not part of it, and some keywords make another document of
the same graph. So a good signature is never a reason to believe the JSON around it.
"""

import asyncio
import base64
import sys
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from msgspec import Struct

from federation.errors import SignatureError
from federation.signatures import keys

JSON = dict[str, Any]  # Any: whatever arrives

TYPE = "RsaSignature2017"
MAX_BYTES = 16 * 1024
# Objects without an id; permuting them is what takes the time.
MAX_NAMELESS = 24
SECONDS = 10.0
_FORBIDDEN = frozenset(("@graph", "@included", "@reverse", "@nest", "@index"))
SECURITY = "https://w3id.org/security/v1"
# One at a time: each is a process. A semaphore belongs to a loop.
_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Signature(Struct, frozen=True):
    creator: str
    value: bytes


def find(document: JSON) -> Signature | None:
    """The signature of a document, if it has one that can be verified."""
    found = document.get("signature")
    if not isinstance(found, dict) or found.get("type") != TYPE:
        return None
    creator, value = found.get("creator"), found.get("signatureValue")
    if not isinstance(creator, str) or not isinstance(value, str) or len(creator) > 2_048 or len(value) > 2_048:
        return None
    try:
        return Signature(creator, base64.b64decode(value))
    except ValueError:
        return None


async def verify(document: JSON, signature: Signature, key: keys.PublicKey) -> None:
    """Raise SignatureError unless the key made the signature over this document's graph."""
    if not isinstance(key, RSAPublicKey):
        raise SignatureError("the signature was not made with an RSA key")
    _guard(document)
    hashes = await _hashes(document)
    if not keys.verifies(key, signature.value, hashes):
        raise SignatureError("the signature does not match the document")


async def sign(document: JSON, key: RSAPrivateKey, creator: str, now: datetime) -> JSON:
    """The document with a signature of ours; its context gains the terms of signatures. Raise SignatureError for one
    that has no canonical form."""
    context = document["@context"] if isinstance(document["@context"], list) else [document["@context"]]
    if SECURITY not in context:
        context = [context[0], SECURITY, *context[1:]]
    options = {"type": TYPE, "creator": creator, "created": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    body = {**document, "@context": context}
    value = keys.sign(key, await _hashes({**body, "signature": options}))
    return {**body, "signature": {**options, "signatureValue": base64.b64encode(value).decode()}}


def _guard(document: JSON) -> None:
    """Refuse what reads as another document than it is, or takes too long to tell."""
    if len(orjson.dumps(document)) > MAX_BYTES:
        raise SignatureError("the document is too large to verify")
    nameless, waiting = 0, [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            nameless += "id" not in item and "@id" not in item
            waiting.extend(item.values())
            if not _FORBIDDEN.isdisjoint(item) or nameless > MAX_NAMELESS:
                raise SignatureError("the document is not plain enough to verify")
        elif isinstance(item, str) and (item.startswith("_:") or item in _FORBIDDEN):
            raise SignatureError("the document is not plain enough to verify")


async def _hashes(document: JSON) -> bytes:
    async with _rooms.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1)):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "federation.signatures.linked_data_process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                out, _ = await process.communicate(orjson.dumps(document))
        except TimeoutError as exc:
            raise SignatureError("the document takes too long to verify") from exc
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    parts = out.split()
    if process.returncode != 0 or [len(part) for part in parts] != [64, 64]:
        raise SignatureError("the document cannot be verified")
    return b"".join(parts)
