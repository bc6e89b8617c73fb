"""The versions of models as rows: what each backend can predict by, and which of them serves.

Promises: a version has one row however often it is told of; at most one of a backend serves; whoever let it
serve, and what served before, is written down with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import bindparam, func, insert, select, update

from treadle import events
from treadle.db import Tx
from treadle.db.learning_tables import (
    ml_backends,
    model_versions,
    prediction_attempts,
    trainings,
    version_promotions,
)
from treadle.db.prepared import Prepared
from treadle.db.schema import users
from treadle.errors import Invalid, NotFound
from treadle.learning.connections.backends import UNTRAINED, Backend, serving_version

__all__ = ["UNTRAINED", "Cause", "Row", "serving_version"]

Row = Mapping[str, Any]
Cause = Literal["person", "alias", "training"]

_MOST_NAME = 200
_MOST_LISTED = 1_000
#: What backends say instead of a version: the model as its author made it.
_NO_NAMES = frozenset({"", UNTRAINED})

_v, _p, _t, _r = model_versions.c, version_promotions.c, trainings.c, prediction_attempts.c
_LOCK = Prepared(
    select(ml_backends.c.id).where(ml_backends.c.id == bindparam("backend_id")).with_for_update()
)
_ONE = Prepared(select(model_versions).where(_v.id == bindparam("version_id")))
_NAMED = Prepared(
    select(model_versions).where(_v.backend_id == bindparam("backend_id"), _v.name == bindparam("name"))
)
_NUMBER = Prepared(
    select((func.coalesce(func.max(_v.number), 0) + 1).label("number")).where(
        _v.backend_id == bindparam("backend_id")
    )
)
_OF_BACKEND = Prepared(
    select(_v.id, _v.name).where(_v.backend_id == bindparam("backend_id")).order_by(_v.number)
)
_LAST_PROMOTION = Prepared(
    select(version_promotions).where(_p.backend_id == bindparam("backend_id")).order_by(_p.id.desc()).limit(1)
)
_LAST_OF = (
    select(func.max(_p.id).label("id")).where(_p.version_id.is_not(None)).group_by(_p.version_id).subquery()
)
_PROMOTED = (
    select(_p.version_id, _p.at, _p.user_id, users.c.email, users.c.first_name, users.c.last_name)
    .join(_LAST_OF, _LAST_OF.c.id == _p.id)
    .outerjoin(users, users.c.id == _p.user_id)
    .subquery()
)
_BACKENDS = select(ml_backends.c.id).where(ml_backends.c.project_id == bindparam("of_project"))
_PREDICTED = (
    select(_r.backend_id, _r.model_version, func.count(_r.prediction_id).label("predicted"))
    .where(_r.backend_id.in_(_BACKENDS))
    .group_by(_r.backend_id, _r.model_version)
    .subquery()
)
_LIST = (
    select(
        model_versions,
        _t.evaluation,
        _PROMOTED.c.at.label("promoted_at"),
        _PROMOTED.c.user_id.label("promoted_by"),
        _PROMOTED.c.email,
        _PROMOTED.c.first_name,
        _PROMOTED.c.last_name,
        func.coalesce(_PREDICTED.c.predicted, 0).label("prediction_count"),
    )
    .select_from(
        model_versions.outerjoin(trainings, _t.id == _v.training_id)
        .outerjoin(_PROMOTED, _PROMOTED.c.version_id == _v.id)
        .outerjoin(
            _PREDICTED,
            (_PREDICTED.c.backend_id == _v.backend_id) & (_PREDICTED.c.model_version == _v.name),
        )
    )
    .where(_v.project_id == bindparam("of_project"))
    .order_by(_v.backend_id, _v.number.desc())
)
_PREVIOUS = model_versions.alias()
_PROMOTIONS = (
    select(
        version_promotions,
        _v.name,
        _v.number,
        _PREVIOUS.c.name.label("previous_name"),
        _PREVIOUS.c.number.label("previous_number"),
        users.c.email,
        users.c.first_name,
        users.c.last_name,
    )
    .select_from(
        version_promotions.outerjoin(model_versions, _v.id == _p.version_id)
        .outerjoin(_PREVIOUS, _PREVIOUS.c.id == _p.previous_id)
        .outerjoin(users, users.c.id == _p.user_id)
    )
    .where(_p.backend_id == bindparam("backend_id"))
    .order_by(_p.id.desc())
    .limit(500)
)


def note(tx: Tx, backend: Backend, name: str, training_id: int | None = None) -> Row:
    """The row of a version that a backend told of, made where there is none yet.

    name: as the backend says it.  training_id: what made it, where that is known.
    Raises Invalid("version-name") for what names no version.
    """
    if name in _NO_NAMES or len(name) > _MOST_NAME:
        text = f"{backend.name} called a version {name[:80]!r}; a name has 1 to {_MOST_NAME} characters."
        raise Invalid("version-name", text)
    found = tx.rows(_NAMED, {"backend_id": backend.id, "name": name}) or _lock_and_find(tx, backend, name)
    if not found:
        return _add(tx, backend, name, training_id)
    if training_id is not None and found[0]["training_id"] is None:
        tx.execute(update(model_versions).where(_v.id == found[0]["id"]).values(training_id=training_id))
        return {**found[0], "training_id": training_id}
    return found[0]


def note_all(tx: Tx, backend: Backend, names: Iterable[str]) -> None:
    """The same for what a backend lists, but for what can be no version's name.

    A backend that has a thousand is given no further ones this way, however many it lists.
    """
    named = [name for name in dict.fromkeys(names) if name not in _NO_NAMES and len(name) <= _MOST_NAME]
    if set(named) <= _names(tx, backend.id):
        return
    lock(tx, backend.id)
    known = _names(tx, backend.id)
    new = [name for name in named if name not in known][: max(0, _MOST_LISTED - len(known))]
    first = tx.rows(_NUMBER, {"backend_id": backend.id})[0]["number"]
    about = {"project_id": backend.project_id, "backend_id": backend.id, "created_at": tx.now}
    rows = [{**about, "name": name, "number": number} for number, name in enumerate(new, first)]
    if rows:
        tx.execute(insert(model_versions), rows)


def _names(tx: Tx, backend_id: int) -> set[str]:
    return {row["name"] for row in tx.rows(_OF_BACKEND, {"backend_id": backend_id})}


def note_said(tx: Tx, backend: Backend, name: str) -> None:
    """What a backend that chooses by itself says it predicts by: it serves, and nobody let it.

    So it is of our own backends, too, until somebody here has once chosen.
    """
    version = None if name in _NO_NAMES or len(name) > _MOST_NAME else note(tx, backend, name)
    serving = serving_version(tx, backend.id)
    if (serving or {}).get("id") != (version or {}).get("id"):
        _set_serving(tx, backend.id, version)


def get(tx: Tx, version_id: int) -> Row:
    """The row. Raises NotFound("version-not-found")."""
    rows = tx.rows(_ONE, {"version_id": version_id})
    if not rows:
        raise no_version(version_id)
    return rows[0]


def no_version(version_id: int) -> NotFound:
    """The error for a version that is not there, or another backend's."""
    return NotFound(
        "version-not-found", f"There is no version {version_id} of this backend. Reload the list."
    )


