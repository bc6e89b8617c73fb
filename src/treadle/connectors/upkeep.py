"""The jobs that keep a repo in order: gc frees what nothing names, fsck reads all of it; and gc by itself."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import exists, func, select

from treadle import jobs
from treadle.access import Grant, RepoScope, allow
from treadle.connectors.referencing import OutsideReader
from treadle.db import Tx
from treadle.db.repo_tables import repo_commits, repo_packs, repos
from treadle.db.upkeep_tables import repo_condemned, repo_upkeep
from treadle.jobs import Job, JobKind, JobRun
from treadle.permissions import Permission
from treadle.repos import retention
from treadle.repos.catalogue import repo_id_of
from treadle.repos.checking import fsck
from treadle.repos.collecting import collect
from treadle.repos.contents import Damaged
from treadle.repos.marking import Parts, Report

logger = logging.getLogger(__name__)

GC_JOB_NAME, FSCK_JOB_NAME = "repo-gc", "repo-fsck"
#: So many problems are told; they are counted all.
MOST_PROBLEMS = 1_000
_BY_ITSELF = timedelta(days=1)
_MOST_PACKS = 256
_LOOK_S = 0.25

_c, _u = repo_commits.c, repo_upkeep.c
_CHANGED = exists().where(_c.repo_id == repos.c.id, _c.created_at > _u.collected_at)
_CONDEMNED = exists().where(repo_condemned.c.repo_id == repos.c.id)
_PACK_COUNT = (
    select(func.count()).select_from(repo_packs).where(repo_packs.c.repo_id == repos.c.id).scalar_subquery()
)


class UpkeepOrder(msgspec.Struct, frozen=True):
    """Which repo to look after; ``references``: also what it refers to elsewhere."""

    repo_id: int
    references: bool = False


def start_gc(tx: Tx, grant: Grant) -> Job:
    """Order that what nothing names any more in the grant's repo is freed."""
    return jobs.submit(tx, grant, GC_JOB_NAME, UpkeepOrder(repo_id_of(grant)))


def start_fsck(tx: Tx, grant: Grant, *, references: bool = False) -> Job:
    """Order that every byte of the grant's repo is checked.

    references: also that what files refer to in storages is there and is the same, without reading it.
    """
    return jobs.submit(tx, grant, FSCK_JOB_NAME, UpkeepOrder(repo_id_of(grant), references))


def run_gc(run: JobRun) -> dict[str, Any]:
    """Drop the commits whose time is over, then free what nothing names."""
    repo_id = _check_repo(run)
    dropped = run.step("drop", _drop, run, repo_id)
    return {"commits_dropped": dropped, **run.step("collect", _collect, run, repo_id)}


def run_fsck(run: JobRun) -> dict[str, Any]:
    """Read everything, and tell what is damaged."""
    repo_id = _check_repo(run)
    return run.step("check", _check, run, repo_id)


#: What either has done is right as it is: there is nothing to undo.
GC_JOB = JobKind(GC_JOB_NAME, run_gc, Permission.REPO_WRITE)
FSCK_JOB = JobKind(FSCK_JOB_NAME, run_fsck, Permission.REPO_WRITE)


def collect_due(parts: Parts) -> int:
    """Free what nothing names in repos where something changed, once a day each; objects that went.

    Repos with very many packs are looked after each time, since those slow all who read.
    """
    with parts.database.read() as tx:
        is_over = _u.collected_at.is_(None) | (_u.collected_at < tx.now - _BY_ITSELF)
        has_work = _u.collected_at.is_(None) | _u.keep_days.is_not(None) | _CHANGED | _CONDEMNED
        due = (
            select(repos.c.id)
            .outerjoin(repo_upkeep, _u.repo_id == repos.c.id)
            .where(repos.c.deleted_at.is_(None), _PACK_COUNT > 0)
            .where((is_over & has_work) | (_PACK_COUNT > _MOST_PACKS))
            .order_by(repos.c.id)
        )
        repo_ids = list(tx.execute(due).scalars())
    return sum(_collect_by_itself(parts, repo_id) for repo_id in repo_ids)


def _collect_by_itself(parts: Parts, repo_id: int) -> int:
    try:
        retention.drop_old(parts.database, repo_id)
        return collect(parts, repo_id).objects_deleted
    except Damaged as error:
        text = "A repo cannot be cleared, since a commit of it cannot be read. Run fsck on it."
        logger.warning(text, extra={"repo": repo_id, "error": error.message})
        return 0


def _check_repo(run: JobRun) -> int:
    """The repo of the order, which is still there, and which whoever ordered it may still write."""
    repo_id = run.decode(UpkeepOrder).repo_id
    with run.database.read() as tx:
        allow(tx, run.actor, Permission.REPO_WRITE, RepoScope(repo_id))
    return repo_id


def _drop(run: JobRun, repo_id: int) -> int:
    return retention.drop_old(run.database, repo_id)


def _collect(run: JobRun, repo_id: int) -> dict[str, int]:
    return asdict(collect(run, repo_id, report=_reporting(run)))


def _check(run: JobRun, repo_id: int) -> dict[str, Any]:
    is_wanted = run.decode(UpkeepOrder).references
    find = OutsideReader(run.database, run.settings).find if is_wanted else None
    found = fsck(run, repo_id, report=_reporting(run), find_reference=find)
    told = [asdict(problem) for problem in islice(found, MOST_PROBLEMS)]
    return {"problems": told, "problem_count": len(told) + sum(1 for _ in found)}


def _reporting(run: JobRun) -> Report:
    """Shows how far the job is, and stops it where that is wanted; a few times a second."""
    looked_at_s = float("-inf")

    def report(done: int, total: int, message: str) -> None:
        nonlocal looked_at_s
        if time.monotonic() - looked_at_s < _LOOK_S:
            return
        looked_at_s = time.monotonic()
        run.check_cancelled()
        run.report(done, total, message)

    return report
