"""Tasks, one by one, and the queue, over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.errors import Invalid
from treadle.jobs import Job
from treadle.labeling import history, queue, rendering, source_changes, tasks, trash
from treadle.labeling.automatic import asks_models
from treadle.labeling.exports.repo_pictures import SOURCE_FILES
from treadle.labeling.filters import TaskQuery
from treadle.labeling.source_changes import SourceChange
from treadle.labeling.task_list import summarize_work
from treadle.permissions import Permission
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.job_replies import wait_to_end, wants_no_wait
from treadle.web.routes_annotations import allow_task
from treadle.web.routing import Reply, Route, deleted, empty, json_reply

_MOST_PER_PAGE = 10_000


class TaskBody(Struct):
    """What a client sends of a task."""

    data: Raw | UnsetType = UNSET
    meta: Raw | UnsetType = UNSET  # an object, or null
    project: Id | UnsetType = UNSET


def create_task(call: Call) -> Reply:
    body = call.decode(TaskBody)
    wrong = {
        name: ["This field is required."] for name in ("data", "project") if getattr(body, name) is UNSET
    }
    if body.data is UNSET or body.project is UNSET:
        raise Invalid("validation", "Validation error", fields=wrong)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(body.project))
        row = tasks.create(tx, grant, bytes(body.data), meta=_meta(body.meta))
        return json_reply(_task(tx, grant, row), 201)


def get_task(call: Call) -> Reply:
    task_id = call.path_int("id")
    with call.read() as tx:
        grant = allow_task(call, tx, task_id)
        return json_reply(_task(tx, grant, tasks.get(tx, grant, task_id)))


def update_task(call: Call) -> Reply:
    task_id = call.path_int("id")
    body = call.decode(TaskBody)
    changes = {}
    if body.data is not UNSET:
        changes["data"] = bytes(body.data)
    if body.meta is not UNSET:
        changes["meta"] = _meta(body.meta)
    with call.write() as tx:
        grant = allow_task(call, tx, task_id)
        return json_reply(_task(tx, grant, tasks.change(tx, grant, task_id, changes)))


def delete_task(call: Call) -> Reply:
    task_id = call.path_int("id")
    with call.write() as tx:
        deletion_id = tasks.remove(tx, allow_task(call, tx, task_id), task_id)
    return deleted(deletion_id)


def list_project_tasks(call: Call) -> Reply:
    size = call.query_page("page_size", 100, _MOST_PER_PAGE)
    page = call.query_page()
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        rows = tasks.list_of_project(tx, grant, limit=size, offset=(page - 1) * size)
        if not rows and page > 1:
            return json_reply({"detail": "Invalid page."}, 404)
        work = tasks.work_on(tx, grant, [row["id"] for row in rows]).by_task()
        return json_reply(
            [rendering.task_with_work(row, work.get(row["id"], rendering.NO_WORK), tx.now) for row in rows]
        )


async def delete_project_tasks(call: Call) -> Reply:
    """Delete every task, as a job that the client waits for unless it says ``Prefer: respond-async``."""
    job, deletion_id = await call.in_thread(_start_deleting, call)
    if not wants_no_wait(call):
        job = await wait_to_end(call, job)
    if not job.is_final:
        return json_reply({"job": job.id, "deletion": deletion_id}, 202)
    is_any = msgspec.json.decode(job.result or "{}").get("deletion") is not None
    return deleted(deletion_id) if is_any else empty()


def _start_deleting(call: Call) -> tuple[Job, int]:
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        return trash.start_deleting(tx, grant, "tasks", TaskQuery())


def next_task(call: Call) -> Reply:
    """The next task, or with ``?peek=1`` the one after it, to fetch ahead."""
    return hand_out_next(call, call.path_int("id"))


def hand_out_next(call: Call, project_id: int) -> Reply:
    """The task that comes next for the actor, with its lock and the work on it."""
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        told = _hand_out(call, tx, grant)
        is_asked = asks_models(tx, project_id)
    return json_reply(_with_predictions(call, grant, told) if is_asked else told)


def _hand_out(call: Call, tx: Tx, grant: Grant) -> dict[str, Any]:
    lease_s = call.parts.settings.lease_s
    given = queue.next_task(tx, grant, lease_s=lease_s, is_peek=call.query_flag("peek"))
    row = tasks.get(tx, grant, given.task_id)
    return {**_task(tx, grant, row), "unique_lock_id": given.lock_id, "queue": given.queue}


def open_task(call: Call) -> Reply:
    """Take a chosen task in hand, out of turn."""
    task_id = call.path_int("id")
    with call.write() as tx:
        grant = allow_task(call, tx, task_id)
        queue.hold(tx, grant, task_id, lease_s=call.parts.settings.lease_s)
        row = tasks.get(tx, grant, task_id)
        told, is_asked = _task(tx, grant, row), asks_models(tx, row["project_id"])
    return json_reply(_with_predictions(call, grant, told) if is_asked else told)


def _with_predictions(call: Call, grant: Grant, told: dict[str, Any]) -> dict[str, Any]:
    """A task that is opened, with what models say of it, as far as they say it in time."""
    if not call.parts.on_opening.predict(told["project"], told["id"], grant.actor.user_id):
        return told
    with call.parts.database.read() as tx:
        return {**told, **_task(tx, grant, tasks.get(tx, grant, told["id"]))}


def release_task(call: Call) -> Reply:
    task_id = call.path_int("id")
    with call.write() as tx:
        grant = allow_task(call, tx, task_id)
        queue.release(tx, task_id, grant.actor.user_id)
    return empty()


def list_history(call: Call) -> Reply:
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        return json_reply(history.list_own(tx, grant))


def _task(tx: Tx, grant: Grant, row: Any) -> dict[str, Any]:
    work = tasks.work_on(tx, grant, [row["id"]])
    has_work = work.annotations or work.drafts or work.predictions
    change = source_changes.find(tx, row["id"]) if has_work else None
    told = {**rendering.task_with_work(row, work, tx.now), **summarize_work(work)}
    return {**told, "source_change": None if change is None else _change(change)}


def _change(change: SourceChange) -> dict[str, Any]:
    """That the file of a task changed: when, what stands for it in the data, and where it was before."""
    return {
        "at": rendering.instant(change.at),
        "address": f"{SOURCE_FILES}{change.storage_id}/{quote(change.key)}",
        "commit": change.commit_id,
        "versions": [{"at": rendering.instant(at), "commit": commit_id} for at, commit_id in change.versions],
    }


def _meta(meta: Raw | UnsetType) -> bytes:
    if meta is UNSET or bytes(meta) == b"null":
        return b"{}"
    tasks.decode_object(bytes(meta), "meta")
    return bytes(meta)


_READ, _WRITE, _LABEL = Permission.TASK_READ, Permission.TASK_WRITE, Permission.ANNOTATION_WRITE
_ONE = "/api/tasks/{id}/"
_OF_PROJECT = "/api/projects/{id}/tasks/"

ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/tasks/", create_task, _WRITE, "Create task", TaskBody, status=201),
    Route("GET", _ONE, get_task, _READ, "Get task"),
    Route("PATCH", _ONE, update_task, _WRITE, "Update task", TaskBody),
    Route("PUT", _ONE, update_task, _WRITE, "Replace task", TaskBody),
    Route("DELETE", _ONE, delete_task, _WRITE, "Delete task", status=204),
    Route("GET", _OF_PROJECT, list_project_tasks, _READ, "List project tasks"),
    Route("DELETE", _OF_PROJECT, delete_project_tasks, _WRITE, "Delete all tasks", status=204, stream=True),
    Route("GET", "/api/projects/{id}/next/", next_task, _LABEL, "Get the next task to label"),
    Route("POST", "/api/tasks/{id}/open/", open_task, _LABEL, "Take a task in hand"),
    Route("POST", "/api/tasks/{id}/release/", release_task, _LABEL, "Give a task back", status=204),
    Route(
        "GET", "/api/projects/{id}/label-stream-history/", list_history, _LABEL, "What you labelled, in order"
    ),
)
