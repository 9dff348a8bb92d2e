"""Collection-Synchronization (FEP-8fcf): the header by which two servers notice that they disagree about followers."""

import hashlib
import re
from collections.abc import Iterable

from msgspec import Struct

HEADER = "Collection-Synchronization"
MAX_CHARACTERS = 8_192
_PARAMETER = re.compile(r'[ \t]*([A-Za-z]{1,32})[ \t]*=[ \t]*"([^"\\]*)"[ \t]*(?:,|$)')
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Claim(Struct, frozen=True):
    """`collection` is the followers of the sender, `digest` of those who live here, `url` where they are listed."""

    collection: str
    digest: str
    url: str


def digest(uris: Iterable[str]) -> str:
    """The hashes of all ids, combined so that their order does not matter."""
    combined = 0
    for uri in uris:
        combined ^= int.from_bytes(hashlib.sha256(uri.encode()).digest(), "big")
    return f"{combined:064x}"


def header(claim: Claim) -> str:
    return f'collectionId="{claim.collection}", digest="{claim.digest}", url="{claim.url}"'


def parse(value: str) -> Claim | None:
    """None when it is malformed."""
    if len(value) > MAX_CHARACTERS:
        return None
    found: dict[str, str] = {}
    position = 0
    while position < len(value):
        match = _PARAMETER.match(value, position)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2]
        position = match.end()
    collection, url, hashed = found.get("collectionId"), found.get("url"), found.get("digest", "").lower()
    if not collection or not url or not _DIGEST.fullmatch(hashed):
        return None
    return Claim(collection, hashed, url)
