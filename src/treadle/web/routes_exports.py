"""Exports and snapshots over HTTP: the worker writes, this process streams."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from treadle import jobs
from treadle.access import Grant, ProjectScope
from treadle.connectors import versions
from treadle.db import Tx
from treadle.errors import Invalid, NotFound, Unsupported
from treadle.jobs import Job
from treadle.labeling import exports, projects
from treadle.labeling.config import parse_config
from treadle.labeling.exports import Choice, Detail, ExportOrder, NewSnapshot, SnapshotChoice
from treadle.labeling.formats import EXPORT_FORMATS, find_format
from treadle.permissions import Permission
from treadle.web.bodies import read_whole
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.downloads import stream_object
from treadle.web.job_replies import raise_failure, wants_no_wait
from treadle.web.routes_versions import start_export_as_of
from treadle.web.routing import AnyReply, Reply, Route, empty, json_reply

WAIT_S = 600.0
_MOST_BODY_BYTES = 1024**2
_ID = re.compile(r"[0-9]{1,18}")
_KINDS = ("export", versions.JOB_NAME)
#: What the answer to a conversion tells of what it could not carry.
_LOSSES = ("left_out", "loss_count", "report_url")


class TaskChoice(Struct):
    """Which tasks a snapshot holds."""

    view: Id | None = None
    annotated: Choice | None = None
    finished: Choice | None = None
    skipped: Choice | None = None
    only_with_annotations: bool | None = None


class AnnotationChoice(Struct):
    """Which annotations a snapshot holds."""

    usual: bool | None = True
    ground_truth: bool | None = True
    skipped: bool | None = True


class IdOnly(Struct):
    """Whether something is told by its id alone."""

    only_id: bool | None = None


class Serialization(Struct):
    """How a snapshot tells what belongs to a task."""

    drafts: IdOnly | None = None
    predictions: IdOnly | None = None
    annotations__completed_by: IdOnly | None = None
    interpolate_key_frames: bool | None = None


class SnapshotBody(Struct):
    """What a client sends to make a snapshot."""

    title: str | None = None
    task_filter_options: TaskChoice | None = None
    annotation_filter_options: AnnotationChoice | None = None
    serialization_options: Serialization | None = None


class ConversionBody(Struct):
    """Which format a snapshot shall be converted to."""

    export_type: str


def list_formats(call: Call) -> Reply:
    """The formats, each with whether the project's config fits it."""
    project_id = call.path_int("id")
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        config = parse_config(projects.config_of(tx, project_id))
    told = [_format(known, known.fits(config)) for known in EXPORT_FORMATS]
    return json_reply(sorted(told, key=lambda each: "disabled" in each))


async def export(call: Call) -> AnyReply:
    """The project's labels as a file, or with ``Prefer: respond-async`` the job that writes it."""
    order = _order(call)
    job = await call.in_thread(_start, call, order)
    if wants_no_wait(call):
        return json_reply({"job": job.id}, 202)
    job = await jobs.wait_for(call.parts.database, job.id, WAIT_S)
    if not job.is_final:
        return json_reply({"job": job.id}, 202)
    raise_failure(job)
    return await call.in_thread(_send, call, job)


def download_export(call: Call) -> AnyReply:
    """The file that an export job wrote."""
    return _send(call, _find_export(call))


def report_export(call: Call) -> AnyReply:
    """What the format of an export could not carry: one entry for each loss."""
    found = _result(_find_export(call))
    return _send_report(call, found["object_key"], found["file_name"])


def _find_export(call: Call) -> Job:
    with call.read() as tx:
        job = jobs.get(tx, call.path_params["job"])
        if job.project_id is None or job.kind not in _KINDS:
            raise NotFound("export-not-found", f"There is no export {job.id}.")
        call.allow(tx, ProjectScope(job.project_id))
    raise_failure(job)
    return job


def list_snapshots(call: Call) -> Reply:
    with call.read() as tx:
        grant = _grant(call, tx)
        rows = exports.list_snapshots(tx, grant)
        return json_reply([exports.render_snapshot(tx, row) for row in rows])


