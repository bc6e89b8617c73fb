"""What one does to many tasks at once, each a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select

from treadle import jobs
from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import predictions
from treadle.errors import Invalid, NotFound, TreadleError
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import assignments, selections, trash
from treadle.labeling.annotations import NewAnnotation
from treadle.labeling.filters import TaskQuery
from treadle.labeling.people import list_annotators
from treadle.labeling.predictions import count_versions
from treadle.labeling.selections import Selection
from treadle.permissions import Permission

ACCEPT, ASSIGN = "accept-predictions", "assign"

# A submit is dearer than a moved row: fewer in one transaction.
_ACCEPTED_AT_ONCE = 20
_TOLD_REFUSALS = 100
_p = predictions.c
_NEWEST_IDS = select(func.max(_p.id)).where(one_of(_p.task_id, "task_ids")).group_by(_p.task_id)
_OF_VERSION = _NEWEST_IDS.where(_p.model_version == bindparam("model_version"))
_CHOSEN = select(_p.id, _p.task_id, _p.result).order_by(_p.task_id)
_a = schema.annotations.c
_ACCEPTED_SINCE = Prepared(
    select(_a.parent_prediction_id.label("id")).where(
        one_of(_a.task_id, "task_ids"),
        _a.parent_prediction_id.is_not(None),
        _a.created_at >= bindparam("since"),
    )
)
_NEWEST, _NEWEST_OF_VERSION = (Prepared(_CHOSEN.where(_p.id.in_(ids))) for ids in (_NEWEST_IDS, _OF_VERSION))


class AcceptOrder(msgspec.Struct, frozen=True):
    """Make the newest prediction of each selected task an annotation."""

    selection: Selection
    #: None: of whichever.
    model_version: str | None = None
    #: Of an order that is given again: when it was given first. What was accepted since is done.
    since: datetime | None = None


class AssignOrder(msgspec.Struct, frozen=True):
    """Assign each selected task to each of these people, or take that back."""

    selection: Selection
    users: list[int]
    is_back: bool = False


@dataclass(frozen=True)
class Wish:
    """What somebody wants to be done: to which tasks, and what the action's form asks for."""

    query: TaskQuery
    users: Sequence[int] = ()
    #: Predictions of this version alone.
    model_version: str | None = None
    #: Annotations of this person alone.
    annotator: int | None = None


@dataclass(frozen=True)
class Started:
    """An action on its way: its job, and the deletion by which it can be undone."""

    job: Job
    deletion: int | None = None


@dataclass(frozen=True)
class Action:
    """One action of the data manager."""

    id: str
    title: str
    order: int
    #: What Label Studio calls the permissions that its page asks for; ours are asked for by the route.
    permission: str | tuple[str, ...]
    text: str
    start: Callable[[Tx, Grant, Wish], Started]
    #: What is said when it is done, of how many.
    done: str
    #: What is asked for before: Label Studio's description of a form.
    form: Callable[[Tx, Grant], list[dict[str, Any]]] = lambda _tx, _grant: []


def start_deleting(kind: trash.Kind, tx: Tx, grant: Grant, wish: Wish) -> Started:
    """Order the deletion of the wish's tasks, or of the annotations or predictions on them."""
    done_by = wish.annotator if kind == "annotations" else None
    return Started(*trash.start_deleting(tx, grant, kind, wish.query, done_by=done_by))


def start_accepting(tx: Tx, grant: Grant, wish: Wish) -> Started:
    """Order that the newest prediction of each of the wish's tasks becomes an annotation by the actor."""
    order = AcceptOrder(selections.select_now(tx, grant, wish.query), wish.model_version)
    return Started(jobs.submit(tx, grant, ACCEPT, order))


def accept_again(tx: Tx, grant: Grant, job: Job) -> Job:
    """Order what an ended job did not accept; the job."""
    order = msgspec.json.decode(job.payload, type=AcceptOrder)
    since = order.since or job.created_at
    return jobs.submit(tx, grant, ACCEPT, msgspec.structs.replace(order, since=since))


def start_assigning(tx: Tx, grant: Grant, wish: Wish) -> Started:
    """Order that the wish's tasks are assigned to its people.

    Raises Invalid("users-missing"), Invalid("assignee-unknown") naming those who may not label here.
    """
    assignments.assign(tx, grant, [], _people(wish))
    selection = selections.select_now(tx, grant, wish.query)
    return Started(jobs.submit(tx, grant, ASSIGN, AssignOrder(selection, _people(wish))))


def start_unassigning(tx: Tx, grant: Grant, wish: Wish) -> Started:
    """Order that the assignments of the wish's tasks to its people are taken back.

    Raises Invalid("users-missing").
    """
    selection = selections.select_now(tx, grant, wish.query)
    return Started(jobs.submit(tx, grant, ASSIGN, AssignOrder(selection, _people(wish), is_back=True)))


def _people(wish: Wish) -> list[int]:
    if not wish.users:
        text = "Say whom: users with the ids of people."
        raise Invalid("users-missing", text, fields={"users": ["This field is required."]})
    return list(wish.users)


def ask_for_version(tx: Tx, grant: Grant) -> list[dict[str, Any]]:
    """The form in which one chooses a version of a model, that of the newest predictions first."""
    assert grant.project_id is not None
    return _select("model_version", "Choose predictions", list(count_versions(tx, grant.project_id)))


def ask_for_annotator(tx: Tx, grant: Grant) -> list[dict[str, Any]]:
    """The form in which one chooses whose annotations."""
    people = [{"value": row["user_id"], "label": row["email"]} for row in list_annotators(tx, grant)]
    return _select("annotator", "Select annotator", [{"value": "", "label": "All annotators"}, *people])


