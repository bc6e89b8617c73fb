"""Accents that text can be read in, and those that it cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.appearance.colours import GROUNDS, LEAST_CONTRAST, Theme, contrast, shades_of
from treadle.errors import Invalid

TOKENS = Path(__file__).parents[2] / "frontend/src/ui/tokens.css"
THEMES: tuple[Theme, ...] = ("light", "dark")


def test_the_ratio_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_a_weak_accent_is_refused_with_its_ratio_and_one_that_does() -> None:
    with pytest.raises(Invalid, match=r"contrast is 1\.48:1 where it is weakest, and 4\.5:1") as refused:
        shades_of("#F0C040", "light", "accent_light")
    assert refused.value.code == "colour-weak"
    assert refused.value.fields == {"accent_light": [refused.value.message]}
    named = re.findall(r"#[0-9a-f]{6}", refused.value.message)[-1]
    assert shades_of(named, "light", "accent_light").contrast >= LEAST_CONTRAST


@pytest.mark.parametrize("text", ["red", "#fff", "#12345g", "#0b6e83;}body{", ""])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        shades_of(text, "dark", "accent_dark")
    assert refused.value.code == "colour-malformed"


@given(st.integers(0, 0xFFFFFF), st.sampled_from(THEMES))
def test_every_accent_that_passes_carries_text_on_itself_and_on_its_quiet_ground(
    number: int, theme: Theme
) -> None:
    try:
        shades = shades_of(f"#{number:06x}", theme, "accent")
    except Invalid:
        return
    for ground in (*GROUNDS[theme], shades.soft):
        assert contrast(shades.accent, ground) >= LEAST_CONTRAST
    assert contrast(shades.on_accent, shades.accent) >= LEAST_CONTRAST


def test_the_grounds_are_those_of_the_pages() -> None:
    light, dark = TOKENS.read_text().split(':root[data-theme="dark"]')
    for block, theme in zip((light, dark), THEMES, strict=True):
        named = re.findall(r"--(?:bg|surface|raised|sunken): (#[0-9a-f]{6})", block)
        assert set(named) == set(GROUNDS[theme])