async def create_snapshot(call: Call) -> Reply:
    """Make a snapshot of all tasks, and wait for it."""
    export_id, job = await call.in_thread(_start_snapshot, call, await _body(call, SnapshotBody))
    if not wants_no_wait(call):
        job = await jobs.wait_for(call.parts.database, job.id, WAIT_S)
        if job.is_final:
            raise_failure(job)
    return await call.in_thread(_show_snapshot, call, export_id, 201)


def get_snapshot(call: Call) -> Reply:
    return _show_snapshot(call, call.path_int("export_id"), 200)


def delete_snapshot(call: Call) -> Reply:
    with call.write() as tx:
        keys = exports.remove_snapshot(tx, _grant(call, tx), call.path_int("export_id"))
    for key in keys:
        call.parts.objects.delete(key)
    return empty()


async def convert_snapshot(call: Call) -> Reply:
    """Convert a snapshot to another format, and wait for it."""
    body = await _body(call, ConversionBody)
    conversion_id, job = await call.in_thread(_start_conversion, call, body.export_type)
    answer = {"export_type": body.export_type, "converted_format": conversion_id}
    if job is None or wants_no_wait(call):
        return json_reply(answer)
    job = await jobs.wait_for(call.parts.database, job.id, WAIT_S)
    raise_failure(job)
    return json_reply({**answer, **{name: value for name, value in _result(job).items() if name in _LOSSES}})


def download_snapshot(call: Call) -> AnyReply:
    key, name, content_type = _find_download(call)
    return stream_object(call, key, content_type, _named(name))


def report_snapshot(call: Call) -> AnyReply:
    """What a snapshot in a format could not carry: one entry for each loss."""
    key, name, _ = _find_download(call)
    return _send_report(call, key, name)


def _find_download(call: Call) -> tuple[str, str, str]:
    with call.read() as tx:
        return exports.find_download(tx, _grant(call, tx), call.path_int("export_id"), _kind(call))


def _kind(call: Call) -> str:
    return call.query_text("exportType") or call.query_text("export_type") or "JSON"


def _order(call: Call) -> ExportOrder:
    kind = _kind(call)
    if kind.upper() == "VOC" and call.query_flag("download_resources"):
        kind = "VOC_WITH_IMAGES"
    ids = [part for text in call.query_list("ids") for part in text.split(",") if part]
    if not all(_ID.fullmatch(part) for part in ids):
        raise Invalid("query-invalid", "ids must be whole numbers.", fields={"ids": ["Whole numbers only."]})
    return ExportOrder(
        export_type=find_format(kind).name,
        with_all=call.query_flag("download_all_tasks"),
        task_ids=[int(part) for part in ids],
        view_id=call.query_int("view"),
    )


def _start(call: Call, order: ExportOrder) -> Job:
    with call.write() as tx:
        grant = _grant(call, tx)
        if call.query_text("as_of"):
            return start_export_as_of(call, tx, grant, order)
        return exports.start_export(tx, grant, order)


def _send(call: Call, job: Job) -> AnyReply:
    found = _result(job)
    headers = {**_named(found["file_name"]), "Treadle-Job": job.id}
    return stream_object(call, found["object_key"], found["content_type"], headers)


def _send_report(call: Call, key: str, name: str) -> AnyReply:
    headers = _named(f"{name.rpartition('.')[0]}-losses.json")
    try:
        return stream_object(call, exports.report_key(key), "application/json", headers)
    except NotFound:  # No report lies beside a file that holds everything.
        return json_reply([], headers=headers)


def _result(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(job.result or "{}")
    return found


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "filename": name}


def _start_snapshot(call: Call, body: SnapshotBody) -> tuple[int, Job]:
    new = NewSnapshot(body.title or "", _choice(body), _detail(body), _asked(body))
    with call.write() as tx:
        return exports.start_snapshot(tx, _grant(call, tx), new)


def _asked(body: SnapshotBody) -> dict[str, Any]:
    """The options as the client wrote them, without what was left open."""
    found = {name: getattr(body, name) for name in exports.OPTIONS}
    return {name: _written(msgspec.to_builtins(value)) for name, value in found.items() if value is not None}


def _written(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _written(each) for name, each in value.items() if each is not None}


