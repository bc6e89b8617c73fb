"""Whether a project asks its models by itself, when somebody opens a task."""

from __future__ import annotations

import msgspec
from sqlalchemy import bindparam, exists, select

from treadle.db import Tx
from treadle.db.learning_tables import ml_backends
from treadle.db.prepared import Prepared
from treadle.db.schema import projects

# Of a project that is connected to none, which most are, no option is read.
_OPTIONS = Prepared(
    select(projects.c.options).where(
        projects.c.id == bindparam("project_id"), exists().where(ml_backends.c.project_id == projects.c.id)
    )
)


class _Options(msgspec.Struct):
    evaluate_predictions_automatically: bool | None = False


_decode = msgspec.json.Decoder(_Options).decode


def asks_models(tx: Tx, project_id: int) -> bool:
    """Whether a task that is opened is to be predicted then: the project says so, and is connected to one."""
    options = tx.execute(_OPTIONS, {"project_id": project_id}).scalar()
    return options is not None and bool(_decode(options).evaluate_predictions_automatically)
