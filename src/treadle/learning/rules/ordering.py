"""The order in which a project's tasks teach a model most, refreshed as a job.

Promises: every task that is not labelled and that the serving version has predicted gets a worth, which the
queue hands out from the greatest (see `treadle.labeling.worths`); other tasks have none, and come after. Who
labels meanwhile hardly waits: a few hundred tasks are written in a transaction. A job that is interrupted
goes on behind the last of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, delete, func, select

from treadle import events, jobs
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.learning_tables import queue_places, task_worths
from treadle.db.lists import id_list, one_of
from treadle.db.plans import unindexed
from treadle.db.schema import predictions, projects, tasks
from treadle.jobs import Job, JobKind, JobRun, JobState
from treadle.labeling.selections import leave_turn
from treadle.labeling.visibility import visible_tasks
from treadle.learning.rules.spread import Census, Mark, Order, key_of, mark_of, order_marks
from treadle.learning.rules.uncertainty import read_regions, uncertainty_of
from treadle.permissions import Permission

#: off: tasks have no worth.  uncertainty: the least sure first.  diversity: the least alike first.
How = Literal["off", "uncertainty", "diversity"]

ORDER = "order-queue"
#: Tasks in one transaction.
AT_ONCE = 500
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 1.0
#: Where task ids end.
_LAST = 2**62

#: A task, and score and result of a prediction of it.
_Said = tuple[int, float | None, str]

_t, _p, _w = tasks.c, predictions.c, task_worths.c
_COLUMNS = ("task_id", "project_id", "worth")
_LOCK_PROJECT = (
    select(projects.c.id).where(projects.c.id == bindparam("project_id")).with_for_update(key_share=True)
)
_PAGE = (
    select(_t.id, _t.is_labeled)
    .where(
        _t.project_id == bindparam("project_id"),
        _t.id > bindparam("after"),
        visible_tasks(bindparam("project_id")),
    )
    .order_by(_t.id)
    .limit(bindparam("limit"))
)
_OPEN_PAGE = _PAGE.where(_t.is_labeled.is_(False))
# Nobody deletes one of these before its worth is written.
_STILL_OPEN = (
    select(_t.id)
    .where(one_of(_t.id, "ids"), _t.is_labeled.is_(False))
    .with_for_update(of=tasks, read=True, key_share=True)
)
_SAID = (
    select(_p.task_id, _p.score, _p.result)
    .where(one_of(_p.task_id, "task_ids"), _p.model_version == bindparam("version"))
    .order_by(_p.id)
)
_FORGET_BETWEEN = delete(task_worths).where(
    _w.task_id > bindparam("after"),
    _w.task_id <= bindparam("last"),
    # All of a project's would be looked through for each page.
    unindexed(_w.project_id) == bindparam("of_project"),
)
_FORGET_SOME = delete(task_worths).where(
    _w.task_id.in_(select(_w.task_id).where(_w.project_id == bindparam("of_project")).limit(AT_ONCE))
)

# Everybody begins anew in a new order.
_FORGET_PLACES = delete(queue_places).where(queue_places.c.project_id == bindparam("of_project"))


class QueueOrder(msgspec.Struct, frozen=True):
    """Order a project's queue anew, by the predictions of one version."""

    how: How
    version: str


class _Place(msgspec.Struct, frozen=True):
    after: int = 0  # the id of a task
    count: int = 0  # tasks that got a worth
    seen: dict[str, int] = {}  # by diversity: how many of each mark got theirs


class _Plan(msgspec.Struct, frozen=True):
    """What `Order` is, as a step returns it."""

    level: int = 0
    ranks: dict[str, int] = {}
    begins: dict[str, int] = {}


def start_ordering(tx: Tx, grant: Grant, how: How, version: str) -> Job:
    """Order the queue of the grant's project by what a version predicted; the job.

    One that is at it already is stopped: it would order by what is no longer asked for. "off" takes the
    worths away.
    """
    assert grant.project_id is not None
    tx.execute(_LOCK_PROJECT, {"project_id": grant.project_id})
    asked = QueueOrder(how, version)
    for job in jobs.list_unfinished(tx, ORDER, grant.project_id):
        if _is_waiting(job) and msgspec.json.decode(job.payload, type=QueueOrder) == asked:
            return job
        jobs.request_cancel(tx, grant.actor, job)
    events.record(tx, "queue.ordered", actor_id=grant.actor.user_id, project_id=grant.project_id)
    return jobs.submit(tx, grant, ORDER, asked)


def is_ordering(tx: Tx, project_id: int) -> bool:
    """Is a job at it?"""
    return bool(jobs.list_unfinished(tx, ORDER, project_id))


def run_ordering(run: JobRun) -> dict[str, Any]:
    """Give each task its worth; how many got one."""
    asked = run.decode(QueueOrder)
    run.step("wait", _wait_for_earlier, run)
    if asked.how == "off":
        return {"count": run.step("forget", _forget, run)}
    plan = run.step("plan", _plan, run) if asked.how == "diversity" else None
    return {"count": run.step("write", _write, run, plan)}


ORDER_JOB = JobKind(ORDER, run_ordering, Permission.PROJECT_WRITE)


def _is_waiting(job: Job) -> bool:
    return job.state is JobState.QUEUED and not job.cancel_requested


