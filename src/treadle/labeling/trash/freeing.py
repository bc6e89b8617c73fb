"""What was deleted over 30 days ago goes for good, in small transactions.

Files go before the rows that name them: nobody sees either, and a run that is interrupted finds them again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Delete, Table, bindparam, delete, select

from treadle import events
from treadle.access.audit import write_audit
from treadle.db import Database, Tx
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import (
    annotation_versions,
    deletions,
    export_conversions,
    exports,
    file_uploads,
    projects,
    tasks,
    trash,
)
from treadle.labeling.export_keys import report_key
from treadle.labeling.selections import leave_turn
from treadle.labeling.trash import content
from treadle.labeling.trash.deletions import KEPT
from treadle.labeling.uploads import thumbnail_key
from treadle.objects import ObjectStore

_BATCH = 100

_d, _t = deletions.c, trash.c
_EXPIRED = select(_d.id).where(_d.created_at < bindparam("before"), _d.state.in_(("done", "restored")))
_EXPIRED_PROJECTS = select(projects.c.id).where(projects.c.deleted_at < bindparam("before"))
_IN_TRASH = select(_t.id, _t.content).where(_t.deletion_id == bindparam("owner_id")).limit(_BATCH)
_FORGET = Prepared(delete(trash).where(one_of(_t.id, "ids")))
_FORGET_VERSIONS = Prepared(
    delete(annotation_versions).where(one_of(annotation_versions.c.annotation_id, "ids"))
)
_DELETIONS_OF = select(_d.id).where(_d.project_id == bindparam("owner_id"))
_FILES = (
    select(file_uploads.c.id, file_uploads.c.object_key, file_uploads.c.file_name)
    .where(file_uploads.c.project_id == bindparam("owner_id"))
    .limit(_BATCH)
)
_SNAPSHOTS = (
    select(exports.c.id, exports.c.object_key)
    .where(exports.c.project_id == bindparam("owner_id"))
    .limit(_BATCH)
)
_CONVERTED = select(export_conversions.c.object_key).where(
    one_of(export_conversions.c.export_id, "ids"), export_conversions.c.object_key.is_not(None)
)


def _some_of(table: Table) -> Delete:
    found = select(table.c.id).where(table.c.project_id == bindparam("owner_id")).limit(_BATCH)
    return delete(table).where(table.c.id.in_(found))


_TASKS, _VERSIONS = _some_of(tasks), _some_of(annotation_versions)


def free_deletions(database: Database, *, older_than: timedelta = KEPT) -> int:
    """Free what was deleted longer ago than that; how many deletions there were."""
    with database.read() as tx:
        expired = tx.execute(_EXPIRED, {"before": tx.now - older_than}).scalars().all()
    for deletion_id in expired:
        _free_deletion(database, deletion_id)
    return len(expired)


def free_projects(database: Database, objects: ObjectStore, *, older_than: timedelta = KEPT) -> int:
    """Free the projects that were deleted longer ago than that, with their files; how many there were."""
    with database.read() as tx:
        expired = tx.execute(_EXPIRED_PROJECTS, {"before": tx.now - older_than}).scalars().all()
    for project_id in expired:
        free_project(database, objects, project_id)
    return len(expired)


def free_project(database: Database, objects: ObjectStore, project_id: int) -> None:
    """Free a project that is deleted, with everything in it."""
    _repeat(database, lambda tx: _delete_some(tx, _TASKS, project_id))
    _repeat(database, lambda tx: _delete_some(tx, _VERSIONS, project_id))
    with database.read() as tx:
        deletion_ids = tx.execute(_DELETIONS_OF, {"owner_id": project_id}).scalars().all()
    for deletion_id in deletion_ids:
        _free_deletion(database, deletion_id)
    _free_files(database, objects, project_id)
    with database.write() as tx:
        _end(tx, project_id)


def _free_deletion(database: Database, deletion_id: int) -> None:
    _repeat(database, lambda tx: _free_trash(tx, deletion_id))
    with database.write() as tx:
        tx.execute(delete(deletions).where(_d.id == deletion_id))


def _free_trash(tx: Tx, deletion_id: int) -> int:
    rows = tx.execute(_IN_TRASH, {"owner_id": deletion_id}).all()
    items = [content.decode(row.content) for row in rows]
    gone = [each["id"] for item in items for each in item.annotations]
    tx.execute(_FORGET_VERSIONS, {"ids": id_list(gone)})
    tx.execute(_FORGET, {"ids": id_list([row.id for row in rows])})
    return len(rows)


def _free_files(database: Database, objects: ObjectStore, project_id: int) -> None:
    while files := _read(database, _FILES, project_id):
        for file in files:
            objects.delete(file.object_key)
            objects.delete(thumbnail_key(project_id, file.file_name))
        _forget(database, file_uploads, [file.id for file in files])
    while snapshots := _read(database, _SNAPSHOTS, project_id):
        ids = [snapshot.id for snapshot in snapshots]
        with database.read() as tx:
            converted = tx.execute(_CONVERTED, {"ids": id_list(ids)}).scalars().all()
        for key in (*(each.object_key for each in snapshots), *converted):
            if key is not None:
                objects.delete(key)
                objects.delete(report_key(key))
        _forget(database, exports, ids)


def _end(tx: Tx, project_id: int) -> None:
    row = tx.execute(
        delete(projects)
        .where(projects.c.id == project_id)
        .returning(projects.c.workspace_id, projects.c.title)
    ).first()
    if row is None:
        return  # another worker was quicker
    events.record(tx, "project.freed", actor_id=None, subject_id=project_id)
    subject = f"project:{project_id}"
    detail = {"title": row.title}
    write_audit(
        tx, "project.freed", actor_id=None, subject=subject, workspace_id=row.workspace_id, detail=detail
    )


def _delete_some(tx: Tx, statement: Delete, project_id: int) -> int:
    return tx.execute(statement, {"owner_id": project_id}).rowcount


def _repeat(database: Database, act: Callable[[Tx], int]) -> None:
    """``act`` in one transaction after the other, until it finds nothing."""
    while True:
        began_s = time.monotonic()
        with database.write() as tx:
            count = act(tx)
        if count == 0:
            return
        leave_turn(began_s)


def _read(database: Database, statement: Any, project_id: int) -> Sequence[Any]:
    with database.read() as tx:
        found: Sequence[Any] = tx.execute(statement, {"owner_id": project_id}).all()
        return found


def _forget(database: Database, table: Table, ids: Sequence[int]) -> None:
    with database.write() as tx:
        tx.execute(delete(table).where(table.c.id.in_(ids)))
