"""Deleting and restoring little, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from treadle.access import Grant
from treadle.db import Tx
from treadle.labeling.trash import deletions, moving
from treadle.labeling.trash.deletions import Deletion, Kind
from treadle.labeling.trash.restoring import restore_batch, task_is_deleted

#: How many items are moved within one transaction; more are a job's.
MOST_AT_ONCE = 200

#: Moves items of one kind, named by their own ids, into the trash; how many were there.
Move = Callable[[Tx, Deletion, Sequence[int]], int]

_MOVES: Mapping[Kind, Move] = {
    "tasks": moving.move_tasks,
    "annotations": moving.move_annotations,
    "predictions": moving.move_predictions,
}


def delete_now(tx: Tx, grant: Grant, kind: Kind, ids: Sequence[int]) -> Deletion:
    """Delete a few things of the grant's project, by their ids; the deletion, by which they come back.

    What is not there is skipped, and ``item_count`` tells how many were.
    """
    deletion = deletions.get(tx, deletions.begin(tx, grant, kind))
    _MOVES[kind](tx, deletion, ids)
    return deletions.end(tx, deletion.id)


def restore_now(tx: Tx, grant: Grant, deletion_id: int) -> Deletion:
    """Restore a deletion of at most `MOST_AT_ONCE` items; the deletion.

    Raises NotFound("deletion-not-found"), Conflict("deletion-restored"), Conflict("task-deleted") for
    work whose task has to be restored first.
    """
    deletion = deletions.begin_restoring(tx, deletion_id)
    restored, left, after = 0, 0, 0
    while True:
        batch = restore_batch(tx, deletion, by=grant.actor.user_id, after=after, most=MOST_AT_ONCE)
        if batch.last_id is None:
            break
        restored, left, after = restored + batch.restored, left + batch.left, batch.last_id
    if left and not restored:
        raise task_is_deleted(tx, deletion)
    return deletions.end_restoring(tx, deletion_id, by=grant.actor.user_id, left=left)
