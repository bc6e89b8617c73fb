"""What happens by itself: sources follow their branch, targets are written after a save, labels committed.

Every worker looks every two seconds. What it orders it orders under the storage's lock, so that of several
workers one does; what it writes may be written twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from treadle.access import Grant, ProjectScope, allow
from treadle.access.identities import identify_by_id
from treadle.connectors import storages
from treadle.connectors.committing import start_commit
from treadle.connectors.opening import StorageParts
from treadle.connectors.pending import changed_since, count_pending, find_pending, last_event
from treadle.connectors.places import flag_of, number_of, text_of
from treadle.connectors.repo_kind import repo_of
from treadle.connectors.storages import Storage
from treadle.connectors.syncing import start_sync
from treadle.connectors.targets import Writer
from treadle.db import Tx
from treadle.errors import Forbidden, NotFound, TreadleError
from treadle.events.repeating import outliving, start_repeating
from treadle.permissions import Permission
from treadle.repos import branches, catalogue

logger = logging.getLogger(__name__)

_EVERY_S = 2.0
#: After a failure a target is left alone for so long.
_REST = timedelta(seconds=30)
#: So many events that tell nothing are passed over for good.
_PASSED = 5_000


def start_following(parts: StorageParts) -> None:
    """Look after sources and targets until the process ends."""
    start_repeating("following", _EVERY_S, Follower(parts).look)


class Follower:
    """Looks at what happened since it last did."""

    def __init__(self, parts: StorageParts) -> None:
        self._parts = parts
        self._rests: dict[int, object] = {}

    def look(self) -> None:
        """Order and write what is due, of every storage; one that fails does not keep the others."""
        with self._parts.database.read() as tx:
            every = storages.list_all(tx)
        for storage in every:
            follow = _due(storage)
            if follow is not None:
                with outliving("following", storage=storage.id):
                    self._follow(follow, storage)

    def _follow(self, follow: Follow, storage: Storage) -> None:
        try:
            follow(self._parts, storage)
        except (OSError, TreadleError) as error:
            self._tell(storage, error)

    def _tell(self, storage: Storage, error: Exception) -> None:
        """Say at the storage what went wrong; it is tried again after a rest."""
        logger.warning("A storage failed", extra={"storage": storage.id, "error": str(error)})
        with self._parts.database.write() as tx, suppress(NotFound):  # It was removed meanwhile.
            # As it is now: a job may have noted something since it was looked at.
            meta = {**storages.lock(tx, storage.id).meta, "rests_until": (tx.now + _REST).timestamp()}
            storages.note(tx, storage.id, status="failed", problem=str(error), meta=meta)


Follow = Callable[[StorageParts, Storage], None]


def _due(storage: Storage) -> Follow | None:
    """What is to be done for a storage by itself, if anything."""
    if storage.direction == "source":
        # What was asked for in vain while the repo was deleted is done once it is back.
        wants = flag_of(storage.options, "follow") or storage.meta.get("repo_gone")
        return follow_branch if storage.is_repo and wants else None
    if not storage.is_repo:
        return write_saved
    by_count = number_of(storage.options, "commit_after_saves", 0)
    by_time = number_of(storage.options, "commit_after_minutes", 0)
    return commit_saved if by_count or by_time else None


def follow_branch(parts: StorageParts, storage: Storage) -> None:
    """Sync a source whose branch has another head than was read."""
    with parts.database.read() as tx:
        if not _is_behind(tx, storage):
            return
    with parts.database.write() as tx:
        storage = storages.lock(tx, storage.id)
        if _is_behind(tx, storage):
            start_sync(tx, _grant_of_maker(tx, storage), storage.id, is_automatic=True)
            storages.note(tx, storage.id, meta={**storage.meta, "tried": _head_of(tx, storage)})


def _is_behind(tx: Tx, storage: Storage) -> bool:
    """Whether the branch has a head that no sync read, and none tried to; or its repo is back."""
    if _rests(tx, storage) or storages.unfinished_job(tx, storage) is not None:
        return False
    if storage.meta.get("repo_gone"):
        return catalogue.is_there(tx, repo_of(storage.options))
    if text_of(storage.options, "commit"):
        return False
    return _head_of(tx, storage) not in (storage.head, storage.meta.get("tried"))


def _head_of(tx: Tx, storage: Storage) -> str | None:
    return branches.get(tx, repo_of(storage.options), text_of(storage.options, "branch")).head


def commit_saved(parts: StorageParts, storage: Storage) -> None:
    """Commit labels once enough tasks were saved, or enough time went by."""
    with parts.database.read() as tx:
        if last_event(tx) == storage.position or not _wants_commit(tx, storage):
            return
    with parts.database.write() as tx:
        storage = storages.lock(tx, storage.id)
        if not _wants_commit(tx, storage):
            return
        count = count_pending(tx, storage)
        what = f"Labels of {count:,} task{'' if count == 1 else 's'}"
        start_commit(tx, _grant_of_maker(tx, storage), storage.id, what)


def _wants_commit(tx: Tx, storage: Storage) -> bool:
    if _rests(tx, storage) or storages.unfinished_job(tx, storage) is not None:
        return False
    count = count_pending(tx, storage)
    by_count = number_of(storage.options, "commit_after_saves", 0)
    minutes = number_of(storage.options, "commit_after_minutes", 0)
    waited = tx.now - (storage.last_sync_at or storage.created_at)
    return bool(count) and (
        (by_count > 0 and count >= by_count) or (minutes > 0 and waited >= timedelta(minutes=minutes))
    )


def write_saved(parts: StorageParts, storage: Storage) -> None:
    """Write to a target what was saved since it was last written."""
    with parts.database.read() as tx:
        newest = last_event(tx)
        if newest == storage.position or _rests(tx, storage) or storages.unfinished_job(tx, storage):
            return
        ids = changed_since(tx, storage)
        pending = find_pending(tx, storage) if ids else None
        grant = _grant_of_maker(tx, storage) if pending and pending.count else None
    if pending is not None and grant is not None:
        writer = Writer.open(parts, grant, storage)
        for _ in writer.write(pending):
            pass
        writer.finish(newest, pending.count)
    elif newest - storage.position > _PASSED:
        with parts.database.write() as tx:
            storages.note(tx, storage.id, position=newest)


def _rests(tx: Tx, storage: Storage) -> bool:
    until = storage.meta.get("rests_until")
    return isinstance(until, float) and tx.now.timestamp() < until


def _grant_of_maker(tx: Tx, storage: Storage) -> Grant:
    """For whom it happens: whoever made the storage, as long as they may."""
    maker = None if storage.created_by is None else identify_by_id(tx, storage.created_by)
    if maker is None:
        text = f"Whoever made {storage.name} is no longer here. Remove it, and make it anew yourself."
        raise Forbidden("storage-maker", text)
    return allow(tx, maker.actor, Permission.PROJECT_WRITE, ProjectScope(storage.project_id))
