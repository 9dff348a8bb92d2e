"""What the server and its image process say to each other. Imports nothing, so that the process starts quickly."""

from typing import Literal

import msgspec

# Decoders that may run at all. A file is what one of these says it is; names and declared types are not looked at.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
ISO_FORMATS = ("AVIF", "HEIF")  # of files that begin like an MP4
MIME_TYPES = ("image/jpeg", "image/png", "image/gif", "image/heic", "image/heif", "image/webp", "image/avif")
UNKNOWN = "The file is not of a supported type; images are JPEG, PNG, GIF, WebP, AVIF or HEIC"

CPU_SECONDS = 20
MEMORY_BYTES = 768 * 1024 * 1024
MEMORY_BYTES_PER_PIXEL = 16  # decoded, turned, converted and resized: several copies live at once


class Order(msgspec.Struct, frozen=True):
    """What is wanted of an image. photo: fit into a screen, with a preview. avatar, header: cut to one size.
    emoji: made small. thumbnail: a small still."""

    kind: Literal["photo", "avatar", "header", "emoji", "thumbnail"]
    max_pixels: int


class Rendition(msgspec.Struct, frozen=True):
    """An encoded image, free of metadata."""

    data: bytes
    content_type: str
    width: int
    height: int


class Picture(msgspec.Struct, frozen=True, tag=True):
    """An image, re-encoded. `still`: its preview (photo), or its first frame where it moves."""

    full: Rendition
    still: Rendition | None
    blurhash: str | None


class Moving(msgspec.Struct, frozen=True, tag=True):
    """A GIF that moves: it is to become a film."""


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """Why not, for the person who uploaded it."""

    reason: str


def memory_bytes(order: Order) -> int:
    return MEMORY_BYTES + MEMORY_BYTES_PER_PIXEL * order.max_pixels
