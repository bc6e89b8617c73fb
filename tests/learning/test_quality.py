"""What became of suggestions: judged region by region, and summed exactly while people work."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from tests.labeling.studio import Studio, box, open_studio
from treadle.db import Database
from treadle.db.learning_tables import (
    annotation_quality,
    learning_positions,
    ml_backends,
    prediction_attempts,
    prediction_quality,
)
from treadle.db.schema import events, predictions
from treadle.labeling import annotations as annotation_verbs
from treadle.labeling import trash
from treadle.labeling.annotations import NewAnnotation
from treadle.learning.measures.comparing import OUTCOMES, judge
from treadle.learning.measures.quality import QualityFollower, quality_of
from treadle.permissions import Permission

Json = dict[str, Any]


def shaped(own: str, label: str = "Cat", **value: Any) -> Json:
    return {**box(label, **value), "id": own}


def region(kind: str, own: str, value: Json, **more: Any) -> Json:
    return {"id": own, "type": kind, "from_name": "it", "to_name": "img", "value": value, **more}


def choice(*chosen: str, own: str = "q") -> Json:
    return {**region("choices", own, {"choices": list(chosen)}), "from_name": "q"}


def span(own: str, start: int, end: int, label: str = "PER") -> Json:
    return region("labels", own, {"start": start, "end": end, "labels": [label]})


def polygon(own: str, *points: tuple[float, float]) -> Json:
    return region("polygonlabels", own, {"points": points, "polygonlabels": ["Cat"]})


def point(own: str, x: float, y: float) -> Json:
    return region("keypointlabels", own, {"x": x, "y": y, "width": 1, "keypointlabels": ["Cat"]})


SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
CASES: Mapping[str, tuple[list[Json], list[Json], Json]] = {
    "as it was": ([shaped("a")], [shaped("a")], {"Cat": "kept"}),
    "a hair moved": ([shaped("a")], [shaped("a", x=10.1)], {"Cat": "kept"}),
    "moved": ([shaped("a")], [shaped("a", x=14)], {"Cat": "moved"}),
    "turned": ([shaped("a")], [shaped("a", rotation=30)], {"Cat": "moved"}),
    "turned full circle": ([shaped("a")], [shaped("a", rotation=360)], {"Cat": "kept"}),
    "moved and relabelled": ([shaped("a")], [shaped("a", "Dog", x=14)], {"Cat": "relabelled"}),
    "deleted": ([shaped("a")], [], {"Cat": "deleted"}),
    "added": ([], [shaped("a", "Dog")], {"Dog": "added"}),
    "another id, the same place": ([shaped("a")], [shaped("b")], {"Cat": "kept"}),
    "another id, about there": ([shaped("a")], [shaped("b", x=14)], {"Cat": "moved"}),
    "another id, elsewhere": ([shaped("a")], [shaped("b", x=60)], {"Cat": "deleted added"}),
    "named at last": ([region("rectangle", "a", box()["value"])], [shaped("a")], {"": "relabelled"}),
    "a span as it was": ([span("a", 3, 9)], [span("b", 3, 9)], {"PER": "kept"}),
    "a span one letter longer": ([span("a", 3, 9)], [span("a", 3, 10)], {"PER": "moved"}),
    "a polygon begun elsewhere": (
        [polygon("a", *SQUARE)],
        [polygon("b", *SQUARE[2:], *SQUARE[:2])],
        {"Cat": "kept"},
    ),
    "a polygon cut": ([polygon("a", *SQUARE)], [polygon("a", *SQUARE[:3])], {"Cat": "moved"}),
    "a point": ([point("a", 5, 5)], [point("a", 5.05, 5)], {"Cat": "kept"}),
    "a point moved": ([point("a", 5, 5)], [point("b", 6, 5)], {"Cat": "moved"}),
    "the same answer": ([choice("sharp")], [choice("sharp", own="z")], {"sharp": "kept"}),
    "another answer": ([choice("sharp")], [choice("blurred")], {"sharp": "relabelled"}),
    "one answer more": ([choice("a")], [choice("a", "b")], {"a": "kept", "b": "added"}),
    "no answer": ([choice("sharp")], [], {"sharp": "deleted"}),
    "an answer of a region": (
        [shaped("a"), choice("sharp", own="a")],
        [shaped("b"), choice("blurred", own="b")],
        {"Cat": "kept", "sharp": "relabelled"},
    ),
    "relations": ([{"type": "relation", "from_id": "a", "to_id": "b"}], [], {}),
    "rubbish": ([{"type": 7, "value": 3}, {"id": 4}], [region("rectanglelabels", "a", {})], {"": "added"}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_region_is_judged_once(case: tuple[list[Json], list[Json], Json]) -> None:
    suggested, made, wanted = case
    found = judge(json.dumps(suggested), json.dumps(made))
    told = {
        label: " ".join(name for name, count in zip(OUTCOMES, counts, strict=True) for _ in range(count))
        for label, counts in found.items()
    }
    assert told == wanted


def test_of_two_that_overlap_the_closer_one_is_meant() -> None:
    suggested = [shaped("a", x=10), shaped("b", x=20)]
    found = judge(json.dumps(suggested), json.dumps([shaped("c", x=20)]))
    assert found == {"Cat": [1, 0, 0, 1, 0]}


@pytest.fixture
def studio(database: Database) -> Studio:
    return open_studio(database)


def predict(studio: Studio, task_id: int, *items: Json, version: str = "v1") -> int:
    with studio.database.write() as tx:
        row = {"task_id": task_id, "project_id": studio.project_id, "model_version": version}
        row |= {"result": json.dumps(items), "created_at": tx.now, "updated_at": tx.now}
        return int(tx.execute(insert(predictions).returning(predictions.c.id), row).scalar_one())


def annotate(studio: Studio, task_id: int, *items: Json, **more: Any) -> int:
    return int(studio.submit("annotator", task_id, result=json.dumps(items).encode(), **more)["id"])


def change(studio: Studio, annotation_id: int, *items: Json, **more: Any) -> None:
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        changes = {"result": json.dumps(items).encode(), **more}
        annotation_verbs.change(tx, grant, annotation_id, changes)


def remove(studio: Studio, kind: trash.Kind, own: int) -> int:
    with studio.database.write() as tx:
        return trash.delete_now(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), kind, [own]).id


def restore(studio: Studio, deletion_id: int) -> None:
    with studio.database.write() as tx:
        trash.restore_now(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), deletion_id)


def sums(studio: Studio) -> dict[str, tuple[int, ...]]:
    with studio.database.read() as tx:
        found = quality_of(tx, studio.project_id)
    return {row["version"]: tuple(row[name] for name in OUTCOMES) for row in found.versions}


def test_a_history_of_saves_and_deletions_leaves_what_is_there_alone(studio: Studio) -> None:
    follower, late = QualityFollower(studio.database), QualityFollower(studio.database)
    tasks = studio.add_tasks(4)
    suggestions = {task: predict(studio, task, shaped("a"), choice("sharp"), version="v1") for task in tasks}
    made = {}
    for task in tasks:
        made[task] = annotate(studio, task, shaped("a"), choice("sharp"), parent_prediction=suggestions[task])
    assert follower.look() == 4
    assert sums(studio) == {"v1": (8, 0, 0, 0, 0)}
    change(studio, made[tasks[0]], shaped("a", x=30), choice("blurred"))
    change(studio, made[tasks[1]], shaped("a"), shaped("b", "Dög"))
    change(studio, made[tasks[2]], shaped("a"), was_cancelled=True)
    follower.look()
    assert sums(studio) == {"v1": (3, 1, 1, 1, 1)}
    of_annotation = remove(studio, "annotations", made[tasks[1]])
    of_task = remove(studio, "tasks", tasks[3])
    follower.look()
    assert sums(studio) == {"v1": (0, 1, 1, 0, 0)}
    restore(studio, of_annotation)
    restore(studio, of_task)
    late.look()
    follower.look()
    assert sums(studio) == {"v1": (3, 1, 1, 1, 1)}
    with studio.database.read() as tx:
        days = quality_of(tx, studio.project_id).days
        assert [row["day"] for row in days] == [tx.now.date().isoformat()]


def test_what_followers_keep_is_what_one_that_begins_anew_would(studio: Studio) -> None:
    chance = random.Random(7)
    followers = [QualityFollower(studio.database) for _ in range(2)]
    items = [shaped("a"), shaped("a", x=30), shaped("b", "Dög"), choice("sharp"), choice("blurred")]
    made: list[int] = []
    gone: list[int] = []
    for task in studio.add_tasks(12):
        parent = predict(studio, task, *chance.sample(items, 2), version=chance.choice(["v1", "v2"]))
        made.append(annotate(studio, task, *chance.sample(items, 2), parent_prediction=parent))
        act = chance.choice(["change", "remove", "restore", "wait"])
        if act == "change":
            change(studio, made[-1], *chance.sample(items, 3))
        elif act == "remove":
            gone.append(remove(studio, "annotations", made.pop()))
        elif act == "restore" and gone:
            restore(studio, gone.pop())
        chance.choice(followers).look()
    for follower in followers:
        follower.look()
    kept = sums(studio)
    with studio.database.write() as tx:
        for table in (prediction_quality, annotation_quality, learning_positions):
            tx.execute(delete(table))
    QualityFollower(studio.database).look()
    assert sums(studio) == kept
    assert set(kept) == {"v1", "v2"}


def test_what_a_version_missed_altogether_counts_as_added(studio: Studio) -> None:
    first, second = studio.add_tasks(2)
    with studio.database.write() as tx:
        about = {"project_id": studio.project_id, "title": "Y", "created_at": tx.now, "updated_at": tx.now}
        backend_id = tx.execute(insert(ml_backends).returning(ml_backends.c.id), about).scalar_one()
        row = {"backend_id": backend_id, "task_id": first, "model_version": "v1", "state": "nothing"}
        tx.execute(insert(prediction_attempts), {**row, "at": tx.now})
    annotate(studio, first, shaped("a"))
    annotate(studio, second, shaped("a"))
    QualityFollower(studio.database).look()
    assert sums(studio) == {"v1": (0, 0, 0, 0, 1)}


def test_a_save_costs_nothing_more_and_what_one_worker_did_is_not_done_again(studio: Studio) -> None:
    (task,) = studio.add_tasks(1)
    parent = predict(studio, task, shaped("a"))
    first, second = QualityFollower(studio.database), QualityFollower(studio.database)
    with studio.database.write() as tx:
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        new = NewAnnotation(json.dumps([shaped("a")]).encode(), parent_prediction=parent)
        annotation_verbs.submit(tx, grant, task, new)
        assert tx.execute(select(annotation_quality)).all() == []
    assert first.look() == 1
    second.look()
    assert sums(studio) == {"v1": (1, 0, 0, 0, 0)}
    assert first.look() == 0


def test_what_is_committed_late_is_counted_however_much_happened_meanwhile(studio: Studio) -> None:
    if studio.database.dialect != "postgresql":
        return  # who writes next begins there when this one has ended
    (task,) = studio.add_tasks(1)
    parent = predict(studio, task, shaped("a"))
    follower = QualityFollower(studio.database)
    with ExitStack() as late:
        tx = late.enter_context(studio.database.write())
        grant = studio.grant(tx, "annotator", Permission.ANNOTATION_WRITE)
        new = NewAnnotation(json.dumps([shaped("a")]).encode(), parent_prediction=parent)
        annotation_verbs.submit(tx, grant, task, new)
        with studio.database.write() as other:
            row = {"at": other.now, "kind": "annotation.updated", "subject_id": 2**40, "payload": "{}"}
            rows = [row] * 1_500
            other.execute(insert(events), rows)
        follower.look()
        follower.look()
    follower.look()
    assert sums(studio) == {"v1": (1, 0, 0, 0, 0)}
