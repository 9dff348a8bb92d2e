"""What the server and its clip process say to each other. Imports nothing, so that the process starts quickly."""

from typing import Literal

import msgspec

from fedi.services.image_order import Refusal, Rendition

MIME_TYPES = (
    "video/webm", "video/mp4", "video/quicktime", "video/ogg",
    "audio/wave", "audio/wav", "audio/x-wav", "audio/x-pn-wave", "audio/vnd.wave", "audio/ogg", "audio/vorbis",
    "audio/opus", "audio/mpeg", "audio/mp3", "audio/webm", "audio/flac", "audio/x-flac", "audio/aac", "audio/m4a",
    "audio/x-m4a", "audio/mp4", "audio/3gpp",
)  # fmt: skip

MEMORY_BYTES = 2 * 1024 * 1024 * 1024  # of addresses; what is really used is a fraction
PROBE_CPU_SECONDS = 20
# With the decoder and the encoder each on two threads, the clock runs no faster than this.
PATIENCE = 2.0

Demuxer = Literal["mov", "matroska", "ogg", "mp3", "aac", "flac", "wav", "gif"]
Task = Literal["probe", "convert"]
Kind = Literal["video", "gifv", "audio"]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """probe: what it is and how it looks. convert: make of it what every browser plays, as `folder`/clip."""

    task: Task
    demuxer: Demuxer
    max_pixels: int
    max_frame_rate: int
    max_seconds: int
    max_bytes: int
    cpu_seconds: int
    folder: str = ""


class Probed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a file is. Sizes are those of the upright picture; `preview`: a still, or the cover of a record."""

    kind: Kind
    width: int | None = None
    height: int | None = None
    frame_rate: str | None = None  # "30/1"
    duration: float | None = None
    bitrate: int | None = None
    preview: Rendition | None = None
    blurhash: str | None = None


class Converted(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What was made of it."""

    content_type: Literal["video/mp4", "audio/mpeg", "audio/mp4"]
    width: int | None
    height: int | None
    duration: float
    bitrate: int


Answer = Probed | Converted | Refusal
