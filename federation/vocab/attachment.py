"""Media and links attached to posts, icons and headers of profiles."""

import mimetypes
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from federation.vocab import normalise, types
from federation.vocab.normalise import JSON

MAX_ATTACHMENTS = 32
MAX_DESCRIPTION_CHARACTERS = 10_000
MAX_PIXELS = 100_000
MAX_PIXELS_SENT = 5_000
# Of a video in several sizes, the largest that people do not wait for.
MAX_VIDEO_HEIGHT = 720

Kind = Literal["image", "video", "audio", "unknown"]

_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{6,100}")
_BLURHASH_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")
_TYPES = frozenset({"Document", "Image", "Video", "Audio", ""})


class Attachment(Struct, frozen=True, kw_only=True):
    """One medium. Its address is remote text: fetched only through the guarded client. `focus` is (x, y) in [-1, 1]."""

    kind: Kind
    url: str
    media_type: str | None = None
    description: str = ""
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    duration: float | None = None
    thumbnail: str | None = None


class Image(Struct, frozen=True):
    """The icon or header of a profile, or a thumbnail."""

    url: str
    media_type: str | None = None
    description: str = ""


def parse(value: Any) -> tuple[Attachment, ...]:
    """An `attachment` property: media only."""
    found: dict[str, Attachment] = {}
    for item in map(_described, normalise.many(value)):
        if types.primary(item) in _TYPES and (attachment := parse_one(item)):
            found.setdefault(attachment.url, attachment)
    return tuple(found.values())[:MAX_ATTACHMENTS]


def _described(value: Any) -> JSON:
    """An attachment, also one that is an address alone, which has to tell what it leads to."""
    if (
        isinstance(value, str)
        and normalise.is_http(value)
        and (guess(value) or "").startswith(("image/", "video/", "audio/"))
    ):
        return {"url": value}
    return normalise.properties(value)


def links(value: Any) -> tuple[str, ...]:
    """The web addresses attached as links: preview cards (FEP-8967), the subject of a Page."""
    return tuple(
        href
        for item in normalise.objects(value)
        if types.primary(item) == "Link" and (href := normalise.iri(item.get("href"))) and normalise.is_http(href)
    )


def parse_one(item: JSON) -> Attachment | None:
    """A single medium, also a Video, Audio or Image object itself."""
    source = _source(item)
    if source is None:
        return None
    url, media_type = source.url, source.media_type or _media_type(item) or guess(source.url)
    return Attachment(
        kind=_kind(item, media_type),
        url=url,
        media_type=media_type,
        description=_description(item),
        width=_pixels(item.get("width") or source.width),
        height=_pixels(item.get("height") or source.height),
        blurhash=_blurhash(normalise.text(item.get("blurhash"), 200)),
        focus=_focus(item.get("focalPoint")),
        duration=normalise.duration(item.get("duration")),
        thumbnail=image_url(item.get("icon")),
    )


def image(value: Any) -> Image | None:
    """An icon or header in any of its shapes; of several sizes the widest, or the last."""
    best: tuple[float, Image] | None = None
    for item in normalise.many(value):
        properties = normalise.properties(item)
        url = normalise.address((properties.get("url") or properties.get("href")) if properties else item)
        if url is None:
            continue
        found = Image(url, _media_type(properties), _description(properties))
        width = normalise.number(properties.get("width")) or 0.0
        if best is None or width >= best[0]:
            best = (width, found)
    return best[1] if best else None


def image_url(value: Any) -> str | None:
    found = image(value)
    return found.url if found else None


def render(item: Attachment) -> JSON:
    """A Document: the one type every parser knows. The text goes into `name` and `summary`, since readers differ."""
    document: JSON = {
        "type": "Document",
        "mediaType": item.media_type or "application/octet-stream",
        "url": item.url,
    }
    if item.description:
        document |= {"name": item.description, "summary": item.description}
    if item.width and item.height:
        # Pixelfed refuses larger numbers; what matters is the shape.
        scale = max(item.width, item.height, MAX_PIXELS_SENT) / MAX_PIXELS_SENT
        document |= {"width": max(1, int(item.width / scale)), "height": max(1, int(item.height / scale))}
    if item.blurhash:
        document["blurhash"] = item.blurhash
    if item.focus:
        document["focalPoint"] = [round(item.focus[0], 4), round(item.focus[1], 4)]
    if item.duration is not None:
        document["duration"] = f"PT{item.duration:.3f}".rstrip("0").rstrip(".") + "S"
    if item.thumbnail:
        document["icon"] = {"type": "Image", "url": item.thumbnail}
    return document


