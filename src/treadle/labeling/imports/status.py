"""How far an import is."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from treadle import jobs
from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import imports
from treadle.errors import NotFound
from treadle.labeling import rendering
from treadle.labeling.imports import writing

_i = imports.c
_ONE = select(imports).where(_i.id == bindparam("import_id"), _i.project_id == bindparam("project_id"))


def read_import(tx: Tx, grant: Grant, import_id: int) -> dict[str, Any]:
    """An import of the grant's project as Label Studio tells it. Raises NotFound("import-not-found")."""
    wanted = {"import_id": import_id, "project_id": grant.project_id}
    row = tx.execute(_ONE, wanted).mappings().first()
    if row is None:
        raise NotFound(
            "import-not-found", f"No ProjectImport matches the given query. There is no {import_id}."
        )
    job = jobs.get(tx, row["job_id"]) if row["job_id"] else None
    status = _status(row["state"], job)
    return {
        "id": row["id"],
        "project": row["project_id"],
        "status": status,
        "error": _error(job) if status == "failed" else None,
        "created_at": rendering.instant(row["created_at"]),
        "updated_at": rendering.instant(row["finished_at"] or row["created_at"]),
        "finished_at": rendering.instant(row["finished_at"]),
        "task_count": row["task_count"],
        "annotation_count": row["annotation_count"],
        "prediction_count": row["prediction_count"],
        "task_ids": writing.task_ids(tx, import_id) if status == "completed" else None,
    }


def _status(state: str, job: jobs.Job | None) -> str:
    if state == "done":
        return "completed"
    if state == "failed" or (job is not None and job.is_final):
        return "failed"
    return "in_progress"


def _error(job: jobs.Job | None) -> str:
    told: dict[str, Any] = msgspec.json.decode(job.error or "{}") if job is not None else {}
    return str(told.get("message", "The import was cancelled."))
