"""Projects over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from treadle.access import Grant, ProjectScope, WorkspaceScope
from treadle.db import Tx
from treadle.errors import Forbidden, Invalid
from treadle.labeling import projects, rendering
from treadle.labeling.config import parse_config, sample_task
from treadle.labeling.people import list_annotators
from treadle.labeling.templates import list_templates
from treadle.permissions import ROLE_PERMISSIONS, Permission
from treadle.web.body_types import Id, Number
from treadle.web.call import Call
from treadle.web.routing import SIGNED_IN, Reply, Route, empty, json_reply

_MOST_PER_PAGE = 1000


class ProjectBody(Struct):
    """What a client sends of a project; unknown fields are left alone."""

    title: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    label_config: str | UnsetType | None = UNSET
    expert_instruction: str | UnsetType | None = UNSET
    show_instruction: bool | UnsetType = UNSET
    show_skip_button: bool | UnsetType = UNSET
    enable_empty_annotation: bool | UnsetType = UNSET
    show_collab_predictions: bool | UnsetType = UNSET
    color: str | UnsetType | None = UNSET
    maximum_annotations: Number | UnsetType = UNSET
    sampling: str | UnsetType = UNSET
    skip_queue: str | UnsetType = UNSET
    model_version: str | UnsetType | None = UNSET
    workspace: Id | UnsetType | None = UNSET
    # What we only keep and give back.
    show_annotation_history: bool | UnsetType = UNSET
    is_published: bool | UnsetType = UNSET
    is_draft: bool | UnsetType = UNSET
    min_annotations_to_start_training: Number | UnsetType = UNSET
    start_training_on_annotation_update: bool | UnsetType = UNSET
    show_ground_truth_first: bool | UnsetType = UNSET
    annotator_evaluation_enabled: bool | UnsetType = UNSET
    show_overlap_first: bool | UnsetType = UNSET
    overlap_cohort_percentage: Number | UnsetType = UNSET
    task_data_login: str | UnsetType | None = UNSET
    task_data_password: str | UnsetType | None = UNSET
    evaluate_predictions_automatically: bool | UnsetType = UNSET
    reveal_preannotations_interactively: bool | UnsetType = UNSET


class ConfigBody(Struct):
    """A label config to look at."""

    label_config: str


def list_projects(call: Call) -> Reply:
    return _list(call, rendering.project)


def list_counts(call: Call) -> Reply:
    return _list(call, rendering.project_counts)


def create_project(call: Call) -> Reply:
    values = _values(call)
    workspace_id = values.pop("workspace", None)
    with call.write() as tx:
        grant = call.allow(tx, WorkspaceScope(workspace_id)) if workspace_id else _own_workspace(call, tx)
        return json_reply(rendering.project(projects.create(tx, grant, values), with_password=True), 201)


def get_project(call: Call) -> Reply:
    project_id = call.path_int("id")
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        return json_reply(rendering.project(projects.get(tx, project_id), with_password=_may_change(grant)))


def get_manager_project(call: Call) -> Reply:
    project_id = call.query_int("project")
    if project_id is None:
        raise Invalid("query-invalid", "Say which project: ?project=ID.", fields={"project": ["Required."]})
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        row = projects.get(tx, project_id)
        return json_reply({**rendering.project(row), **_manager_state(grant, row)})


def update_project(call: Call) -> Reply:
    values = _values(call)
    values.pop("workspace", None)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(call.path_int("id")))
        return json_reply(rendering.project(projects.change(tx, grant, values), with_password=True))


def delete_project(call: Call) -> Reply:
    with call.write() as tx:
        projects.remove(tx, call.allow(tx, ProjectScope(call.path_int("id"))))
    return empty()


def validate_config(call: Call) -> Reply:
    """Whether a config can be used at all; the answer of a wrong one names lines."""
    body = call.decode(ConfigBody)
    with call.read():
        refusal = _refusal(body.label_config)
    return refusal or empty(204)


def validate_project_config(call: Call) -> Reply:
    """Whether a config fits what was labelled in the project already."""
    project_id = call.path_int("id")
    body = call.decode(ConfigBody)
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        refusal = _refusal(body.label_config)
        if refusal is not None:
            return refusal
        try:
            projects.check_labels_in_use(tx, project_id, body.label_config)
        except Invalid as error:
            return json_reply({"label_config": error.fields["label_config"], **error.details}, 400)
    return json_reply({"config_essential_data_has_changed": None})


def get_summary(call: Call) -> Reply:
    project_id = call.path_int("id")
    with call.read() as tx:
        summary = projects.summarize(tx, call.allow(tx, ProjectScope(project_id)))
        return json_reply({**summary, "created_at": rendering.instant(summary["created_at"])})


def get_annotators(call: Call) -> Reply:
    project_id = call.path_int("id")
    with call.read() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        return json_reply([rendering.person(row) for row in list_annotators(tx, grant)])


def get_sample_task(call: Call) -> Reply:
    project_id = call.path_int("id")
    with call.read() as tx:
        call.allow(tx, ProjectScope(project_id))
        given = call.fields().get("label_config") if call.method == "POST" else None
        config = given or projects.config_of(tx, project_id)
        return json_reply({"sample_task": sample_task(parse_config(str(config)))})


def get_templates(call: Call) -> Reply:
    with call.read():
        return json_reply(list_templates())


def _list(call: Call, render: Any) -> Reply:
    page = projects.Page(call.query_page(), call.query_page("page_size", 30, _MOST_PER_PAGE))
    workspace = call.query_int("workspace")
    with call.read() as tx:
        total, rows = projects.list_projects(
            tx,
            call.allow_list(),
            page,
            workspace_id=workspace,
            search=call.query_text("search") or call.query_text("title"),
        )
    if not rows and page.number > 1:
        return json_reply({"detail": "Invalid page."}, 404)
    return json_reply(
        {
            "count": total,
            "next": call.page_url(page.number + 1) if page.number * page.size < total else None,
            "previous": call.page_url(page.number - 1) if page.number > 1 else None,
            "results": [render(row) for row in rows],
        }
    )


def _may_change(grant: Grant) -> bool:
    return grant.role is None or Permission.PROJECT_WRITE in ROLE_PERMISSIONS[grant.role]


def _manager_state(grant: Grant, row: Mapping[str, Any]) -> dict[str, Any]:
    """What the data manager asks beside the project: what its buttons may offer, and how much there is."""
    held = frozenset(Permission) if grant.role is None else ROLE_PERMISSIONS[grant.role]
    may_edit = Permission.TASK_WRITE in held
    return {
        "can_delete_tasks": may_edit,
        "can_manage_annotations": may_edit,
        "can_manage_tasks": may_edit,
        "source_syncing": False,
        "target_syncing": False,
        "task_count": row["task_number"],
        "annotation_count": row["total_annotations"] + row["skipped_annotations"],
    }


def _own_workspace(call: Call, tx: Tx) -> Grant:
    """The first of the actor's workspaces where they may make projects: clients of Label Studio name none."""
    grants = call.allow_anywhere(tx)
    if not grants:
        raise Forbidden(
            "not-allowed",
            "You may not make projects in any workspace. Ask a manager for the role of an editor.",
        )
    return grants[min(grants)]


