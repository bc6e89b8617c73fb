"""A second project like the first: its settings and shared views, and on request its tasks and files.

Tasks are copied without the work on them, by a job, and show all at once when the last is there. Files are
copied too, so that either project can be deleted; addresses of them in the tasks' data follow. A copy that
fails or is cancelled leaves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, insert, literal, select, update

from treadle import jobs
from treadle.access import Grant, ProjectScope, allow
from treadle.db import Tx
from treadle.db.schema import file_uploads, imports, project_counters, projects, tasks, views
from treadle.db.types import Instant, to_microseconds
from treadle.errors import NotFound
from treadle.jobs import Job, JobKind, JobRun
from treadle.labeling import field_indexes, uploads
from treadle.labeling import projects as project_verbs
from treadle.labeling.imports import writing
from treadle.labeling.trash import free_project
from treadle.labeling.visibility import visible_tasks
from treadle.permissions import Permission

JOB_NAME = "duplicate"
_BATCH = 200
_PAUSE_S = 0.002
_COPY = " (copy)"
_TITLE_CHARACTERS = 50

_t, _f, _v, _c = tasks.c, file_uploads.c, views.c, project_counters.c
_FILES = select(file_uploads).where(_f.project_id == bindparam("project_id")).order_by(_f.id)
_COPIED_NAMES = select(_f.file_name).where(_f.project_id == bindparam("project_id"))
_theirs, _ours = file_uploads.alias("theirs"), file_uploads.alias("ours")
_PAIRS = (
    select(_theirs.c.id.label("old"), _ours.c.id.label("new"))
    .join_from(_theirs, _ours, _ours.c.file_name == _theirs.c.file_name)
    .where(_theirs.c.id.in_(bindparam("ids", expanding=True)), _ours.c.project_id == bindparam("of_project"))
)
_OVERLAP = (
    select(projects.c.maximum_annotations)
    .where(projects.c.id == bindparam("project_id"))
    .with_for_update(read=True, of=projects)
)
_NEW_PLACES = (
    update(project_counters)
    .where(_c.project_id == bindparam("of_project"))
    .values(last_inner_id=_c.last_inner_id + bindparam("more"))
    .returning(_c.last_inner_id)
)
_NOTE = (
    update(imports)
    .where(imports.c.id == bindparam("of_import"))
    .values(task_count=imports.c.task_count + bindparam("more"))
)
_COPIED_FILE = ("file_name", "size_bytes", "content_type", "width_px", "height_px")
_COPIED_TASK = ("id", "inner_id", "data", "meta", "file_upload_id")


class DuplicateOrder(msgspec.Struct, frozen=True):
    """Copy the tasks of the job's project into another, as an import of it."""

    project_id: int
    import_id: int


def copy_settings(
    tx: Tx, grant: Grant, target: Grant, *, title: str = "", description: str | None = None
) -> Mapping[str, Any]:
    """Make a project in the workspace of ``target`` with the settings and shared views of the grant's.

    title: '' makes one of the first project's. Returns the new project; raises as `projects.create`.
    """
    row = project_verbs.get(tx, _id_of(grant))
    values = {name: row[name] for name in project_verbs.SETTABLE - {"pinned_at"}}
    values |= msgspec.json.decode(row["options"])
    values["title"] = title or row["title"][: _TITLE_CHARACTERS - len(_COPY)] + _COPY
    if description is not None:
        values["description"] = description
    made = project_verbs.create(tx, target, values)
    _copy_views(tx, grant, made["id"])
    return made


def start_copying_tasks(tx: Tx, grant: Grant, project_id: int) -> Job:
    """Order that the tasks and files of the grant's project come into the project ``project_id``; the job."""
    new = {"project_id": project_id, "user_id": grant.actor.user_id, "state": "running", "created_at": tx.now}
    import_id = tx.execute(insert(imports).returning(imports.c.id), new).scalar_one()
    job = jobs.submit(tx, grant, JOB_NAME, DuplicateOrder(project_id, import_id))
    tx.execute(update(imports).where(imports.c.id == import_id).values(job_id=job.id))
    return job


def run_duplicate(run: JobRun) -> dict[str, Any]:
    """Copy the files, then the tasks, and show them."""
    order = run.decode(DuplicateOrder)
    with run.database.read() as tx:
        allow(tx, run.actor, Permission.PROJECT_WRITE, ProjectScope(order.project_id))
    run.step("files", _copy_files, run, order)
    count = run.step("tasks", _copy_tasks, run, order)
    run.step("show", _show, run, order)
    return {"project": order.project_id, "task_count": count}


