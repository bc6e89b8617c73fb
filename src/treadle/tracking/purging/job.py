"""The purge as a job: ordered by who manages the workspace, followed, cancelled, told in the audit log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import bindparam, delete, select

from treadle import events, jobs
from treadle.access import Grant
from treadle.access.audit import write_audit
from treadle.db import Tx
from treadle.db.run_view_tables import run_views
from treadle.db.schema import jobs as job_rows
from treadle.db.schema import workspaces
from treadle.errors import Conflict, Unavailable
from treadle.jobs import Job, JobKind, JobRun, JobState
from treadle.permissions import Permission
from treadle.tracking.names import internal_name
from treadle.tracking.purging import ledger
from treadle.tracking.purging.ledger import COUNTED, Counted
from treadle.tracking.purging.looking import count_old
from treadle.tracking.purging.places import Left
from treadle.tracking.purging.work import Purge
from treadle.tracking.reads.tables import Tables

PURGE_JOB_NAME = "tracking-purge"
#: So many kept places are told; they are counted all.
_MOST_TOLD = 10
_LOOK_S = 0.25
_DAY_MS = 24 * 3600 * 1000
_TOLD = "told"

Days = Annotated[int, Meta(ge=0, le=36_500)]

_j = job_rows.c
_UNFINISHED = select(_j.id).where(
    _j.kind == PURGE_JOB_NAME,
    _j.workspace_id == bindparam("place_id"),
    _j.state.in_((JobState.QUEUED.value, JobState.RUNNING.value)),
)
# Whoever orders a purge of the workspace waits for whoever orders one at the same moment.
_ALONE = (
    select(workspaces.c.id).where(workspaces.c.id == bindparam("place_id")).with_for_update(key_share=True)
)
_FORGET_VIEWS = delete(run_views).where(
    run_views.c.workspace_id == bindparam("place_id"), run_views.c.experiment == bindparam("of_experiment")
)


class PurgeOrder(msgspec.Struct, frozen=True):
    """What to free; ``before_ms``: what was deleted until then, in milliseconds since 1970."""

    older_than_days: Days
    before_ms: int


def start_purge(tx: Tx, grant: Grant, older_than_days: int) -> Job:
    """Order that what was deleted in the grant's workspace so many days ago is freed.

    Where the same is under way, that job; where another is, raises Conflict("purge-running").
    """
    tx.execute(_ALONE, {"place_id": grant.workspace_id})
    running = running_purge(tx, grant)
    if running is not None:
        job = jobs.get(tx, running)
        if msgspec.json.decode(job.payload, type=PurgeOrder).older_than_days == older_than_days:
            return job
        text = f"A purge of this workspace is under way: job {running}. Wait for its end, or cancel it."
        raise Conflict("purge-running", text, details={"job": running})
    before_ms = cutoff_ms(tx, older_than_days)
    return jobs.submit(tx, grant, PURGE_JOB_NAME, PurgeOrder(older_than_days, before_ms))


def running_purge(tx: Tx, grant: Grant) -> str | None:
    """The id of the job that purges the grant's workspace, if there is one."""
    found: str | None = tx.execute(_UNFINISHED, {"place_id": grant.workspace_id}).scalar()
    return found


def cutoff_ms(tx: Tx, older_than_days: int) -> int:
    """So many days ago, in milliseconds since 1970."""
    return int(tx.now.timestamp() * 1000) - older_than_days * _DAY_MS


def run_purge(run: JobRun) -> dict[str, Any]:
    """Free what the order tells; raises Unavailable("purge-left") where bytes could not be freed."""
    with ledger.opened(run.settings) as tables:
        if tables is None:
            return {**dict.fromkeys(COUNTED, 0), "kept": 0, "kept_bytes": 0, "kept_for": []}
        purge = _purge(run, tables)
        with run.database.read() as tx:
            living = [row["id"] for row in tx.rows(_UNFINISHED, {"place_id": run.job.workspace_id})]
        purge.begin(living)
        left = purge.free()
        told = {**_named(purge.counts()), **_kept(left)}
    if left.refused:
        raise Unavailable(
            "purge-left",
            f"The files of {left.refused} deleted runs or models could not be removed ({left.refusal}). They "
            "are noted, and belong to nothing any more. Mend what refuses, and purge again.",
        )
    _tell(run, told)
    return told


def undo_purge(run: JobRun) -> None:
    """Nothing comes back; what was freed until then is told in the audit log."""
    with ledger.opened(run.settings) as tables:
        if tables is None:
            return
        with tables.read() as reader:
            counts = ledger.read_counts(reader, run.job.id) if ledger.is_there(reader) else {}
    if any(counts.values()):
        _tell(run, {**_named(counts), "is_whole": False})


PURGE_JOB = JobKind(PURGE_JOB_NAME, run_purge, Permission.TRACKING_MANAGE, undo_purge)


def _purge(run: JobRun, tables: Tables) -> Purge:
    assert run.job.workspace_id is not None
    workspace, order = internal_name(run.job.workspace_id), run.decode(PurgeOrder)
    with tables.read() as reader:
        waiting = count_old(reader, workspace, order.before_ms)
    purge = Purge(
        tables,
        run.objects,
        workspace,
        run.job.id,
        order.before_ms,
        look_up=lambda: None,
        forget_experiment=lambda experiment_id: _forget_views(run, experiment_id),
    )
    purge.look_up = _looking_up(run, purge, waiting.runs + waiting.experiments + waiting.logged_models)
    return purge


def _looking_up(run: JobRun, purge: Purge, waiting: int) -> Callable[[], None]:
    """Shows how far the job is, and stops it where that is wanted; a few times a second."""
    looked_at_s = float("-inf")
    before: int | None = None

    def look_up() -> None:
        nonlocal looked_at_s, before
        if time.monotonic() - looked_at_s < _LOOK_S:
            return
        looked_at_s = time.monotonic()
        run.check_cancelled()
        freed = purge.counts()
        done = freed["runs"] + freed["experiments"] + freed["logged_models"]
        before = done if before is None else before
        total = max(done, before + waiting)
        run.report(done, total, f"Freed {freed['runs']} runs, {freed['size_bytes']} bytes")

    return look_up


def _forget_views(run: JobRun, experiment_id: int) -> None:
    with run.database.write() as tx:
        tx.execute(_FORGET_VIEWS, {"place_id": run.job.workspace_id, "of_experiment": str(experiment_id)})


def _named(counts: Mapping[Counted, int]) -> dict[str, Any]:
    return {str(name): number for name, number in counts.items()}


def _kept(left: Left) -> dict[str, Any]:
    told = [{"place": each.place, "version": each.version} for each in left.kept[:_MOST_TOLD]]
    size = sum(each.size_bytes for each in left.kept)
    return {"kept": len(left.kept), "kept_bytes": size, "kept_for": told}


def _tell(run: JobRun, told: dict[str, Any]) -> None:
    """The line of the audit log, once for a job however often its end is run."""
    if run.place("") == _TOLD:
        return
    days = run.decode(PurgeOrder).older_than_days
    with run.database.write() as tx:
        write_audit(
            tx,
            "tracking.purged",
            actor_id=run.job.actor_id,
            subject=f"workspace:{run.job.workspace_id}",
            workspace_id=run.job.workspace_id,
            detail={"job": run.job.id, "older_than_days": days, **told},
        )
        events.record(tx, "tracking.purged", actor_id=run.job.actor_id, payload={"job": run.job.id})
        run.keep_place(tx, _TOLD)
