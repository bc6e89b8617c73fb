"""The accent of the two themes: whether text in it can be read, and the shades that follow from it.

Source: WCAG 2.2, relative luminance and contrast ratio.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from treadle.errors import Invalid

Theme = Literal["light", "dark"]
#: WCAG AA for text of any size.
LEAST_CONTRAST = 4.5

_HEX = re.compile(r"#[0-9a-f]{6}")
#: What text in the accent may stand on, of tokens.css; a test compares the two.
GROUNDS: dict[Theme, tuple[str, ...]] = {
    "light": ("#ffffff", "#f5f5f6", "#efeff1"),
    "dark": ("#17171a", "#0f0f11", "#1f1f23", "#0b0b0c"),
}
_SURFACE: dict[Theme, str] = {"light": "#ffffff", "dark": "#17171a"}
_AWAY: dict[Theme, str] = {"light": "#000000", "dark": "#ffffff"}
_SOFT_SHARE: dict[Theme, float] = {"light": 0.12, "dark": 0.13}
_ON_ACCENT = ("#ffffff", "#101012")
_HOVER_SHARE = 0.18
_STEPS = 100

_Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Shades:
    """An accent with what follows from it: a pressed one, text on it, and a quiet ground; all "#rrggbb"."""

    accent: str
    hover: str
    on_accent: str
    soft: str
    #: Of text in the accent on the ground where it is weakest, 1 to 21.
    contrast: float


def shades_of(text: str, theme: Theme, field: str) -> Shades:
    """The shades of the accent ``text`` in ``theme``.

    Raises Invalid("colour-malformed"), Invalid("colour-weak"), which tells the ratio and a colour that does.
    field: for the errors.
    """
    accent = text.strip().lower()
    if not _HEX.fullmatch(accent):
        text_ = f"{text[:40]!r} is no colour: give it as #rrggbb, six hex digits."
        raise _refused("colour-malformed", field, text_)
    shades = _shades(accent, theme)
    if shades.contrast < LEAST_CONTRAST:
        raise _refused(
            "colour-weak",
            field,
            f"Text in {accent} is too weak on the {theme} theme: its contrast is "
            f"{shades.contrast:.2f}:1 where it is weakest, and {LEAST_CONTRAST}:1 is needed. "
            f"{_nearest(accent, theme)} would do.",
        )
    return shades


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours "#rrggbb", 1 to 21."""
    low, high = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (high + 0.05) / (low + 0.05)


def _shades(accent: str, theme: Theme) -> Shades:
    soft = _mixed(_SURFACE[theme], accent, _SOFT_SHARE[theme])
    weakest = min(contrast(accent, ground) for ground in (*GROUNDS[theme], soft))
    hover = _mixed(accent, _AWAY[theme], _HOVER_SHARE)
    on_accent = max(
        ("#ffffff", "#101012"), key=lambda text: min(contrast(text, accent), contrast(text, hover))
    )
    return Shades(accent, hover, on_accent, soft, weakest)


def _nearest(accent: str, theme: Theme) -> str:
    """The colour nearest to it, on the way to black or white, that text can be read in."""
    towards = (_mixed(accent, _AWAY[theme], step / _STEPS) for step in range(_STEPS + 1))
    return next(each for each in towards if _shades(each, theme).contrast >= LEAST_CONTRAST)


def _rgb(colour: str) -> _Rgb:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _luminance(rgb: _Rgb) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(one: str, other: str, share: float) -> str:
    parts = (a + (b - a) * share for a, b in zip(_rgb(one), _rgb(other), strict=True))
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _refused(code: str, field: str, text: str) -> Invalid:
    return Invalid(code, text, fields={field: [text]})
