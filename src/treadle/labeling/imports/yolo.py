"""YOLO: a text file for each picture, numbers as fractions of it, and a list of classes beside them.

A line is ``class x y width height`` (the centre), with a score behind it for a prediction;
``class x1 y1 … x4 y4`` for a turned box; ``class x1 y1 x2 y2 …`` for an outline.
Source: docs.ultralytics.com, dataset formats; as darknet, Label Studio and Treadle write it.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from treadle.labeling.imports.datasets import Items, Pictures, take
from treadle.labeling.imports.folders import Folder
from treadle.labeling.imports.matching import Matcher, Region, polygon, rectangle
from treadle.labeling.imports.reading import extension_of, malformed
from treadle.labeling.imports.rows import StagedTask
from treadle.labeling.imports.voc import group_by_picture

_MOST_BYTES = 16 * 1024**2
_MOST_CLASSES_BYTES = 1024**2
_BOX, _SCORED_BOX, _CORNERS, _SMALLEST_OUTLINE = 4, 5, 8, 6  # numbers behind the class
#: Corners that are off by this share of the longer side are still a box that was turned.
_SQUARE = 0.01
_NAMES = re.compile(r"^names[ \t]*:", re.MULTILINE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_OPENED = re.compile(r"\s*([\[{])")
_BLOCK = re.compile(r"[ \t]*(?:#[^\n]*)?\n(?P<items>(?:[ \t]*(?:-|\d+[ \t]*:)[^\n]*\n?|[ \t]*\n)+)")
_NOT_LABELS = ("classes.txt", "train.txt", "val.txt", "test.txt", "readme.txt", "requirements.txt")


def find_classes(folder: Folder) -> str | None:
    """The file of an folder that names the classes, if it has one."""
    names = [path for path in folder.names if _is_list_of_classes(path)]
    # notes.json and data.yaml say the numbers; classes.txt has them by its lines.
    order = (".json", ".yaml", ".yml", ".names", ".txt")
    names.sort(key=lambda path: (order.index(extension_of(path)), path.count("/")))
    labels = any(_is_labels(path) for path in folder.names)
    return names[0] if names and labels else None


def read_yolo(folder: Folder, classes: str, pictures: Pictures, matcher: Matcher) -> Iterator[StagedTask]:
    """A task for each picture, labelled where a file of labels goes with it.

    Raises Invalid("file-malformed") naming file and line.
    """
    materials = pictures.materials
    names = _read_classes(folder, classes)
    labels = dict(group_by_picture([*filter(_is_labels, folder.names)]))
    for path in pictures.paths():
        stem = next((each for each in _stems_for(path) if each in labels), None)
        files = labels.pop(stem) if stem else []
        picture = pictures.keep(path)
        shown = (picture.width_px, picture.height_px)
        results: list[Items] = []
        for file in files:
            regions = _Lines(folder, file, names, matcher, pictures).regions(shown)
            results.append(take(regions, matcher, materials, file=file, size_px=shown))
        yield matcher.task(picture.url, results, materials.labels_as, upload_id=picture.upload_id)
    for files in labels.values():
        materials.leave_out(files[0], "its picture is not here")


class _Lines:
    """The labels of one file."""

    def __init__(
        self, folder: Folder, file: str, names: dict[int, str], matcher: Matcher, pictures: Pictures
    ) -> None:
        self._text = _decoded(folder.read(file, _MOST_BYTES), file)
        self._file, self._names, self._matcher, self._pictures = file, names, matcher, pictures

    def regions(self, shown: tuple[int, int]) -> Iterator[tuple[Region, dict[str, int]]]:
        for number, line in enumerate(self._text.split("\n"), start=1):
            if not line.strip():
                continue
            place = {"line": number}
            class_number, numbers = self._numbers(line, number)
            label = self._names.get(class_number) or self._matcher.by_category(class_number)
            if label is None:
                self._leave_out(f"there is no class {class_number} in the list of classes", number)
                continue
            region = self._region(numbers, label, shown)
            if region is None:
                self._leave_out(f"{len(numbers)} numbers are no box and no outline", number)
            else:
                yield region, place

    def _region(self, numbers: list[float], label: str, shown: tuple[int, int]) -> Region | None:
        if len(numbers) in (_BOX, _SCORED_BOX):
            x, y, width, height, *score = numbers
            if width <= 0 or height <= 0:
                return None
            box = rectangle((x - width / 2, y - height / 2, width, height), (1, 1), label)
            return Region(box.shape, label, box.value, score[0] if score else None)
        if len(numbers) == _CORNERS and self._matcher.knows("rectangle", label):
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            turned = turned_box(points, shown, label)
            if turned is not None:
                return turned
        if len(numbers) >= _SMALLEST_OUTLINE and len(numbers) % 2 == 0:
            return polygon(list(zip(numbers[::2], numbers[1::2], strict=True)), (1, 1), label)
        return None

    def _numbers(self, line: str, number: int) -> tuple[int, list[float]]:
        first, *rest = line.split()
        try:
            found = [float(each) for each in rest]
            class_number = int(float(first))
        except (ValueError, OverflowError) as error:
            raise malformed(self._file, f"line {number}: {line.strip()[:60]!r} are no numbers.") from error
        if not all(math.isfinite(each) and abs(each) < 1e6 for each in found):
            raise malformed(self._file, f"line {number}: a number is out of range.")
        return class_number, found

    def _leave_out(self, reason: str, line: int) -> None:
        self._pictures.materials.leave_out(self._file, reason, line=line)


def turned_box(points: Sequence[tuple[float, float]], shown: tuple[int, int], label: str) -> Region | None:
    """The box whose corners these are, as fractions of the picture, clockwise; None where they are no box."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((x * shown[0], y * shown[1]) for x, y in points)
    width, height = math.hypot(bx - ax, by - ay), math.hypot(dx - ax, dy - ay)
    off = _SQUARE * max(width, height)
    is_square = math.hypot(ax + cx - bx - dx, ay + cy - by - dy) <= 2 * off and (
        abs((bx - ax) * (dx - ax) + (by - ay) * (dy - ay)) <= off * min(width, height) * 2
    )
    is_clockwise = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax) > 0
    if min(width, height) <= 0 or not is_square:
        return None
    if not is_clockwise:
        return turned_box([points[0], points[3], points[2], points[1]], shown, label)
    rotation = round(math.degrees(math.atan2(by - ay, bx - ax)), 6) % 360
    if rotation == 0:
        return rectangle((ax, ay, width, height), shown, label)
    value = {
        "x": round(100 * ax / shown[0], 10),
        "y": round(100 * ay / shown[1], 10),
        "width": round(100 * width / shown[0], 10),
        "height": round(100 * height / shown[1], 10),
        "rotation": rotation,
    }
    return Region("rectangle", label, value)


