"""Pascal VOC: an XML file for each picture, boxes in pixels.

Edges are taken as they are, from 0, as Label Studio and Treadle write them.
Source: the PASCAL Visual Object Classes Challenge 2012, development kit, section 7.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from treadle.labeling.imports.archives import stem_of
from treadle.labeling.imports.datasets import Items, Pictures, take
from treadle.labeling.imports.folders import Folder
from treadle.labeling.imports.matching import Matcher, Region, rectangle
from treadle.labeling.imports.materials import KeptPicture
from treadle.labeling.imports.reading import PICTURES, malformed
from treadle.labeling.imports.rows import StagedTask

_MOST_BYTES = 16 * 1024**2
_MOST_ELEMENTS = 200_000
_EDGES = ("xmin", "ymin", "xmax", "ymax")
#: A further annotation of the same picture, as Treadle names it.
_FURTHER = re.compile(r"-annotation-\d+$")
_HEAD_BYTES = 4_000


@dataclass
class _Element:
    name: str
    line: int
    texts: list[str] = field(default_factory=list)
    parts: list[_Element] = field(default_factory=list)

    def find(self, *path: str) -> _Element | None:
        element: _Element | None = self
        for name in path:
            element = next((part for part in element.parts if part.name == name), None) if element else None
        return element

    def said(self, *path: str) -> str:
        found = self.find(*path)
        return "".join(found.texts).strip() if found else ""


def is_voc(folder: Folder, path: str) -> bool:
    """Whether an XML file in an folder is an annotation of a picture."""
    head = next(folder.chunks(path), b"")[:_HEAD_BYTES]
    return b"<annotation" in head and (b"<object" in head or b"<filename" in head or b"<size" in head)


def read_voc(folder: Folder, files: list[str], pictures: Pictures, matcher: Matcher) -> Iterator[StagedTask]:
    """A task for each picture that the files speak of. Raises Invalid("file-malformed")."""
    materials = pictures.materials
    for first, group in group_by_picture(files).items():
        roots = {path: _parse(folder.read(path, _MOST_BYTES), path) for path in group}
        root = roots[group[0]]
        size = _size(root)
        said = root.said("filename") or stem_of(first)
        picture = pictures.resolve(said, group[0], size) or _by_stem(pictures, first, group[0])
        if picture is None:
            materials.leave_out(group[0], f"the picture {said!r} is not here")
            continue
        shown = (picture.width_px or size[0], picture.height_px or size[1])
        results: list[Items] = [
            take(
                _regions(root, path, size if min(size) > 0 else shown, pictures),
                matcher,
                materials,
                file=path,
                size_px=shown,
            )
            for path, root in roots.items()
        ]
        yield matcher.task(picture.url, results, materials.labels_as, upload_id=picture.upload_id)
    for path in pictures.unnamed():
        picture = pictures.keep(path)
        yield matcher.task(picture.url, [], materials.labels_as, upload_id=picture.upload_id)


def group_by_picture(files: list[str]) -> Mapping[str, list[str]]:
    """Files of labels by the picture that they speak of: several, where several people labelled it."""
    groups: dict[str, list[str]] = {}
    known = {posixpath.splitext(path)[0] for path in files}
    for whole, path in sorted((posixpath.splitext(path)[0], path) for path in files):
        short = _FURTHER.sub("", whole)
        groups.setdefault(short if short in known else whole, []).append(path)
    return groups


def _by_stem(pictures: Pictures, stem: str, beside: str) -> KeptPicture | None:
    name = posixpath.basename(stem)
    found = [name + extension for extension in PICTURES if pictures.find(name + extension, beside)]
    return pictures.resolve(found[0], beside) if found else None


def _regions(
    root: _Element, file: str, size: tuple[float, float], pictures: Pictures
) -> Iterator[tuple[Region, dict[str, int]]]:
    for element in root.parts:
        if element.name != "object":
            continue
        place = {"line": element.line}
        label, edges = element.said("name"), _edges(element)
        if not label or edges is None or min(size) <= 0:
            reason = "an object without a name or without a box (bndbox)"
            pictures.materials.leave_out(
                file, reason if min(size) > 0 else "the picture's size is unknown", **place
            )
            continue
        x1, y1, x2, y2 = edges
        yield rectangle((x1, y1, x2 - x1, y2 - y1), size, label), place


def _edges(element: _Element) -> tuple[float, float, float, float] | None:
    try:
        x1, y1, x2, y2 = (float(element.said("bndbox", name)) for name in _EDGES)
    except ValueError:
        return None
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def _size(root: _Element) -> tuple[int, int]:
    try:
        return int(float(root.said("size", "width"))), int(float(root.said("size", "height")))
    except (ValueError, OverflowError):
        return 0, 0


def _parse(content: bytes, name: str) -> _Element:
    """The elements of an XML file. Raises Invalid("file-malformed"), and for a DOCTYPE or entities."""
    parser = expat.ParserCreate()
    parser.buffer_text = True  # else a call for each line
    root = _Element("", 0)
    open_elements, count = [root], 0

    def begin(tag: str, _attributes: object) -> None:
        nonlocal count
        count += 1
        if count > _MOST_ELEMENTS or len(open_elements) > 50:
            raise malformed(name, "holds too many elements, or too deep.")
        element = _Element(tag, parser.CurrentLineNumber)
        open_elements[-1].parts.append(element)
        open_elements.append(element)

    def end(_tag: str) -> None:
        open_elements.pop()

    def add(text: str) -> None:
        open_elements[-1].texts.append(text)

    def refuse(*_arguments: object) -> None:
        raise malformed(name, "holds a DOCTYPE, which may hide anything. Take it out and send it again.")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = add, refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise malformed(name, f"is no XML: {error}.") from error
    return root.parts[0]
