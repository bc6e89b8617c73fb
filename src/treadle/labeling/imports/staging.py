"""From sources to blocks of checked tasks: each kind of file by its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from treadle.db import Database
from treadle.labeling import uploads
from treadle.labeling.imports.blocks import Block
from treadle.labeling.imports.checking import Checker, no_task
from treadle.labeling.imports.json_stream import JsonStream, Window, read_json_lines
from treadle.labeling.imports.reading import LINES, PICTURES, TABULAR, extension_of, file_row, read_rows
from treadle.labeling.pictures import read_picture
from treadle.objects import ObjectStore
from treadle.objects.spool import open_spooled


@dataclass(frozen=True)
class Source:
    """One thing to import: an upload, or a JSON body."""

    name: str
    object_key: str
    upload_id: int | None = None
    project_id: int | None = None
    file_name: str = ""

    @property
    def where(self) -> str:
        """Of which file an item is, behind its number."""
        return f" of {self.name}" if self.upload_id is not None else ""


def stage_all(
    database: Database,
    objects: ObjectStore,
    checker: Checker,
    *,
    sources: Iterable[Source],
    report: Callable[[int], None],
) -> Iterator[Block]:
    """Every row of every source, checked; pictures are read to their end, measured and made small.

    ``report`` is told how many sources are done. Raises Invalid naming file, row and field.
    """
    for number, source in enumerate(sources):
        yield from _stage_source(database, objects, checker, source)
        report(number + 1)


def stage_json(chunks: Iterable[bytes], checker: Checker, source: Source) -> Iterator[Block]:
    """The tasks in a JSON list, or the one that it is. Raises Invalid("import-empty")."""
    stream = JsonStream(chunks, source.name)
    if stream.peek() == b"":
        raise stream.malformed("it is empty")
    if stream.peek() == b"[":
        windows = stream.take_items()
    else:
        value = stream.take_value()
        windows = iter([_window_of(value)])
    first = 0
    for window in windows:
        yield checker.check_window(window, source.name, _item_of(first, source.where), source.upload_id)
        first += len(window.items)
    if stream.peek():
        raise stream.malformed("something follows behind its end")
    if not first:
        raise no_task(source.name)


def _stage_source(
    database: Database, objects: ObjectStore, checker: Checker, source: Source
) -> Iterator[Block]:
    extension = extension_of(source.name)
    if source.upload_id is None or extension == ".json":
        yield from stage_json(objects.read(source.object_key), checker, source)
    elif extension in LINES:
        yield from _stage_lines(objects, checker, source)
    elif extension in TABULAR:
        yield from _stage_rows(objects, checker, source)
    else:
        if extension in PICTURES:
            _measure(database, objects, source)
        assert source.project_id is not None
        url = uploads.url_of(source.project_id, source.file_name)
        row = file_row(url, source.name, checker.config)
        yield checker.check_rows([row], lambda _number: source.name, source.upload_id)


def _stage_lines(objects: ObjectStore, checker: Checker, source: Source) -> Iterator[Block]:
    is_empty = True
    for window, lines in read_json_lines(objects.read(source.object_key), source.name):

        def place(number: int, lines: list[int] = lines) -> str:
            return f"line {lines[number]}{source.where}"

        yield checker.check_window(window, source.name, place, source.upload_id)
        is_empty = False
    if is_empty:
        raise no_task(source.name)


def _stage_rows(objects: ObjectStore, checker: Checker, source: Source) -> Iterator[Block]:
    content = b"".join(objects.read(source.object_key))
    rows = list(read_rows(source.name, content, checker.config))
    if not rows:
        raise no_task(source.name)
    yield checker.check_rows(rows, _item_of(0, source.where), source.upload_id)


def _item_of(first: int, where: str) -> Callable[[int], str]:
    return lambda number: f"item {first + number}{where}"


def _window_of(value: bytes) -> Window:
    return Window(b"[" + value + b"]", [msgspec.Raw(value)])


def _measure(database: Database, objects: ObjectStore, source: Source) -> None:
    assert source.upload_id is not None
    assert source.project_id is not None
    with open_spooled(objects, source.object_key) as file:
        picture = read_picture(file, source.name)
    objects.put(uploads.thumbnail_key(source.project_id, source.file_name), [picture.thumbnail])
    with database.write() as tx:
        uploads.note_picture(
            tx,
            source.upload_id,
            width_px=picture.width_px,
            height_px=picture.height_px,
            content_type=picture.content_type,
        )
