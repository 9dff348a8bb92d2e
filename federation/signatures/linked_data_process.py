"""Canonical form of a document that bears a linked data signature, in a process of its own: `python -m` this module.

The algorithm (URDNA2015) takes exponential time over documents made for it, and its library 28 MB: so there are limits
on both, and the server itself never loads it. A document on standard input, two hashes in hex on standard output.
"""

import hashlib
import json
import resource
import sys
from typing import Any

from pyld import jsonld
from pyld.documentloader.frozen import FrozenDocumentLoader

CPU_SECONDS = 3
MEMORY_BYTES = 512 * 1024 * 1024
SECURITY = "https://w3id.org/security/v1"


def main() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    except (ValueError, OSError):
        pass  # macOS knows it but refuses to set it
    document = json.load(sys.stdin)
    signature = document.pop("signature")
    options = {name: value for name, value in signature.items() if name not in ("type", "id", "signatureValue")}
    # identity/v1, which the signature is defined with, says of these terms what this one says.
    options["@context"] = SECURITY
    sys.stdout.write(f"{_hash(options)} {_hash(document)}")
    return 0


def _hash(document: dict[str, Any]) -> str:
    normal = jsonld.normalize(
        document,
        {
            "algorithm": "URDNA2015",
            "format": "application/n-quads",
            # Nothing is ever fetched: what uses other contexts is not verified.
            "documentLoader": FrozenDocumentLoader(),
        },
    )
    return hashlib.sha256(normal.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
