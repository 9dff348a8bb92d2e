"""Canonical form of a document that bears a linked data signature, in a process of its own: `python -m` this module.

The algorithm (URDNA2015) takes exponential time over documents made for it, and its library 28 MB: so there are limits
on both, and the server itself never loads it. A document on standard input, two hashes in hex on standard output; none
for an activity that says another thing to who reads it as plain JSON, as contexts can make it do.
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
AS2 = "https://www.w3.org/ns/activitystreams#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


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
    graph = _normal(document)
    if not _is_as_it_reads(document, graph):
        return 1
    sys.stdout.write(f"{_hash(_normal(options))} {_hash(graph)}")
    return 0


def _is_as_it_reads(document: dict[str, Any], graph: str) -> bool:
    """Whether type, actor and object are to the graph what they are to a reader of JSON: a context may call a Like a
    Delete."""
    about = document.get("object")
    about = about.get("id") if isinstance(about, dict) else about
    read = {TYPE: f"{AS2}{document.get('type')}", f"{AS2}actor": document.get("actor"), f"{AS2}object": about}
    subject = f"<{document.get('id')}> "
    for name, value in read.items():
        start = f"{subject}<{name}> "
        if [line for line in graph.split("\n") if line.startswith(start)] != [f"{start}<{value}> ."]:
            return False
    return True


def _hash(graph: str) -> str:
    return hashlib.sha256(graph.encode()).hexdigest()


def _normal(document: dict[str, Any]) -> str:
    normal: str = jsonld.normalize(
        document,
        {
            "algorithm": "URDNA2015",
            "format": "application/n-quads",
            # Nothing is ever fetched: what uses other contexts is not verified.
            "documentLoader": FrozenDocumentLoader(),
        },
    )
    return normal


if __name__ == "__main__":
    sys.exit(main())
