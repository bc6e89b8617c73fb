"""An import that was interrupted goes on without duplicates; one that fails leaves nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.faults.recounting import check_counts
from tests.labeling.imports.importing import list_tasks, order_import, parts_of, picture, zipped
from tests.labeling.studio import Studio, box
from treadle import jobs
from treadle.db import Tx
from treadle.db.schema import file_uploads, predictions
from treadle.errors import Invalid
from treadle.jobs import JobKind, JobParts, JobState
from treadle.jobs.runner import run_job
from treadle.labeling import trash, uploads
from treadle.labeling.imports import (
    IMPORT_JOB,
    PREDICTIONS_JOB,
    import_inline,
    import_predictions,
    start_predictions,
    task_ids,
    writing,
)
from treadle.labeling.imports import predictions as prediction_imports
from treadle.permissions import Permission


class Killed(BaseException):
    """What ``kill -9`` is to a process that lives on."""


def run_killed(parts: JobParts, kind: JobKind, job_id: str, kills: set[tuple[str, bool]]) -> jobs.Job:
    """Run a job that is killed in these steps: before what they did is remembered, or before they begin."""
    remembered: dict[str, str] = {}

    def run_step(name: str, call: Callable[[], str]) -> str:
        if name not in remembered:
            if (name, False) in kills:
                kills.remove((name, False))
                raise Killed
            answer = call()
            if (name, True) in kills:
                kills.remove((name, True))
                raise Killed
            remembered[name] = answer
        return remembered[name]

    with parts.database.write() as tx:
        jobs.rows.claim(tx, job_id)
    while True:
        try:
            run_job(parts, {kind.name: kind}, job_id, run_step)
        except Killed:
            continue
        with parts.database.read() as tx:
            return jobs.get(tx, job_id)


def test_an_archive_is_unpacked_once_however_often_its_worker_is_killed(
    studio: Studio, tmp_path: Path
) -> None:
    parts = parts_of(studio.database, tmp_path)
    files = {"a/one.jpg": picture(), "b/one.jpg": picture(), "rows.csv": b"image\n/x.jpg\n"}
    job_id = order_import(studio, parts, [("loose.zip", zipped(files))])
    kills = {(name, late) for name in ("read", "write", "show") for late in (False, True)}
    assert run_killed(parts, IMPORT_JOB, job_id, kills).state is JobState.DONE
    assert len(list_tasks(studio)) == 3
    with studio.database.read() as tx:
        rows = tx.execute(select(file_uploads)).all()
    assert len(rows) == 2
    keys = {row.object_key for row in rows} | {
        uploads.thumbnail_key(studio.project_id, row.file_name) for row in rows
    }
    assert {found.key for found in parts.objects.list()} == keys


@pytest.fixture
def ids(studio: Studio) -> list[int]:
    rows = json.dumps([{"image": f"/{n}.jpg"} for n in range(1_200)]).encode()
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
    found = import_inline(studio.database, grant, rows)
    with studio.database.read() as tx:
        return task_ids(tx, found["import"])


def order_predictions(studio: Studio, parts: JobParts, rows: list[Any]) -> str:
    parts.objects.put("imports/bodies/a.json", [json.dumps(rows).encode()])
    with studio.database.write() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
        return start_predictions(tx, grant, "imports/bodies/a.json")[0].id


def count_predictions(studio: Studio) -> tuple[int, int, int]:
    """In their table, at their tasks, and in the project."""
    with studio.database.read() as tx:
        rows = int(tx.execute(select(func.count()).select_from(predictions)).scalar_one())
    at_tasks = sum(row["total_predictions"] for row in (studio.task(each) for each in _some(studio)))
    return rows, at_tasks, studio.project()["total_predictions"]


def _some(studio: Studio) -> list[int]:
    with studio.database.read() as tx:
        return list(tx.execute(select(predictions.c.task_id).distinct()).scalars())


def test_many_predictions_come_in_by_batches_and_go_on_after_a_kill(
    studio: Studio, tmp_path: Path, ids: list[int]
) -> None:
    parts = parts_of(studio.database, tmp_path)
    rows = [{"task": each, "result": [box()], "score": 0.5} for each in [*ids, ids[0]]]
    job_id = order_predictions(studio, parts, rows)
    kills = {(name, late) for name in ("read", "write", "show") for late in (False, True)}
    job = run_killed(parts, PREDICTIONS_JOB, job_id, kills)
    assert (job.state, json.loads(job.result or "{}")["created"]) == (JobState.DONE, 1_201)
    assert count_predictions(studio) == (1_201, 1_201, 1_201)
    assert list(parts.objects.list()) == []


def test_predictions_that_fail_half_way_leave_nothing(
    studio: Studio, tmp_path: Path, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(studio.database, tmp_path)
    rows = [{"task": each, "result": [box()], "score": 0.5} for each in ids]
    done: list[bool] = []
    write = prediction_imports._write_batch

    def write_one(*arguments: Any) -> None:
        if done:
            raise Invalid("task-gone", "A task was deleted meanwhile.")
        write(*arguments)
        done.append(True)

    monkeypatch.setattr(prediction_imports, "_write_batch", write_one)
    job = jobs.run_in_place(parts, PREDICTIONS_JOB, order_predictions(studio, parts, rows))
    assert (job.state, done) == (JobState.FAILED, [True])
    assert count_predictions(studio) == (0, 0, 0)
    assert list(parts.objects.list()) == []


def test_many_predictions_at_once_hold_the_database_for_a_batch_at_a_time(
    studio: Studio, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)
    write = prediction_imports._write_batch
    sizes: list[int] = []

    def write_one(tx: Tx, import_id: int, project_id: int, rows: Sequence[Any]) -> None:
        sizes.append(len(rows))
        if rows[-1].score:
            raise Invalid("task-gone", "A task was deleted meanwhile.")
        write(tx, import_id, project_id, rows)

    monkeypatch.setattr(prediction_imports, "_write_batch", write_one)
    rows = [{"task": each, "result": [box()]} for each in ids[:301]]
    assert import_predictions(studio.database, grant, json.dumps(rows).encode()) == 301
    assert max(sizes) <= 200
    with pytest.raises(Invalid, match="deleted meanwhile"):
        import_predictions(studio.database, grant, json.dumps([*rows, {**rows[0], "score": 1}]).encode())
    assert count_predictions(studio) == (301, 301, 301)


def test_a_task_deleted_while_predictions_for_it_come_in_leaves_exact_counts(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone, last = studio.add_tasks(3)
    write = prediction_imports._write_batch
    done: list[bool] = []

    def write_one(*arguments: Any) -> None:
        write(*arguments)
        done.append(True)
        if len(done) == 1:
            return
        raise Invalid("task-gone", "A task was deleted meanwhile.")

    def delete_one(_self: object) -> None:
        with studio.database.write() as tx:
            trash.delete_now(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), "tasks", [gone])

    monkeypatch.setattr(prediction_imports, "BATCH", 2)
    monkeypatch.setattr(prediction_imports, "_write_batch", write_one)
    monkeypatch.setattr(writing.Turns, "step_back", delete_one)
    parts = parts_of(studio.database, tmp_path)
    rows = [{"task": each, "result": [box()]} for each in (kept, gone, last)]
    job = jobs.run_in_place(parts, PREDICTIONS_JOB, order_predictions(studio, parts, rows))
    assert job.state is JobState.FAILED
    with studio.database.read() as tx:
        check_counts(tx, studio.project_id)


def test_quick_checks_take_what_careful_ones_take_and_refuse_the_rest(studio: Studio, ids: list[int]) -> None:
    """A row that the parser lets pass, one that it refuses and that is right, and some that are wrong."""
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.PREDICTION_WRITE)

    def send(*results: Any) -> int:
        rows = [{"task": ids[0], "result": result} for result in results]
        return import_predictions(studio.database, grant, json.dumps(rows).encode())

    turned = box(x=100, rotation=45)
    answered = {"from_name": "q", "to_name": "img", "type": "choices", "value": {"choices": ["sharp"]}}
    gone = {**box(), "from_name": "gone"}
    assert send([box()], [turned], [answered], [gone], "sharp") == 5
    for wrong in (
        box(x=120),
        box("Horse"),
        box(labels=7),
        {**box(), "to_name": "other"},
        {**box(), "original_width": -1},
        {**answered, "value": {"choices": ["sharp"], "x": 1, "width": 1, "height": 900, "y": 1}},
    ):
        with pytest.raises(Invalid, match="Error at item 1"):
            send([box()], [wrong])
    assert studio.project()["total_predictions"] == 5