def list_of_project(tx: Tx, project_id: int, backend_id: int | None = None) -> Sequence[Row]:
    """The versions of a project's backends, or of one, the newest first, with what is told of each."""
    statement = _LIST if backend_id is None else _LIST.where(_v.backend_id == backend_id)
    return tx.rows(statement, {"of_project": project_id})


def list_promotions(tx: Tx, backend_id: int) -> Sequence[Row]:
    """Who let which version of a backend serve, the last time first."""
    return tx.rows(_PROMOTIONS, {"backend_id": backend_id})


def last_promotion(tx: Tx, backend_id: int) -> Row | None:
    """When it was last said what is to serve; None: nobody has said anything."""
    rows = tx.rows(_LAST_PROMOTION, {"backend_id": backend_id})
    return rows[0] if rows else None


def lock(tx: Tx, backend_id: int) -> None:
    """Nobody else changes which version of the backend serves until the end of the transaction."""
    tx.rows(_LOCK, {"backend_id": backend_id})


def serve(tx: Tx, backend: Backend, version: Row | None, *, cause: Cause, user_id: int | None) -> None:
    """From now on the version serves, or with None the untrained model; to be called under `lock`."""
    previous = serving_version(tx, backend.id)
    _set_serving(tx, backend.id, version)
    version_id = version["id"] if version else None
    told = {
        "backend": backend.id,
        "version": version_id,
        "name": version["name"] if version else UNTRAINED,
        "previous": previous["id"] if previous else None,
        "cause": cause,
    }
    tx.execute(
        insert(version_promotions),
        {
            "backend_id": backend.id,
            "version_id": version_id,
            "previous_id": told["previous"],
            "cause": cause,
            "user_id": user_id,
            "at": tx.now,
        },
    )
    events.record(
        tx,
        "model.promoted",
        actor_id=user_id,
        project_id=backend.project_id,
        subject_id=version_id,
        payload=told,
    )


def _set_serving(tx: Tx, backend_id: int, version: Row | None) -> None:
    others = update(model_versions).where(_v.backend_id == backend_id, _v.is_serving.is_(True))
    tx.execute(others.values(is_serving=False))
    if version is not None:
        tx.execute(update(model_versions).where(_v.id == version["id"]).values(is_serving=True))


def _lock_and_find(tx: Tx, backend: Backend, name: str) -> Sequence[Row]:
    """Two that are told of at once have one row, and numbers one after the other."""
    lock(tx, backend.id)
    return tx.rows(_NAMED, {"backend_id": backend.id, "name": name})


def _add(tx: Tx, backend: Backend, name: str, training_id: int | None) -> Row:
    number = tx.execute(_NUMBER, {"backend_id": backend.id}).scalar()
    values = {
        "project_id": backend.project_id,
        "backend_id": backend.id,
        "name": name,
        "number": number,
        "training_id": training_id,
        "created_at": tx.now,
    }
    version_id = tx.execute(insert(model_versions).returning(_v.id), values).scalar_one()
    return get(tx, version_id)
