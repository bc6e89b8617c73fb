"""What a figure of the label page may be at most."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.editor import EditorFigure
from benchmarks.rows import Row

#: The same whatever is shown.
_ALWAYS = {"script": 600.0, "largest script": 270.0}
_OF_SCENES: dict[str, dict[str, float]] = {
    "100 boxes": {"select": 14, "zoom step": 2.5, "pan step": 3, "draw a box": 60, "heap": 6},
    "1,000 boxes": {"drag step": 2.2},
    "5,000 boxes": {
        "ready": 600,
        "heap": 15,
        "select": 25,
        "drag step": 3,
        "zoom step": 6,
        "pan step": 8,
        "draw a box": 90,
        "undo it": 40,
        "submit to next": 300,
    },
    "5,000 and 500 polygons": {"full repaint": 25, "drag step": 3},
    "text, 1,000 spans": {"ready": 300, "heap": 13, "scroll step": 1.8, "mark": 61},
}
#: At most a tenth of Label Studio's figure.
_TENTHS = {
    "1,000 boxes": (
        "ready",
        "heap",
        "select",
        "zoom step",
        "pan step",
        "draw a box",
        "undo it",
        "submit to next",
    )
}


def budget_of(scene: str, what: str, theirs: float | None) -> tuple[float | None, str]:
    """The most that a figure may be, and the budget in words; ``theirs``: Label Studio's figure."""
    if theirs is not None and what in _TENTHS.get(scene, ()):
        return theirs / 10, "1/10"
    most = {**_ALWAYS, **_OF_SCENES.get(scene, {})}.get(what)
    return most, "" if most is None else f"≤ {most:g}"


def editor_rows(ours: Iterable[EditorFigure], theirs: Iterable[EditorFigure]) -> list[Row]:
    """A row for each figure of ours, beside theirs where there is one."""
    known = {(figure.scene, figure.what): figure.value for figure in theirs}
    return [_row(figure, known.get((figure.scene, figure.what))) for figure in ours]


def _row(figure: EditorFigure, theirs: float | None) -> Row:
    most, budget = budget_of(figure.scene, figure.what, theirs)
    what = f"label page, {figure.scene}: {figure.what}"
    return Row(what, figure.unit, figure.value, theirs, most, budget)
