"""What is left in MLflow's tables and artifacts of workspaces that ended, freed an hour later at most.

A workspace ends empty: what is left is an experiment "Default", files that no run names, and what somebody
wrote who was let in before. It is looked for a day long, since an upload may last that long.

What is there and was made before the end proves that the workspace did not end empty, or that one of the two
databases is not of the same day as the other: then nothing of it is freed, and somebody is told each hour.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from treadle.access.audit import write_audit
from treadle.db import Database, Tx
from treadle.db.ended_tables import ended_workspaces
from treadle.errors import TreadleError, Unavailable
from treadle.objects import ObjectStore
from treadle.settings import Settings
from treadle.tracking.names import internal_name
from treadle.tracking.paths import artifact_key
from treadle.tracking.purging import ledger, rows
from treadle.tracking.purging.rows import Part
from treadle.tracking.purging.work import Purge
from treadle.tracking.reads.tables import Reader, Tables

logger = logging.getLogger(__name__)

_WATCHED = timedelta(days=1)
#: So far the clocks of Treadle's machines may be apart.
_LEEWAY = timedelta(minutes=1)
_ALL_TIME_MS = 2**62

_HERE = "workspace IN {ids}"


def _below(table: str, key: str, of_table: str) -> Part:
    return Part(table, f"{key} IN (SELECT {key} FROM {of_table} WHERE {_HERE})")


#: What a workspace holds beside experiments: what refers to others first.
OF_WORKSPACES: tuple[Part, ...] = (
    *(
        Part(table, _HERE)
        for table in (
            "registered_model_aliases",
            "registered_model_tags",
            "model_version_tags",
            "model_versions",
            "registered_models",
        )
    ),
    _below("evaluation_dataset_records", "dataset_id", "evaluation_datasets"),
    _below("evaluation_dataset_tags", "dataset_id", "evaluation_datasets"),
    Part("evaluation_datasets", _HERE),
    *(
        Part(table, _HERE)
        for table in (
            "mcp_access_endpoints",
            "mcp_server_aliases",
            "mcp_server_tags",
            "mcp_server_version_tags",
            "mcp_server_versions",
            "mcp_servers",
        )
    ),
    _below("webhook_events", "webhook_id", "webhooks"),
    Part("webhooks", _HERE),
    Part("guardrail_configs", _HERE),
    Part("guardrails", _HERE),
    _below("endpoint_bindings", "endpoint_id", "endpoints"),
    _below("endpoint_model_mappings", "endpoint_id", "endpoints"),
    _below("endpoint_tags", "endpoint_id", "endpoints"),
    Part("endpoints", _HERE),
    Part("model_definitions", _HERE),
    Part("secrets", _HERE),
    Part("budget_policies", _HERE),
    Part("job_locks", f"job_id IN (SELECT id FROM jobs WHERE {_HERE})"),
    Part("jobs", _HERE),
    Part("workspaces", "name IN {ids}"),
)
_END_EXPERIMENTS = (
    "UPDATE experiments SET lifecycle_stage = 'deleted', last_update_time = 0 WHERE workspace = ?",
    "UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = 0 "
    "WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)",
)


#: When something of a workspace was made; MLflow makes an experiment "Default" by itself.
_MADE: Mapping[str, str] = {
    "experiments": "creation_time",
    "registered_models": "creation_time",
    "evaluation_datasets": "created_time",
    "mcp_servers": "created_at",
    "webhooks": "creation_timestamp",
    "endpoints": "created_at",
    "model_definitions": "created_at",
    "secrets": "created_at",
    "budget_policies": "created_at",
    "guardrails": "created_at",
    "jobs": "creation_time",
}
#: The same for what lies in an experiment; what lies in a young one is young, whatever a client has sent.
_MADE_WITHIN: Mapping[str, str] = {
    "runs": "t.start_time",
    "trace_info": "t.timestamp_ms",
    "logged_models": "t.creation_timestamp_ms",
    "issues": "t.created_timestamp",
    "label_schemas": "t.created_time",
    "review_queues": "t.creation_time_ms",
    "scorers": "(SELECT min(v.creation_time) FROM scorer_versions v WHERE v.scorer_id = t.scorer_id)",
}


class _OlderError(Exception):
    """Something is there that kept the workspace from ending, had it been seen; which kind of thing."""


def note_ended(tx: Tx, workspace_id: int) -> None:
    """The workspace ends in this transaction."""
    tx.execute(insert(ended_workspaces).values(workspace_id=workspace_id, ended_at=tx.now))


def free_ended(database: Database, objects: ObjectStore, settings: Settings) -> int:
    """Free what is left of workspaces that ended; how many objects and rows that people know.

    One that cannot be freed now does not keep the others, and is looked for until it can be.
    """
    with database.read() as tx:
        ended = tx.rows(select(ended_workspaces).order_by(ended_workspaces.c.workspace_id))
        now = tx.now
    freed = 0
    for row in ended:
        workspace_id = row["workspace_id"]
        count = _try_to_free(objects, settings, internal_name(workspace_id), row["ended_at"])
        if count is None:
            continue
        freed += count
        with database.write() as tx:
            if count:
                subject, told = f"workspace:{workspace_id}", {"freed": count}
                write_audit(tx, "tracking.rest-freed", actor_id=None, subject=subject, detail=told)
            if row["ended_at"] < now - _WATCHED:
                tx.execute(delete(ended_workspaces).where(ended_workspaces.c.workspace_id == workspace_id))
    return freed


def _try_to_free(objects: ObjectStore, settings: Settings, workspace: str, ended_at: datetime) -> int | None:
    """How much went; None: it is to be looked at again."""
    about: dict[str, object] = {"workspace": workspace, "ended_at": ended_at.isoformat()}
    try:
        return _free(objects, settings, workspace, ended_at)
    except _OlderError as error:
        logger.error(
            "MLflow holds what is older than the end of its workspace: nothing of it is freed. "
            "If one database was restored from a backup, restore the other one as of the same moment",
            extra={**about, "found": str(error)},
        )
    except (OSError, TreadleError) as error:
        logger.warning("An ended workspace waits for an hour", extra={**about, "error": str(error)})
    return None


def _free(objects: ObjectStore, settings: Settings, workspace: str, ended_at: datetime) -> int:
    here = f"{artifact_key(f'workspaces/{workspace}')}/"
    with ledger.opened(settings) as tables:
        if tables is None and next(iter(objects.list(here)), None) is not None:
            raise _OlderError("files, and no tables")
        freed = 0 if tables is None else _free_rows(tables, objects, workspace, ended_at)
    for each in list(objects.list(here)):
        objects.delete(each.key)
        freed += 1
    return freed


def _free_rows(tables: Tables, objects: ObjectStore, workspace: str, ended_at: datetime) -> int:
    purge = Purge(tables, objects, workspace, f"ended-{workspace}", _ALL_TIME_MS, look_up=lambda: None)
    purge.begin()
    with tables.write() as writer:
        _check_is_young(writer, workspace, int((ended_at - _LEEWAY).timestamp() * 1000))
        rows.free_rest(writer, OF_WORKSPACES, (workspace,))
        for sql in _END_EXPERIMENTS:
            writer.run(sql, (workspace,))
    left = purge.free()
    if left.refused:
        text = f"The files of {left.refused} runs or models could not be removed ({left.refusal})."
        raise Unavailable("purge-left", text)
    with tables.write() as writer:
        counts = ledger.take_counts(writer, purge.job)
    return sum(count for name, count in counts.items() if name != "size_bytes")


def _check_is_young(reader: Reader, workspace: str, end_ms: int) -> None:
    """Nothing is there that was there before; what tells no moment counts as old."""
    for table, made in _MADE.items():
        besides = "AND name <> 'Default' " if table == "experiments" else ""
        sql = f"SELECT 1 FROM {table} WHERE workspace = ? {besides}AND coalesce({made}, 0) < ? LIMIT 1"
        if reader.first(sql, (workspace, end_ms)) is not None:
            raise _OlderError(table)
    for table, made in _MADE_WITHIN.items():
        sql = (
            f"SELECT 1 FROM {table} t JOIN experiments e ON e.experiment_id = t.experiment_id "
            f"WHERE e.workspace = ? AND coalesce(e.creation_time, 0) < ? AND coalesce({made}, 0) < ? LIMIT 1"
        )
        if reader.first(sql, (workspace, end_ms, end_ms)) is not None:
            raise _OlderError(table)
