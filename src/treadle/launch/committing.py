"""Staged files whose minutes are over become commits, beside the jobs."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import DBAPIError

from treadle.errors import TreadleError
from treadle.jobs import JobParts
from treadle.repos.auto_commits import commit_due

logger = logging.getLogger(__name__)

_EVERY_S = 10.0


def start_committing(parts: JobParts) -> None:
    """Look every ten seconds until the process ends."""
    threading.Thread(target=_repeat, args=(parts,), name="committing", daemon=True).start()


def _repeat(parts: JobParts) -> None:
    pause = threading.Event()
    while not pause.wait(_EVERY_S):
        _look(parts)


def _look(parts: JobParts) -> None:
    try:
        commit_due(parts.database, parts.repos)
    except (DBAPIError, OSError, TreadleError) as error:
        logger.warning("What is staged waits for the next look", extra={"error": str(error)})
