"""One batch of staged tasks as rows: the quick way, since an import may hold a million."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from treadle.db import Tx, schema
from treadle.db.schema import imports, predictions, project_counters, projects, tasks, users
from treadle.db.types import to_microseconds
from treadle.ids import new_uuid
from treadle.labeling import usage
from treadle.labeling.imports.rows import StagedAnnotation, StagedTask
from treadle.labeling.tally import IGNORE_SKIPPED

_Row = tuple[Any, ...]

# Locked, so that nobody changes the project's rules before these rows are there to follow them.
_RULES = (
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
_NEW_PLACES = (
    update(project_counters)
    .where(project_counters.c.project_id == bindparam("of_project"))
    .values(last_inner_id=project_counters.c.last_inner_id + bindparam("more"))
    .returning(project_counters.c.last_inner_id)
)
_NOTE = (
    update(imports)
    .where(imports.c.id == bindparam("of_import"))
    .values(task_count=imports.c.task_count + bindparam("more"))
)
_KNOWN = select(users.c.id).where(users.c.id.in_(bindparam("named", expanding=True)))

_TASK_COLUMNS = (
    "id",
    "project_id",
    "inner_id",
    "data",
    "meta",
    "is_labeled",
    "overlap",
    "total_annotations",
    "cancelled_annotations",
    "ground_truth_annotations",
    "total_predictions",
    "import_id",
    "file_upload_id",
    "created_at",
    "updated_at",
)
_ANNOTATION_COLUMNS = (
    "task_id",
    "project_id",
    "completed_by",
    "result",
    "result_count",
    "was_cancelled",
    "ground_truth",
    "lead_time",
    "unique_id",
    "import_id",
    "bulk_created",
    "created_at",
    "updated_at",
)
_PREDICTION_COLUMNS = (
    "task_id",
    "project_id",
    "result",
    "model_version",
    "score",
    "import_id",
    "created_at",
    "updated_at",
)


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


def write_batch(tx: Tx, import_id: int, batch: Sequence[StagedTask]) -> None:
    """Write the tasks of the batch with all that came with them, and count them in the import's row."""
    rules = _rules(tx, import_id, batch)
    last = tx.execute(_NEW_PLACES, {"of_project": rules.project_id, "more": len(batch)}).scalar_one()
    ids = tx.reserve_ids(tasks, len(batch))
    places = range(last - len(batch) + 1, last + 1)
    rows = [_task(rules, *each) for each in zip(ids, places, batch, strict=True)]
    tx.insert_rows(tasks, _TASK_COLUMNS, rows)
    tx.insert_rows(schema.annotations, _ANNOTATION_COLUMNS, list(_annotations(rules, ids, batch)))
    came = (bytes(item.result) for staged in batch for item in staged.annotations)
    usage.add(tx, rules.project_id, came)
    tx.insert_rows(predictions, _PREDICTION_COLUMNS, list(_predictions(rules, ids, batch)))
    tx.execute(_NOTE, {"of_import": import_id, "more": len(batch)})


def _rules(tx: Tx, import_id: int, batch: Sequence[StagedTask]) -> _Rules:
    row = tx.execute(_RULES, {"import_id": import_id}).mappings().one()
    named = {item.completed_by for staged in batch for item in staged.annotations if item.completed_by}
    known = frozenset(tx.execute(_KNOWN, {"named": list(named)}).scalars()) if named else frozenset()
    return _Rules(import_id, known=known, at=to_microseconds(tx.now), **row)


def _task(rules: _Rules, task_id: int, inner_id: int, staged: StagedTask) -> _Row:
    done = staged.annotations
    completed = [item for item in done if not item.was_cancelled] if done else done
    deciding = done if rules.skip_queue == IGNORE_SKIPPED else completed
    return (
        task_id,
        rules.project_id,
        inner_id,
        bytes(staged.data).decode(),
        bytes(staged.meta).decode(),
        len({rules.person(item) for item in deciding}) >= rules.overlap if deciding else False,
        rules.overlap,
        len(completed),
        len(done) - len(completed),
        sum(item.ground_truth for item in completed),
        len(staged.predictions),
        rules.import_id,
        staged.file_upload_id,
        rules.at,
        rules.at,
    )


def _annotations(rules: _Rules, ids: Sequence[int], batch: Sequence[StagedTask]) -> Iterator[_Row]:
    for task_id, staged in zip(ids, batch, strict=True):
        for item in staged.annotations:
            yield (
                task_id,
                rules.project_id,
                rules.person(item),
                bytes(item.result).decode(),
                item.result_count,
                item.was_cancelled,
                item.ground_truth,
                item.lead_time,
                new_uuid(),
                rules.import_id,
                True,
                rules.at,
                rules.at,
            )


def _predictions(rules: _Rules, ids: Sequence[int], batch: Sequence[StagedTask]) -> Iterator[_Row]:
    for task_id, staged in zip(ids, batch, strict=True):
        for item in staged.predictions:
            yield (
                task_id,
                rules.project_id,
                bytes(item.result).decode(),
                item.model_version,
                item.score,
                rules.import_id,
                rules.at,
                rules.at,
            )
