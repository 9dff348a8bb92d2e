"""The process that decodes one video, animation or sound and ends: `python -m fedi.services.clip_process`.

An order is the argument, the file stdin. What is known of the file, or a refusal, goes out on stdout; the clip itself
becomes a file in the order's folder. Only the container named in the order and the codecs listed here are opened.
"""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import msgspec
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from fedi.services import clip_order, image_process
from fedi.services.clip_order import Answer, Converted, Order, Probed
from fedi.services.clip_tracks import Making, Source, TooLong, upright
from fedi.services.confinement import confine
from fedi.services.image_order import Picture, Refusal

VIDEO_CODECS = frozenset("h264 hevc vp8 vp9 av1 libdav1d mpeg4 h263 theora mjpeg gif".split())
AUDIO_CODECS = frozenset(
    "aac mp3 mp3float opus libopus vorbis flac alac amrnb amrwb pcm_u8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be "
    "pcm_s32le pcm_f32le pcm_alaw pcm_mulaw".split()
)
# FFmpeg looks into the tracks before we do: with these decoders only.
OPTIONS = {"codec_whitelist": ",".join(sorted(VIDEO_CODECS | AUDIO_CODECS)), "protocol_whitelist": "none"}
COVER_FORMATS = ("JPEG", "PNG", "WEBP")
MAX_COVER_PIXELS = 36_000_000
# The still is not of the very beginning, which is often black.
STILL_SECONDS = 1.0
STILL_FRAMES = 40
# A film without sound and not longer plays by itself and over again, as a GIF does.
SILENT_SECONDS = 60


class Refused(Exception):
    """Why not, for the person who uploaded it."""


def main() -> None:
    order = msgspec.msgpack.decode(bytes.fromhex(sys.argv[1]), type=Order)
    probing = order.task == "probe"
    confine(
        cpu_seconds=clip_order.PROBE_CPU_SECONDS if probing else order.cpu_seconds,
        memory_bytes=clip_order.MEMORY_BYTES,
        file_bytes=0 if probing else order.max_bytes,
    )
    if not probing:
        os.nice(10)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_answer(order)))


def _answer(order: Order) -> Answer:
    try:
        return _probe(order) if order.task == "probe" else _convert(order)
    except (Refused, TooLong) as exc:
        return Refusal(str(exc))
    except MemoryError:
        return Refusal("The file takes too much memory to process")
    except Exception:  # noqa: BLE001 (decoders raise anything; none of it may look like our own failure)
        return Refusal("The file is damaged and cannot be read")


def _open(order: Order) -> Source:
    """From the beginning. No address is ever opened: the file is read through this object, and nothing else can be."""
    sys.stdin.buffer.seek(0)
    source = _source(av.open(sys.stdin.buffer, "r", format=order.demuxer, options=OPTIONS))
    _check(order, source)
    return source


def _source(container: InputContainer) -> Source:
    moving, covers = list[VideoStream](), list[VideoStream]()
    for stream in container.streams.video:
        (covers if stream.disposition & Disposition.attached_pic else moving).append(stream)
    video = next(iter(moving), None)
    audio = next(iter(container.streams.audio), None)
    if video is None and audio is None:
        raise Refused("The file has neither picture nor sound")
    _check_codec(video, VIDEO_CODECS)
    _check_codec(audio, AUDIO_CODECS)
    return Source(container, video, audio, next(iter(covers), None))


def _check_codec(stream: Stream | None, known: frozenset[str]) -> None:
    # Of a codec that nothing here knows there is no context.
    if stream is not None and (stream.codec_context is None or stream.codec_context.name not in known):
        raise Refused("The file is encoded in a way that is not supported")


def _check(order: Order, source: Source) -> None:
    """The limits, as far as the file tells; what it conceals is noticed while it is read."""
    seconds = _seconds(source)
    if seconds is not None and seconds > order.max_seconds:
        raise Refused(f"It is longer than {order.max_seconds} seconds")
    video = source.video
    if video is None:
        return
    if video.width <= 0 or video.height <= 0:
        raise Refused("The file is damaged and cannot be read")
    if video.width * video.height > order.max_pixels:
        raise Refused(f"{video.width}×{video.height} videos are not supported")
    rate = video.average_rate or video.guessed_rate
    if rate is not None and float(rate) > order.max_frame_rate and order.demuxer != "gif":
        raise Refused(f"{float(rate):.0f} frames per second are more than the {order.max_frame_rate} supported")


