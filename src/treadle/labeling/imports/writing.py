"""Staged tasks into the database: small batches, invisible until the last is in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, func, literal_column, select, update

from treadle import events
from treadle.db import Database, Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import imports, predictions, projects, tasks
from treadle.labeling.imports.batch import write_batch
from treadle.labeling.imports.blocks import Block, to_batches
from treadle.labeling.tally import add_to_counters, count_out

#: Rows a transaction writes while nobody else does, and while somebody does: a save then waits for few of
#: ours, and finds the door open between two batches.
BATCH = 1000
_BATCH_BESIDE = 50
_PAUSE_S = 0.002
#: So long after somebody else's commit, more are expected.
_QUIET_S = 1.0
REPORT_INTERVAL_S = 0.25

_t = tasks.c
_p = predictions.c
# In the words of the index, which holds the tasks that came by an import: a number alone would not prove it.
_IS_IMPORTED = _t.import_id > literal_column("0")
_PROGRESS = select(
    imports.c.task_count,
    imports.c.annotation_count,
    imports.c.prediction_count,
    imports.c.state,
    imports.c.project_id,
    imports.c.user_id,
).where(imports.c.id == bindparam("import_id"))

# Whoever has it shared already would wait in a ring: it comes first in its transaction.
_HOLD_PROJECT = (
    select(projects.c.id)
    .join(imports, imports.c.project_id == projects.c.id)
    .where(imports.c.id == bindparam("import_id"))
    .with_for_update(key_share=True, of=projects)
)
_LOCK = Prepared(select(_t.id).where(one_of(_t.id, "ids")).order_by(_t.id).with_for_update(of=tasks))
_MADE = select(_p.id, _p.task_id).where(
    _p.project_id == bindparam("of_project"), _p.import_id == bindparam("of_import")
)
_DELETE_MADE = Prepared(delete(predictions).where(one_of(_p.id, "ids")))
_RECOUNT = Prepared(
    update(tasks)
    .where(one_of(_t.id, "ids"))
    .values(total_predictions=select(func.count()).where(_p.task_id == _t.id).scalar_subquery())
)
_UNNOTE = Prepared(
    update(imports)
    .where(imports.c.id == bindparam("of_import"))
    .values(prediction_count=imports.c.prediction_count - bindparam("fewer"))
)
_LAST_EVENT = Prepared(select(func.coalesce(func.max(schema.events.c.id), 0).label("last")))
_ABANDONED = select(imports.c.id).where(
    imports.c.state == "running", imports.c.job_id.is_(None), imports.c.created_at < bindparam("before")
)


class Turns:
    """Takes turns with those who save: hurries while nobody does, and steps back while somebody does.

    SQLite lets one write at a time.
    """

    def __init__(self) -> None:
        self._seen: int | None = None
        self._theirs_s = float("-inf")
        self._began_s = time.monotonic()

    @property
    def is_shared(self) -> bool:
        """Whether somebody else wrote a moment ago."""
        return time.monotonic() - self._theirs_s < _QUIET_S

    def look(self, tx: Tx) -> None:
        """Note whether somebody changed something since the last look; an import itself tells at its end."""
        self._began_s = time.monotonic()
        last: int | None = tx.execute(_LAST_EVENT, {}).scalar()
        if self._seen is not None and self._seen != last:
            self._theirs_s = time.monotonic()
        self._seen = last

    def step_back(self) -> None:
        """Leave the database to the others for twice as long as it was held, if there are any."""
        if self.is_shared:
            time.sleep(max(_PAUSE_S, 2 * (time.monotonic() - self._began_s)))


def progress_of(tx: Tx, import_id: int) -> Any:
    """How much of an import lies in the database, and its state."""
    return tx.execute(_PROGRESS, {"import_id": import_id}).one()


def write_all(
    database: Database, import_id: int, blocks: Iterable[Block], report: Callable[[int], None]
) -> int:
    """Write the tasks, going on behind those that an interrupted run wrote; how many there are.

    ``report`` is told now and then how many lie in the database, and may raise to stop.
    """
    with database.read() as tx:
        written = int(progress_of(tx, import_id).task_count)
    turns, told_s = Turns(), float("-inf")
    for batch in to_batches(blocks, written, BATCH):
        for part in batch.parts(_BATCH_BESIDE if turns.is_shared else BATCH):
            with database.write() as tx:
                turns.look(tx)
                write_batch(tx, import_id, part)
            written += len(part)
            turns.step_back()
        if time.monotonic() - told_s > REPORT_INTERVAL_S:
            report(written)
            told_s = time.monotonic()
    report(written)
    return written


def show(database: Database, import_id: int) -> None:
    """`finish` rows that were committed before, when nobody is half way with counting them.

    Who changes how many people tasks need holds the project, and counts those that show.
    """
    with database.write() as tx:
        tx.execute(_HOLD_PROJECT, {"import_id": import_id})
        finish(tx, import_id)


def finish(tx: Tx, import_id: int) -> None:
    """Show the import's rows, all at once, and count them in the project; nothing the second time."""
    row = progress_of(tx, import_id)
    if row.state == "done":
        return
    counted = {"tasks": row.task_count, "predictions": row.prediction_count}
    if row.annotation_count:
        counted |= _count_annotated(tx, import_id)
    add_to_counters(tx, row.project_id, **counted)
    counts = {
        "task_count": row.task_count,
        "annotation_count": row.annotation_count,
        "prediction_count": row.prediction_count,
    }
    tx.execute(update(imports).where(imports.c.id == import_id).values(state="done", finished_at=tx.now))
    events.record(
        tx,
        "tasks.imported" if row.task_count else "predictions.imported",
        actor_id=row.user_id,
        project_id=row.project_id,
        subject_id=import_id,
        payload=counts,
    )


