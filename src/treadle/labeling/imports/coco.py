"""COCO: one JSON of pictures, categories and annotations in pixels, however large.

The lists may come in any order and do not fit into memory, so they lie in a scratch database meanwhile.
Source: "COCO data format", cocodataset.org; as pycocotools, Label Studio and Treadle write it.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from treadle.labeling.imports.datasets import Items, Pictures, take
from treadle.labeling.imports.json_stream import MOST_ITEM_BYTES, JsonStream
from treadle.labeling.imports.matching import Matcher, Region, polygon, rectangle
from treadle.labeling.imports.materials import KeptPicture, Materials
from treadle.labeling.imports.reading import malformed
from treadle.labeling.imports.rows import StagedTask
from treadle.labeling.json_text import holds_nul

_BOX, _SMALLEST_OUTLINE = 4, 6  # numbers
_MOST_KEYS = 1_000


class _Image(msgspec.Struct):
    id: int | str
    file_name: str = ""
    width: float | None = None
    height: float | None = None
    coco_url: str | None = None
    flickr_url: str | None = None


class _Category(msgspec.Struct):
    id: int | str
    name: str


class _Annotation(msgspec.Struct):
    image_id: int | str
    category_id: int | str | None = None
    id: int | str | None = None
    bbox: list[float] | None = None
    segmentation: Any = None
    keypoints: list[float] | None = None
    score: float | None = None


class _Keys(msgspec.Struct):
    images: msgspec.Raw
    annotations: msgspec.Raw


_LISTS: dict[str, msgspec.json.Decoder[Any]] = {
    "images": msgspec.json.Decoder(list[_Image]),
    "categories": msgspec.json.Decoder(list[_Category]),
    "annotations": msgspec.json.Decoder(list[_Annotation]),
}
_keys = msgspec.json.Decoder(_Keys)


def is_coco(head: bytes, size_bytes: int) -> bool:
    """Whether a JSON file is COCO, from its bytes; of one that is too large for a task, from its size."""
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    if size_bytes > MOST_ITEM_BYTES:
        return True
    try:
        found = _keys.decode(head.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError):
        return False
    return all(bytes(part).lstrip().startswith(b"[") for part in (found.images, found.annotations))


def read_coco(
    chunks: Iterable[bytes], name: str, pictures: Pictures, matcher: Matcher
) -> Iterator[StagedTask]:
    """A task for each picture, with what is said of it.

    name: of the file, to find the pictures beside it. Raises Invalid("file-malformed").
    """
    materials = pictures.materials
    with _scratch(materials.folder) as scratch:
        _load(scratch, JsonStream(_watched(chunks, materials), name), name)
        names = {
            _key(each.id): each.name for each in _read(scratch, "SELECT value FROM categories", _Category)
        }
        for image in _read(scratch, "SELECT value FROM images ORDER BY rowid", _Image):
            said = image.coco_url or image.flickr_url or ""
            size = (int(image.width or 0), int(image.height or 0))
            picture = pictures.resolve(image.file_name, name, size)
            if picture is None and said.startswith(("http://", "https://")):
                picture = KeptPicture(0, said, *size)
            if picture is None:
                materials.leave_out(name, f"the picture {image.file_name!r} is not here", item=str(image.id))
                continue
            found = "SELECT value FROM annotations WHERE image = ? ORDER BY rowid"
            said_of_it = list(_read(scratch, found, _Annotation, _key(image.id)))
            regions = _Regions(image, picture, names, matcher, materials, name)
            results = [regions.take(said_of_it)] if said_of_it else []
            yield matcher.task(picture.url, results, materials.labels_as, upload_id=picture.upload_id)


class _Regions:
    """What is said of one picture."""

    def __init__(
        self,
        image: _Image,
        picture: KeptPicture,
        names: dict[str, str],
        matcher: Matcher,
        materials: Materials,
        file: str,
    ) -> None:
        self._size = (image.width or picture.width_px, image.height or picture.height_px)
        self._shown = (picture.width_px or int(self._size[0]), picture.height_px or int(self._size[1]))
        self._names, self._matcher, self._materials, self._file = names, matcher, materials, file

    def take(self, annotations: list[_Annotation]) -> Items:
        items: Items = []
        for annotation in annotations:
            place = {"item": str(annotation.id if annotation.id is not None else "")}
            if not (self._size[0] > 0 and self._size[1] > 0):
                self._materials.leave_out(self._file, "its picture has no width and height", **place)
                continue
            found = [(region, place) for region in self._regions(annotation, place)]
            items += take(iter(found), self._matcher, self._materials, file=self._file, size_px=self._shown)
        return items

    def _regions(self, annotation: _Annotation, place: dict[str, str]) -> Iterator[Region]:
        label = self._names.get(_key(annotation.category_id))
        if label is None:
            reason = f"there is no category {annotation.category_id}"
            self._materials.leave_out(self._file, reason, **place)
            return
        outlines = _outlines(annotation.segmentation)
        box = annotation.bbox if annotation.bbox and len(annotation.bbox) == _BOX else None
        if annotation.keypoints and any(annotation.keypoints):
            self._materials.leave_out(self._file, "key points are not read", **place)
        if outlines and self._matcher.knows("polygon", label):
            for points in outlines:
                yield _scored(polygon(points, self._size, label), annotation)
        elif box is not None and (box[2] > 0 and box[3] > 0):
            if annotation.segmentation and self._matcher.knows("rectangle", label):
                reason = f"of an outline only its box: the config draws no polygon {label!r}"
                self._materials.leave_out(self._file, reason, **place)
            yield _scored(rectangle(box, self._size, label), annotation)
        elif outlines:
            yield polygon(outlines[0], self._size, label)  # which is then told to be unknown
        elif annotation.keypoints is None:
            self._materials.leave_out(self._file, "it has neither a box nor an outline", **place)


def _outlines(segmentation: Any) -> list[list[tuple[float, float]]]:
    if not isinstance(segmentation, list):
        return []
    rings = [ring for ring in segmentation if isinstance(ring, list) and len(ring) >= _SMALLEST_OUTLINE]
    numbers = [ring for ring in rings if all(isinstance(each, (int, float)) for each in ring)]
    return [list(zip(ring[::2], ring[1::2], strict=False)) for ring in numbers]


@contextmanager
def _scratch(folder: Path) -> Iterator[sqlite3.Connection]:
    with (
        tempfile.TemporaryDirectory(dir=folder) as own,
        closing(sqlite3.connect(Path(own) / "coco.sqlite3", isolation_level=None)) as connection,
    ):
        yield connection


def _scored(region: Region, annotation: _Annotation) -> Region:
    return Region(region.shape, region.label, region.value, annotation.score)


def _watched(chunks: Iterable[bytes], materials: Materials) -> Iterator[bytes]:
    for chunk in chunks:
        materials.check_cancelled()
        yield chunk


def _load(scratch: sqlite3.Connection, stream: JsonStream, name: str) -> None:
    scratch.execute("PRAGMA journal_mode=OFF")
    scratch.execute("PRAGMA synchronous=OFF")
    for table in ("images", "categories"):
        scratch.execute(f"CREATE TABLE {table} (value BLOB)")
    scratch.execute("CREATE TABLE annotations (value BLOB, image TEXT)")
    stream.take(b"{")
    count = 0
    while stream.peek() != b"}":
        count += 1
        if count > _MOST_KEYS:
            raise malformed(name, f"is an object of more than {_MOST_KEYS} keys; COCO has a handful.")
        key = _text(stream, name)
        stream.take(b":")
        if key in _LISTS and stream.peek() == b"[":
            _load_list(scratch, stream, key, name)
        else:
            stream.take_value()
        if stream.peek() != b"}":
            stream.take(b",")
    scratch.execute("CREATE INDEX by_image ON annotations (image)")


def _load_list(scratch: sqlite3.Connection, stream: JsonStream, key: str, name: str) -> None:
    decode = _LISTS[key].decode
    first = 0
    for window in stream.take_items():
        if holds_nul(window.text):  # before a name in it is looked up
            raise malformed(name, f"{key} hold the character NUL, which is kept nowhere.")
        try:
            found = decode(window.text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(name, f"{key}, counted from item {first}: {error}.") from error
        values = [bytes(item) for item in window.items]
        scratch.execute("BEGIN")
        if key == "annotations":
            rows = [(value, _key(each.image_id)) for value, each in zip(values, found, strict=True)]
            scratch.executemany("INSERT INTO annotations VALUES (?, ?)", rows)
        else:
            scratch.executemany(f"INSERT INTO {key} VALUES (?)", [(value,) for value in values])
        scratch.execute("COMMIT")
        first += len(values)


def _text(stream: JsonStream, name: str) -> str:
    try:
        return msgspec.json.decode(stream.take_value(), type=str)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise malformed(name, f"a key of the object is no text: {error}.") from error


def _read(scratch: sqlite3.Connection, statement: str, kind: type[Any], *values: object) -> Iterator[Any]:
    decode = msgspec.json.Decoder(kind).decode
    for (value,) in scratch.execute(statement, values):
        yield decode(value)


def _key(value: object) -> str:
    return str(value)
