"""Every kind of storage, and how one is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from treadle.access import Grant
from treadle.connectors import repo_kind, storages
from treadle.connectors.kinds import KINDS
from treadle.connectors.places import TARGET, Direction, Field, Form, Kind, Place
from treadle.connectors.repo_kind import PACHYDERM, REPO, RepoKind, RepoPlace
from treadle.connectors.storages import Storage
from treadle.db import Database, Tx
from treadle.errors import NotFound
from treadle.repos.engine import RepoEngine
from treadle.settings import Secret, Settings

_TARGET_FIELDS = (
    Field(
        "can_delete_objects",
        "Delete what is deleted here",
        "toggle",
        default=False,
        help="Of an annotation that is deleted, also its file.",
        directions=TARGET,
    ),
    Field(
        "task_files",
        "One file for each task",
        "toggle",
        default=False,
        help="With all its annotations, by the task's id; otherwise one for each annotation.",
        directions=TARGET,
    ),
)


@dataclass(frozen=True)
class OutsideKind:
    """A kind of storage that lies outside of this installation, with what every target asks."""

    kind: Kind

    @property
    def name(self) -> str:
        """As the API calls it."""
        return self.kind.name

    @property
    def title(self) -> str:
        """As people call it."""
        return self.kind.title

    @property
    def directions(self) -> frozenset[Direction]:
        """What it can be."""
        return self.kind.directions

    @property
    def fields(self) -> tuple[Field, ...]:
        """Of its form."""
        return (*self.kind.fields, *_TARGET_FIELDS)


_FORMED: tuple[RepoKind | OutsideKind, ...] = (REPO, *(OutsideKind(each) for each in KINDS), PACHYDERM)
AnyKind: TypeAlias = RepoKind | OutsideKind


class StorageParts(Protocol):
    """What a storage is opened with: the parts of the web process, or of a job."""

    @property
    def database(self) -> Database:
        """The open database."""

    @property
    def settings(self) -> Settings:
        """The server's settings."""

    @property
    def repos(self) -> RepoEngine:
        """The engine of repos."""


def list_kinds(direction: Direction) -> list[AnyKind]:
    """The kinds that one may choose from; a name that is another's is not among them."""
    return [each for each in _FORMED if direction in each.directions and each is not PACHYDERM]


def find_kind(name: str, direction: Direction) -> AnyKind:
    """The kind of that name. Raises NotFound("storage-kind")."""
    for known in _FORMED:
        if known.name == name and direction in known.directions:
            return known
    names = ", ".join(each.name for each in list_kinds(direction))
    raise NotFound("storage-kind", f"There is no kind of {direction} {name!r}. There are: {names}.")


def complete(tx: Tx, grant: Grant, form: Form, *, kind: AnyKind, direction: Direction) -> Form:
    """The form with what it names found. Raises Invalid("storage-options"), Forbidden."""
    if isinstance(kind, RepoKind):
        return repo_kind.resolve(tx, grant, form, kind=kind, direction=direction)
    return form


def find_head(tx: Tx, grant: Grant, storage: Storage) -> str | None:
    """Of a source that is a repo the commit to read now. Raises NotFound, Forbidden."""
    return repo_kind.find_head(tx, grant.actor, storage.options) if storage.is_repo else None


def head_of_form(tx: Tx, grant: Grant, kind: AnyKind, form: Form) -> str | None:
    """The same for a complete form."""
    return repo_kind.find_head(tx, grant.actor, form.options) if isinstance(kind, RepoKind) else None


def open_place(parts: StorageParts, key: Secret, storage: Storage, commit_id: str | None = None) -> Place:
    """The place of a storage; of a repo its files at the commit."""
    kind = find_kind(storage.kind, storage.direction)
    return open_form(parts, kind, storages.form_of(storage, key), commit_id)


def open_form(parts: StorageParts, kind: AnyKind, form: Form, commit_id: str | None = None) -> Place:
    """The place that a complete form names."""
    if isinstance(kind, RepoKind):
        return RepoPlace(parts.repos, form.options, commit_id)
    return kind.kind.open(parts.settings, form.options, form.secrets)
