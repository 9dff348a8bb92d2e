"""Tiny films, sounds and animations made for tests."""

import io
from collections.abc import Sequence
from typing import Any

import av
import pillow_heif
from PIL import Image

Size = tuple[int, int]
# Of a track header: nothing is turned, and everything by a quarter to the right.
_STRAIGHT = bytes.fromhex("00010000" + "00" * 12 + "00010000" + "00" * 12 + "40000000")
_TURNED = bytes.fromhex("00000000" + "00010000" + "00000000" + "ffff0000" + "00" * 16 + "40000000")


def film(
    container: str = "mp4",
    picture: str = "libx264",
    sound: str | None = "aac",
    *,
    size: Size = (64, 48),
    rate: int = 10,
    frames: int = 5,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """Half a second that turns from black to red."""
    out = io.BytesIO()
    with av.open(out, "w", format=container, options=options or {}) as output:
        output.metadata.update(metadata or {})
        video: Any = output.add_stream(picture, rate=rate)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        audio: Any = output.add_stream(sound, rate=48_000) if sound else None
        if audio:
            audio.layout = "mono"
        for number in range(frames):
            image = Image.new("RGB", size, (255 * number // frames, 0, 0))
            output.mux(video.encode(av.VideoFrame.from_image(image)))
        output.mux(video.encode(None))
        if audio:
            _hum(output, audio, frames * 48_000 // rate)
    return out.getvalue()


def turned(data: bytes) -> bytes:
    """An MP4 as a phone makes it that is held upright."""
    start = data.index(_STRAIGHT, data.index(b"tkhd"))
    return data[:start] + _TURNED + data[start + len(_TURNED) :]


def sound(
    container: str = "wav",
    codec: str = "pcm_s16le",
    *,
    seconds: float = 0.5,
    metadata: dict[str, str] | None = None,
    cover: bytes | None = None,
) -> bytes:
    """Silence, perhaps with a cover (PNG)."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as output:
        output.metadata.update(metadata or {})
        audio: Any = output.add_stream(codec, rate=48_000)
        audio.layout = "stereo"
        if cover:
            art: Any = output.add_stream("png", rate=1)
            picture = Image.open(io.BytesIO(cover)).convert("RGB")
            art.width, art.height, art.pix_fmt = *picture.size, "rgb24"
            art.disposition = av.stream.Disposition.attached_pic
            output.mux(art.encode(av.VideoFrame.from_image(picture)))
            output.mux(art.encode(None))
        _hum(output, audio, int(seconds * 48_000))
    return out.getvalue()


def _hum(output: Any, audio: Any, samples: int) -> None:
    for start in range(0, samples, 1024):
        frame = av.AudioFrame(format="s16", layout=audio.layout.name, samples=1024)
        frame.sample_rate, frame.pts = 48_000, start
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        output.mux(audio.encode(frame))
    output.mux(audio.encode(None))


def animation(kind: str = "GIF", *, size: Size = (60, 40), colors: Sequence[str] = ("red", "green", "blue")) -> bytes:
    out = io.BytesIO()
    first, *others = [Image.new("RGB", size, color) for color in colors]
    first.save(out, kind, save_all=True, append_images=others, duration=80)
    return out.getvalue()


def heic(*, size: Size = (64, 48)) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", size, "red")).save(out, quality=50)
    return out.getvalue()


def tracks(data: bytes) -> list[str]:
    """The codecs in a file."""
    with av.open(io.BytesIO(data)) as found:
        return [stream.codec_context.name for stream in found.streams]


def words(data: bytes) -> dict[str, str]:
    """What a file says about itself."""
    with av.open(io.BytesIO(data)) as found:
        return dict(found.metadata)
