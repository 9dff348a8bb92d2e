"""Pictures made for tests."""

import io

from PIL import Image

GPS_IFD, CAMERA, LATITUDE_REF, LATITUDE = 0x8825, 0x0110, 1, 2
CAMERA_NAME = "Telltale Camera"


def picture(kind: str = "PNG", *, size: tuple[int, int] = (64, 48), color: str = "red") -> bytes:
    """One colour all over."""
    output = io.BytesIO()
    Image.new("RGB", size, color).save(output, kind)
    return output.getvalue()


def photograph(*, size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG that says where and with what it was taken."""
    exif = Image.Exif()
    exif[CAMERA] = CAMERA_NAME
    exif.get_ifd(GPS_IFD).update({LATITUDE_REF: "N", LATITUDE: (52.0, 31.0, 12.0)})
    output = io.BytesIO()
    Image.new("RGB", size, "green").save(output, "JPEG", exif=exif)
    return output.getvalue()


def metadata(data: bytes) -> dict[int, object]:
    """What EXIF is left, position included."""
    exif = Image.open(io.BytesIO(data)).getexif()
    return {**exif, **exif.get_ifd(GPS_IFD)}
