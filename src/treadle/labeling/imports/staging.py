"""From sources to blocks of checked tasks: each kind of file by its reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import msgspec

from treadle.labeling import uploads
from treadle.labeling.imports.archives import Archive
from treadle.labeling.imports.blocks import Block
from treadle.labeling.imports.checking import Checker, Place, no_task
from treadle.labeling.imports.coco import is_coco, read_coco
from treadle.labeling.imports.conll import HEAD, read_conll
from treadle.labeling.imports.datasets import Pictures
from treadle.labeling.imports.folders import Folder, SideBySide
from treadle.labeling.imports.json_stream import MOST_ITEM_BYTES, JsonStream, Window, read_json_lines
from treadle.labeling.imports.matching import Matcher
from treadle.labeling.imports.materials import Materials
from treadle.labeling.imports.parquet import read_parquet
from treadle.labeling.imports.reading import (
    ARCHIVES,
    LINES,
    MEDIA,
    PICTURES,
    TABULAR,
    extension_of,
    file_row,
    key_for,
)
from treadle.labeling.imports.rows import StagedTask
from treadle.labeling.imports.sources import Source
from treadle.labeling.imports.tables import Rows, in_pieces, read_lines, read_table, read_texts
from treadle.labeling.imports.voc import is_voc, read_voc
from treadle.labeling.imports.yolo import find_classes, read_yolo
from treadle.objects.spool import open_spooled

_DELIMITERS = {".csv": ",", ".tsv": "\t"}


def stage_all(materials: Materials, checker: Checker, sources: Iterable[Source]) -> Iterator[Block]:
    """Every row of every source, checked; pictures are read to their end, measured and made small.

    Raises Invalid naming file, row and field.
    """
    sources = list(sources)
    if materials.rows_are_tasks and any(extension_of(source.name) in PICTURES for source in sources):
        # Labels and pictures that were sent side by side are a dataset as in an archive.
        together = SideBySide(materials.objects, [each for each in sources if each.upload_id is not None])
        found = _Dataset(materials, checker, together)
        if (blocks := found.blocks()) is not None:
            sources = together.beside(found.names)
            yield from blocks
    for source in sources:
        yield from _Staging(materials, checker, source).blocks()


def stage_json(
    chunks: Iterable[bytes], checker: Checker, name: str, *, where: str = "", upload_id: int | None = None
) -> Iterator[Block]:
    """The tasks in a JSON list, or the one that it is. Raises Invalid("import-empty").

    where: of which file an item is, behind its number.
    """
    stream = JsonStream(chunks, name)
    if stream.peek() == b"":
        raise stream.malformed("it is empty")
    is_list = stream.peek() == b"["
    windows = stream.take_items() if is_list else iter([_window_of(stream.take_value())])
    first = 0
    for window in windows:
        yield checker.check_window(window, name, _numbered(first, where), upload_id)
        first += len(window.items)
    if stream.peek():
        raise stream.malformed("something follows behind its end")
    if not first:
        raise no_task(name)


class _Staging:
    """One source, or one file in an archive, on its way."""

    def __init__(self, materials: Materials, checker: Checker, source: Source) -> None:
        self._materials, self._checker, self._source = materials, checker, source

    def blocks(self) -> Iterator[Block]:
        """What the source holds."""
        source, extension = self._source, extension_of(self._source.name)
        if source.upload_id is None:
            chunks = self._materials.objects.read(source.object_key)
            yield from stage_json(chunks, self._checker, source.name)
            return
        if extension in TABULAR and not self._materials.rows_are_tasks:
            yield self._file(source.name, source.upload_id, self._url())
            return
        if extension in (*TABULAR, *ARCHIVES, *PICTURES):
            with open_spooled(self._materials.objects, source.object_key) as file:
                yield from self._read(file, extension, source.upload_id)
            return
        yield self._file(source.name, source.upload_id, self._url())

    def _read(self, file: BinaryIO, extension: str, upload_id: int) -> Iterator[Block]:
        source = self._source
        if extension in ARCHIVES:
            archive = Archive(file, source.name, self._materials.most_unpacked_bytes)
            yield from self._archive(archive)
        elif extension in PICTURES:
            self._materials.measure(upload_id, source.file_name, source.name, file)
            yield self._file(source.name, upload_id, self._url())
        else:
            yield from self._rows(file, source.name, source.where, upload_id)

    def _rows(self, file: BinaryIO, name: str, where: str, upload_id: int | None) -> Iterator[Block]:
        """The tasks in a file of rows. Raises Invalid("import-empty") for one without any."""
        blocks = self._of_rows(file, name, where, upload_id)
        is_empty = True
        for block in blocks:
            is_empty = False
            yield block
        if is_empty:
            raise no_task(name)

    def _of_rows(self, file: BinaryIO, name: str, where: str, upload_id: int | None) -> Iterator[Block]:
        extension, checker = extension_of(name), self._checker
        if extension == ".json":
            if _is_coco(file):
                matcher, pictures = Matcher(checker.config, "Image"), Pictures(self._materials)
                yield from _tasks(checker, name, read_coco(_chunks(file), name, pictures, matcher))
            else:
                yield from stage_json(_chunks(file), checker, name, where=where, upload_id=upload_id)
        elif extension in LINES:
            for window, lines in read_json_lines(_chunks(file), name):
                yield checker.check_window(window, name, _on_lines(lines, where), upload_id)
        elif extension == ".conll" or (
            extension == ".txt" and file.read(64).lstrip().startswith(HEAD.encode())
        ):
            matcher = Matcher(checker.config, "Text")
            found = read_conll(read_lines(file, name), name, matcher, self._materials)
            yield from _tasks(checker, name, found)
        else:
            for rows in self._table(file, name, extension):
                yield checker.check_rows(rows.rows, _on_lines(rows.lines, where), upload_id)

    def _table(self, file: BinaryIO, name: str, extension: str) -> Iterator[Rows]:
        if extension == ".txt":
            return read_texts(file, name, key_for(self._checker.config, "Text", "text"))
        if extension == ".parquet":
            return read_parquet(file, name)
        return read_table(file, name, _DELIMITERS[extension])

    def _archive(self, archive: Archive) -> Iterator[Block]:
        """The dataset in an archive where it is one, else each of its files by itself."""
        if not archive.names:
            raise no_task(archive.name)
        before = self._checker.summary.task_count
        found = _Dataset(self._materials, self._checker, archive).blocks()
        yield from found if found is not None else self._loose(archive)
        if self._checker.summary.task_count == before:
            raise no_task(archive.name)

    def _loose(self, archive: Archive) -> Iterator[Block]:
        for path in archive.names:
            extension = extension_of(path)
            if extension in TABULAR:
                with archive.open(path, str(self._materials.folder)) as file:
                    yield from self._rows(file, path, f" of {path}", None)
            elif extension in PICTURES:
                with archive.open(path, str(self._materials.folder)) as file:
                    kept = self._materials.keep_picture(path, file)
                yield self._file(path, kept.upload_id, kept.url)
            elif extension in MEDIA:
                upload_id, url = self._materials.keep_file(path, archive.chunks(path))
                yield self._file(path, upload_id, url)
            else:
                self._materials.leave_out(path, "a file of this kind is no task")

    def _file(self, name: str, upload_id: int, url: str) -> Block:
        row = file_row(url, name, self._checker.config)
        return self._checker.check_rows([row], lambda _number: name, upload_id or None)

    def _url(self) -> str:
        assert self._source.project_id is not None
        return uploads.url_of(self._source.project_id, self._source.file_name)


class _Dataset:
    """Pictures and the files of labels that go with them."""

    def __init__(self, materials: Materials, checker: Checker, folder: Folder) -> None:
        self._materials, self._checker, self._folder = materials, checker, folder
        self._pictures = Pictures(materials, folder)
        #: What belongs to it.
        self.names: set[str] = set()

    def blocks(self) -> Iterator[Block] | None:
        """Its tasks; None where it is no dataset."""
        folder = self._folder
        coco = [path for path in self._of(".json") if _holds_coco(folder, path)]
        classes = None if coco else find_classes(folder)
        voc = [] if coco or classes else [path for path in self._of(".xml") if is_voc(folder, path)]
        if not (coco or classes or voc):
            return None
        matcher = Matcher(self._checker.config, "Image")
        self.names = {*self._pictures.paths(), *coco, *voc}
        if coco:
            return _tasks(self._checker, folder.name, self._coco(coco, matcher))
        if classes:
            self.names |= {classes, *self._of(".txt")}
            return _tasks(self._checker, folder.name, read_yolo(folder, classes, self._pictures, matcher))
        return _tasks(self._checker, folder.name, read_voc(folder, voc, self._pictures, matcher))

    def _of(self, extension: str) -> list[str]:
        return [path for path in self._folder.names if extension_of(path) == extension]

    def _coco(self, files: list[str], matcher: Matcher) -> Iterator[StagedTask]:
        for path in files:
            yield from read_coco(self._folder.chunks(path), path, self._pictures, matcher)
        for path in self._pictures.unnamed():
            self._materials.leave_out(path, "no file of labels names this picture")


def _tasks(checker: Checker, name: str, tasks: Iterable[StagedTask]) -> Iterator[Block]:
    for piece in in_pieces(tasks):
        yield checker.take_tasks(piece, name)


def _holds_coco(folder: Folder, path: str) -> bool:
    size_bytes = folder.size(path)
    return is_coco(folder.read(path, MOST_ITEM_BYTES) if size_bytes <= MOST_ITEM_BYTES else b"{", size_bytes)


def _is_coco(file: BinaryIO) -> bool:
    size_bytes = file.seek(0, 2)
    file.seek(0)
    # A list of tasks is told from its first byte; only an object is worth reading.
    begins = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    file.seek(0)
    found = begins and is_coco(file.read() if size_bytes <= MOST_ITEM_BYTES else b"{", size_bytes)
    file.seek(0)
    return found


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(256 * 1024):
        yield chunk


def _numbered(first: int, where: str) -> Place:
    return lambda number: f"item {first + number}{where}"


def _on_lines(lines: list[int], where: str) -> Callable[[int], str]:
    return lambda number: f"line {lines[number]}{where}"


def _window_of(value: bytes) -> Window:
    return Window(b"[" + value + b"]", [msgspec.Raw(value)])