def undo_duplicate(run: JobRun) -> None:
    """Take the copied tasks and files away, and the project too, unless somebody put tasks into it."""
    order = run.decode(DuplicateOrder)
    if not writing.undo(run.database, order.import_id):
        return
    with run.database.write() as tx:
        count = tx.execute(select(_c.task_number).where(_c.project_id == order.project_id)).scalar()
        if count != 0:
            return
        hidden = update(projects).where(projects.c.id == order.project_id)
        tx.execute(hidden.values(deleted_at=tx.now))
    free_project(run.database, run.objects, order.project_id)


DUPLICATE_JOB = JobKind(JOB_NAME, run_duplicate, Permission.PROJECT_WRITE, undo_duplicate)


def _copy_views(tx: Tx, grant: Grant, project_id: int) -> None:
    names = ("settings", "ordering", "selected_items", "filter_group", "position")
    found = select(
        literal(project_id),
        literal(grant.actor.user_id),
        *(_v[name] for name in names),
        literal(tx.now, Instant()),
    ).where(_v.project_id == _id_of(grant), _v.is_private.is_(False))
    tx.execute(insert(views).from_select(["project_id", "user_id", *names, "created_at"], found))


def _copy_files(run: JobRun, order: DuplicateOrder) -> int:
    with run.database.read() as tx:
        files = tx.rows(_FILES, {"project_id": _source_of(run)})
        done = set(tx.execute(_COPIED_NAMES, {"project_id": order.project_id}).scalars())
    for n, file in enumerate(files):
        if file["file_name"] not in done:
            _copy_file(run, order, file)
        run.check_cancelled()
        run.report(n + 1, len(files), f"Copied {n + 1} of {len(files)} files")
    return len(files)


def _copy_file(run: JobRun, order: DuplicateOrder, file: Mapping[str, Any]) -> None:
    key = uploads.object_key(order.project_id, file["file_name"])
    run.objects.put(key, run.objects.read(file["object_key"]))
    _copy_thumbnail(run, order, file["file_name"])
    values = {name: file[name] for name in _COPIED_FILE}
    with run.database.write() as tx:
        whose = {"project_id": order.project_id, "user_id": run.job.actor_id, "created_at": tx.now}
        tx.execute(insert(file_uploads), {**values, **whose, "object_key": key})


def _copy_thumbnail(run: JobRun, order: DuplicateOrder, file_name: str) -> None:
    try:
        small = run.objects.read(uploads.thumbnail_key(_source_of(run), file_name))
    except NotFound:  # not every file is a picture
        return
    run.objects.put(uploads.thumbnail_key(order.project_id, file_name), small)


def _copy_tasks(run: JobRun, order: DuplicateOrder) -> int:
    project_id = _source_of(run)
    is_shown = (_t.project_id == project_id) & visible_tasks(project_id)
    with run.database.read() as tx:
        total = tx.execute(select(func.count()).where(is_shown)).scalar_one()
    done, last_id = run.place((0, 0))
    while True:
        run.check_cancelled()
        following = select(*(_t[name] for name in _COPIED_TASK)).where(is_shown, _t.id > last_id)
        with run.database.write() as tx:
            rows = tx.rows(following.order_by(_t.id).limit(_BATCH))
            if not rows:
                return done
            _write_batch(tx, order, project_id, rows)
            done, last_id = done + len(rows), rows[-1]["id"]
            run.keep_place(tx, (done, last_id))
        run.report(min(done, total), total, f"Copied {done} of {total} tasks")
        time.sleep(_PAUSE_S)


def _write_batch(tx: Tx, order: DuplicateOrder, source_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    more = len(rows)
    overlap = tx.execute(_OVERLAP, {"project_id": order.project_id}).scalar_one()
    last = tx.execute(_NEW_PLACES, {"of_project": order.project_id, "more": more}).scalar_one()
    files = {row["file_upload_id"] for row in rows} - {None}
    pairs = tx.execute(_PAIRS, {"ids": sorted(files), "of_project": order.project_id}) if files else ()
    new_files = {pair.old: pair.new for pair in pairs}
    old, new = (uploads.url_of(project_id, "") for project_id in (source_id, order.project_id))
    at = to_microseconds(tx.now)
    places = zip(tx.reserve_ids(tasks, more), range(last - more + 1, last + 1), rows, strict=True)
    written = [
        (task_id, place, row["data"].replace(old, new), row["meta"], new_files.get(row["file_upload_id"]))
        for task_id, place, row in places
    ]
    same = {"project_id": order.project_id, "overlap": overlap, "import_id": order.import_id}
    tx.insert_rows(tasks, _COPIED_TASK, written, same={**same, "created_at": at, "updated_at": at})
    field_indexes.keep(tx, order.project_id, [row[0] for row in written])
    tx.execute(_NOTE, {"of_import": order.import_id, "more": more})


def _show(run: JobRun, order: DuplicateOrder) -> None:
    writing.show(run.database, order.import_id)


def _source_of(run: JobRun) -> int:
    assert run.job.project_id is not None
    return run.job.project_id


def _id_of(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id
