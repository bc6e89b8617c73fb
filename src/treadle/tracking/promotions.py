"""Who promoted which model when: a line for each change of an alias, a version or a stage.

MLflow keeps where an alias stands, and we write down how it came there, once MLflow has said yes. What a
crash between the two left out is seen when the history is read: where an alias stands elsewhere than its last
line says, a line without a person is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, insert, select

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.promotion_tables import model_promotions
from treadle.db.schema import users
from treadle.events.log import record

#: Before the name of an old stage, which stands among the aliases.
STAGE = "stage:"
_MOST_LINES = 1_000

_INSERT = Prepared(
    insert(model_promotions),
    keys=("workspace_id", "model", "alias", "version", "previous_version", "user_id", "at"),
)
_OF_MODEL = (model_promotions.c.workspace_id == bindparam("workspace_id")) & (
    model_promotions.c.model == bindparam("model")
)
_LAST = (
    select(func.max(model_promotions.c.id).label("id")).where(_OF_MODEL).group_by(model_promotions.c.alias)
).subquery()
_STANDING = Prepared(
    select(model_promotions.c.alias, model_promotions.c.version).join(
        _LAST, _LAST.c.id == model_promotions.c.id
    )
)
#: The last line that tells a version's stage, or that it was made: a number may be another version's later.
_LAST_STAGE = Prepared(
    select(model_promotions.c.alias)
    .where(_OF_MODEL & (model_promotions.c.version == bindparam("version")))
    .where((model_promotions.c.alias == "") | model_promotions.c.alias.startswith(STAGE))
    .order_by(model_promotions.c.id.desc())
    .limit(1)
)
_HISTORY = Prepared(
    select(
        model_promotions.c.alias,
        model_promotions.c.version,
        model_promotions.c.previous_version,
        model_promotions.c.at,
        model_promotions.c.user_id,
        users.c.email,
        users.c.first_name,
        users.c.last_name,
    )
    .select_from(model_promotions.outerjoin(users, users.c.id == model_promotions.c.user_id))
    .where(_OF_MODEL)
    .order_by(model_promotions.c.id.desc())
    .limit(_MOST_LINES)
)


@dataclass(frozen=True)
class Model:
    """A registered model of a workspace, and who changes it; None: nobody saw."""

    workspace_id: int
    name: str
    user_id: int | None


@dataclass(frozen=True)
class Promotion:
    """One line of the history; ``email`` and names are of who did it, None where nobody saw."""

    alias: str
    version: str | None
    previous_version: str | None
    at: datetime
    user_id: int | None
    email: str | None
    first_name: str | None
    last_name: str | None


def note_move(tx: Tx, model: Model, alias: str, version: str | None) -> None:
    """The alias stands at ``version`` now; nothing where it stood there before."""
    previous = _standing(tx, model).get(alias)
    if previous != version:
        _add(tx, model, alias, version, previous)


def note_stage(tx: Tx, model: Model, version: str, stage: str) -> None:
    """The version is in the stage now, in which there may be others; nothing where it was in it before."""
    about = {"workspace_id": model.workspace_id, "model": model.name, "version": version}
    last = tx.execute(_LAST_STAGE, about).first()
    if last is None or last["alias"] != f"{STAGE}{stage}":
        _add(tx, model, f"{STAGE}{stage}", version, None)


def note_version(tx: Tx, model: Model, *, made: str | None = None, deleted: str | None = None) -> None:
    """A version was made, or deleted."""
    _add(tx, model, "", made, deleted)


def note_standing(tx: Tx, model: Model, aliases: Mapping[str, str]) -> None:
    """Write down what is not known yet of where the aliases of MLflow stand."""
    known = {alias: at for alias, at in _standing(tx, model).items() if _is_alias(alias) and at is not None}
    for alias in sorted(known.keys() | aliases.keys()):
        if known.get(alias) != aliases.get(alias):
            _add(tx, model, alias, aliases.get(alias), known.get(alias))


def differs(tx: Tx, model: Model, aliases: Mapping[str, str]) -> bool:
    """Whether `note_standing` would write anything."""
    known = {alias: at for alias, at in _standing(tx, model).items() if _is_alias(alias) and at is not None}
    return known != dict(aliases)


def list_promotions(tx: Tx, grant: Grant, name: str) -> list[Promotion]:
    """The history of a model in the workspace of the grant, the newest line first."""
    rows = tx.execute(_HISTORY, {"workspace_id": grant.workspace_id, "model": name}).all()
    return [Promotion(**row) for row in rows]


def aliases_in(body: bytes) -> dict[str, str] | None:
    """Where the aliases stand, in MLflow's answer about a registered model; None: it is none."""
    try:
        found = msgspec.json.decode(body)["registered_model"].get("aliases", [])
        return {str(one["alias"]): str(one["version"]) for one in found}
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return None


def _is_alias(alias: str) -> bool:
    return bool(alias) and not alias.startswith(STAGE)


def _standing(tx: Tx, model: Model) -> dict[str, str | None]:
    rows = tx.execute(_STANDING, {"workspace_id": model.workspace_id, "model": model.name}).all()
    return {row["alias"]: row["version"] for row in rows}


def _add(tx: Tx, model: Model, alias: str, version: str | None, previous: str | None) -> None:
    told: dict[str, Any] = {
        "workspace_id": model.workspace_id,
        "model": model.name,
        "alias": alias,
        "version": version,
        "previous_version": previous,
    }
    tx.execute(_INSERT, {**told, "user_id": model.user_id, "at": tx.now})
    record(tx, "model.promoted", actor_id=model.user_id, payload=told)