def _seconds(source: Source) -> float | None:
    if source.container.duration:
        return float(source.container.duration / av.time_base)
    ends = [
        float(stream.duration * stream.time_base)
        for stream in (source.video, source.audio)
        if stream is not None and stream.duration and stream.time_base
    ]
    return max(ends, default=None)


def _probe(order: Order) -> Probed:
    source = _open(order)
    seconds, rate = _seconds(source), source.container.bit_rate
    duration = round(seconds, 3) if seconds is not None else None
    if source.video is None:
        _hear(source)
        cover = _cover(source)
        return Probed(
            kind="audio",
            duration=duration,
            bitrate=rate or None,
            preview=cover.full if cover else None,
            blurhash=cover.blurhash if cover else None,
        )
    frame = _still(source.container, source.video)
    picture = frame.to_image().rotate(frame.rotation, expand=True)
    shown = image_process.thumbnail(picture)
    size = upright(source.video, frame)
    silent = source.audio is None and (seconds is None or seconds <= SILENT_SECONDS)
    frames = source.video.average_rate or source.video.guessed_rate
    return Probed(
        kind="gifv" if silent else "video",
        width=size[0],
        height=size[1],
        frame_rate=f"{frames.numerator}/{frames.denominator}" if frames else None,
        duration=duration,
        bitrate=rate or None,
        preview=shown.full,
        blurhash=shown.blurhash,
    )


def _still(container: InputContainer, video: VideoStream) -> VideoFrame:
    found: VideoFrame | None = None
    for number, frame in enumerate(_frames(container, video)):
        found = frame
        if number >= STILL_FRAMES or (frame.pts is not None and frame.time >= STILL_SECONDS):
            break
    if found is None:
        raise Refused("The file is damaged and cannot be read")
    return found


def _frames(container: InputContainer, video: VideoStream) -> Iterator[VideoFrame]:
    """Those that can be decoded."""
    for packet in container.demux(video):
        try:
            yield from video.codec_context.decode(packet)
        except av.error.InvalidDataError:
            continue


def _hear(source: Source) -> None:
    """Whether there is any sound at all."""
    assert source.audio is not None
    for packet in source.container.demux(source.audio):
        try:
            if source.audio.codec_context.decode(packet):
                return
        except av.error.InvalidDataError:
            continue
    raise Refused("The file is damaged and cannot be read")


def _cover(source: Source) -> Picture | None:
    """The picture that comes with a recording; none when it is no good."""
    if source.cover is None:
        return None
    try:
        source.container.seek(0)
        data = next((bytes(packet) for packet in source.container.demux(source.cover) if packet.size), b"")
        with Image.open(io.BytesIO(data), formats=COVER_FORMATS) as image:
            if image.width * image.height > MAX_COVER_PIXELS:
                return None
            return image_process.thumbnail(image)
    except (OSError, ValueError, SyntaxError, av.error.FFmpegError):
        return None


def _convert(order: Order) -> Converted:
    first: VideoFrame | None = None
    source = _open(order)
    if source.video is not None:
        first = next(_frames(source.container, source.video), None)
        source.container.close()
        source = _open(order)
    if source.video is not None and first is None:
        raise Refused("The file is damaged and cannot be read")
    path = Path(order.folder) / "clip"
    with Making(path, source, first, max_seconds=order.max_seconds) as making:
        making.all(source.container)
    if not making.duration:
        raise Refused("The file is damaged and cannot be read")
    return Converted(
        content_type=making.kind,
        width=making.size[0] if making.size else None,
        height=making.size[1] if making.size else None,
        duration=round(making.duration, 3),
        bitrate=int(path.stat().st_size * 8 / making.duration),
    )


if __name__ == "__main__":
    main()
