"""JSON: every task with its annotations as the API tells them.  Stored text is spliced, never parsed.

Each task stands on a line of its own, so that a reader may take the file line by line.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import BinaryIO

from treadle.labeling.config import LabelConfig
from treadle.labeling.formats.records import ExportCounts, ExportFormat, ExportTask, fits_all

#: In JSON a line break can only stand between values, where a space does as well.
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


def _write(
    tasks: Iterable[ExportTask], _config: LabelConfig, out: BinaryIO, _made_at: datetime
) -> ExportCounts:
    counts = ExportCounts()
    out.write(b"[")
    for task in tasks:
        out.write(b",\n" if counts.tasks else b"\n")
        out.write(_task(task).translate(_ONE_LINE))
        counts.tasks += 1
        counts.annotations += len(task.annotations)
    out.write(b"\n]\n")
    return counts


def _task(task: ExportTask) -> bytes:
    rest = task.rest_json.strip()[1:].lstrip()
    annotations = b",".join(annotation.json for annotation in task.annotations)
    separator = b"" if rest.startswith(b"}") else b","
    return b'{"id":%d,"annotations":[%b],"data":%b%b%b' % (
        task.task_id,
        annotations,
        task.data_json,
        separator,
        rest,
    )


FORMAT = ExportFormat(
    name="JSON",
    title="JSON",
    description="Every task with its data, annotations, drafts and predictions, as the API tells them. "
    "The one format that loses nothing.",
    tags=(),
    extension="json",
    content_type="application/.json",
    fits=fits_all,
    write=_write,
)
