"""Quotes with consent (FEP-044f): who may quote, and every spelling of a quote that we send. `consent` has the rest."""

from typing import Any

from msgspec import Struct

from federation.vocab import interaction
from federation.vocab.audience import PUBLIC
from federation.vocab.interaction import Policy
from federation.vocab.normalise import AS2, JSON

_LINK = {
    "mediaType": f'application/ld+json; profile="{AS2}"',
    "rel": "https://misskey-hub.net/ns#_misskey_quote",
}
AUTHORIZATION, REQUEST = "QuoteAuthorization", "QuoteRequest"


class Outgoing(Struct, frozen=True):
    """What a post of ours quotes. `consented` is false when the quoted has refused; `gone` when it is deleted."""

    uri: str
    page: str
    consented: bool = True
    gone: bool = False
    authorization: str | None = None


def parse_policy(doc: JSON) -> Policy | None:
    """None when there is none, so that nobody said anything about quotes."""
    return interaction.policy(doc, "canQuote")


def render_policy(who: str, author: str, followers: str | None) -> JSON:
    """`who`: public, followers or nobody. The author alone means nobody."""
    return interaction.render("canQuote", {"public": PUBLIC, "followers": followers}.get(who) or author)


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
