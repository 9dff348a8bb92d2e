"""From what somebody names (a URI, a handle, a pasted address, a key id) to a stored row, asking its origin if need be.

Never called inside a transaction. Errors are those of `federation.errors`; `handle`, `handles`, `actors` and `url`
leave out what cannot be had instead.
"""

from typing import Any

import msgspec

from federation import actors as people
from federation import budgets, edits, origins, posts, tallies, webfinger
from federation.actors import actor, actors, handle, handles
from federation.budgets import Budget
from federation.context import Fed
from federation.errors import Gone, Rejected, Retry
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.signers import Signer, key
from federation.vocab import normalise, types
from federation.vocab import note as notes
from storage import accounts, statuses
from storage.accounts import Account
from storage.statuses import Status

__all__ = ["Budget", "Signer", "actor", "actors", "handle", "handles", "key", "status", "url"]

# An address may name an activity, which names its object: followed this far.
MAX_STEPS = 3


async def status(
    fed: Fed,
    uri: str,
    *,
    refresh: bool = False,
    quiet: bool = True,
    climb: bool = True,
    follow_quote: bool = True,
    budget: Budget | None = None,
) -> Status:
    """The post of a URI, fetched from its origin when it is not known.

    `refresh`: read it again now, for edits and the counts of its poll. `quiet`: nobody is told of a new one and no home
    receives it. `climb`: what it answers is fetched later, if unknown; `follow_quote`: what it quotes. Raises
    Rejected, Gone or Retry.
    """
    async with fed.db.read() as conn:
        known = await statuses.by_uri(conn, uri)
    if known is not None and (known.is_local or not refresh):
        if not quiet and not known.is_local:
            await posts.told(fed, known.id)
        return known
    found = await origins.document(fed, uri, budget=budget, again=refresh)
    wanted = _Wanted(quiet=quiet, climb=climb, follow_quote=follow_quote, budget=budget or budgets.current())
    return await _store(fed, found.body, wanted)


async def url(fed: Fed, text: str) -> Account | Status | None:
    """What a person pasted: a handle, or the address of an actor, a post or the web page of one."""
    text = text.strip()
    if not text.lower().startswith(("http://", "https://")):
        return await handle(fed, text) if webfinger.parse(text) is not None else None
    try:
        address = parse_url(text)
    except BadUrl:
        return None
    known = await _known(fed, text)
    if known is not None or origins.is_ours(fed, address):
        return known
    try:
        found = await origins.page(fed, text)
        known = await _known(fed, found.uri)
        if known is not None or origins.is_ours(fed, origins.parsed(found.uri)):
            return known
        if types.primary(found.body) in types.ACTORS:
            return await people.keep(fed, found.body)
        return await _store(fed, found.body, _Wanted(budget=budgets.current()))
    except (Rejected, Gone, Retry):
        return None


async def _known(fed: Fed, text: str) -> Account | Status | None:
    async with fed.db.read() as conn:
        account = await accounts.by_url(conn, text)
        if account is not None:
            return account if account.id > 0 else None
        return await statuses.by_uri_or_url(conn, text)


class _Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How a fetched post is stored: see `status`."""

    quiet: bool = True
    climb: bool = True
    follow_quote: bool = True
    budget: Budget


async def _store(fed: Fed, body: dict[str, Any], wanted: _Wanted, *, steps: int = MAX_STEPS) -> Status:
    """Store a fetched document that is a post, or follow the activity that it is to its object. Any: JSON."""
    doc = normalise.properties(body)
    if types.primary(doc) in ("Create", "Update"):
        target = normalise.iri(doc.get("object"))
        if target is None or steps == 0:
            raise Rejected("an activity without an object")
        found = await origins.document(fed, target, budget=wanted.budget)
        return await _store(fed, found.body, wanted, steps=steps - 1)
    parsed = notes.parse(doc)
    status_id, created = await posts.store(
        fed,
        parsed,
        quiet=wanted.quiet,
        fetched=True,
        climb=wanted.climb,
        follow_quote=wanted.follow_quote,
        budget=wanted.budget,
    )
    if not created:
        await edits.apply(fed, parsed)
    async with fed.db.read() as conn:
        stored = await statuses.by_id(conn, status_id)
    if stored is None:
        raise Rejected(f"{parsed.id} was deleted meanwhile")
    await tallies.note(fed, stored, parsed)
    return stored
