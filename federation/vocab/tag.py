"""Tags of posts and profiles: mentions, hashtags, custom emojis, and links that quote (FEP-e232)."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from msgspec import Struct

from federation import sanitize
from federation.vocab import normalise, types
from federation.vocab.normalise import JSON

MAX_TAGS = 200
MAX_COLLECTIONS = 10
MAX_NAME_CHARACTERS = 255

COLLECTION = "FeaturedCollection"
_SHORTCODE = re.compile(r"[\w.+-]{1,200}")
_NOT_IN_HASHTAG = re.compile(r"[^\w·・\u200c]")
_OBJECT_TYPES = ("application/activity+json", "application/ld+json")


class Mention(Struct, frozen=True):
    """`href` is an actor id, sometimes a profile page; `name` is `@user@host`, `@user` or empty."""

    href: str | None
    name: str = ""


class Hashtag(Struct, frozen=True):
    """`name` is as written, without the sign; compare it without case."""

    name: str
    href: str | None = None


class Emoji(Struct, frozen=True):
    """A picture for a shortcode (without colons), valid within the author's domain."""

    shortcode: str
    url: str
    media_type: str | None = None
    id: str | None = None
    updated: datetime | None = None


class Tags(Struct, frozen=True):
    mentions: tuple[Mention, ...] = ()
    hashtags: tuple[Hashtag, ...] = ()
    emojis: tuple[Emoji, ...] = ()
    quote: str | None = None
    collections: tuple[str, ...] = ()
    """Ids of those that a post shares (FEP-7aa9)."""


def parse(value: Any) -> Tags:
    """A `tag` property: whatever is of no kind we know is passed over."""
    mentions: dict[tuple[str | None, str], Mention] = {}
    hashtags: dict[str, Hashtag] = {}
    emojis: dict[str, Emoji] = {}
    collections: dict[str, None] = {}
    quote = None
    for item in normalise.objects(value)[:MAX_TAGS]:
        kind = types.primary(item)
        if kind == "Mention" and (mention := _mention(item)):
            mentions.setdefault((mention.href, "" if mention.href else mention.name), mention)
        elif kind == "Hashtag" and (hashtag := _hashtag(item)):
            hashtags.setdefault(hashtag.name.lower(), hashtag)
        elif kind == "Emoji" and (emoji := parse_emoji(item)):
            emojis.setdefault(emoji.shortcode, emoji)
        elif kind == "Link" and _leads_to_object(item):
            quote = quote or normalise.iri(item.get("href"))
        elif kind == COLLECTION and (uri := normalise.iri(item.get("id"))) and normalise.is_http(uri):
            collections[uri] = None
    shared = tuple(collections)[:MAX_COLLECTIONS]
    return Tags(tuple(mentions.values()), tuple(hashtags.values()), tuple(emojis.values()), quote, shared)


def hashtag_name(name: str) -> str | None:
    """The name as it is stored, or None when nothing of it can be a hashtag."""
    name = unicodedata.normalize("NFKC", name[:MAX_NAME_CHARACTERS]).strip().lstrip("#")
    name = _NOT_IN_HASHTAG.sub("", name)
    return name if name.strip("_·・\u200c") and not name.isdigit() else None


def parse_emoji(item: JSON) -> Emoji | None:
    shortcode = normalise.translated(item, "name", 2048).strip().strip(":")
    icon = normalise.one(item.get("icon"))
    picture = normalise.properties(icon)
    url = normalise.address((picture.get("url") or picture.get("href")) if picture else icon)
    if not _SHORTCODE.fullmatch(shortcode) or url is None:
        return None
    media_type = normalise.text(picture.get("mediaType"), 100) or None
    return Emoji(shortcode, url, media_type, normalise.iri(item.get("id")), normalise.moment(item.get("updated")))


def render(tags: Tags) -> list[JSON]:
    """The `tag` list we send: mentions, hashtags, emojis, collections, in the order given."""
    rendered: list[JSON] = [{"type": "Mention", "href": m.href, "name": m.name} for m in tags.mentions]
    rendered += [{"type": "Hashtag", "href": h.href, "name": f"#{h.name}"} for h in tags.hashtags]
    rendered += [render_emoji(emoji) for emoji in tags.emojis]
    rendered += [{"type": COLLECTION, "id": uri} for uri in tags.collections]
    return rendered


def render_emoji(emoji: Emoji) -> JSON:
    icon: JSON = {"type": "Image", "url": emoji.url}
    if emoji.media_type:
        icon = {"type": "Image", "mediaType": emoji.media_type, "url": emoji.url}
    document: JSON = {"id": emoji.id} if emoji.id else {}
    document |= {"type": "Emoji", "name": f":{emoji.shortcode}:", "icon": icon}
    if emoji.updated:
        document["updated"] = normalise.stamp(emoji.updated)
    return document


def _leads_to_object(item: JSON) -> bool:
    """By its type, or by what it is to the post: Threads and Mitra name either (FEP-e232)."""
    rels = [normalise.strip(normalise.text(rel)) for rel in normalise.many(item.get("rel"))]
    return normalise.text(item.get("mediaType")).startswith(_OBJECT_TYPES) or "_misskey_quote" in rels


def _mention(item: JSON) -> Mention | None:
    href = normalise.iri(item.get("href") or item.get("id"))
    name = sanitize.plain_text(normalise.text(item.get("name"), MAX_NAME_CHARACTERS))
    return Mention(href, name) if href or name else None


def _hashtag(item: JSON) -> Hashtag | None:
    name = hashtag_name(normalise.translated(item, "name", MAX_NAME_CHARACTERS))
    return Hashtag(name, normalise.iri(item.get("href"))) if name else None
