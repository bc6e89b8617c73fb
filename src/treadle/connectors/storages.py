"""Sources and targets of a project: their rows, and what they tell of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, delete, func, insert, select, update

from treadle import events, jobs
from treadle.access import Grant
from treadle.access.sealing import seal, unseal
from treadle.connectors.places import Direction, Form
from treadle.db import Tx
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.db.storage_tables import storage_items, storages
from treadle.errors import Conflict, NotFound
from treadle.jobs import Job
from treadle.labeling import retired
from treadle.settings import Secret

_s, _i = storages.c, storage_items.c
_ONE = Prepared(select(storages).where(_s.id == bindparam("storage_id")))
_LOCKED = Prepared(select(storages).where(_s.id == bindparam("storage_id")).with_for_update())
_OF_PROJECT = Prepared(
    select(storages)
    .where(_s.project_id == bindparam("project_id"), _s.direction == bindparam("direction"))
    .order_by(_s.id)
)
_EVERY = Prepared(
    select(storages)
    .join(projects, projects.c.id == _s.project_id)
    .where(projects.c.deleted_at.is_(None))
    .order_by(_s.id)
)
_COUNTS = Prepared(
    select(
        _i.state,
        func.count().label("count"),
        func.sum(case((_i.round == bindparam("round"), 1), else_=0)).label("fresh"),
    )
    .where(_i.storage_id == bindparam("storage_id"))
    .group_by(_i.state)
)
#: Options that say how a storage is treated, and not where it is.
_HOW = frozenset(
    {
        "follow",
        "commit_after_saves",
        "commit_after_minutes",
        "formats",
        "can_delete_objects",
        "regex_filter",
        "use_blob_urls",
        "recursive_scan",
    }
)
#: Names for the same: a repo, with the fields of Pachyderm's integration or with ours.
FAMILY = {"pachyderm": "repo"}


@dataclass(frozen=True)
class Storage:
    """A source or a target.

    options: the fields of its form that are no secret.  sealed: its secrets.
    position: the id of the last event that its content was written from.  head: the commit that was read or
    written last.  round: the number of its last sync.
    """

    id: int
    project_id: int
    direction: Direction
    kind: str
    title: str
    description: str
    options: Mapping[str, Any]
    sealed: str
    status: str
    problem: str
    meta: Mapping[str, Any]
    last_sync_at: datetime | None
    last_sync_count: int | None
    last_job: str | None
    position: int
    head: str | None
    round: int
    created_by: int | None
    created_at: datetime

    @property
    def is_repo(self) -> bool:
        """Whether its files lie in a repo of this installation."""
        return family_of(self.kind) == "repo"

    @property
    def name(self) -> str:
        """As errors call it."""
        return f"{self.direction} {self.id}" + (f" ({self.title})" if self.title else "")


def family_of(kind: str) -> str:
    """The kind that goes by this name."""
    return FAMILY.get(kind, kind)


def list_of_project(tx: Tx, project_id: int, direction: Direction, kind: str | None = None) -> list[Storage]:
    """The sources or the targets of a project, or those of one kind, oldest first."""
    found = tx.rows(_OF_PROJECT, {"project_id": project_id, "direction": direction})
    return [_storage(row) for row in found if kind is None or family_of(row["kind"]) == family_of(kind)]


def list_all(tx: Tx) -> list[Storage]:
    """Every source and target of every project that is not deleted."""
    return [_storage(row) for row in tx.rows(_EVERY, {})]


def get(tx: Tx, storage_id: int) -> Storage:
    """The storage. Raises NotFound("storage-not-found")."""
    rows = tx.rows(_ONE, {"storage_id": storage_id})
    if not rows:
        raise no_storage(storage_id)
    return _storage(rows[0])


def lock(tx: Tx, storage_id: int) -> Storage:
    """The storage, which nobody else changes before the transaction ends. Raises NotFound."""
    rows = tx.rows(_LOCKED, {"storage_id": storage_id})
    if not rows:
        raise no_storage(storage_id)
    return _storage(rows[0])


def find(tx: Tx, direction: Direction, kind: str, storage_id: int) -> Storage:
    """The storage, if it is of that direction and kind. Raises NotFound("storage-not-found")."""
    found = get(tx, storage_id)
    if found.direction != direction or family_of(found.kind) != family_of(kind):
        raise no_storage(storage_id)
    return found


def no_storage(storage_id: int) -> NotFound:
    """The error for a storage that is not there or not the actor's to see."""
    return NotFound("storage-not-found", f"There is no storage {storage_id} that you can see.")


@dataclass(frozen=True)
class NewStorage:
    """What is said of a storage when it is made."""

    direction: Direction
    kind: str
    form: Form
    title: str = ""
    description: str = ""


def create(tx: Tx, grant: Grant, new: NewStorage, key: Secret) -> Storage:
    """Add a source or a target to the grant's project."""
    values = {
        "project_id": grant.project_id,
        "direction": new.direction,
        "kind": new.kind,
        "title": new.title,
        "description": new.description,
        "options": _json(new.form.options),
        "sealed": _sealed(key, new.form.secrets),
        "created_by": grant.actor.user_id,
        "created_at": tx.now,
    }
    storage_id = tx.execute(insert(storages).returning(_s.id), values).scalar_one()
    _record(tx, grant, "storage.created", storage_id)
    return get(tx, storage_id)


