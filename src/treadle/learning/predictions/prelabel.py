"""Pre-labelling: a job that asks a backend about many tasks, and keeps what it says.

Two requests are under way while answers are written, so that the model never waits for the database. Each
batch is one transaction with the place of the job: killed anywhere, it goes on behind what was committed, and
what was asked but not written is asked again. Tasks that fail are told one by one, and cost others nothing.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
from sqlalchemy import func, select

from treadle import jobs
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import tasks
from treadle.errors import Conflict, Invalid, Unavailable
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling import selections
from treadle.labeling.actions import Action, Started, Wish
from treadle.labeling.filters import TaskQuery, condition_of
from treadle.labeling.selections import Selection
from treadle.learning.connections import backends
from treadle.learning.connections.backends import Backend
from treadle.learning.connections.patience import NOT_THERE, Patience, PatientAsker, wait_until_well
from treadle.learning.predictions import attempts
from treadle.learning.predictions.attempts import Only
from treadle.learning.predictions.predicting import Batch, Predictor, PredictWish, open_predictor, version_now
from treadle.permissions import Permission

PRELABEL = "prelabel"
#: Requests under way.
_AT_ONCE = 2
_FEWEST, _MOST = 1, 64
_FIRST_BATCH = 16
#: A batch that takes less is doubled, one that takes more is halved: people watch it go on.
_QUICK_S, _LONG_S = 1.0, 8.0
_LOOK_EVERY_S = 0.5
_MOST_TOLD = 20
#: So many tasks that fail, with none before that did not, end the job.
_FAILED_FROM_START = 200
_PATIENCE = Patience()


class PrelabelOrder(msgspec.Struct, frozen=True):
    """Ask a backend about those of the selected tasks that ``only`` says.

    version: by its name; "" for the one that serves.
    """

    backend_id: int
    selection: Selection
    only: Only = "undone"
    version: str = ""


class Sums(msgspec.Struct, frozen=True):
    """How far the job is: how many of the chosen tasks, up to which id, and what came of them."""

    asked: int = 0
    last_id: int = 0
    done: int = 0
    nothing: int = 0
    failed: int = 0
    present: int = 0
    gone: int = 0
    #: How often each class was left out that is no label.
    dropped: dict[str, int] = {}
    #: Of the tasks that failed, the first.
    problems: tuple[str, ...] = ()

    def add(self, ids: Sequence[int], written: attempts.Written, batch: Batch) -> Sums:
        """With one more batch."""
        told = [f"Task {each.task_id}: {each.problem}" for each in batch.answers if each.result is None]
        return Sums(
            self.asked + len(ids),
            ids[-1],
            self.done + written.done,
            self.nothing + written.nothing,
            self.failed + written.failed,
            self.present + written.present,
            self.gone + written.gone,
            dict(Counter(self.dropped) + Counter(batch.dropped())),
            (*self.problems, *told)[:_MOST_TOLD],
        )

    def check_is_any(self) -> None:
        """Raises Invalid("prelabel-failed") where so many tasks failed, and none did not, that all will."""
        if self.failed >= _FAILED_FROM_START and not (self.done or self.nothing or self.present):
            text = (
                f"None of the first {self.failed} tasks could be predicted, and the others are not asked "
                f"about. {self.problems[0]}"
            )
            raise Invalid("prelabel-failed", text)

    def told(self, total: int) -> str:
        """The sums in a sentence."""
        parts = [f"Predicted {self.done} of {total} tasks"]
        for number, what in (
            (self.nothing, f"nothing found in {self.nothing}"),
            (self.failed, f"{self.failed} failed"),
            (self.present, f"{self.present} answered before"),
            (self.gone, f"{self.gone} deleted"),
        ):
            if number:
                parts.append(what)
        return "; ".join(parts)


def start_prelabel(
    tx: Tx, grant: Grant, backend_id: int, query: TaskQuery, *, only: Only = "undone", version: str = ""
) -> Job:
    """Order that a backend of the grant's project is asked about the query's tasks.

    Raises NotFound("backend-not-found"), Invalid, Conflict("prelabel-running") where it is to be asked about
    all tasks, and is asked about some already.
    """
    backend = get_backend(tx, grant, backend_id)
    _check_only(only)
    selection = selections.select_now(tx, grant, query)
    order = PrelabelOrder(backend_id, selection, only, version)
    running = find_running(tx, backend)
    if running is not None and _is_whole(query):
        text = f"{backend.name} is asked already, by job {running}. Wait for its end, or cancel it."
        raise Conflict("prelabel-running", text, details={"job": running})
    return jobs.submit(tx, grant, PRELABEL, order)


def count_to_ask(
    tx: Tx, grant: Grant, backend_id: int, query: TaskQuery, *, only: Only = "undone", version: str = ""
) -> int:
    """How many tasks `start_prelabel` would ask about now. It walks over all tasks: count in a read.

    Raises NotFound("backend-not-found"), Invalid.
    """
    backend = get_backend(tx, grant, backend_id)
    _check_only(only)
    meant = version or version_now(tx, backend)
    wanted = condition_of(tx, grant, query) & attempts.lacking(backend_id, meant, only)
    return int(tx.execute(select(func.count()).select_from(tasks).where(wanted)).scalar_one())


def _check_only(only: str) -> None:
    if only not in get_args(Only):
        text = f"only is {only!r}: say {', '.join(get_args(Only))}."
        raise Invalid("validation", text, fields={"only": [text]})


def start_retrieving(tx: Tx, grant: Grant, wish: Wish) -> Started:
    """Order predictions for the wish's tasks by the project's first backend, as Label Studio does.

    Raises Conflict("backend-missing").
    """
    assert grant.project_id is not None
    found = backends.of_project(tx, grant.project_id)
    if not found:
        raise Conflict(
            "backend-missing", "No model is connected to this project. Connect one first, under Learning."
        )
    return Started(start_prelabel(tx, grant, found[0].id, wish.query))


def get_backend(tx: Tx, grant: Grant, backend_id: int) -> Backend:
    """A backend of the grant's project. Raises NotFound("backend-not-found")."""
    backend = backends.get(tx, backend_id)
    if backend.project_id != grant.project_id:
        raise backends.no_backend(backend_id)
    return backend


