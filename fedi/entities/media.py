"""MediaAttachment: a file, its preview and what is known about both."""

from msgspec import UNSET, Struct, UnsetType

TYPES = frozenset({"image", "gifv", "video", "audio", "unknown"})


class Details(Struct, frozen=True):
    """Sizes of one rendition. A still has `size` and `aspect`, a moving original has the last three."""

    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    size: str | UnsetType = UNSET
    aspect: float | UnsetType = UNSET
    frame_rate: str | UnsetType = UNSET
    duration: float | UnsetType = UNSET
    bitrate: int | UnsetType = UNSET


class Focus(Struct, frozen=True):
    """Where to look, each from -1 to 1, up and right positive."""

    x: float
    y: float


class Meta(Struct, frozen=True):
    original: Details | UnsetType = UNSET
    small: Details | UnsetType = UNSET
    focus: Focus | UnsetType = UNSET


class MediaAttachment(Struct, frozen=True):
    id: str
    type: str
    url: str | None
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: str | None
    text_url: str | None
    meta: Meta
    description: str | None
    blurhash: str | None


class Parts(Struct, frozen=True):
    id: int
    type: str
    url: str | None
    """None while it is being processed."""
    preview_url: str | None = None
    remote_url: str | None = None
    preview_remote_url: str | None = None
    description: str | None = None
    blurhash: str | None = None
    width: int | None = None
    height: int | None = None
    preview_width: int | None = None
    preview_height: int | None = None
    focus_x: float | None = None
    focus_y: float | None = None
    duration: float | None = None
    frame_rate: str | None = None
    bitrate: int | None = None


def build(parts: Parts) -> MediaAttachment:
    url = parts.url
    preview = parts.preview_url
    if preview is None and url is not None and parts.type in ("image", "gifv", "video"):
        preview = url  # A client that shows a picture throws when there is no preview.
    return MediaAttachment(
        id=str(parts.id),
        type=parts.type if parts.type in TYPES else "unknown",
        url=url,
        preview_url=preview,
        remote_url=parts.remote_url,
        preview_remote_url=parts.preview_remote_url,
        text_url=None,
        meta=_meta(parts),
        description=parts.description,
        blurhash=parts.blurhash,
    )


def _meta(parts: Parts) -> Meta:
    focus = UNSET if parts.focus_x is None or parts.focus_y is None else Focus(parts.focus_x, parts.focus_y)
    small = _still(parts.preview_width, parts.preview_height)
    original = _still(parts.width, parts.height)
    if parts.type in ("video", "gifv", "audio"):
        original = _moving(parts)
    return Meta(original=original, small=original if small is UNSET and parts.type == "image" else small, focus=focus)


def _still(width: int | None, height: int | None) -> Details | UnsetType:
    if not width or not height:
        return UNSET
    return Details(width=width, height=height, size=f"{width}x{height}", aspect=width / height)


def _moving(parts: Parts) -> Details | UnsetType:
    details = Details(
        width=UNSET if parts.width is None else parts.width,
        height=UNSET if parts.height is None else parts.height,
        frame_rate=UNSET if parts.frame_rate is None else parts.frame_rate,
        duration=UNSET if parts.duration is None else round(parts.duration, 3),
        bitrate=UNSET if parts.bitrate is None else parts.bitrate,
    )
    return UNSET if details == Details() else details
