"""What becomes of an uploaded logo."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from treadle.appearance.logo_reading import MOST_KEPT_BYTES, read_logo
from treadle.appearance.logos import MOST_UPLOADED_BYTES, type_of_logo
from treadle.errors import Invalid

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9"'
HOSTILE = (
    "<script>alert(1)</script>",
    '<a xlink:href="javascript:alert(1)"><rect width="3" height="3"/></a>',
    '<image href="https://evil.example/x.png"/>',
    '<use href="https://evil.example/x.svg#a"/>',
    "<style>@import url(//evil.example);</style>",
    "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='//evil.example'/></foreignObject>",
    '<rect onclick="alert(1)" style="background:url(//evil.example)" width="3" height="3"/>',
    '<rect fill="url(https://evil.example/p)" width="3" height="3"/>',
    '<rect fill="u\\72l(https://evil.example)" width="3" height="3"/>',
    '<set attributeName="href" to="javascript:alert(1)"/><animate onbegin="alert(1)"/>',
    "<?xml-stylesheet href='//evil.example'?>",
)


@pytest.mark.parametrize("inside", HOSTILE)
def test_a_drawing_keeps_its_shapes_and_nothing_that_acts_or_leads_elsewhere(inside: str) -> None:
    drawing = f'{SVG} onload="alert(1)">{inside}<circle cx="4" cy="4" r="3" fill="#0b6e83"/></svg>'
    logo = read_logo(drawing.encode())
    text = logo.content.decode()
    assert '<circle cx="4" cy="4" r="3" fill="#0b6e83">' in text
    assert not any(
        word in text.lower() for word in ("script", "evil", "onload", "onclick", "href", "style", "foreign")
    )
    assert type_of_logo(logo.name) == "image/svg+xml"
    assert read_logo(logo.content).content == logo.content


def test_a_gradient_of_the_same_drawing_stays() -> None:
    drawing = f'{SVG}><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient>'
    logo = read_logo(f'{drawing}<rect width="9" height="9" fill="url(#g)"/></svg>'.encode())
    assert b'fill="url(#g)"' in logo.content


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>',
        f"<!DOCTYPE svg><{SVG[1:]}/>".encode("utf-16"),
        b"<html><body/></html>",
        b"<svg",
        b"GIF89a and then nothing",
        b"",
    ],
)
def test_what_is_no_logo_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_logo(content)
    assert refused.value.code == "logo-broken"


def test_too_much_is_refused() -> None:
    deep = f"{SVG}>{'<g>' * 60}{'</g>' * 60}</svg>"
    many = f"{SVG}>{'<g/>' * 3_000}</svg>"
    long = f"{SVG}><path d='{'M0 0' * MOST_KEPT_BYTES}'/></svg>"
    for content in (deep.encode(), many.encode(), long.encode(), b" " * (MOST_UPLOADED_BYTES + 1)):
        with pytest.raises(Invalid) as refused:
            read_logo(content)
        assert refused.value.code == "logo-too-large"


def test_a_picture_is_drawn_anew_and_small() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (900, 300), (11, 110, 131, 128)).save(file, "PNG")
    logo = read_logo(file.getvalue() + b"<script>alert(1)</script>")
    with Image.open(io.BytesIO(logo.content)) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (256, 85))
    assert b"script" not in logo.content
    assert type_of_logo(logo.name) == "image/png"
