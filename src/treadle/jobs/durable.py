"""Steps that are remembered over a crash: the one place that knows DBOS.

It keeps what each step returned, in tables of its own (a file beside SQLite, a schema in PostgreSQL).
Our row remains the truth about a job; what is kept here only lets it resume.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID, error
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url

from treadle.errors import (
    Conflict,
    Defect,
    Forbidden,
    Invalid,
    NotFound,
    TreadleError,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from treadle.jobs.run import RunStep
from treadle.settings import Settings

# A running job is found again by these. Whoever changes one strands what was half way at the upgrade.
_APPLICATION = "treadle"
_APPLICATION_VERSION = "1"
_SCHEMA = "treadle_jobs"
_WORKFLOW = "treadle-job"

_ATTEMPTS = 100
_FORGET_AT_ONCE = 100
_ERROR_KEY = "$error"
# Under Python 3.12 and later DBOS asks SQLite for unixepoch('subsec'), which an older SQLite answers
# with nothing.
_KNOWS_SUBSECONDS = (3, 42, 0)
_ERRORS: dict[str, type[TreadleError]] = {
    kind.__name__: kind
    for kind in (
        Conflict,
        Defect,
        Forbidden,
        Invalid,
        NotFound,
        Unauthenticated,
        Unavailable,
        Unsupported,
    )
}

#: Does a job whose id it gets, with the steps that are remembered.
RunJob = Callable[[str, RunStep], None]


class DurableSteps:
    """The open memory of steps, of which a process has one at a time."""

    def __init__(self, settings: Settings, slot: int, run_job: RunJob) -> None:
        """slot: the number of this worker, which no other live worker has: it takes up what the last
        worker of that number left."""
        _prepare(settings)
        if sqlite3.sqlite_version_info < _KNOWS_SUBSECONDS:
            event.listen(Engine, "connect", teach_subseconds)
        # Its handlers are ours before it makes one that writes to the console.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(config=_config(settings, slot))

        def run(job_id: str) -> None:
            run_job(job_id, _run_step)

        self._run = DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_ATTEMPTS)(run)
        DBOS.launch()

    def start(self, job_id: str) -> None:
        """Begin a job in a thread of its own; nothing happens when it has begun before."""
        with SetWorkflowID(job_id):
            DBOS.start_workflow(self._run, job_id)

    def adopt(self, slot: int) -> None:
        """Take up what the dead worker of the number ``slot`` left."""
        DBOS._recover_pending_workflows([_executor(slot)])

    def has_begun(self, job_id: str) -> bool:
        """Whether it knows the job."""
        return DBOS.get_workflow_status(job_id) is not None

    def has_ended(self, job_id: str) -> bool:
        """Whether it will do nothing more for the job."""
        status = DBOS.get_workflow_status(job_id)
        return status is not None and status.status not in ("PENDING", "ENQUEUED", "DELAYED")

    def forget_done(self) -> None:
        """Drop what it remembers of jobs that it brought to their end."""
        done = DBOS.list_workflows(
            status="SUCCESS", limit=_FORGET_AT_ONCE, load_input=False, load_output=False
        )
        if done:
            DBOS.delete_workflows([workflow.workflow_id for workflow in done])

    def close(self) -> None:
        """Let go of threads and connections; jobs that are running lose theirs."""
        DBOS.destroy(destroy_registry=True)


def _run_step(name: str, call: Callable[[], str]) -> str:
    try:
        return DBOS.run_step({"name": name}, call)
    except error.DBOSUnexpectedStepError as raised:
        raise Conflict(
            "job-steps-changed",
            "The job was half way when Treadle was upgraded, and its steps are others now. Start it anew.",
        ) from raised


def _executor(slot: int) -> str:
    return f"worker-{slot}"


def _config(settings: Settings, slot: int) -> DBOSConfig:
    return {
        "name": _APPLICATION,
        "system_database_url": settings.jobs_url,
        "dbos_system_schema": _SCHEMA,
        "sys_db_pool_size": 5,
        "application_version": _APPLICATION_VERSION,
        "executor_id": _executor(slot),
        "enable_otlp": False,
        "log_level": "WARNING",
        "serializer": _JsonSerializer(),
        # It ends no sooner than it looks, on SQLite, for notifications, of which we use none.
        "notification_listener_polling_interval_sec": 0.2,
        # We use none of its schedules: it may look for them seldom.
        "scheduler_polling_interval_sec": 3600.0,
    }


def _prepare(settings: Settings) -> None:
    """Give its SQLite file the journal of ours; the mode is kept in the file."""
    url = make_url(settings.jobs_url)
    if url.get_backend_name() != "sqlite" or url.database is None:
        return
    connection = sqlite3.connect(Path(url.database))
    try:
        connection.execute(f"PRAGMA journal_mode={'WAL' if settings.has_wal else 'DELETE'}")
    finally:
        connection.close()


def teach_subseconds(connection: object, _record: object) -> None:
    """Let an SQLite before 3.42 answer ``unixepoch('subsec')``, which DBOS asks it for a time."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("unixepoch", -1, lambda *_: time.time())


class _JsonSerializer(Serializer):
    """Plain JSON, so that what an older Treadle wrote can be read, and nothing read is executed."""

    def serialize(self, data: Any) -> str:
        value = {_ERROR_KEY: _error_to_json(data)} if isinstance(data, Exception) else data
        return msgspec.json.encode(value).decode()

    def deserialize(self, serialized_data: str) -> Any:
        value = msgspec.json.decode(serialized_data)
        if isinstance(value, dict) and _ERROR_KEY in value:
            return _error_from_json(value[_ERROR_KEY])
        return value

    def name(self) -> str:
        return "treadle_json"


def _error_to_json(raised: Exception) -> dict[str, object]:
    if not isinstance(raised, TreadleError):
        return {"type": type(raised).__name__, "message": str(raised)}
    return {
        "type": type(raised).__name__,
        "code": raised.code,
        "message": raised.message,
        "fields": raised.fields,
        "details": raised.details,
    }


def _error_from_json(value: dict[str, Any]) -> Exception:
    kind = _ERRORS.get(value["type"])
    if kind is None:
        return RuntimeError(f"{value['type']}: {value['message']}")
    return kind(value["code"], value["message"], fields=value["fields"], details=value["details"])