def _select(name: str, label: str, options: Sequence[Any]) -> list[dict[str, Any]]:
    field = {"type": "select", "name": name, "label": label, "options": options}
    return [{"columnCount": 1, "fields": [field]}]


def run_accept(run: JobRun) -> dict[str, Any]:
    """Choose the tasks, and submit an annotation for each newest prediction; how many."""
    order = run.decode(AcceptOrder)
    total = run.step("choose", selections.choose, run, order.selection)
    count = run.step("accept", _accept, run, order, total)
    selections.forget(run)
    return {"count": count}


def undo_accept(run: JobRun) -> None:
    """Annotations that were made already stay; they are whole, and can be deleted."""
    selections.forget(run)


def run_assign(run: JobRun) -> dict[str, Any]:
    """Choose the tasks, and assign them or take that back; how many assignments."""
    order = run.decode(AssignOrder)
    total = run.step("choose", selections.choose, run, order.selection)
    count = run.step("assign", _assign, run, order, total)
    selections.forget(run)
    return {"count": count}


def undo_assign(run: JobRun) -> None:
    """Assignments that were made already stay; they can be taken back."""
    selections.forget(run)


ASSIGN_JOB = JobKind(ASSIGN, run_assign, Permission.TASK_WRITE, undo_assign)
ACCEPT_JOB = JobKind(ACCEPT, run_accept, Permission.TASK_WRITE, undo_accept)


def _assign(run: JobRun, order: AssignOrder, total: int) -> int:
    change = assignments.unassign if order.is_back else assignments.assign

    def assign(tx: Tx, task_ids: Sequence[int]) -> int:
        return change(tx, run.grant, task_ids, order.users)

    return selections.work_through(run, total, assign, verb="Took back" if order.is_back else "Assigned")


@dataclass
class _Refusals:
    """What was refused: the first error, the first messages, and how many there were."""

    first: TreadleError | None = None
    messages: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, error: TreadleError) -> None:
        self.count += 1
        if self.first is None:
            self.first = error
        if self.count <= _TOLD_REFUSALS:
            self.messages.append(error.message)


def _accept(run: JobRun, order: AcceptOrder, total: int) -> int:
    refusals = _Refusals()

    def accept(tx: Tx, task_ids: Sequence[int]) -> int:
        chosen = _choose_predictions(tx, order, task_ids)
        return sum(_submit(tx, run.grant, row, refusals) for row in chosen)

    count = selections.work_through(run, total, accept, verb="Created", batch=_ACCEPTED_AT_ONCE)
    if refusals.first is not None and not count:
        raise refusals.first
    for message in refusals.messages:
        run.log(message)
    if refusals.count > _TOLD_REFUSALS:
        run.log(f"{refusals.count - _TOLD_REFUSALS} more predictions were refused")
    return count


def _choose_predictions(tx: Tx, order: AcceptOrder, task_ids: Sequence[int]) -> Sequence[Mapping[str, Any]]:
    wanted = {"task_ids": id_list(task_ids)}
    if order.model_version is None:
        newest = tx.execute(_NEWEST, wanted).all()
    else:
        newest = tx.execute(_NEWEST_OF_VERSION, {**wanted, "model_version": order.model_version}).all()
    if order.since is None:
        return newest
    accepted = tx.execute(_ACCEPTED_SINCE, {**wanted, "since": order.since}).all()
    done = {row["id"] for row in accepted}
    return [row for row in newest if row["id"] not in done]


def _submit(tx: Tx, grant: Grant, prediction: Mapping[str, Any], refusals: _Refusals) -> bool:
    new = NewAnnotation(prediction["result"].encode(), parent_prediction=prediction["id"])
    try:
        annotation_verbs.submit(tx, grant, prediction["task_id"], new)
    except (Invalid, NotFound) as error:  # it fits the config no more, or was deleted this moment
        refusals.add(error)
        return False
    return True


ACTIONS: tuple[Action, ...] = (
    Action(
        "assign_annotators",
        "Assign annotators",
        80,
        "tasks.change",
        "The chosen people are given the selected tasks before others.",
        start_assigning,
        "Made {} assignments",
    ),
    Action(
        "unassign_annotators",
        "Take assignments back",
        81,
        "tasks.change",
        "The selected tasks are no longer assigned to the chosen people. Their work stays.",
        start_unassigning,
        "Took {} assignments back",
    ),
    Action(
        "predictions_to_annotations",
        "Create annotations from predictions",
        91,
        "tasks.change",
        "The newest prediction of each selected task becomes an annotation of yours.",
        start_accepting,
        "Created {} annotations",
        ask_for_version,
    ),
    Action(
        "delete_tasks",
        "Delete tasks",
        100,
        "tasks.delete",
        "The selected tasks and all annotations, drafts and predictions on them are deleted.",
        partial(start_deleting, "tasks"),
        "Deleted {} tasks",
    ),
    Action(
        "delete_tasks_annotations",
        "Delete annotations",
        101,
        ("tasks.change", "annotations.delete"),
        "Everybody's annotations and drafts of the selected tasks are deleted.",
        partial(start_deleting, "annotations"),
        "Deleted {} annotations",
        ask_for_annotator,
    ),
    Action(
        "delete_tasks_predictions",
        "Delete predictions",
        102,
        "predictions.any",
        "All predictions of the selected tasks are deleted.",
        partial(start_deleting, "predictions"),
        "Deleted {} predictions",
    ),
)
