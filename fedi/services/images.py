"""Uploaded images: sniffed, decoded, resized and re-encoded in a process of their own (`image_process`).

What comes back holds pixels and nothing else: no position, no camera, no profile, no trailing bytes.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from fedi import errors
from fedi.context import App
from fedi.services.image_order import MIME_TYPES, Order, Picture, Refusal, Rendition
from storage import blobs

__all__ = ["MIME_TYPES", "Picture", "Portrait", "avatar", "emoji", "header", "photo", "store"]

TIMEOUT_SECONDS = 40
AT_ONCE = 2
SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}

_ROOT = Path(__file__).parents[2]
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Portrait(msgspec.Struct, frozen=True):
    """An avatar, header or emoji, as names of blobs. `static_file`: the first frame if it moves, else the same."""

    file: str
    static_file: str


async def photo(data: bytes, *, max_pixels: int) -> Picture:
    """For a post: at most 3840 × 2160 pixels in area, with a preview and a blurhash. `Invalid` if it is no image."""
    return await _run(Order("photo", max_pixels), data)


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


async def _run(order: Order, data: bytes) -> Picture:
    slot = _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    async with slot:
        output = await _process(order, data)
    if not output:  # killed by a limit, or crashed in a decoder
        raise errors.Invalid("The image could not be processed: it takes too much memory or time")
    answer = msgspec.msgpack.decode(output, type=Picture | Refusal)
    if isinstance(answer, Refusal):
        raise errors.Invalid(answer.reason)
    return answer


async def _process(order: Order, data: bytes) -> bytes:
    """What the process wrote; nothing when it did not end well or in time."""
    head = msgspec.msgpack.encode(order)
    # The environment is left behind: it may hold passwords. What remains is what Python needs to start.
    environment = {"PYTHONPATH": str(_ROOT), "PATH": os.defpath}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-X", "utf8", "-m", "fedi.services.image_process",
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment, cwd="/",
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            output, _ = await process.communicate(len(head).to_bytes(4, "big") + head + data)
    except TimeoutError:
        return b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output if process.returncode == 0 else b""
