"""A remote server that verifies what it is sent, by the kinds of signature it knows, and refuses the rest."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from federation.errors import SignatureError
from federation.signatures import keys, verify
from federation.signatures.requests import SignedRequest
from tests.support.puppet import Puppet
from tests.support.servers import Node


class Strict(Puppet):
    """Takes the kinds in `takes`. `knocks` are the attempts in their order: (method, kind, whether it was taken)."""

    def __init__(self, node: Node, host: str, *takes: str) -> None:
        super().__init__(node.network, host)
        self.node = node
        self.takes = set(takes)
        self.knocks: list[tuple[str, str, bool]] = []
        self.refusal = 401
        self.challenge: str | None = None
        self.unsigned_get = True
        self.headers: list[dict[str, str]] = []

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        open_path = self.unsigned_get or request.url.path.startswith("/.well-known")
        if request.method == "GET" and open_path:
            await super()._app(scope, receive, send)
            return
        kind = "rfc9421" if "signature-input" in request.headers else "cavage"
        body = await request.body()
        taken = kind in self.takes and await self._verifies(request, body)
        self.knocks.append((request.method, kind, taken))
        self.headers.append(dict(request.headers))
        if not taken:
            headers = {"Accept-Signature": self.challenge} if self.challenge else None
            await Response(status_code=self.refusal, headers=headers)(scope, receive, send)
            return

        async def again() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        await super()._app(scope, again, send)

    async def _verifies(self, request: Request, body: bytes) -> bool:
        query = request.url.query
        target = request.url.path + (f"?{query}" if query else "")
        signed = SignedRequest(request.method, target, tuple(request.headers.items()), body)
        try:
            claim = verify.claims(signed, datetime.now(UTC), hosts={self.host})[0]
            # As many do: unsigned, and from the address without its fragment.
            address = claim.key_id.partition("#")[0].removeprefix(self.node.base_url)
            answer = await self.node.client.get(address, headers={"Accept": "application/activity+json"})
            document = answer.json()
            listed = [document["publicKey"], *document.get("assertionMethod", ())]
            [key] = [item for item in listed if item["id"] == claim.key_id]
            verify.confirm(signed, claim, keys.load_public(key.get("publicKeyPem") or key["publicKeyMultibase"]))
        except (SignatureError, ValueError):
            return False
        return True

    @property
    def kinds(self) -> list[str]:
        """Of the POSTs."""
        return [kind for method, kind, _ in self.knocks if method == "POST"]