def prelabel_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order once more what a job did not bring to its end: what was answered by then is not asked again."""
    order = msgspec.json.decode(job.payload, type=PrelabelOrder)
    running = find_running(tx, get_backend(tx, grant, order.backend_id))
    if running is not None:
        text = f"The model is asked already, by job {running}. Wait for its end, or cancel it."
        raise Conflict("prelabel-running", text, details={"job": running})
    return jobs.submit(tx, grant, PRELABEL, order)


def find_running(tx: Tx, backend: Backend) -> str | None:
    """The id of a job that asks the backend, if there is one."""
    for job in jobs.list_unfinished(tx, PRELABEL, backend.project_id):
        if msgspec.json.decode(job.payload, type=PrelabelOrder).backend_id == backend.id:
            return job.id
    return None


def run_prelabel(run: JobRun) -> dict[str, Any]:
    """Choose the tasks, ask about them; what came of it."""
    order = run.decode(PrelabelOrder)
    version = run.step("begin", _begin, run, order)
    total = run.step("choose", _choose, run, order, version)
    sums = run.step("predict", _predict, run, order, version, total)
    selections.forget(run)
    return {"count": sums.done, "version": version, **msgspec.structs.asdict(sums)}


def undo_prelabel(run: JobRun) -> None:
    """What was predicted stays: it is whole, and can be deleted by its version."""
    selections.forget(run)


PRELABEL_JOB = JobKind(PRELABEL, run_prelabel, Permission.PREDICTION_WRITE, undo_prelabel, is_followed=True)
RETRIEVE = Action(
    "retrieve_tasks_predictions",
    "Retrieve predictions",
    90,
    "predictions.any",
    "The connected model predicts for the selected tasks that it has not answered yet.",
    start_retrieving,
    "Retrieved {} predictions",
)


def _begin(run: JobRun, order: PrelabelOrder) -> str:
    """Wait for the backend to be there, and ask by which version it predicts."""
    backend = _backend(run, order)

    def find_version() -> str:
        try:
            with open_predictor(run.parts, backend, PredictWish(order.version)) as predictor:
                return predictor.find_version()
        except Unavailable as error:
            if error.code in NOT_THERE:
                run.report(0, 0, f"Waits for the model. {error.message}")
            raise

    version = wait_until_well(find_version, _waiting(run), _PATIENCE, passing=NOT_THERE)
    run.log(f"Asks {backend.name} by {version or 'the version that it will say'}")
    return version


def _choose(run: JobRun, order: PrelabelOrder, version: str) -> int:
    wanted = attempts.lacking(order.backend_id, version, order.only)
    return selections.choose(run, order.selection, also=wanted)


def _predict(run: JobRun, order: PrelabelOrder, version: str, total: int) -> Sums:
    how = PredictWish(version, actor_id=run.actor.user_id, is_anew=order.only == "all")
    sums = run.place(Sums())
    with open_predictor(run.parts, _backend(run, order), how) as predictor:
        try:
            for ids, batch in _answered(run, predictor, sums.last_id):
                with run.database.write() as tx:
                    sums = sums.add(ids, predictor.write(tx, batch), batch)
                    run.keep_place(tx, sums)
                run.report(sums.asked, total, sums.told(total))
                sums.check_is_any()
        except BaseException:
            predictor.break_off()
            raise
    _tell(run, sums, total)
    return sums


def _tell(run: JobRun, sums: Sums, total: int) -> None:
    """Write down what came of it. Raises Invalid("prelabel-failed") where every task failed."""
    for problem in sums.problems:
        run.log(problem)
    if sums.failed > len(sums.problems):
        run.log(f"{sums.failed - len(sums.problems)} more tasks failed")
    if sums.dropped:
        named = ", ".join(f"{label} ({number})" for label, number in sums.dropped.items())
        run.log(f"Left out what is no label: {named}")
    if sums.failed and not (sums.done or sums.nothing or sums.present):
        text = f"All {sums.failed} tasks failed. {sums.problems[0]}"
        raise Invalid("prelabel-failed", text)


@dataclass
class _Pace:
    """How many tasks go in one request, by how long the last ones took."""

    size: int = _FIRST_BATCH

    def heed(self, count: int, took_s: float) -> None:
        """Learn from a request of ``count`` tasks."""
        if took_s > _LONG_S:
            self.size = max(_FEWEST, min(self.size, count // 2))
        elif took_s < _QUICK_S and count >= self.size:
            self.size = min(_MOST, self.size * 2)


@dataclass(frozen=True)
class _Asked:
    """A batch that is being asked about."""

    ids: Sequence[int]
    answer: Future[tuple[Batch, float]]


def _answered(run: JobRun, predictor: Predictor, last_id: int) -> Iterator[tuple[Sequence[int], Batch]]:
    """The chosen tasks behind ``last_id``, in the order of ids, batch by batch, with their answers."""
    chosen = array("q", (task_id for task_id in selections.chosen(run) if task_id > last_id))
    pace, at = _Pace(), 0
    under_way: deque[_Asked] = deque()
    pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="prelabel")
    try:
        while under_way or at < len(chosen):
            while len(under_way) < _AT_ONCE and at < len(chosen):
                ids = chosen[at : at + pace.size].tolist()
                at += len(ids)
                under_way.append(_Asked(ids, pool.submit(_ask, run, predictor, ids)))
            first = under_way.popleft()
            batch, took_s = _await(run, first.answer)
            pace.heed(len(first.ids), took_s)
            yield first.ids, batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ask(run: JobRun, predictor: Predictor, ids: Sequence[int]) -> tuple[Batch, float]:
    began_s = time.monotonic()
    batch = PatientAsker(predictor, _waiting(run), _PATIENCE).ask(ids)
    return batch, time.monotonic() - began_s


def _waiting(run: JobRun) -> Callable[[float], None]:
    """Waits, and looks meanwhile whether somebody wants it to end."""

    def pause(seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            run.check_cancelled()
            time.sleep(min(left_s, _LOOK_EVERY_S))

    return pause


def _await(run: JobRun, answer: Future[tuple[Batch, float]]) -> tuple[Batch, float]:
    while not answer.done():
        run.check_cancelled()
        wait([answer], timeout=_LOOK_EVERY_S)
    return answer.result()


def _backend(run: JobRun, order: PrelabelOrder) -> Backend:
    with run.database.read() as tx:
        backend = backends.get(tx, order.backend_id)
    if backend.project_id != run.job.project_id:
        raise backends.no_backend(order.backend_id)
    return backend


def _is_whole(query: TaskQuery) -> bool:
    selected: Mapping[str, Any] = query.selected or {"all": True}
    return not query.filters and bool(selected.get("all")) and not selected.get("excluded")
