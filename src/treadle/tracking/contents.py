"""How much MLflow holds for a workspace, counted while nobody may add to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from treadle.settings import Settings
from treadle.tracking.names import internal_name
from treadle.tracking.purging.ledger import opened
from treadle.tracking.reads.tables import Reader

#: What belongs to an experiment. MLflow makes one "Default" by itself: without these it is nobody's work.
_WITHIN = (
    "runs",
    "trace_info",
    "logged_models",
    "issues",
    "label_schemas",
    "review_queues",
    "scorers",
)
_IS_USED = " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} t WHERE t.experiment_id = e.experiment_id)" for table in _WITHIN
)
_EXPERIMENTS: Mapping[str, str] = {
    "experiments": "SELECT count(*) FROM experiments e WHERE e.workspace = ? "
    f"AND e.lifecycle_stage = 'active' AND (e.name <> 'Default' OR {_IS_USED})",
    "deleted experiments": "SELECT count(*) FROM experiments "
    "WHERE workspace = ? AND lifecycle_stage = 'deleted'",
    "deleted runs": "SELECT count(*) FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id "
    "WHERE e.workspace = ? AND r.lifecycle_stage = 'deleted'",
    "deleted logged models": "SELECT count(*) FROM logged_models m "
    "JOIN experiments e ON e.experiment_id = m.experiment_id "
    "WHERE e.workspace = ? AND m.lifecycle_stage = 'deleted'",
}
#: Tables of what stands for itself in a workspace, as people call it.
_BESIDE: Mapping[str, str] = {
    "registered_models": "registered models",
    "evaluation_datasets": "evaluation datasets",
    "mcp_servers": "MCP servers",
    "webhooks": "webhooks",
    "endpoints": "gateway endpoints",
    "model_definitions": "model definitions",
    "secrets": "gateway secrets",
    "budget_policies": "budget policies",
    "guardrails": "guardrails",
    "jobs": "MLflow jobs",
}
_LOCKED = ("experiments", "runs", *_WITHIN[1:], *_BESIDE)
_LOCK_PATIENCE = "SET LOCAL lock_timeout = '10s'"


@dataclass(frozen=True)
class Contents:
    """What is there, as long as nobody may add to it."""

    reader: Reader | None

    def count(self, workspace_id: int) -> dict[str, int]:
        """Everything of a workspace but an empty "Default", by what it is called, where there is any."""
        if self.reader is None:
            return {}
        beside = {
            what: f"SELECT count(*) FROM {table} WHERE workspace = ?" for table, what in _BESIDE.items()
        }
        return {
            what: count
            for what, sql in {**_EXPERIMENTS, **beside}.items()
            if (count := _count(self.reader, sql, internal_name(workspace_id)))
        }


@contextmanager
def holding_still(settings: Settings) -> Iterator[Contents]:
    """What MLflow holds; until the block ends nobody adds to it, so keep it short.

    Two files of SQLite do not commit together, nor do two connections to PostgreSQL: who ends a workspace
    commits that inside the block. What a request that was let in before writes later, `free_ended` frees.
    Raises Unavailable("tracking-database") where somebody has been writing for longer than one waits.
    """
    with opened(settings) as tables:
        if tables is None:
            yield Contents(None)
            return
        with tables.write() as writer:
            if not writer.is_sqlite:
                writer.run(_LOCK_PATIENCE)
                writer.run(f"LOCK TABLE {', '.join(dict.fromkeys(_LOCKED))} IN SHARE MODE")
            yield Contents(writer)


def _count(reader: Reader, sql: str, workspace: str) -> int:
    found = reader.first(sql, (workspace,))
    assert found is not None
    return int(found[0])
