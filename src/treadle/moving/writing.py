"""Tasks of another Label Studio as rows here, a batch with all that belongs to it in one transaction."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select, update

from treadle.db import Tx, schema
from treadle.db.prepared import Prepared
from treadle.db.schema import drafts, handouts, imports, predictions, project_counters, tasks
from treadle.db.types import to_microseconds
from treadle.ids import new_uuid
from treadle.labeling import field_indexes
from treadle.labeling.imports.batch import ANNOTATION_COLUMNS, PREDICTION_COLUMNS, TASK_COLUMNS
from treadle.labeling.tally import IGNORE_SKIPPED, sum_up
from treadle.moving import said
from treadle.moving.ledger import Ledger, new_ids

_TASK_COLUMNS = (*TASK_COLUMNS, "created_at", "updated_at", "updated_by")
_ANNOTATION_COLUMNS = (
    "id",
    *ANNOTATION_COLUMNS,
    "last_action",
    "updated_by",
    "last_created_by",
    "parent_prediction_id",
    "parent_annotation_id",
    "prediction",
    "import_id",
    "bulk_created",
    "draft_created_at",
    "created_at",
    "updated_at",
)
_PREDICTION_COLUMNS = (
    "id",
    *PREDICTION_COLUMNS,
    "cluster",
    "neighbors",
    "mislabeling",
    "created_at",
    "updated_at",
)
_DRAFT_COLUMNS = (
    "id",
    "task_id",
    "annotation_id",
    "user_id",
    "result",
    "lead_time",
    "was_postponed",
    "created_at",
    "updated_at",
)
_HANDOUT_COLUMNS = ("task_id", "user_id", "project_id", "lock_id", "handed_at")
_NOTE = Prepared(
    update(imports)
    .where(imports.c.id == bindparam("of_import"))
    .values(
        task_count=imports.c.task_count + bindparam("tasks"),
        annotation_count=imports.c.annotation_count + bindparam("annotations"),
        prediction_count=imports.c.prediction_count + bindparam("predictions"),
    )
)
_LAST_PLACE = (
    update(project_counters)
    .where(project_counters.c.project_id == bindparam("of_project"))
    .values(
        last_inner_id=func.coalesce(
            select(func.max(tasks.c.inner_id))
            .where(tasks.c.project_id == bindparam("of_project"))
            .scalar_subquery(),
            0,
        )
    )
)
_TAKEN = select(schema.annotations.c.unique_id).where(
    schema.annotations.c.unique_id.in_(bindparam("ids", expanding=True))
)
_NULL = b"null"
#: An address of an upload as JSON has it, which is not the path of another host's address.
_UPLOAD = re.compile(r"(?<![\w\].\\-])(\\?/data\\?/upload\\?/)([0-9]+)(\\?/)")


@dataclass(frozen=True)
class Goal:
    """Where a project's tasks go, and what is known of the place."""

    source: Ledger
    keeps_ids: bool
    project_id: int
    old_project_id: int
    import_id: int
    overlap: int
    skip_queue: str
    #: Old ids to ours, e-mail addresses to ours, names of files to ours.
    people: Mapping[int, int]
    addresses: Mapping[str, int]
    files: Mapping[str, int]


@dataclass
class Counts:
    """What came, and what did not, by the reason."""

    came: dict[str, int] = field(default_factory=dict)
    there: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)

    def add(self, counts: dict[str, int], name: str, count: int) -> None:
        """So many more of ``name``."""
        if count:
            counts[name] = counts.get(name, 0) + count


def write_tasks(tx: Tx, goal: Goal, found: Sequence[said.Task], counts: Counts) -> None:
    """Write those that were not brought before."""
    known = goal.source.find(tx, "task", [task.id for task in found])
    counts.add(counts.there, "tasks", len(known))
    new = [task for task in found if task.id not in known]
    if new:
        _Batch(tx, goal, new, counts).write()


def settle_places(tx: Tx, project_id: int) -> None:
    """New tasks of the project are numbered behind those that came."""
    tx.execute(_LAST_PLACE, {"of_project": project_id})


