"""A second project like the first."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from treadle.access import ProjectScope, WorkspaceScope
from treadle.labeling import duplication, rendering
from treadle.permissions import Permission
from treadle.web.body_types import Id
from treadle.web.call import Call
from treadle.web.routing import Reply, Route, json_reply


class DuplicateBody(Struct):
    """What to copy, and where to."""

    mode: Literal["settings", "settings,data"] = "settings"
    title: str = ""
    description: str | None = None
    #: Where the copy is made; the first project's workspace when it is left out.
    workspace: Id | None = None


def duplicate_project(call: Call) -> Reply:
    project_id = call.path_int("id")
    body = call.decode(DuplicateBody)
    with call.write() as tx:
        grant = call.allow(tx, ProjectScope(project_id))
        workspace_id = body.workspace or grant.workspace_id
        assert workspace_id is not None
        target = call.allow(tx, WorkspaceScope(workspace_id))
        made = duplication.copy_settings(tx, grant, target, title=body.title, description=body.description)
        if body.mode == "settings":
            return json_reply(rendering.project(made), 201)
        job = duplication.start_copying_tasks(tx, grant, made["id"])
        return json_reply({"job": job.id, "id": made["id"]}, 202)


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/projects/{id}/duplicate/",
        duplicate_project,
        Permission.PROJECT_WRITE,
        "Duplicate project",
        DuplicateBody,
        status=201,
    ),
)
