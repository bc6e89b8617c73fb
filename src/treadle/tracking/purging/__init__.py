"""Freeing what was deleted in MLflow: rows, then bytes.

Promises: a run that was restored before it was taken stays whole, and none is restored afterwards; bytes that
a version of a registered model stands for stay; whatever kills the work, the next purge of the workspace
finishes it; nothing of another workspace is freed. Refuses: to free what is not deleted; two purges of a
workspace at once.
"""

from __future__ import annotations

from treadle.tracking.purging.ended import free_ended, note_ended
from treadle.tracking.purging.job import PURGE_JOB, Days, cutoff_ms, running_purge, start_purge
from treadle.tracking.purging.ledger import opened
from treadle.tracking.purging.looking import Old, Size, count_old, list_old_places, measure

__all__ = [
    "PURGE_JOB",
    "Days",
    "Old",
    "Size",
    "count_old",
    "cutoff_ms",
    "free_ended",
    "list_old_places",
    "measure",
    "note_ended",
    "opened",
    "running_purge",
    "start_purge",
]
