"""Overlap over union of outlines, beside areas that were computed by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.learning.measures import overlaps
from treadle.learning.measures.answers import read_outline
from treadle.learning.measures.overlaps import Outline, outline_of, overlap


def outline(**value: object) -> Outline:
    found = read_outline(value, 1.0)
    assert found is not None
    return found


def box(x: float, y: float, width: float, height: float, rotation: float = 0) -> Outline:
    return outline(x=x, y=y, width=width, height=height, rotation=rotation)


L_SHAPE = outline(points=[[0, 0], [20, 0], [20, 10], [10, 10], [10, 20], [0, 20]])
#: Half of it is the notch of the other.
CORNER = box(10, 10, 10, 10)
#: A square of 20 on its tip, whose corner is at (50, 30).
DIAMOND = box(50, 30, 20, 20, 45)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (box(0, 0, 10, 10), box(0, 0, 10, 10), 1),
        (box(0, 0, 10, 10), box(5, 0, 10, 10), 50 / 150),
        (box(0, 0, 10, 10), box(10, 0, 10, 10), 0),
        (box(0, 0, 20, 20), box(5, 5, 10, 10), 100 / 400),
        # Turned by a right angle about its corner it lies on the left of it.
        (box(10, 0, 10, 10, 90), box(0, 0, 10, 10), 1),
        # A tip at (50, 30), and the upper half of the diamond above the middle.
        (DIAMOND, box(0, 0, 100, 30 + 20 / math.sqrt(2)), 200 / (400 + 100 * (30 + 20 / math.sqrt(2)) - 200)),
        (L_SHAPE, CORNER, 0),
        (L_SHAPE, box(0, 0, 20, 20), 300 / 400),
        (L_SHAPE, box(5, 5, 10, 10), 75 / 325),
        (L_SHAPE, L_SHAPE, 1),
        # A circle within its box: pi over 4, of 48 corners.
        (outline(x=50, y=50, radiusX=10, radiusY=10), box(40, 40, 20, 20), math.pi / 4),
    ],
)  # fmt: skip
def test_an_overlap_is_that_of_the_areas(one: Outline, other: Outline, expected: float) -> None:
    assert overlap(one, other) == pytest.approx(expected, abs=0.005)
    assert overlap(other, one) == pytest.approx(overlap(one, other), abs=1e-9)


def test_a_box_is_turned_in_pixels_and_measured_in_percent() -> None:
    # 40 by 10 pixels of a picture of 200 by 100, turned upright about its corner at (100, 40).
    turned = read_outline({"x": 50, "y": 40, "width": 20, "height": 10, "rotation": 90}, 2.0)
    assert turned is not None
    assert turned.box == pytest.approx((45, 40, 50, 80))


numbers = st.floats(0, 90)
sides = st.floats(1, 60)


@given(
    st.tuples(numbers, numbers, sides, sides, st.floats(0, 360)), st.tuples(numbers, numbers, sides, sides)
)
def test_lines_and_clipping_agree(
    one: tuple[float, float, float, float, float], other: tuple[float, float, float, float]
) -> None:
    a, b = box(*one), box(*other)
    exact = overlap(a, b)
    shared = overlaps._shared_by_lines(a, b)
    assert shared / (a.area + b.area - shared) == pytest.approx(exact, abs=0.005)


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [10, 10]],
        [[0, 0], [5, 5], [10, 10]],
        [[0, 0], [10, 0], ["x", 10]],
        [[0, 0], [10, 0], [1e300, 10]],
        [[0, 0], [10, 0], None],
    ],
)
def test_what_encloses_nothing_is_no_outline(points: object) -> None:
    assert read_outline({"points": points}, 1.0) is None


def test_an_outline_of_very_many_points_costs_no_more_than_one_of_some() -> None:
    turns = [2 * math.pi * step / 100_000 for step in range(100_000)]
    many = outline_of([(50 + 9 * math.cos(turn), 50 + 9 * math.sin(turn)) for turn in turns])
    assert many is not None
    assert len(many.points) <= 2_000
    assert many.area == pytest.approx(math.pi * 81, rel=0.001)
