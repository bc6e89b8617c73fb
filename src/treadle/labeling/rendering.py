"""Rows as the JSON that clients of Label Studio know.

Stored JSON goes into the answer as it stands (`msgspec.Raw`); nothing here parses it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from treadle.labeling.config import control_weights, parse_config
from treadle.labeling.project_options import KEPT_OPTIONS

Row = Mapping[str, Any]

_NO_BREAK_SPACE = "\u00a0"
_DAY = 86_400
_WITHOUT_ZONE = len("2026-11-21T15:00:00.000000")
_STEPS = (("year", 365 * _DAY), ("month", 30 * _DAY), ("week", 7 * _DAY), ("day", _DAY), ("hour", 3_600))


@dataclass(frozen=True)
class TaskWork:
    """What was done on some tasks: rows with the names of their people."""

    annotations: Sequence[Row] = ()
    predictions: Sequence[Row] = ()
    drafts: Sequence[Row] = ()

    def by_task(self) -> dict[int, TaskWork]:
        """The work on each task that has some, by the task's id."""
        lists: dict[int, tuple[list[Row], list[Row], list[Row]]] = {}
        for kind, rows in enumerate((self.annotations, self.predictions, self.drafts)):
            for row in rows:
                lists.setdefault(row["task_id"], ([], [], []))[kind].append(row)
        return {task_id: TaskWork(*each) for task_id, each in lists.items()}


NO_WORK = TaskWork()


def raw(text: str | None) -> msgspec.Raw | None:
    """JSON text to be spliced in unparsed; None stays null."""
    return None if text is None else msgspec.Raw(text.encode())


