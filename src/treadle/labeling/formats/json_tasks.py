"""JSON: every task with its annotations as the API tells them.  Stored text is spliced, never parsed.

Each task stands on a line of its own, so that a reader may take the file line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from treadle.labeling.config import LabelConfig
from treadle.labeling.formats.records import (
    ExportCounts,
    ExportFormat,
    ExportTask,
    Outlet,
    fits_all,
)

#: In JSON a line break can only stand between values, where a space does as well.
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
#: A task with more annotations than this is written piece by piece.
_MANY = 100


def _write(tasks: Iterable[ExportTask], _config: LabelConfig, outlet: Outlet) -> ExportCounts:
    counts = ExportCounts()
    write = outlet.out.write
    separator = b"[\n"
    for task in tasks:
        if len(task.annotations) > _MANY:
            for part in _parts(task):
                write(separator + _on_one_line(part))
                separator = b""
        else:
            write(separator + _on_one_line(_task(task)))
        separator = b",\n"
        counts.tasks += 1
        counts.annotations += len(task.annotations)
    write(b"\n]\n" if counts.tasks else b"[\n]\n")
    return counts


def task_text(task: ExportTask) -> bytes:
    """A task as one line of JSON, without its end: what stands for it in this format."""
    return _on_one_line(_task(task))


def _on_one_line(text: bytes) -> bytes:
    return text.translate(_ONE_LINE) if b"\n" in text or b"\r" in text else text


def _task(task: ExportTask) -> bytes:
    annotations = b",".join([annotation.json for annotation in task.annotations])
    return b'{"id":%d,"annotations":[%b],"data":%b%b' % (
        task.task_id,
        annotations,
        task.data_json,
        _rest(task),
    )


def _parts(task: ExportTask) -> Iterator[bytes]:
    """The same text, one annotation at a time."""
    yield b'{"id":%d,"annotations":[' % task.task_id
    for place, annotation in enumerate(task.annotations):
        yield b"," + annotation.json if place else annotation.json
    yield b'],"data":%b%b' % (task.data_json, _rest(task))


def _rest(task: ExportTask) -> bytes:
    rest = task.rest_json.strip()[1:].lstrip()
    return rest if rest.startswith(b"}") else b"," + rest


FORMAT = ExportFormat(
    name="JSON",
    title="JSON",
    description="Every task with its data, annotations, drafts and predictions, as the API tells them. "
    "The one format that loses nothing.",
    tags=(),
    extension="json",
    content_type="application/json",
    fits=fits_all,
    write=_write,
)
