"""The row that an import has from its beginning."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, update

from treadle.access import Grant
from treadle.db import Tx
from treadle.db.schema import imports

_NAME_JOB = update(imports).where(imports.c.id == bindparam("of_import")).values(job_id=bindparam("job"))


def begin(tx: Tx, grant: Grant) -> int:
    """A new import of the grant's project, by its actor; its id."""
    row = {
        "project_id": grant.project_id,
        "user_id": grant.actor.user_id,
        "state": "running",
        "created_at": tx.now,
    }
    return int(tx.execute(insert(imports).returning(imports.c.id), row).scalar_one())


def name_job(tx: Tx, import_id: int, job_id: str) -> None:
    """Note which job an import is."""
    tx.execute(_NAME_JOB, {"of_import": import_id, "job": job_id})
