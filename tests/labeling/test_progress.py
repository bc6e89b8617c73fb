"""Who did how much on which day, and when the rest will be done."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from tests.labeling.studio import Studio, result
from treadle.errors import Invalid
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import people
from treadle.labeling.annotations import NewAnnotation
from treadle.labeling.imports import import_inline
from treadle.labeling.progress import Progress, read_progress
from treadle.permissions import Permission

EVENING = datetime(2026, 3, 1, 22, 50, tzinfo=timezone.utc)


def submit_at(studio: Studio, who: str, task_id: int, at: datetime, **parts: object) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, who, Permission.ANNOTATION_WRITE)
        new = NewAnnotation(result(), **parts)  # type: ignore[arg-type]
        annotation_verbs.submit(replace(tx, now=at), grant, task_id, new)


def progress_of(studio: Studio, who: str, at: datetime = EVENING, utc_offset_min: int = 0) -> Progress:
    with studio.database.read() as tx:
        grant = studio.grant(tx, who, Permission.PROJECT_READ)
        return read_progress(replace(tx, now=at), grant, utc_offset_min=utc_offset_min)


@pytest.fixture
def tasks(studio: Studio) -> list[int]:
    """Eight tasks: two by the annotator late in the evening, one skipped, one by the reviewer next day."""
    ids = studio.add_tasks(8)
    submit_at(studio, "annotator", ids[0], EVENING, lead_time=2.0)
    submit_at(studio, "annotator", ids[2], EVENING, was_cancelled=True, lead_time=99.0)
    submit_at(studio, "annotator", ids[1], EVENING + timedelta(minutes=15), lead_time=4.0)
    submit_at(studio, "reviewer", ids[3], EVENING + timedelta(hours=3))
    return ids


def told(progress: Progress) -> list[tuple[str, int, int]]:
    return [(day.date.isoformat(), day.submitted, day.skipped) for day in progress.days]


def test_work_falls_on_the_days_of_the_askers_zone(studio: Studio, tasks: list[int]) -> None:
    assert told(progress_of(studio, "manager")) == [("2026-03-01", 2, 1), ("2026-03-02", 1, 0)]
    assert told(progress_of(studio, "manager", utc_offset_min=60)) == [
        ("2026-03-01", 1, 1),
        ("2026-03-02", 2, 0),
    ]
    assert told(progress_of(studio, "manager", utc_offset_min=-240)) == [("2026-03-01", 3, 1)]
    with pytest.raises(Invalid):
        progress_of(studio, "manager", utc_offset_min=7)


def test_everybody_has_a_row_and_the_forecast_rests_on_active_days(studio: Studio, tasks: list[int]) -> None:
    progress = progress_of(studio, "manager", at=EVENING + timedelta(days=30))
    first, second = progress.annotators
    assert (first.person or {})["email"] == "annotator@example.com"
    assert (first.submitted, first.skipped, first.mean_lead_time_s) == (2, 1, 3.0)
    assert (first.last_at, second.last_at) == (EVENING + timedelta(minutes=15), EVENING + timedelta(hours=3))
    assert progress.tasks == {"total": 8, "finished": 3, "started": 3, "skipped": 1}
    assert progress.labels == [{"control": "box", "label": "Cat", "count": 4}]
    # 5 tasks at 1.5 a day, from the 31st on.
    assert (progress.forecast.per_day, progress.forecast.based_on_days) == (1.5, 2)
    assert str(progress.forecast.done_on) == "2026-04-04"


def test_an_annotator_sees_their_own_work_alone(studio: Studio, tasks: list[int]) -> None:
    progress = progress_of(studio, "annotator")
    assert [(each.person or {})["email"] for each in progress.annotators] == ["annotator@example.com"]
    assert told(progress) == [("2026-03-01", 2, 1)]
    assert (progress.labels, progress.forecast.per_day, progress.tasks["skipped"]) == ([], None, 1)
    assert progress.tasks["total"] == 8


def test_what_was_imported_is_nobodys_work(studio: Studio) -> None:
    with studio.database.read() as tx:
        grant = studio.grant(tx, "editor", Permission.TASK_WRITE)
    row = {"data": {"image": "/a.jpg"}, "annotations": [{"result": []}]}
    import_inline(studio.database, grant, json.dumps([row]).encode())
    progress = progress_of(studio, "manager")
    assert (progress.days, progress.annotators, progress.forecast.per_day) == ([], [], None)
    assert progress.tasks["started"] == 0


def test_everybody_who_annotated_is_found(studio: Studio, tasks: list[int]) -> None:
    with studio.database.read() as tx:
        grant = studio.grant(tx, "manager", Permission.PROJECT_READ)
        found = people.annotators_of(tx, grant)
        named = [row["email"] for row in people.list_annotators(tx, grant)]
    assert found == [studio.people["annotator"].user_id, studio.people["reviewer"].user_id]
    assert named == ["annotator@example.com", "reviewer@example.com"]
