"""What is left in MLflow's tables and artifacts of workspaces that ended, freed an hour later at most.

A workspace ends empty: what is left is an experiment "Default", files that no run names, and what somebody
wrote who was let in before. It is looked for a day long, since an upload may last that long.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, insert, select

from treadle.db import Database, Tx
from treadle.db.ended_tables import ended_workspaces
from treadle.objects import ObjectStore
from treadle.settings import Settings
from treadle.tracking.names import internal_name
from treadle.tracking.paths import artifact_key
from treadle.tracking.purging import ledger, rows
from treadle.tracking.purging.rows import Part
from treadle.tracking.purging.work import Purge
from treadle.tracking.reads.tables import Tables

_WATCHED = timedelta(days=1)
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


def note_ended(tx: Tx, workspace_id: int) -> None:
    """The workspace ends in this transaction."""
    tx.execute(insert(ended_workspaces).values(workspace_id=workspace_id, ended_at=tx.now))


def free_ended(database: Database, objects: ObjectStore, settings: Settings) -> int:
    """Free what is left of workspaces that ended; how many objects and rows that people know."""
    with database.read() as tx:
        ended = tx.rows(select(ended_workspaces).order_by(ended_workspaces.c.workspace_id))
        now = tx.now
    freed = sum(_free(objects, settings, internal_name(row["workspace_id"])) for row in ended)
    over = [row["workspace_id"] for row in ended if row["ended_at"] < now - _WATCHED]
    with database.write() as tx:
        tx.execute(delete(ended_workspaces).where(ended_workspaces.c.workspace_id.in_(over)))
    return freed


def _free(objects: ObjectStore, settings: Settings, workspace: str) -> int:
    with ledger.opened(settings) as tables:
        freed = 0 if tables is None else _free_rows(tables, objects, workspace)
    for each in list(objects.list(f"{artifact_key(f'workspaces/{workspace}')}/")):
        objects.delete(each.key)
        freed += 1
    return freed


def _free_rows(tables: Tables, objects: ObjectStore, workspace: str) -> int:
    purge = Purge(tables, objects, workspace, f"ended-{workspace}", _ALL_TIME_MS, look_up=lambda: None)
    purge.begin()
    with tables.write() as writer:
        rows.free_rest(writer, OF_WORKSPACES, (workspace,))
        for sql in _END_EXPERIMENTS:
            writer.run(sql, (workspace,))
    purge.free()
    return sum(purge.counts().values())
