"""Markdown → HTML of the subset every server accepts. Raw HTML stays text, pictures become links.

Safe by construction: the tags are ours, every piece of text is escaped, every address has a scheme we allow.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from fedi.text import urls
from fedi.text.links import Links, escape

_SCHEME = re.compile(rf"(?:{'|'.join(urls.SCHEMES)})://[^\s/]", re.IGNORECASE)
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 16}).enable("strikethrough")
_parser.disable(["html_block", "html_inline", "reference"])
_parser.validateLink = lambda url: bool(_SCHEME.match(url))  # type: ignore[method-assign]
_TAGS = {"h6": "h5", "s": "del"}


def texts(text: str) -> tuple[list[str], list[str]]:
    """The pieces of running text, outside of code and links, and the addresses of links."""
    inline = [token for token in _parser.parse(_cleaned(text)) if token.type == "inline"]
    found: list[str] = []
    hrefs: list[str] = []
    for block in inline:
        for token, inside in _children(block):
            if token.type == "text" and not inside:
                found.append(token.content)
            elif token.type in ("link_open", "image"):
                hrefs.append(_target(token))
    return found, hrefs


def render(text: str, links: Links) -> str:
    return "".join(_block(token, links) for token in _parser.parse(_cleaned(text)))


def _cleaned(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").strip("\n")


def _children(block: Token) -> Iterator[tuple[Token, bool]]:
    """Inline tokens, each with whether it stands inside a link."""
    inside = False
    for token in block.children or []:
        if token.type == "link_close":
            inside = False
        yield token, inside
        if token.type == "link_open":
            inside = True


def _block(token: Token, links: Links) -> str:
    match token.type:
        case "inline":
            return "".join(_inline(child, inside, links) for child, inside in _children(token))
        case "fence" | "code_block":
            return f"<pre><code>{escape(token.content)}</code></pre>"
        case "hr":
            return ""
    return _tag(token)


def _inline(token: Token, inside: bool, links: Links) -> str:
    match token.type:
        case "text":
            return escape(token.content) if inside else links.link(token.content)
        case "softbreak" | "hardbreak":
            return "<br />"
        case "code_inline":
            return f"<code>{escape(token.content)}</code>"
        case "link_open":
            return links.named(_target(token))[0]
        case "link_close":
            return "</a>"
        case "image":
            opening, closing = links.named(_target(token))
            label = escape(token.content or _target(token))
            return label if inside else opening + label + closing
    return _tag(token)


def _tag(token: Token) -> str:
    if token.hidden:  # Paragraphs inside a tight list.
        return ""
    name = _TAGS.get(token.tag, token.tag)
    if token.nesting < 0:
        return f"</{name}>"
    start = token.attrGet("start") if name == "ol" else None
    return f"<{name}>" if start is None else f'<ol start="{int(start)}">'


def _target(token: Token) -> str:
    return str(token.attrGet("href") or token.attrGet("src") or "")
