"""Beginning an import: small JSON at once, everything else as a job of the worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, update

from treadle import jobs
from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.db.schema import imports
from treadle.labeling import projects, uploads
from treadle.labeling.config import parse_config
from treadle.labeling.imports import writing
from treadle.labeling.imports.batch import write_batch
from treadle.labeling.imports.blocks import Block, to_batches
from treadle.labeling.imports.checking import Checker, Staged
from treadle.labeling.imports.staging import Source, stage_json
from treadle.labeling.uploads import StoredFile

JOB_NAME = "import"

_NAME_JOB = update(imports).where(imports.c.id == bindparam("of_import")).values(job_id=bindparam("job"))


class ImportOrder(msgspec.Struct, frozen=True):
    """What the worker shall import: uploads by id, or the JSON body under a key."""

    import_id: int
    upload_ids: list[int] = []
    body_key: str | None = None
    suggested_by: tuple[str, ...] = ()


def start_import(
    tx: Tx,
    grant: Grant,
    files: Sequence[StoredFile],
    *,
    body_key: str | None = None,
    suggested_by: Sequence[str] = (),
) -> tuple[jobs.Job, int]:
    """Order the import of kept files, or of a kept JSON body; the job and the import's id.

    ``suggested_by``: keys of the rows' data whose values are predictions.
    """
    assert grant.project_id is not None
    upload_ids = [uploads.add(tx, grant.project_id, grant.actor.user_id, file) for file in files]
    import_id = _begin(tx, grant)
    job = jobs.submit(tx, grant, JOB_NAME, ImportOrder(import_id, upload_ids, body_key, tuple(suggested_by)))
    tx.execute(_NAME_JOB, {"of_import": import_id, "job": job.id})
    return job, import_id


def import_inline(
    database: Database, grant: Grant, body: bytes, *, suggested_by: Sequence[str] = ()
) -> dict[str, Any]:
    """Import a small JSON body now; the answer with counts, and the import's id under ``import``.

    Raises Invalid naming row and field, with nothing written.
    """
    began = time.monotonic()
    assert grant.project_id is not None
    with database.read() as tx:
        config = parse_config(projects.config_of(tx, grant.project_id))
    checker = Checker(config, Staged(), suggested_by)
    blocks = list(stage_json([body], checker, Source("The body", "")))
    import_id = _write(database, grant, blocks, checker.summary.task_count)
    return {**answer(checker.summary, time.monotonic() - began, []), "import": import_id}


def _write(database: Database, grant: Grant, blocks: Sequence[Block], count: int) -> int:
    if count <= writing.BATCH:
        with database.write() as tx:
            import_id = _begin(tx, grant)
            for batch in to_batches(blocks, 0, writing.BATCH):
                write_batch(tx, import_id, batch)
            writing.finish(tx, import_id)
        return import_id
    with database.write() as tx:
        import_id = _begin(tx, grant)
    try:
        writing.write_all(database, import_id, blocks, _tell_nobody)
    except BaseException:
        writing.undo(database, import_id)
        raise
    with database.write() as tx:
        writing.finish(tx, import_id)
    return import_id


def answer(summary: Staged, duration_s: float, upload_ids: Sequence[int]) -> dict[str, Any]:
    """The counts of an import as Label Studio answers them, and what could not be taken in."""
    return {
        "task_count": summary.task_count,
        "annotation_count": summary.annotation_count,
        "prediction_count": summary.prediction_count,
        "duration": duration_s,
        "file_upload_ids": list(upload_ids),
        "could_be_tasks_list": summary.could_be_tasks_list,
        "found_formats": summary.found_formats or [],
        "data_columns": summary.data_columns,
        "left_out": summary.left_out,
        "left_out_count": summary.left_out_count,
    }


def source_of(row: Any) -> Source:
    """An upload as something to import."""
    name = row["file_name"].split("-", 1)[-1]
    return Source(name, row["object_key"], row["id"], row["project_id"], row["file_name"])


def _begin(tx: Tx, grant: Grant) -> int:
    return int(
        tx.execute(
            insert(imports).returning(imports.c.id),
            {
                "project_id": grant.project_id,
                "user_id": grant.actor.user_id,
                "state": "running",
                "created_at": tx.now,
            },
        ).scalar_one()
    )


def _tell_nobody(_written: int) -> None:
    return None
