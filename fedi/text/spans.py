"""One pass over a text for everything that becomes a link. Linear: no part is looked at more than a few times."""

import re

from msgspec import Struct

from fedi.text import mentions, tags, urls


class Span(Struct, frozen=True):
    start: int
    end: int


class URL(Span, frozen=True):
    url: str


class Mention(Span, frozen=True):
    username: str
    domain: str | None

    @property
    def handle(self) -> mentions.Handle:
        return mentions.handle(self.username, self.domain)


class Hashtag(Span, frozen=True):
    name: str


# A letter in front keeps "xhttp://" from being tried again at every scheme that ends another one.
_SIGN = re.compile(rf"[@{tags.SIGNS}]|(?<![A-Za-z])(?:{'|'.join(urls.SCHEMES)})://", re.IGNORECASE)


def spans(text: str) -> list[Span]:
    """In order, not overlapping; nothing is found inside an address."""
    found: list[Span] = []
    position = 0
    while sign := _SIGN.search(text, position):
        span = _at(text, sign.start())
        if span is None:
            position = sign.end()
        else:
            found.append(span)
            position = span.end
    return found


def _at(text: str, start: int) -> Span | None:
    if text[start] == "@":
        mention = mentions.at(text, start)
        return Mention(start, mention[2], mention[0], mention[1]) if mention else None
    if text[start] in tags.SIGNS:
        tag = tags.at(text, start)
        return Hashtag(start, tag[1], tag[0]) if tag else None
    url = urls.at(text, start)
    return URL(start, url[1], url[0]) if url else None
