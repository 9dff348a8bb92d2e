"""Uploaded images: sniffed, decoded, resized and re-encoded in a process of their own (`image_process`).

What comes back holds pixels and nothing else: no position, no camera, no profile, no trailing bytes.
"""

from typing import BinaryIO

import msgspec

from fedi import errors
from fedi.context import App
from fedi.services import decoding
from fedi.services.image_order import MIME_TYPES, Moving, Order, Picture, Refusal, Rendition
from storage import blobs

__all__ = ["MIME_TYPES", "Moving", "Picture", "Portrait", "avatar", "emoji", "header", "photo", "store", "thumbnail"]

TIMEOUT_SECONDS = 40
AT_ONCE = 2
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}

_slots: decoding.Slots = decoding.Slots()


class Portrait(msgspec.Struct, frozen=True):
    """An avatar, header or emoji, as names of blobs. `static_file`: the first frame if it moves, else the same."""

    file: str
    static_file: str


async def photo(file: BinaryIO, *, max_pixels: int) -> Picture | Moving:
    """For a post: at most 3840 × 2160 pixels in area, with a preview and a blurhash. `Invalid` if it is no image.

    `Moving` for a GIF that moves: `clips` make a film of it.
    """
    return await _answered(Order("photo", max_pixels), file)


async def thumbnail(file: bytes | BinaryIO, *, max_pixels: int) -> Picture:
    """For a video, music or a link: a small JPEG with a blurhash. `Invalid` if it is no image."""
    return await _run(Order("thumbnail", max_pixels), file)


async def avatar(app: App, data: bytes) -> Portrait:
    """400 × 400. `Invalid` if it is no image. Not inside a transaction."""
    return await _portrait(app, "avatars", Order("avatar", app.settings.image_max_pixels), data)


async def header(app: App, data: bytes) -> Portrait:
    """1500 × 500. `Invalid` if it is no image. Not inside a transaction."""
    return await _portrait(app, "headers", Order("header", app.settings.image_max_pixels), data)


async def emoji(app: App, data: bytes) -> Portrait:
    """At most 128 × 128, in its own proportions. `Invalid` if it is no image. Not inside a transaction."""
    return await _portrait(app, "emojis", Order("emoji", app.settings.image_max_pixels), data)


async def store(app: App, kind: str, rendition: Rendition) -> str:
    """Keep it under a fresh name below `kind`; the name."""
    name = blobs.new_name(kind, SUFFIXES[rendition.content_type])
    await app.blobs.put(name, rendition.data)
    return name


async def _portrait(app: App, kind: str, order: Order, data: bytes) -> Portrait:
    if len(data) > app.settings.image_max_bytes:
        raise errors.Invalid(f"The image is larger than {app.settings.image_max_bytes // 1024} kB")
    picture = await _run(order, data)
    file = await store(app, kind, picture.full)
    return Portrait(file, await store(app, kind, picture.still) if picture.still else file)


async def _run(order: Order, source: bytes | BinaryIO) -> Picture:
    answer = await _answered(order, source)
    if isinstance(answer, Moving):
        raise AssertionError(f"not to be answered to {order.kind}")
    return answer


async def _answered(order: Order, source: bytes | BinaryIO) -> Picture | Moving:
    async with decoding.slot(_slots, AT_ONCE):
        output = await decoding.run(
            "fedi.services.image_process", msgspec.msgpack.encode(order), source, seconds=TIMEOUT_SECONDS
        )
    if not output:  # killed by a limit, or crashed in a decoder
        raise errors.Invalid("The image could not be processed: it takes too much memory or time")
    answer = msgspec.msgpack.decode(output, type=Picture | Moving | Refusal)
    if isinstance(answer, Refusal):
        raise errors.Invalid(answer.reason)
    return answer
