"""What happens before 202: size, shape, policy, signature, room; then the activity is stored, and nothing more.

Verified while the sender waits, because a 401 makes it try another way; handled later by the worker. 202 is answered
only after the commit. Activities that arrive within a few milliseconds of each other share a transaction. Three queries
for each: the policy, the key, and the insertion, which leaves out what arrived before.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from federation import alive, counters, resolve, serving, signers, uris
from federation.context import Fed
from federation.errors import Crowded, Gone, Rejected, Retry, SignatureError
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.inbox import besides, intake, judging, room
from federation.signatures import verify
from federation.signatures.requests import SignedRequest
from federation.vocab import activity, normalise, types
from federation.vocab.activity import Activity
from storage import accounts

log = logging.getLogger("fedi.inbox")

RETRY_SECONDS = 60
# Mastodon leaves it out of the first: whoever signs is the one who asks. Lists have none.
_WITHOUT_ACTOR = types.COLLECTIONS | {"FeatureRequest"}


class Refusal(Exception):
    """An answer other than 202."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def receive(fed: Fed, request: Request, username: str | None) -> Response:
    """POST of an inbox; `username` for a personal one. 202, or 400, 401, 403, 404, 413, 429, 503 and why."""
    try:
        body = await _body(request)
        document, envelope = _parse(body)
        recipient_id = await _recipient(fed, username)
        signed, claims = _claims(fed, request, body)
        key_ids = [claim.key_id for claim in claims] if not isinstance(claims, SignatureError) else []
        judgement = await judging.judge(fed, envelope, document, key_ids=key_ids, recipient_id=recipient_id)
        if judgement.outcome in ("reject", "forged"):
            raise Refusal(403 if judgement.outcome == "reject" else 401, judgement.reason)
        if judgement.outcome != "drop" and not await _farewell_of_a_stranger(fed, envelope):
            sender_uri, claim = await _verify(fed, signed, claims, envelope)
            if envelope.actor is None:
                document["actor"] = sender_uri
                envelope = activity.arrived(document)
            await _check_room(fed, parse_url(sender_uri).authority)
            if await intake.is_replayed(fed, envelope, claim):
                counters.inbox(202)
                return Response(status_code=202)
            limited = judgement.outcome == "limit"
            await intake.store(fed, document, envelope, recipient_id, sender_uri, limited=limited)
            await intake.heard(fed, envelope, claim)
            if claim is not None and sender_uri == envelope.actor:
                await besides.learn(fed, request, sender_uri, claim)
    except Refusal as exc:
        counters.inbox(exc.status)
        log.info("refused", extra={"status": exc.status, "error": str(exc)})
        headers = {"Retry-After": str(RETRY_SECONDS)} if exc.status in (429, 503) else None
        return JSONResponse({"error": str(exc)}, exc.status, headers=headers)
    counters.inbox(202)
    return Response(status_code=202)


async def _body(request: Request) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > normalise.MAX_BYTES:
            raise Refusal(413, "The activity is too large")
        chunks.append(chunk)
    return b"".join(chunks)


def _parse(body: bytes) -> tuple[normalise.JSON, Activity]:
    try:
        document = normalise.loads(body)
        envelope = activity.arrived(document)
    except Rejected as exc:
        raise Refusal(400, str(exc)) from exc
    if envelope.actor is None and envelope.type not in _WITHOUT_ACTOR:
        raise Refusal(400, "The activity has no actor")
    if envelope.actor is not None:
        try:
            parse_url(envelope.actor)
        except BadUrl as exc:
            raise Refusal(400, "The actor is not a web address") from exc
    return document, envelope


async def _recipient(fed: Fed, username: str | None) -> int | None:
    if username is None:
        return None
    async with fed.db.read() as conn:
        uri = uris.actor(fed.site.base_url, username)
        account = await accounts.at(conn, uri, username, fed.site.domain)
    if account is None or not account.is_local:
        raise Refusal(404, "There is nobody of that name")
    return account.id


