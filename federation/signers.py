"""Who signed a request: the key that it names, with its owner, proven by the owner's own document."""

import asyncio
from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from cachetools import TTLCache

from federation import actors, origins
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry, SignatureError
from federation.signatures import keys as public_keys
from federation.signatures import verify
from federation.signatures.requests import SignedRequest
from federation.signatures.verify import Claim
from federation.vocab import actor as vocab
from federation.vocab import normalise
from storage import accounts, keys
from storage.accounts import Account
from storage.keys import Key

# A key that does not fit is asked for again this often: rotation is rare, and forged signatures must cost us nothing.
REFRESH_SECONDS = 300
# Anybody can name keys of a third server. So many that were none, and for a while it is not asked for any that the same
# caller names.
FRUITLESS, FRUITLESS_SECONDS = 200, 60
# Asked for at once on one host: whoever waits sees first what came of the others.
AT_ONCE = 10


class Signer(msgspec.Struct, frozen=True):
    """A stored key and whose it is."""

    key: Key
    account: Account

    @property
    def public_pem(self) -> str:
        return self.key.public_pem

    @property
    def owner(self) -> str:
        """The actor's URI."""
        return self.account.uri


async def stored(fed: Fed, key_id: str) -> Signer | None:
    """The key as far as we know it, without asking anybody."""
    async with fed.db.read() as conn:
        found = await keys.with_owner(conn, key_id)
    return Signer(*found) if found is not None else None


async def key(fed: Fed, key_id: str, *, refresh: bool = False, caller: str = "") -> Signer:
    """The key of that id, fetched with its owner when it is not known. `refresh`: what is known did not fit; asked for
    again now and then. `caller` names it.

    Raises SignatureError when there is no such key or it was read again a moment ago, Gone when its owner does not
    exist any more, Retry when its server does not answer.
    """
    known = await stored(fed, key_id)
    if known is not None and not refresh:
        return known
    if known is not None and (known.account.is_local or not _may_refresh(fed, key_id)):
        raise SignatureError("the signature does not match")
    return await _fetch(fed, key_id, caller)


async def verified(fed: Fed, request: SignedRequest, claims: Sequence[Claim]) -> tuple[Signer, Claim]:
    """Whoever made the first signature that is good, and that signature; a known key that does not fit is read again,
    since keys are replaced now and then.

    Raises SignatureError, Gone or Retry, as the last of them ended.
    """
    for number, claimed in enumerate(claims, 1):
        try:
            return await _verified(fed, request, claimed), claimed
        except (SignatureError, Gone, Retry):
            if number == len(claims):
                raise
    raise SignatureError("the request is not signed")


async def _verified(fed: Fed, request: SignedRequest, claimed: Claim) -> Signer:
    found = await key(fed, claimed.key_id, caller=request.client)
    try:
        verify.confirm(request, claimed, public_keys.load_public(found.public_pem))
    except SignatureError:
        found = await key(fed, claimed.key_id, refresh=True, caller=request.client)
        verify.confirm(request, claimed, public_keys.load_public(found.public_pem))
    return found


def _may_refresh(fed: Fed, key_id: str) -> bool:
    recent = _recent(fed)
    if key_id in recent:
        return False
    recent[key_id] = True
    return True


def _recent(fed: Fed) -> TTLCache[str, bool]:
    """What was asked for lately in vain: key ids that did not fit, addresses that did not show the key."""
    recent: TTLCache[str, bool] | None = fed.memory.get("signers.recent")
    if recent is None:
        recent = fed.memory["signers.recent"] = TTLCache(10_000, REFRESH_SECONDS)
    return recent


async def _fetch(fed: Fed, key_id: str, caller: str) -> Signer:
    address = key_id.partition("#")[0]
    if f"{address}#" in _recent(fed):
        raise SignatureError("the owner of the key does not list it")
    try:
        authority = origins.parsed(address).authority
    except Rejected as exc:
        raise SignatureError(str(exc)) from exc
    async with _turn(fed, authority):
        await _ask(fed, address, (caller, authority))
    found = await stored(fed, key_id)
    if found is None:
        # Any number of ids can be made up for one address.
        _recent(fed)[f"{address}#"] = True
        raise SignatureError("the owner of the key does not list it")
    return found


def _turn(fed: Fed, authority: str) -> asyncio.Semaphore:
    turns: WeakValueDictionary[str, asyncio.Semaphore] = fed.memory.setdefault("signers.turns", WeakValueDictionary())
    return turns.setdefault(authority, asyncio.Semaphore(AT_ONCE))


async def _ask(fed: Fed, address: str, asked: tuple[str, str]) -> None:
    fruitless: TTLCache[tuple[str, str], int] | None = fed.memory.get("signers.fruitless")
    if fruitless is None:
        fruitless = fed.memory["signers.fruitless"] = TTLCache(10_000, FRUITLESS_SECONDS)
    if fruitless.get(asked, 0) >= FRUITLESS:
        raise SignatureError(f"too many keys of {asked[1]} were none")
    try:
        await origins.once(fed, ("key", address), lambda: _learn(fed, address))
    except (Rejected, Gone) as exc:
        fruitless[asked] = fruitless.get(asked, 0) + 1
        if isinstance(exc, (SignatureError, Gone)):
            raise
        raise SignatureError(f"the key cannot be had: {exc}") from exc


async def _learn(fed: Fed, address: str) -> None:
    """Store the actor whose key it is. The document found may be the actor, or the bare key that names its owner; only
    what the owner's own document lists is ever stored."""
    async with fed.db.read() as conn:
        known = await accounts.by_uri(conn, address)
    try:
        found = await origins.document(fed, address, again=known is not None)
    except Gone:
        if known is not None:
            await actors.mark_gone(fed, address)
        raise
    owner = _owner(found.body)
    if owner is None or not normalise.same_host(owner, address):
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
