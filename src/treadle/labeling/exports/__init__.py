"""Exports: a project's labels as a file, and snapshots of it that stay.

Promises: the worker writes, so that a save beside it does not wait; memory does not grow with the
project; a file is whole or absent. What a format cannot express is counted in the job's result, and told one
by one in a report that lies beside the file.
"""

from __future__ import annotations

from treadle.labeling.export_keys import report_key
from treadle.labeling.exports.choices import Choice, Detail, SnapshotChoice
from treadle.labeling.exports.job import (
    EXPORT_JOB,
    ExportOrder,
    forget_old_exports,
    start_export,
)
from treadle.labeling.exports.snapshots import (
    OPTIONS,
    SNAPSHOT_JOB,
    NewSnapshot,
    convert_snapshot,
    find_download,
    get_snapshot,
    list_snapshots,
    remove_snapshot,
    render_snapshot,
    start_snapshot,
)

__all__ = [
    "EXPORT_JOB",
    "OPTIONS",
    "SNAPSHOT_JOB",
    "Choice",
    "Detail",
    "ExportOrder",
    "NewSnapshot",
    "SnapshotChoice",
    "convert_snapshot",
    "find_download",
    "forget_old_exports",
    "get_snapshot",
    "list_snapshots",
    "remove_snapshot",
    "render_snapshot",
    "report_key",
    "start_export",
    "start_snapshot",
]
