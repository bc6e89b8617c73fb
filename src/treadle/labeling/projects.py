"""Projects: what is labelled, how, and by how many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from treadle import events
from treadle.access import Grant, ListGrant
from treadle.db import Tx, schema
from treadle.db.schema import (
    export_conversions,
    exports,
    file_uploads,
    project_counters,
    projects,
    tasks,
    users,
)
from treadle.errors import Invalid, NotFound
from treadle.labeling import assignments
from treadle.labeling.config import parse_config
from treadle.labeling.tally import IGNORE_SKIPPED
from treadle.labeling.uploads import thumbnail_key
from treadle.labeling.usage import Usage, check_config_change, read_data_keys, read_usage
from treadle.labeling.visibility import visible_tasks

SAMPLINGS = ("Sequential sampling", "Uniform sampling", "Uncertainty sampling")
SKIP_QUEUES = ("REQUEUE_FOR_ME", "REQUEUE_FOR_OTHERS", IGNORE_SKIPPED)
_TITLE_CHARACTERS = (3, 50)

#: Fields of Label Studio's projects that we keep and give back, with their defaults.
KEPT_OPTIONS: Mapping[str, Any] = {
    "show_annotation_history": False,
    "is_published": False,
    "is_draft": False,
    "min_annotations_to_start_training": 0,
    "start_training_on_annotation_update": False,
    "show_ground_truth_first": False,
    "annotator_evaluation_enabled": False,
    "show_overlap_first": False,
    "overlap_cohort_percentage": 100,
    "task_data_login": None,
    "task_data_password": None,
    "evaluate_predictions_automatically": False,
    "reveal_preannotations_interactively": False,
}

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
_FILES = select(file_uploads.c.object_key, file_uploads.c.file_name).where(
    file_uploads.c.project_id == bindparam("project_id")
)
_SNAPSHOTS = select(exports.c.object_key).where(
    exports.c.project_id == bindparam("project_id"), exports.c.object_key.is_not(None)
)
_CONVERSIONS = (
    select(export_conversions.c.object_key)
    .join(exports, exports.c.id == export_conversions.c.export_id)
    .where(exports.c.project_id == bindparam("project_id"), export_conversions.c.object_key.is_not(None))
)
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


def change(tx: Tx, grant: Grant, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Set what is named in ``values``; the project.

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
    _apply_overlap(tx, row, columns)
    events.record(
        tx, "project.updated", actor_id=grant.actor.user_id, project_id=project_id, subject_id=project_id
    )
    return get(tx, project_id)


def remove(tx: Tx, grant: Grant) -> list[str]:
    """Delete the project with its tasks, annotations, predictions, drafts, views, files and snapshots.

    Returns the keys of what it kept in the object store, which the caller deletes after the commit.
    """
    project_id = _id_of(grant)
    keys = list(_kept_keys(tx, project_id))
    tx.execute(delete(projects).where(_p.id == project_id))
    events.record(tx, "project.deleted", actor_id=grant.actor.user_id, subject_id=project_id)
    return keys


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
    _check_choice(checked, "sampling", SAMPLINGS, wrong)
    _check_choice(checked, "skip_queue", SKIP_QUEUES, wrong)
    if checked.get("maximum_annotations", 1) < 1:
        wrong["maximum_annotations"] = ["Ensure this value is greater than or equal to 1."]
    if wrong:
        raise Invalid("validation", "Validation error", fields=wrong)
    return checked


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


def _wait_for_saves(tx: Tx, project_id: int) -> None:
    """Let whoever is in the middle of a save come to its end, so that the next statement counts it."""
    if tx.dialect == "postgresql":
        locked = select(tasks.c.id).where(tasks.c.project_id == project_id).with_for_update().subquery()
        tx.execute(select(func.count()).select_from(locked))


def _apply_overlap(tx: Tx, row: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    overlap = columns.get("maximum_annotations", row["maximum_annotations"])
    skip_queue = columns.get("skip_queue", row["skip_queue"])
    if (overlap, skip_queue) == (row["maximum_annotations"], row["skip_queue"]):
        return
    _a = schema.annotations.c
    people = select(func.count(func.distinct(func.coalesce(_a.completed_by, -1)))).where(
        _a.task_id == tasks.c.id
    )
    if skip_queue != IGNORE_SKIPPED:
        people = people.where(_a.was_cancelled.is_(False))
    is_labeled = people.scalar_subquery() >= overlap
    _wait_for_saves(tx, row["id"])
    tx.execute(
        update(tasks).where(tasks.c.project_id == row["id"]).values(overlap=overlap, is_labeled=is_labeled)
    )
    assignments.recount_project(tx, row["id"])
    finished = select(func.count()).where(
        tasks.c.project_id == row["id"], tasks.c.is_labeled.is_(True), visible_tasks(row["id"])
    )
    tx.execute(
        update(project_counters)
        .where(project_counters.c.project_id == row["id"])
        .values(finished_task_number=finished.scalar_subquery())
    )


def _kept_keys(tx: Tx, project_id: int) -> Iterator[str]:
    for file in tx.execute(_FILES, {"project_id": project_id}):
        yield file.object_key
        yield thumbnail_key(project_id, file.file_name)
    for statement in (_SNAPSHOTS, _CONVERSIONS):
        yield from tx.execute(statement, {"project_id": project_id}).scalars()


def _id_of(grant: Grant) -> int:
    assert grant.project_id is not None
    return grant.project_id