@lru_cache(maxsize=4096)  # For the same reason as in db/types.py: pages repeat them.
def instant(moment: datetime | None) -> str | None:
    """ISO 8601 with microseconds and ``Z``, as Label Studio writes it."""
    return None if moment is None else moment.isoformat(timespec="microseconds")[:_WITHOUT_ZONE] + "Z"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in words: ``0 minutes``, ``3 hours, 2 minutes`` is cut to its first part."""
    seconds = max(0, int((now - moment).total_seconds()))
    for name, length in _STEPS:
        count = seconds // length
        if count:
            return f"{count}{_NO_BREAK_SPACE}{name}{'' if count == 1 else 's'}"
    minutes = seconds // 60
    return f"{minutes}{_NO_BREAK_SPACE}minute{'' if minutes == 1 else 's'}"


def person(row: Row) -> dict[str, object]:
    """Who made a project or a snapshot."""
    return {
        "id": row["user_id"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "email": row["email"],
        "avatar": None,
    }


def annotator(row: Row) -> dict[str, object] | None:
    """Who completed an annotation, as a task shows it; None for one whose account is gone."""
    if row["completed_by"] is None:
        return None
    return {
        "id": row["completed_by"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "avatar": None,
        "email": row["email"],
        "initials": initials(row),
    }


def initials(row: Row) -> str:
    """Two letters for a person: of the names, else of the e-mail address."""
    return f"{row['first_name'][:1]}{row['last_name'][:1]}" or (row["email"] or "")[:2]


def annotation(row: Row, now: datetime) -> dict[str, object]:
    """An annotation; ``row``: columns of annotations with e-mail and names of the person."""
    return {
        "id": row["id"],
        "result": raw(row["result"]),
        "created_username": _signed(row, row["completed_by"]),
        "created_ago": ago(row["created_at"], now),
        "completed_by": row["completed_by"],
        "was_cancelled": row["was_cancelled"],
        "ground_truth": row["ground_truth"],
        "created_at": instant(row["created_at"]),
        "updated_at": instant(row["updated_at"]),
        "draft_created_at": instant(row["draft_created_at"]),
        "lead_time": row["lead_time"],
        "import_id": row["import_id"],
        "last_action": row["last_action"],
        "bulk_created": row["bulk_created"],
        "task": row["task_id"],
        "project": row["project_id"],
        "updated_by": row["updated_by"],
        "parent_prediction": row["parent_prediction_id"],
        "parent_annotation": row["parent_annotation_id"],
        "last_created_by": row["last_created_by"],
    }


def draft(row: Row, now: datetime) -> dict[str, object]:
    """A draft; ``row``: columns of drafts with e-mail and names of the person."""
    return {
        "id": row["id"],
        "user": row["email"],
        "created_username": _signed(row, row["user_id"]).strip(),
        "created_ago": ago(row["created_at"], now),
        "result": raw(row["result"]),
        "lead_time": row["lead_time"],
        "was_postponed": row["was_postponed"],
        "import_id": row["import_id"],
        "created_at": instant(row["created_at"]),
        "updated_at": instant(row["updated_at"]),
        "task": row["task_id"],
        "annotation": row["annotation_id"],
    }


def prediction(row: Row, now: datetime) -> dict[str, object]:
    """A prediction; ``row``: columns of predictions."""
    return {
        "id": row["id"],
        "result": raw(row["result"]),
        "model_version": row["model_version"],
        "created_ago": ago(row["created_at"], now),
        "score": row["score"],
        "cluster": row["cluster"],
        "neighbors": raw(row["neighbors"]),
        "mislabeling": row["mislabeling"],
        "created_at": instant(row["created_at"]),
        "updated_at": instant(row["updated_at"]),
        "model": None,
        "model_run": None,
        "task": row["task_id"],
        "project": row["project_id"],
    }


def task(row: Row) -> dict[str, object]:
    """The part of a task that every answer shares; ``row``: columns of tasks with file_name."""
    return {
        "id": row["id"],
        "data": raw(row["data"]),
        "meta": raw(row["meta"]),
        "created_at": instant(row["created_at"]),
        "updated_at": instant(row["updated_at"]),
        "is_labeled": row["is_labeled"],
        "overlap": row["overlap"],
        "inner_id": row["inner_id"],
        "total_annotations": row["total_annotations"],
        "cancelled_annotations": row["cancelled_annotations"],
        "total_predictions": row["total_predictions"],
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "comment_authors": [],
        "project": row["project_id"],
        "updated_by": row["updated_by"],
        "file_upload": row["file_upload_id"],
    }


def _signed(row: Row, user_id: int | None) -> str:
    name = f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()
    return f"{name} {row['email'] or ''}, {user_id}"


def project(row: Row, *, with_password: bool = False) -> dict[str, object]:
    """A project with its counters; ``row``: as `projects.get` reads it.

    with_password: of the place its data lies in, for who may change it.
    """
    config = parse_config(row["label_config"])
    return {
        "id": row["id"],
        "title": row["title"],
        "description": row["description"],
        "label_config": row["label_config"],
        "expert_instruction": row["expert_instruction"],
        "show_instruction": row["show_instruction"],
        "show_skip_button": row["show_skip_button"],
        "enable_empty_annotation": row["enable_empty_annotation"],
        "organization": 1,
        "workspace": row["workspace_id"],
        "color": row["color"],
        "maximum_annotations": row["maximum_annotations"],
        "model_version": row["model_version"],
        "created_by": person(row) if row["user_id"] else None,
        "created_at": instant(row["created_at"]),
        "show_collab_predictions": row["show_collab_predictions"],
        "num_tasks_with_annotations": row["tasks_with_annotations"],
        "task_number": row["task_number"],
        "useful_annotation_number": row["total_annotations"] - row["ground_truth_annotations"],
        "ground_truth_number": row["ground_truth_annotations"],
        "skipped_annotations_number": row["skipped_annotations"],
        "total_annotations_number": row["total_annotations"],
        "total_predictions_number": row["total_predictions"],
        "sampling": row["sampling"],
        "control_weights": control_weights(config),
        "parsed_label_config": config.parsed(),
        "config_has_control_tags": bool(config.controls),
        "skip_queue": row["skip_queue"],
        "pinned_at": instant(row["pinned_at"]),
        "finished_task_number": row["finished_task_number"],
        "queue_total": row["task_number"] - row["retired_task_number"],
        "queue_done": row["finished_task_number"],
        "config_suitable_for_bulk_annotation": False,
        "state": None,
        **KEPT_OPTIONS,
        **msgspec.json.decode(row["options"]),
        **({} if with_password else {"task_data_password": None}),
    }


def project_counts(row: Row) -> dict[str, object]:
    """The counters of a project alone."""
    return {
        "id": row["id"],
        "task_number": row["task_number"],
        "finished_task_number": row["finished_task_number"],
        "total_predictions_number": row["total_predictions"],
        "total_annotations_number": row["total_annotations"],
        "num_tasks_with_annotations": row["tasks_with_annotations"],
        "useful_annotation_number": row["total_annotations"] - row["ground_truth_annotations"],
        "ground_truth_number": row["ground_truth_annotations"],
        "skipped_annotations_number": row["skipped_annotations"],
    }


def task_with_work(row: Row, work: TaskWork, now: datetime) -> dict[str, object]:
    """A task with the work on it and on no other (see `TaskWork.by_task`)."""
    return {
        **task(row),
        "annotations": [
            {**annotation(item, now), "completed_by": annotator(item)} for item in work.annotations
        ],
        "predictions": [prediction(item, now) for item in work.predictions],
        "drafts": [draft(item, now) for item in work.drafts],
        "updated_by": [] if row["updated_by"] is None else [{"user_id": row["updated_by"]}],
    }
