"""Class numbers for COCO and YOLO: the order of the labels in the config.

Label Studio sorts them by name, so that a new label renumbers the others; here the first label of the config
is 0, the next 1, and a label added at the end changes nothing.  ``category="7"`` fixes a number.  Labels that
the config does not have (from a task's data, or removed since) follow in the order in which they appear.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from treadle.labeling.config import ControlTag, LabelConfig
from treadle.labeling.config.model import as_index

#: A number beyond this is a mistake: YOLO writes a line for every number below it.
_HIGHEST_CATEGORY = 9_999
_POINT_TAGS = ("KeyPointLabels",)


class ClassTable:
    """The classes of one export.  With a skeleton, names of points are no classes."""

    def __init__(self, config: LabelConfig) -> None:
        #: Names of points in their order, where every point has a ``model_index``; else empty.
        self.skeleton = _skeleton(config)
        self._numbers: dict[str, int] = {}
        self._used: set[int] = set()
        self._lowest = 0
        labels = [label for control in _labelling(config) for label in control.labels]
        named = [label for label in labels if label.key not in self.skeleton]
        for label in named:
            if label.category is not None and label.category <= _HIGHEST_CATEGORY:
                self._fix(label.key, label.category)
        for label in named:
            self.number(label.key)

    def number(self, name: str) -> int:
        """The number of a class; a new name gets the lowest number that is free."""
        if name not in self._numbers:
            while self._lowest in self._used:
                self._lowest += 1
            self._fix(name, self._lowest)
        return self._numbers[name]

    def names(self) -> list[tuple[int, str]]:
        """Numbers and names, by number."""
        return sorted((number, name) for name, number in self._numbers.items())

    def lines(self) -> Iterator[str]:
        """Names so that the line tells the number; numbers that nobody has are named by themselves."""
        by_number = dict(self.names())
        plain = PlainNames(" ")
        for number in range(max(by_number, default=-1) + 1):
            yield plain.of(by_number.get(number, f"class_{number}"))

    def _fix(self, name: str, number: int) -> None:
        if name not in self._numbers and number not in self._used:
            self._numbers[name] = number
            self._used.add(number)


class PlainNames:
    """Names of labels for a file of lines, where white space would end a line or a column.

    Two labels that come to the same name are told apart by a number behind the later one.
    """

    def __init__(self, space: str) -> None:
        self._space = space
        self._plain: dict[str, str] = {}
        self._taken: set[str] = set()

    def of(self, label: str) -> str:
        """The name for a label: always the same, and no other label's."""
        if label not in self._plain:
            self._plain[label] = self._take(self._space.join(label.split()) or "unnamed")
        return self._plain[label]

    def _take(self, name: str) -> str:
        found, further = name, 1
        while found in self._taken:
            further += 1
            found = f"{name}{self._space}{further}"
        self._taken.add(found)
        return found


def labels_pictures(config: LabelConfig) -> bool:
    """Whether a config draws boxes, outlines or points on pictures."""
    return any(_is_drawn(control, config, _DRAWN) for control in config.controls)


def draws_areas(config: LabelConfig) -> bool:
    """Whether a config draws boxes or outlines on pictures."""
    return any(_is_drawn(control, config, _AREAS) for control in config.controls)


def _is_drawn(control: ControlTag, config: LabelConfig, tags: Set[str]) -> bool:
    return control.tag in tags and any(
        found.tag == "Image" for name in control.to_names if (found := config.object(name))
    )


_DRAWN = frozenset(
    {
        "RectangleLabels", "Rectangle", "PolygonLabels", "Polygon", "EllipseLabels", "Ellipse",
        "KeyPointLabels", "KeyPoint", "VectorLabels", "Vector",
    }
)  # fmt: skip
_AREAS = _DRAWN - {"KeyPointLabels", "KeyPoint"}
_NAMING = frozenset({"Labels", "BrushLabels", "BitmaskLabels"}) | {
    tag for tag in _DRAWN if tag.endswith("Labels")
}


def _labelling(config: LabelConfig) -> list[ControlTag]:
    images = {tag.name for tag in config.objects if tag.tag == "Image"}
    return [
        control for control in config.controls if control.tag in _NAMING and images & set(control.to_names)
    ]


def _skeleton(config: LabelConfig) -> tuple[str, ...]:
    labels = [label for control in config.controls if control.tag in _POINT_TAGS for label in control.labels]
    indices = [as_index(str(label.get("model_index"))) for label in labels]
    if None in indices:
        return ()
    order = sorted(range(len(labels)), key=lambda place: indices[place] or 0)
    return tuple(dict.fromkeys(labels[place].key for place in order))
