"""Saved views of the runs table: a person's own, and those shared with the workspace.

Promises: nobody sees another one's own view; what is shared is changed by its maker, and by who may write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import delete, insert, or_, select, update

from treadle.access import Actor, Grant, WorkspaceScope, allow
from treadle.db import Tx
from treadle.db.run_view_tables import run_views
from treadle.errors import Invalid, NotFound
from treadle.events.log import record
from treadle.permissions import Permission

_MOST_STATE_BYTES = 16 * 1024
_MOST_VIEWS = 500
_MOST_NAME = 200


@dataclass(frozen=True)
class NewView:
    """What a view is to be; ``state`` is the screen's own."""

    name: str
    is_shared: bool
    state: dict[str, Any]


def list_views(tx: Tx, grant: Grant, experiment: str) -> list[dict[str, Any]]:
    """The actor's own and the shared views of an experiment, by name."""
    of_experiment = (run_views.c.workspace_id == grant.workspace_id) & (run_views.c.experiment == experiment)
    visible = or_(run_views.c.is_shared, run_views.c.user_id == grant.actor.user_id)
    rows = tx.rows(
        select(run_views).where(of_experiment & visible).order_by(run_views.c.name, run_views.c.id)
    )
    return [_render(row, grant.actor) for row in rows]


def create_view(tx: Tx, grant: Grant, experiment: str, new: NewView) -> dict[str, Any]:
    """Save a view. Raises Invalid("run-view"), Forbidden where it is to be shared by who only reads."""
    assert grant.workspace_id is not None
    _check_may_share(tx, grant, new)
    own = (run_views.c.workspace_id == grant.workspace_id) & (run_views.c.user_id == grant.actor.user_id)
    if len(tx.rows(select(run_views.c.id).where(own))) >= _MOST_VIEWS:
        raise Invalid("run-view", f"You have {_MOST_VIEWS} views here already. Delete one first.")
    row = {
        "workspace_id": grant.workspace_id,
        "experiment": experiment,
        "user_id": grant.actor.user_id,
        "created_at": tx.now,
        **_values(tx, new),
    }
    made = tx.execute(insert(run_views).values(**row)).inserted_primary_key
    assert made is not None
    _note(tx, grant, "run-view.created", made[0])
    return _render({**row, "id": made[0]}, grant.actor)


def get_view(tx: Tx, actor: Actor, view_id: int) -> dict[str, Any]:
    """The row of a view that the actor may see, where they see its workspace. Raises NotFound."""
    rows = tx.rows(select(run_views).where(run_views.c.id == view_id))
    if not rows or not (rows[0]["is_shared"] or rows[0]["user_id"] == actor.user_id):
        raise no_view(view_id)
    return dict(rows[0])


def change_view(tx: Tx, grant: Grant, row: dict[str, Any], new: NewView) -> dict[str, Any]:
    """Give a view another name, state or audience. Raises Invalid("run-view"), Forbidden."""
    _check_may_change(tx, grant, row)
    _check_may_share(tx, grant, new)
    values = _values(tx, new)
    tx.execute(update(run_views).where(run_views.c.id == row["id"]).values(**values))
    _note(tx, grant, "run-view.changed", row["id"])
    return _render({**row, **values}, grant.actor)


def delete_view(tx: Tx, grant: Grant, row: dict[str, Any]) -> None:
    """Remove a view. Raises Forbidden."""
    _check_may_change(tx, grant, row)
    tx.execute(delete(run_views).where(run_views.c.id == row["id"]))
    _note(tx, grant, "run-view.deleted", row["id"])


def no_view(view_id: int) -> NotFound:
    """The answer where there is none, or none of the asker's."""
    return NotFound("run-view", f"There is no saved view {view_id}.")


def _check_may_share(tx: Tx, grant: Grant, new: NewView) -> None:
    if new.is_shared:
        assert grant.workspace_id is not None
        allow(tx, grant.actor, Permission.TRACKING_WRITE, WorkspaceScope(grant.workspace_id))


def _check_may_change(tx: Tx, grant: Grant, row: dict[str, Any]) -> None:
    if row["user_id"] != grant.actor.user_id:
        assert grant.workspace_id is not None
        allow(tx, grant.actor, Permission.TRACKING_WRITE, WorkspaceScope(grant.workspace_id))


def _values(tx: Tx, new: NewView) -> dict[str, Any]:
    name, state = new.name.strip(), msgspec.json.encode(new.state)
    if not 0 < len(name) <= _MOST_NAME:
        raise Invalid(
            "run-view", "Give the view a name.", fields={"name": [f"Of 1 to {_MOST_NAME} characters."]}
        )
    if len(state) > _MOST_STATE_BYTES or b"\\u0000" in state:
        raise Invalid(
            "run-view",
            f"The state of a view is at most {_MOST_STATE_BYTES // 1024} KB of JSON without NUL.",
            fields={"state": ["Too large, or it holds NUL."]},
        )
    return {"name": name, "is_shared": new.is_shared, "state": state.decode(), "updated_at": tx.now}


def _render(row: dict[str, Any] | Any, actor: Actor) -> dict[str, Any]:
    return {
        "id": row["id"],
        "experiment": row["experiment"],
        "name": row["name"],
        "is_shared": bool(row["is_shared"]),
        "is_own": row["user_id"] == actor.user_id,
        "state": msgspec.Raw(row["state"].encode()),
        "updated_at": row["updated_at"],
    }


def _note(tx: Tx, grant: Grant, kind: str, view_id: int) -> None:
    payload = {"workspace": grant.workspace_id}
    record(tx, kind, actor_id=grant.actor.user_id, subject_id=view_id, payload=payload)
