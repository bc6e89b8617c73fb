"""One batch of staged tasks as rows: the quick way, since an import may hold a million."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, select, update

from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import imports, predictions, project_counters, projects, tasks, users
from treadle.db.types import to_microseconds
from treadle.ids import new_uuid
from treadle.labeling import field_indexes, usage
from treadle.labeling.imports.blocks import Batch
from treadle.labeling.imports.rows import StagedAnnotation, StagedTask
from treadle.labeling.tally import IGNORE_SKIPPED

_Row = tuple[Any, ...]

# Locked, so that nobody changes the project's rules before these rows are there to follow them.
_RULES = Prepared(
    select(
        projects.c.id.label("project_id"),
        projects.c.maximum_annotations.label("overlap"),
        projects.c.skip_queue,
        imports.c.user_id,
    )
    .join(imports, imports.c.project_id == projects.c.id)
    .where(imports.c.id == bindparam("import_id"))
    .with_for_update(read=True, of=projects)
)
_NEW_PLACES = Prepared(
    update(project_counters)
    .where(project_counters.c.project_id == bindparam("of_project"))
    .values(last_inner_id=project_counters.c.last_inner_id + bindparam("more"))
    .returning(project_counters.c.last_inner_id)
)
_NOTE = Prepared(
    update(imports)
    .where(imports.c.id == bindparam("of_import"))
    .values(
        task_count=imports.c.task_count + bindparam("tasks"),
        annotation_count=imports.c.annotation_count + bindparam("annotations"),
        prediction_count=imports.c.prediction_count + bindparam("predictions"),
    )
)
_KNOWN = select(users.c.id).where(one_of(users.c.id, "named"))

_PLAIN_COLUMNS = ("id", "inner_id", "data")
#: What an import knows of a row, in the order that it is written in.
TASK_COLUMNS = (
    *_PLAIN_COLUMNS,
    "meta",
    "is_labeled",
    "total_annotations",
    "cancelled_annotations",
    "ground_truth_annotations",
    "total_predictions",
    "file_upload_id",
)
ANNOTATION_COLUMNS = (
    "task_id",
    "completed_by",
    "result",
    "result_count",
    "was_cancelled",
    "ground_truth",
    "lead_time",
    "unique_id",
)
PREDICTION_COLUMNS = ("task_id", "result", "model_version", "score")


@dataclass(frozen=True)
class _Rules:
    """What holds for every row of a batch."""

    import_id: int
    project_id: int
    overlap: int
    skip_queue: str
    #: Who imports: whose an annotation is that names nobody we know.
    user_id: int | None
    known: frozenset[int]
    at: int  # microseconds since 1970

    def person(self, item: StagedAnnotation) -> int | None:
        """Whose annotation it is."""
        return item.completed_by if item.completed_by in self.known else self.user_id

    @property
    def of_all(self) -> dict[str, int]:
        """What every row of the import holds."""
        return {
            "project_id": self.project_id,
            "import_id": self.import_id,
            "created_at": self.at,
            "updated_at": self.at,
        }


def write_batch(tx: Tx, import_id: int, batch: Batch) -> None:
    """Write the tasks of the batch with all that came with them, and count them in the import's row."""
    rules = _rules(tx, import_id, batch.tasks or ())
    more = len(batch)
    last: int = tx.execute(_NEW_PLACES, {"of_project": rules.project_id, "more": more}).scalar()
    ids = tx.reserve_ids(tasks, more)
    places = range(last - more + 1, last + 1)
    plain = zip(ids, places, batch.texts, strict=True)
    same = {**rules.of_all, "overlap": rules.overlap}
    done: list[_Row] = []
    guesses: list[_Row] = []
    if batch.tasks is None:
        of_file = {"file_upload_id": batch.file_upload_id}
        tx.insert_rows(tasks, _PLAIN_COLUMNS, list(plain), same={**same, **of_file})
    else:
        rows = [(*each, *_task(rules, task)) for each, task in zip(plain, batch.tasks, strict=True)]
        tx.insert_rows(tasks, TASK_COLUMNS, rows, same=same)
        done = list(_annotations(rules, ids, batch.tasks))
        guesses = list(_predictions(ids, batch.tasks))
        tx.insert_rows(
            schema.annotations, ANNOTATION_COLUMNS, done, same={**rules.of_all, "bulk_created": True}
        )
        came = (bytes(item.result) for staged in batch.tasks for item in staged.annotations)
        usage.add(tx, rules.project_id, came)
        tx.insert_rows(predictions, PREDICTION_COLUMNS, guesses, same=rules.of_all)
    field_indexes.keep(tx, rules.project_id, ids)
    counts = {"tasks": more, "annotations": len(done), "predictions": len(guesses)}
    tx.execute(_NOTE, {"of_import": import_id, **counts})


def _rules(tx: Tx, import_id: int, batch: Sequence[StagedTask]) -> _Rules:
    row = tx.execute(_RULES, {"import_id": import_id}).one()
    named = {item.completed_by for staged in batch for item in staged.annotations if item.completed_by}
    known = frozenset(tx.execute(_KNOWN, {"named": id_list(list(named))}).scalars()) if named else frozenset()
    return _Rules(import_id, known=known, at=to_microseconds(tx.now), **row)


def _task(rules: _Rules, staged: StagedTask) -> _Row:
    done = staged.annotations
    completed = [item for item in done if not item.was_cancelled] if done else done
    deciding = done if rules.skip_queue == IGNORE_SKIPPED else completed
    return (
        _text(staged.meta),
        len({rules.person(item) for item in deciding}) >= rules.overlap if deciding else False,
        len(completed),
        len(done) - len(completed),
        sum(item.ground_truth for item in completed),
        len(staged.predictions),
        staged.file_upload_id,
    )


def _annotations(rules: _Rules, ids: Sequence[int], batch: Sequence[StagedTask]) -> Iterator[_Row]:
    for task_id, staged in zip(ids, batch, strict=True):
        for item in staged.annotations:
            yield (
                task_id,
                rules.person(item),
                _text(item.result),
                item.result_count,
                item.was_cancelled,
                item.ground_truth,
                item.lead_time,
                new_uuid(),
            )


def _predictions(ids: Sequence[int], batch: Sequence[StagedTask]) -> Iterator[_Row]:
    for task_id, staged in zip(ids, batch, strict=True):
        for item in staged.predictions:
            yield (task_id, _text(item.result), item.model_version, item.score)


def _text(raw: msgspec.Raw) -> str:
    return bytes(raw).decode()
