"""Addressing and visibility: the one translation between `to`/`cc` and the four levels people know."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct

from federation.vocab import normalise
from federation.vocab.normalise import AS2, host

Visibility = Literal["public", "unlisted", "private", "direct"]

PUBLIC = AS2 + "#Public"
_ALIASES = frozenset({PUBLIC, "as:Public", "Public"})


class Audience(Struct, frozen=True):
    to: tuple[str, ...]
    cc: tuple[str, ...]


def addresses(value: Any) -> tuple[str, ...]:
    """A `to` or `cc` property: ids once each, every spelling of the public collection as the one full address."""
    found = []
    for item in normalise.many(value):
        named = item.get("id") if isinstance(item, dict) else item
        iri = PUBLIC if isinstance(named, str) and is_public(named) else normalise.iri(item)
        if iri:
            found.append(iri)
    return tuple(dict.fromkeys(found))


def is_public(iri: str) -> bool:
    return iri in _ALIASES


def visibility(to: Iterable[str], cc: Iterable[str], followers: str | None, *, author: str | None = None) -> Visibility:
    """Who an object is for. `followers` is the collection the author's document names.

    When that is not known, a collection on the author's host whose path ends in /followers counts as theirs. Nothing
    addressed at all yields "direct": whether it is unlisted instead (fetched anonymously) is known to the caller.
    """
    to, cc = list(to), list(cc)
    if any(is_public(iri) for iri in to):
        return "public"
    if any(is_public(iri) for iri in cc):
        return "unlisted"
    for iri in (*to, *cc):
        if iri == followers or (iri.endswith("/followers") and author is not None and host(iri) == host(author)):
            return "private"
    return "direct"


def audience(level: Visibility, followers: str, mentioned: Sequence[str] = ()) -> Audience:
    """What we address for a visibility; `mentioned` are actor ids."""
    people = tuple(dict.fromkeys(mentioned))
    if level == "public":
        return Audience((PUBLIC,), (followers, *people))
    if level == "unlisted":
        return Audience((followers,), (PUBLIC, *people))
    if level == "private":
        return Audience((followers,), people)
    return Audience(people, ())
