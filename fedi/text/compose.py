"""Typed text → HTML in exactly the shape Mastodon gives it, because clients take it apart again.

In two steps, so that nothing here touches database or network: `extract` says what a text refers to, the caller looks
that up, `render` writes the links.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from fedi.text import markdown, tags
from fedi.text.links import Links, Person
from fedi.text.mentions import Handle
from fedi.text.spans import URL, Hashtag, Mention, Span, spans

PLAIN = "text/plain"
MARKDOWN = "text/markdown"
CONTENT_TYPES = (PLAIN, MARKDOWN)

__all__ = ["CONTENT_TYPES", "MARKDOWN", "PLAIN", "Found", "Person", "extract", "render", "render_line", "single_line"]


class Found(Struct, frozen=True):
    """What a text refers to, each once, in order of appearance."""

    mentions: list[Handle]
    hashtags: list[str]
    """As typed; `tags.normalise` gives the name to store."""
    urls: list[str]


def extract(text: str, *, content_type: str = PLAIN) -> Found:
    if content_type != MARKDOWN:
        return _found(spans(text), [])
    texts, hrefs = markdown.texts(text)
    return _found([span for each in texts for span in spans(each)], hrefs)


def render(
    text: str,
    *,
    content_type: str = PLAIN,
    mentions: Mapping[Handle, Person],
    tag_url: Callable[[str], str],
) -> str:
    """Paragraphs of HTML; a handle that is not in `mentions` stays text. `tag_url` gets the normalised name."""
    links = Links(mentions, tag_url)
    if content_type == MARKDOWN:
        return markdown.render(text, links)
    text = _newlines(text)
    return "".join(f"<p>{_lines(each, links)}</p>" for each in _paragraphs(text))


def render_line(text: str, *, mentions: Mapping[Handle, Person], tag_url: Callable[[str], str]) -> str:
    """The value of a profile field: one line without a paragraph, with links claimed as the author's own pages."""
    return Links(mentions, tag_url, me=True).link(single_line(text))


def single_line(text: str) -> str:
    """For names and titles: white space becomes single spaces, invisible controls go."""
    return " ".join("".join(char for char in text if char.isspace() or _is_printable(char)).split())


def _is_printable(char: str) -> bool:
    if char in "\u200c\u200d":  # Joiners belong to words of some scripts and to emoji.
        return True
    return unicodedata.category(char) not in ("Cc", "Cs", "Co", "Cn") and not (
        "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"
    )


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip()


def _paragraphs(text: str) -> list[str]:
    return [each.strip("\n") for each in text.split("\n\n") if each.strip("\n")]


def _lines(paragraph: str, links: Links) -> str:
    return "<br />".join(links.link(line) for line in paragraph.split("\n"))


def _found(all_spans: Sequence[Span], hrefs: Sequence[str]) -> Found:
    named = {tags.normalise(each.name): each.name for each in reversed(all_spans) if isinstance(each, Hashtag)}
    return Found(
        mentions=list(dict.fromkeys(each.handle for each in all_spans if isinstance(each, Mention))),
        hashtags=list(reversed(named.values())),
        urls=list(dict.fromkeys([*(each.url for each in all_spans if isinstance(each, URL)), *hrefs])),
    )
