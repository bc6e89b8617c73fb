"""Export formats: labels as files that other programs read.

Promises: tasks are read once, in order, and memory does not grow with their number; names of files are safe
and unique; what a format cannot express is reported one by one, never dropped in silence.
Refuses: nothing here reads a database; the caller feeds ``ExportTask`` rows with stored JSON text.
To add a format: one file with a ``FORMAT``, and one entry in ``EXPORT_FORMATS``.
"""

from __future__ import annotations

from treadle.errors import Invalid
from treadle.labeling.formats import coco, conll, json_min, json_tasks, tables, voc, yolo
from treadle.labeling.formats.losses import LossReport, Reason
from treadle.labeling.formats.records import (
    ExportAnnotation,
    ExportCounts,
    ExportFormat,
    ExportTask,
    OpenPicture,
    Outlet,
    annotated_only,
)

EXPORT_FORMATS: tuple[ExportFormat, ...] = (
    json_tasks.FORMAT,
    json_min.FORMAT,
    tables.CSV,
    tables.TSV,
    coco.FORMAT,
    coco.WITH_IMAGES,
    voc.FORMAT,
    voc.WITH_IMAGES,
    yolo.FORMAT,
    yolo.WITH_IMAGES,
    yolo.OBB,
    yolo.OBB_WITH_IMAGES,
    conll.FORMAT,
)


def find_format(name: str) -> ExportFormat:
    """The format of that name, in any case of letters.

    Raises Invalid("export-format-unknown").
    """
    for known in EXPORT_FORMATS:
        if known.name == name.upper():
            return known
    names = ", ".join(known.name for known in EXPORT_FORMATS)
    message = f'There is no export format "{name}". Ask for one of {names}.'
    raise Invalid("export-format-unknown", message, fields={"exportType": [message]})


__all__ = [
    "EXPORT_FORMATS",
    "ExportAnnotation",
    "ExportCounts",
    "ExportFormat",
    "ExportTask",
    "LossReport",
    "OpenPicture",
    "Outlet",
    "Reason",
    "annotated_only",
    "find_format",
]
