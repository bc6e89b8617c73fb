"""A workspace with people of every role and one project, for tests of the labelling verbs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from treadle.access import Actor, Grant, ProjectScope, Scope, WorkspaceScope, allow
from treadle.db import Database, Tx
from treadle.db.schema import memberships, users, workspaces
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import projects, tasks
from treadle.labeling.annotations import NewAnnotation
from treadle.permissions import Permission, Role

CONFIG = """<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="Cat"/><Label value="Dög"/></RectangleLabels>
  <Choices name="q" toName="img"><Choice value="sharp"/><Choice value="blurred"/></Choices>
</View>"""

LEASE_S = 900


def box(label: str = "Cat", **value: Any) -> dict[str, Any]:
    """One rectangle on a picture of 640 × 480."""
    shape = {"x": 10, "y": 10, "width": 25, "height": 50, "rotation": 0, "rectanglelabels": [label]}
    return {
        "id": f"r-{label}",
        "from_name": "box",
        "to_name": "img",
        "type": "rectanglelabels",
        "original_width": 640,
        "original_height": 480,
        "image_rotation": 0,
        "value": {**shape, **value},
    }


def result(*items: Mapping[str, Any]) -> bytes:
    """The JSON of a result; one cat when nothing is named."""
    return json.dumps(items or [box()]).encode()


@dataclass
class Studio:
    """An open database with one workspace and one project."""

    database: Database
    people: dict[str, Actor]
    project_id: int

    def grant(self, tx: Tx, who: str, permission: Permission, scope: Scope | None = None) -> Grant:
        """The grant of somebody by name, in the project unless another scope is given."""
        return allow(tx, self.people[who], permission, scope or ProjectScope(self.project_id))

    def add_tasks(self, count: int = 1, **data: Any) -> list[int]:
        """Add tasks ``{"image": "/0.jpg", "n": 0}`` and so on; their ids."""
        with self.database.write() as tx:
            grant = self.grant(tx, "editor", Permission.TASK_WRITE)
            texts = [json.dumps({"image": f"/{n}.jpg", "n": n, **data}).encode() for n in range(count)]
            return [int(tasks.create(tx, grant, text)["id"]) for text in texts]

    def submit(self, who: str, task_id: int, **parts: Any) -> Mapping[str, Any]:
        """Submit an annotation: one cat unless ``result`` says otherwise."""
        with self.database.write() as tx:
            grant = self.grant(tx, who, Permission.ANNOTATION_WRITE)
            new = NewAnnotation(**{"result": result(), **parts})
            return annotation_verbs.submit(tx, grant, task_id, new)

    def project(self) -> Mapping[str, Any]:
        """The project's row with its counters."""
        with self.database.read() as tx:
            return projects.get(tx, self.project_id)

    def change_project(self, **values: Any) -> Mapping[str, Any]:
        """Set fields of the project."""
        with self.database.write() as tx:
            return projects.change(tx, self.grant(tx, "editor", Permission.PROJECT_WRITE), values)

    def task(self, task_id: int) -> Mapping[str, Any]:
        """The row of a task."""
        with self.database.read() as tx:
            return tasks.get(tx, self.grant(tx, "editor", Permission.TASK_READ), task_id)


def open_studio(database: Database, extra_annotators: int = 0) -> Studio:
    """A workspace with one person of each role, named by it, and a project."""
    names = [role.value for role in Role] + [f"annotator{n}" for n in range(extra_annotators)]
    people = {}
    with database.write() as tx:
        workspace_id = tx.execute(
            insert(workspaces).returning(workspaces.c.id), {"name": "main", "created_at": tx.now}
        ).scalar_one()
        for name in names:
            people[name] = _add_person(tx, name, workspace_id)
        grant = allow(tx, people["editor"], Permission.PROJECT_WRITE, WorkspaceScope(workspace_id))
        project = projects.create(tx, grant, {"title": "shapes", "label_config": CONFIG})
    return Studio(database, people, int(project["id"]))


def _add_person(tx: Tx, name: str, workspace_id: int) -> Actor:
    email = f"{name}@example.com"
    user_id = tx.execute(
        insert(users).returning(users.c.id), {"email": email, "created_at": tx.now}
    ).scalar_one()
    role = name.rstrip("0123456789")
    tx.execute(
        insert(memberships),
        {"workspace_id": workspace_id, "user_id": user_id, "role": role, "created_at": tx.now},
    )
    return Actor(int(user_id), email, is_admin=False)