class _Batch:
    def __init__(self, tx: Tx, goal: Goal, found: Sequence[said.Task], counts: Counts) -> None:
        self._tx = tx
        self._goal = goal
        self._tasks = found
        self._counts = counts
        self._task_ids = self._name("task", tasks, (task.id for task in found))
        self._annotation_ids = self._name(
            "annotation", schema.annotations, (each.id for task in found for each in task.annotations)
        )
        self._prediction_ids = self._name(
            "prediction", predictions, (each.id for task in found for each in task.predictions)
        )
        self._taken = self._find_taken()

    def write(self) -> None:
        tx, goal = self._tx, self._goal
        of_project = {"project_id": goal.project_id}
        rows = [self._task(task) for task in self._tasks]
        of_task = {**of_project, "import_id": goal.import_id, "overlap": goal.overlap}
        tx.insert_rows(tasks, _TASK_COLUMNS, rows, of_task)
        guesses = [self._prediction(task, each) for task in self._tasks for each in task.predictions]
        tx.insert_rows(predictions, _PREDICTION_COLUMNS, guesses, {**of_project, "import_id": goal.import_id})
        done = [self._annotation(task, each) for task in self._tasks for each in task.annotations]
        tx.insert_rows(schema.annotations, _ANNOTATION_COLUMNS, done, of_project)
        sum_up(
            tx, goal.project_id, [dict(zip(_ANNOTATION_COLUMNS, row, strict=True)) for row in done], sign=1
        )
        tx.insert_rows(handouts, _HANDOUT_COLUMNS, self._handouts())
        kept = self._write_drafts()
        field_indexes.keep(tx, goal.project_id, list(self._task_ids.values()))
        written = {"tasks": len(rows), "annotations": len(done), "predictions": len(guesses)}
        tx.execute(_NOTE, {"of_import": goal.import_id, **written})
        for name, count in {**written, "drafts": kept}.items():
            self._counts.add(self._counts.came, name, count)

    def _name(self, kind: str, table: Any, old_ids: Iterable[int]) -> dict[int, int]:
        ids = new_ids(self._tx, table, list(old_ids), keeps=self._goal.keeps_ids)
        self._goal.source.note(self._tx, kind, ids)
        return ids

    def _find_taken(self) -> set[str]:
        """Names of annotations that others have already: those of another import of the same."""
        named = [each.unique_id for task in self._tasks for each in task.annotations if each.unique_id]
        return set(self._tx.execute(_TAKEN, {"ids": named}).scalars()) if named else set()

    def _task(self, task: said.Task) -> tuple[Any, ...]:
        completed = [each for each in task.annotations if not each.was_cancelled]
        deciding = task.annotations if self._goal.skip_queue == IGNORE_SKIPPED else completed
        people = {each.completed_by for each in deciding}
        return (
            self._task_ids[task.id],
            task.inner_id or 0,
            self._moved(task.data),
            _text(task.meta) if bytes(task.meta) != _NULL else "{}",
            bool(deciding) and len(people) >= self._goal.overlap,
            len(completed),
            len(task.annotations) - len(completed),
            sum(each.ground_truth for each in completed),
            len(task.predictions),
            self._goal.files.get(task.file_upload or ""),
            _at(task.created_at),
            _at(task.updated_at),
            self._person(task.updated_by),
        )

    def _annotation(self, task: said.Task, each: said.Annotation) -> tuple[Any, ...]:
        result = _list(each.result)
        unique_id = each.unique_id if each.unique_id and each.unique_id not in self._taken else new_uuid()
        return (
            self._annotation_ids[each.id],
            self._task_ids[task.id],
            self._person(each.completed_by),
            result,
            len(msgspec.json.decode(result, type=list[msgspec.Raw])),
            each.was_cancelled,
            each.ground_truth,
            each.lead_time,
            unique_id,
            each.last_action,
            self._person(each.updated_by),
            self._person(each.last_created_by),
            self._prediction_ids.get(each.parent_prediction or 0),
            self._annotation_ids.get(each.parent_annotation or 0),
            None if bytes(each.prediction) == _NULL else _text(each.prediction),
            each.import_id,
            bool(each.bulk_created),
            _at(each.draft_created_at) if each.draft_created_at else None,
            _at(each.created_at),
            _at(each.updated_at),
        )

    def _prediction(self, task: said.Task, each: said.Prediction) -> tuple[Any, ...]:
        return (
            self._prediction_ids[each.id],
            self._task_ids[task.id],
            _list(each.result),
            each.model_version or "",
            each.score,
            each.cluster,
            None if bytes(each.neighbors) == _NULL else _text(each.neighbors),
            each.mislabeling or 0.0,
            _at(each.created_at),
            _at(each.updated_at),
        )

    def _handouts(self) -> list[tuple[Any, ...]]:
        """What somebody worked on is theirs to see again."""
        first: dict[tuple[int, int], int] = {}
        for task in self._tasks:
            for each in task.annotations:
                person = self._person(each.completed_by)
                if person is not None:
                    place = (self._task_ids[task.id], person)
                    first[place] = min(first.get(place, _at(each.created_at)), _at(each.created_at))
        return [(*place, self._goal.project_id, new_uuid(), at) for place, at in first.items()]

    def _write_drafts(self) -> int:
        found = [(task, each) for task in self._tasks for each in task.drafts]
        known = [(task, each) for task, each in found if each.user.lower() in self._goal.addresses]
        self._counts.add(self._counts.left, "drafts of people who are not there", len(found) - len(known))
        ids = self._name("draft", drafts, [each.id for _task, each in known])
        rows = [
            (
                ids[each.id],
                self._task_ids[task.id],
                self._annotation_ids.get(each.annotation or 0),
                self._goal.addresses[each.user.lower()],
                _list(each.result),
                each.lead_time,
                each.was_postponed,
                _at(each.created_at),
                _at(each.updated_at),
            )
            for task, each in known
        ]
        self._tx.insert_rows(drafts, _DRAFT_COLUMNS, rows)
        return len(rows)

    def _person(self, old_id: int | None) -> int | None:
        return None if old_id is None else self._goal.people.get(old_id)

    def _moved(self, data: msgspec.Raw) -> str:
        """Data of a task, with its files where they are here."""
        old, new = str(self._goal.old_project_id), self._goal.project_id
        return _UPLOAD.sub(
            lambda found: f"{found[1]}{new}{found[3]}" if found[2] == old else found[0], _text(data)
        )


def _list(raw: msgspec.Raw) -> str:
    return "[]" if bytes(raw) == _NULL else _text(raw)


def _text(raw: msgspec.Raw) -> str:
    return bytes(raw).decode()


def _at(moment: datetime) -> int:
    return to_microseconds(moment)
