"""Remote HTML reduced to the subset clients know, and to plain text where HTML has no place.

Everything passes through nh3; the rewriting before it is cosmetic and never what makes the result safe. Input is
capped and its nesting bounded first, because a real HTML parser takes quadratic time on hostile nesting.
"""

import re
from collections.abc import Callable
from html import escape, unescape

import nh3
from markdown_it import MarkdownIt

MAX_CHARACTERS = 65_536
MAX_DEPTH = 64
# HTML parsers reopen unclosed formatting in every following paragraph: a small input can become a huge output.
MAX_GROWTH = 4 * MAX_CHARACTERS
MAX_TAGS = 10_000
MAX_BRACKETS = 5_000

_TAGS = {
    "p",
    "br",
    "span",
    "a",
    "abbr",
    "del",
    "s",
    "pre",
    "blockquote",
    "code",
    "b",
    "strong",
    "u",
    "sub",
    "sup",
    "i",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "ul",
    "ol",
    "li",
    "ruby",
    "rt",
    "rp",
}
_ATTRIBUTES = {
    "*": {"lang"},
    "a": {"href", "rel", "class", "translate"},
    "abbr": {"title"},
    "span": {"class", "translate"},
    "blockquote": {"cite"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "p": {"class"},
}
_SCHEMES = {"http", "https", "dat", "dweb", "ipfs", "ipns", "ssb", "gopher", "xmpp", "magnet", "gemini"}
_CLASS = re.compile(r"(?:h|p|u|dt|e)-[\w-]{1,64}|mention|hashtag|ellipsis|invisible|quote-inline")
# Browsers pass over control characters before an address, and over breaks within.
_UNREAD = re.compile(r"\A[\x00-\x20]+|[\t\r\n]")
_REL = "nofollow noopener noreferrer"
_TARGET = ' target="_blank"'
_DIGITS = re.compile(r"-?[0-9]{1,6}")

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_STRIPPED = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<br\s{0,8}/?>|</(?:p|div|li|h[1-6]|tr|blockquote|pre)>", re.IGNORECASE)
_REWRITTEN = re.compile(
    r"<(/?)(img|video|audio|iframe|embed|hr|h6|div|section|article|figure|figcaption|dt|dd|tr|td|th|summary)\b"
    r"([^<>]{0,4096})>",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])(src|alt|title|class|width|height)\s{0,8}=\s{0,8}(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE
)
_ANCHOR = re.compile(r"<a\b([^<>]*)>")
# Elements that close their own kind, so that many of them unclosed do not nest; and those that hold nothing.
_FLAT = {
    "p",
    "li",
    "dd",
    "dt",
    "tr",
    "td",
    "th",
    "option",
    "br",
    "img",
    "hr",
    "input",
    "wbr",
    "source",
    "track",
    "area",
    "col",
    "embed",
    "link",
    "meta",
    "param",
}

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": 20}).enable("strikethrough")
# Next to these a line break is no space either.
_BLOCKS = ("p", "ul", "ol", "li", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "table", "tr", "div")
_EDGES = ("<br>", *(f"</{name}>" for name in _BLOCKS), *(f"<{name}>" for name in _BLOCKS))
_PREFORMATTED = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)


