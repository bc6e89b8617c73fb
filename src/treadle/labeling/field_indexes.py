"""Indexes of data fields: what makes a filter on one quick among a million tasks.

Promises: an index that is ready holds a row for every task of its project, written in the transaction
that writes the task; a filter finds the same with it and without. Of a text it keeps the first
characters (see `data_fields`): a longer one is read from the task itself where the rest of it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, case, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from treadle import jobs
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import field_indexes, projects, task_fields, tasks
from treadle.errors import Conflict, Invalid, NotFound
from treadle.jobs import JobKind, JobRun
from treadle.labeling.data_fields import check_path, read_field
from treadle.permissions import Permission

BUILD, DROP = "index-field", "drop-field-index"
NUMBER, TEXT, NOTHING = 0, 1, 2  # task_fields.kind
MOST = 10  # of a project
_AT_ONCE = 500  # tasks in one transaction, so that saves hardly wait

_i = field_indexes.c
_f = task_fields.c
_t = tasks.c
_OF_PROJECT = select(field_indexes).where(_i.project_id == bindparam("project_id")).order_by(_i.id)
_KEPT = Prepared(
    select(_i.id, _i.path).where(_i.project_id == bindparam("project_id"), _i.state != "removing")
)
_READY = Prepared(select(_i.id, _i.path).where(_i.project_id == bindparam("project_id"), _i.state == "ready"))
_ONE = select(field_indexes).where(_i.id == bindparam("index_id"), _i.project_id == bindparam("project_id"))
# With keep(): whoever writes tasks either comes before the index, or sees it.
_WAIT_FOR_WRITERS = select(projects.c.id).where(projects.c.id == bindparam("project_id")).with_for_update()
_COME_BEFORE = Prepared(
    select(projects.c.id)
    .where(projects.c.id == bindparam("project_id"))
    .with_for_update(read=True, key_share=True)
)
_COLUMNS = ("field_id", "task_id", "kind", "number_value", "text_value")
_NEXT_IDS = (
    select(_t.id)
    .where(_t.project_id == bindparam("project_id"), _t.id > bindparam("after"))
    .order_by(_t.id)
    .limit(_AT_ONCE)
)
_NEXT_ROWS = (
    select(_f.task_id).where(_f.field_id == bindparam("index_id")).order_by(_f.task_id).limit(_AT_ONCE)
)


@dataclass(frozen=True)
class FieldIndex:
    """An index of a project; ``path`` as a column names it, without ``data.``."""

    id: int
    path: str
    state: str  # building | ready | removing
    job_id: str | None


class IndexOrder(msgspec.Struct, frozen=True):
    """Build or remove an index."""

    index_id: int


def list_of_project(tx: Tx, project_id: int) -> list[FieldIndex]:
    """The indexes of a project, oldest first."""
    return [_index(row) for row in tx.rows(_OF_PROJECT, {"project_id": project_id})]


def ready_fields(tx: Tx, project_id: int) -> Mapping[str, int]:
    """The ids of the indexes that are ready, by path."""
    return {row["path"]: row["id"] for row in tx.execute(_READY, {"project_id": project_id}).all()}


def create(tx: Tx, grant: Grant, path: str) -> FieldIndex:
    """Order an index of a field of the grant's project; a job builds it.

    Raises Invalid("column-unknown", "too-many-indexes"), Conflict("field-indexed").
    """
    assert grant.project_id is not None
    check_path(path)
    tx.execute(_WAIT_FOR_WRITERS, {"project_id": grant.project_id})
    there = list_of_project(tx, grant.project_id)
    _check_is_new(grant.project_id, path, there)
    values = {"project_id": grant.project_id, "path": path, "state": "building"}
    values |= {"created_by": grant.actor.user_id, "created_at": tx.now}
    index_id = int(tx.execute(insert(field_indexes).returning(_i.id), values).scalar_one())
    return _start(tx, grant, index_id, BUILD)


def remove(tx: Tx, grant: Grant, index_id: int) -> FieldIndex:
    """Let filters use the index no longer; a job takes it away. Raises NotFound("field-index-not-found")."""
    get(tx, grant, index_id)
    tx.execute(update(field_indexes).where(_i.id == index_id).values(state="removing"))
    return _start(tx, grant, index_id, DROP)


def get(tx: Tx, grant: Grant, index_id: int) -> FieldIndex:
    """An index of the grant's project. Raises NotFound("field-index-not-found")."""
    rows = tx.rows(_ONE, {"index_id": index_id, "project_id": grant.project_id})
    if not rows:
        raise NotFound(
            "field-index-not-found", f"Project {grant.project_id} has no index {index_id} of a field."
        )
    return _index(rows[0])


def keep(tx: Tx, project_id: int, task_ids: Sequence[int]) -> None:
    """Bring the project's indexes up to date with these tasks, which were made, changed or restored.

    In the transaction that wrote them, after it did.
    """
    if tx.dialect == "postgresql":
        tx.execute(_COME_BEFORE, {"project_id": project_id})
    for row in tx.execute(_KEPT, {"project_id": project_id}).all():
        written = _insert_rows(tx, row["id"], row["path"])
        new = written.excluded
        changed = {name: new[name] for name in ("kind", "number_value", "text_value")}
        upsert = written.on_conflict_do_update(index_elements=["field_id", "task_id"], set_=changed)
        tx.execute(upsert, {"task_ids": id_list(task_ids)})


