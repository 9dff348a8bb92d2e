"""Making of a film or sound what every browser plays: H.264 and AAC in MP4, MP3, AAC. In the clip process only.

A track that is that already is copied as it is, the others are decoded and encoded anew. Titles, places, chapters and
tracks of data stay behind.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

import av
import msgspec
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from PIL import Image

Kind = Literal["video/mp4", "audio/mpeg", "audio/mp4"]
Size = tuple[int, int]
AnyPacket: TypeAlias = "Packet[Any]"  # Any: of whatever track. It can be subscripted in stubs only

FORMATS: dict[Kind, tuple[str, dict[str, str]]] = {
    "video/mp4": ("mp4", {"movflags": "+faststart"}),
    "audio/mp4": ("ipod", {"movflags": "+faststart"}),
    "audio/mpeg": ("mp3", {"id3v2_version": "0", "write_id3v1": "0"}),
}
MAX_PIXELS = 1920 * 1080
# Frames that follow each other faster are left out.
MAX_FRAME_RATE = 60
THREADS = 2
# Baseline, Main and High are what all players know of H.264.
PROFILES = frozenset({"Baseline", "Constrained Baseline", "Main", "High"})
X264 = {"preset": "veryfast", "crf": "23", "maxrate": "6000000", "bufsize": "12000000", "x264-params": "keyint=250"}
RATES = frozenset({16_000, 22_050, 24_000, 32_000, 44_100, 48_000})
CLOCK = Fraction(1, 90_000)
# How a frame is turned upright, by the angle its decoder reports.
TURNS = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}


class Source(msgspec.Struct, frozen=True):
    """An opened file: what of it is looked at."""

    container: InputContainer
    video: VideoStream | None
    audio: AudioStream | None
    cover: VideoStream | None


class TooLong(Exception):
    """It goes on for longer than it said."""


def kind(source: Source) -> Kind:
    if source.video is not None:
        return "video/mp4"
    return "audio/mp4" if source.audio is not None and _plays_as_aac(source.audio) else "audio/mpeg"


def _fit(size: Size) -> Size:
    width, height = size
    factor = min(1.0, math.sqrt(MAX_PIXELS / (width * height)))
    return max(int(width * factor) // 2 * 2, 2), max(int(height * factor) // 2 * 2, 2)


def _plays_as_h264(video: VideoStream) -> bool:
    context = video.codec_context
    square = (video.sample_aspect_ratio or 1) == 1
    return (
        context.name == "h264" and context.pix_fmt in ("yuv420p", "yuvj420p") and context.profile in PROFILES and square
    )


def _plays_as_aac(audio: AudioStream) -> bool:
    context = audio.codec_context
    return context.name == "aac" and context.profile in ("LC", "HE-AAC") and context.channels <= 2


def upright(video: VideoStream, frame: VideoFrame) -> Size:
    """The size people see: square pixels, the right way up."""
    ratio = video.sample_aspect_ratio or Fraction(1)
    width, height = frame.width, frame.height
    if 0 < ratio < 1:
        height = round(height / ratio)
    elif ratio > 1:
        width = round(width * ratio)
    return (height, width) if frame.rotation % 180 else (width, height)


class Making:
    """One file being made. `first`: a frame of the film. `duration`, in seconds, is known at the end."""

    def __init__(self, path: Path, source: Source, first: VideoFrame | None, *, max_seconds: int) -> None:
        self.kind = kind(source)
        self.size: Size | None = None
        self._max_seconds = max_seconds
        self._begin, self._end = math.inf, 0.0
        name, options = FORMATS[self.kind]
        self._output = av.open(str(path), "w", format=name, options=options)
        self._tracks: dict[int, _Copied | _Drawn | _Sounding] = {}
        # All tracks must stand before the first packet is written.
        if source.video is not None and first is not None:
            self._tracks[source.video.index] = self._picture(source.video, first)
        if source.audio is not None:
            self._tracks[source.audio.index] = self._sound(source.audio)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._output.close()

    @property
    def duration(self) -> float:
        return max(self._end - self._begin, 0.0)

    def _picture(self, stream: VideoStream, first: VideoFrame) -> "_Copied | _Drawn":
        size = upright(stream, first)
        if _plays_as_h264(stream):
            self.size = size
            return _Copied(self._output, stream)
        self.size = _fit(size)
        return _Drawn(self._output, stream, self.size)

    def _sound(self, stream: AudioStream) -> "_Copied | _Sounding":
        if self.kind == "audio/mpeg":
            is_mp3 = stream.codec_context.name in ("mp3", "mp3float")
            return _Copied(self._output, stream) if is_mp3 else _Sounding(self._output, stream, "libmp3lame")
        return _Copied(self._output, stream) if _plays_as_aac(stream) else _Sounding(self._output, stream, "aac")

    def all(self, container: InputContainer) -> None:
        """Read to the end."""
        for packet in container.demux([track.source for track in self._tracks.values()]):
            for made in self._tracks[packet.stream.index].made(packet):
                self._mux(made)
        for track in self._tracks.values():
            for made in track.rest():
                self._mux(made)

    def _mux(self, packet: AnyPacket) -> None:
        if packet.pts is not None and packet.time_base:
            begin = float(packet.pts * packet.time_base)
            self._begin = min(self._begin, begin)
            self._end = max(self._end, begin + float((packet.duration or 0) * packet.time_base))
            if self.duration > self._max_seconds + 1:
                raise TooLong(f"It is longer than {self._max_seconds} seconds")
        self._output.mux(packet)


class _Copied:
    """A track as it is."""

    def __init__(self, output: OutputContainer, source: VideoStream | AudioStream) -> None:
        self.source = source
        self._stream = output.add_stream_from_template(source)

    def made(self, packet: AnyPacket) -> Iterator[AnyPacket]:
        if packet.dts is not None:  # the empty one at the end has none
            packet.stream = self._stream
            yield packet

    def rest(self) -> Iterator[AnyPacket]:
        yield from ()


class _Drawn:
    """A picture track, encoded anew: upright, not larger than people's screens, not faster than their eyes."""

    def __init__(self, output: OutputContainer, source: VideoStream, size: Size) -> None:
        self.source = source
        self._size = size
        self._last = -math.inf
        self._turners: dict[int, Graph] = {}
        source.thread_type = "AUTO"
        source.codec_context.thread_count = THREADS
        self._stream = output.add_stream("libx264", rate=MAX_FRAME_RATE, options=X264)
        self._stream.pix_fmt = "yuv420p"
        self._stream.width, self._stream.height = size
        self._stream.codec_context.thread_count = THREADS
        self._stream.codec_context.time_base = CLOCK
        self._stream.codec_context.flags |= Flags.frame_duration  # the last frame is shown as long as it was

    def made(self, packet: AnyPacket) -> Iterator[AnyPacket]:
        try:
            frames = self.source.codec_context.decode(packet)
        except av.error.InvalidDataError:
            return  # a broken piece; what comes after it may be good
        for frame in frames:
            if frame.pts is not None and frame.time_base is not None:
                yield from self._encoded(frame, int(frame.pts * frame.time_base / CLOCK))

    def _encoded(self, frame: VideoFrame, at: int) -> Iterator[AnyPacket]:
        if at - self._last < 1 / CLOCK / (MAX_FRAME_RATE + 1):
            return
        self._last = at
        drawn = self._turned(_opaque(frame), frame.rotation)
        drawn.pts, drawn.time_base = at, CLOCK
        drawn.duration = int((frame.duration or 0) * frame.time_base / CLOCK) if frame.time_base else 0
        drawn.pict_type = PictureType.NONE  # the encoder decides
        yield from self._stream.encode(drawn)

    def _turned(self, frame: VideoFrame, rotation: int) -> VideoFrame:
        width, height = self._size
        if rotation % 180:
            width, height = height, width
        sized = frame.reformat(width, height, "yuv420p", interpolation="BILINEAR")
        turns = TURNS.get(rotation % 360)
        if turns is None:
            return sized
        sized.time_base = CLOCK
        graph = self._turners.get(rotation)
        if graph is None:
            graph = self._turners[rotation] = Graph()
            start = graph.add_buffer(width=width, height=height, format=sized.format, time_base=CLOCK)
            graph.link_nodes(
                start, *(graph.add("transpose", each) for each in turns), graph.add("buffersink")
            ).configure()
        graph.vpush(sized)
        return graph.vpull()

    def rest(self) -> Iterator[AnyPacket]:
        yield from self._stream.encode(None)


