"""Trainings, versions of models and predictions in the graph of what came from what, as their rows tell it.

annotation → training and commit → training are kept as edges; training → version → prediction ← task, and
prediction → annotation, are told by rows.
"""

from __future__ import annotations

from sqlalchemy import BindParameter, Select, bindparam, select

from treadle.db import Tx, schema
from treadle.db.learning_tables import ml_backends, model_versions, prediction_attempts, trainings
from treadle.db.lists import one_of
from treadle.db.prepared import Prepared
from treadle.db.schema import predictions, projects, tasks
from treadle.labeling.visibility import is_visible
from treadle.lineage import Edge, Node
from treadle.lineage.walking import Way

TRAINING, VERSION, PREDICTION = "training", "model_version", "prediction"

_t, _v, _r, _p, _a = (
    table.c for table in (trainings, model_versions, prediction_attempts, predictions, schema.annotations)
)
TRAININGS = Prepared(
    select(_t.id, _t.project_id, _t.state, _t.task_count, _t.created_at, ml_backends.c.title)
    .select_from(trainings.outerjoin(ml_backends, ml_backends.c.id == _t.backend_id))
    .where(one_of(_t.id, "ids"))
)
VERSIONS = Prepared(
    select(_v.id, _v.project_id, _v.name, _v.number, _v.is_serving, _v.created_at, ml_backends.c.title)
    .join(ml_backends, ml_backends.c.id == _v.backend_id)
    .where(one_of(_v.id, "ids"))
)
PREDICTIONS = Prepared(
    select(_p.id, _p.project_id, _p.task_id, _p.model_version, _p.score, _p.created_at, projects.c.title)
    .select_from(
        predictions.join(tasks, tasks.c.id == _p.task_id).join(projects, projects.c.id == _p.project_id)
    )
    .where(one_of(_p.id, "ids"), is_visible())
)
_OWN: BindParameter[int] = bindparam("own")
_MOST: BindParameter[int] = bindparam("most")


def _some(found: Select[tuple[int]]) -> Prepared:
    return Prepared(found.limit(_MOST))


#: By kind and way: the other ends' kind, and their ids by the node's own.
_TOLD: dict[tuple[str, Way], tuple[tuple[str, Prepared], ...]] = {
    (TRAINING, "down"): ((VERSION, _some(select(_v.id).where(_v.training_id == _OWN).order_by(_v.id))),),
    (VERSION, "up"): ((TRAINING, _some(select(_v.training_id.label("id")).where(_v.id == _OWN))),),
    (VERSION, "down"): (
        (
            PREDICTION,
            _some(
                select(_r.prediction_id.label("id"))
                .join(model_versions, (_v.backend_id == _r.backend_id) & (_v.name == _r.model_version))
                .where(_v.id == _OWN, _r.prediction_id.is_not(None))
                .order_by(_r.task_id)
            ),
        ),
    ),
    (PREDICTION, "up"): (
        ("task", _some(select(_p.task_id.label("id")).where(_p.id == _OWN))),
        (
            VERSION,
            _some(
                select(_v.id)
                .join(
                    prediction_attempts,
                    (_v.backend_id == _r.backend_id) & (_v.name == _r.model_version),
                )
                .where(_r.prediction_id == _OWN)
            ),
        ),
    ),
    (PREDICTION, "down"): (
        (
            "annotation",
            _some(
                select(_a.id)
                .join(predictions, _p.task_id == _a.task_id)
                .where(_p.id == _OWN, _a.parent_prediction_id == _OWN)
                .order_by(_a.id)
            ),
        ),
    ),
    ("task", "down"): ((PREDICTION, _some(select(_p.id).where(_p.task_id == _OWN).order_by(_p.id))),),
    ("annotation", "up"): (
        (PREDICTION, _some(select(_a.parent_prediction_id.label("id")).where(_a.id == _OWN))),
    ),
}


def told_edges(tx: Tx, node: Node, way: Way, limit: int) -> list[Edge]:
    """The edges at a node, to or from what models made or learnt, that rows tell of; at most ``limit``."""
    found: list[Edge] = []
    for kind, statement in _TOLD.get((node.kind, way), ()):
        for row in tx.rows(statement, {"own": int(node.id), "most": limit}):
            if row["id"] is not None:
                far = Node(kind, str(row["id"]))
                found.append(Edge(far, node) if way == "up" else Edge(node, far))
    return found[:limit]