def _is_list_of_classes(path: str) -> bool:
    name = posixpath.basename(path).lower()
    return name in ("classes.txt", "obj.names", "notes.json") or name in (
        "data.yaml",
        "data.yml",
        "dataset.yaml",
    )


def _is_labels(path: str) -> bool:
    return extension_of(path) == ".txt" and posixpath.basename(path).lower() not in _NOT_LABELS


def _stems_for(picture: str) -> Iterator[str]:
    """Where the labels of a picture may lie: instead of ``images`` in ``labels``, or beside it."""
    stem = posixpath.splitext(picture)[0]
    parts = stem.split("/")
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            yield "/".join([*parts[:place], "labels", *parts[place + 1 :]])
    yield stem
    yield f"labels/{parts[-1]}"


def _read_classes(folder: Folder, path: str) -> dict[int, str]:
    text = _decoded(folder.read(path, _MOST_CLASSES_BYTES), path)
    extension = extension_of(path)
    if extension == ".json":
        return _from_notes(text, path)
    if extension in (".yaml", ".yml"):
        names = _from_yaml(text)
    else:
        lines = [line.strip() for line in text.strip("\r\n").split("\n")]
        names = dict(enumerate(lines))
    if not names:
        raise malformed(path, "names no class (names: [cat, dog]).")
    return names


class _Note(msgspec.Struct):
    id: int
    name: str


class _Notes(msgspec.Struct):
    categories: list[_Note]


def _from_notes(text: str, path: str) -> dict[int, str]:
    try:
        notes = msgspec.json.decode(text, type=_Notes)
    except (msgspec.DecodeError, RecursionError) as error:
        raise malformed(path, f"holds no list of categories: {error}.") from error
    return {note.id: note.name for note in notes.categories}


def _from_yaml(text: str) -> dict[int, str]:
    """The names in a ``data.yaml``, in the three ways that they are written."""
    key = _NAMES.search(text)
    if key is None:
        return {}
    if opened := _OPENED.match(text, key.end()):
        closed = text.find("]" if opened[1] == "[" else "}", opened.end())
        parts = _parts(text[opened.end() : closed]) if closed >= 0 else []
        return dict(enumerate(map(_unquoted, parts))) if opened[1] == "[" else _from_entries(parts)
    block = _BLOCK.match(text, key.end())
    return _from_entries(block["items"].split("\n")) if block else {}


def _from_entries(parts: Iterable[str]) -> dict[int, str]:
    names: dict[int, str] = {}
    for part in parts:
        entry = part.split(" #")[0].strip()
        number, separator, name = entry.partition(":")
        if entry.startswith("-"):
            names[len(names)] = _unquoted(entry[1:])
        elif separator and _NUMBER.fullmatch(number.strip()):
            names[int(number)] = _unquoted(name)
    return names


def _parts(items: str) -> list[str]:
    found = re.findall(r"""(?:[^,'"]|'[^']*'|"[^"]*")+""", items)
    return [part for part in found if part.strip()]


def _unquoted(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed(name, f"byte {error.start} is not UTF-8.") from error
