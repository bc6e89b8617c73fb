"""Files that already lie in a storage, put into a repo by reference: not a byte of them is copied.

A reference names the storage, the key and the ETag of then. It is read by the storage's own credentials, and
no more once the content there is another, or the storage is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from treadle.access import Actor, Grant, ProjectScope, RepoScope, allow
from treadle.access.identities import identify_by_id
from treadle.access.signing_key import load_signing_key
from treadle.connectors import storages
from treadle.connectors.opening import OutsideKind, find_kind
from treadle.connectors.places import Item, Place, text_of
from treadle.connectors.storages import Storage
from treadle.db import Database, Tx
from treadle.db.prepared import Prepared
from treadle.db.repo_tables import repos
from treadle.db.schema import projects
from treadle.db.storage_tables import storages as storage_rows
from treadle.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, Unsupported
from treadle.jobs import Job, JobKind, JobRun
from treadle.permissions import Permission
from treadle.repos import commits
from treadle.repos.snapshots import NewReference, Reference
from treadle.settings import Settings

JOB_NAME = "reference-files"
#: So many files are referred to while somebody waits; more are for a job.
MOST_AT_ONCE = 10_000
_ROWS_BETWEEN_LOOKS = 500
#: Where the file lies, for people; in its metadata.
_WHERE = "reference"

_IN_WORKSPACE_OF = Prepared(
    select(storage_rows.c.id)
    .join(projects, projects.c.id == storage_rows.c.project_id)
    .join(repos, repos.c.workspace_id == projects.c.workspace_id)
    .where(
        storage_rows.c.id == bindparam("storage_id"),
        repos.c.id == bindparam("repo_id"),
        projects.c.deleted_at.is_(None),
    )
)


@dataclass(frozen=True)
class Selection:
    """Which files of a storage to refer to.

    prefix: everything below this folder, whatever the storage's own filter says; "" is the storage's own
    prefix; None: what the storage selects.  Both may be keys, or addresses such as ``s3://bucket/folder``.
    path: where the files go; that of a single one, unless it ends in a slash.
    """

    path: str = ""
    key: str | None = None
    prefix: str | None = None


def find_files(settings: Settings, storage: Storage, selection: Selection) -> Iterator[NewReference]:
    """The selected files as they are now, in the order of their keys; each is listed when it is asked for.

    Raises NotFound("reference-nothing") where there is none, Unsupported("storage-no-references"),
    Invalid("storage-key"), and what the storage raises.
    """
    place = _open(settings, storage)
    if selection.key is not None:
        yield _refer(storage, place, place.find(_key_of(storage, place, selection.key)), selection.path)
        return
    is_empty = True
    for new in _below(settings, storage, place, selection):
        is_empty = False
        yield new
    if is_empty:
        yield _alone(storage, place, selection)


def find_at_once(settings: Settings, storage: Storage, selection: Selection) -> list[NewReference]:
    """The selected files, where they are few. Raises Invalid("references-too-many"), and as `find_files`."""
    found = list(islice(find_files(settings, storage, selection), MOST_AT_ONCE + 1))
    if len(found) > MOST_AT_ONCE:
        text = (
            f"{storage.name} has more than {MOST_AT_ONCE:,} such files. Refer to them by a job: POST "
            f"/api/storages/{storage.kind}/{storage.id}/references/."
        )
        details = {"details": {"storage": storage.id, "kind": storage.kind}}
        raise Invalid("references-too-many", text, details=details)
    return found


def find_storage(tx: Tx, actor: Actor, storage_id: int, repo: Grant) -> Storage:
    """The storage, for whoever may change its project, which is in the workspace of the repo.

    Raises NotFound("storage-not-found"), Forbidden, Unsupported("storage-no-references").
    """
    try:
        storage = storages.get(tx, storage_id)
        project = allow(tx, actor, Permission.PROJECT_WRITE, ProjectScope(storage.project_id))
    except NotFound as error:
        raise storages.no_storage(storage_id) from error
    if project.workspace_id != repo.workspace_id:
        raise storages.no_storage(storage_id)
    _kind_of(storage)
    return storage


class ReferenceOrder(msgspec.Struct, frozen=True):
    """Which storage's files to put where; ``prefix`` as in `Selection`."""

    storage_id: int
    repo_id: int
    branch: str
    folder: str
    message: str
    prefix: str | None = None


