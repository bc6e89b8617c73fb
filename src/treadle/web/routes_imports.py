"""Imports over HTTP: JSON or files in, counts out when it is done, or a job to follow."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from treadle import jobs
from treadle.access import Grant, ProjectScope
from treadle.errors import Invalid, Unsupported, telling_a_full_disk
from treadle.ids import new_uuid
from treadle.labeling import uploads
from treadle.labeling.imports import (
    import_inline,
    import_predictions,
    read_import,
    start_import,
    task_ids,
)
from treadle.labeling.imports.predictions import PredictionRow
from treadle.labeling.uploads import StoredFile
from treadle.permissions import Permission
from treadle.web.call import Call
from treadle.web.job_replies import raise_failure, wants_no_wait
from treadle.web.multipart import FormReceiver, Part
from treadle.web.routing import Reply, Route, json_reply

#: How long a client is kept waiting for the worker; then it is told which job to follow.
WAIT_S = 600.0


async def import_tasks(call: Call) -> Reply:
    """Import what the body holds: JSON, or files of a form."""
    with telling_a_full_disk("the upload"):
        return await _import(call)


async def _import(call: Call) -> Reply:
    project_id = call.path_int("id")
    grant = await call.in_thread(_allow, call, project_id)
    kind = call.headers.get("content-type", "")
    with tempfile.TemporaryDirectory(dir=await call.in_thread(_waiting_room, call)) as folder:
        if kind.startswith("multipart/form-data"):
            parts = await _receive_form(call, kind, Path(folder))
            files = await call.in_thread(_keep_files, call, project_id, parts)
            return await _run(call, grant, files, None)
        body = Path(folder) / "body"
        size_bytes = await _receive_body(call, body)
        if kind.startswith("application/x-www-form-urlencoded") or await call.in_thread(_is_url, body):
            raise Unsupported("import-url", "Importing from an address comes later. Upload the file itself.")
        if size_bytes <= call.parts.settings.inline_import_bytes and not wants_no_wait(call):
            return await call.in_thread(_import_inline, call, grant, body)
        key = f"imports/bodies/{new_uuid()}.json"
        await call.in_thread(call.parts.objects.put, key, _chunks_of(body))
    return await _run(call, grant, [], key)


def import_prediction_list(call: Call) -> Reply:
    """Add predictions to tasks that are there: ``[{"task": 1, "result": […], "score": 0.9}]``."""
    rows = call.decode(list[PredictionRow])
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        return json_reply({"created": import_predictions(tx, grant, rows)}, 201)


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


async def _run(call: Call, grant: Grant, files: Sequence[StoredFile], body_key: str | None) -> Reply:
    job, import_id = await call.in_thread(_order, call, grant, files, body_key)
    if not wants_no_wait(call):
        job = await jobs.wait_for(call.parts.database, job.id, WAIT_S)
    if not job.is_final:
        return json_reply({"job": job.id, "import": import_id}, 202)
    raise_failure(job)
    return await call.in_thread(_counts, call, msgspec.json.decode(job.result or "{}"))


def _order(
    call: Call, grant: Grant, files: Sequence[StoredFile], body_key: str | None
) -> tuple[jobs.Job, int]:
    try:
        with call.write() as tx:
            writer = call.allow(tx, ProjectScope(_id(grant)))
            return start_import(tx, writer, files, body_key=body_key, suggested_by=_suggested_by(call))
    except BaseException:
        _forget(call, [file.object_key for file in files] + ([body_key] if body_key else []))
        raise


def _import_inline(call: Call, grant: Grant, body: Path) -> Reply:
    content = body.read_bytes()
    return _counts(call, import_inline(call.parts.database, grant, content, suggested_by=_suggested_by(call)))


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


def _allow(call: Call, project_id: int) -> Grant:
    if not call.query_flag("commit_to_project", True):
        raise Unsupported(
            "import-in-steps", "Files are imported as they are sent; leave commit_to_project out."
        )
    with call.read() as tx:
        return call.allow(tx, ProjectScope(project_id))


def _waiting_room(call: Call) -> Path:
    folder = call.parts.settings.data_dir / "tmp"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


async def _receive_form(call: Call, content_type: str, folder: Path) -> list[Part]:
    receiver = FormReceiver(content_type, folder, call.parts.settings.max_upload_bytes)
    try:
        async for chunk in call.chunks():
            await call.in_thread(receiver.feed, chunk)
        parts = [part for part in receiver.finish() if part.file_name]
    finally:
        receiver.close()
    if not parts:
        raise Invalid("no-file", "The form holds no file.", fields={"file": ["Send at least one file."]})
    return parts


async def _receive_body(call: Call, path: Path) -> int:
    size_bytes, limit_bytes = 0, call.parts.settings.max_upload_bytes
    with path.open("wb") as file:
        async for chunk in call.chunks():
            size_bytes += len(chunk)
            if size_bytes > limit_bytes:
                raise Invalid("body-too-large", f"The body has more than {limit_bytes} bytes.")
            await call.in_thread(file.write, chunk)
    return size_bytes


def _keep_files(call: Call, project_id: int, parts: Sequence[Part]) -> list[StoredFile]:
    objects, kept = call.parts.objects, []
    try:
        for part in parts:
            file = uploads.store(objects, project_id, part.file_name or "file", part.chunks())
            kept.append(file)
    except BaseException:
        _forget(call, [file.object_key for file in kept])
        raise
    return kept


def _chunks_of(path: Path) -> Iterable[bytes]:
    return Part("body", "body", path).chunks()


def _is_url(path: Path) -> bool:
    if path.stat().st_size > _LONGEST_URL_BODY:
        return False
    try:
        value = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError:
        return False
    return isinstance(value, dict) and set(value) == {"url"}


_LONGEST_URL_BODY = 10_000
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
        "/api/projects/{id}/import/predictions/",
        import_prediction_list,
        Permission.PREDICTION_WRITE,
        "Import predictions",
        list[PredictionRow],
        status=201,
    ),
)