def _choice(body: SnapshotBody) -> SnapshotChoice:
    chosen = body.task_filter_options or TaskChoice()
    kinds = body.annotation_filter_options or AnnotationChoice()
    return SnapshotChoice(
        view_id=chosen.view,
        annotated="only" if chosen.only_with_annotations else chosen.annotated,
        finished=chosen.finished,
        skipped=chosen.skipped,
        with_usual=kinds.usual is not False,
        with_ground_truth=kinds.ground_truth is not False,
        with_skips=kinds.skipped is not False,
    )


def _detail(body: SnapshotBody) -> Detail:
    wanted = body.serialization_options or Serialization()
    if wanted.interpolate_key_frames:
        raise Unsupported(
            "snapshot-serialization",
            "Snapshots tell key frames as they are. Leave interpolate_key_frames out.",
        )
    return Detail(
        predictions_in_full=_in_full(wanted.predictions),
        people_in_full=_in_full(wanted.annotations__completed_by),
        drafts_in_full=_in_full(wanted.drafts),
    )


def _in_full(wanted: IdOnly | None) -> bool:
    """By id unless it is named, and then in full unless it says otherwise: as Label Studio takes it."""
    return wanted is not None and not wanted.only_id


def _start_conversion(call: Call, export_type: str) -> tuple[int, Job | None]:
    _check_format(export_type, "export_type")
    with call.write() as tx:
        return exports.convert_snapshot(tx, _grant(call, tx), call.path_int("export_id"), export_type)


def _check_format(name: str, field: str) -> None:
    try:
        find_format(name)
    except Invalid as error:
        raise Invalid(error.code, error.message, fields={field: [error.message]}) from error


def _show_snapshot(call: Call, export_id: int, status: int) -> Reply:
    with call.read() as tx:
        row = exports.get_snapshot(tx, _grant(call, tx), export_id)
        return json_reply(exports.render_snapshot(tx, row), status)


async def _body(call: Call, kind: type[Any]) -> Any:
    call.body = await read_whole(call.chunks(), _MOST_BODY_BYTES)
    return call.decode(kind)


def _grant(call: Call, tx: Tx) -> Grant:
    return call.allow(tx, ProjectScope(call.path_int("id")))


def _format(known: Any, fits: bool) -> dict[str, Any]:
    told = {"title": known.title, "description": known.description, "link": "", "name": known.name}
    if known.tags:
        told["tags"] = list(known.tags)
    return told if fits else {**told, "disabled": True}


_EXPORT = Permission.EXPORT
_ALL = "/api/projects/{id}/exports/"
_ONE = "/api/projects/{id}/exports/{export_id}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/projects/{id}/export/formats/", list_formats, _EXPORT, "Get export formats"),
    Route("GET", "/api/projects/{id}/export/", export, _EXPORT, "Export tasks and labels", stream=True),
    Route("GET", "/api/exports/files/{job}/", download_export, _EXPORT, "Download a finished export"),
    Route("GET", "/api/exports/files/{job}/report/", report_export, _EXPORT, "What an export left out"),
    Route("GET", _ALL, list_snapshots, _EXPORT, "List all export snapshots"),
    Route(
        "POST",
        _ALL,
        create_snapshot,
        _EXPORT,
        "Create new export snapshot",
        SnapshotBody,
        status=201,
        stream=True,
    ),
    Route("GET", _ONE, get_snapshot, _EXPORT, "Get export snapshot by ID"),
    Route("DELETE", _ONE, delete_snapshot, _EXPORT, "Delete export snapshot", status=204),
    Route(
        "POST",
        "/api/projects/{id}/exports/{export_id}/convert/",
        convert_snapshot,
        _EXPORT,
        "Convert a snapshot",
        ConversionBody,
        stream=True,
    ),
    Route(
        "GET",
        "/api/projects/{id}/exports/{export_id}/download/",
        download_snapshot,
        _EXPORT,
        "Download a snapshot",
    ),
    Route(
        "GET",
        "/api/projects/{id}/exports/{export_id}/report/",
        report_snapshot,
        _EXPORT,
        "What a snapshot left out",
    ),
)
