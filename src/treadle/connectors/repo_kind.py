"""A repo of this installation as a source or a target: with our fields or Pachyderm's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from sqlalchemy import select

from treadle.access import Actor, Grant, RepoScope, allow
from treadle.connectors.places import (
    BOTH,
    SOURCE,
    TARGET,
    Direction,
    Field,
    Form,
    Item,
    Options,
    changed,
    number_of,
    text_of,
)
from treadle.connectors.selecting import SOURCE_FIELDS, selector
from treadle.db import Tx
from treadle.db.schema import workspaces
from treadle.errors import Invalid, NotFound, Unsupported
from treadle.labeling.formats import find_format
from treadle.permissions import Permission
from treadle.repos import branches, catalogue, refs
from treadle.repos.engine import RepoEngine
from treadle.repos.snapshots import Snapshot
from treadle.repos.values import File

_PREFIX = Field("prefix", "Folder", help="Only files whose path begins so.")
_SOURCE_FIELDS = (
    *SOURCE_FIELDS,
    Field(
        "follow",
        "Follow the branch",
        "toggle",
        default=False,
        help="Sync by itself within ten seconds of a commit.",
        directions=SOURCE,
    ),
)
_TARGET_FIELDS = (
    Field(
        "commit_after_saves",
        "Commit after so many saved tasks",
        "counter",
        default=0,
        help="0: only when somebody says so.",
        directions=TARGET,
    ),
    Field(
        "commit_after_minutes",
        "Commit after so many minutes",
        "counter",
        default=0,
        help="0: only when somebody says so.",
        directions=TARGET,
    ),
    Field(
        "formats",
        "Further formats",
        help="Generated into every commit, in a folder each: COCO, YOLO.",
        directions=TARGET,
    ),
)
#: The code of the error where the repo of a storage is not there, and may come back.
REPO_GONE = "storage-repo-gone"
_RESOLVED = ("repo_id", "branch", "commit", "named_by_task")


@dataclass(frozen=True)
class RepoKind:
    """A kind of storage that is opened with the engine of repos."""

    name: str
    title: str
    own_fields: tuple[Field, ...]
    directions: frozenset[Direction] = BOTH

    @property
    def fields(self) -> tuple[Field, ...]:
        """Of its form."""
        return (*self.own_fields, _PREFIX, *_SOURCE_FIELDS, *_TARGET_FIELDS)


REPO = RepoKind(
    "repo",
    "Repo",
    (
        Field(
            "repo",
            "Repo and branch",
            required=True,
            help="Such as images@master, or workspace/images@master for one of another workspace.",
        ),
    ),
)
PACHYDERM = RepoKind(
    "pachyderm",
    "Pachyderm",
    (
        Field("repository", "Repository", help="Such as images@master."),
        Field("pach_project", "Project", help="The workspace; empty: the labelling project's own."),
        Field("pach_repo", "Repo"),
        Field("pach_branch", "Branch"),
        Field("pach_commit", "Commit", help="Empty: the head of the branch.", directions=SOURCE),
        Field("pachd_address", "Address", help="Kept, and not needed: the repo lies here."),
        Field("pach_authn_token", "Token", "password", secret=True, help="Kept, and not needed."),
    ),
)


def resolve(tx: Tx, grant: Grant, form: Form, *, kind: RepoKind, direction: Direction) -> Form:
    """The form with the repo that it names, found for whoever holds the grant of the project.

    Raises Invalid("storage-options") where it names none that they see, Forbidden where they may not read it,
    or for a target write it.
    """
    field = kind.own_fields[0].name
    named = _named(kind, form.options)
    permission = Permission.REPO_READ if direction == "source" else Permission.REPO_WRITE
    repo_id = _find_repo(tx, grant, named, permission, field=field)
    commit = text_of(form.options, "pach_commit")
    if not commit:
        _check_branch(tx, repo_id, named, field)
    selector(text_of(form.options, "regex_filter"))
    for name in formats_of(form.options):
        find_format(name)
    found = {
        "repo_id": repo_id,
        "branch": named.ref,
        "commit": refs.resolve(tx, repo_id, commit).id if commit else "",
        # Clients of Pachyderm's gRPC integration read /{task id} without an extension.
        "named_by_task": bool(text_of(form.options, "pach_repo")),
    }
    return Form({**form.options, **found}, form.secrets)


def find_head(tx: Tx, actor: Actor, options: Options) -> str | None:
    """The commit that a source reads now: the one that it is fixed to, else its branch's head.

    None before the first commit. Raises NotFound("storage-repo-gone") where there is no such repo any more,
    or the actor may not see it; Forbidden where they may not read it.
    """
    repo_id = repo_of(options)
    try:
        allow(tx, actor, Permission.REPO_READ, RepoScope(repo_id))
    except NotFound as error:
        told = (
            f"There is no repo {_written(options)} any more that you can see. If it was deleted, bring it "
            "back under Repos, and this goes on by itself; else name another repo here, or ask for access."
        )
        raise NotFound(REPO_GONE, told) from error
    return text_of(options, "commit") or branches.get(tx, repo_id, text_of(options, "branch")).head


def repo_of(options: Options) -> int:
    """The id of the repo."""
    return number_of(options, "repo_id", 0)


def shown_options(options: Options) -> Mapping[str, object]:
    """The fields as they were filled in, without what was found by them."""
    return {name: value for name, value in options.items() if name not in _RESOLVED}


class RepoPlace:
    """The files of a repo at a commit, as a storage lists and reads them."""

    def __init__(self, engine: RepoEngine, options: Options, commit_id: str | None) -> None:
        self._engine, self._options, self._commit_id = engine, options, commit_id
        self._repo_id = repo_of(options)
        self._prefix = text_of(options, "prefix").lstrip("/")
        self._selects = selector(text_of(options, "regex_filter"))

    def check(self, direction: Direction) -> None:
        """Nothing: the repo and its branch were found."""

    def list(self, after: str | None = None) -> Iterator[Item]:
        """The files that the options select, in the order of paths."""
        if self._commit_id is None:
            return
        for found in self._snapshot().list(prefix=self._prefix, after=after or ""):
            if isinstance(found, File) and self._selects(found.path):
                yield _item(found)

    def changes_since(self, commit_id: str) -> Iterator[tuple[str, Item | None]]:
        """The selected paths that differ from an earlier commit, with what is there now, if anything is."""
        assert self._commit_id is not None
        for change in self._engine.diff(self._repo_id, commit_id, self._commit_id, prefix=self._prefix):
            if self._selects(change.path):
                yield change.path, _item(change.new) if change.new else None

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a file. Raises NotFound("storage-item")."""
        if self._commit_id is None:
            raise _no_item(key)
        return self._snapshot().read(key, start, end)

    def find(self, key: str, version: str = "") -> Item:
        """What is at the path. Raises NotFound("storage-item")."""
        found = self._snapshot().find(key) if self._commit_id else None
        if found is None:
            raise _no_item(key)
        return _item(found)

    def read_item(self, item: Item, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a file. Raises NotFound("storage-item"), Conflict("storage-item-changed")."""
        if self.find(item.key).etag != item.etag:
            raise changed(self.uri(item.key))
        return self.read(item.key, start, end)

    def write(self, key: str, content: bytes) -> None:
        """Raises Unsupported: what is written to a repo is committed."""
        raise Unsupported("storage-commits", f"{key} was not written: labels are committed to a repo.")

    def delete(self, key: str) -> None:
        """Raises Unsupported: what is deleted in a repo is committed."""
        raise Unsupported("storage-commits", f"{key} was not deleted: labels are committed to a repo.")

    def key(self, name: str) -> str:
        """Below the folder."""
        prefix = text_of(self._options, "prefix").strip("/")
        return f"{prefix}/{name}" if prefix else name

    def uri(self, key: str) -> str:
        """``treadle://images@master/a.jpg``."""
        return f"{self._address()}{quote(key)}"

    def key_of(self, uri: str) -> str | None:
        """The path that such an address names."""
        address = self._address()
        return unquote(uri.removeprefix(address)) if uri.startswith(address) else None

    def _address(self) -> str:
        named = refs.parse(_written(self._options))
        workspace = f"{named.workspace}/" if named.workspace else ""
        return f"treadle://{workspace}{named.repo}@{named.ref}/"

    def _snapshot(self) -> Snapshot:
        assert self._commit_id is not None
        return self._engine.at(self._repo_id, self._commit_id)


def _written(options: Options) -> str:
    """The repo and branch as ``workspace/repo@branch``, whichever fields name them."""
    whole = text_of(options, "repo") or text_of(options, "repository")
    if whole:
        return whole
    name = text_of(options, "pach_repo")
    project = text_of(options, "pach_project")
    if "@" not in name and (branch := text_of(options, "pach_branch")):
        name = f"{name}@{branch}"
    return f"{project}/{name}" if project and project != "default" else name


def _named(kind: RepoKind, options: Options) -> refs.RefText:
    field = kind.own_fields[0].name
    text = _written(options)
    try:
        return refs.parse(text)
    except Invalid as error:
        told = error.message if text else "Name the repo: images@master."
        raise Invalid("storage-options", f"{field}: {told}", fields={field: [told]}) from error


def _find_repo(tx: Tx, grant: Grant, named: refs.RefText, permission: Permission, *, field: str) -> int:
    workspace_id: int | None = grant.workspace_id
    if named.workspace is not None:
        of_name = select(workspaces.c.id).where(workspaces.c.name == named.workspace)
        workspace_id = tx.execute(of_name).scalar()
    found = catalogue.find(tx, [] if workspace_id is None else [workspace_id], named.repo)
    try:
        return int(allow(tx, grant.actor, permission, RepoScope(found[0].id if found else 0)).repo_id or 0)
    except NotFound as error:
        where = f"workspace {named.workspace}" if named.workspace else "the project's workspace"
        told = f"There is no repo {named.repo} in {where} that you can use. Make it first, or name another."
        raise Invalid("storage-options", told, fields={field: [told]}) from error


def _check_branch(tx: Tx, repo_id: int, named: refs.RefText, field: str) -> None:
    try:
        branches.get(tx, repo_id, named.ref)
    except NotFound as error:
        told = f"Repo {named.repo} has no branch {named.ref}. Make it first, or name another."
        raise Invalid("storage-options", told, fields={field: [told]}) from error


def _item(file: File) -> Item:
    return Item(file.path, file.id, file.size_bytes, file.modified_at)


def _no_item(key: str) -> NotFound:
    return NotFound("storage-item", f"There is no file {key!r}.")


def path_of(options: Options, task_id: int) -> str:
    """The file of a target that a task's labels stand in."""
    prefix = text_of(options, "prefix").strip("/")
    name = str(task_id) if options.get("named_by_task") else f"{task_id}.json"
    return f"{prefix}/{name}" if prefix else name


def formats_of(options: Options) -> list[str]:
    """The further formats that every commit of a target holds."""
    return [each.strip().upper() for each in text_of(options, "formats").split(",") if each.strip()]
