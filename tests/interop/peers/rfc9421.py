"""A server that reads RFC 9421 and nothing else [?]: none is known yet, but those that read it will drop the draft.

It asks for what they ask for. Mastodon 4.7: `@method`, `@target-uri`, `created`, `keyid`, one signature, on POST
`content-digest`. tootik (httpsig/*.go): on POST `content-type`, `@query` where there is one. Fedify: an hour, an `alg`
that fits the key.
"""

import re
from datetime import UTC, datetime

from tests.interop import signatures
from tests.interop.peer import JSON, Peer
from tests.interop.signatures import Request, Unread, Wrong

KNOWN = frozenset({"@method", "@target-uri", "@request-target", "@path", "@authority", "@query"})


class OnlyRFC9421(Peer):
    software = "Only9421"
    host = "modern.test"
    can = Peer.can | {"move"}
    scheme = "rfc9421"
    signed_only = True

    def check_digest(self, request: Request) -> None:
        if "signature-input" in request.headers:
            signatures.check_content_digest(request)

    async def _verified(self, request: Request, wanted: frozenset[str]) -> JSON:
        if "signature-input" not in request.headers:
            raise Unread("no signature-input")
        _, names, given = signatures.read_input(request)
        needed = {"@method", "@target-uri"} | ({"@query"} if "?" in request.target else set())
        needed |= {"content-digest", "content-type"} if request.method == "POST" else set()
        if missing := needed - set(names):
            raise Wrong(f"{missing} are not signed")
        if strange := [name for name in names if name not in KNOWN and not re.fullmatch("[a-z-]+", name)]:
            raise Wrong(f"{strange} are not known")
        if given.get("alg", "rsa-v1_5-sha256") != "rsa-v1_5-sha256":
            raise Wrong(f"{given['alg']} does not fit the key")
        if abs(datetime.now(UTC).timestamp() - int(given["created"])) > 3600:
            raise Wrong("it was not made now")
        document = await self.person(given["keyid"].partition("#")[0])
        if document["publicKey"]["id"] != given["keyid"]:
            raise Wrong(f"{given['keyid']} is not the key of {document['id']}")
        signatures.verify_rfc9421(request, document["publicKey"]["publicKeyPem"])
        return document
