"""Experiments, runs and metric curves for our screens, and saved views of them.

What is read comes from the tracking process, from our own reads; where nobody has tracked anything yet the
answers are empty and that process is not started.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy import text

from treadle.access import Grant, WorkspaceScope
from treadle.db import Tx
from treadle.errors import Invalid, Unavailable, Unsupported
from treadle.permissions import Permission
from treadle.tracking import run_views
from treadle.tracking.paths import SCHEMA, tracking_file
from treadle.tracking.process import Reply as TrackingReply
from treadle.tracking.reads import questions
from treadle.tracking.visitor import TrackingLevel, Visitor
from treadle.web import bodies
from treadle.web.absent import told_as
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, empty, json_reply, raw_json

_MOST_BODY_BYTES = 1024**2
_MOST_TOLD = 10
_HAS_TABLES = text("SELECT to_regclass(:name) IS NOT NULL")

NO_RUNS: Mapping[str, Any] = {"results": [], "total": 0}
NOTHING: Mapping[str, Any] = {"results": []}


class RunViewBody(Struct):
    """A view to save; ``state`` is the screen's own."""

    workspace: Id
    name: str
    experiment: Annotated[str, Meta(pattern=r"^[0-9]{0,9}$")] = ""
    is_shared: bool = False
    state: dict[str, Any] = {}


class RunViewChange(Struct):
    """What is to be another of a view."""

    name: str | UnsetType = UNSET
    is_shared: bool | UnsetType = UNSET
    state: dict[str, Any] | UnsetType = UNSET


class RefusedRun(Struct):
    """A run that was not changed, and what MLflow says to it."""

    run_id: str
    message: str


class ChangedRuns(Struct):
    """What became of the runs of an action; ``refused`` tells of ten at most.

    unchanged: the runs that were refused, and those that are left since the tracking process does not answer
    any more: so many, and why. Of the first of these it is not known.
    """

    changed: int = 0
    refused: list[RefusedRun] = []
    unchanged: list[str] = []
    left: int = 0
    why: str = ""


async def list_experiments(call: Call) -> Reply:
    """Experiments with how many runs each holds."""
    is_deleted = call.query_flag("deleted")
    question = questions.ExperimentsQuestion(is_deleted, call.query_text("search"))
    return await _answer(call, _workspace(call), "experiments", question, NOTHING)


async def list_runs(call: Call) -> Reply:
    """A page of the runs table."""
    question = await _decode(call, questions.RunsQuestion)
    return await _answer(call, question.workspace, "runs", question, NO_RUNS)


async def group_runs(call: Call) -> Reply:
    """Runs by the value of a param, a tag or an attribute."""
    question = await _decode(call, questions.GroupsQuestion)
    return await _answer(call, question.workspace, "runs/groups", question, NOTHING)


async def list_run_columns(call: Call) -> Reply:
    """The names of metrics, params and tags that runs have."""
    ids = [each for each in call.query_text("experiment_ids").split(",") if each]
    question = bodies.convert(
        {"experiment_ids": ids, "search": call.query_text("search")}, questions.ColumnsQuestion
    )
    nothing: Mapping[str, Any] = {"metrics": [], "params": [], "tags": []}
    return await _answer(call, _workspace(call), "columns", question, nothing)


async def read_curves(call: Call) -> Reply:
    """A metric of several runs, thinned to buckets without losing a peak."""
    question = await _decode(call, questions.CurvesQuestion)
    return await _answer(call, question.workspace, "curves", question, {"curves": []})


async def list_deleted(call: Call) -> Reply:
    """Deleted runs, which may be restored."""
    question = questions.DeletedQuestion(
        is_alone=call.query_flag("is_alone"),
        offset=call.query_int("offset", 0) or 0,
        limit=call.query_page("limit", 100, 1000),
    )
    nothing: Mapping[str, Any] = {"experiments": 0, "runs": 0, "results": []}
    return await _answer(call, _workspace(call), "deleted", question, nothing)


async def change_runs(call: Call) -> Reply:
    """Delete, restore or tag many runs, each as MLflow does it; what stops half way tells how far it came."""
    question = await _decode(call, questions.ActionQuestion)
    if question.action.endswith("-tag") and not question.key:
        raise Invalid("run-action", "Name the tag.", fields={"key": ["Required."]})
    visitor = await call.in_thread(_let_in, call, question.workspace, "edit")
    done = ChangedRuns()
    if visitor is None:
        return json_reply(done)
    for number, run_id in enumerate(question.run_ids):
        reply = await _change_run(call, visitor, question, run_id)
        if reply.status < 300:
            done.changed += 1
            continue
        if reply.status >= 500 and done.changed == 0:
            raise _refused(reply)
        if reply.status >= 500:
            done.unchanged += question.run_ids[number:]
            done.left, done.why = len(question.run_ids) - number, _refused(reply).message
            break
        done.unchanged.append(run_id)
        if len(done.refused) < _MOST_TOLD:
            done.refused.append(RefusedRun(run_id, str(_told(reply).get("message", ""))))
    return json_reply(done)


async def _change_run(
    call: Call, visitor: Visitor, question: questions.ActionQuestion, run_id: str
) -> TrackingReply:
    body = {"run_id": run_id}
    if question.action.endswith("-tag"):
        body["key"] = question.key
    if question.action == "set-tag":
        body["value"] = question.value
    path = f"/api/2.0/mlflow/runs/{question.action}"
    return await call.parts.tracking.ask("POST", path, visitor, msgspec.json.encode(body))


