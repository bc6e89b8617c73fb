"""Imports over HTTP: JSON or files in, counts out when it is done, or a job to follow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from treadle import jobs
from treadle.access import Grant, ProjectScope
from treadle.db import Tx
from treadle.errors import Conflict, Invalid, NotFound
from treadle.ids import new_uuid
from treadle.labeling import uploads
from treadle.labeling.imports import (
    Plan,
    import_inline,
    import_predictions,
    read_import,
    start_import,
    start_predictions,
    task_ids,
)
from treadle.labeling.imports.materials import LabelsAs
from treadle.labeling.imports.predictions import PredictionRow
from treadle.labeling.imports.reading import is_tabular
from treadle.labeling.uploads import StoredFile
from treadle.permissions import Permission
from treadle.web.bodies import parse_form, read_whole
from treadle.web.body_types import Id, Whole
from treadle.web.call import Call
from treadle.web.job_replies import raise_failure, wants_no_wait
from treadle.web.multipart import Part
from treadle.web.receiving import Received, receive_body, receive_form, waiting_room
from treadle.web.routing import Reply, Route, empty, json_reply

#: How long a client is kept waiting for the worker; then it is told which job to follow.
WAIT_S = 600.0


class _Addresses(msgspec.Struct, forbid_unknown_fields=True):
    url: str | None = None
    urls: list[str] = []


class FileUploadIds(msgspec.Struct):
    """Which files; without any, all of the project's."""

    file_upload_ids: list[Whole] | None = None


class Reimport(msgspec.Struct):
    """Which kept files become tasks."""

    file_upload_ids: list[Id]
    #: The rows of a table are tasks; otherwise the file itself is one.
    files_as_tasks_list: bool = True


async def import_tasks(call: Call) -> Reply:
    """Import what the body holds: JSON, files of a form, or the addresses of files.

    With ``commit_to_project=false`` files are kept and counted, for `reimport`; no task is made.
    """
    grant = await call.in_thread(_allow, call)
    kind = call.headers.get("content-type", "")
    async with waiting_room(call) as folder:
        if kind.startswith("multipart/form-data"):
            parts = await receive_form(call, folder)
            files = await call.in_thread(_keep_files, call, grant, parts)
            return await _run(call, grant, _plan(call), files)
        body = await receive_body(call, folder)
        urls = await call.in_thread(_read_urls, body, kind)
        if urls:
            return await _run(call, grant, _plan(call, urls=urls), [])
        if not call.query_flag("commit_to_project", True):
            raise _files_only()
        if body.size_bytes <= call.parts.settings.inline_import_bytes and not wants_no_wait(call):
            return await call.in_thread(_import_inline, call, grant, body)
        key = await call.in_thread(_keep_body, call, body)
    return await _run(call, grant, _plan(call, body_key=key), [])


async def reimport(call: Call) -> Reply:
    """Make tasks of files that are kept already: ``{"file_upload_ids": [1]}``."""
    grant = await call.in_thread(_allow, call)
    call.body = await read_whole(call.chunks(), MOST_IDS_BYTES)
    wanted = call.decode(Reimport)
    plan = _plan(call, files_as_tasks_list=wanted.files_as_tasks_list)
    return await _run(call, grant, plan, wanted.file_upload_ids)


async def import_prediction_list(call: Call) -> Reply:
    """Add predictions to tasks that are there: ``[{"task": 1, "result": […], "score": 0.9}]``."""
    grant = await call.in_thread(_allow, call)
    async with waiting_room(call) as folder:
        body = await receive_body(call, folder)
        if body.size_bytes <= call.parts.settings.inline_import_bytes and not wants_no_wait(call):
            return await call.in_thread(_predict_inline, call, grant, body)
        key = await call.in_thread(_keep_body, call, body)
    job, import_id = await call.in_thread(_order_predictions, call, grant, key)
    return await _answer(call, job, import_id)


def get_import(call: Call) -> Reply:
    """How far an import is, for clients that were told to ask again."""
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        return json_reply(read_import(tx, grant, call.path_int("import_id")))


def list_uploads(call: Call) -> Reply:
    """The project's uploaded files; those of ``?ids=1&ids=2`` or ``?ids=[1,2]`` where it is given."""
    wanted = {int(number) for text in call.query_list("ids") for number in _NUMBER.findall(text)}
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        rows = uploads.list_of_project(tx, grant)
    return json_reply([_upload(row) for row in rows if not wanted or row["id"] in wanted])


def get_upload(call: Call) -> Reply:
    """One uploaded file."""
    with call.read() as tx:
        row, grant = _find_upload(call, tx)
        return json_reply(_upload(uploads.find(tx, grant, row["file_name"])))