def change(
    tx: Tx, grant: Grant, storage: Storage, form: Form, *, key: Secret, title: str, description: str
) -> Storage:
    """Set what a storage is made of; tasks that were read from it stay.

    Where it is another place now, a source looks at every file anew at its next sync; a target holds nothing.
    """
    if _place_of(form.options) != _place_of(storage.options):
        _forget_content(tx, storage)
    values = {
        "title": title,
        "description": description,
        "options": _json(form.options),
        "sealed": _sealed(key, form.secrets),
    }
    tx.execute(update(storages).where(_s.id == storage.id).values(**values))
    _record(tx, grant, "storage.updated", storage.id)
    return get(tx, storage.id)


def _place_of(options: Mapping[str, object]) -> dict[str, object]:
    """Those options that say where it is."""
    return {name: value for name, value in options.items() if name not in _HOW}


def _forget_content(tx: Tx, storage: Storage) -> None:
    mine = _i.storage_id == storage.id
    if storage.direction == "source":
        tx.execute(update(storage_items).where(mine).values(etag=""))
        return
    tx.execute(delete(storage_items).where(mine))
    position = storage.position if not storage.is_repo else 0
    note(tx, storage.id, position=position, head=None)


def remove(tx: Tx, grant: Grant, storage: Storage) -> None:
    """Forget a storage. Its tasks and what was written to it stay; what lies in it is not shown any more."""
    tx.execute(delete(storages).where(_s.id == storage.id))
    retired.recount(tx, storage.project_id)
    _record(tx, grant, "storage.deleted", storage.id)


def form_of(storage: Storage, key: Secret) -> Form:
    """The form of a storage as it was filled in. Raises Unavailable("sealed-elsewhere")."""
    if not storage.sealed:
        return Form(storage.options)
    return Form(storage.options, msgspec.json.decode(unseal(key, storage.sealed).reveal()))


def start_job(tx: Tx, grant: Grant, storage: Storage, *, kind: str, order: object) -> Job:
    """Order a job that works for the storage, which is locked; only one does at a time.

    Raises Conflict("storage-busy") naming the job that does.
    """
    running = unfinished_job(tx, storage)
    if running is not None:
        raise Conflict(
            "storage-busy",
            f"Job {running.id} is at work for {storage.name} already. Wait for its end, or cancel it.",
            details={"job": running.id},
        )
    job = jobs.submit(tx, grant, kind, order)
    note(tx, storage.id, status="queued", last_job=job.id)
    return job


def unfinished_job(tx: Tx, storage: Storage) -> Job | None:
    """The job that is at work for the storage, or waits to be."""
    if storage.last_job is None:
        return None
    job = jobs.get(tx, storage.last_job)
    return None if job.is_final else job


def note(tx: Tx, storage_id: int, **values: Any) -> None:
    """Write down how far a storage was brought; by the names of columns."""
    if "meta" in values:
        values["meta"] = _json(values["meta"])
    tx.execute(update(storages).where(_s.id == storage_id).values(**values))


def count_items(tx: Tx, storage: Storage) -> dict[str, int]:
    """How many of its files are ``new`` with the last sync, ``synced`` before, ``changed``, ``retired``."""
    counted: dict[str, int] = {}
    for state, (count, fresh) in _count_states(tx, storage).items():
        if state == "new":
            counted |= {"new": fresh, "synced": count - fresh}
        elif state != "shown":
            counted[state] = count
    return {state: count for state, count in counted.items() if count}


def count_fresh(tx: Tx, storage: Storage) -> dict[str, int]:
    """What the last sync found: how many files are new, changed and retired by it."""
    states = _count_states(tx, storage)
    return {state: states.get(state, (0, 0))[1] for state in ("new", "changed", "retired")}


def shown_state(state: str, *, is_fresh: bool) -> str:
    """What is told of an item: one that is new is so until the next sync."""
    return "synced" if state == "new" and not is_fresh else state


def _count_states(tx: Tx, storage: Storage) -> dict[str, tuple[int, int]]:
    rows = tx.rows(_COUNTS, {"storage_id": storage.id, "round": storage.round})
    return {row["state"]: (int(row["count"]), int(row["fresh"])) for row in rows}


def _storage(row: Mapping[str, Any]) -> Storage:
    return Storage(
        **{
            **row,
            "options": msgspec.json.decode(row["options"]),
            "meta": msgspec.json.decode(row["meta"]),
        }
    )


def _sealed(key: Secret, secrets: Mapping[str, str]) -> str:
    return seal(key, _json(secrets)) if secrets else ""


def _json(value: Mapping[str, object]) -> str:
    return msgspec.json.encode(value).decode()


def _record(tx: Tx, grant: Grant, kind: str, storage_id: int) -> None:
    events.record(tx, kind, actor_id=grant.actor.user_id, project_id=grant.project_id, subject_id=storage_id)
