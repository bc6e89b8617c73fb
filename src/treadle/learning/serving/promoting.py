"""Letting a version serve, and keeping it so: by a person, by an alias in the registry, by a training.

Promises: a version serves here only after its backend has said that it does there; whatever is killed
between the two, our row wins: at the next check of the backend it is told again. A backend that lost its
files is given the version back out of our archive first. Rolling back is letting an earlier one serve.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from treadle.access import Actor, ProjectScope, allow
from treadle.access.signing_key import load_signing_key
from treadle.db import Database
from treadle.errors import Conflict, Invalid, TreadleError, Unavailable, Unsupported
from treadle.learning.connections import backends
from treadle.learning.connections.backends import UNTRAINED, Backend
from treadle.learning.connections.client import BackendClient, Told, open_client, told_of
from treadle.learning.serving import archiving, versions
from treadle.learning.serving.versions import Cause, Row
from treadle.objects import ObjectStore
from treadle.permissions import Permission
from treadle.settings import Settings

logger = logging.getLogger(__name__)

#: How a backend says that it does not have a version, or not whole.
_NOT_THERE = frozenset({404, 409})
#: So long a backend may take to let another version serve while nobody waits for it.
_SETTLED_S = 120.0


class PromotingParts(Protocol):
    """What it takes: parts of the web process and of the worker have it."""

    @property
    def settings(self) -> Settings:
        """Of the server."""

    @property
    def database(self) -> Database:
        """The open database."""

    @property
    def objects(self) -> ObjectStore:
        """Where archives are."""


def promote(
    parts: PromotingParts,
    actor: Actor | None,
    backend_id: int,
    version_id: int | None,
    *,
    cause: Cause = "person",
    request_base: str = "",
) -> Backend:
    """Let a version of a backend serve, or with None the untrained model; the backend afterwards.

    actor: who wants it, and must hold MODEL_PROMOTE; None: nobody is known, since an alias was moved.
    Raises NotFound, Forbidden, Unsupported("promote-not-known"), Conflict("version-gone",
    "promoted-meanwhile"), Unavailable("backend-…"), Invalid("backend-…").
    """
    with parts.database.read() as tx:
        backend = backends.get(tx, backend_id)
        if actor is not None:
            allow(tx, actor, Permission.MODEL_PROMOTE, ProjectScope(backend.project_id))
        version = None if version_id is None else versions.get(tx, version_id)
        if version is not None and version["backend_id"] != backend_id:
            raise versions.no_version(version["id"])
        before = versions.last_promotion(tx, backend_id)
        told = told_of(tx, backend, request_base)
    _check_can_choose(backend)
    with parts.database.write() as tx:
        # Whatever kills us from here on: it is told of its project again, and what it says is compared.
        backends.note(tx, backend_id, state=backend.state, problem=backend.problem, told_digest="")
    with _client(parts, backend) as client:
        _ask(parts, client, told, version)
        with parts.database.write() as tx:
            versions.lock(tx, backend_id)
            is_ours = versions.last_promotion(tx, backend_id) == before
            if is_ours:
                user_id = actor.user_id if actor else None
                versions.serve(tx, backend, version, cause=cause, user_id=user_id)
                backends.note(tx, backend_id, state="CO", model_version=_name(version))
        _see_to_it(parts, client, told, is_due=not is_ours)
        if not is_ours:
            text = (
                f"Somebody else let another version of {backend.name} serve meanwhile. Look, then try again."
            )
            raise Conflict("promoted-meanwhile", text)
    with parts.database.read() as tx:
        return backends.get(tx, backend_id)


def settle(parts: PromotingParts, backend: Backend, said: str, request_base: str = "") -> None:
    """See to it that a backend, whose /setup ``said`` which version serves, serves what serves here.

    Of what chooses by itself, what it said is written down. What cannot be done now is said at the backend.
    """
    with parts.database.read() as tx:
        serving = backends.serving_version(tx, backend.id)
        is_chosen = versions.last_promotion(tx, backend.id) is not None
        told = told_of(tx, backend, request_base)
    if (said or UNTRAINED) == _name(serving):
        return
    if not (is_chosen and backend.can_follow):
        with parts.database.write() as tx:
            versions.note_said(tx, backend, said)
        return
    about = {"backend": backend.id, "version": _name(serving), "said": said}
    logger.warning("A backend is told again which version serves", extra=about)
    patient = replace(backend, timeout_s=min(backend.timeout_s, _SETTLED_S))
    try:
        with _client(parts, patient) as client:
            _settle(parts, client, told, backend)
    except TreadleError as error:
        _tell(parts, backend, error)


def _see_to_it(parts: PromotingParts, client: BackendClient, told: Told, *, is_due: bool) -> None:
    """Let the backend serve what serves here, whose row is written: what fails now is told at the backend.

    Who looked at it before the row was written has told it of the former version again.
    """
    with parts.database.read() as tx:
        serving = backends.serving_version(tx, client.backend.id)
    try:
        if is_due or client.setup(told) != _name(serving):
            _settle(parts, client, told, client.backend)
    except TreadleError as error:
        _tell(parts, client.backend, error)


def _settle(parts: PromotingParts, client: BackendClient, told: Told, backend: Backend) -> None:
    with parts.database.read() as tx:
        serving = backends.serving_version(tx, backend.id)
    _ask(parts, client, told, serving)
    with parts.database.write() as tx:
        backends.note(tx, backend.id, state="CO", model_version=_name(serving))


def _tell(parts: PromotingParts, backend: Backend, error: TreadleError) -> None:
    logger.warning("What serves could not be restored", extra={"backend": backend.id, "error": error.message})
    problem = f"It could not be told again which version serves here. {error.message}"
    with parts.database.write() as tx:
        backends.note(tx, backend.id, state="ER", problem=problem, told_digest="")


def _ask(parts: PromotingParts, client: BackendClient, told: Told, version: Row | None) -> None:
    """Let the backend serve it; give it back first where it is lost. Raises as `promote`."""
    try:
        client.promote(told, _name(version))
    except (Invalid, Unavailable) as error:
        if version is None or error.details.get("status") not in _NOT_THERE:
            raise
        if not version["archive_key"]:
            said = error.message.rstrip(".")
            text = f"{said}. No copy of its files is here either: promote another one, or train."
            raise Conflict("version-gone", text) from error
        archiving.give_back(parts.objects, parts.settings, client, told=told, version=version)
        client.promote(told, _name(version))


def _check_can_choose(backend: Backend) -> None:
    if backend.can_follow:
        return
    text = (
        f"{backend.name} chooses by itself which version it predicts by: its protocol has no way to be told. "
        "`treadle ml serve` runs its model.py unchanged, and can be told."
    )
    raise Unsupported("promote-not-known", text)


def _name(version: Row | None) -> str:
    return version["name"] if version is not None else UNTRAINED


def _client(parts: PromotingParts, backend: Backend) -> BackendClient:
    return open_client(parts.settings, load_signing_key(parts.settings.data_dir), backend)