def delete_upload(call: Call) -> Reply:
    """Delete an uploaded file that no task shows, or with ``?force=true`` any."""
    with call.write() as tx:
        row, grant = _find_upload(call, tx)
        used = _used(call, tx, grant, [row])
        if used:
            text = f"A task shows the file {row['id']}. Delete the task first, or add ?force=true."
            raise Conflict("file-in-use", text)
        uploads.remove(tx, [row["id"]])
    _forget_files(call, [row])
    return empty()


def delete_uploads(call: Call) -> Reply:
    """Delete the files of ``{"file_upload_ids": [1]}``, or all; those that a task shows stay.

    With ``?force=true`` they go too, as in Label Studio.
    """
    ids = call.decode(FileUploadIds).file_upload_ids
    wanted = None if ids is None else set(ids)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        found = uploads.list_of_project(tx, grant)
        rows = [row for row in found if wanted is None or row["id"] in wanted]
        used = _used(call, tx, grant, rows)
        gone = [row for row in rows if row["id"] not in used]
        uploads.remove(tx, [row["id"] for row in gone])
    _forget_files(call, gone)
    return json_reply({"deleted": len(gone), "kept": sorted(used)})


def _find_upload(call: Call, tx: Tx) -> tuple[Mapping[str, Any], Grant]:
    row = uploads.get(tx, call.path_int("id"))
    try:
        return row, call.allow(tx, ProjectScope(row["project_id"]))
    except NotFound as error:  # the project is not theirs to see, so neither is the file
        raise uploads.no_file(row["id"]) from error