def _values(call: Call) -> dict[str, Any]:
    body = call.decode(ProjectBody)
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    for name in ("description", "label_config", "expert_instruction", "color", "model_version"):
        if given.get(name, "") is None:
            given.pop(name)
    return given


def _refusal(label_config: str) -> Reply | None:
    try:
        parse_config(label_config)
    except Invalid as error:
        texts = error.fields.get("label_config", [error.message])
        return json_reply({"label_config": texts, "errors": error.details.get("errors", [])}, 400)
    return None


_READ, _WRITE = Permission.PROJECT_READ, Permission.PROJECT_WRITE
_ALL = "/api/projects/"
_ONE = "/api/projects/{id}/"

ROUTES: tuple[Route, ...] = (
    Route("GET", _ALL, list_projects, _READ, "List your projects"),
    Route("POST", _ALL, create_project, _WRITE, "Create new project", ProjectBody, status=201),
    Route("GET", "/api/projects/counts/", list_counts, _READ, "List projects' counts"),
    Route(
        "POST",
        "/api/projects/validate/",
        validate_config,
        SIGNED_IN,
        "Validate label config",
        ConfigBody,
        only_reads=True,
    ),
    Route("GET", _ONE, get_project, _READ, "Get project by ID"),
    Route("PATCH", _ONE, update_project, _WRITE, "Update project", ProjectBody),
    Route("DELETE", _ONE, delete_project, Permission.PROJECT_DELETE, "Delete project", status=204),
    Route(
        "POST",
        "/api/projects/{id}/validate/",
        validate_project_config,
        _WRITE,
        "Validate project label config",
        ConfigBody,
    ),
    Route("GET", "/api/projects/{id}/summary/", get_summary, _READ, "What the project's data and labels are"),
    Route("GET", "/api/projects/{id}/annotators/", get_annotators, _READ, "List who annotates a project"),
    Route("GET", "/api/projects/{id}/sample-task/", get_sample_task, _READ, "Get a sample task"),
    Route(
        "POST",
        "/api/projects/{id}/sample-task/",
        get_sample_task,
        _READ,
        "Make a sample task",
        only_reads=True,
    ),
    Route("GET", "/api/templates/", get_templates, SIGNED_IN, "List labelling templates"),
    Route("GET", "/api/dm/project/", get_manager_project, _READ, "Get project state"),
)
