"""The tasks that a job was ordered for: chosen once, then worked through in small transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, func, select, true

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import tasks
from treadle.jobs import JobRun
from treadle.labeling.filters import TaskQuery, condition_of
from treadle.objects.spool import read_lines

#: Tasks that one transaction changes: at 95 µs a task with its work it holds the database for 4 ms.
BATCH = 40
_PAUSE_S = 0.002
_PAGE = 5_000
_t = tasks.c
T = TypeVar("T")

#: Changes a few tasks in one transaction; how many things it made of them.
Act = Callable[[Tx, Sequence[int]], int]


class Selection(msgspec.Struct, frozen=True):
    """Which tasks, as of the order: filters, a selection, and no task that came later."""

    filters: dict[str, Any] | None = None
    selected: dict[str, Any] | None = None
    #: The newest task at the time of the order.
    last_id: int = 0

    @property
    def query(self) -> TaskQuery:
        """The same as a query."""
        return TaskQuery(self.filters, (), self.selected)


class _Place(msgspec.Struct, frozen=True):
    done: int = 0  # tasks
    count: int = 0  # of what was made of them


def select_now(tx: Tx, grant: Grant, query: TaskQuery) -> Selection:
    """What the query names now, in the grant's project. Raises Invalid naming a filter that is wrong."""
    condition_of(tx, grant, query)
    newest = select(func.max(_t.id)).where(_t.project_id == grant.project_id)
    return Selection(_plain(query.filters), _plain(query.selected), tx.execute(newest).scalar() or 0)


def choose(run: JobRun, selection: Selection, *, also: ColumnElement[bool] | None = None) -> int:
    """Write the ids of the selection's tasks down, for `work_through`; how many. A step of a job.

    also: a further condition on ``tasks``.
    """
    count = 0

    def lines() -> Iterator[bytes]:
        nonlocal count
        for page in _pages(run, selection, true() if also is None else also):
            count += len(page)
            yield b"".join(b"%d\n" % task_id for task_id in page)

    run.objects.put(_key(run), lines())
    run.log(f"Chose {count} tasks")
    return count


def work_through(run: JobRun, total: int, act: Act, *, verb: str, batch: int | None = None) -> int:
    """``act`` on each batch of the chosen tasks, each in a transaction of its own; the sum of its counts.

    A step of a job: a run that is resumed goes on behind the last batch that was committed.
    verb: what is said of the progress, such as ``Deleted``.  batch: tasks in a transaction, else `BATCH`.
    """
    place = run.place(_Place())
    for ids in _batches(islice(chosen(run), place.done, None), batch or BATCH):
        run.check_cancelled()
        began_s = time.monotonic()
        with run.database.write() as tx:
            place = _Place(place.done + len(ids), place.count + act(tx, ids))
            run.keep_place(tx, place)
        leave_turn(began_s)
        run.report(place.done, total, f"{verb} {place.count} (task {place.done} of {total})")
    return place.count


def chosen(run: JobRun) -> Iterator[int]:
    """The ids that `choose` wrote down."""
    return (int(line) for line in read_lines(run.objects.read(_key(run))))


def leave_turn(began_s: float) -> None:
    """Leave the database to others for as long as a transaction took that began at ``began_s``
    (`time.monotonic`), 2 ms at least.

    Who waits for SQLite looks at growing intervals; a gap that is short beside the work is seldom met.
    """
    time.sleep(max(_PAUSE_S, time.monotonic() - began_s))


def forget(run: JobRun) -> None:
    """Take the written ids away; nothing happens where there are none."""
    run.objects.delete(_key(run))


def _pages(run: JobRun, selection: Selection, also: ColumnElement[bool]) -> Iterator[Sequence[int]]:
    after = 0
    while True:
        run.check_cancelled()
        with run.database.read() as tx:
            condition = condition_of(tx, run.grant, selection.query)
            between = (_t.id > after) & (_t.id <= selection.last_id)
            page = tx.execute(select(_t.id).where(condition, also, between).order_by(_t.id).limit(_PAGE))
            ids = page.scalars().all()
        if not ids:
            return
        yield ids
        after = ids[-1]


def _key(run: JobRun) -> str:
    return f"jobs/{run.job.id}/tasks"


def _plain(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if value is None else dict(value)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
