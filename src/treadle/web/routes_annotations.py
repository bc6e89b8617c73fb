"""Annotations and drafts over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import drafts, rendering, saving, tasks
from treadle.labeling.tally import no_task
from treadle.permissions import Permission
from treadle.web.absent import told_as
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, deleted, empty, json_reply
from treadle.web.saves import save_once

_NO_RESULT = Raw(b"[]")


class AnnotationBody(Struct):
    """What a client sends of an annotation; unknown fields are left alone."""

    result: Raw | UnsetType = UNSET
    was_cancelled: bool | UnsetType = UNSET
    ground_truth: bool | UnsetType = UNSET
    lead_time: float | UnsetType | None = UNSET  # seconds
    draft_id: Id | None = None
    parent_prediction: Id | None = None
    parent_annotation: Id | None = None
    unique_id: str | None = None
    last_action: str | UnsetType | None = UNSET


class DraftBody(Struct):
    """What a client sends of a draft."""

    result: Raw | UnsetType = UNSET
    lead_time: float | UnsetType | None = UNSET  # seconds
    was_postponed: bool | UnsetType = UNSET
    annotation: Id | None = None


def list_annotations(call: Call) -> Reply:
    task_id = call.path_int("id")
    with call.read() as tx:
        grant = allow_task(call, tx, task_id)
        rows = annotation_verbs.of_task(tx, grant, task_id)
        return json_reply([rendering.annotation(row, tx.now) for row in rows])


def create_annotation(call: Call) -> Reply:
    task_id = call.path_int("id")
    body = call.decode(AnnotationBody)
    new = annotation_verbs.NewAnnotation(
        result=result_text(body.result),
        was_cancelled=_flag(body.was_cancelled) or call.query_flag("was_cancelled"),
        ground_truth=_flag(body.ground_truth),
        lead_time=None if body.lead_time is UNSET else body.lead_time,
        draft_id=body.draft_id,
        parent_prediction=body.parent_prediction,
        parent_annotation=body.parent_annotation,
        unique_id=body.unique_id,
    )
    with call.write() as tx:
        grant = allow_task(call, tx, task_id)

        def save() -> tuple[Mapping[str, Any], int]:
            return _annotation(tx, annotation_verbs.submit(tx, grant, task_id, new))

        return save_once(call, tx, save, status=201)


def get_annotation(call: Call) -> Reply:
    annotation_id = call.path_int("id")
    with call.read() as tx:
        grant = _allow_annotation(call, tx, annotation_id)
        row = annotation_verbs.get_visible(tx, grant, annotation_id)
        value, version = _annotation(tx, row)
        return json_reply(value, headers={"ETag": saving.etag(version)})


def update_annotation(call: Call) -> Reply:
    annotation_id = call.path_int("id")
    changes = _changes(call.decode(AnnotationBody), annotation_verbs.CHANGEABLE)
    with call.write() as tx:
        grant = _allow_annotation(call, tx, annotation_id)

        def save() -> tuple[Mapping[str, Any], int]:
            stale = call.headers.get("if-match")
            return _annotation(tx, annotation_verbs.change(tx, grant, annotation_id, changes, if_match=stale))

        return save_once(call, tx, save, status=200)


def delete_annotation(call: Call) -> Reply:
    annotation_id = call.path_int("id")
    with call.write() as tx:
        grant = _allow_annotation(call, tx, annotation_id)
        deletion_id = annotation_verbs.remove(tx, grant, annotation_id)
    return deleted(deletion_id)


def list_drafts(call: Call) -> Reply:
    task_id = call.path_int("id")
    with call.read() as tx:
        grant = allow_task(call, tx, task_id)
        return json_reply([rendering.draft(row, tx.now) for row in drafts.of_task(tx, grant, task_id)])


def create_draft(call: Call) -> Reply:
    return _create_draft(call, None)


def list_annotation_drafts(call: Call) -> Reply:
    task_id, annotation_id = call.path_int("id"), call.path_int("annotation_id")
    with call.read() as tx:
        grant = allow_task(call, tx, task_id)
        rows = drafts.of_task(tx, grant, task_id, annotation_id)
        return json_reply([rendering.draft(row, tx.now) for row in rows])


def create_annotation_draft(call: Call) -> Reply:
    return _create_draft(call, call.path_int("annotation_id"))


def get_draft(call: Call) -> Reply:
    draft_id = call.path_int("id")
    with call.read() as tx:
        grant = _allow_draft(call, tx, draft_id)
        value, version = _draft(tx, drafts.get(tx, grant, draft_id))
        return json_reply(value, headers={"ETag": saving.etag(version)})


def update_draft(call: Call) -> Reply:
    draft_id = call.path_int("id")
    changes = _changes(call.decode(DraftBody), drafts.CHANGEABLE)
    lease_s = call.parts.settings.lease_s
    with call.write() as tx:
        grant = _allow_draft(call, tx, draft_id)

        def save() -> tuple[Mapping[str, Any], int]:
            stale = call.headers.get("if-match")
            return _draft(tx, drafts.change(tx, grant, draft_id, changes, lease_s=lease_s, if_match=stale))

        return save_once(call, tx, save, status=200)


def delete_draft(call: Call) -> Reply:
    draft_id = call.path_int("id")
    with call.write() as tx:
        drafts.remove(tx, _allow_draft(call, tx, draft_id), draft_id)
    return empty()


def allow_task(call: Call, tx: Tx, task_id: int) -> Grant:
    """The route's grant in the task's project, where the actor may see the task. Raises NotFound."""
    with told_as(no_task(task_id)):
        grant = call.allow(tx, ProjectScope(tasks.project_of(tx, task_id)))
        tasks.check_handed(tx, grant, task_id)
        return grant


def result_text(result: Raw | UnsetType) -> bytes:
    """The JSON text of a result, ``[]`` when it is left out."""
    return bytes(_NO_RESULT if result is UNSET else result)


def _create_draft(call: Call, annotation_id: int | None) -> Reply:
    task_id = call.path_int("id")
    body = call.decode(DraftBody)
    new = drafts.NewDraft(
        result=result_text(body.result),
        annotation_id=annotation_id if annotation_id is not None else body.annotation,
        lead_time=None if body.lead_time is UNSET else body.lead_time,
        was_postponed=_flag(body.was_postponed),
    )
    lease_s = call.parts.settings.lease_s
    with call.write() as tx:
        grant = allow_task(call, tx, task_id)

        def save() -> tuple[Mapping[str, Any], int]:
            return _draft(tx, drafts.keep(tx, grant, task_id, new, lease_s=lease_s))

        return save_once(call, tx, save, status=201)


def _allow_annotation(call: Call, tx: Tx, annotation_id: int) -> Grant:
    with told_as(annotation_verbs.no_annotation(annotation_id)):
        return call.allow(tx, ProjectScope(annotation_verbs.place_of(tx, annotation_id)["project_id"]))


def _allow_draft(call: Call, tx: Tx, draft_id: int) -> Grant:
    with told_as(drafts.no_draft(draft_id)):
        return call.allow(tx, ProjectScope(drafts.place_of(tx, draft_id)["project_id"]))


def _changes(body: Struct, names: frozenset[str]) -> dict[str, Any]:
    given = {name: getattr(body, name) for name in sorted(names) if getattr(body, name, UNSET) is not UNSET}
    if "result" in given:
        given["result"] = bytes(given["result"])
    return given


def _flag(value: bool | UnsetType) -> bool:
    return value is True


def _annotation(tx: Tx, row: Mapping[str, Any]) -> tuple[dict[str, object], int]:
    return rendering.annotation(row, tx.now), row["version"]


def _draft(tx: Tx, row: Mapping[str, Any]) -> tuple[dict[str, object], int]:
    return rendering.draft(row, tx.now), row["version"]


_READ, _WRITE = Permission.ANNOTATION_READ, Permission.ANNOTATION_WRITE
_OF_TASK = "/api/tasks/{id}/annotations/"
_ONE = "/api/annotations/{id}/"
_DRAFTS = "/api/tasks/{id}/drafts/"
_ANNOTATION_DRAFTS = "/api/tasks/{id}/annotations/{annotation_id}/drafts/"
_DRAFT = "/api/drafts/{id}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _OF_TASK, list_annotations, _READ, "Get all task annotations"),
    Route("POST", _OF_TASK, create_annotation, _WRITE, "Create annotation", AnnotationBody, status=201),
    Route("GET", _ONE, get_annotation, _READ, "Get annotation by its ID"),
    Route("PATCH", _ONE, update_annotation, _WRITE, "Update annotation", AnnotationBody),
    Route("DELETE", _ONE, delete_annotation, _WRITE, "Delete annotation", status=204),
    Route("GET", _DRAFTS, list_drafts, _READ, "List own drafts of a task"),
    Route("POST", _DRAFTS, create_draft, _WRITE, "Create draft", DraftBody, status=201),
    Route("GET", _ANNOTATION_DRAFTS, list_annotation_drafts, _READ, "List own drafts of an annotation"),
    Route(
        "POST", _ANNOTATION_DRAFTS, create_annotation_draft, _WRITE, "Draft a change", DraftBody, status=201
    ),
    Route("GET", _DRAFT, get_draft, _READ, "Get draft"),
    Route("PATCH", _DRAFT, update_draft, _WRITE, "Update draft", DraftBody),
    Route("PUT", _DRAFT, update_draft, _WRITE, "Replace draft", DraftBody),
    Route("DELETE", _DRAFT, delete_draft, _WRITE, "Delete draft", status=204),
)
