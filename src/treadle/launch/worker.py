"""The worker process, and the tuple of all kinds of jobs."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType

from treadle.connectors.committing import COMMIT_JOB
from treadle.connectors.following import start_following
from treadle.connectors.referencing import REFERENCE_JOB
from treadle.connectors.syncing import SYNC_JOB
from treadle.connectors.targets import TARGET_JOB
from treadle.connectors.upkeep import FSCK_JOB, GC_JOB
from treadle.connectors.versions import AS_OF_JOB, labels_then
from treadle.jobs import JobKind
from treadle.jobs.worker import Worker
from treadle.labeling.actions import ACCEPT_JOB, ASSIGN_JOB
from treadle.labeling.duplication import DUPLICATE_JOB
from treadle.labeling.exports import EXPORT_JOB, SNAPSHOT_JOB
from treadle.labeling.field_indexes import BUILD_JOB, DROP_JOB
from treadle.labeling.imports import IMPORT_JOB, PREDICTIONS_JOB
from treadle.labeling.overlap import OVERLAP_JOB
from treadle.labeling.trash import DELETE_JOB, RESTORE_JOB
from treadle.launch.committing import start_committing
from treadle.launch.housekeeping import start_housekeeping
from treadle.launch.logs import start_logging
from treadle.launch.opening import (
    check_is_shared,
    keep_temporary_files_in,
    open_job_parts,
    refusing,
    warn_of_builtins,
)
from treadle.launch.webhooks import start_webhooks
from treadle.learning.measures.quality import start_quality
from treadle.learning.predictions.prelabel import PRELABEL_JOB
from treadle.learning.rules.following_rules import start_following_rules
from treadle.learning.rules.ordering import ORDER_JOB
from treadle.learning.serving.keeping import start_keeping
from treadle.learning.training.training_job import training_job
from treadle.settings import Settings, load_settings
from treadle.tracking.purging import PURGE_JOB

logger = logging.getLogger(__name__)

#: Every kind of job.
JOB_KINDS: tuple[JobKind, ...] = (
    IMPORT_JOB,
    PREDICTIONS_JOB,
    EXPORT_JOB,
    SNAPSHOT_JOB,
    DELETE_JOB,
    RESTORE_JOB,
    ACCEPT_JOB,
    BUILD_JOB,
    DROP_JOB,
    ASSIGN_JOB,
    OVERLAP_JOB,
    DUPLICATE_JOB,
    SYNC_JOB,
    TARGET_JOB,
    COMMIT_JOB,
    AS_OF_JOB,
    REFERENCE_JOB,
    GC_JOB,
    FSCK_JOB,
    PURGE_JOB,
    training_job(labels_then),
    ORDER_JOB,
    PRELABEL_JOB,
)


def main(_descriptors: list[int]) -> None:
    """Run jobs beside a web process."""
    work(load_settings(os.environ, {}))


def run_worker(settings: Settings) -> None:
    """Run jobs: one of many workers on one PostgreSQL."""
    with refusing(settings):
        check_is_shared(settings)
    work(settings, is_alone=True)


def work(settings: Settings, *, is_alone: bool = False) -> None:
    """Run jobs until a signal ends it. What runs then resumes at the next start.

    is_alone: the web process may be on another machine.
    """
    start_logging(settings, "worker")
    if is_alone:
        warn_of_builtins(settings)
    with refusing(settings):
        parts = open_job_parts(settings)
        keep_temporary_files_in(settings.data_dir)
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    start_housekeeping(parts)
    start_following(parts)
    start_committing(parts)
    start_quality(parts.database)
    start_keeping(parts)
    start_following_rules(parts)
    start_webhooks(parts)
    try:
        Worker(parts, JOB_KINDS).work()
    finally:
        logger.error("The worker cannot go on, and is to be started anew.", exc_info=sys.exc_info()[1])
        # A thread in the middle of another job would keep the process from ending; that job resumes.
        os._exit(1)


def _end(_signal: int, _frame: FrameType | None) -> None:
    # Every step that ended is on disk, and one that is interrupted runs again: there is nothing to wait for.
    os._exit(0)