def _wait_for_earlier(run: JobRun) -> None:
    """Until those that were stopped for this one have ended: two would write the same rows."""
    pause_s = _FIRST_PAUSE_S
    while True:
        run.check_cancelled()
        with run.database.read() as tx:
            earlier = [
                job
                for job in jobs.list_unfinished(tx, ORDER, _project(run))
                if job.cancel_requested and job.id != run.job.id and job.started_at is not None
            ]
        if not earlier:
            return
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _forget(run: JobRun) -> int:
    count = 0
    while True:
        run.check_cancelled()
        began_s = time.monotonic()
        with run.database.write() as tx:
            deleted = tx.execute(_FORGET_SOME, {"of_project": _project(run)}).rowcount
        leave_turn(began_s)
        count += deleted
        if not deleted:
            return count


def _plan(run: JobRun) -> _Plan:
    """Which marks there are, and their order."""
    census, after, done = Census(), 0, 0
    total = _count_tasks(run)
    while page := _read_page(run, after):
        run.check_cancelled()
        ids, marks = page
        for task_id, is_labeled in ids.items():
            if task_id in marks:
                census.add(marks[task_id], is_labeled=is_labeled)
        after, done = max(ids), done + len(ids)
        run.report(done, max(total, done + 1), f"Looked at {done} tasks")
    order = order_marks(census)
    return _Plan(order.level, dict(order.ranks), dict(order.begins))


def _read_page(run: JobRun, after: int) -> tuple[dict[int, bool], dict[int, Mark]] | None:
    """The next tasks with whether they are labelled, and the marks of those that were predicted."""
    with run.database.read() as tx:
        found = tx.execute(_PAGE, {"project_id": _project(run), "after": after, "limit": AT_ONCE}).all()
        ids = {row.id: row.is_labeled for row in found}
        said = _said(tx, run, list(ids))
    if not ids:
        return None
    return ids, {task_id: _mark(score, result) for task_id, score, result in said}


def _write(run: JobRun, plan: _Plan | None) -> int:
    """Replace the worths, page by page."""
    judge = _ByUncertainty() if plan is None else _ByDiversity(Order(plan.level, plan.ranks, plan.begins))
    place = run.place(_Place())
    judge.seen.update(place.seen)
    total = _count_tasks(run, is_labeled=False)
    done = 0
    while True:
        run.check_cancelled()
        began_s = time.monotonic()
        asked = {"project_id": _project(run), "after": place.after, "limit": AT_ONCE}
        with run.database.read() as tx:
            ids = [row.id for row in tx.execute(_OPEN_PAGE, asked)]
            said = _said(tx, run, ids)
        worths = judge.worths(said)  # it takes its time, and who labels waits for the transaction alone
        with run.database.write() as tx:
            # Those between that are labelled by now lose theirs, too.
            last = ids[-1] if ids else _LAST
            tx.execute(
                _FORGET_BETWEEN, {"after": place.after, "last": last, "of_project": asked["project_id"]}
            )
            still = {row.id for row in tx.execute(_STILL_OPEN, {"ids": id_list(ids)})}
            rows = [(each, asked["project_id"], worth) for each, worth in worths.items() if each in still]
            tx.insert_rows(task_worths, _COLUMNS, rows)
            if not ids:
                tx.execute(_FORGET_PLACES, {"of_project": asked["project_id"]})
            place = _Place(last, place.count + len(rows), dict(judge.seen))
            run.keep_place(tx, place)
        if not ids:
            return place.count
        leave_turn(began_s)
        done += len(ids)
        run.report(done, max(total, done + 1), f"Ordered {place.count} tasks")


class _ByUncertainty:
    """The less sure, the more it is worth."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def worths(self, said: Sequence[_Said]) -> Mapping[int, float]:
        """By task, of its newest prediction."""
        return {task_id: uncertainty_of(score, read_regions(result)) for task_id, score, result in said}


class _ByDiversity:
    """The earlier in the order of marks, the more it is worth."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self.seen: dict[str, int] = {}

    def worths(self, said: Sequence[_Said]) -> Mapping[int, float]:
        """By task, of its newest prediction."""
        marks = {task_id: _mark(score, result) for task_id, score, result in said}
        return {task_id: self._worth(mark) for task_id, mark in sorted(marks.items())}

    def _worth(self, mark: Mark) -> float:
        key = key_of(mark, self._order.level)
        earlier = self.seen.get(key, 0)
        self.seen[key] = earlier + 1
        return self._order.worth(key, earlier)


def _said(tx: Tx, run: JobRun, ids: Sequence[int]) -> list[_Said]:
    """What the version predicted of these tasks, the newest of each last."""
    asked = {"task_ids": id_list(ids), "version": run.decode(QueueOrder).version}
    return [(row.task_id, row.score, row.result) for row in tx.execute(_SAID, asked)]


def _mark(score: float | None, result: str) -> Mark:
    regions = read_regions(result)
    return mark_of(uncertainty_of(score, regions), regions)


def _count_tasks(run: JobRun, *, is_labeled: bool | None = None) -> int:
    counted = select(func.count()).where(_t.project_id == _project(run))
    if is_labeled is not None:
        counted = counted.where(_t.is_labeled.is_(is_labeled))
    with run.database.read() as tx:
        return int(tx.execute(counted).scalar_one())


def _project(run: JobRun) -> int:
    assert run.job.project_id is not None
    return run.job.project_id
