"""The staging file: checked tasks, one JSON object a line, between reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from treadle.db import Database
from treadle.errors import Invalid
from treadle.labeling import uploads
from treadle.labeling.config import LabelConfig
from treadle.labeling.imports.reading import (
    PICTURES,
    TABULAR,
    extension_of,
    file_row,
    read_json,
    read_rows,
)
from treadle.labeling.imports.rows import StagedTask, stage
from treadle.labeling.pictures import read_picture
from treadle.objects import ObjectStore
from treadle.objects.spool import open_spooled

_decoder = msgspec.json.Decoder(StagedTask)


@dataclass
class Staged:
    """What was read, as the answer to an import tells it."""

    task_count: int = 0
    annotation_count: int = 0
    prediction_count: int = 0
    found_formats: dict[str, int] = field(default_factory=dict)
    data_columns: list[str] = field(default_factory=list)
    could_be_tasks_list: bool = False


@dataclass(frozen=True)
class Source:
    """One thing to import: an upload, or a JSON body."""

    name: str
    object_key: str
    upload_id: int | None = None
    project_id: int | None = None
    file_name: str = ""
    #: Keys of the rows' data whose values are predictions.
    suggested_by: tuple[str, ...] = ()


def stage_all(
    database: Database,
    objects: ObjectStore,
    config: LabelConfig,
    *,
    sources: Iterable[Source],
    report: Callable[[int], None],
) -> Iterator[StagedTask]:
    """Every row of every source, checked; pictures are read to their end, measured and made small.

    ``report`` is told how many sources are done. Raises Invalid naming file, row and field.
    """
    for number, source in enumerate(sources):
        yield from _stage_source(database, objects, config, source)
        report(number + 1)


def count_into(staged: Iterable[StagedTask], summary: Staged) -> Iterator[StagedTask]:
    """The same tasks, counted in ``summary`` on their way."""
    columns: dict[str, None] = {}
    for task in staged:
        summary.task_count += 1
        summary.annotation_count += len(task.annotations)
        summary.prediction_count += len(task.predictions)
        columns.update(dict.fromkeys(_keys(task.data)))
        yield task
    summary.data_columns = list(columns)


def to_lines(staged: Iterable[StagedTask]) -> Iterator[bytes]:
    """The lines of the staging file."""
    for task in staged:
        yield msgspec.json.encode(task) + b"\n"


def from_lines(lines: Iterable[bytes]) -> Iterator[StagedTask]:
    """The tasks of a staging file."""
    return (_decoder.decode(line) for line in lines)


def _stage_source(
    database: Database, objects: ObjectStore, config: LabelConfig, source: Source
) -> Iterator[StagedTask]:
    extension = extension_of(source.name)
    if source.upload_id is None or extension in TABULAR:
        yield from _stage_rows(objects, config, source)
        return
    if extension in PICTURES:
        _measure(database, objects, source)
    assert source.project_id is not None
    url = uploads.url_of(source.project_id, source.file_name)
    yield stage(config, file_row(url, source.name, config), source.name, source.upload_id)


def _stage_rows(objects: ObjectStore, config: LabelConfig, source: Source) -> Iterator[StagedTask]:
    content = b"".join(objects.read(source.object_key))
    where = f" of {source.name}" if source.upload_id is not None else ""
    rows = read_rows(source.name, content, config) if where else iter(read_json(content, source.name))
    number = -1
    for number, row in enumerate(rows):
        place = f"item {number}{where}"
        yield stage(config, row, place, source.upload_id, suggested_by=source.suggested_by)
    if number < 0:
        raise no_task(source.name)


def no_task(name: str) -> Invalid:
    """The error for a source that holds nothing to label."""
    text = f"There is no task in {name}. Send a list of tasks, a table with rows, or files."
    return Invalid("import-empty", text, fields={"non_field_errors": [text]})


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


def _keys(data: msgspec.Raw) -> Mapping[str, Any]:
    return msgspec.json.decode(data, type=dict[str, msgspec.Raw])
