"""Photographs that the tests make, with marks whose places are known."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw, ImageFilter

Place = tuple[float, float]

#: What EXIF calls "turned by 90 degrees to the right".
_ORIENTATION_TAG, _TURNED_RIGHT = 0x0112, 6
#: A mark that can be found in a screenshot: nothing else on a page has its colour.
MAGENTA = (255, 0, 255)
_HALF_MARK_PX = 6


def photograph(width: int, height: int, *, seed: int = 1, marks: tuple[Place, ...] = ()) -> bytes:
    """A JPEG with soft shapes as photographs have; each mark is a magenta square around its place."""
    return _jpeg(_draw(width, height, seed, marks))


def turned_photograph(width: int, height: int, *, seed: int = 1, marks: tuple[Place, ...] = ()) -> bytes:
    """The same picture, as seen, but stored on its side with an EXIF orientation."""
    stored = _draw(width, height, seed, marks).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = _TURNED_RIGHT
    return _jpeg(stored, exif=exif)


def find_mark(screenshot: bytes, near: Place, reach_px: float) -> Place:
    """The middle of the magenta mark around a place on the screen."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    left, top = (max(int(at - reach_px), 0) for at in near)
    part = picture.crop((left, top, int(near[0] + reach_px) + 1, int(near[1] + reach_px) + 1))
    pixels = part.tobytes()
    found = [divmod(i // 3, part.width) for i in range(0, len(pixels), 3) if _is_magenta(pixels[i : i + 3])]
    assert found, f"No mark is near {near}"
    rows, columns = zip(*found, strict=True)
    # A pixel's middle is half a pixel from its corner.
    return (left + sum(columns) / len(found) + 0.5, top + sum(rows) / len(found) + 0.5)


def _is_magenta(pixel: bytes) -> bool:
    red, green, blue = pixel
    return red > 190 and green < 90 and blue > 190


def _draw(width: int, height: int, seed: int, marks: tuple[Place, ...]) -> Image.Image:
    chance = random.Random(seed)
    picture = Image.new("RGB", (width, height), (120, 130, 120))
    pen = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = chance.uniform(0, width), chance.uniform(0, height)
        colour = (chance.randint(40, 200), chance.randint(90, 220), chance.randint(40, 180))
        pen.ellipse((x - 80, y - 60, x + 80, y + 60), fill=colour)
    picture = picture.filter(ImageFilter.GaussianBlur(6))
    pen = ImageDraw.Draw(picture)
    for x, y in marks:
        corners = (x - _HALF_MARK_PX, y - _HALF_MARK_PX, x + _HALF_MARK_PX - 1, y + _HALF_MARK_PX - 1)
        pen.rectangle(corners, fill=MAGENTA)
    return picture


def _jpeg(picture: Image.Image, exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95, subsampling=0, exif=exif or Image.Exif())
    return out.getvalue()
