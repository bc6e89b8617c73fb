"""What the worker clears away every hour: nothing that anybody still needs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from treadle.connectors.upkeep import collect_due
from treadle.connectors.versions import forget_old_as_of
from treadle.errors import TreadleError
from treadle.gateways.s3.uploads import sweep_uploads
from treadle.jobs import JobParts
from treadle.labeling.exports import forget_old_exports
from treadle.labeling.imports.writing import undo_abandoned
from treadle.labeling.saving import forget_old_answers
from treadle.labeling.trash import free_deletions, free_projects
from treadle.learning.serving.archiving import sweep_archives
from treadle.learning.training.training_work import sweep_datasets
from treadle.repos.catalogue import free_repos
from treadle.tracking.purging import free_ended
from treadle.webhooks.deliveries import forget_old

logger = logging.getLogger(__name__)

_EVERY_S = 3600.0
_KEPT_EXPORTS = timedelta(days=7)
# An import that a web process writes itself takes seconds.
_LONGEST_IMPORT = timedelta(hours=1)


def forget_answers(parts: JobParts) -> int:
    """Answers to saves that are older than a client may ask for again."""
    with parts.database.write() as tx:
        return forget_old_answers(tx)


def forget_exports(parts: JobParts) -> int:
    """Files of exports that were made a week ago; snapshots stay."""
    of_now = forget_old_exports(parts.database, parts.objects, _KEPT_EXPORTS)
    return of_now + forget_old_as_of(parts.database, parts.objects, _KEPT_EXPORTS)


def undo_imports(parts: JobParts) -> int:
    """Rows, which nobody sees, of imports whose web process died."""
    return undo_abandoned(parts.database, older_than=_LONGEST_IMPORT)


def free_deleted(parts: JobParts) -> int:
    """What was deleted a month ago, project, repo or piece, and can no longer be restored."""
    freed = free_deletions(parts.database) + free_projects(parts.database, parts.objects)
    return freed + free_repos(parts.database, parts.objects)


def collect_repos(parts: JobParts) -> int:
    """Contents that nothing in a repo names any more."""
    return collect_due(parts)


def sweep_s3_uploads(parts: JobParts) -> int:
    """Uploads in parts that nobody completed within a week, and parts that no upload has."""
    return sweep_uploads(parts.database, parts.objects)


def free_ended_workspaces(parts: JobParts) -> int:
    """What MLflow's tables and artifacts hold of workspaces that ended."""
    return free_ended(parts.database, parts.objects, parts.settings)


def forget_deliveries(parts: JobParts) -> int:
    """What was told over a week ago by webhooks."""
    return forget_old(parts.database)


CHORES: tuple[Callable[[JobParts], int], ...] = (
    forget_answers,
    forget_exports,
    undo_imports,
    free_deleted,
    collect_repos,
    sweep_s3_uploads,
    free_ended_workspaces,
    forget_deliveries,
    sweep_archives,
    sweep_datasets,
)


def keep_house(parts: JobParts) -> None:
    """Do every chore once; one that cannot be done now does not keep the others."""
    for chore in CHORES:
        _do(chore, parts)


def _do(chore: Callable[[JobParts], int], parts: JobParts) -> None:
    try:
        count = chore(parts)
    except (DBAPIError, OSError, TreadleError) as error:
        logger.warning("A chore waits for an hour", extra={"chore": chore.__name__, "error": str(error)})
        return
    if count:
        logger.info("Cleared away", extra={"chore": chore.__name__, "count": count})


def start_housekeeping(parts: JobParts) -> None:
    """Do every chore now and each hour, beside the jobs, until the process ends."""
    threading.Thread(target=_repeat, args=(parts,), name="housekeeping", daemon=True).start()


def _repeat(parts: JobParts) -> None:
    pause = threading.Event()
    while True:
        keep_house(parts)
        pause.wait(_EVERY_S)
