"""Outgoing WebFinger (RFC 7033): from a handle to the actor that its domain names, the way round checked.

A handle belongs to its domain. What an actor's document says about its handle counts only when the WebFinger of that
domain points back to the actor; this allows a handle domain that differs from the server's, and forbids stolen ones.
"""

import contextlib
import re
from html import unescape
from typing import Any
from urllib.parse import quote

import msgspec

from federation import budgets
from federation.budgets import Budget
from federation.context import Fed
from federation.errors import Gone, Rejected
from federation.http import fetch
from federation.http.addresses import ascii_host, parse_url
from federation.http.errors import BadUrl
from federation.http.fetch import NotFound
from federation.origins import admit, judge, once, parsed
from federation.vocab import normalise
from federation.vocab.normalise import AS2

MAX_HOST_META_CHARACTERS = 16_384

# Bounded, and read from the beginning of the page only: the page is whatever a stranger sends.
_TEMPLATE = re.compile(r"<Link\b[^<>]{0,2500}>", re.IGNORECASE)
_LRDD = re.compile(r"\brel=[\"']lrdd[\"']", re.IGNORECASE)
_TEMPLATE_HREF = re.compile(r"\btemplate=[\"']([^\"']{1,2048})[\"']", re.IGNORECASE)
_HANDLE = re.compile(r"(?:acct:)?@?([^@\s/:?#\x00-\x1f\x7f]{1,255})@([^@\s/?#]{1,260})", re.IGNORECASE)
_PORT = re.compile(r"(.+):([0-9]{1,5})")
# What servers declare for visitors of other servers, with the variable of the template: OStatus' subscribe, which
# takes posts too wherever it is still offered, and FEP-3b86.
_SUBSCRIBE = ("http://ostatus.org/schema/1.0/subscribe", "{uri}")
_ACT = ("https://w3id.org/fep/3b86/Object", "{object}")
_FOLLOW = ("https://w3id.org/fep/3b86/Follow", "{object}")


class Handle(msgspec.Struct, frozen=True):
    """`domain` is lower-case ASCII, with a port if it is not the usual one. Compare with `matches`."""

    username: str
    domain: str

    def __str__(self) -> str:
        return f"{self.username}@{self.domain}"

    def matches(self, other: "Handle") -> bool:
        return str(self).lower() == str(other).lower()


class Found(msgspec.Struct, frozen=True):
    """What a domain says about a handle of its own."""

    handle: Handle
    actor_uri: str


def parse(text: str) -> Handle | None:
    """A handle in any spelling: `user@host`, `@user@host`, `acct:user@host`."""
    match = _HANDLE.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return Handle(match[1], domain(match[2]))
    except BadUrl:
        return None


def domain(text: str) -> str:
    """A handle's domain as we store it. Raises BadUrl."""
    match = _PORT.fullmatch(text)
    if match is None:
        return ascii_host(text)
    host, port = ascii_host(match[1]), int(match[2])
    return host if port in (443, 80) else f"{host}:{port}"


async def lookup(fed: Fed, asked: Handle, *, budget: Budget | None = None) -> Found:
    """The actor of a handle, under the handle that its domain calls the right one.

    If the answer names another handle, that one's domain is asked in turn and must confirm it; there is no third step.
    Raises Rejected, Gone or Retry.
    """
    found = await _ask(fed, asked, budget)
    if found.handle.matches(asked):
        return found
    confirmed = await _ask(fed, found.handle, budget)
    if not confirmed.handle.matches(found.handle):
        raise Rejected(f"{asked} leads to {found.handle}, which leads elsewhere")
    return confirmed


async def _ask(fed: Fed, handle: Handle, budget: Budget | None) -> Found:
    if fed.site.is_own(handle.domain):
        raise Rejected(f"{handle} would be ours")
    await admit(fed, handle.domain)
    await budgets.meet(fed, handle.domain)
    budget = budget or budgets.ongoing()
    if budget is not None:
        await budgets.spend(fed, budget, handle.domain)
    return _read(await _descriptor(fed, handle), handle)


