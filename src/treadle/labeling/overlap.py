"""How many people a task needs, brought to its tasks when the project changes it.

In one transaction where the project is small, else by a job in batches of 200, so that nobody's save waits.
Between two batches a task follows the old number or the new one, as its own row says, and the project's
counters say at every moment how many tasks are done by their rows: a batch moves both at once.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select, true, update

from treadle import jobs
from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.schema import projects, tasks
from treadle.jobs import JobKind, JobRun
from treadle.labeling import assignments, retired
from treadle.labeling.tally import IGNORE_SKIPPED, add_to_counters
from treadle.labeling.visibility import visible_tasks
from treadle.permissions import Permission

JOB_NAME = "overlap"
_AT_ONCE = 2_000
_BATCH = 200
_PAUSE_S = 0.002

_t, _a = tasks.c, schema.annotations.c
# Locked, so that rows of an import follow the rules before or after, and nobody changes them meanwhile.
_RULES = (
    select(projects.c.maximum_annotations, projects.c.skip_queue)
    .where(projects.c.id == bindparam("project_id"))
    .with_for_update(read=True, of=projects)
)
_NEXT = (
    select(_t.id)
    .where(_t.project_id == bindparam("project_id"), _t.id > bindparam("after"))
    .order_by(_t.id)
    .limit(bindparam("most"))
    .with_for_update()
)
_IS_LARGE = (
    select(_t.id)
    .where(_t.project_id == bindparam("project_id"))
    .order_by(_t.id)
    .offset(bindparam("small"))
    .limit(1)
)


def apply_rules(tx: Tx, grant: Grant) -> str | None:
    """Let every task of the grant's project follow the project's rules; the id of the job that does it, if
    there are too many for now."""
    assert grant.project_id is not None
    if tx.execute(_IS_LARGE, {"project_id": grant.project_id, "small": _AT_ONCE}).first() is not None:
        return jobs.submit(tx, grant, JOB_NAME, {}).id
    apply_batch(tx, grant.project_id, after=0, most=_AT_ONCE)
    return None


def apply_batch(tx: Tx, project_id: int, *, after: int, most: int) -> list[int]:
    """The same for the ``most`` tasks behind the id ``after``; their ids, in order."""
    rules = tx.execute(_RULES, {"project_id": project_id}).one()
    wanted = {"project_id": project_id, "after": after, "most": most}
    ids = list(tx.execute(_NEXT, wanted).scalars())
    if not ids:
        return []
    chosen = {"ids": id_list(ids)}
    before, retired_before = _count_finished(tx, project_id, chosen), retired.count_unfinished(tx, ids)
    is_labeled = _people(rules.skip_queue).scalar_subquery() >= rules.maximum_annotations
    values = {"overlap": rules.maximum_annotations, "is_labeled": is_labeled}
    tx.execute(update(tasks).where(one_of(_t.id, "ids")).values(**values), chosen)
    assignments.recount(tx, ids)
    add_to_counters(
        tx,
        project_id,
        finished=_count_finished(tx, project_id, chosen) - before,
        retired=retired.count_unfinished(tx, ids) - retired_before,
    )
    return ids


def run_overlap(run: JobRun) -> dict[str, Any]:
    """Go through the tasks in the order of their ids."""
    return {"count": run.step("apply", _apply, run)}


#: What was reached follows the new rules and the rest the old ones: a change back is another job.
OVERLAP_JOB = JobKind(JOB_NAME, run_overlap, Permission.PROJECT_WRITE)


def _apply(run: JobRun) -> int:
    project_id = run.grant.project_id
    assert project_id is not None
    with run.database.read() as tx:
        total = tx.execute(select(func.count()).where(_t.project_id == project_id)).scalar_one()
    done, last_id = run.place((0, 0))
    while True:
        run.check_cancelled()
        with run.database.write() as tx:
            ids = apply_batch(tx, project_id, after=last_id, most=_BATCH)
            if not ids:
                return done
            done, last_id = done + len(ids), ids[-1]
            run.keep_place(tx, (done, last_id))
        run.report(min(done, total), total, f"Went through {done} of {total} tasks")
        time.sleep(_PAUSE_S)


def _people(skip_queue: str) -> Select[Any]:
    counts: ColumnElement[bool] = true() if skip_queue == IGNORE_SKIPPED else _a.was_cancelled.is_(False)
    people = func.count(func.distinct(func.coalesce(_a.completed_by, -1)))
    return select(people).where(_a.task_id == _t.id, counts)


def _count_finished(tx: Tx, project_id: int, chosen: dict[str, Any]) -> int:
    finished = select(func.count()).where(
        one_of(_t.id, "ids"), _t.is_labeled.is_(True), visible_tasks(project_id)
    )
    return int(tx.execute(finished, chosen).scalar_one())
