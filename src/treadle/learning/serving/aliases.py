"""Where the alias of the version that serves stands in MLflow's registry, beside what serves here.

Both may be moved: here by a promotion, there by whoever manages models. What was moved last holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from treadle.db import Tx
from treadle.db.learning_tables import model_versions, version_promotions
from treadle.db.prepared import Prepared
from treadle.db.promotion_tables import model_promotions
from treadle.db.schema import projects

ALIAS = "champion"

_v, _p, _m = model_versions.c, version_promotions.c, model_promotions.c
_VERSIONS = Prepared(
    select(_v.id, _v.backend_id, _v.mlflow_version, _v.is_serving, projects.c.workspace_id)
    .join(projects, projects.c.id == _v.project_id)
    .where(projects.c.deleted_at.is_(None))
    .order_by(_v.id)
)
_CHOSEN = Prepared(select(_p.backend_id, func.max(_p.at).label("at")).group_by(_p.backend_id))
_LAST = (
    select(func.max(_m.id).label("id"))
    .where(_m.alias == bindparam("alias"))
    .group_by(_m.workspace_id, _m.model)
    .subquery()
)
_STANDING = Prepared(
    select(_m.workspace_id, _m.model, _m.version, _m.user_id, _m.at).join(_LAST, _LAST.c.id == _m.id)
)


_MARK = Prepared(
    select(
        select(func.max(_p.id)).scalar_subquery().label("chosen"),
        select(func.max(_m.id)).scalar_subquery().label("moved"),
        select(func.count()).where(_v.mlflow_version != "").scalar_subquery().label("registered"),
        select(func.sum(_v.id)).where(_v.is_serving.is_(True)).scalar_subquery().label("serving"),
    )
)


@dataclass(frozen=True)
class Move:
    """What is to be brought together: the alias of a backend's model, or what serves at the backend.

    version: to which number the alias is to be moved, None: to none.  promoted: instead, which of our
    versions is to serve, since somebody moved the alias to it; ``by``: who, None: nobody saw.
    """

    backend_id: int
    workspace_id: int
    model: str
    version: str | None = None
    promoted: int | None = None
    by: int | None = None


def mark_of(tx: Tx) -> tuple[int, ...]:
    """Another one whenever `find_moves` may find something else."""
    row = tx.rows(_MARK, {})[0]
    return tuple(row[name] or 0 for name in ("chosen", "moved", "registered", "serving"))


def split_version(registered: str) -> tuple[str, str]:
    """Name of the model and number of the version, of ``model_versions.mlflow_version``."""
    model, _, number = registered.rpartition("/")
    return model, number


def find_moves(tx: Tx) -> list[Move]:
    """What differs, of every backend that has a registered version."""
    of_backend: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in tx.rows(_VERSIONS, {}):
        of_backend[row["backend_id"]].append(row)
    if not any(row["mlflow_version"] for rows in of_backend.values() for row in rows):
        return []
    chosen = {row["backend_id"]: row["at"] for row in tx.rows(_CHOSEN, {})}
    standing = {(row["workspace_id"], row["model"]): row for row in tx.rows(_STANDING, {"alias": ALIAS})}
    moves = (_move(rows, chosen.get(own), standing) for own, rows in of_backend.items())
    return [move for move in moves if move is not None]


def _move(
    rows: Sequence[Mapping[str, Any]],
    chosen_at: datetime | None,
    standing: Mapping[tuple[int, str], Mapping[str, Any]],
) -> Move | None:
    serving = next((row for row in rows if row["is_serving"]), None)
    registered = [row for row in rows if row["mlflow_version"]]
    if not registered or (serving is not None and not serving["mlflow_version"]):
        return None  # it is registered first
    backend_id, workspace_id = rows[0]["backend_id"], rows[0]["workspace_id"]
    model = split_version(registered[-1]["mlflow_version"])[0]
    wanted = split_version(serving["mlflow_version"])[1] if serving is not None else None
    stands = standing.get((workspace_id, model))
    there = stands["version"] if stands is not None else None
    if there == wanted:
        return None
    if stands is None or (chosen_at is not None and chosen_at >= stands["at"]):
        return Move(backend_id, workspace_id, model, wanted)
    # It was moved there last. To nowhere, or to what we do not know: what serves goes on serving.
    moved_to = {row["mlflow_version"]: row["id"] for row in registered}.get(f"{model}/{there}")
    if moved_to is None:
        return None
    return Move(backend_id, workspace_id, model, promoted=moved_to, by=stands["user_id"])