def end_empty(tx: Tx, import_id: int) -> None:
    """End an import that was to make no task."""
    tx.execute(update(imports).where(imports.c.id == import_id).values(state="done", finished_at=tx.now))


def task_ids(tx: Tx, import_id: int) -> list[int]:
    """The tasks of an import, in the order they came."""
    return list(
        tx.execute(select(_t.id).where(_t.import_id == import_id, _IS_IMPORTED).order_by(_t.id)).scalars()
    )


def undo(database: Database, import_id: int) -> bool:
    """Take away what an import that failed or was cancelled wrote, batch by batch.

    Whether it did: rows that show already are people's work, and stay.
    """
    with database.read() as tx:
        row = tx.execute(_PROGRESS, {"import_id": import_id}).first()
    if row is not None and row.state == "done":
        return False
    while row is not None and _undo_batch(database, import_id, row.project_id):
        time.sleep(_PAUSE_S)
    return True


def _undo_batch(database: Database, import_id: int, project_id: int) -> bool:
    with database.write() as tx:
        if _undo_tasks(tx, import_id, project_id) or _undo_predictions(tx, import_id, project_id):
            return True
        _count_back(tx, import_id)
        ended = {"state": "failed", "finished_at": tx.now}
        tx.execute(update(imports).where(imports.c.id == import_id).values(**ended))
        return False


def _undo_tasks(tx: Tx, import_id: int, project_id: int) -> bool:
    ids = list(
        tx.execute(
            select(_t.id).where(_t.import_id == import_id, _IS_IMPORTED).limit(_BATCH_BESIDE)
        ).scalars()
    )
    if ids:
        count_out(tx, project_id, schema.annotations.c.task_id.in_(ids))
        tx.execute(delete(tasks).where(_t.id.in_(ids)))
    return bool(ids)


def _undo_predictions(tx: Tx, import_id: int, project_id: int) -> bool:
    """Of an import of predictions alone: those that came with a task went with it."""
    made = tx.execute(_MADE.limit(_BATCH_BESIDE), {"of_project": project_id, "of_import": import_id})
    found = {row.id: row.task_id for row in made}
    if not found:
        return False
    task_ids = id_list(sorted(set(found.values())))
    tx.execute(_LOCK, {"ids": task_ids})  # tasks first, as everybody does
    gone = tx.execute(_DELETE_MADE, {"ids": id_list(list(found))}).rowcount
    tx.execute(_RECOUNT, {"ids": task_ids})
    tx.execute(_UNNOTE, {"of_import": import_id, "fewer": gone})
    return True


def _count_back(tx: Tx, import_id: int) -> None:
    """Put right what deletions took off the project's counters: predictions that were never counted in."""
    row = progress_of(tx, import_id)
    if row.prediction_count and not row.task_count:
        add_to_counters(tx, row.project_id, predictions=row.prediction_count)


def undo_abandoned(database: Database, *, older_than: timedelta) -> int:
    """Take away what web processes that died were writing themselves; how many imports there were.

    Imports of jobs are left alone: theirs resume, or are undone by the worker.
    """
    with database.read() as tx:
        ids = tx.execute(_ABANDONED, {"before": tx.now - older_than}).scalars().all()
    for import_id in ids:
        undo(database, import_id)
    return len(ids)


def _count_annotated(tx: Tx, import_id: int) -> dict[str, int]:
    def count(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    sums = select(
        count(_t.is_labeled.is_(True)).label("finished"),
        count(_t.total_annotations > _t.ground_truth_annotations).label("with_annotations"),
        func.coalesce(func.sum(_t.total_annotations), 0).label("completed"),
        func.coalesce(func.sum(_t.cancelled_annotations), 0).label("cancelled"),
        func.coalesce(func.sum(_t.ground_truth_annotations), 0).label("ground_truth"),
    ).where(_t.import_id == import_id, _IS_IMPORTED)
    return {name: int(value) for name, value in tx.execute(sums).mappings().one().items()}