def _opaque(frame: VideoFrame) -> VideoFrame:
    """On white, where it can be seen through."""
    if not any(component.is_alpha for component in frame.format.components):
        return frame
    plane = frame.reformat(format="rgba").planes[0]
    size = (frame.width, frame.height)
    image = Image.frombytes("RGBA", size, bytes(plane), "raw", "RGBA", plane.line_size)
    flat = Image.new("RGB", size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    made: VideoFrame = VideoFrame.from_image(flat)
    return made


class _Sounding:
    """A sound track, encoded anew: mono or stereo."""

    def __init__(self, output: OutputContainer, source: AudioStream, codec: Literal["aac", "libmp3lame"]) -> None:
        self.source = source
        rate = source.codec_context.sample_rate
        self._stream = output.add_stream(codec, rate=rate if rate in RATES else 44_100, options={})
        self._stream.layout = "mono" if source.codec_context.channels == 1 else "stereo"
        self._stream.bit_rate = 160_000 if codec == "aac" else 192_000

    def made(self, packet: AnyPacket) -> Iterator[AnyPacket]:
        try:
            frames = self.source.codec_context.decode(packet)
        except av.error.InvalidDataError:
            return
        for frame in frames:
            yield from self._stream.encode(frame)

    def rest(self) -> Iterator[AnyPacket]:
        yield from self._stream.encode(None)
