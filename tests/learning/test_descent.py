"""From a prediction back to what its model learnt from, and from a label to all that it led to."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert, select

from tests.labeling.studio import Studio, box, open_studio
from treadle.connectors.tracing import Tracer
from treadle.db import Database
from treadle.db.learning_tables import ml_backends, prediction_attempts, trainings
from treadle.db.schema import predictions
from treadle.labeling import trash
from treadle.learning.connections import backends
from treadle.learning.serving import descent, versions
from treadle.lineage import Direction
from treadle.permissions import Permission


@pytest.fixture
def studio(database: Database) -> Studio:
    return open_studio(database)


def learnt(studio: Studio, annotation_ids: list[int], name: str) -> tuple[int, int]:
    """A training of these, and the version that came of it."""
    with studio.database.write() as tx:
        now = {"created_at": tx.now, "updated_at": tx.now}
        found = tx.execute(select(ml_backends.c.id)).scalar()
        about = {"project_id": studio.project_id, "title": "robot", **now}
        backend_id = found or tx.execute(insert(ml_backends).returning(ml_backends.c.id), about).scalar_one()
        row = {"project_id": studio.project_id, "backend_id": backend_id, "created_at": tx.now}
        made = insert(trainings).returning(trainings.c.id)
        training_id = tx.execute(made, {**row, "changed_at": tx.now}).scalar_one()
        descent.note_dataset(tx, training_id, annotation_ids)
        descent.note_dataset(tx, training_id, annotation_ids)
        version = versions.note(tx, backends.get(tx, backend_id), name, training_id)
    return training_id, int(version["id"])


def predict(studio: Studio, task_id: int, name: str) -> int:
    with studio.database.write() as tx:
        row = {"task_id": task_id, "project_id": studio.project_id, "model_version": name, "score": 0.5}
        row |= {"result": json.dumps([box()]), "created_at": tx.now, "updated_at": tx.now}
        own = tx.execute(insert(predictions).returning(predictions.c.id), row).scalar_one()
        backend_id = tx.execute(select(ml_backends.c.id)).scalar()
        attempt = {"backend_id": backend_id, "task_id": task_id, "model_version": name, "state": "done"}
        tx.execute(insert(prediction_attempts), {**attempt, "prediction_id": own, "at": tx.now})
        return int(own)


def trace(studio: Studio, who: str, node: str, direction: Direction) -> set[str]:
    with studio.database.read() as tx:
        tracer = Tracer(tx, studio.people[who])
        graph, told = tracer.trace(node, direction=direction, depth=9, limit=100)
        assert {str(each.node) for each in told} == {str(each) for each in graph.nodes}
        return {str(each) for each in graph.nodes}


def test_a_label_leads_to_every_model_that_learnt_from_it_and_back(studio: Studio) -> None:
    first, second, third = studio.add_tasks(3)
    good, bad = (int(studio.submit("annotator", task)["id"]) for task in (first, second))
    training, version = learnt(studio, [good, bad], "a")
    other_training, other_version = learnt(studio, [good], "b")
    said = predict(studio, third, "a")
    kept = int(studio.submit("annotator", third, parent_prediction=said)["id"])
    down = {f"annotation:{bad}", f"training:{training}", f"model_version:{version}"}
    down |= {f"prediction:{said}", f"annotation:{kept}"}
    assert trace(studio, "viewer", f"annotation:{bad}", "down") == down
    further = {f"training:{other_training}", f"model_version:{other_version}"}
    assert trace(studio, "viewer", f"annotation:{good}", "down") >= further
    up = {f"prediction:{said}", f"model_version:{version}", f"training:{training}", f"task:{third}"}
    up |= {f"annotation:{each}" for each in (good, bad)} | {f"task:{each}" for each in (first, second)}
    assert trace(studio, "viewer", f"prediction:{said}", "up") == up
    assert f"prediction:{said}" in trace(studio, "viewer", f"task:{third}", "down")
    assert f"prediction:{said}" in trace(studio, "viewer", f"annotation:{kept}", "up")
    with studio.database.write() as tx:
        trash.delete_now(tx, studio.grant(tx, "editor", Permission.TASK_WRITE), "predictions", [said])
    assert f"prediction:{said}" not in trace(studio, "viewer", f"annotation:{kept}", "up")


def test_who_sees_only_their_own_tasks_sees_their_predictions_alone(studio: Studio) -> None:
    mine, theirs = studio.add_tasks(2)
    own = int(studio.submit("annotator", mine)["id"])
    studio.submit("editor", theirs)
    _training, version = learnt(studio, [own], "a")
    said = [predict(studio, task, "a") for task in (mine, theirs)]
    seen = trace(studio, "annotator", f"model_version:{version}", "down")
    assert seen == {f"model_version:{version}"} | ({f"prediction:{said[0]}"} & seen)
    assert f"prediction:{said[1]}" not in seen
