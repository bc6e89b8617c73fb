"""Every operation of Label Studio's API that clients depend on, and what each must answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The one organization is nobody's secret.
_ID = re.compile(r"{(?!organization})\w+}")

VIEWER, ANNOTATOR, EDITOR = "viewer", "annotator", "editor"

#: Roles that may not: change tasks, label, take files away, delete projects.
CHANGE, LABEL, EXPORT, MANAGE = (VIEWER, ANNOTATOR), (VIEWER,), (ANNOTATOR,), (VIEWER, ANNOTATOR, EDITOR)
ADMIN = (VIEWER, ANNOTATOR, EDITOR)
ANYBODY: tuple[str, ...] = ()

CONFIG = (
    '<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="Cat"/>'
    '<Label value="Dog"/></RectangleLabels></View>'
)
BOX: dict[str, Any] = {
    "id": "a",
    "from_name": "box",
    "to_name": "img",
    "type": "rectanglelabels",
    "original_width": 640,
    "original_height": 480,
    "image_rotation": 0,
    "value": {"x": 10, "y": 10, "width": 25, "height": 50, "rotation": 0, "rectanglelabels": ["Cat"]},
}
VIEW = {
    "title": "n > 0",
    "filters": {
        "conjunction": "and",
        "items": [{"filter": "filter:tasks:data.n", "operator": "greater", "type": "Number", "value": 0}],
    },
    "ordering": ["-tasks:id"],
}


@dataclass(frozen=True)
class Operation:
    """One operation. Texts such as ``{task}`` stand for ids of the world it is tried in."""

    method: str
    path: str
    #: The recorded request whose answer has the documented keys; None: there is no JSON to compare.
    like: str | None = None
    status: int = 200
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    #: Roles in the workspace that get 403.
    refused: tuple[str, ...] = ANYBODY
    #: Answers strangers, too.
    is_public: bool = False
    #: Answers about whoever asks, by what only they have.
    is_personal: bool = False

    @property
    def name(self) -> str:
        """How a test is called: method, path and query."""
        return " ".join([self.method, self.path, *self.query.values()])

    @property
    def is_about_an_id(self) -> bool:
        """Names something of a workspace, which others must not learn of."""
        return _ID.search(f"{self.path} {self.query} {self.body}") is not None

    @property
    def is_for_admins(self) -> bool:
        """Only an organisation admin may, wherever it is."""
        return self.refused == ADMIN and "{project}" not in self.path

    @property
    def is_change(self) -> bool:
        """Leaves its world another than it was."""
        return not self.is_public and (self.method != "GET" or self.path.endswith("/next"))


def _op(method: str, path: str, like: str | None = None, status: int = 200, **more: Any) -> Operation:
    return Operation(method, path, like, status, **more)


_SAVED = {"result": [BOX], "lead_time": 1.5}
_OF_PROJECT = {"project": "{project}"}

ANNOTATIONS = (
    _op("GET", "/api/annotations/{annotation}/", "one annotation"),
    _op("PATCH", "/api/annotations/{annotation}/", "update annotation", body=_SAVED, refused=LABEL),
    _op("DELETE", "/api/annotations/{annotation}/", None, 204, refused=LABEL),
    _op("GET", "/api/tasks/{task}/annotations/", "annotations of a task"),
    _op("POST", "/api/tasks/{task}/annotations/", "create annotation", 201, body=_SAVED, refused=LABEL),
)
DRAFTS = (
    _op("GET", "/api/drafts/{draft}/", "create draft"),
    _op("PATCH", "/api/drafts/{draft}/", "create draft", body=_SAVED, refused=LABEL),
    _op("PUT", "/api/drafts/{draft}/", "create draft", body=_SAVED, refused=LABEL),
    _op("DELETE", "/api/drafts/{draft}/", None, 204, refused=LABEL),
    _op("GET", "/api/tasks/{task}/drafts", "drafts of a task"),
    _op("POST", "/api/tasks/{task}/drafts", "create draft", 201, body=_SAVED, refused=LABEL),
    _op("GET", "/api/tasks/{task}/annotations/{annotation}/drafts", "drafts of a task"),
    _op(
        "POST",
        "/api/tasks/{task}/annotations/{annotation}/drafts",
        "create draft",
        201,
        body=_SAVED,
        refused=LABEL,
    ),
)
DATA_MANAGER = (
    _op("GET", "/api/dm/actions/", "data manager: actions", query=_OF_PROJECT),
    _op(
        "POST",
        "/api/dm/actions/",
        "action: predictions to annotations",
        query={"id": "predictions_to_annotations", **_OF_PROJECT},
        body={"selectedItems": {"all": True, "excluded": []}},
        refused=CHANGE,
    ),
    _op(
        "POST",
        "/api/dm/actions/",
        "label stream: next task",
        query={"id": "next_task", **_OF_PROJECT},
        body={},
        refused=LABEL,
    ),
    _op(
        "POST",
        "/api/dm/actions/",
        "action: predictions to annotations",
        query={"id": "delete_tasks", **_OF_PROJECT},
        body={"selectedItems": {"all": False, "included": ["{task}"]}},
        refused=CHANGE,
    ),
    _op("GET", "/api/dm/columns/", "data manager: columns", query=_OF_PROJECT),
    _op("GET", "/api/dm/project/", "data manager: project", query=_OF_PROJECT),
    _op("GET", "/api/dm/views/", "list views", query=_OF_PROJECT),
    _op("POST", "/api/dm/views/", "create view", 201, body={**_OF_PROJECT, "data": VIEW}, refused=CHANGE),
    _op("POST", "/api/dm/views/order/", None, body={**_OF_PROJECT, "ids": ["{view}"]}, refused=CHANGE),
    _op("DELETE", "/api/dm/views/reset/", None, 204, body=_OF_PROJECT, refused=CHANGE),
    _op("GET", "/api/dm/views/{view}/", "create view"),
    _op("PATCH", "/api/dm/views/{view}/", "create view", body={"data": VIEW}, refused=CHANGE),
    _op("PUT", "/api/dm/views/{view}/", "create view", body={"data": VIEW}, refused=CHANGE),
    _op("DELETE", "/api/dm/views/{view}/", None, 204, refused=CHANGE),
)
EXPORTS = (
    _op("GET", "/api/projects/{project}/export", "export JSON", query={"exportType": "JSON"}, refused=EXPORT),
    _op("GET", "/api/projects/{project}/export/formats", "export formats", refused=EXPORT),
    _op("GET", "/api/projects/{project}/exports/", "list snapshots", refused=EXPORT),
    _op(
        "POST",
        "/api/projects/{project}/exports/",
        "create snapshot",
        201,
        body={"title": "s"},
        refused=EXPORT,
    ),
    _op("GET", "/api/projects/{project}/exports/{export}", "one snapshot", refused=EXPORT),
    _op("DELETE", "/api/projects/{project}/exports/{export}", None, 204, refused=EXPORT),
    _op(
        "POST",
        "/api/projects/{project}/exports/{export}/convert",
        "convert snapshot",
        body={"export_type": "YOLO"},
        refused=EXPORT,
    ),
    _op("GET", "/api/projects/{project}/exports/{export}/download", "export JSON", refused=EXPORT),
    _op("GET", "/api/projects/{project}/exports/{export}/report", None, refused=EXPORT),
)
IMPORTS = (
    _op(
        "POST",
        "/api/projects/{project}/import",
        "import 3 tasks",
        201,
        query={"return_task_ids": "true"},
        body=[{"data": {"image": "https://example.com/0.jpg"}}],
        refused=CHANGE,
    ),
    _op(
        "POST",
        "/api/projects/{project}/import/predictions",
        None,
        201,
        body=[{"task": "{task}", "result": [BOX], "score": 0.9}],
        refused=CHANGE,
    ),
    _op(
        "POST",
        "/api/projects/{project}/tasks/bulk/",
        "import 3 tasks",
        201,
        query={"return_task_ids": "true"},
        body=[{"data": {"image": "https://example.com/0.jpg"}}],
        refused=CHANGE,
    ),
    _op(
        "POST",
        "/api/projects/{project}/reimport",
        None,
        201,
        body={"file_upload_ids": ["{upload}"]},
        refused=CHANGE,
    ),
    _op("GET", "/api/projects/{project}/reimports/{import}/"),
    _op("GET", "/api/import/file-upload/{upload}"),
    _op("DELETE", "/api/import/file-upload/{upload}", None, 409, refused=CHANGE),
    _op("DELETE", "/api/projects/{project}/file-uploads", body={"file_upload_ids": []}, refused=CHANGE),
    _op("GET", "/data/upload/{project}/{file}"),
)
PREDICTIONS = (
    _op("GET", "/api/predictions/", "predictions of a project", query=_OF_PROJECT),
    _op("GET", "/api/predictions/", "predictions of a project", query={"task": "{task}"}),
    _op(
        "POST",
        "/api/predictions/",
        "create prediction",
        201,
        body={"task": "{task}", "result": [BOX], "score": 0.9, "model_version": "m2"},
        refused=CHANGE,
    ),
    _op("GET", "/api/predictions/{prediction}/", "create prediction"),
    _op("PATCH", "/api/predictions/{prediction}/", "create prediction", body={"score": 0.1}, refused=CHANGE),
    _op(
        "PUT",
        "/api/predictions/{prediction}/",
        "create prediction",
        body={"task": "{task}", "result": [BOX], "score": 0.1, "model_version": "m3"},
        refused=CHANGE,
    ),
    _op("DELETE", "/api/predictions/{prediction}/", None, 204, refused=CHANGE),
)
PROJECTS = (
    _op("GET", "/api/projects/", "list projects"),
    _op(
        "POST",
        "/api/projects/",
        "create project",
        201,
        body={"title": "shapes", "label_config": CONFIG},
        refused=CHANGE,
    ),
    _op("GET", "/api/projects/{project}/", "project, annotated"),
    _op(
        "PATCH",
        "/api/projects/{project}/",
        "project update",
        body={"show_instruction": True},
        refused=CHANGE,
    ),
    _op("DELETE", "/api/projects/{project}/", None, 204, refused=MANAGE),
    _op("POST", "/api/projects/validate/", None, 204, body={"label_config": CONFIG}),
    _op(
        "POST",
        "/api/projects/{project}/validate/",
        "validate config of project",
        body={"label_config": CONFIG},
        refused=CHANGE,
    ),
    _op("GET", "/api/projects/{project}/summary/"),
    _op("GET", "/api/projects/{project}/next", "next task", refused=LABEL),
    _op("GET", "/api/projects/{project}/tasks/"),
    _op("DELETE", "/api/projects/{project}/tasks/", None, 204, refused=CHANGE),
    _op("GET", "/api/templates/"),
)
TASKS = (
    _op("GET", "/api/tasks/", "tasks of a project", query=_OF_PROJECT),
    _op("GET", "/api/tasks/", "tasks, fields=all", query={"fields": "all", **_OF_PROJECT}),
    _op("GET", "/api/tasks/", "tasks of a view", query={"view": "{view}"}),
    _op(
        "POST",
        "/api/tasks/",
        "one task",
        201,
        body={**_OF_PROJECT, "data": {"image": "https://example.com/9.jpg"}},
        refused=CHANGE,
    ),
    _op("GET", "/api/tasks/{task}/", "one task, annotated"),
    _op("PATCH", "/api/tasks/{task}/", "one task, annotated", body={"meta": {"a": 1}}, refused=CHANGE),
    _op("DELETE", "/api/tasks/{task}/", None, 204, refused=CHANGE),
)
PEOPLE = (
    _op("GET", "/api/current-user/token", "current token"),
    _op("GET", "/api/current-user/whoami", "who am I"),
    _op("GET", "/api/users/", "users"),
    _op("GET", "/api/users/{user}/"),
    _op("POST", "/api/token/refresh/", body={"refresh": "{refresh}"}, is_public=True),
)
SERVER = (
    _op("GET", "/health/", is_public=True),
    _op("GET", "/version/", is_public=True),
    _op("GET", "/api/version/", is_public=True),
)

MUST: tuple[Operation, ...] = (
    *ANNOTATIONS,
    *DRAFTS,
    *DATA_MANAGER,
    *EXPORTS,
    *IMPORTS,
    *PREDICTIONS,
    *PROJECTS,
    *TASKS,
    *PEOPLE,
    *SERVER,
)

_PERSON = {"email": "{email}", "password": "eight or more"}

#: What clients of Label Studio may ask for besides.
SHOULD: tuple[Operation, ...] = (
    _op("GET", "/api/dm/actions/predictions_to_annotations/form/", query=_OF_PROJECT, refused=CHANGE),
    _op("GET", "/api/projects/{project}/file-uploads", "file uploads", refused=ANYBODY),
    _op("GET", "/api/jwt/settings", "jwt settings"),
    _op("POST", "/api/jwt/settings", "jwt settings", 201, body={"api_tokens_enabled": True}, refused=ADMIN),
    _op("GET", "/api/token/", "tokens"),
    _op("POST", "/api/token/blacklist/", None, 204, body={"refresh": "{refresh}"}, is_personal=True),
    _op("POST", "/api/token/rotate/", body={"refresh": "{refresh}"}, is_personal=True),
    _op("GET", "/api/invite", refused=ADMIN),
    _op("POST", "/api/invite/reset-token", None, 201, refused=ADMIN),
    _op("GET", "/api/organizations/", "organizations"),
    _op("GET", "/api/organizations/{organization}"),
    _op("PATCH", "/api/organizations/{organization}", body={"title": "Ours"}, refused=ADMIN),
    _op("GET", "/api/organizations/{organization}/memberships", "memberships"),
    _op("GET", "/api/organizations/{organization}/memberships/{user}/"),
    _op("DELETE", "/api/organizations/{organization}/memberships/{person}/", None, 204, refused=ADMIN),
    _op("GET", "/api/projects/counts/", "project counts"),
    _op("GET", "/api/projects/{project}/imports/{import}/"),
    _op("POST", "/api/current-user/reset-token/", None, 201, is_personal=True),
    _op("POST", "/api/users/", None, 201, body=_PERSON, refused=ADMIN),
    _op("PATCH", "/api/users/{user}/", body={"first_name": "Vi"}, is_personal=True),
    _op("DELETE", "/api/users/{person}/", None, 204, refused=ADMIN),
    _op("GET", "/api/projects/{project}/label-stream-history/", refused=LABEL),
    _op(
        "DELETE",
        "/api/projects/{project}/model-versions/",
        body={"model_version": "nobody's"},
        refused=CHANGE,
    ),
    _op("GET", "/api/projects/{project}/model-versions/"),  # its keys are versions
    _op("GET", "/api/projects/{project}/sample-task/"),
    _op("POST", "/api/projects/{project}/sample-task/", body={"label_config": CONFIG}),
    _op("GET", "/api/projects/{project}/annotators/"),
    _op("GET", "/api/current-user/hotkeys/"),
)

#: Pages of the browser, which is given one document for all.
PAGES = (
    "/projects/",
    "/projects/{project}/",
    "/projects/{project}/data/",
    "/projects/{project}/settings/",
    "/projects/{project}/settings/labeling",
    "/user/account/",
    "/user/account/personal-access-token",
    "/user/login/",
    "/user/signup/",
)

#: What comes later, and is not there until then.
LATER = (
    ("GET", "/projects/{project}/presign/"),
    ("GET", "/projects/{project}/resolve/"),
    ("GET", "/tasks/{task}/presign/"),
    ("GET", "/tasks/{task}/resolve/"),
)