def start_referencing(tx: Tx, grant: Grant, order: ReferenceOrder) -> Job:
    """Order one commit that refers to any number of a storage's files.

    Raises Unsupported("storage-no-references") for a source whose files cannot be told apart from others that
    took their place; Forbidden, NotFound where the actor may not write the repo, or the storage is of another
    workspace; Conflict("storage-busy").
    """
    repo = allow(tx, grant.actor, Permission.REPO_WRITE, RepoScope(order.repo_id))
    storage = find_storage(tx, grant.actor, storages.lock(tx, order.storage_id).id, repo)
    return storages.start_job(tx, grant, storage, kind=JOB_NAME, order=order)


def run_referencing(run: JobRun) -> dict[str, Any]:
    """Put a reference for each file into a commit of its own, and finish it."""
    order = run.decode(ReferenceOrder)
    commit_id = run.step("begin", _begin, run, order)
    count = run.step("put", _put, run, order, commit_id)
    return run.step("finish", _finish, run, order, commit_id, count)


def undo_referencing(run: JobRun) -> None:
    """Say at the source that it failed, and abandon the commit that was begun."""
    error: dict[str, Any] = msgspec.json.decode(run.job.error or "{}")
    order = run.decode(ReferenceOrder)
    with run.database.write() as tx:
        storages.note(tx, order.storage_id, status="failed", problem=error.get("message", ""))
        _abandon(tx, run, order)


def _abandon(tx: Tx, run: JobRun, order: ReferenceOrder) -> None:
    maker = None if run.job.actor_id is None else identify_by_id(tx, run.job.actor_id)
    commit_id = _begun(tx, run, order)
    if maker is None or commit_id is None:
        return
    try:
        grant = allow(tx, maker.actor, Permission.REPO_WRITE, RepoScope(order.repo_id))
        commits.abandon(tx, grant, commit_id)
    except (NotFound, Forbidden, Conflict):
        return  # It is not theirs any more, or there is none.


def _begun(tx: Tx, run: JobRun, order: ReferenceOrder) -> str | None:
    """The commit that an earlier run of the job began."""
    try:
        begun = storages.get(tx, order.storage_id).meta.get("references", {})
    except NotFound:
        return None
    return begun["commit"] if begun.get("job") == run.job.id else None


REFERENCE_JOB = JobKind(JOB_NAME, run_referencing, Permission.PROJECT_WRITE, undo_referencing)


def _begin(run: JobRun, order: ReferenceOrder) -> str:
    with run.database.write() as tx:
        grant = allow(tx, run.actor, Permission.REPO_WRITE, RepoScope(order.repo_id))
        commit_id = _begun(tx, run, order) or commits.start(tx, grant, order.branch).id
        meta = storages.get(tx, order.storage_id).meta
        begun = {"job": run.job.id, "commit": commit_id}
        told = {"status": "in_progress", "problem": "", "meta": {**meta, "references": begun}}
        storages.note(tx, order.storage_id, **told)
        return commit_id


def _put(run: JobRun, order: ReferenceOrder, commit_id: str) -> int:
    with run.database.read() as tx:
        grant = allow(tx, run.actor, Permission.REPO_WRITE, RepoScope(order.repo_id))
        storage = find_storage(tx, run.actor, order.storage_id, grant)
    selection = Selection(f"{order.folder.strip('/')}/", prefix=order.prefix)
    found = find_files(run.settings, storage, selection)
    return run.parts.repos.reference(grant, commit_id, _watched(run, found))


def _watched(run: JobRun, found: Iterator[NewReference]) -> Iterator[NewReference]:
    for count, new in enumerate(found, 1):
        if count % _ROWS_BETWEEN_LOOKS == 1:
            run.check_cancelled()
        run.report(count, count + 1, f"Referred to {count:,} files")
        yield new


def _finish(run: JobRun, order: ReferenceOrder, commit_id: str, count: int) -> dict[str, Any]:
    with run.database.read() as tx:
        grant = allow(tx, run.actor, Permission.REPO_WRITE, RepoScope(order.repo_id))
        is_open = commits.get(tx, commit_id).state != "finished"
    if is_open:
        run.parts.repos.finish(grant, commit_id, order.message)
    with run.database.write() as tx:
        storages.note(tx, order.storage_id, status="completed")
    return {"commit": commit_id, "files": count}


