"""The process that decodes one uploaded image and ends: `python -m fedi.services.image_process`.

Decoders are where image attacks happen, so they run apart from the server, with little memory, little time, no files
and no secrets. An order is the argument, the file stdin; a picture or a refusal goes out on stdout.
"""

import importlib
import io
import math
import sys
import warnings
from typing import Any

import blurhash
import msgspec
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from fedi.services import image_order
from fedi.services.confinement import confine
from fedi.services.image_order import Moving, Order, Picture, Refusal, Rendition

PHOTO_PIXELS = 3840 * 2160
PREVIEW_PIXELS = 640 * 360
MOVING_PIXELS = 1280 * 720
# Of all frames together: what may be held while an animation is encoded.
MOVING_PIXELS_TOTAL = 32_000_000
MAX_FRAMES = 1000
# All frames of an animation together may have this many times the pixels of the largest image.
MOVING_FACTOR = 10
MAX_SIDE = 16_383  # of WebP; far below what JPEG and PNG can hold
EMOJI_SIDE = 128
CUTS = {"avatar": (400, 400), "header": (1500, 500)}
SUFFIX_BY_FORMAT = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}

Size = tuple[int, int]


def main() -> None:
    order = msgspec.msgpack.decode(bytes.fromhex(sys.argv[1]), type=Order)
    confine(cpu_seconds=image_order.CPU_SECONDS, memory_bytes=image_order.memory_bytes(order), file_bytes=0)
    sys.stdout.buffer.write(msgspec.msgpack.encode(_answer(order, sys.stdin.buffer.read())))


def _formats(data: bytes) -> tuple[str, ...]:
    if data[4:8] != b"ftyp":
        return image_order.FORMATS
    # Only for who needs it: its libraries take longer to load than most images to decode.
    importlib.import_module("pillow_heif").register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return image_order.ISO_FORMATS


def _answer(order: Order, data: bytes) -> Picture | Moving | Refusal:
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # The size is checked below, exactly, before anything is decoded.
    try:
        with Image.open(io.BytesIO(data), formats=_formats(data)) as image:
            if image.width * image.height > order.max_pixels:
                return Refusal(f"The image is larger than {order.max_pixels:,} pixels".replace(",", " "))
            return _picture(order, image)
    except UnidentifiedImageError:
        return Refusal(image_order.UNKNOWN)
    except MemoryError:
        return Refusal("The image is too large")
    except Exception:  # noqa: BLE001 (decoders raise anything; none of it may look like our own failure)
        return Refusal("The image is damaged and cannot be read")


def _picture(order: Order, image: Image.Image) -> Picture | Moving | Refusal:
    # A phone's JPEG may hold a second picture (MPO), and its HEIC more than one; that is not an animation.
    frames: int = getattr(image, "n_frames", 1) if image.format not in ("JPEG", "MPO", "HEIF") else 1
    if frames > 1:
        if frames * image.width * image.height > MOVING_FACTOR * order.max_pixels:
            return Refusal("The animation is too long for its size")
        if order.kind == "photo" and image.format == "GIF":
            return Moving()
        return _moving(order, image, min(frames, MAX_FRAMES))
    kind = {"JPEG": "JPEG", "MPO": "JPEG", "HEIF": "JPEG", "PNG": "PNG", "GIF": "PNG"}.get(image.format or "", "WEBP")
    if order.kind == "photo":
        # A JPEG is decoded at a fraction of its size where that is enough.
        image.draft("RGB", _fit(image.size, PHOTO_PIXELS))
        still = _plain(image)
        full = _resize(still, _fit(still.size, PHOTO_PIXELS))
        preview = _resize(full, _fit(full.size, PREVIEW_PIXELS))
        return Picture(_encode(full, kind), _encode(preview, kind), _blurhash(preview))
    if order.kind == "thumbnail":
        return thumbnail(image)
    if order.kind == "emoji":
        small = _plain(image)
        return Picture(_encode(_resize(small, _within(small.size, EMOJI_SIDE)), "PNG"), None, None)
    cut = ImageOps.fit(_plain(image), CUTS[order.kind], Image.Resampling.LANCZOS)
    return Picture(_encode(cut, "PNG" if cut.mode == "RGBA" else "JPEG"), None, None)


