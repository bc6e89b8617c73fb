"""What was deleted, over HTTP: lists of it, and bringing it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from treadle import jobs
from treadle.access import DeletedProjectScope, ListGrant, ProjectScope, allow
from treadle.db import Tx
from treadle.jobs import Job
from treadle.labeling import projects, rendering, trash
from treadle.labeling.trash import KEPT, MOST_AT_ONCE, Deletion
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.call import Call
from treadle.web.job_replies import wait_to_end, wants_no_wait
from treadle.web.routing import SIGNED_IN, Reply, Route, json_reply

# A deletion that is stopped while it runs restores what it had taken: as long as it had run.
_STOPPING_S = 20.0
_PERMISSIONS = {
    "tasks": Permission.TASK_WRITE,
    "annotations": Permission.ANNOTATION_WRITE,
    "predictions": Permission.PREDICTION_WRITE,
}


def list_deletions(call: Call) -> Reply:
    """The project's newest deletions that can be restored, or were."""
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        rows = trash.list_of_project(tx, grant)
    return json_reply({"results": [_deletion(row) for row in rows]})


async def restore_deletion(call: Call) -> Reply:
    """Bring back what a deletion took: at once where it is little, else by a job.

    One that still runs is stopped, which brings everything back as well.
    """
    restoring = await call.in_thread(_restore, call)
    if restoring.stopped is not None:
        stopped = await jobs.wait_for(call.parts.database, restoring.stopped.id, _STOPPING_S)
        if not stopped.is_final:
            return json_reply({"job": stopped.id}, 202)
        restoring = await call.in_thread(_restore, call)
    job = restoring.job
    if job is not None and not wants_no_wait(call):
        job = await wait_to_end(call, job)
    if job is not None and not job.is_final:
        return json_reply({"job": job.id}, 202)
    return await call.in_thread(_show, call)


def list_deleted_projects(call: Call) -> Reply:
    """Projects that are deleted and that one may restore."""
    with call.read() as tx:
        rows = projects.list_deleted(tx, ListGrant(call.actor, Permission.PROJECT_DELETE))
    return json_reply({"results": [_project(row) for row in rows]})


def restore_project(call: Call) -> Reply:
    with call.write() as tx:
        grant = call.allow(tx, DeletedProjectScope(call.path_int("id")))
        return json_reply(rendering.project(projects.restore(tx, grant)))


@dataclass(frozen=True)
class _Restoring:
    #: The job that restores; None: it is done.
    job: Job | None = None
    #: The job that was deleting, and is asked to stop.
    stopped: Job | None = None


def _restore(call: Call) -> _Restoring:
    with call.write() as tx:
        deletion = _allowed(call, tx)
        grant = allow(tx, call.actor, _PERMISSIONS[deletion.kind], ProjectScope(deletion.project_id))
        deleting = jobs.get(tx, deletion.job_id) if deletion.job_id else None
        if deletion.state == "running" and deleting is not None and not deleting.is_final:
            return _Restoring(stopped=jobs.request_cancel(tx, call.actor, deleting))
        was_restored = deletion.state == "restored"
        deletion = trash.settle_left(tx, deletion, by=call.actor.user_id)
        if deletion.state == "restored" and not was_restored:
            return _Restoring()
        if was_restored and deleting is not None and deleting.cancel_requested:
            return _Restoring()
        if deletion.item_count > MOST_AT_ONCE:
            return _Restoring(trash.start_restoring(tx, grant, deletion.id))
        trash.restore_now(tx, grant, deletion.id)
        return _Restoring()


def _allowed(call: Call, tx: Tx) -> Deletion:
    """The deletion, if it is the actor's own, or the actor may change the project."""
    deletion_id = call.path_int("id")
    with told_as(trash.no_deletion(deletion_id)):
        deletion = trash.get(tx, deletion_id)
        scope = ProjectScope(deletion.project_id)
        call.allow(tx, scope)
        if deletion.user_id != call.actor.user_id:
            allow(tx, call.actor, Permission.PROJECT_WRITE, scope)
        return deletion


def _show(call: Call) -> Reply:
    with call.read() as tx:
        return json_reply({"deletion": _deletion(trash.read(tx, _allowed(call, tx).id))})


def _deletion(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "state": row["state"],
        "item_count": row["item_count"],
        "created_at": rendering.instant(row["created_at"]),
        "restore_until": _kept_until(row["created_at"]),
        "deleted_by": _person(row["user_id"], row),
        "job": row["job_id"],
        "project": row["project_id"],
    }


def _project(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "title": row["title"],
        "workspace": row["workspace_id"],
        "task_number": row["task_number"],
        "deleted_at": rendering.instant(row["deleted_at"]),
        "deleted_by": _person(row["user_id"], row),
        "restore_until": _kept_until(row["deleted_at"]),
    }


def _kept_until(moment: datetime) -> str | None:
    return rendering.instant(moment + KEPT)


def _person(user_id: int | None, row: Mapping[str, Any]) -> dict[str, Any] | None:
    if user_id is None:
        return None
    return {"id": user_id, **{name: row[name] for name in ("email", "first_name", "last_name")}}


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/projects/{id}/deletions/",
        list_deletions,
        Permission.PROJECT_WRITE,
        "List what was deleted in a project",
    ),
    # Who labels may undo what they deleted themselves.
    Route(
        "POST",
        "/api/deletions/{id}/restore/",
        restore_deletion,
        Permission.ANNOTATION_WRITE,
        "Restore what was deleted",
        stream=True,
    ),
    # Those that one may restore; to most people there are none.
    Route("GET", "/api/projects/deleted/", list_deleted_projects, SIGNED_IN, "List deleted projects"),
    Route(
        "POST",
        "/api/projects/{id}/restore/",
        restore_project,
        Permission.PROJECT_DELETE,
        "Restore a deleted project",
    ),
)
