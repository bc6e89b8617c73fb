"""A new number of annotations for each task of a large project, batch by batch."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from tests.faults.recounting import check_counts
from tests.labeling.studio import Studio
from treadle import jobs
from treadle.access import DeletedProjectScope
from treadle.db import Database, schema
from treadle.db.schema import tasks
from treadle.jobs import JobParts, JobState
from treadle.labeling import overlap, projects
from treadle.labeling.imports import import_inline, writing
from treadle.labeling.overlap import OVERLAP_JOB
from treadle.objects.memory import MemoryObjects
from treadle.permissions import Permission
from treadle.settings import Settings


@pytest.fixture
def large(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Studio:
    """A project of five tasks, which is large here; the first three are done."""
    monkeypatch.setattr(overlap, "_AT_ONCE", 2)
    monkeypatch.setattr(overlap, "_BATCH", 2)
    for task_id in studio.add_tasks(5)[:3]:
        studio.submit("annotator", task_id)
    return studio


def ordered(studio: Studio) -> list[str]:
    """The jobs that wait."""
    with studio.database.read() as tx:
        return list(tx.execute(select(schema.jobs.c.id)).scalars())


def check(studio: Studio) -> list[int]:
    """Counters are as the rows say; the tasks' numbers, in the order of ids."""
    with studio.database.read() as tx:
        check_counts(tx, studio.project_id)
        return list(tx.execute(select(tasks.c.overlap).order_by(tasks.c.id)).scalars())


def test_a_large_project_follows_a_new_overlap_by_a_job(large: Studio) -> None:
    assert large.change_project(maximum_annotations=2)["maximum_annotations"] == 2
    assert (check(large), large.project()["finished_task_number"]) == ([1, 1, 1, 1, 1], 3)
    (job_id,) = ordered(large)
    ended = jobs.run_in_place(JobParts(large.database, MemoryObjects(), Settings()), OVERLAP_JOB, job_id)
    assert (ended.state, ended.result) == (JobState.DONE, '{"count":5}')
    assert (check(large), large.project()["finished_task_number"]) == ([2, 2, 2, 2, 2], 0)


def test_counters_are_true_between_batches_while_people_save(large: Studio) -> None:
    large.change_project(skip_queue="IGNORE_SKIPPED", maximum_annotations=2)
    last_id, numbers = 0, []
    for _ in range(3):
        with large.database.write() as tx:
            last_id = overlap.apply_batch(tx, large.project_id, after=last_id, most=2)[-1]
        numbers.append(check(large))
        large.submit("reviewer", last_id, result=b"[]", was_cancelled=True)
        check(large)
    assert numbers == [[2, 2, 1, 1, 1], [2, 2, 2, 2, 1], [2, 2, 2, 2, 2]]
    assert large.project()["finished_task_number"] == 1


def test_an_import_that_ends_while_its_tasks_are_counted_is_counted_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[threading.Thread] = []
    real_show, count = writing.show, overlap._count_finished
    monkeypatch.setattr(writing, "BATCH", 1)

    def show(database: Database, import_id: int) -> None:
        waiting.append(threading.Thread(target=real_show, args=(database, import_id)))

    def show_between(*arguments: Any) -> int:
        found = count(*arguments)
        if waiting[0].ident is None:
            waiting[0].start()
            waiting[0].join(0.3)  # it has to wait, and would be done by now
        return found

    monkeypatch.setattr(writing, "show", show)
    done = b'{"data":{"image":"/a.jpg"},"annotations":[{"result":[]}]}'
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
    import_inline(studio.database, grant, b"[" + done + b"," + done + b"]")
    monkeypatch.setattr(overlap, "_count_finished", show_between)
    with studio.database.write() as tx:
        overlap.apply_batch(tx, studio.project_id, after=0, most=9)
    waiting[0].join()
    assert (check(studio), studio.project()["finished_task_number"]) == ([1, 1], 2)


def test_a_restored_project_follows_the_rules_whose_job_was_cancelled_with_it(large: Studio) -> None:
    large.change_project(maximum_annotations=2)
    parts = JobParts(large.database, MemoryObjects(), Settings())
    with large.database.write() as tx:
        projects.remove(tx, large.grant(tx, "manager", Permission.PROJECT_DELETE))
    (cancelled,) = ordered(large)
    assert jobs.run_in_place(parts, OVERLAP_JOB, cancelled).state is not JobState.DONE
    with large.database.write() as tx:
        scope = DeletedProjectScope(large.project_id)
        projects.restore(tx, large.grant(tx, "manager", Permission.PROJECT_DELETE, scope))
    (again,) = set(ordered(large)) - {cancelled}
    assert jobs.run_in_place(parts, OVERLAP_JOB, again).state is JobState.DONE
    assert check(large) == [2, 2, 2, 2, 2]


def test_a_small_project_follows_at_once(studio: Studio) -> None:
    studio.add_tasks(2)
    studio.change_project(maximum_annotations=3)
    assert (check(studio), ordered(studio)) == ([3, 3], [])
