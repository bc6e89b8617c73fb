"""Boxes that a detector found: which stay, and how well they were found."""

from __future__ import annotations

import numpy as np
import pytest

from treadle.ml.builtin.detector.boxes import Found, average_precision, likeliest, overlaps


def found(*rows: tuple[float, float, float, float, float, int]) -> Found:
    """left, top, right, bottom, score, class."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Found(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))


def test_of_two_that_overlap_the_likelier_one_stays_but_not_of_another_class() -> None:
    near = found(
        (0, 0, 10, 10, 0.6, 0), (1, 0, 11, 10, 0.9, 0), (0, 0, 10, 10, 0.5, 1), (50, 0, 60, 9, 0.1, 0)
    )
    assert likeliest(near, confidence=0.2, overlap=0.5, most=9).scores.tolist() == [0.9, 0.5]
    assert likeliest(near, confidence=0.0, overlap=1.0, most=3).scores.tolist() == [0.9, 0.6, 0.5]
    assert len(likeliest(found(), confidence=0.0, overlap=0.5, most=3).scores) == 0


def test_overlap_is_intersection_over_union() -> None:
    ones = np.array([[0, 0, 2, 2], [0, 0, 0, 0]], np.float64)
    assert overlaps(ones, np.array([[1, 0, 3, 2], [0, 0, 0, 0]], np.float64)).tolist() == [[1 / 3, 0], [0, 0]]


def test_precision_counts_a_second_find_of_one_object_and_a_missed_one() -> None:
    truth = [(np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float64), np.array([0, 0]))]
    both = found((0, 0, 10, 10, 0.9, 0), (20, 0, 30, 10, 0.8, 0))
    assert average_precision([both], truth) == 1.0
    twice = found((0, 0, 10, 10, 0.9, 0), (0, 0, 10, 9, 0.8, 0), (20, 0, 30, 10, 0.7, 0))
    assert average_precision([twice], truth) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert average_precision([found((0, 0, 10, 10, 0.9, 0))], truth) == 0.5
    assert average_precision([found((0, 0, 10, 10, 0.9, 1))], truth) == 0.0
    assert average_precision([found()], [(np.zeros((0, 4)), np.zeros(0, np.int64))]) == 0.0