class _Choice(Struct, frozen=True):
    url: str
    media_type: str | None
    width: float
    height: float


def _source(item: JSON) -> _Choice | None:
    """Address, type and size: of several links the best a player can use, of pictures the largest, else the first that
    is not a web page."""
    choices = list(_choices((*normalise.many(item.get("url")), *normalise.many(item.get("href"))), nested=True))
    playable = [c for c in choices if c.media_type and c.media_type.startswith(("image/", "video/", "audio/"))]
    videos = [c for c in playable if c.height and _is_video(c)]
    if videos:
        fitting = [c for c in videos if c.height <= MAX_VIDEO_HEIGHT]
        return max(fitting, key=_height) if fitting else min(videos, key=_height)
    if playable:
        return max(playable, key=_width) if all(_is_image(c) for c in playable) else playable[0]
    return next((c for c in choices if c.media_type != "text/html"), None)


def _choices(values: Iterable[Any], *, nested: bool) -> Iterator[_Choice]:
    """The links of a medium; PeerTube hides the files of a stream in the tags of its playlist."""
    for value in values:
        link = normalise.properties(value)
        url = normalise.address(value)
        if url:
            # WordPress escapes addresses as if they stood in HTML.
            width, height = (normalise.number(link.get(name)) or 0.0 for name in ("width", "height"))
            yield _Choice(url.replace("&#038;", "&"), _media_type(link), width, height)
        if nested:
            yield from (c for c in _choices(normalise.objects(link.get("tag")), nested=False) if _is_video(c))


def _height(choice: _Choice) -> float:
    return choice.height


def _width(choice: _Choice) -> float:
    return choice.width


def _is_image(choice: _Choice) -> bool:
    return (choice.media_type or "").startswith("image/")


def _is_video(choice: _Choice) -> bool:
    return (choice.media_type or "").startswith("video/")


def guess(url: str) -> str | None:
    """The media type that the end of an address tells."""
    return mimetypes.guess_type(urlsplit(url).path, strict=True)[0]


def _kind(item: JSON, media_type: str | None) -> Kind:
    for family in (media_type or "", types.primary(item).lower() + "/"):
        match family.partition("/")[0]:
            case "image":
                return "image"
            case "video":
                return "video"
            case "audio":
                return "audio"
    return "unknown"


def _description(item: JSON) -> str:
    for name in ("summary", "name"):
        if found := normalise.translated(item, name, MAX_DESCRIPTION_CHARACTERS):
            return found.strip()
    return ""


def _media_type(item: JSON) -> str | None:
    # Funkwhale spells the property like the older standard did.
    found = normalise.text(item.get("mediaType") or item.get("mimeType"), 200).partition(";")[0].strip().lower()
    return found if _MEDIA_TYPE.fullmatch(found) else None


def _pixels(value: Any) -> int | None:
    found = normalise.count(value)
    return found if found and found <= MAX_PIXELS else None


def _blurhash(value: str) -> str | None:
    """A hash whose length fits its components; more than 6×6 is a way to burn our processor."""
    if not _BLURHASH.fullmatch(value):
        return None
    y, x = divmod(_BLURHASH_DIGITS.index(value[0]), 9)
    return value if x < 6 and y < 6 and len(value) == 4 + 2 * (x + 1) * (y + 1) else None


def _focus(value: Any) -> tuple[float, float] | None:
    items = normalise.many(value)
    points = [normalise.number(item) for item in items[:2]]
    if len(points) != 2 or points[0] is None or points[1] is None:
        return None
    return max(-1.0, min(points[0], 1.0)), max(-1.0, min(points[1], 1.0))
