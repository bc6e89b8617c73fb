"""What watches the server asks: whether it can serve, and its figures."""

from __future__ import annotations

import hmac
import os
import resource
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import func, select

from treadle import __version__
from treadle.db import Tx
from treadle.db.schema import jobs, project_counters, projects
from treadle.db.webhook_tables import webhook_deliveries
from treadle.errors import Forbidden, Unauthenticated
from treadle.jobs import JobState
from treadle.web.authentication import TokenCredential, digest_of
from treadle.web.call import Call
from treadle.web.metrics import CONTENT_TYPE, Family, write
from treadle.web.routing import PUBLIC, Reply, Route, json_reply

_UNFINISHED = (JobState.QUEUED.value, JobState.RUNNING.value)
_PAGE_BYTES = resource.getpagesize()
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

_JOBS = (
    select(jobs.c.state, jobs.c.kind, func.count(), func.min(jobs.c.created_at))
    .where(jobs.c.state.in_(_UNFINISHED))
    .group_by(jobs.c.state, jobs.c.kind)
)
_WORK = (
    select(
        func.count(),
        func.coalesce(func.sum(project_counters.c.task_number), 0),
        func.coalesce(func.sum(project_counters.c.finished_task_number), 0),
        func.coalesce(func.sum(project_counters.c.total_annotations), 0),
        func.coalesce(func.sum(project_counters.c.total_predictions), 0),
    )
    .join_from(projects, project_counters)
    .where(projects.c.deleted_at.is_(None))
)
_WORK_NAMES = (
    ("treadle_projects", "Projects."),
    ("treadle_tasks", "Tasks."),
    ("treadle_tasks_finished", "Tasks with as many annotations as they want."),
    ("treadle_annotations", "Annotations that are no skips."),
    ("treadle_predictions", "Predictions."),
)
_WAITING = select(func.count()).where(webhook_deliveries.c.state == "waiting")


class ReadyBody(msgspec.Struct):
    """READY, or NOT READY: a check that counts has failed."""

    status: str
    #: By name whether it is well. The worker counts where ``?worker=1`` asks for it.
    checks: dict[str, bool]


def get_ready(call: Call) -> Reply:
    """Can requests be answered: the database answers, with this version's schema; objects can be written.

    Whether a worker runs is told too: without one jobs wait, and all else is answered. It counts where the
    query says ``worker=1``. What is wrong stands in the log, since anybody may ask here.
    """
    problems = call.parts.readiness.problems()
    checks = {name: not problem for name, problem in problems.items()}
    counts = {name: well for name, well in checks.items() if name != "worker" or call.query_flag("worker")}
    if all(counts.values()):
        return json_reply(ReadyBody("READY", checks))
    return json_reply(ReadyBody("NOT READY", checks), 503)


def get_metrics(call: Call) -> Reply:
    """This process's figures, and those of the installation, for Prometheus.

    For an administrator's token, or the one of TREADLE_METRICS_TOKEN.
    """
    _check_may_read(call)
    with call.parts.database.read() as tx:
        of_installation = list(_installation(tx))
    lines = [
        *call.parts.metrics.lines(),
        *(line for family in of_installation for line in write(family)),
        *(line for family in _process(call) for line in write(family)),
        *(line for family in _state(call) for line in write(family)),
    ]
    return Reply(200, "\n".join([*lines, ""]).encode(), CONTENT_TYPE, {"Cache-Control": "no-store"})


def _check_may_read(call: Call) -> None:
    """Raises Unauthenticated, Forbidden, Unavailable("too-many-attempts")."""
    wanted = call.parts.settings.metrics_token.reveal()
    if wanted and hmac.compare_digest(call.token.encode(), wanted.encode()):
        return
    counted, digest = call.parts.wrong_credentials, digest_of(TokenCredential(call.token))
    if call.token:
        counted.check(digest)
    with call.read():
        visitor = call.visitor
    if visitor is None:
        if call.token:
            counted.add_wrong(digest, call.address)
        text = (
            "Send the token of TREADLE_METRICS_TOKEN, or an administrator's, as Authorization: Bearer …, or "
            "as X-Treadle-Token."
        )
        raise Unauthenticated("not-authenticated", text)
    if not visitor.is_admin:
        text = "Metrics are for organisation admins, and for whoever has the token of TREADLE_METRICS_TOKEN."
        raise Forbidden("admin-only", text)


def _installation(tx: Tx) -> Iterator[Family]:
    sums = tx.execute(_WORK).one()
    for (name, about), value in zip(_WORK_NAMES, sums, strict=True):
        yield _gauge(name, about, float(value))
    rows: list[tuple[str, str, int, datetime]] = [tuple(row) for row in tx.execute(_JOBS)]
    unfinished: list[tuple[Mapping[str, str], float]] = [
        ({"state": state, "kind": kind}, float(count)) for state, kind, count, _oldest in rows
    ]
    yield Family("treadle_jobs_unfinished", "gauge", "Jobs that wait or run.", unfinished)
    waiting = [oldest for state, _kind, _count, oldest in rows if state == JobState.QUEUED.value]
    age_s = (tx.now - min(waiting)).total_seconds() if waiting else 0.0
    yield _gauge("treadle_jobs_oldest_wait_seconds", "How long the oldest waiting job has waited.", age_s)
    count = tx.execute(_WAITING).scalar() or 0
    yield _gauge("treadle_webhook_deliveries_waiting", "What webhooks are still to be told.", float(count))


def _process(call: Call) -> Iterator[Family]:
    """As Prometheus's own clients name them."""
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    resident_bytes = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    cpu_s = (int(stat[11]) + int(stat[12])) / _TICKS_PER_S
    yield _gauge("process_resident_memory_bytes", "Memory of the web process.", float(resident_bytes))
    yield Family("process_cpu_seconds_total", "counter", "Time of processors that it took.", [({}, cpu_s)])
    yield _gauge("process_open_fds", "Files and connections that it holds.", float(_count_descriptors()))
    yield _gauge("process_start_time_seconds", "When it began, since 1970.", _started_at_s(int(stat[19])))
    in_use = call.parts.database.connections_in_use()
    yield _gauge("treadle_database_connections_in_use", "Connections to the database at work.", float(in_use))


def _state(call: Call) -> Iterator[Family]:
    yield Family("treadle_build_info", "gauge", "Which Treadle runs.", [({"version": __version__}, 1.0)])
    problems = call.parts.readiness.problems()
    yield Family(
        "treadle_check_ok",
        "gauge",
        "What /ready tells: 1 well, 0 not.",
        [({"check": name}, float(not problem)) for name, problem in problems.items()],
    )
    free = shutil.disk_usage(call.parts.settings.data_dir).free
    yield _gauge("treadle_data_dir_free_bytes", "Room on the disk of the data folder.", float(free))


def _gauge(name: str, about: str, value: float) -> Family:
    return Family(name, "gauge", about, [({}, value)])


def _count_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _started_at_s(after_boot_ticks: int) -> float:
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1]) + after_boot_ticks / _TICKS_PER_S
    return 0.0


ROUTES: tuple[Route, ...] = (
    Route("GET", "/ready/", get_ready, PUBLIC, "Can the server serve?", None, ReadyBody),
    Route("GET", "/metrics/", get_metrics, PUBLIC, "Figures for Prometheus"),
)