def run_build(run: JobRun) -> dict[str, Any]:
    """Write a row for each task that is there, then call the index ready; how many."""
    count = run.step("fill", _fill, run)
    run.step("end", _set_ready, run)
    return {"count": count}


def run_drop(run: JobRun) -> dict[str, Any]:
    """Delete the rows of an index, and then it; how many."""
    return {"count": run.step("delete", _delete_rows, run)}


def undo_build(run: JobRun) -> None:
    """Delete what a build that failed or was cancelled had written, and the index."""
    _delete_rows(run)


BUILD_JOB = JobKind(BUILD, run_build, Permission.PROJECT_WRITE, undo_build)
DROP_JOB = JobKind(DROP, run_drop, Permission.PROJECT_WRITE)


class _Place(msgspec.Struct, frozen=True):
    after: int = 0  # the id of a task
    count: int = 0


def _fill(run: JobRun) -> int:
    assert run.job.project_id is not None
    one = {"index_id": run.decode(IndexOrder).index_id, "project_id": run.job.project_id}

    def fill(tx: Tx, after: int) -> Sequence[int]:
        index = tx.execute(_ONE, one).first()
        if index is None or index.state != "building":  # removed meanwhile
            return ()
        ids = tx.execute(_NEXT_IDS, {"project_id": run.job.project_id, "after": after}).scalars().all()
        if ids:
            # Whatever stands there already was written with its task, and is newer than what is read here.
            written = _insert_rows(tx, index.id, index.path)
            missing = written.on_conflict_do_nothing(index_elements=["field_id", "task_id"])
            tx.execute(missing, {"task_ids": id_list(ids)})
        return ids

    return _work_through(run, fill)


def _delete_rows(run: JobRun) -> int:
    index_id = run.decode(IndexOrder).index_id
    with run.database.write() as tx:
        tx.execute(update(field_indexes).where(_i.id == index_id).values(state="removing"))
    count = 0
    while found := _delete_some(run, index_id):
        count += found
    with run.database.write() as tx:
        tx.execute(delete(field_indexes).where(_i.id == index_id))
    return count


def _delete_some(run: JobRun, index_id: int) -> int:
    with run.database.write() as tx:
        ids = tx.execute(_NEXT_ROWS, {"index_id": index_id}).scalars().all()
        tx.execute(delete(task_fields).where(_f.field_id == index_id, _f.task_id.in_(ids)))
    return len(ids)


def _work_through(run: JobRun, act: Callable[[Tx, int], Sequence[int]]) -> int:
    place = run.place(_Place())
    with run.database.read() as tx:
        total = tx.execute(select(func.count()).where(_t.project_id == run.job.project_id)).scalar_one()
    while True:
        run.check_cancelled()
        with run.database.write() as tx:
            ids = act(tx, place.after)
            if not ids:
                return place.count
            place = _Place(ids[-1], place.count + len(ids))
            run.keep_place(tx, place)
        run.report(place.count, max(total, place.count), f"Indexed {place.count} tasks")


def _set_ready(run: JobRun) -> None:
    with run.database.write() as tx:
        index_id = run.decode(IndexOrder).index_id
        tx.execute(
            update(field_indexes).where(_i.id == index_id, _i.state == "building").values(state="ready")
        )


def _insert_rows(tx: Tx, index_id: int, path: str) -> Any:
    new = sqlite_insert if tx.dialect == "sqlite" else postgresql_insert
    field = read_field(path, tx.dialect)
    kind: ColumnElement[int] = case(
        (field.number.is_not(None), literal(NUMBER)), (field.text.is_not(None), literal(TEXT)), else_=NOTHING
    )
    rows = select(literal(index_id), _t.id, kind, field.number, field.beginning).where(
        one_of(_t.id, "task_ids")
    )
    return new(task_fields).from_select(_COLUMNS, rows)


def _start(tx: Tx, grant: Grant, index_id: int, kind: str) -> FieldIndex:
    job = jobs.submit(tx, grant, kind, IndexOrder(index_id))
    tx.execute(update(field_indexes).where(_i.id == index_id).values(job_id=job.id))
    return get(tx, grant, index_id)


def _check_is_new(project_id: int, path: str, there: Sequence[FieldIndex]) -> None:
    same = next((index for index in there if index.path == path), None)
    if same is not None:
        raise Conflict("field-indexed", f"Field {path!r} of project {project_id} is {same.state} already.")
    if len(there) >= MOST:
        text = f"A project has at most {MOST} indexes of fields. Remove one that is not needed any more."
        raise Invalid("too-many-indexes", text, fields={"path": [text]})


def _index(row: Mapping[str, Any]) -> FieldIndex:
    return FieldIndex(row["id"], row["path"], row["state"], row["job_id"])
