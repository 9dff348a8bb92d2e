"""Around every document we serve: who asks, whether they may, and which headers the answer needs.

Nobody is asked to sign, unless the operator wants it so. Who does is recognised, and may then read what is addressed to
them.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from federation import alive, policy, signers
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry
from federation.http.addresses import parse_url
from federation.http.callers import client_ip
from federation.http.errors import BadUrl
from federation.signatures import verify
from federation.signatures.requests import SignedRequest
from federation.vocab.context import wrap

JSON = dict[str, Any]  # Any: ActivityStreams
ACTIVITY = "application/activity+json; charset=utf-8"
PUBLIC_SECONDS = 60

_VARY = "Accept, Signature"
_MEDIA_TYPES = ("application/activity+json", "application/ld+json")


class Hidden(Exception):
    """There is nothing here for whoever asks: absent and forbidden look the same."""


class Unsigned(Exception):
    """Whoever asks has to prove who they are; perhaps they can, signed another way."""


class Visitor(msgspec.Struct, frozen=True):
    """Who asks. `account_id` is None, and `uri` empty, for everybody whose signature we did not verify."""

    account_id: int | None = None
    uri: str = ""


def wants_activity(request: Request) -> bool:
    """Whether a document is asked for rather than a page: any of its media types, whatever parameters it carries."""
    for item in ",".join(request.headers.getlist("accept")).split(","):
        kind, _, parameters = item.partition(";")
        refused = "q=0" in (part.strip().removesuffix(".000").removesuffix(".0") for part in parameters.split(";"))
        if kind.strip().lower() in _MEDIA_TYPES and not refused:
            return True
    return False


def conditional(request: Request, response: Response) -> Response:
    """304 when whoever asks has this very answer already."""
    if response.status_code != 200 or request.method not in ("GET", "HEAD"):
        return response
    tag = f'W/"{hashlib.sha256(bytes(response.body)).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    known = [value.strip() for value in request.headers.get("if-none-match", "").split(",")]
    if tag not in known:
        return response
    kept = {name: response.headers[name] for name in ("ETag", "Vary", "Cache-Control") if name in response.headers}
    return Response(status_code=304, headers=kept)


def is_signed(request: Request) -> bool:
    headers = request.headers
    return "signature" in headers or headers.get("authorization", "")[:10].lower() == "signature "


async def visitor(fed: Fed, request: Request, *, ask: bool = False) -> Visitor:
    """Who signed the request; a signature that proves nothing makes nobody of them. `ask`: fetch a key we do not know,
    which is worth it only where it would change the answer. Raises Hidden for a host we do not talk to, Unsigned for
    nobody where the operator wants to know who asks."""
    if not is_signed(request):
        return _stranger(fed)
    found = await _signer(fed, request, ask=ask or fed.site.asks_who)
    if found is None:
        return _stranger(fed)
    await _admit(fed, found.owner)
    if found.account.suspended_at is not None:
        raise Hidden
    await alive.noted(fed, found.owner)
    return Visitor(found.account.id, found.owner)


async def signed_visitor(fed: Fed, request: Request) -> Visitor:
    """Somebody, never nobody. Raises Unsigned or Hidden."""
    found = await visitor(fed, request, ask=True)
    if found.account_id is None:
        raise Unsigned
    return found


def received(fed: Fed, request: Request, body: bytes = b"") -> SignedRequest:
    """As it is verified."""
    headers = tuple(request.headers.items())
    return SignedRequest(request.method, target(request), headers, body, fed.site.scheme, client_ip(request))


async def _signer(fed: Fed, request: Request, *, ask: bool) -> signers.Signer | None:
    signed = received(fed, request)
    try:
        claims = verify.claims(signed, datetime.now(UTC), hosts=fed.site.hosts)
        for claimed in claims:
            await _admit(fed, claimed.key_id)
        if not ask:
            claims = [claimed for claimed in claims if await signers.stored(fed, claimed.key_id) is not None]
        return (await signers.verified(fed, signed, claims))[0] if claims else None
    except (Rejected, Gone, Retry):
        return None


def _stranger(fed: Fed) -> Visitor:
    if fed.site.authorized_fetch:
        raise Unsigned
    if fed.site.mode == "allowlist":
        raise Hidden
    return Visitor()


async def _admit(fed: Fed, uri: str) -> None:
    """Refuse a blocked host. The claim is enough for that: nobody claims to be blocked who is not."""
    try:
        host = parse_url(uri).authority
    except BadUrl:
        return
    async with fed.db.read() as conn:
        verdict = await policy.verdict(conn, fed.site, host)
    if not verdict.allowed and host != fed.site.host:
        raise Hidden


def target(request: Request) -> str:
    """Path and query as they came, which is what is signed."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope["query_string"]
    path = raw.partition(b"?")[0]
    return (path + b"?" + query if query else path).decode("latin-1")


def document(body: JSON, *, private: bool = False, seconds: int = PUBLIC_SECONDS) -> Response:
    """A document, given its context if it has none; `private` when it is not for everybody who asks."""
    return _answer(
        body if "@context" in body else wrap(body),
        200,
        "private, no-store" if private else f"public, max-age={seconds}",
    )


def tombstone(uri: str) -> Response:
    """410: it was here, and will not come back."""
    return _answer(wrap({"id": uri, "type": "Tombstone"}), 410, f"public, max-age={PUBLIC_SECONDS}")


def unsigned() -> Response:
    """401, so that a peer that knows another way to sign tries it."""
    return Response(
        orjson.dumps({"error": "Request not signed"}), 401,
        {"Vary": _VARY, "Cache-Control": "private, no-store"}, "application/json; charset=utf-8",
    )  # fmt: skip


def missing() -> Response:
    return Response(
        orjson.dumps({"error": "Record not found"}), 404,
        {"Vary": _VARY, "Cache-Control": "private, no-store"}, "application/json; charset=utf-8",
    )  # fmt: skip


def elsewhere(url: str) -> Response:
    """People are sent to the page."""
    return Response(status_code=302, headers={"Location": url, "Vary": _VARY, "Cache-Control": "public, max-age=60"})


def _answer(body: JSON, status: int, caching: str) -> Response:
    return Response(orjson.dumps(body), status, {"Vary": _VARY, "Cache-Control": caching}, ACTIVITY)
