"""Backends of projects: their rows, and what they tell of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from treadle import events
from treadle.access import Grant
from treadle.access.sealing import seal
from treadle.db import Tx
from treadle.db.learning_tables import ml_backends, model_versions
from treadle.db.prepared import Prepared
from treadle.db.schema import projects
from treadle.errors import NotFound
from treadle.settings import Secret

#: The version of a model that was never trained, as our backends call it.
UNTRAINED = "untrained"

#: As Label Studio says how a backend is.
State = Literal["CO", "DI", "ER", "TR", "PR"]
STATES: Mapping[str, str] = {
    "CO": "Connected",
    "DI": "Disconnected",
    "ER": "Error",
    "TR": "Training",
    "PR": "Predicting",
}
#: treadle: ours.  current: of Label Studio since 2023.  old: before.  "": it has never answered.
Generation = Literal["treadle", "current", "old", ""]
AuthMethod = Literal["NONE", "BASIC_AUTH", "TOKEN"]

_b, _v = ml_backends.c, model_versions.c
_ONE = Prepared(select(ml_backends).where(_b.id == bindparam("backend_id")))
_OF_PROJECT = Prepared(select(ml_backends).where(_b.project_id == bindparam("project_id")).order_by(_b.id))
_SERVING = Prepared(
    select(model_versions).where(_v.backend_id == bindparam("backend_id"), _v.is_serving.is_(True))
)
#: People compare the newest; of those before, their names are as good as any.
_MOST_NUMBERS = 1000
_NUMBERS = Prepared(
    select(_v.name, _v.number)
    .where(_v.backend_id == bindparam("backend_id"))
    .order_by(_v.number.desc())
    .limit(_MOST_NUMBERS)
)
_PROJECT = Prepared(
    select(projects.c.model_version, projects.c.show_collab_predictions).where(
        projects.c.id == bindparam("project_id")
    )
)
_RENAME = (
    update(projects)
    .where(projects.c.id == bindparam("of_project"), projects.c.model_version == bindparam("old"))
    .values(model_version=bindparam("new"))
)
#: What says where a backend is, and how it is spoken to: it is told anew, by a token of who changed it.
_WHERE = frozenset({"url", "auth_method", "auth_user", "sealed_secret"})


@dataclass(frozen=True)
class Backend:
    """A model server of a project.

    url: of one that is built in, nothing; it is reached by its name, ``builtin``.
    extra_params: JSON as it was given, "" for none.  settings: of the connection, checked.
    hostname: where it reaches this server, as somebody said; ``called_as``: as this server was asked when it
    was connected.  problem: why its state is not CO.  model_version: as its last /setup said.
    told_digest: of what its last /setup told it.  token_serial: counts up when its token is to end.
    """

    id: int
    project_id: int
    title: str
    description: str
    url: str
    builtin: str
    auth_method: AuthMethod
    auth_user: str
    sealed_secret: str | None
    is_interactive: bool
    auto_update: bool
    extra_params: str
    settings: Mapping[str, Any]
    timeout_s: float
    hostname: str
    generation: Generation
    state: State
    problem: str
    model_version: str
    checked_at: datetime | None
    created_by: int | None
    created_at: datetime
    updated_at: datetime
    called_as: str = ""
    told_digest: str = ""
    token_serial: int = 1

    @property
    def name(self) -> str:
        """As errors call it; what is not there yet has no number."""
        if not self.id:
            return "The backend"
        return f"Backend {self.id} ({self.title})" if self.title else f"Backend {self.id}"

    @property
    def can_follow(self) -> bool:
        """Whether its trainings can be followed and cancelled, and its versions chosen."""
        return self.generation == "treadle"


@dataclass(frozen=True)
class NewBackend:
    """What is said of a backend when it is connected."""

    title: str = ""
    description: str = ""
    url: str = ""
    builtin: str = ""
    auth_method: AuthMethod = "NONE"
    auth_user: str = ""
    #: A password, or a token.
    secret: Secret = field(default_factory=Secret)
    is_interactive: bool = False
    auto_update: bool = True
    extra_params: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    timeout_s: float = 100.0
    hostname: str = ""
    called_as: str = ""


def get(tx: Tx, backend_id: int) -> Backend:
    """The backend. Raises NotFound("backend-not-found")."""
    rows = tx.rows(_ONE, {"backend_id": backend_id})
    if not rows:
        raise no_backend(backend_id)
    return _backend(rows[0])


def of_project(tx: Tx, project_id: int) -> list[Backend]:
    """The backends of a project, the one that was connected first in front."""
    return [_backend(row) for row in tx.rows(_OF_PROJECT, {"project_id": project_id})]


def no_backend(backend_id: int) -> NotFound:
    """The error for a backend that is not there or not the actor's to see."""
    return NotFound("backend-not-found", f"There is no backend {backend_id} that you can see.")


def serving_version(tx: Tx, backend_id: int) -> Mapping[str, Any] | None:
    """The row of the version that serves; None: the untrained model, or one that only the backend knows."""
    rows = tx.rows(_SERVING, {"backend_id": backend_id})
    return rows[0] if rows else None


def version_numbers(tx: Tx, backend_id: int) -> list[dict[str, Any]]:
    """What the versions call themselves, and their numbers here; the newest first."""
    return [
        {"name": row["name"], "number": row["number"]}
        for row in tx.rows(_NUMBERS, {"backend_id": backend_id})
    ]


