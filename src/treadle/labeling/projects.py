"""Projects: what is labelled, how, and by how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, func, insert, select, update

from treadle import events, jobs
from treadle.access import Grant, ListGrant
from treadle.access.audit import write_audit
from treadle.db import Tx
from treadle.db.schema import project_counters, projects, users
from treadle.errors import Invalid, NotFound
from treadle.labeling import overlap
from treadle.labeling.config import parse_config
from treadle.labeling.project_options import KEPT_OPTIONS
from treadle.labeling.tally import IGNORE_SKIPPED
from treadle.labeling.trash.deletions import KEPT
from treadle.labeling.usage import Usage, check_config_change, read_data_keys, read_usage

SAMPLINGS = ("Sequential sampling", "Uniform sampling", "Uncertainty sampling")
SKIP_QUEUES = ("REQUEUE_FOR_ME", "REQUEUE_FOR_OTHERS", IGNORE_SKIPPED)
_TITLE_CHARACTERS = (3, 50)

#: What one may set of a project, each a column of its own.
SETTABLE = frozenset(
    {
        "title",
        "description",
        "label_config",
        "expert_instruction",
        "show_instruction",
        "show_skip_button",
        "enable_empty_annotation",
        "show_collab_predictions",
        "color",
        "maximum_annotations",
        "sampling",
        "skip_queue",
        "model_version",
        "pinned_at",
    }
)

_LONGEST = {
    "description": 20_000,
    "label_config": 2_000_000,
    "expert_instruction": 200_000,
    "color": 16,
    "model_version": 1_000,
    "task_data_login": 256,
    "task_data_password": 256,
}

#: What every task follows, in columns of its own.
_TASK_RULES = ("maximum_annotations", "skip_queue")

_p = projects.c
_COLUMNS: Select[Any] = select(
    projects,
    project_counters,
    users.c.id.label("user_id"),
    users.c.email,
    users.c.first_name,
    users.c.last_name,
).select_from(
    projects.join(project_counters, project_counters.c.project_id == _p.id).outerjoin(
        users, users.c.id == _p.created_by
    )
)
_ONE = _COLUMNS.where(_p.id == bindparam("project_id"))
_INSERT = insert(projects).returning(_p.id)
_CONFIG = select(_p.label_config).where(_p.id == bindparam("project_id"))


@dataclass(frozen=True)
class Page:
    """A stretch of a list: ``number`` from 1, ``size`` rows."""

    number: int
    size: int


def create(tx: Tx, grant: Grant, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make a project in the grant's workspace from ``values`` (`SETTABLE` and `KEPT_OPTIONS`).

    Raises Invalid naming every field that is wrong.
    """
    checked = _check(values)
    columns = {name: value for name, value in checked.items() if name in SETTABLE}
    project_id = tx.execute(
        _INSERT,
        {
            "title": "",
            **columns,
            "workspace_id": grant.workspace_id,
            "options": _options_text({}, checked),
            "created_by": grant.actor.user_id,
            "created_at": tx.now,
            "updated_at": tx.now,
        },
    ).scalar_one()
    tx.execute(insert(project_counters), {"project_id": project_id})
    events.record(
        tx, "project.created", actor_id=grant.actor.user_id, project_id=project_id, subject_id=project_id
    )
    return get(tx, project_id)


def bring(
    tx: Tx, grant: Grant, values: Mapping[str, Any], *, project_id: int, made: Mapping[str, Any]
) -> None:
    """Make a project of the grant's workspace that was made elsewhere, under an id that nobody has.

    made: ``created_at``, ``created_by`` and ``pinned_at`` of then. Raises Invalid naming every field that is
    wrong.
    """
    checked = _check(values)
    columns = {name: value for name, value in checked.items() if name in SETTABLE}
    row = {
        "title": "",
        **columns,
        **made,
        "id": project_id,
        "workspace_id": grant.workspace_id,
        "options": _options_text({}, checked),
        "updated_at": tx.now,
    }
    tx.execute(_INSERT, row)
    tx.execute(insert(project_counters), {"project_id": project_id})
    by = grant.actor.user_id
    events.record(tx, "project.created", actor_id=by, project_id=project_id, subject_id=project_id)


