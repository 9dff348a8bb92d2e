"""Ktistec (facts: src/framework/signature.cr at ebb684dc)."""

from tests.interop import signatures
from tests.interop.peer import Peer


class Ktistec(Peer):
    software = "Ktistec"
    host = "ktistec.test"
    can = Peer.can - {"warn", "report", "block"}
    actor_path = "/actors/{name}"
    reads_query = False
    shared_inbox = None
    covered = ("(request-target)", "host", "date", "digest", "content-type", "content-length")
    form = 'keyId="{key_id}",signature="{signature}",headers="{covered}"'

    def parse(self, header: str) -> dict[str, str]:
        return signatures.naive(header)