def _used(call: Call, tx: Tx, grant: Grant, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    # The rows of a table hold all that it said; a picture is shown from its file.
    shown = [row["id"] for row in rows if not is_tabular(row["file_name"])]
    if call.query_flag("force") or not shown:
        return set()
    return uploads.list_used(tx, _id(grant), shown)


def _forget_files(call: Call, rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        _forget(call, [row["object_key"], uploads.thumbnail_key(row["project_id"], row["file_name"])])


async def _run(call: Call, grant: Grant, plan: Plan, files: Sequence[StoredFile] | Sequence[int]) -> Reply:
    job, import_id = await call.in_thread(_order, call, grant, plan, files)
    return await _answer(call, job, import_id)


async def _answer(call: Call, job: jobs.Job, import_id: int) -> Reply:
    if not wants_no_wait(call):
        job = await jobs.wait_for(call.parts.database, job.id, WAIT_S)
    if not job.is_final:
        return json_reply({"job": job.id, "import": import_id}, 202)
    raise_failure(job)
    return await call.in_thread(_counts, call, msgspec.json.decode(job.result or "{}"))


def _order(
    call: Call, grant: Grant, plan: Plan, files: Sequence[StoredFile] | Sequence[int]
) -> tuple[jobs.Job, int]:
    try:
        with call.write() as tx:
            writer = call.allow(tx, ProjectScope(_id(grant)))
            return start_import(tx, writer, files, plan=plan)
    except BaseException:
        _forget(call, [file.object_key for file in files if isinstance(file, StoredFile)])
        _forget(call, [plan.body_key] if plan.body_key else [])
        raise


def _order_predictions(call: Call, grant: Grant, key: str) -> tuple[jobs.Job, int]:
    try:
        with call.write() as tx:
            return start_predictions(tx, call.allow(tx, ProjectScope(_id(grant))), key)
    except BaseException:
        _forget(call, [key])
        raise


def _predict_inline(call: Call, grant: Grant, body: Received) -> Reply:
    created = import_predictions(call.parts.database, grant, body.path.read_bytes())
    return json_reply({"created": created}, 201)


def _import_inline(call: Call, grant: Grant, body: Received) -> Reply:
    content = body.path.read_bytes()
    return _counts(call, import_inline(call.parts.database, grant, content, suggested_by=_suggested_by(call)))


def _plan(call: Call, **changes: Any) -> Plan:
    wanted = call.query_text("as", "annotations")
    labels_as = _LABELS_AS.get(wanted)
    if labels_as is None:
        text = f"as is {wanted[:40]!r}; give annotations or predictions."
        raise Invalid("query-invalid", text, fields={"as": [text]})
    return Plan(
        suggested_by=tuple(_suggested_by(call)),
        labels_as=labels_as,
        commits=call.query_flag("commit_to_project", True),
        **changes,
    )


def _suggested_by(call: Call) -> list[str]:
    """``?preannotated_from_fields=a,b``: the keys of the data whose values are predictions."""
    return [key.strip() for key in call.query_text("preannotated_from_fields").split(",") if key.strip()]


def _forget(call: Call, keys: Sequence[str]) -> None:
    for key in keys:
        call.parts.objects.delete(key)


def _counts(call: Call, found: dict[str, Any]) -> Reply:
    import_id = found.pop("import")
    if call.query_flag("return_task_ids"):
        with call.parts.database.read() as tx:
            found["task_ids"] = task_ids(tx, import_id)
    return json_reply(found, 201)


def _allow(call: Call) -> Grant:
    with call.read() as tx:
        return call.allow(tx, ProjectScope(call.path_int("id")))


def _keep_body(call: Call, body: Received) -> str:
    key = f"imports/bodies/{new_uuid()}.json"
    call.parts.objects.put(key, body.chunks())
    return key


def _keep_files(call: Call, grant: Grant, parts: Sequence[Part]) -> list[StoredFile]:
    parts = [part for part in parts if part.file_name]
    if not parts:
        raise Invalid("no-file", "The form holds no file.", fields={"file": ["Send at least one file."]})
    objects, kept = call.parts.objects, []
    try:
        for part in parts:
            file = uploads.store(objects, _id(grant), part.file_name or "file", part.chunks())
            kept.append(file)
    except BaseException:
        _forget(call, [file.object_key for file in kept])
        raise
    return kept


def _read_urls(body: Received, kind: str) -> tuple[str, ...]:
    """The addresses that the body names, where it is ``{"url"}``, ``{"urls"}`` or a form with ``url``."""
    if body.size_bytes > _LONGEST_URL_BODY:
        return ()
    content = body.path.read_bytes()
    if kind.startswith("application/x-www-form-urlencoded"):
        url = parse_form(content, kind).get("url")
        if not url:
            raise Invalid("no-file", "The form holds no url.", fields={"url": ["This field is required."]})
        return (url,)
    try:
        said = msgspec.json.decode(content, type=_Addresses)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return (*([said.url] if said.url else []), *said.urls)


def _files_only() -> Invalid:
    text = "commit_to_project=false keeps files for later; send files, or leave it out for JSON."
    return Invalid("import-in-steps", text, fields={"commit_to_project": [text]})


_LABELS_AS: dict[str, LabelsAs] = {"annotations": "annotations", "predictions": "predictions"}
_LONGEST_URL_BODY = 1024**2
MOST_IDS_BYTES = 1024**2
_NUMBER = re.compile(r"\d{1,18}")


def _upload(row: Mapping[str, Any]) -> dict[str, Any]:
    name = f"upload/{row['project_id']}/{row['file_name']}"
    return {"id": row["id"], "file": name, "size": row["size_bytes"]}


def _id(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/projects/{id}/imports/{import_id}/",
        get_import,
        Permission.TASK_READ,
        "Get project import status",
    ),
    Route("GET", "/api/projects/{id}/file-uploads/", list_uploads, Permission.TASK_READ, "Get files list"),
    Route(
        "DELETE",
        "/api/projects/{id}/file-uploads/",
        delete_uploads,
        Permission.TASK_WRITE,
        "Delete files",
        FileUploadIds,
    ),
    Route("GET", "/api/import/file-upload/{id}/", get_upload, Permission.TASK_READ, "Get file upload"),
    Route(
        "DELETE",
        "/api/import/file-upload/{id}/",
        delete_upload,
        Permission.TASK_WRITE,
        "Delete file upload",
        status=204,
    ),
    Route(
        "POST",
        "/api/projects/{id}/import/",
        import_tasks,
        Permission.TASK_WRITE,
        "Import tasks",
        status=201,
        stream=True,
    ),
    Route(
        "POST",
        "/api/projects/{id}/tasks/bulk/",
        import_tasks,
        Permission.TASK_WRITE,
        "Import tasks, as older clients do",
        status=201,
        stream=True,
    ),
    Route(
        "POST",
        "/api/projects/{id}/reimport/",
        reimport,
        Permission.TASK_WRITE,
        "Import files that are kept already",
        Reimport,
        status=201,
        stream=True,
    ),
    Route(
        "GET",
        "/api/projects/{id}/reimports/{import_id}/",
        get_import,
        Permission.TASK_READ,
        "Get project reimport status",
    ),
    Route(
        "POST",
        "/api/projects/{id}/import/predictions/",
        import_prediction_list,
        Permission.PREDICTION_WRITE,
        "Import predictions",
        list[PredictionRow],
        status=201,
        stream=True,
    ),
)
