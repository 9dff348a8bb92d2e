"""What a web page says about itself: OpenGraph, Twitter cards, JSON-LD, and its plain title.

https://ogp.me · https://developer.x.com/en/docs/x-for-websites/cards · https://schema.org/Article ·
https://oembed.com · https://docs.joinmastodon.org/entities/PreviewCard
"""

import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
import orjson
from selectolax.lexbor import LexborHTMLParser

from federation.http import html
from federation.http.addresses import parse_url
from federation.http.errors import BadUrl
from federation.vocab import normalise
from fedi.text import compose, language

MAX_TITLE, MAX_DESCRIPTION, MAX_NAME, MAX_ALT = 300, 1000, 200, 1500
# A page may hold thousands; what describes it stands early.
MAX_TAGS = 500
MAX_SCRIPTS, MAX_SCRIPT_CHARS, MAX_NESTED = 5, 100_000, 200
MAX_SIDE = 4096

_ARTICLES = frozenset(
    ("Article", "NewsArticle", "ReportageNewsArticle", "BlogPosting", "SocialMediaPosting", "Report", "TechArticle",
     "ScholarlyArticle", "OpinionNewsArticle", "AnalysisNewsArticle", "WebPage", "VideoObject")
)  # fmt: skip
_DIGITS = re.compile(r"[0-9]{1,5}")

JSON = dict[str, Any]  # Any: JSON-LD, whose shape is anybody's


class WebPage(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses are http(s) or ""; texts are plain, on one line. `player` is a page to put in a frame."""

    title: str
    description: str = ""
    image: str = ""
    image_description: str = ""
    author_name: str = ""
    author_url: str = ""
    provider_name: str = ""
    provider_url: str = ""
    player: str = ""
    player_width: int = 0
    player_height: int = 0
    language: str | None = None
    published_at: datetime | None = None
    creator: str = ""  # a handle
    oembed: str = ""


def read(body: bytes, content_type: str, url: str) -> WebPage:
    """`url`: where it was found in the end, for references and the name of the host."""
    page = html.parse(body, content_type)
    meta = _meta(page)
    article = _article(page)
    author, publisher = _person(article.get("author")), _person(article.get("publisher"))
    origin = urlsplit(url)

    def link(*candidates: object) -> str:
        return next(filter(None, (_address(url, each) for each in candidates)), "")

    def words(limit: int, *candidates: object) -> str:
        return next(filter(None, (_text(each, limit) for each in candidates)), "")

    title = page.css_first("title")
    framed = meta.get("og:video:type", "text/html").startswith("text/html")
    return WebPage(
        title=words(
            MAX_TITLE, meta.get("og:title"), meta.get("twitter:title"), article.get("headline"), title and title.text()
        ),
        description=words(
            MAX_DESCRIPTION, meta.get("og:description"), meta.get("twitter:description"), article.get("description"),
            meta.get("description"),
        ),
        image=link(
            meta.get("og:image:secure_url"), meta.get("og:image"), meta.get("og:image:url"), meta.get("twitter:image"),
            meta.get("twitter:image:src"), _picture(article.get("image")),
        ),
        image_description=words(MAX_ALT, meta.get("og:image:alt"), meta.get("twitter:image:alt")),
        author_name=words(
            MAX_NAME, author.get("name"), _name(meta.get("article:author")), meta.get("author"), meta.get("dc.creator")
        ),
        author_url=link(author.get("url"), meta.get("article:author")),
        provider_name=words(MAX_NAME, meta.get("og:site_name"), publisher.get("name"), _host(origin.hostname)),
        provider_url=link(publisher.get("url")) or f"{origin.scheme}://{origin.netloc}",
        player=link(
            meta.get("twitter:player"), *((meta.get("og:video:secure_url"), meta.get("og:video:url")) if framed else ())
        ),
        player_width=_side(meta.get("twitter:player:width") or meta.get("og:video:width")),
        player_height=_side(meta.get("twitter:player:height") or meta.get("og:video:height")),
        language=language.normalise(_text(article.get("inLanguage"), 35) or _language(page) or meta.get("og:locale")),
        published_at=normalise.moment(article.get("datePublished") or meta.get("article:published_time")),
        creator=_text(meta.get("fediverse:creator"), MAX_NAME),
        oembed=link(_oembed(page)),
    )  # fmt: skip


class Embed(msgspec.Struct, frozen=True, kw_only=True):
    """An oEmbed answer. `type`: link, photo or video; `player`: the frame of a video, `url` a photo."""

    type: str
    title: str
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    image: str
    player: str
    width: int
    height: int


def read_embed(body: bytes, url: str) -> Embed | None:
    """None for what is none, or is `rich`: that is a program of somebody else's."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(answer, dict) or answer.get("type") not in ("link", "photo", "video"):
        return None
    kind = answer["type"]
    player = _frame(answer.get("html"), url) if kind == "video" else ""
    picture = answer.get("url") if kind == "photo" else answer.get("thumbnail_url")
    if (kind == "video" and not player) or (kind == "photo" and not _address(url, picture)):
        kind = "link"
    return Embed(
        type=kind,
        title=_text(answer.get("title"), MAX_TITLE),
        author_name=_text(answer.get("author_name"), MAX_NAME),
        author_url=_address(url, answer.get("author_url")),
        provider_name=_text(answer.get("provider_name"), MAX_NAME),
        provider_url=_address(url, answer.get("provider_url")),
        image=_address(url, picture),
        player=player,
        width=_side(answer.get("width")),
        height=_side(answer.get("height")),
    )


def _meta(page: LexborHTMLParser) -> dict[str, str]:
    """By name or property, in lower case; the first of each counts."""
    found: dict[str, str] = {}
    for node in page.css("meta[content]")[:MAX_TAGS]:
        name = node.attributes.get("property") or node.attributes.get("name") or ""
        found.setdefault(name.strip().lower(), node.attributes.get("content") or "")
    return found


def _language(page: LexborHTMLParser) -> str:
    node = page.css_first("html")
    return (node.attributes.get("lang") or "") if node else ""


def _oembed(page: LexborHTMLParser) -> str:
    for node in page.css("link[rel][type][href]")[:MAX_TAGS]:
        kind = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
        if "alternate" in html.rels(node) and kind == "application/json+oembed":
            return node.attributes.get("href") or ""
    return ""


def _article(page: LexborHTMLParser) -> JSON:
    """The first JSON-LD object that describes the page; one that is about its text before one about it as a page."""
    found: list[JSON] = []
    for node in page.css('script[type="application/ld+json"]')[:MAX_SCRIPTS]:
        text = node.text(deep=True)
        if len(text) > MAX_SCRIPT_CHARS:
            continue
        try:
            found += [each for each in _objects(orjson.loads(text)) if _ARTICLES & set(_types(each))]
        except orjson.JSONDecodeError:
            continue
    found.sort(key=lambda each: "WebPage" in _types(each))
    return found[0] if found else {}


def _objects(value: Any) -> Iterator[JSON]:
    """Those at the top, and those of a graph."""
    for each in (value if isinstance(value, list) else [value])[:MAX_NESTED]:
        if isinstance(each, dict):
            yield each
            graph = each.get("@graph")
            if isinstance(graph, list):
                yield from (item for item in graph[:MAX_NESTED] if isinstance(item, dict))


def _types(value: JSON) -> list[str]:
    kinds = value.get("@type")
    return [each for each in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(each, str)]


def _person(value: Any) -> JSON:
    """The first of those named; a bare name too."""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, str):
        return {"name": first}
    return first if isinstance(first, dict) else {}


