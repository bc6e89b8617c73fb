"""What counters and tallies must say, counted from the rows alone, in plain Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from treadle.db import Tx, schema
from treadle.db.schema import (
    imports,
    label_usage,
    predictions,
    project_counters,
    projects,
    tasks,
    work_sums,
)
from treadle.db.storage_tables import storage_items
from treadle.db.types import to_microseconds

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
    by_task = recounted_tallies(tx, project_id)
    tallies = by_task.values()
    is_retired = storage_items.c.state == "retired"
    retired = set(tx.execute(select(storage_items.c.task_id).where(is_retired)).scalars())
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
        "retired_task_number": sum(
            task_id in retired and not each["is_labeled"] for task_id, each in by_task.items()
        ),
    }


def check_counts(tx: Tx, project_id: int) -> None:
    """Assert that everything that is kept equals what is counted."""
    assert kept_tallies(tx, project_id) == recounted_tallies(tx, project_id)
    assert kept_counters(tx, project_id) == recounted_counters(tx, project_id)
    assert kept_labels(tx, project_id) == recounted_labels(tx, project_id)
    assert kept_work(tx, project_id) == recounted_work(tx, project_id)


def kept_labels(tx: Tx, project_id: int) -> Counter[tuple[str, str]]:
    """How often the project says that each control and each label of it is used."""
    rows = tx.execute(select(label_usage).where(label_usage.c.project_id == project_id)).mappings()
    return Counter({(row["control"], row["label"]): row["count"] for row in rows if row["count"]})


def recounted_labels(tx: Tx, project_id: int) -> Counter[tuple[str, str]]:
    """How often each control and each label of it is used."""
    texts = tx.execute(_of(schema.annotations, project_id)).mappings()
    return Counter(use for row in texts for item in json.loads(row["result"]) for use in _uses(item))


def kept_work(tx: Tx, project_id: int) -> Counter[tuple[int, int, str]]:
    """What the project says that each person did in each quarter of an hour."""
    names = ("submitted", "skipped", "timed", "lead_time_ms")
    return +Counter(
        {
            (row["slot"], row["user_id"], name): row[name]
            for row in tx.execute(_of(work_sums, project_id)).mappings()
            for name in names
        }
    )


def recounted_work(tx: Tx, project_id: int) -> Counter[tuple[int, int, str]]:
    """What each person did in each quarter of an hour, imports left out."""
    counted: Counter[tuple[int, int, str]] = Counter()
    for row in tx.execute(_of(schema.annotations, project_id)).mappings():
        if row["import_id"] is None:
            slot, person = to_microseconds(row["created_at"]) // 900_000_000, row["completed_by"]
            counted[slot, person, "skipped" if row["was_cancelled"] else "submitted"] += 1
            if row["lead_time"] is not None and not row["was_cancelled"]:
                counted[slot, person, "timed"] += 1
                counted[slot, person, "lead_time_ms"] += int(row["lead_time"] * 1000)
    return +counted


def _uses(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    control = f"{item['from_name']}|{item['to_name']}|{item['type']}"
    yield control, ""
    for label in item["value"].get(item["type"], []):
        for name in label if isinstance(label, list) else [label]:
            yield control, name


def _of(table: Any, project_id: int) -> Any:
    return select(table).where(table.c.project_id == project_id)


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