def change(tx: Tx, grant: Grant, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Set what is named in ``values``; the project. Many tasks follow a new overlap by a job (see `overlap`).

    Raises Invalid, also for a config that would orphan annotations in the project.
    """
    project_id = _id_of(grant)
    row = get(tx, project_id)
    checked = _check(values)
    if checked.get("label_config", row["label_config"]) != row["label_config"]:
        check_labels_in_use(tx, project_id, checked["label_config"])
    columns = {name: value for name, value in checked.items() if name in SETTABLE}
    columns |= {"options": _options_text(_options(row), checked), "updated_at": tx.now}
    tx.execute(update(projects).where(_p.id == project_id).values(**columns))
    if any(columns.get(name, row[name]) != row[name] for name in _TASK_RULES):
        overlap.apply_rules(tx, grant)
    events.record(
        tx, "project.updated", actor_id=grant.actor.user_id, project_id=project_id, subject_id=project_id
    )
    return get(tx, project_id)


def remove(tx: Tx, grant: Grant) -> None:
    """Delete the project: at once nobody sees it or what it holds, and for 30 days it can be restored.

    Its jobs that run are cancelled.
    """
    project_id = _id_of(grant)
    values = {"deleted_at": tx.now, "deleted_by": grant.actor.user_id}
    tx.execute(update(projects).where(_p.id == project_id).values(**values))
    jobs.cancel_of_project(tx, project_id)
    _record_change(tx, grant, "project.deleted")


def restore(tx: Tx, grant: Grant) -> Mapping[str, Any]:
    """Bring a deleted project back as it was; the project.

    grant: of a `DeletedProjectScope`. Raises NotFound("project-freed") when its 30 days are over.
    """
    project_id = _id_of(grant)
    kept = (_p.id == project_id) & (_p.deleted_at > tx.now - KEPT)
    restored = update(projects).where(kept).values(deleted_at=None, deleted_by=None)
    if tx.execute(restored).rowcount == 0:
        raise NotFound(
            "project-freed", f"Project {project_id} was deleted over {KEPT.days} days ago and is being freed."
        )
    overlap.apply_rules(tx, grant)  # again: the job that was at it was cancelled with the project
    _record_change(tx, grant, "project.restored")
    return get(tx, project_id)


def list_deleted(tx: Tx, grant: ListGrant) -> list[Mapping[str, Any]]:
    """The deleted projects where the actor holds the permission, the last one deleted first.

    Each with its counters, and the names of who deleted it.
    """
    statement = (
        select(
            projects,
            project_counters.c.task_number,
            users.c.id.label("user_id"),
            users.c.email,
            users.c.first_name,
            users.c.last_name,
        )
        .select_from(
            projects.join(project_counters, project_counters.c.project_id == _p.id).outerjoin(
                users, users.c.id == _p.deleted_by
            )
        )
        .where(grant.deleted_condition, _p.deleted_at > tx.now - KEPT)
        .order_by(_p.deleted_at.desc(), _p.id.desc())
    )
    return tx.rows(statement)


def get(tx: Tx, project_id: int) -> Mapping[str, Any]:
    """The project with its counters and the names of who made it. Raises NotFound."""
    row = tx.execute(_ONE, {"project_id": project_id}).mappings().first()
    if row is None:
        raise NotFound(
            "project-not-found", f"No Project matches the given query. There is no project {project_id}."
        )
    return dict(row)


def config_of(tx: Tx, project_id: int) -> str:
    """The label config's XML."""
    return str(tx.execute(_CONFIG, {"project_id": project_id}).scalar_one())


def list_projects(
    tx: Tx, grant: ListGrant, page: Page, *, workspace_id: int | None = None, search: str = ""
) -> tuple[int, list[Mapping[str, Any]]]:
    """How many projects the actor sees, and one page of them: pinned first, then the newest."""
    condition = grant.condition
    if workspace_id is not None:
        condition &= _p.workspace_id == workspace_id
    if search:
        condition &= func.lower(_p.title).contains(search.lower(), autoescape=True)
    total = tx.execute(select(func.count()).select_from(projects).where(condition)).scalar_one()
    statement = (
        _COLUMNS.where(condition)
        .order_by(_p.pinned_at.is_(None), _p.pinned_at.desc(), _p.id.desc())
        .limit(page.size)
        .offset((page.number - 1) * page.size)
    )
    return total, [dict(row) for row in tx.execute(statement).mappings()]


def visible_ids(tx: Tx, grant: ListGrant) -> list[int]:
    """The projects that the actor sees, in the order of ids."""
    return list(tx.execute(select(_p.id).where(grant.condition).order_by(_p.id)).scalars())


def check_labels_in_use(tx: Tx, project_id: int, new_config: str) -> None:
    """Nothing, when annotations of the project still fit the controls and labels of ``new_config``.

    Raises Invalid("config-orphans") naming each control and label that annotations use.
    """
    check_config_change(tx, project_id, parse_config(config_of(tx, project_id)), parse_config(new_config))


def summarize(tx: Tx, grant: Grant) -> dict[str, Any]:
    """Which data keys the tasks have (see `read_data_keys`), and how often each control and label is used.

    Whoever sees their own work alone is not told how everybody labels.
    """
    project_id = _id_of(grant)
    row = get(tx, project_id)
    keys = read_data_keys(tx, project_id)
    usage = Usage() if grant.is_narrow else read_usage(tx, project_id)
    return {
        "created_at": row["created_at"],
        "all_data_columns": keys.counts,
        "common_data_columns": keys.common,
        "data_columns_are_estimated": keys.is_estimate,
        "created_annotations": usage.controls,
        "created_labels": usage.labels,
    }


def _check(values: Mapping[str, Any]) -> dict[str, Any]:
    wrong: dict[str, list[str]] = {}
    checked = dict(values)
    if "title" in checked:
        _check_title(str(checked["title"]), wrong)
    if "label_config" in checked:
        _check_config(checked["label_config"], wrong)
    _check_lengths(checked, wrong)
    _check_choice(checked, "sampling", SAMPLINGS, wrong)
    _check_choice(checked, "skip_queue", SKIP_QUEUES, wrong)
    if checked.get("maximum_annotations", 1) < 1:
        wrong["maximum_annotations"] = ["Ensure this value is greater than or equal to 1."]
    if wrong:
        raise Invalid("validation", "Validation error", fields=wrong)
    return checked


def _check_lengths(checked: Mapping[str, Any], wrong: dict[str, list[str]]) -> None:
    for name, longest in _LONGEST.items():
        length = len(checked.get(name) or "")
        if length > longest:
            wrong[name] = [f"Ensure this field has no more than {longest} characters (it has {length})."]


def _check_title(title: str, wrong: dict[str, list[str]]) -> None:
    shortest, longest = _TITLE_CHARACTERS
    if title and len(title) < shortest:
        wrong["title"] = [f"Ensure this field has at least {shortest} characters."]
    if len(title) > longest:
        wrong["title"] = [f"Ensure this field has no more than {longest} characters."]


def _check_config(config: str, wrong: dict[str, list[str]]) -> None:
    try:
        parse_config(config)
    except Invalid as error:
        wrong["label_config"] = error.fields.get("label_config", [error.message])


def _check_choice(
    checked: Mapping[str, Any], name: str, choices: Sequence[str], wrong: dict[str, list[str]]
) -> None:
    value = checked.get(name)
    if name in checked and value not in choices:
        wrong[name] = [f'"{value}" is not a valid choice. Take one of: {", ".join(choices)}.']


def _options(row: Mapping[str, Any]) -> dict[str, Any]:
    return dict(msgspec.json.decode(row["options"]))


def _options_text(old: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    given = {name: value for name, value in values.items() if name in KEPT_OPTIONS}
    return msgspec.json.encode({**old, **given}).decode()


def _record_change(tx: Tx, grant: Grant, kind: str) -> None:
    """An event, and a line of the audit log."""
    project_id = _id_of(grant)
    by = grant.actor.user_id
    events.record(tx, kind, actor_id=by, project_id=project_id, subject_id=project_id)
    row = get(tx, project_id)
    write_audit(
        tx,
        kind,
        actor_id=by,
        subject=f"project:{project_id}",
        workspace_id=row["workspace_id"],
        detail={"title": row["title"], "tasks": row["task_number"]},
    )


def _id_of(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id