def _picture(value: Any) -> Any:
    first = value[0] if isinstance(value, list) and value else value
    return first.get("url") if isinstance(first, dict) else first


def _name(value: str | None) -> str | None:
    """Facebook wants an address there, others write a name."""
    return None if value is None or normalise.is_http(value.strip()) else value


def _text(value: object, limit: int) -> str:
    """One line of plain text, cut."""
    if not isinstance(value, str):
        return ""
    line = compose.single_line(unescape(value[: 4 * limit]))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _address(base: str, value: object) -> str:
    """Absolute http(s), or ""."""
    if not isinstance(value, str) or not value.strip():
        return ""
    try:
        return parse_url(urljoin(base, value.strip())).full
    except (BadUrl, ValueError):
        return ""


def _frame(value: object, base: str) -> str:
    """The address that the HTML of an oEmbed answer puts in a frame: the HTML itself is not kept."""
    if not isinstance(value, str):
        return ""
    found = re.search(
        r"""<iframe\b[^<>]{0,4000}?\bsrc\s*=\s*["']([^"'<>]{1,2048})["']""", value[:20_000], re.IGNORECASE
    )
    return _address(base, unescape(found[1])) if found else ""


def _side(value: object) -> int:
    text = str(value) if isinstance(value, int | str) else ""
    return min(int(text), MAX_SIDE) if _DIGITS.fullmatch(text) else 0


def _host(name: str | None) -> str:
    return (name or "").removeprefix("www.")
