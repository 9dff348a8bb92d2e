"""Videos, animations and sound: looked at, and made into what every browser plays, by `clip_process`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from fedi import errors
from fedi.config import Settings
from fedi.context import App
from fedi.services import clip_order, decoding
from fedi.services.clip_order import Converted, Demuxer, Order, Probed
from fedi.services.image_order import Refusal

MODULE = "fedi.services.clip_process"
SUFFIXES = {"video/mp4": ".mp4", "audio/mpeg": ".mp3", "audio/mp4": ".m4a"}
PROBE_SECONDS = 40
# Each may take two processors and half a gigabyte; what is looked at is small work.
PROBES_AT_ONCE = 2
CONVERSIONS_AT_ONCE = 1
HEAD_BYTES = 64
# Kinds of ISO files that hold a picture: `images` knows them.
_PICTURES = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"})
_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})

_probes: decoding.Slots = decoding.Slots()
_conversions: decoding.Slots = decoding.Slots()


def sniff(head: bytes) -> Demuxer | None:
    """What opens a file, by its first bytes; None if it is nothing that moves or sounds. Names and declared types mean
    nothing."""
    match head[:4]:
        case b"\x1aE\xdf\xa3":
            return "matroska"
        case b"OggS":
            return "ogg"
        case b"fLaC":
            return "flac"
        case b"RIFF" if head[8:12] == b"WAVE":
            return "wav"
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _PICTURES else "mov"
    if head[4:8] in _BOXES:
        return "mov"
    if head[:3] == b"ID3":
        return "mp3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:  # the sync of an MPEG frame
        layer = head[1] & 0x06
        return "aac" if layer == 0 and head[1] & 0xF0 == 0xF0 else "mp3" if layer else None
    return None


async def probe(settings: Settings, file: BinaryIO, demuxer: Demuxer) -> Probed:
    """What it is, with a still. `Invalid` if it cannot be read or is beyond the limits."""
    async with decoding.slot(_probes, PROBES_AT_ONCE):
        answer = await _answered(_order(settings, "probe", demuxer), file, PROBE_SECONDS)
    if isinstance(answer, Probed):
        return answer
    raise errors.Invalid(answer.reason if isinstance(answer, Refusal) else _LIMITS)


@asynccontextmanager
async def converted(app: App, file: BinaryIO, demuxer: Demuxer) -> AsyncIterator[tuple[Converted, Path]]:
    """What plays everywhere, as a file that is gone afterwards. `Invalid` if it cannot be made."""
    settings = app.settings
    async with app.blobs.workshop() as folder:
        async with decoding.slot(_conversions, CONVERSIONS_AT_ONCE):
            order = _order(settings, "convert", demuxer, folder=str(folder))
            seconds = settings.media_process_seconds * clip_order.PATIENCE
            answer = await _answered(order, file, seconds)
        if not isinstance(answer, Converted):
            raise errors.Invalid(answer.reason if isinstance(answer, Refusal) else _LIMITS)
        yield answer, folder / "clip"


_LIMITS = "The file could not be processed: it takes too much memory or time"


def _order(settings: Settings, task: clip_order.Task, demuxer: Demuxer, *, folder: str = "") -> Order:
    return Order(
        task=task,
        demuxer=demuxer,
        max_pixels=settings.video_max_pixels,
        max_frame_rate=settings.video_max_frame_rate,
        max_seconds=settings.media_max_seconds,
        max_bytes=2 * settings.video_max_bytes,
        cpu_seconds=settings.media_process_seconds,
        folder=folder,
    )


async def _answered(order: Order, file: BinaryIO, seconds: float) -> clip_order.Answer | None:
    """None when the process was killed by a limit, or crashed."""
    output = await decoding.run(MODULE, msgspec.msgpack.encode(order), file, seconds=seconds)
    return msgspec.msgpack.decode(output, type=clip_order.Answer) if output else None