class OutsideReader:
    """Reads files that were put by reference, for the engine of repos."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def __call__(
        self, reference: Reference, start: int, end: int | None, *, repo_id: int, path: str
    ) -> Iterator[bytes]:
        """The bytes from ``start`` up to ``end``.

        Raises Conflict("reference-gone"), Conflict("reference-changed") where something else lies there now,
        Unavailable("reference-unreachable").
        """
        with _telling(reference, path):
            return self._place(reference, repo_id).read_item(_item(reference), start, end)

    def find(self, reference: Reference, repo_id: int, path: str) -> None:
        """Nothing, where what is referred to is there and is the same. Raises as reading it."""
        with _telling(reference, path):
            found = self._place(reference, repo_id).find(reference.key, reference.version)
            if found.etag != reference.etag:
                raise Conflict("reference-changed", _changed(reference, path))

    def _place(self, reference: Reference, repo_id: int) -> Place:
        of = {"storage_id": reference.storage_id, "repo_id": repo_id}
        with self._database.read() as tx:
            if tx.execute(_IN_WORKSPACE_OF, of).first() is None:
                raise storages.no_storage(reference.storage_id)
            return _open(self._settings, storages.get(tx, reference.storage_id))


def _item(reference: Reference) -> Item:
    return Item(reference.key, reference.etag, reference.size_bytes, version=reference.version)


@contextmanager
def _telling(reference: Reference, path: str) -> Iterator[None]:
    """What a storage raises, told of the file that refers to it."""
    where = f"/{path} lies at {reference.uri}"
    try:
        yield
    except NotFound as error:
        if error.code == "storage-not-found":
            text = (
                f"{where} in storage {reference.storage_id}, which was removed, or its project from this "
                "workspace. Add it again, and refer to the file anew, or put the file itself."
            )
        else:
            text = f"{where}, and is gone from there. Put it back there, or put the file anew."
        raise Conflict("reference-gone", text) from error
    except Conflict as error:
        raise Conflict("reference-changed", _changed(reference, path)) from error
    except (Invalid, Forbidden, Unavailable) as error:
        text = f"{where}, and cannot be read with storage {reference.storage_id}. {error.message}"
        raise Unavailable("reference-unreachable", text) from error


def _changed(reference: Reference, path: str) -> str:
    return (
        f"/{path} lies at {reference.uri}, where something else lies by now: it was changed under you. Put "
        "back what was there, or refer to it anew, which makes a new commit."
    )


def _below(
    settings: Settings, storage: Storage, place: Place, selection: Selection
) -> Iterator[NewReference]:
    """What lies below the prefix, each by its path from there."""
    own = text_of(storage.options, "prefix").strip("/")
    if selection.prefix is None:
        start, after = (f"{own}/" if own else ""), None
    else:
        folder = _key_of(storage, place, selection.prefix) or own
        start = f"{folder}/" if folder else ""
        after = start or None
        place = _open(settings, storage, prefix=folder, regex_filter="", recursive_scan=True)
    folder_path = f"{selection.path.strip('/')}/".removeprefix("/")
    for item in place.list(after=after):
        if item.key.startswith(start):
            yield _refer(storage, place, item, folder_path + item.key[len(start) :])
        elif item.key > start:
            return


def _alone(storage: Storage, place: Place, selection: Selection) -> NewReference:
    """What lies at a prefix that nothing lies below."""
    key = _key_of(storage, place, selection.prefix or "")
    try:
        if key:
            return _refer(storage, place, place.find(key), selection.path)
    except NotFound:
        pass
    where = place.uri(key).rstrip("/") if selection.prefix is not None else storage.name
    text = f"There is nothing to refer to at {where}. Check what lies there, and the storage's own filter."
    raise NotFound("reference-nothing", text)


def _refer(storage: Storage, place: Place, item: Item, path: str) -> NewReference:
    if not item.etag or item.size_bytes is None:
        raise _no_references(storage)
    whole = path + item.key.rpartition("/")[2] if not path or path.endswith("/") else path
    uri = place.uri(item.key)
    reference = Reference(storage.id, item.key, item.etag, item.size_bytes, uri, item.version)
    return NewReference(whole.removeprefix("/"), reference, {_WHERE: uri}, item.modified_at)


def _key_of(storage: Storage, place: Place, text: str) -> str:
    """The key that a text is, or is the address of; without a slash at its end."""
    if "://" not in text:
        return text.strip("/")
    plain, all_of_it = text.rstrip("/"), place.uri("").rstrip("/")
    key = "" if plain == all_of_it else place.key_of(plain)
    if key is None:
        raise Invalid("storage-key", f"{text} is not in {storage.name}, whose files are at {all_of_it}.")
    return key


def _open(settings: Settings, storage: Storage, **instead: object) -> Place:
    form = storages.form_of(storage, load_signing_key(settings.data_dir))
    return _kind_of(storage).kind.open(settings, {**form.options, **instead}, form.secrets)


def _kind_of(storage: Storage) -> OutsideKind:
    kind = find_kind(storage.kind, storage.direction)
    if not isinstance(kind, OutsideKind):
        raise _no_references(storage)
    return kind


def _no_references(storage: Storage) -> Unsupported:
    text = f"{storage.name} cannot be referred to: nothing tells when its files change. Copy them instead."
    return Unsupported("storage-no-references", text)
