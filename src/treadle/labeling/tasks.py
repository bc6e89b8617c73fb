"""Tasks: one thing to label each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, exists, insert, select, update

from treadle import events
from treadle.access import Grant
from treadle.db import Tx, schema
from treadle.db.lists import id_list, one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import drafts, handouts, predictions, project_counters, projects, tasks, users
from treadle.errors import Invalid
from treadle.labeling import field_indexes, trash
from treadle.labeling.config import check_task_data, parse_config
from treadle.labeling.json_text import one_line
from treadle.labeling.rendering import TaskWork
from treadle.labeling.tally import add_to_counters, no_task
from treadle.labeling.visibility import handed_to, is_visible, shown_to, visible_tasks

_t = tasks.c
_COLUMNS: Select[Any] = select(tasks)
_ONE = _COLUMNS.where(_t.id == bindparam("task_id"), _t.project_id == bindparam("project_id"), is_visible())
_PROJECT = Prepared(select(_t.project_id).where(_t.id == bindparam("task_id"), is_visible()))
_HANDED_ONE = _ONE.where(
    exists().where(handouts.c.task_id == _t.id, handouts.c.user_id == bindparam("user_id"))
)
_HANDED = select(handouts.c.task_id).where(
    handouts.c.task_id == bindparam("task_id"), handouts.c.user_id == bindparam("user_id")
)
_NEW_PLACE = (
    update(project_counters)
    .where(project_counters.c.project_id == bindparam("of_project"))
    .values(last_inner_id=project_counters.c.last_inner_id + bindparam("more"))
    .returning(project_counters.c.last_inner_id)
)
_RULES = select(projects.c.label_config, projects.c.maximum_annotations).where(
    projects.c.id == bindparam("project_id")
)
_a = schema.annotations.c
_PERSON = (users.c.email, users.c.first_name, users.c.last_name)
_DONE = (
    select(schema.annotations, *_PERSON)
    .select_from(schema.annotations.outerjoin(users, users.c.id == _a.completed_by))
    .where(one_of(_a.task_id, "task_ids"))
    .order_by(_a.id)
)
_OWN_DONE = _DONE.where(_a.completed_by == bindparam("user_id"))
_PREDICTED = Prepared(
    select(predictions).where(one_of(predictions.c.task_id, "task_ids")).order_by(predictions.c.id)
)
_BEGUN = Prepared(
    select(drafts, *_PERSON)
    .join(users, users.c.id == drafts.c.user_id)
    .where(one_of(drafts.c.task_id, "task_ids"), drafts.c.user_id == bindparam("user_id"))
    .order_by(drafts.c.id)
)
_GET, _GET_HANDED = Prepared(_ONE), Prepared(_HANDED_ONE)
_READ_DONE, _READ_OWN_DONE = Prepared(_DONE), Prepared(_OWN_DONE)


def create(
    tx: Tx, grant: Grant, data: bytes, *, meta: bytes = b"{}", file_upload_id: int | None = None
) -> Mapping[str, Any]:
    """Add one task with ``data`` (a JSON object); the row.

    Raises Invalid("task-data") where the data is no object or lacks a key that the config needs.
    """
    project_id = _id_of(grant)
    rules = tx.execute(_RULES, {"project_id": project_id}).one()
    check_data(rules.label_config, data)
    place = tx.execute(_NEW_PLACE, {"of_project": project_id, "more": 1}).scalar_one()
    task_id = tx.execute(
        insert(tasks).returning(_t.id),
        {
            "project_id": project_id,
            "inner_id": place,
            "data": one_line(data),
            "meta": one_line(meta),
            "overlap": rules.maximum_annotations,
            "file_upload_id": file_upload_id,
            "created_at": tx.now,
            "updated_at": tx.now,
        },
    ).scalar_one()
    add_to_counters(tx, project_id, tasks=1)
    field_indexes.keep(tx, project_id, [task_id])
    _record(tx, grant, "task.created", task_id)
    return get(tx, grant, task_id)


def change(tx: Tx, grant: Grant, task_id: int, changes: Mapping[str, bytes]) -> Mapping[str, Any]:
    """Set ``data`` or ``meta`` (JSON objects) of a task; the row."""
    row = get(tx, grant, task_id)
    values: dict[str, Any] = {
        name: one_line(text) for name, text in changes.items() if name in ("data", "meta")
    }
    if "data" in changes:
        rules = tx.execute(_RULES, {"project_id": row["project_id"]}).one()
        check_data(rules.label_config, changes["data"])
    values |= {"updated_at": tx.now, "updated_by": grant.actor.user_id}
    tx.execute(update(tasks).where(_t.id == task_id).values(**values))
    if "data" in changes:
        field_indexes.keep(tx, row["project_id"], [task_id])
    _record(tx, grant, "task.updated", task_id)
    return get(tx, grant, task_id)


def remove(tx: Tx, grant: Grant, task_id: int) -> int:
    """Delete a task with all that was done on it; the deletion, by which it can be restored.

    Raises NotFound("task-not-found").
    """
    deletion = trash.delete_now(tx, grant, "tasks", [get(tx, grant, task_id)["id"]])
    if deletion.item_count == 0:
        raise no_task(task_id)
    return deletion.id


def get(tx: Tx, grant: Grant, task_id: int) -> Mapping[str, Any]:
    """The row of a task that the actor may see. Raises NotFound("task-not-found")."""
    wanted = {"task_id": task_id, "project_id": _id_of(grant), "user_id": grant.actor.user_id}
    rows = tx.rows(_GET_HANDED if grant.is_narrow else _GET, wanted)
    if not rows:
        raise no_task(task_id)
    return shown_to(grant, rows[0])


def check_handed(tx: Tx, grant: Grant, task_id: int) -> None:
    """Nothing, when the actor sees every task of the project, or this one was handed to them.

    Raises NotFound("task-not-found").
    """
    if (
        grant.is_narrow
        and tx.execute(_HANDED, {"task_id": task_id, "user_id": grant.actor.user_id}).first() is None
    ):
        raise no_task(task_id)


def project_of(tx: Tx, task_id: int) -> int:
    """The project of a task that shows. Raises NotFound("task-not-found")."""
    project_id: int | None = tx.execute(_PROJECT, {"task_id": task_id}).scalar()
    if project_id is None:
        raise no_task(task_id)
    return project_id


def list_of_project(tx: Tx, grant: Grant, *, limit: int, offset: int) -> list[Mapping[str, Any]]:
    """The project's tasks that the actor may see, in the order of ids."""
    project_id = _id_of(grant)
    statement = (
        _COLUMNS.where(_t.project_id == project_id, visible_tasks(project_id), handed_to(grant))
        .order_by(_t.id)
        .limit(limit)
        .offset(offset)
    )
    return [shown_to(grant, row) for row in tx.rows(statement)]