async def _farewell_of_a_stranger(fed: Fed, envelope: Activity) -> bool:
    """A Delete or an Update of somebody whom nobody here knows: every server gets them, none looks for their key."""
    if envelope.type not in ("Delete", "Update") or envelope.object_id != envelope.actor:
        return False
    async with fed.db.read() as conn:
        return await accounts.by_uri(conn, envelope.actor or "") is None


def _claims(fed: Fed, request: Request, body: bytes) -> tuple[SignedRequest, Sequence[verify.Claim] | SignatureError]:
    """What the signatures claim to be, or what is wrong with them."""
    signed = serving.received(fed, request, body)
    try:
        strict = not fed.site.lenient_host
        return signed, verify.claims(signed, datetime.now(UTC), hosts=fed.site.hosts, require_host=strict)
    except SignatureError as exc:
        return signed, exc


async def _verify(
    fed: Fed, signed: SignedRequest, claims: Sequence[verify.Claim] | SignatureError, envelope: Activity
) -> tuple[str, verify.Claim | None]:
    """Check the signature; who signed, and with what signature. If that is not its actor, they pass on what somebody
    else said."""
    try:
        if isinstance(claims, SignatureError):
            raise claims
        signer_uri, claim = await _signer(fed, signed, _fitting(claims, envelope), envelope)
    except SignatureError as exc:
        raise Refusal(exc.status, str(exc)) from exc
    await alive.noted(fed, signer_uri)
    if signer_uri == envelope.actor or envelope.actor is None:
        return signer_uri, claim
    if not _may_be_passed_on(envelope):
        raise Refusal(401, "The signer is not the actor")
    return signer_uri, claim


def _may_be_passed_on(envelope: Activity) -> bool:
    return envelope.type in ("Create", "Update", "Delete") and envelope.object_id is not None


def _fitting(claims: Sequence[verify.Claim], envelope: Activity) -> Sequence[verify.Claim]:
    """Those that can prove anything: a key lies where its owner does, and nobody is asked for one that does not."""
    if envelope.actor is None or _may_be_passed_on(envelope):
        return claims
    found = [claim for claim in claims if normalise.same_host(claim.key_id, envelope.actor)]
    if not found:
        raise SignatureError("the key is not on the host of the actor")
    return found


async def _signer(
    fed: Fed, signed: SignedRequest, claims: Sequence[verify.Claim], envelope: Activity
) -> tuple[str, verify.Claim | None]:
    """The actor whose key made a signature, and which; none where the key is gone with the actor."""
    try:
        found, claim = await signers.verified(fed, signed, claims)
    except Gone as exc:
        # The account is gone and its key with it: its own farewell is believed if its server confirms it.
        farewell = envelope.type == "Delete" and envelope.object_id == envelope.actor
        if farewell and await _is_gone(fed, claims[-1].key_id, envelope.actor or ""):
            return envelope.actor or "", None
        raise Refusal(401, "The key is gone") from exc
    except Crowded as exc:
        raise Refusal(429, "Too many servers of your domain are new here") from exc
    except Retry as exc:
        raise Refusal(503, "The key cannot be fetched now") from exc
    except SignatureError:
        raise
    except Rejected as exc:
        raise Refusal(401, f"The key was refused: {exc}") from exc
    return found.owner, claim


async def _is_gone(fed: Fed, key_id: str, actor_uri: str) -> bool:
    """Whether the actor's own address answers that it is gone. That of some key on its host says nothing about it."""
    if not normalise.same_host(key_id, actor_uri):
        return False
    if key_id.partition("#")[0] == actor_uri:
        return True
    try:
        await resolve.actor(fed, actor_uri, refresh=True)
    except Gone:
        return True
    except (Rejected, Retry):
        return False
    return False


async def _check_room(fed: Fed, host: str) -> None:
    match await room.left(fed, host):
        case "site full":
            raise Refusal(429, "Too much of yours waits here to be handled")
        case "all full":
            raise Refusal(503, "Too much waits here to be handled")
