"""Files that already lie in a storage, put into a repo by reference: not a byte of them is copied.

A reference names the storage, the key and the ETag of then. It is read by the storage's own credentials, and
no more once the content there is another, or the storage is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from treadle.access import Grant, RepoScope, allow
from treadle.access.identities import identify_by_id
from treadle.access.signing_key import load_signing_key
from treadle.connectors import storages
from treadle.connectors.opening import OutsideKind, find_kind
from treadle.connectors.places import Item, Place
from treadle.connectors.storages import Storage
from treadle.db import Database, Tx
from treadle.errors import Conflict, Forbidden, NotFound, Unsupported
from treadle.jobs import Job, JobKind, JobRun
from treadle.permissions import Permission
from treadle.repos import commits
from treadle.repos.snapshots import Reference
from treadle.settings import Settings

JOB_NAME = "reference-files"
_SCHEME = "storage:"
#: Where the file lies, for people; in its metadata.
_WHERE = "reference"


class ReferenceOrder(msgspec.Struct, frozen=True):
    """Which storage's files to put where."""

    storage_id: int
    repo_id: int
    branch: str
    folder: str
    message: str


def start_referencing(tx: Tx, grant: Grant, order: ReferenceOrder) -> Job:
    """Order one commit that refers to every file that a source selects.

    Raises Unsupported("storage-no-references") for a source whose files cannot be told apart from others that
    took their place; Forbidden, NotFound where the actor may not write the repo; Conflict("storage-busy").
    """
    storage = storages.lock(tx, order.storage_id)
    _kind_of(storage)
    allow(tx, grant.actor, Permission.REPO_WRITE, RepoScope(order.repo_id))
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
        storage = storages.get(tx, order.storage_id)
    place = _open(run.settings, storage)
    folder = order.folder.strip("/")
    count = 0
    for item in place.list():
        run.check_cancelled()
        if not item.etag or item.size_bytes is None:
            raise _no_references(storage)
        path = f"{folder}/{item.key}" if folder else item.key
        run.parts.repos.reference(
            grant,
            commit_id,
            path,
            url=f"{_SCHEME}{storage.id}/{item.key}",
            etag=item.etag,
            size_bytes=item.size_bytes,
            metadata={_WHERE: place.uri(item.key)},
        )
        count += 1
        run.report(count, count + 1, f"Referred to {count:,} files")
    return count


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

    def __call__(self, reference: Reference, start: int, end: int | None) -> Iterator[bytes]:
        """The bytes from ``start`` up to ``end``.

        Raises NotFound("reference-gone"), Conflict("reference-changed") where something else lies there now.
        """
        storage_id, _, key = reference.url.removeprefix(_SCHEME).partition("/")
        try:
            with self._database.read() as tx:
                storage = storages.get(tx, int(storage_id))
        except NotFound as error:
            text = (
                f"{key} lies in storage {storage_id}, which was removed. Add it again, and refer to it anew."
            )
            raise NotFound("reference-gone", text) from error
        place = _open(self._settings, storage)
        item = _look_up(place, key)
        if item is None:
            raise NotFound("reference-gone", f"{place.uri(key)} is gone since it was referred to.")
        if item.etag != reference.etag:
            text = f"{place.uri(key)} was changed since it was referred to. Refer to it anew."
            raise Conflict("reference-changed", text)
        return place.read(key, start, end)


def _look_up(place: Place, key: str) -> Item | None:
    """What is listed at the key: the first from a text that stands right in front of it."""
    for item in place.list(after=key[:-1] or None):
        if item.key >= key:
            return item if item.key == key else None
    return None


def _open(settings: Settings, storage: Storage) -> Place:
    form = storages.form_of(storage, load_signing_key(settings.data_dir))
    return _kind_of(storage).kind.open(settings, form.options, form.secrets)


def _kind_of(storage: Storage) -> OutsideKind:
    kind = find_kind(storage.kind, storage.direction)
    if not isinstance(kind, OutsideKind):
        raise _no_references(storage)
    return kind


def _no_references(storage: Storage) -> Unsupported:
    text = f"{storage.name} cannot be referred to: nothing tells when its files change. Copy them instead."
    return Unsupported("storage-no-references", text)
