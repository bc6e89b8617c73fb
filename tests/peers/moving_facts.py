"""What a Label Studio's export says of a project, and what the Treadle that it moved to holds: by field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from treadle.db import Database
from treadle.db.types import from_microseconds

Facts = dict[str, Any]
#: Columns by the name that Label Studio has for them.
_ANNOTATION = (
    *("result", "was_cancelled", "ground_truth", "lead_time", "unique_id", "last_action", "import_id"),
    *("bulk_created", "created_at", "updated_at", "draft_created_at"),
)
_PREDICTION = (
    *("result", "model_version", "score", "cluster", "neighbors", "mislabeling", "created_at", "updated_at"),
)
_DRAFT = ("result", "lead_time", "was_postponed", "created_at", "updated_at")
_TASK = ("data", "meta", "inner_id", "created_at", "updated_at")
_TIMES = frozenset({"created_at", "updated_at", "draft_created_at"})
_JSON = frozenset({"result", "data", "meta", "neighbors"})
_FLAGS = frozenset({"was_cancelled", "ground_truth", "bulk_created", "was_postponed"})


def theirs(exported: Iterable[Mapping[str, Any]], users: Mapping[int, str]) -> Facts:
    """By kind and old id; ``users``: e-mail addresses by old id."""
    facts: Facts = {}

    def person(number: int | None) -> str | None:
        return None if number is None else users[number]

    for task in exported:
        fields = {name: _said(name, task[name]) for name in _TASK}
        fields |= {"updated_by": person(task["updated_by"]), "file_upload": task.get("file_upload") or None}
        facts[f"task {task['id']}"] = fields
        for each in task["annotations"]:
            fields = {name: _said(name, each[name]) for name in _ANNOTATION}
            fields |= {name: person(each[name]) for name in ("completed_by", "updated_by", "last_created_by")}
            fields |= {name: each[name] for name in ("parent_prediction", "parent_annotation")}
            facts[f"annotation {each['id']}"] = {**fields, "task": task["id"]}
        for each in task["predictions"]:
            fields = {name: _said(name, each[name]) for name in _PREDICTION}
            facts[f"prediction {each['id']}"] = {**fields, "task": task["id"]}
        for each in task["drafts"]:
            fields = {name: _said(name, each[name]) for name in _DRAFT}
            facts[f"draft {each['id']}"] = {
                **fields,
                "task": task["id"],
                "annotation": each["annotation"],
                "user": each["user"],
            }
    return facts


def ours(database: Database, project_id: int, ids: Mapping[tuple[str, int], int]) -> Facts:
    """The same of a project here; ``ids``: kind and id here to the id there."""
    users = {row["id"]: row["email"] for row in _rows(database, "SELECT id, email FROM users")}
    files = {row["id"]: row["file_name"] for row in _rows(database, "SELECT id, file_name FROM file_uploads")}
    old_project, facts = ids["project", project_id], Facts()

    def old(kind: str, number: int | None) -> int | None:
        return None if number is None else ids[kind, number]

    of_project = f"WHERE project_id = {project_id}"
    for row in _rows(database, f"SELECT * FROM tasks {of_project}"):
        here, there = f"/data/upload/{project_id}/", f"/data/upload/{old_project}/"
        fields = {name: _held(name, row[name]) for name in _TASK}
        fields["data"] = json.loads(json.dumps(fields["data"]).replace(here, there))
        fields |= {
            "updated_by": users.get(row["updated_by"]),
            "file_upload": files.get(row["file_upload_id"]),
        }
        facts[f"task {old('task', row['id'])}"] = fields
    for row in _rows(database, f"SELECT * FROM annotations {of_project}"):
        fields = {name: _held(name, row[name]) for name in _ANNOTATION}
        fields |= {name: users.get(row[name]) for name in ("completed_by", "updated_by", "last_created_by")}
        fields |= {
            "parent_prediction": old("prediction", row["parent_prediction_id"]),
            "parent_annotation": old("annotation", row["parent_annotation_id"]),
            "task": old("task", row["task_id"]),
        }
        facts[f"annotation {old('annotation', row['id'])}"] = fields
    for row in _rows(database, f"SELECT * FROM predictions {of_project}"):
        fields = {name: _held(name, row[name]) for name in _PREDICTION}
        facts[f"prediction {old('prediction', row['id'])}"] = {**fields, "task": old("task", row["task_id"])}
    below = f"WHERE task_id IN (SELECT id FROM tasks {of_project})"
    for row in _rows(database, f"SELECT * FROM drafts {below}"):
        facts[f"draft {old('draft', row['id'])}"] = {
            **{name: _held(name, row[name]) for name in _DRAFT},
            "task": old("task", row["task_id"]),
            "annotation": old("annotation", row["annotation_id"]),
            "user": users[row["user_id"]],
        }
    return facts


def differences(said: Facts, held: Facts) -> list[str]:
    """Every field that is not the same."""
    found = [f"{name}: not brought" for name in said.keys() - held.keys()]
    found += [f"{name}: made up" for name in held.keys() - said.keys()]
    for name in sorted(said.keys() & held.keys()):
        for field in said[name]:
            if said[name][field] != held[name][field]:
                found.append(f"{name}.{field}: {said[name][field]!r} became {held[name][field]!r}")
    return found


def _rows(database: Database, statement: str) -> list[Mapping[str, Any]]:
    with database.read() as tx:
        return tx.rows(text(statement))


def _said(name: str, value: Any) -> Any:
    if name in _TIMES and value is not None:
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return bool(value) if name in _FLAGS else value


def _held(name: str, value: Any) -> Any:
    if name in _TIMES and value is not None:
        return from_microseconds(value)
    if name in _JSON and value is not None:
        return json.loads(value)
    return bool(value) if name in _FLAGS else value