def list_views(call: Call) -> Reply:
    with call.read() as tx:
        grant = call.allow(tx, WorkspaceScope(_workspace(call)))
        return json_reply({"results": run_views.list_views(tx, grant, call.query_text("experiment"))})


def create_view(call: Call) -> Reply:
    body = call.decode(RunViewBody)
    new = run_views.NewView(body.name, body.is_shared, body.state)
    with call.write() as tx:
        grant = call.allow(tx, WorkspaceScope(body.workspace))
        return json_reply(run_views.create_view(tx, grant, body.experiment, new), 201)


def change_view(call: Call) -> Reply:
    body = call.decode(RunViewChange)
    with call.write() as tx:
        grant, row = _allow_view(call, tx)
        new = run_views.NewView(
            row["name"] if body.name is UNSET else body.name,
            bool(row["is_shared"]) if body.is_shared is UNSET else body.is_shared,
            msgspec.json.decode(row["state"]) if body.state is UNSET else body.state,
        )
        return json_reply(run_views.change_view(tx, grant, row, new))


def delete_view(call: Call) -> Reply:
    with call.write() as tx:
        grant, row = _allow_view(call, tx)
        run_views.delete_view(tx, grant, row)
    return empty()


def _allow_view(call: Call, tx: Tx) -> tuple[Grant, dict[str, Any]]:
    view_id = call.path_int("id")
    with told_as(run_views.no_view(view_id)):
        row = run_views.get_view(tx, call.actor, view_id)
        return call.allow(tx, WorkspaceScope(row["workspace_id"])), row


def _workspace(call: Call) -> int:
    workspace_id = call.query_int("workspace")
    if workspace_id is None:
        raise Invalid(
            "query-invalid", "Say which workspace: ?workspace=ID.", fields={"workspace": ["Required."]}
        )
    return workspace_id


async def _decode(call: Call, kind: type[Any]) -> Any:
    body = await bodies.read_whole(call.chunks(), _MOST_BODY_BYTES)
    return bodies.decode(body, kind)


async def _answer(
    call: Call, workspace_id: int, name: str, question: Struct, nothing: Mapping[str, Any]
) -> Reply:
    """What the tracking process answers; ``nothing`` where nobody has tracked anything yet."""
    visitor = await call.in_thread(_let_in, call, workspace_id, "read")
    if visitor is None:
        return json_reply(nothing)
    asked = msgspec.json.encode(question)
    reply = await call.parts.tracking.ask("POST", f"/treadle/{name}", visitor, asked)
    if reply.status == 200:
        return raw_json(reply.body)
    told = _told(reply)
    if told.get("code") == "tracking-empty":
        return json_reply(nothing)
    if reply.status >= 500:
        raise _refused(reply)
    details = told.get("details", {})
    raise Invalid(
        str(told.get("code", "tracking")),
        str(told.get("message", "")),
        details={**details, "details": details},
    )


def _let_in(call: Call, workspace_id: int, level: TrackingLevel) -> Visitor | None:
    """Whoever holds the route's permission there; None: nobody has tracked anything on this server."""
    with call.read() as tx:
        grant = call.allow(tx, WorkspaceScope(workspace_id))
        if not _is_tracked(call, tx):
            return None
    return Visitor(grant.actor.user_id, grant.actor.email, workspace_id, level, ())


def _is_tracked(call: Call, tx: Tx) -> bool:
    if tx.dialect == "sqlite":
        return tracking_file(call.parts.settings).exists()
    return bool(tx.execute(_HAS_TABLES, {"name": f"{SCHEMA}.runs"}).scalar())


def _told(reply: TrackingReply) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(reply.body)
    except msgspec.DecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _refused(reply: TrackingReply) -> Unavailable | Unsupported:
    message = str(_told(reply).get("message") or "The tracking process does not answer. Try again.")
    if reply.status == 501:
        return Unsupported("tracking-not-installed", message)
    return Unavailable("tracking-unavailable", message)


_READ, _WRITE = Permission.TRACKING_READ, Permission.TRACKING_WRITE
_VIEW = "/api/tracking/views/{id}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/tracking/experiments/", list_experiments, _READ, "List experiments", stream=True),
    Route(
        "POST",
        "/api/tracking/runs/",
        list_runs,
        _READ,
        "A page of runs",
        questions.RunsQuestion,
        stream=True,
        only_reads=True,
    ),
    Route(
        "POST",
        "/api/tracking/runs/groups/",
        group_runs,
        _READ,
        "Groups of runs",
        questions.GroupsQuestion,
        stream=True,
        only_reads=True,
    ),
    Route(
        "POST",
        "/api/tracking/runs/actions/",
        change_runs,
        _WRITE,
        "Change many runs",
        questions.ActionQuestion,
        ChangedRuns,
        stream=True,
    ),
    Route("GET", "/api/tracking/columns/", list_run_columns, _READ, "What was logged to runs", stream=True),
    Route(
        "POST",
        "/api/tracking/curves/",
        read_curves,
        _READ,
        "Curves of a metric",
        questions.CurvesQuestion,
        stream=True,
        only_reads=True,
    ),
    Route("GET", "/api/tracking/deleted/", list_deleted, _READ, "List deleted runs", stream=True),
    Route("GET", "/api/tracking/views/", list_views, _READ, "List saved views of runs"),
    Route("POST", "/api/tracking/views/", create_view, _READ, "Save a view of runs", RunViewBody, status=201),
    Route("PATCH", _VIEW, change_view, _READ, "Change a saved view of runs", RunViewChange),
    Route("DELETE", _VIEW, delete_view, _READ, "Delete a saved view of runs", status=204),
)