async def interaction(fed: Fed, visitor: Handle, uri: str, *, somebody: bool = False) -> str | None:
    """Where the visitor's own server lets them act on the object `uri`; None when it names no place of its own.
    `somebody`: it is an account, which one follows.

    Raises Rejected, Gone or Retry.
    """
    await admit(fed, visitor.domain)
    descriptor = await _descriptor(fed, visitor)
    # The domain of the handle, and the host that it says the person lives on; nothing else is theirs to name.
    theirs = {visitor.domain}
    with contextlib.suppress(Rejected, BadUrl):
        theirs.add(parse_url(_read(descriptor, visitor).actor_uri).authority)
    for rel, variable in (_SUBSCRIBE, _ACT, *([_FOLLOW] if somebody else [])):
        for link in normalise.objects(descriptor.get("links")):
            template = normalise.text(link.get("template"), 2048)
            if normalise.text(link.get("rel"), 200) != rel or variable not in template:
                continue
            with contextlib.suppress(BadUrl):
                place = parse_url(template.replace(variable, quote(uri, safe="")))
                if place.authority in theirs and place.scheme == _scheme(fed, place.authority):
                    return place.full
    return None


async def _descriptor(fed: Fed, handle: Handle) -> dict[str, Any]:
    return await once(fed, ("webfinger", str(handle).lower()), lambda: _fetch(fed, handle))


async def _fetch(fed: Fed, handle: Handle) -> dict[str, Any]:
    resource = quote(f"acct:{handle}", safe="")
    base = f"{_scheme(fed, handle.domain)}://{handle.domain}"
    try:
        address = f"{base}/.well-known/webfinger?resource={resource}"
        return await fetch.fetch_jrd(fed.http, address, judge=judge(fed))
    except NotFound:
        template = await _template(fed, base)
        if template is None:
            raise
        place = parsed(template.replace("{uri}", resource))
        await admit(fed, place.authority)
        return await fetch.fetch_jrd(fed.http, place.full, judge=judge(fed))


def _scheme(fed: Fed, domain: str) -> str:
    """http only between servers under development, which listen on ports of their own."""
    return "http" if fed.site.allow_private and ":" in domain else "https"


async def _template(fed: Fed, base: str) -> str | None:
    """Where host-meta sends us, if it exists: older software keeps WebFinger at an address of its own."""
    try:
        page = await fetch.fetch_text(
            fed.http,
            f"{base}/.well-known/host-meta",
            accept="application/xrd+xml, application/xml, text/xml",
            media_types=("application/xrd+xml", "application/xml", "text/xml"),
            judge=judge(fed),
        )
    except (Rejected, Gone):
        return None
    for link in _TEMPLATE.findall(page.text[:MAX_HOST_META_CHARACTERS]):
        href = _TEMPLATE_HREF.search(link) if _LRDD.search(link) else None
        template = unescape(href[1]) if href else ""
        if "{uri}" in template:
            return template
    return None


def _read(descriptor: dict[str, Any], asked: Handle) -> Found:
    subject = parse(normalise.text(descriptor.get("subject"), 512)) or asked
    for link in normalise.objects(descriptor.get("links")):
        kind = normalise.text(link.get("type"), 200).lower()
        if normalise.text(link.get("rel"), 200) != "self" or not _is_activity(kind):
            continue
        href = normalise.iri(link.get("href"))
        if href is not None and normalise.is_http(href):
            return Found(subject, href)
    raise Rejected(f"{asked} has no ActivityPub actor")


def _is_activity(kind: str) -> bool:
    return kind.startswith("application/activity+json") or (kind.startswith("application/ld+json") and AS2 in kind)


def host_handle(username: str, actor_uri: str) -> Handle:
    """The handle an actor has when nothing else is known: its name at the host of its id. Raises BadUrl."""
    return Handle(username, parse_url(actor_uri).authority)
