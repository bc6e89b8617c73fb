"""Pictures as the label page shows them: turned by their EXIF orientation, measured, and small."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

from treadle.errors import Invalid

THUMBNAIL_PX = 320
_MOST_PIXELS = 400_000_000
_QUALITY = 82

#: What browsers draw, by the name that Pillow gives it.
CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}


@dataclass(frozen=True)
class Picture:
    """A picture that was read to its end."""

    width_px: int  # after EXIF orientation
    height_px: int
    content_type: str
    thumbnail: bytes  # JPEG, at most `THUMBNAIL_PX` on its longer side


def read_picture(file: BinaryIO, name: str, *, most_pixels: int = _MOST_PIXELS) -> Picture:
    """Read the whole picture in ``file``, of at most ``most_pixels``; ``name`` is for the errors.

    Raises Invalid("picture-broken") for a truncated or mislabelled file, Invalid("picture-too-large"),
    Invalid("picture-format") for a format that no browser draws.
    """
    try:
        with Image.open(file) as image:
            return _read(image, name, most_pixels)
    except Image.DecompressionBombError as error:
        raise _too_large(name, most_pixels) from error
    except UnidentifiedImageError as error:
        raise _refused("picture-broken", name, "is no picture, whatever its name says.") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise _refused("picture-broken", name, f"cannot be read to its end ({error}).") from error


def _read(image: Image.Image, name: str, most_pixels: int) -> Picture:
    if image.width * image.height > most_pixels:
        raise _too_large(name, most_pixels)
    kind = CONTENT_TYPES.get(image.format or "")
    if kind is None:
        raise _refused("picture-format", name, f"is {image.format}; send JPEG, PNG, WebP, GIF, BMP or AVIF.")
    width_px, height_px = _shown_size(image)
    # JPEG decodes at a fraction of its size when less is wanted; it still reads the file to its end.
    image.draft("RGB", (2 * THUMBNAIL_PX, 2 * THUMBNAIL_PX))
    image.load()
    small = ImageOps.exif_transpose(image)
    small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return Picture(width_px, height_px, kind, _jpeg(small))


def _shown_size(image: Image.Image) -> tuple[int, int]:
    orientation_tag, first_turned = 0x0112, 5
    orientation = image.getexif().get(orientation_tag, 1)
    width_px, height_px = image.size
    return (height_px, width_px) if orientation >= first_turned else (width_px, height_px)


def _jpeg(image: Image.Image) -> bytes:
    flat = image
    if image.mode in ("RGBA", "LA", "PA", "P"):
        flat = Image.new("RGB", image.size, "white")
        layer = image.convert("RGBA")
        flat.paste(layer, mask=layer.getchannel("A"))
    buffer = io.BytesIO()
    flat.convert("RGB").save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _too_large(name: str, most_pixels: int) -> Invalid:
    return _refused("picture-too-large", name, f"has more than {most_pixels // 10**6} megapixels.")


def _refused(code: str, name: str, what: str) -> Invalid:
    return Invalid(code, f"{name} {what}", fields={name: [f"{name} {what}"]})
