"""Imports: tasks with annotations and predictions, from JSON, tables, lines and files.

Promises: everything is validated before the first row is written; rows go in by small batches, so that
a save beside them never waits, and show all at once at the end; a failed or cancelled import leaves
nothing; one that was interrupted goes on where it was. A bad row is named with its field.
"""

from __future__ import annotations

from treadle.labeling.imports.importing import ImportOrder, Plan, import_inline, start_import
from treadle.labeling.imports.job import IMPORT_JOB
from treadle.labeling.imports.predictions import (
    PREDICTIONS_JOB,
    import_predictions,
    start_predictions,
)
from treadle.labeling.imports.status import read_import
from treadle.labeling.imports.writing import task_ids

__all__ = [
    "IMPORT_JOB",
    "PREDICTIONS_JOB",
    "ImportOrder",
    "Plan",
    "import_inline",
    "import_predictions",
    "read_import",
    "start_import",
    "start_predictions",
    "task_ids",
]
