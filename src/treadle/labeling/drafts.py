"""Drafts: work that is not submitted yet. They belong to one person, and renew that person's lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, delete, insert, select, update

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import drafts, tasks, users
from treadle.errors import Invalid, NotFound
from treadle.labeling import queue, rendering, saving
from treadle.labeling.annotations import get_visible, no_annotation
from treadle.labeling.json_text import one_line

_d = drafts.c
_decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_COLUMNS: Select[Any] = select(drafts, users.c.email, users.c.first_name, users.c.last_name).join(
    users, users.c.id == _d.user_id
)
_ONE = _COLUMNS.where(_d.id == bindparam("draft_id"))
# Of two saves at once the second sees what the first wrote.
_LOCK = select(_d.id).where(_d.id == bindparam("draft_id")).with_for_update()
_MINE = _COLUMNS.where(_d.task_id == bindparam("task_id"), _d.user_id == bindparam("user_id")).order_by(_d.id)
_INSERT = insert(drafts).returning(_d.id)
_DELETE = delete(drafts).where(_d.id == bindparam("draft_id"))
_PLACE = (
    select(_d.task_id, tasks.c.project_id)
    .join(tasks, tasks.c.id == _d.task_id)
    .where(_d.id == bindparam("draft_id"))
)

#: What one may change of a draft.
CHANGEABLE = frozenset({"result", "lead_time", "was_postponed"})


@dataclass(frozen=True)
class NewDraft:
    """Unfinished work on a task, or on an annotation of it."""

    result: bytes  # JSON list of results
    annotation_id: int | None = None
    lead_time: float | None = None  # seconds
    was_postponed: bool = False


def keep(tx: Tx, grant: Grant, task_id: int, new: NewDraft, *, lease_s: int) -> Mapping[str, Any]:
    """Keep a draft of the actor's for the task; the row with their names.

    Unfinished work need not fit the config yet, only be a list of results.
    Raises Invalid("result-malformed"), NotFound for an annotation of another task.
    """
    _check_list(new.result)
    if new.annotation_id is not None:
        _check_annotation(tx, grant, task_id, new.annotation_id)
    draft_id = tx.execute(
        _INSERT,
        {
            "task_id": task_id,
            "annotation_id": new.annotation_id,
            "user_id": grant.actor.user_id,
            "result": one_line(new.result),
            "lead_time": new.lead_time,
            "was_postponed": new.was_postponed,
            "created_at": tx.now,
            "updated_at": tx.now,
        },
    ).scalar_one()
    queue.renew(tx, grant, task_id, lease_s=lease_s)
    return get(tx, grant, draft_id)


def change(
    tx: Tx,
    grant: Grant,
    draft_id: int,
    changes: Mapping[str, Any],
    *,
    lease_s: int,
    if_match: str | None = None,
) -> Mapping[str, Any]:
    """Change what is named in ``changes`` (see `CHANGEABLE`; ``result`` as JSON bytes).

    Raises Conflict("stale") when ``if_match`` is not its ETag, with the current object.
    """
    tx.execute(_LOCK, {"draft_id": draft_id})
    row = get(tx, grant, draft_id)
    saving.check_version(if_match, row["version"], lambda: rendering.draft(row, tx.now))
    values = {name: value for name, value in changes.items() if name in CHANGEABLE}
    if "result" in values:
        _check_list(values["result"])
        values["result"] = one_line(values["result"])
    values |= {"updated_at": tx.now, "version": row["version"] + 1}
    tx.execute(update(drafts).where(_d.id == draft_id).values(**values))
    queue.renew(tx, grant, row["task_id"], lease_s=lease_s)
    return get(tx, grant, draft_id)


def remove(tx: Tx, grant: Grant, draft_id: int) -> None:
    """Throw a draft of the actor's away."""
    get(tx, grant, draft_id)
    tx.execute(_DELETE, {"draft_id": draft_id})


def get(tx: Tx, grant: Grant, draft_id: int) -> Mapping[str, Any]:
    """The actor's draft. Raises NotFound("draft-not-found"), for another person's too."""
    row = tx.execute(_ONE, {"draft_id": draft_id}).mappings().first()
    if row is None or row["user_id"] != grant.actor.user_id:
        raise no_draft(draft_id)
    return dict(row)


def of_task(tx: Tx, grant: Grant, task_id: int, annotation_id: int | None = None) -> list[Mapping[str, Any]]:
    """The actor's drafts on a task, oldest first; of one annotation when it is given."""
    rows = tx.execute(_MINE, {"task_id": task_id, "user_id": grant.actor.user_id}).mappings().all()
    return [dict(row) for row in rows if annotation_id is None or row["annotation_id"] == annotation_id]


def place_of(tx: Tx, draft_id: int) -> Mapping[str, int]:
    """Task and project of a draft. Raises NotFound("draft-not-found")."""
    row = tx.execute(_PLACE, {"draft_id": draft_id}).mappings().first()
    if row is None:
        raise no_draft(draft_id)
    return dict(row)


def _check_annotation(tx: Tx, grant: Grant, task_id: int, annotation_id: int) -> None:
    if get_visible(tx, grant, annotation_id)["task_id"] != task_id:
        raise no_annotation(annotation_id)


def _check_list(result: bytes) -> None:
    try:
        _decoder.decode(result)
    except msgspec.DecodeError as error:
        text = f"Expected a list of results: {error}"
        raise Invalid("result-malformed", f"result: {text}", fields={"result": [text]}) from error


def no_draft(draft_id: int) -> NotFound:
    """The error for a draft that is not there or another person's."""
    return NotFound(
        "draft-not-found", f"No AnnotationDraft matches the given query. There is no draft {draft_id}."
    )
