"""What an export says, as sentences that can be compared: free of ids, times, order and spelling."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

from tests.peers.exporting import Files

#: What is another in every run; told by its presence and kind alone.
_VOLATILE = frozenset(
    {"id", "import_id", "annotation_id", "task", "project", "created_at", "updated_at", "unique_id",
     "inner_id", "file_upload", "completed_by", "annotator", "updated_by"}
)  # fmt: skip
#: What either program puts before the name of a picture, so that no two are alike.
_MARK = re.compile(r"^(?:[0-9a-f]{8}(?:__|-))+")


def facts_of(export_type: str, files: Files) -> Counter[str]:
    """Every fact that the files of an export hold, with how often."""
    kind = export_type.removesuffix("_WITH_IMAGES")
    return Counter(_FACTS[kind](files))


def _json(files: Files) -> Iterator[str]:
    for row in json.loads(files[""]):
        subject = _subject(row.get("data", row))
        for path, value in _leaves(row, ""):
            yield f"{subject}: {path} = {value}"


def _table(files: Files, separator: str) -> Iterator[str]:
    rows = list(csv.DictReader(io.StringIO(files[""], newline=""), delimiter=separator))
    yield f"columns: {', '.join(rows[0])}"
    for row in rows:
        for name, value in row.items():
            told = "…" if name in _VOLATILE and value else repr(value)
            yield f"{_subject(row)}: {name} = {told}"


def _subject(data: dict[str, Any]) -> str:
    address = data.get("image")
    return _stem(address) if address else " ".join(str(data["text"]).split())[:14]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, each in value.items():
            if name in _VOLATILE and path in ("", ".annotations[]") and each is not None:
                yield f"{path}.{name}".lstrip("."), "…"
            else:
                yield from _leaves(each, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for each in value:
            yield from _leaves(each, f"{path}[]")
    else:
        yield path.lstrip("."), _number(value) if isinstance(value, float) else repr(value)


def _coco(files: Files) -> Iterator[str]:
    document = json.loads(files["result.json"])
    classes = {each["id"]: each["name"] for each in document["categories"]}
    pictures = {each["id"]: _stem(each["file_name"]) for each in document["images"]}
    for number, name in classes.items():
        yield f"class {number} = {name}"
    for image in document["images"]:
        yield f"picture {_stem(image['file_name'])}: {image['width']} x {image['height']}"
        yield f"picture {_stem(image['file_name'])}: lies in {_folder(image['file_name'])}"
    for entry in document["annotations"]:
        about = f"{pictures[entry['image_id']]}: {classes[entry['category_id']]}"
        outline = [number for ring in entry.get("segmentation", ()) for number in ring]
        yield f"{about} bbox {_numbers(entry['bbox'])} segmentation {_numbers(outline)}"
        if "keypoints" in entry:
            yield f"{about} keypoints {_numbers(entry['keypoints'])}"
    yield from _others(files, "result.json")


def _yolo(files: Files) -> Iterator[str]:
    classes = files["classes.txt"].splitlines()
    for number, name in enumerate(classes):
        yield f"class {number} = {name}"
    notes = {each["id"]: each["name"] for each in json.loads(files["notes.json"])["categories"]}
    yield f"notes agree with classes: {notes == dict(enumerate(classes))}"
    for path, text in files.items():
        if not path.startswith("labels/"):
            continue
        if not text.strip():
            yield f"{_stem(path)}: a file without rows"
        for row in text.splitlines():
            which, *numbers = row.split()
            yield f"{_stem(path)}: {classes[int(which)]} {_numbers(map(float, numbers))}"
    yield from _others(files, "classes.txt", "notes.json")


def _voc(files: Files) -> Iterator[str]:
    for path, text in files.items():
        if not path.endswith(".xml"):
            continue
        root, about = ET.fromstring(text), _stem(path)
        yield f"{about}: shows {_stem(root.findtext('filename') or '')} in {root.findtext('folder')}"
        yield f"{about}: {' x '.join(each.text or '' for each in root.iterfind('size/*'))}"
        for each in [*root.iterfind("source/*"), *root.iterfind("owner/*")]:
            yield f"{about}: says {each.tag}"
        for each in root.iter("object"):
            edges = " ".join(edge.text or "" for edge in each.iterfind("bndbox/*"))
            flags = " ".join(each.findtext(name) or "" for name in ("pose", "truncated", "difficult"))
            yield f"{about}: {each.findtext('name')} {edges} ({flags})"
    yield from _others(files)


def _conll(files: Files) -> Iterator[str]:
    head, _, rest = files[""].partition("\n")
    yield f"head: {head}"
    for place, block in enumerate(rest.strip().split("\n\n"), 1):
        for line in block.split("\n"):
            yield f"text {place}: {line}"


def _others(files: Files, *known: str) -> Iterator[str]:
    for path, content in files.items():
        if path not in known and not path.endswith(".xml") and not path.startswith("labels/"):
            yield f"file {PurePosixPath(path).parent}/{_MARK.sub('', PurePosixPath(path).name)}: {content}"


def _stem(path: str) -> str:
    return _MARK.sub("", PurePosixPath(path).stem)


def _folder(path: str) -> str:
    return "the archive" if PurePosixPath(path).parts[0] == "images" else "a folder of the server"


def _numbers(numbers: Any) -> str:
    return " ".join(_number(each) for each in numbers)


def _number(number: float) -> str:
    # Five digits of a fraction of a picture, three of a pixel.
    written = f"{number:.5f}" if abs(number) <= 1 else f"{number:.3f}"
    return written.rstrip("0").rstrip(".") or "0"


_FACTS: dict[str, Callable[[Files], Iterator[str]]] = {
    "JSON": _json,
    "JSON_MIN": _json,
    "CSV": lambda files: _table(files, ","),
    "TSV": lambda files: _table(files, "\t"),
    "COCO": _coco,
    "YOLO": _yolo,
    "YOLO_OBB": _yolo,
    "VOC": _voc,
    "CONLL2003": _conll,
}