def work_on(tx: Tx, grant: Grant, task_ids: Sequence[int]) -> TaskWork:
    """Annotations (that the actor may see), predictions and the actor's drafts on these tasks."""
    wanted = {"task_ids": id_list(task_ids), "user_id": grant.actor.user_id}
    return TaskWork(
        tx.rows(_READ_OWN_DONE if grant.is_narrow else _READ_DONE, wanted),
        tx.rows(_PREDICTED, wanted),
        tx.rows(_BEGUN, wanted),
    )


def check_data(label_config: str, data: bytes) -> None:
    """Nothing, when ``data`` is a JSON object with every key that the config needs.

    Raises Invalid("not-an-object"), Invalid("task-data") telling each key that is missing or of a wrong kind.
    """
    problems = check_task_data(parse_config(label_config), decode_object(data, "data"))
    if problems:
        text = f"The task's data does not fit the labelling config: {'; '.join(problems)}."
        raise Invalid("task-data", text, fields={"data": problems})


def decode_object(text: bytes, field: str) -> dict[str, Any]:
    """The JSON object in ``text``. Raises Invalid("not-an-object") naming ``field``."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("not-json", f"{field} is no JSON: {error}", fields={field: [str(error)]}) from error
    if not isinstance(value, dict):
        raise Invalid(
            "not-an-object", f"{field} must be a JSON object.", fields={field: ["Expected an object."]}
        )
    return value


def _record(tx: Tx, grant: Grant, kind: str, task_id: int) -> None:
    events.record(tx, kind, actor_id=grant.actor.user_id, project_id=grant.project_id, subject_id=task_id)


def _id_of(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id
