"""What is deleted, and can be restored for 30 days.

Promises: rows move out of their tables whole, in batches of one short transaction each, with tallies
and counters; restoring brings them back unchanged, with their ids; a job that is killed goes on with
the next batch, one that is cancelled restores what it had moved. Refuses: to restore the work on a task
that is itself deleted; to restore twice.
"""

from __future__ import annotations

from treadle.labeling.trash.at_once import MOST_AT_ONCE, delete_now, restore_now
from treadle.labeling.trash.deletions import KEPT, Deletion, Kind, get, list_of_project, no_deletion, read
from treadle.labeling.trash.freeing import free_deletions, free_project, free_projects
from treadle.labeling.trash.jobs import (
    DELETE_JOB,
    RESTORE_JOB,
    delete_again,
    restore_again,
    settle_left,
    start_deleting,
    start_deleting_version,
    start_restoring,
)

__all__ = [
    "DELETE_JOB",
    "KEPT",
    "MOST_AT_ONCE",
    "RESTORE_JOB",
    "Deletion",
    "Kind",
    "delete_again",
    "delete_now",
    "free_deletions",
    "free_project",
    "free_projects",
    "get",
    "list_of_project",
    "no_deletion",
    "read",
    "restore_again",
    "restore_now",
    "settle_left",
    "start_deleting",
    "start_deleting_version",
    "start_restoring",
]
