"""The row of a deletion: who deleted what, and whether it can be restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from treadle.access import Grant
from treadle.access.audit import write_audit
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import deletions, projects, trash, users
from treadle.errors import Conflict, NotFound

#: How long what was deleted can be restored.
KEPT = timedelta(days=30)

Kind = Literal["tasks", "annotations", "predictions"]

_d = deletions.c
_LISTED_MOST = 500
_OPEN = Prepared(
    insert(deletions).returning(_d.id),
    keys=("project_id", "user_id", "kind", "state", "item_count", "created_at"),
)
_NAME_JOB = update(deletions).where(_d.id == bindparam("deletion_id")).values(job_id=bindparam("job"))
_ADD = Prepared(
    update(deletions)
    .where(_d.id == bindparam("deletion_id"))
    .values(item_count=_d.item_count + bindparam("more"))
)
_SET_STATE = Prepared(
    update(deletions)
    .where(_d.id == bindparam("deletion_id"))
    .values(
        state=bindparam("new_state"), item_count=bindparam("new_count"), restored_at=bindparam("new_restored")
    )
)
# A loose draft comes along and is not counted.
_LEFT = select(func.count()).where(
    trash.c.deletion_id == bindparam("deletion_id"), trash.c.kind != literal_column("'draft'")
)
_ONE = select(deletions, projects.c.workspace_id).join(projects, projects.c.id == _d.project_id)
_THIS = Prepared(_ONE.where(_d.id == bindparam("deletion_id")))
_THIS_LOCKED = Prepared(_ONE.where(_d.id == bindparam("deletion_id")).with_for_update(of=deletions))
_OF_PROJECT = (
    select(deletions, users.c.email, users.c.first_name, users.c.last_name)
    .outerjoin(users, users.c.id == _d.user_id)
    .where(_d.project_id == bindparam("project_id"))
    .order_by(_d.id.desc())
    .limit(_LISTED_MOST)
)
_FULL_ONE = (
    select(deletions, users.c.email, users.c.first_name, users.c.last_name)
    .outerjoin(users, users.c.id == _d.user_id)
    .where(_d.id == bindparam("deletion_id"))
)


@dataclass(frozen=True)
class Deletion:
    """Something that was deleted, at once or by a job."""

    id: int
    project_id: int
    workspace_id: int
    user_id: int | None
    kind: Kind
    state: str  # running | done | restoring | restored
    item_count: int
    job_id: str | None
    created_at: datetime
    restored_at: datetime | None


def begin(tx: Tx, grant: Grant, kind: Kind) -> int:
    """A new deletion in the grant's project, which holds nothing yet; its id."""
    return int(
        tx.execute(
            _OPEN,
            {
                "project_id": grant.project_id,
                "user_id": grant.actor.user_id,
                "kind": kind,
                "state": "running",
                "item_count": 0,
                "created_at": tx.now,
            },
        ).scalar()
    )


def name_job(tx: Tx, deletion_id: int, job_id: str) -> None:
    """Note which job deletes."""
    tx.execute(_NAME_JOB, {"deletion_id": deletion_id, "job": job_id})


def add(tx: Tx, deletion_id: int, count: int) -> None:
    """Note that so many more were deleted."""
    tx.execute(_ADD, {"deletion_id": deletion_id, "more": count})


def end(tx: Tx, deletion_id: int) -> Deletion:
    """Note that everything is deleted, also in the audit log."""
    deletion = replace(get(tx, deletion_id), state="done")
    _set_state(tx, deletion_id, deletion.state, deletion.item_count)
    _audit(tx, deletion, "deleted", deletion.user_id, deletion.item_count)
    return deletion


def forget_empty(tx: Tx, deletion_id: int) -> bool:
    """Take a deletion away that took nothing, or that is not there; whether it is away."""
    holds = select(trash.c.id).where(trash.c.deletion_id == deletion_id).limit(1)
    if tx.execute(holds).first() is not None:
        return False
    tx.execute(delete(deletions).where(_d.id == deletion_id, _d.state == "running"))
    return True