def thumbnail(image: Image.Image) -> Picture:
    """A small JPEG with its blurhash: what is shown of a video or of music before it is played."""
    whole = _plain(image)
    small = _resize(whole, _fit(whole.size, PREVIEW_PIXELS))
    return Picture(_encode(small, "JPEG"), None, _blurhash(small))


def _moving(order: Order, image: Image.Image, frames: int) -> Picture:
    """An animation, as animated WebP; its first frame as a still."""
    size = CUTS.get(order.kind) or _fit(image.size, min(MOVING_PIXELS, MOVING_PIXELS_TOTAL // frames))
    if order.kind == "emoji":
        size = _within(image.size, EMOJI_SIDE)
    pictures: list[Image.Image] = []
    durations: list[int] = []
    for index in range(frames):
        image.seek(index)
        frame = image.convert("RGBA")
        resized = ImageOps.fit(frame, size, Image.Resampling.BICUBIC) if order.kind in CUTS else _resize(frame, size)
        resized.info.clear()
        pictures.append(resized)
        durations.append(max(int(image.info.get("duration") or 100), 20))
        if len(pictures) * size[0] * size[1] > MOVING_PIXELS_TOTAL:
            break
    out = io.BytesIO()
    pictures[0].save(
        out, "WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=75, method=1
    )
    still = pictures[0]
    if order.kind == "photo":
        still = _resize(still, _fit(size, PREVIEW_PIXELS))
    return Picture(
        Rendition(out.getvalue(), "image/webp", *size),
        _encode(still, "WEBP" if order.kind == "photo" else "PNG"),
        _blurhash(still) if order.kind == "photo" else None,
    )


def _plain(image: Image.Image) -> Image.Image:
    """Upright, in sRGB, RGB or RGBA, and without anything else that the file said."""
    image = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # 16 bits a sample
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    has_alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    if profile and image.mode in ("RGB", "RGBA", "CMYK", "L"):
        image = _in_srgb(image, profile)
    image = image.convert("RGBA" if has_alpha else "RGB")
    if has_alpha and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    image.info.clear()
    return image


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours as the profile means them; as they are when the profile is no good."""
    target: Any = ImageCms.createProfile("sRGB")  # Any: the stubs know no common type of both kinds of profile
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        converted = ImageCms.profileToProfile(image, io.BytesIO(profile), target, outputMode=mode)
    except (ImageCms.PyCMSError, ValueError, OSError):
        return image
    return converted or image


def _fit(size: Size, pixels: int) -> Size:
    """The size, made smaller in proportion until it has at most that many pixels and no side is too long."""
    width, height = size
    factor = min(1.0, math.sqrt(pixels / (width * height)), MAX_SIDE / max(width, height))
    if factor == 1.0:
        return size
    return max(int(width * factor), 1), max(int(height * factor), 1)


def _within(size: Size, side: int) -> Size:
    """The size, made smaller in proportion until neither side is longer."""
    width, height = size
    factor = min(1.0, side / max(width, height))
    return max(round(width * factor), 1), max(round(height * factor), 1)


def _resize(image: Image.Image, size: Size) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encode(image: Image.Image, kind: str) -> Rendition:
    out = io.BytesIO()
    image.info.clear()
    match kind:
        case "JPEG":
            _on_white(image).save(out, "JPEG", quality=88, progressive=True, optimize=True)
        case "PNG":
            image.save(out, "PNG")
        case _:
            image.save(out, "WEBP", quality=86, method=3)
    return Rendition(out.getvalue(), SUFFIX_BY_FORMAT[kind], image.width, image.height)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def _blurhash(image: Image.Image) -> str:
    small = image.convert("RGBA")
    small.thumbnail((32, 32))
    flat = _on_white(small)
    width, height = flat.size
    data = flat.tobytes()
    rows = [
        [tuple(data[at : at + 3]) for at in range(3 * width * line, 3 * width * (line + 1), 3)]
        for line in range(height)
    ]
    value: str = blurhash.encode(rows, components_x=4, components_y=3)
    return value


if __name__ == "__main__":
    main()