def clean_html(html: str) -> str:
    """Allowed elements, attributes, classes and link schemes only; links open elsewhere and vouch for nothing.

    Images, video, audio and frames become links, mathematics its TeX source. Idempotent.
    """
    html = html[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    if "<" not in html and "&" not in html:
        return html.replace(">", "&gt;").replace("\xa0", "&nbsp;")
    names = _shallow_names(html)
    if names is None:
        return from_text(_without_tags(html))
    if "<math" in html:
        html = _without_math(html)
    rewritten = _REWRITTEN.sub(_rewrite, html)
    cleaned = _clean(rewritten)
    if not names <= _TAGS:
        # Parsers move what they find misplaced in tables and foreign elements: read again without them, the result
        # would be another one. The second pass settles it.
        cleaned = _clean(cleaned)
    if len(cleaned) > MAX_GROWTH:
        return from_text(_without_tags(html))
    cleaned = _ANCHOR.sub(_with_rel, cleaned)
    return cleaned if rewritten == html else _without_edge_breaks(cleaned)


def content_html(content: str, media_type: str | None) -> str:
    """A post's content in whichever media type it came, as clean HTML. None means HTML."""
    if media_type == "text/plain":
        return from_text(content)
    # Each bracket that opens may begin a link, and the parser tries them all.
    if media_type in {"text/markdown", "text/x.misskeymarkdown"} and content.count("[") > MAX_BRACKETS:
        return from_text(content)
    if media_type in {"text/markdown", "text/x.misskeymarkdown"}:
        return _flowing(clean_html(_MARKDOWN.render(content[:MAX_CHARACTERS])))
    return _flowing(clean_html(content))


def _flowing(html: str) -> str:
    """Without the line breaks that mean nothing: clients show those as they show the others."""
    if "\n" not in html:
        return html
    if "<" not in html:  # plain text, whatever it calls itself
        return html.strip().replace("\n", "<br>")
    parts = _PREFORMATTED.split(html)
    return "".join(part if number % 2 else _joined(part) for number, part in enumerate(parts)).strip()


def _joined(html: str) -> str:
    made: list[str] = []
    for line in html.split("\n"):
        if made and not made[-1].endswith(_EDGES) and not line.lstrip().startswith(_EDGES):
            made.append(" ")
        made.append(line.strip(" \t"))
    return "".join(made)


def from_text(text: str) -> str:
    """Plain text as paragraphs and line breaks."""
    text = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        return ""
    paragraphs = re.split(r"\n{2,}", escape(text, quote=False))
    return "".join(f"<p>{paragraph.strip().replace(chr(10), '<br>')}</p>" for paragraph in paragraphs)


def plain_text(html: str) -> str:
    """The text a reader would see: no tags, entities decoded, a line break for each break or block."""
    html = html[:MAX_CHARACTERS]
    if "<" in html:
        html = _without_tags(html) if _shallow_names(html) is None else nh3.clean(_BREAK.sub("\n", html), tags=set())
    if "&" in html:
        html = unescape(html)
    return html.replace("\0", "").strip()


def _without_edge_breaks(html: str) -> str:
    html = html.strip()
    while html.endswith("<br>"):
        html = html[:-4].rstrip()
    while html.startswith("<br>"):
        html = html[4:].lstrip()
    return html


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter,
        url_schemes=_SCHEMES,
        link_rel=None,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _shallow_names(html: str) -> set[str] | None:
    """The names of the elements, or None when they nest too deeply or are too many.

    Open elements are counted by name. A closing tag only counts where one is open, so the sum is never too low.
    """
    opened: dict[str, int] = {}
    names: set[str] = set()
    depth = 0
    for number, match in enumerate(_TAG.finditer(html)):
        name = match[2].lower()
        names.add(name)
        if name not in _FLAT:
            if not match[1]:
                opened[name] = opened.get(name, 0) + 1
                depth += 1
            elif opened.get(name, 0):
                opened[name] -= 1
                depth -= 1
        if depth > MAX_DEPTH or number > MAX_TAGS:
            return None
    return names


def _without_tags(html: str) -> str:
    return unescape(_STRIPPED.sub("", _BREAK.sub("\n", html)))


def _filter(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "class":
        return " ".join(token for token in value.split() if _CLASS.fullmatch(token)) or None
    if attribute == "rel":
        kept = [token for token in ("tag", "me") if token in value.lower().split()]
        return " ".join([*kept, _REL])
    if attribute == "translate":
        return "no" if value == "no" else None
    if attribute in {"href", "cite"}:
        return value[:4096] if _leads_elsewhere(value) else None
    if attribute in {"start", "value"}:
        return value if _DIGITS.fullmatch(value) else None
    return value[:4096]


def _leads_elsewhere(address: str) -> bool:
    """Not where there is no host: that would be a page of whoever shows it."""
    scheme, colon, rest = _UNREAD.sub("", address[:4096]).partition(":")
    if scheme.lower() in {"http", "https"}:
        return rest.startswith("//")
    return bool(colon) and scheme.lower() in _SCHEMES


def _with_rel(match: re.Match[str]) -> str:
    # The serialiser escapes quotes and angle brackets inside values, so this can only be the attribute itself.
    if ' rel="' in match[1]:
        return match[0]
    return f'<a{match[1].removesuffix(_TARGET)} rel="{_REL}"{_TARGET}>'


def _rewrite(match: re.Match[str]) -> str:
    closing, name = bool(match[1]), match[2].lower()
    if name in {"img", "video", "audio", "iframe", "embed"}:
        return "" if closing else _link(match[3])
    if name == "h6":
        return "</strong><br>" if closing else "<strong>"
    if name in {"td", "th"}:
        return " " if closing else ""
    if name == "hr":
        return "<br>"
    return "<br>" if closing else ""


def attributes(tag: str) -> dict[str, str]:
    """Those that an embedded medium may have, of the inside of its tag."""
    return {m[1].lower(): unescape(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(tag)}


def is_emoji(given: dict[str, str]) -> bool:
    """Whether a picture with these attributes stands for a character, which is its label."""
    label = _label(given)
    shortcode = len(label) > 2 and label[0] == label[-1] == ":"
    return shortcode or bool({"emoji", "wp-smiley", "custom-emoji"} & set(given.get("class", "").split()))


def _label(given: dict[str, str]) -> str:
    return (given.get("alt") or given.get("title") or "").strip()


def _link(tag: str) -> str:
    found = attributes(tag)
    source, label = found.get("src", ""), _label(found)
    if is_emoji(found):
        return escape(label)
    if not source.startswith(("http://", "https://")):
        return escape(label)
    return f'<a href="{escape(source)}">{escape(label or source)}</a>'


def _without_math(html: str) -> str:
    return _between(html, "<math", "</math>", _tex)


def _tex(math: str) -> str:
    """The TeX annotation of a formula (FEP-dc88), or its bare text."""
    start = math.find("application/x-tex")
    if start < 0:
        return escape(_without_tags(math), quote=False)
    text = math[math.find(">", start) + 1 :]
    return escape(unescape(_STRIPPED.sub("", text.partition("</annotation")[0])), quote=False)


def _between(text: str, opening: str, closing: str, replace: Callable[[str], str]) -> str:
    """Replace each stretch from `opening` to `closing`, in one pass over the text."""
    pieces: list[str] = []
    position = 0
    while (start := text.find(opening, position)) >= 0 and (end := text.find(closing, start)) >= 0:
        pieces += [text[position:start], replace(text[start:end])]
        position = end + len(closing)
    return "".join([*pieces, text[position:]])
