"""Mentions: `@alice`, `@alice@example.org`; the domain may be in any script and may carry a port."""

import re

import idna

from fedi.text.characters import follows_word, is_word

Handle = tuple[str, str | None]
"""(username in lower case, domain in lower-case ASCII or None as typed): equal for one person."""

_USERNAME = re.compile(r"[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*")
_PORT = re.compile(r":[0-9]{1,5}(?![0-9])")
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::[0-9]{1,5})?")
MAX_USERNAME = 255
MAX_DOMAIN = 253


def at(text: str, start: int) -> tuple[str, str | None, int] | None:
    """The mention whose sign stands at `start` as (username, domain, end), both as typed, or None."""
    if follows_word(text, start, also="/="):
        return None
    found = _USERNAME.match(text, start + 1)
    if not found or len(found[0]) > MAX_USERNAME:
        return None
    end = found.end()
    if end < len(text) and text[end] == "@":
        stop = _domain_end(text, end + 1)
        domain = text[end + 1 : stop]
        if domain:
            return (found[0], domain, stop) if normalise_domain(domain) else None
    return found[0], None, end


def handle(username: str, domain: str | None) -> Handle:
    return username.lower(), None if domain is None else normalise_domain(domain)


def normalise_domain(domain: str) -> str | None:
    """Lower-case ASCII (IDNA), keeping a port; None for what cannot be a host."""
    host, colon, port = domain.partition(":")
    if not host or len(host) > MAX_DOMAIN:
        return None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            return None
    found = (host + colon + port).lower()
    return found if _HOST.fullmatch(found) else None


def _domain_end(text: str, start: int) -> int:
    """After the last label; a dot or hyphen counts only between two of them."""
    end = position = start
    while position < len(text):
        if is_word(text[position]):
            position += 1
            end = position
        elif text[position] in ".-" and position > start:
            position += 1
        else:
            break
    port = _PORT.match(text, end)
    return port.end() if port and end > start else end
