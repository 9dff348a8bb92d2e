"""Quotes with consent (FEP-044f): requests, stamps, and who may quote; and every spelling of a quote that we send."""

from typing import Any

from msgspec import Struct

from federation.vocab import normalise, types
from federation.vocab.audience import PUBLIC, addresses
from federation.vocab.context import bare, wrap
from federation.vocab.normalise import AS2, JSON

MAX_ENTRIES = 100
_LINK = {
    "mediaType": f'application/ld+json; profile="{AS2}"',
    "rel": "https://misskey-hub.net/ns#_misskey_quote",
}


class Authorization(Struct, frozen=True):
    """A stamp: `author` of the post `quoted` agrees that it is quoted by `quoting`. All are ids."""

    id: str
    author: str
    quoting: str
    quoted: str


class Request(Struct, frozen=True, kw_only=True):
    """The question of `actor`, whose post `quoting` quotes the post `quoted`."""

    id: str
    actor: str
    quoted: str
    quoting: str


class CanQuote(Struct, frozen=True):
    """Whom an author allows to quote a post at once, and whom to ask; ids of actors and collections."""

    automatic: tuple[str, ...]
    manual: tuple[str, ...]


class Outgoing(Struct, frozen=True):
    """What a post of ours quotes. `consented` is false when the quoted has refused; `gone` when it is deleted."""

    uri: str
    page: str
    consented: bool = True
    gone: bool = False
    authorization: str | None = None


def parse_authorization(document: JSON) -> Authorization | None:
    """None for what is no complete stamp."""
    doc = normalise.properties(document)
    names = ("id", "attributedTo", "interactingObject", "interactionTarget")
    found = [normalise.iri(doc.get(name)) for name in names]
    if types.primary(doc) != "QuoteAuthorization" or None in found:
        return None
    return Authorization(*(value or "" for value in found))


def render_authorization(stamp: Authorization) -> JSON:
    return wrap(
        {
            "id": stamp.id,
            "type": "QuoteAuthorization",
            "attributedTo": stamp.author,
            "interactingObject": stamp.quoting,
            "interactionTarget": stamp.quoted,
        }
    )


def parse_policy(doc: JSON) -> CanQuote | None:
    """`interactionPolicy.canQuote`; None when there is none, so that nobody said anything about quotes."""
    policy = normalise.properties(normalise.one(doc.get("interactionPolicy")))
    allowed = normalise.one(policy.get("canQuote"))
    if not isinstance(allowed, dict):
        return None
    found = normalise.properties(allowed)
    automatic = found.get("automaticApproval", found.get("always"))
    manual = found.get("manualApproval", found.get("approvalRequired"))
    return CanQuote(addresses(automatic)[:MAX_ENTRIES], addresses(manual)[:MAX_ENTRIES])


def render_policy(who: str, author: str, followers: str | None) -> JSON:
    """`who`: public, followers or nobody. The author alone means nobody."""
    allowed = {"public": PUBLIC, "followers": followers}.get(who) or author
    return {"canQuote": {"automaticApproval": [allowed]}}


def fields(quote: Outgoing) -> JSON:
    """The properties of a note that quotes. What has been refused is named to those only who know what that means."""
    if quote.gone:
        return {"quote": {"type": "Tombstone"}}
    found: dict[str, Any] = {"quote": quote.uri}
    if quote.consented:
        found |= {"quoteUrl": quote.uri, "quoteUri": quote.uri, "_misskey_quote": quote.uri}
    if quote.authorization:
        found["quoteAuthorization"] = quote.authorization
    return found


def link(quote: Outgoing) -> JSON:
    """The tag of FEP-e232."""
    return {"type": "Link", **_LINK, "href": quote.uri, "name": f"RE: {quote.page}"}


def request(asked: Request, note: JSON, *, author: str) -> JSON:
    """A QuoteRequest, with the post that quotes: its author is to see what they agree to."""
    return wrap({**_core(asked), "to": [author], "cc": [], "instrument": bare(note)})


def accept(uri: str, actor: str, asked: Request, stamp: str) -> JSON:
    return wrap({**_answer("Accept", uri, actor, asked), "result": stamp})


def reject(uri: str, actor: str, asked: Request) -> JSON:
    return wrap(_answer("Reject", uri, actor, asked))


def revoke(stamp: Authorization) -> JSON:
    """The Delete of a stamp."""
    return wrap(
        {
            "id": f"{stamp.id}#delete",
            "type": "Delete",
            "actor": stamp.author,
            "to": [PUBLIC],
            "cc": [],
            "object": bare(render_authorization(stamp)),
        }
    )


def _answer(kind: str, uri: str, actor: str, asked: Request) -> JSON:
    return {"id": uri, "type": kind, "actor": actor, "to": [asked.actor], "cc": [], "object": _core(asked)}


def _core(asked: Request) -> JSON:
    return {
        "id": asked.id,
        "type": "QuoteRequest",
        "actor": asked.actor,
        "object": asked.quoted,
        "instrument": asked.quoting,
    }
