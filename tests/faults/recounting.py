"""What counters and tallies must say, counted from the rows alone, in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from treadle.db import Tx, schema
from treadle.db.schema import imports, predictions, project_counters, projects, tasks

_TALLIED = (
    "total_annotations",
    "cancelled_annotations",
    "ground_truth_annotations",
    "total_predictions",
    "is_labeled",
)


def kept_tallies(tx: Tx, project_id: int) -> dict[int, dict[str, Any]]:
    """What each visible task of the project says of itself, by its id."""
    return {row["id"]: {name: row[name] for name in _TALLIED} for row in _visible(tx, project_id)}


def recounted_tallies(tx: Tx, project_id: int) -> dict[int, dict[str, Any]]:
    """What each visible task of the project should say of itself, by its id."""
    project = dict(tx.execute(select(projects).where(projects.c.id == project_id)).mappings().one())
    done = _by_task(tx, schema.annotations, project_id)
    predicted = _by_task(tx, predictions, project_id)
    return {
        row["id"]: _tally(row, project, done.get(row["id"], []), predicted.get(row["id"], []))
        for row in _visible(tx, project_id)
    }


def kept_counters(tx: Tx, project_id: int) -> dict[str, int]:
    """What the project's counters say."""
    found = select(project_counters).where(project_counters.c.project_id == project_id)
    row = dict(tx.execute(found).mappings().one())
    return {name: row[name] for name in row if name not in ("project_id", "last_inner_id")}


def recounted_counters(tx: Tx, project_id: int) -> dict[str, int]:
    """What the project's counters should say."""
    tallies = recounted_tallies(tx, project_id).values()
    return {
        "task_number": len(tallies),
        "finished_task_number": sum(each["is_labeled"] for each in tallies),
        "tasks_with_annotations": sum(
            each["total_annotations"] > each["ground_truth_annotations"] for each in tallies
        ),
        "total_annotations": sum(each["total_annotations"] for each in tallies),
        "skipped_annotations": sum(each["cancelled_annotations"] for each in tallies),
        "ground_truth_annotations": sum(each["ground_truth_annotations"] for each in tallies),
        "total_predictions": sum(each["total_predictions"] for each in tallies),
    }


def check_counts(tx: Tx, project_id: int) -> None:
    """Assert that everything that is kept equals what is counted."""
    assert kept_tallies(tx, project_id) == recounted_tallies(tx, project_id)
    assert kept_counters(tx, project_id) == recounted_counters(tx, project_id)


def _tally(
    task: Mapping[str, Any], project: Mapping[str, Any], done: list[Any], predicted: list[Any]
) -> dict[str, Any]:
    useful = [each for each in done if not each["was_cancelled"]]
    deciding = done if project["skip_queue"] == "IGNORE_SKIPPED" else useful
    return {
        "total_annotations": len(useful),
        "cancelled_annotations": len(done) - len(useful),
        "ground_truth_annotations": sum(each["ground_truth"] for each in useful),
        "total_predictions": len(predicted),
        "is_labeled": len({each["completed_by"] for each in deciding}) >= task["overlap"],
    }


def _visible(tx: Tx, project_id: int) -> list[Mapping[str, Any]]:
    hidden = select(imports.c.id).where(imports.c.state != "done")
    statement = select(tasks).where(tasks.c.project_id == project_id, tasks.c.import_id.not_in(hidden))
    return [dict(row) for row in tx.execute(statement).mappings()]


def _by_task(tx: Tx, table: Any, project_id: int) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = {}
    for row in tx.execute(select(table).where(table.c.project_id == project_id)).mappings():
        grouped.setdefault(row["task_id"], []).append(row)
    return grouped