def add(tx: Tx, grant: Grant, new: NewBackend, key: Secret) -> Backend:
    """Connect a backend to the grant's project.

    Of a project that shows predictions and has chosen none, it is the one whose predictions are shown.
    """
    assert grant.project_id is not None
    values = {
        "project_id": grant.project_id,
        "title": new.title,
        "description": new.description,
        "url": new.url,
        "builtin": new.builtin,
        "auth_method": new.auth_method,
        "auth_user": new.auth_user,
        "sealed_secret": sealed(key, new.secret),
        "is_interactive": new.is_interactive,
        "auto_update": new.auto_update,
        "extra_params": new.extra_params,
        "settings": _json(new.settings),
        "timeout_s": new.timeout_s,
        "hostname": new.hostname,
        "called_as": new.called_as,
        "created_by": grant.actor.user_id,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    backend_id = tx.execute(insert(ml_backends).returning(_b.id), values).scalar_one()
    project = tx.rows(_PROJECT, {"project_id": grant.project_id})[0]
    if project["show_collab_predictions"] and not project["model_version"]:
        _rename(tx, grant.project_id, "", new.title)
    _record(tx, grant, "backend.connected", backend_id)
    return get(tx, backend_id)


def change(tx: Tx, grant: Grant, backend: Backend, values: Mapping[str, Any]) -> Backend:
    """Set what is named in ``values``, by the names of columns; ``settings`` as a mapping.

    What changes where it is, or how it is spoken to, ends the token that it had, and it works for the one who
    changed it from then on.
    """
    columns = dict(values)
    if "settings" in columns:
        columns["settings"] = _json(columns["settings"])
    if is_moved(backend, columns):
        columns["token_serial"] = backend.token_serial + 1
        columns["created_by"] = grant.actor.user_id
    columns["updated_at"] = tx.now
    tx.execute(update(ml_backends).where(_b.id == backend.id).values(**columns))
    if backend.title and columns.get("title", backend.title) != backend.title:
        _rename(tx, backend.project_id, backend.title, columns["title"])
    _record(tx, grant, "backend.updated", backend.id)
    return get(tx, backend.id)


def is_moved(backend: Backend, columns: Mapping[str, Any]) -> bool:
    """Would it be another server with these columns, or be spoken to otherwise?"""
    return any(columns.get(name, getattr(backend, name)) != getattr(backend, name) for name in _WHERE)


def take_over(tx: Tx, grant: Grant, backend: Backend, called_as: str) -> None:
    """Let the backend call this server as it was asked just now, and be told of its project again.

    It works for who asked from then on: the one before may be gone.
    """
    values = {"called_as": called_as, "created_by": grant.actor.user_id, "told_digest": ""}
    tx.execute(update(ml_backends).where(_b.id == backend.id).values(**values))


def note_called(tx: Tx, backend_id: int, called_as: str) -> None:
    """Write down how a backend reaches this server by now; the next time it is asked, it is told."""
    tx.execute(update(ml_backends).where(_b.id == backend_id).values(called_as=called_as))


def forget_told(tx: Tx, backend_id: int) -> None:
    """The next time the backend is asked, it is told of its project before."""
    tx.execute(update(ml_backends).where(_b.id == backend_id).values(told_digest=""))


def remove(tx: Tx, grant: Grant, backend: Backend) -> None:
    """Disconnect a backend: its token and its events end with it, its predictions stay."""
    tx.execute(delete(ml_backends).where(_b.id == backend.id))
    if backend.title:
        _rename(tx, backend.project_id, backend.title, "")
    _record(tx, grant, "backend.removed", backend.id)


def note(
    tx: Tx,
    backend_id: int,
    *,
    state: State,
    problem: str = "",
    generation: Generation | None = None,
    model_version: str | None = None,
    told_digest: str | None = None,
) -> None:
    """Write down how a backend was found just now; None: that is as it was.

    told_digest: of what it was told, "" for "tell it again".
    """
    known = {"generation": generation, "model_version": model_version, "told_digest": told_digest}
    columns: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    columns |= {"state": state, "problem": problem, "checked_at": tx.now}
    tx.execute(update(ml_backends).where(_b.id == backend_id).values(**columns))


def sealed(key: Secret, secret: Secret) -> str | None:
    """A password or a token as it is kept."""
    return seal(key, secret.reveal()) if secret else None


def draft_of(new: NewBackend, project_id: int, now: datetime, key: Secret) -> Backend:
    """A backend as it would be, before it is there: to ask it how it is."""
    columns = {name: getattr(new, name) for name in NewBackend.__dataclass_fields__ if name != "secret"}
    return Backend(
        **columns,
        id=0,
        project_id=project_id,
        sealed_secret=sealed(key, new.secret),
        generation="",
        state="DI",
        problem="",
        model_version="",
        checked_at=None,
        created_by=None,
        created_at=now,
        updated_at=now,
    )


def changed(backend: Backend, values: Mapping[str, Any]) -> Backend:
    """A backend as it would be with these columns: to ask it how it is."""
    return replace(backend, **values)


def _backend(row: Mapping[str, Any]) -> Backend:
    return Backend(**{**row, "settings": msgspec.json.decode(row["settings"])})


def _rename(tx: Tx, project_id: int, old: str, new: str) -> None:
    tx.execute(_RENAME, {"of_project": project_id, "old": old, "new": new})


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def _record(tx: Tx, grant: Grant, kind: str, backend_id: int) -> None:
    events.record(tx, kind, actor_id=grant.actor.user_id, project_id=grant.project_id, subject_id=backend_id)
