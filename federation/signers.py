"""Who signed a request: the key that it names, with its owner, proven by the owner's own document."""

from typing import Any

import msgspec
from cachetools import TTLCache

from federation import actors, origins
from federation.context import Fed
from federation.errors import Gone, Rejected, SignatureError
from federation.signatures import keys as public_keys
from federation.signatures import verify
from federation.signatures.draft_cavage import SignedRequest
from federation.signatures.verify import Claim
from federation.vocab import actor as vocab
from federation.vocab import normalise
from storage import accounts, keys
from storage.accounts import Account
from storage.keys import Key

# A key that does not fit is asked for again this often: rotation is rare, and forged signatures must cost us nothing.
REFRESH_SECONDS = 300


class Signer(msgspec.Struct, frozen=True):
    """A stored key and whose it is."""

    key: Key
    owner: Account


async def stored(fed: Fed, key_id: str) -> Signer | None:
    """The key as far as we know it, without asking anybody."""
    async with fed.db.read() as conn:
        key = await keys.by_uri(conn, key_id)
        owner = await accounts.by_id(conn, key.account_id) if key else None
    return Signer(key, owner) if key is not None and owner is not None else None


async def key(fed: Fed, key_id: str) -> Signer:
    """The key of that id, fetched with its owner when it is not known.

    Raises SignatureError when there is no such key, Gone when its owner does not exist any more, Retry when its server
    does not answer.
    """
    return await stored(fed, key_id) or await _fetch(fed, key_id)


async def verified(fed: Fed, request: SignedRequest, claimed: Claim) -> Signer:
    """Whoever made the signature; a known key that does not fit is read again, since keys are replaced now and then.

    Raises SignatureError, Gone or Retry.
    """
    known = await stored(fed, claimed.key_id)
    if known is not None:
        try:
            verify.confirm(request, claimed, public_keys.load_public(known.key.public_pem))
        except SignatureError:
            if known.owner.is_local or not _may_refresh(fed, claimed.key_id):
                raise
        else:
            return known
    found = await _fetch(fed, claimed.key_id)
    verify.confirm(request, claimed, public_keys.load_public(found.key.public_pem))
    return found


def _may_refresh(fed: Fed, key_id: str) -> bool:
    recent: TTLCache[str, bool] | None = fed.memory.get("signers.refreshed")
    if recent is None:
        recent = fed.memory["signers.refreshed"] = TTLCache(10_000, REFRESH_SECONDS)
    if key_id in recent:
        return False
    recent[key_id] = True
    return True


async def _fetch(fed: Fed, key_id: str) -> Signer:
    try:
        await _learn(fed, key_id)
    except SignatureError:
        raise
    except Rejected as exc:
        raise SignatureError(f"the key cannot be had: {exc}") from exc
    found = await stored(fed, key_id)
    if found is None:
        raise SignatureError("the owner of the key does not list it")
    return found


async def _learn(fed: Fed, key_id: str) -> None:
    """Store the actor whose key it is. The document found may be the actor, or the bare key that names its owner; only
    what the owner's own document lists is ever stored."""
    address = key_id.partition("#")[0]
    async with fed.db.read() as conn:
        known = await accounts.by_uri(conn, address)
    try:
        found = await origins.document(fed, address)
    except Gone:
        if known is not None:
            await actors.mark_gone(fed, address)
        raise
    owner = _owner(found.body)
    if owner is None or not normalise.same_host(owner, key_id):
        raise SignatureError("the key belongs to another host")
    if owner == normalise.iri(found.body.get("id")):
        await actors.keep(fed, found.body)
    else:
        await actors.actor(fed, owner, refresh=True)


def _owner(body: dict[str, Any]) -> str | None:
    """The owner that a bare key names, or the actor itself. Any: JSON."""
    document = normalise.properties(body)
    if "publicKeyPem" in document or "publicKeyMultibase" in document:
        return next((found.owner for found in vocab.keys(document)), None)
    return normalise.iri(document.get("id"))