def begin_restoring(tx: Tx, deletion_id: int) -> Deletion:
    """The deletion, from now on being restored.

    Raises NotFound("deletion-not-found"), also when its 30 days are over, Conflict("deletion-restored",
    "deletion-restoring", "deletion-running").
    """
    deletion = get(tx, deletion_id, lock=True)
    if deletion.created_at <= tx.now - KEPT:
        raise no_deletion(deletion_id)
    if deletion.state != "done":
        raise _not_now(deletion)
    _set_state(tx, deletion_id, "restoring", deletion.item_count)
    return deletion


def end_restoring(tx: Tx, deletion_id: int, *, by: int | None, left: int) -> Deletion:
    """Note that all but ``left`` items are back, also in the audit log; those can be restored later."""
    before = get(tx, deletion_id)
    if left:
        _set_state(tx, deletion_id, "done", left)
    else:
        _set_state(tx, deletion_id, "restored", before.item_count, tx.now)
    if before.item_count > left:
        _audit(tx, before, "restored", by, before.item_count - left)
    return get(tx, deletion_id)


def settle(tx: Tx, deletion_id: int, *, by: int | None) -> None:
    """End a deletion or a restoring that was cancelled or failed: what the trash holds can be restored."""
    deletion = get(tx, deletion_id, lock=True)
    left = tx.execute(_LEFT, {"deletion_id": deletion_id}).scalar_one()
    if deletion.state == "restoring":
        end_restoring(tx, deletion_id, by=by, left=left)
    elif deletion.state == "running" and left:
        _set_state(tx, deletion_id, "done", left)
    elif deletion.state == "running":
        _set_state(tx, deletion_id, "restored", deletion.item_count, tx.now)


def get(tx: Tx, deletion_id: int, *, lock: bool = False) -> Deletion:
    """The deletion. Raises NotFound("deletion-not-found")."""
    row = tx.execute(_THIS_LOCKED if lock else _THIS, {"deletion_id": deletion_id}).first()
    if row is None:
        raise no_deletion(deletion_id)
    return Deletion(**row)


def list_of_project(tx: Tx, grant: Grant) -> list[Mapping[str, Any]]:
    """The newest 500 deletions in the grant's project with the names of their people, newest first."""
    return tx.rows(_OF_PROJECT, {"project_id": grant.project_id})


def read(tx: Tx, deletion_id: int) -> Mapping[str, Any]:
    """The row with the names of its person. Raises NotFound("deletion-not-found")."""
    rows = tx.rows(_FULL_ONE, {"deletion_id": deletion_id})
    if not rows:
        raise no_deletion(deletion_id)
    return rows[0]


def no_deletion(deletion_id: int) -> NotFound:
    """The error for a deletion that is not there, is freed, or is not the actor's to see."""
    return NotFound(
        "deletion-not-found",
        f"There is no deletion {deletion_id} to restore. What was deleted is kept {KEPT.days} days.",
    )


def _not_now(deletion: Deletion) -> Conflict:
    if deletion.state == "restored":
        return Conflict(
            "deletion-restored", f"Deletion {deletion.id} was restored already; there is nothing left to do."
        )
    if deletion.state == "restoring":
        return Conflict("deletion-restoring", f"Deletion {deletion.id} is being restored. Wait for its job.")
    return Conflict(
        "deletion-running",
        f"Deletion {deletion.id} has not ended. Cancel its job {deletion.job_id}, which restores everything.",
    )


def _set_state(
    tx: Tx, deletion_id: int, state: str, item_count: int, restored_at: datetime | None = None
) -> None:
    values = {"new_state": state, "new_count": item_count, "new_restored": restored_at}
    tx.execute(_SET_STATE, {"deletion_id": deletion_id, **values})


def _audit(tx: Tx, deletion: Deletion, verb: str, by: int | None, count: int) -> None:
    write_audit(
        tx,
        f"{deletion.kind}.{verb}",
        actor_id=by,
        subject=f"project:{deletion.project_id}",
        workspace_id=deletion.workspace_id,
        detail={"deletion": deletion.id, "count": count},
    )
