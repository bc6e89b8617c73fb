"""Which task a version was asked about, and what came of it: one prediction at most, whoever asks at once.

What a backend answered for a batch is written in one transaction that first holds the tasks: of two that
ask the same at once, the second finds what the first wrote, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
    update,
)

from treadle import events
from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.learning_tables import ml_backends, prediction_attempts
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import predictions, project_counters, tasks
from treadle.db.types import to_microseconds
from treadle.errors import NotFound
from treadle.labeling.tally import add_to_counters
from treadle.labeling.visibility import handed_to, visible_tasks

State = Literal["done", "nothing", "failed"]
#: Of the tasks that are named: those never asked about, those that failed, both, or each anew.
Only = Literal["missing", "failed", "undone", "all"]

MOST_PROBLEM_CHARACTERS = 500
_t, _p, _c = tasks.c, predictions.c, prediction_attempts.c

# The backend stays while the answer is written, and so does what its rows name.
_HOLD_BACKEND = Prepared(
    select(ml_backends.c.id)
    .where(ml_backends.c.id == bindparam("backend_id"))
    .with_for_update(read=True, key_share=True)
)
_HOLD_TASKS = Prepared(
    select(_t.id)
    .where(
        _t.project_id == bindparam("of_project"),
        one_of(_t.id, "task_ids"),
        visible_tasks(bindparam("of_project")),
    )
    .order_by(_t.id)
    .with_for_update(of=tasks)
)
_OF_TASKS = Prepared(
    select(_c.task_id, _c.model_version, _c.state, _c.prediction_id).where(
        one_of(_c.task_id, "task_ids"), _c.backend_id == bindparam("of_backend")
    )
)
_BY_VERSION = Prepared(
    select(_p.task_id, _p.id).where(one_of(_p.task_id, "task_ids"), _p.model_version == bindparam("version"))
)
_ADD_TO_TASKS = Prepared(
    update(tasks)
    .where(one_of(_t.id, "task_ids"))
    .values(total_predictions=_t.total_predictions + bindparam("more"))
)
_a = schema.annotations.c
_BEGUN_FROM = Prepared(
    select(_a.parent_prediction_id.label("id")).where(
        one_of(_a.task_id, "task_ids"), _a.parent_prediction_id.is_not(None)
    )
)
_REPLACE = (
    update(predictions)
    .where(_p.id == bindparam("of_prediction"))
    .values(
        result=bindparam("new_result"),
        score=bindparam("new_score"),
        updated_at=bindparam("at", type_=_p.updated_at.type),
    )
)
_CHANGE = (
    update(prediction_attempts)
    .where(
        _c.backend_id == bindparam("of_backend"),
        _c.model_version == bindparam("of_version"),
        _c.task_id == bindparam("of_task"),
    )
    .values(
        state=bindparam("new_state"),
        problem=bindparam("new_problem"),
        settings=bindparam("new_settings"),
        prediction_id=bindparam("new_prediction"),
        tries=_c.tries + 1,
        at=bindparam("now", type_=_c.at.type),
    )
)
_PREDICTION_COLUMNS = ("id", "task_id", "result", "model_version", "score")
_ATTEMPT_COLUMNS = ("task_id", "model_version", "state", "problem", "settings", "prediction_id")


@dataclass(frozen=True)
class Asked:
    """Who was asked about a batch of tasks, and how."""

    project_id: int
    backend_id: int
    #: The version that was meant.
    version: str
    #: JSON: the settings that it answered with.
    settings: str = "{}"
    #: Who wanted to know; None: nobody in person.
    actor_id: int | None = None
    #: What it said before of the same task is replaced, where nobody has begun from it.
    is_anew: bool = False
    #: No other backend has a version of that name: a prediction by it that no attempt knows, since it was
    #: restored, is what this one said.
    is_one_of_a_kind: bool = False


@dataclass(frozen=True)
class Answer:
    """What came of one task."""

    task_id: int
    #: The version that answered, by its own word.
    version: str
    #: JSON list as it is stored; None: it failed, and ``problem`` says why.
    result: str | None
    score: float | None = None
    problem: str = ""
    #: How often a class was left out that is no label.
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """What is written down of it."""
        if self.result is None:
            return "failed"
        return "nothing" if self.result in ("[]", "") else "done"


@dataclass(frozen=True)
class Written:
    """What a batch of answers came to, in tasks."""

    done: int = 0
    nothing: int = 0
    failed: int = 0
    #: Were answered before, or somebody has begun from that.
    present: int = 0
    #: Were deleted meanwhile.
    gone: int = 0


@dataclass(frozen=True)
class Counts:
    """Where the tasks of a project stand with a version."""

    done: int
    nothing: int
    failed: int
    missing: int


def write(tx: Tx, asked: Asked, answers: Sequence[Answer]) -> Written:
    """Keep what a backend answered, each task once: predictions, attempts, counters and one event.

    Raises NotFound("backend-not-found") when the backend was removed meanwhile.
    """
    _hold_backend(tx, asked.backend_id)
    ids = sorted(answer.task_id for answer in answers)
    wanted = {"of_project": asked.project_id, "task_ids": id_list(ids)}
    held = {row["id"] for row in tx.execute(_HOLD_TASKS, wanted).all()}
    plan = _Plan(asked, _known(tx, asked.backend_id, ids), _begun_from(tx, ids) if asked.is_anew else set())
    if asked.is_one_of_a_kind:
        plan.restored = _by_version(tx, asked.version, ids)
    for answer in answers:
        if answer.task_id in held:
            plan.take(answer)
    _write_predictions(tx, asked, plan)
    _write_attempts(tx, asked, plan)
    return plan.written(gone=len(answers) - len(held))


def unanswered(tx: Tx, backend_id: int, version: str, task_ids: Sequence[int]) -> list[int]:
    """Those of the tasks, in their order, that the version has not answered; one that failed has not."""
    known = _known(tx, backend_id, task_ids)
    return [task_id for task_id in task_ids if not _stands(known.get((task_id, version)))]


def is_known(tx: Tx, backend_id: int, version: str, task_id: int) -> bool:
    """Whether the version was ever asked about the task, and what it said is still there."""
    known = _known(tx, backend_id, [task_id]).get((task_id, version))
    return known is not None and (known["state"] == "failed" or _stands(known))


def lacking(backend_id: int, version: str, only: Only) -> ColumnElement[bool]:
    """The condition on ``tasks`` for those that are to be asked about."""
    one = and_(_c.backend_id == backend_id, _c.model_version == version, _c.task_id == _t.id)
    kept = or_(_c.state != "done", _c.prediction_id.is_not(None))
    if only == "missing":
        return ~exists().where(one, kept)
    if only == "failed":
        return exists().where(one, _c.state == "failed")
    if only == "undone":
        return ~exists().where(one, kept, _c.state != "failed")
    return true()


def count(tx: Tx, project_id: int, backend_id: int, version: str) -> Counts:
    """How many tasks the version answered, and how; ``missing``: it was never asked about."""
    kept = or_(_c.state != "done", _c.prediction_id.is_not(None))
    sums = (
        select(_c.state, func.count().label("number"))
        .where(_c.backend_id == backend_id, _c.model_version == version, kept)
        .group_by(_c.state)
    )
    found = {row["state"]: row["number"] for row in tx.rows(sums)}
    total = select(project_counters.c.task_number).where(project_counters.c.project_id == project_id)
    missing = max(0, (tx.execute(total).scalar() or 0) - sum(found.values()))
    return Counts(found.get("done", 0), found.get("nothing", 0), found.get("failed", 0), missing)


def failures(
    tx: Tx, grant: Grant, backend_id: int, version: str, *, limit: int, offset: int
) -> tuple[int, list[Mapping[str, Any]]]:
    """How many of the tasks that the actor may see failed by the version, and a stretch of them.

    Rows with task_id, model_version, problem, tries, at.
    """
    failed = and_(_c.backend_id == backend_id, _c.model_version == version, _c.state == "failed")
    of_theirs = prediction_attempts.join(tasks, _t.id == _c.task_id)
    wanted = and_(failed, handed_to(grant))
    total = tx.execute(select(func.count()).select_from(of_theirs).where(wanted)).scalar_one()
    columns = (_c.task_id, _c.model_version, _c.problem, _c.tries, _c.at)
    page = select(*columns).select_from(of_theirs).where(wanted).order_by(_c.task_id)
    return int(total), tx.rows(page.limit(limit).offset(offset))


class _Plan:
    """What is to be written for a batch, decided answer by answer."""

    def __init__(self, asked: Asked, known: Mapping[tuple[int, str], Any], begun: set[int]) -> None:
        self._asked = asked
        self._known = known
        self._begun = begun
        self._counts = {"done": 0, "nothing": 0, "failed": 0, "present": 0}
        #: Predictions by the version that is asked, by task.
        self.restored: Mapping[int, int] = {}
        self.new: list[Answer] = []
        self.replaced: list[tuple[int, Answer]] = []
        #: With the id of the prediction; None: there is none, -1: the one that is new.
        self.attempts: list[tuple[Answer, str, State, int | None]] = []

    def take(self, answer: Answer) -> None:
        """Decide what becomes of an answer."""
        known = self._known.get((answer.task_id, answer.version))
        if known is not None and not _stands(known):
            known = None
        if known is None and answer.task_id in self.restored:
            self._counts["present"] += 1
            self.attempts.append((answer, answer.version, "done", self.restored[answer.task_id]))
            return
        if known is not None and not self._may_replace(known, answer):
            self._counts["failed" if answer.result is None else "present"] += 1
            self._note_meant(answer, known["state"], known["prediction_id"])
            return
        self._counts[answer.state] += 1
        prediction_id = None if known is None else known["prediction_id"]
        if prediction_id is not None:
            self.replaced.append((prediction_id, answer))
        elif answer.state == "done":
            self.new.append(answer)
            prediction_id = -1
        self.attempts.append((answer, answer.version, answer.state, prediction_id))
        self._note_meant(answer, answer.state, prediction_id)

    def written(self, *, gone: int) -> Written:
        """The sums."""
        return Written(**self._counts, gone=gone)

    def _may_replace(self, known: Any, answer: Answer) -> bool:
        return self._asked.is_anew and answer.result is not None and known["prediction_id"] not in self._begun

    def _note_meant(self, answer: Answer, state: State, prediction_id: int | None) -> None:
        """Where it says another version than was meant, the one that was meant is not asked again either."""
        if answer.version != self._asked.version:
            meant = self._known.get((answer.task_id, self._asked.version))
            if not _stands(meant):
                self.attempts.append((answer, self._asked.version, state, prediction_id))

    def is_known(self, task_id: int, version: str) -> bool:
        """Whether there is a row of the attempt."""
        return (task_id, version) in self._known


def _hold_backend(tx: Tx, backend_id: int) -> None:
    if tx.execute(_HOLD_BACKEND, {"backend_id": backend_id}).first() is None:
        text = f"There is no model backend {backend_id} any more: somebody removed it. Nothing was written."
        raise NotFound("backend-not-found", text)


def _known(tx: Tx, backend_id: int, task_ids: Sequence[int]) -> dict[tuple[int, str], Mapping[str, Any]]:
    rows = tx.execute(_OF_TASKS, {"task_ids": id_list(task_ids), "of_backend": backend_id}).all()
    return {(row["task_id"], row["model_version"]): row for row in rows}


def _by_version(tx: Tx, version: str, task_ids: Sequence[int]) -> dict[int, int]:
    rows = tx.execute(_BY_VERSION, {"task_ids": id_list(task_ids), "version": version}).all()
    return {row["task_id"]: row["id"] for row in rows}


def _begun_from(tx: Tx, task_ids: Sequence[int]) -> set[int]:
    return {row["id"] for row in tx.execute(_BEGUN_FROM, {"task_ids": id_list(task_ids)}).all()}


def _stands(known: Mapping[str, Any] | None) -> bool:
    """Whether the attempt has an answer; a prediction may have been deleted since."""
    if known is None or known["state"] == "failed":
        return False
    return known["state"] == "nothing" or known["prediction_id"] is not None


def _write_predictions(tx: Tx, asked: Asked, plan: _Plan) -> None:
    if plan.replaced:
        changed = [
            {"of_prediction": number, "new_result": answer.result, "new_score": answer.score, "at": tx.now}
            for number, answer in plan.replaced
        ]
        tx.execute(_REPLACE, changed)
    if plan.new:
        at = to_microseconds(tx.now)
        same = {"project_id": asked.project_id, "created_at": at, "updated_at": at}
        ids = tx.reserve_ids(predictions, len(plan.new))
        rows = [
            (number, answer.task_id, answer.result, answer.version, answer.score)
            for number, answer in zip(ids, plan.new, strict=True)
        ]
        tx.insert_rows(predictions, _PREDICTION_COLUMNS, rows, same=same)
        named = {"task_ids": id_list([answer.task_id for answer in plan.new]), "more": 1}
        tx.execute(_ADD_TO_TASKS, named)
        add_to_counters(tx, asked.project_id, predictions=len(plan.new))
        _name_new(plan, ids)
    if plan.new or plan.replaced:
        _record(tx, asked, len(plan.new) + len(plan.replaced))


def _name_new(plan: _Plan, ids: Sequence[int]) -> None:
    number_of = {answer.task_id: number for number, answer in zip(ids, plan.new, strict=True)}
    plan.attempts = [
        (answer, version, state, number_of[answer.task_id] if prediction_id == -1 else prediction_id)
        for answer, version, state, prediction_id in plan.attempts
    ]


def _write_attempts(tx: Tx, asked: Asked, plan: _Plan) -> None:
    fresh, changed = [], []
    for answer, version, state, prediction_id in plan.attempts:
        problem = told_problem(answer.problem)
        if plan.is_known(answer.task_id, version):
            changed.append(
                {
                    "of_backend": asked.backend_id,
                    "of_version": version,
                    "of_task": answer.task_id,
                    "new_state": state,
                    "new_problem": problem,
                    "new_settings": asked.settings,
                    "new_prediction": prediction_id,
                    "now": tx.now,
                }
            )
        else:
            fresh.append((answer.task_id, version, state, problem, asked.settings, prediction_id))
    same = {"backend_id": asked.backend_id, "tries": 1, "at": to_microseconds(tx.now)}
    tx.insert_rows(prediction_attempts, _ATTEMPT_COLUMNS, fresh, same=same)
    if changed:
        tx.execute(_CHANGE, changed)


def told_problem(text: str) -> str:
    """A problem as it is kept: short, and without what PostgreSQL cannot hold."""
    return text.replace("\x00", "")[:MOST_PROBLEM_CHARACTERS]


def _record(tx: Tx, asked: Asked, number: int) -> None:
    events.record(
        tx,
        "predictions.created",
        actor_id=asked.actor_id,
        project_id=asked.project_id,
        subject_id=asked.backend_id,
        payload={"count": number, "backend": asked.backend_id, "model_version": asked.version},
    )
