"""An uploaded logo: a picture is drawn anew, small; a drawing is rebuilt from what is harmless.

A browser runs nothing of a drawing that an <img> shows. It is rebuilt all the same, since its address can be
opened by itself: no scripts, handlers, links, styles, foreign content, nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
import io
import re
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageOps

from treadle.appearance.logos import MOST_UPLOADED_BYTES, Logo
from treadle.errors import Invalid

MOST_KEPT_BYTES = 128 * 1024
_MOST_ELEMENTS = 2_000
_DEEPEST = 50
_MOST_PIXELS = 16_000_000
_SIDE_PX = 256
_NAMESPACE = "{http://www.w3.org/2000/svg}"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ELEMENTS = _names(
    """
    svg g defs title desc path rect circle ellipse line polyline polygon text tspan
    linearGradient radialGradient stop clipPath mask
    """
)
_ATTRIBUTES = _names(
    """
    id x y x1 y1 x2 y2 cx cy r rx ry fx fy d dx dy points width height viewBox preserveAspectRatio transform
    fill fill-rule fill-opacity stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit
    stroke-dasharray stroke-dashoffset stroke-opacity opacity color display visibility
    clip-path clip-rule clipPathUnits mask maskUnits maskContentUnits
    offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod
    font-family font-size font-weight font-style text-anchor letter-spacing
    """
)
#: The one address that may stand in an attribute, of a gradient or a mask in the same drawing, and any other.
_OUTSIDE = re.compile(r"url\s*\(|:\s*//|javascript|data:|\\|expression", re.IGNORECASE)
_OWN_ADDRESS = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)")


def read_logo(content: bytes, field: str = "logo") -> Logo:
    """Make a logo of an uploaded file.

    Raises Invalid("logo-too-large"), Invalid("logo-broken"); ``field`` is for the errors.
    """
    if len(content) > MOST_UPLOADED_BYTES:
        raise _refused(
            "logo-too-large", field, f"The file is over {MOST_UPLOADED_BYTES // 1024} KB. Send a smaller one."
        )
    is_drawing = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    made, kind = (_drawing(content, field), "svg") if is_drawing else (_picture(content, field), "png")
    if len(made) > MOST_KEPT_BYTES:
        text = f"The logo takes {len(made) // 1024} KB, and {MOST_KEPT_BYTES // 1024} KB are the most."
        raise _refused("logo-too-large", field, text)
    return Logo(f"{hashlib.sha256(made).hexdigest()[:20]}.{kind}", made)


def _picture(content: bytes, field: str) -> bytes:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP", "GIF")) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise _refused(
                    "logo-too-large", field, f"The picture has over {_MOST_PIXELS // 10**6} megapixels."
                )
            turned = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise _refused(
            "logo-broken", field, "This is no picture that can be read. Send SVG, PNG, JPEG, WebP or GIF."
        ) from error
    turned.thumbnail((_SIDE_PX, _SIDE_PX))
    made = io.BytesIO()
    turned.save(made, "PNG", optimize=True)
    return made.getvalue()


def _drawing(content: bytes, field: str) -> bytes:
    root = _parsed(content, field)
    if root.tag != f"{_NAMESPACE}svg":
        raise _refused("logo-broken", field, "This file is no SVG drawing: its first element is not svg.")
    written: list[str] = []
    _write(root, written, [_MOST_ELEMENTS], field)
    return "".join(written).encode()


def _parsed(content: bytes, field: str) -> ElementTree.Element:
    # Entities of one's own grow without end; and nothing harmless needs a document type.
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", content, re.IGNORECASE) or b"\0" in content:
        raise _refused(
            "logo-broken", field, "The drawing declares a document type or entities. Remove that line."
        )
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise _refused("logo-broken", field, f"The drawing is not well-formed XML: {error}.") from error


def _write(element: ElementTree.Element, out: list[str], left: list[int], field: str, depth: int = 0) -> None:
    tag = element.tag.removeprefix(_NAMESPACE) if isinstance(element.tag, str) else ""
    if tag not in _ELEMENTS:
        return
    left[0] -= 1
    if left[0] < 0 or depth > _DEEPEST:
        raise _refused("logo-too-large", field, "The drawing has too many elements, or is nested too deep.")
    attributes = "".join(
        f" {name}={quoteattr(value)}" for name, value in element.items() if _is_harmless(name, value)
    )
    namespace = ' xmlns="http://www.w3.org/2000/svg"' if depth == 0 else ""
    out.append(f"<{tag}{namespace}{attributes}>{escape((element.text or '').strip())}")
    for child in element:
        _write(child, out, left, field, depth + 1)
        if tag in ("text", "tspan"):
            out.append(escape(child.tail or ""))
    out.append(f"</{tag}>")


def _is_harmless(name: str, value: str) -> bool:
    """Known, and without an address of anything outside the drawing."""
    rest = _OWN_ADDRESS.sub("", value)
    return name in _ATTRIBUTES and not _OUTSIDE.search(rest)


def _refused(code: str, field: str, text: str) -> Invalid:
    return Invalid(code, text, fields={field: [text]})
