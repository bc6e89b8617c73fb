"""Beginning an import: small JSON at once, everything else as a job of the worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from treadle import jobs
from treadle.access import Grant
from treadle.db import Database, Tx
from treadle.labeling import projects, uploads
from treadle.labeling.config import parse_config
from treadle.labeling.imports import writing
from treadle.labeling.imports.batch import write_batch
from treadle.labeling.imports.beginning import begin, name_job
from treadle.labeling.imports.blocks import Block, to_batches
from treadle.labeling.imports.checking import Checker, Staged
from treadle.labeling.imports.materials import LabelsAs
from treadle.labeling.imports.staging import stage_json
from treadle.labeling.uploads import StoredFile

JOB_NAME = "import"


class Plan(msgspec.Struct, frozen=True):
    """How an import is to go about it."""

    #: A kept JSON body, instead of files.
    body_key: str | None = None
    #: Files that the worker fetches first.
    urls: tuple[str, ...] = ()
    #: Keys of the rows' data whose values are predictions.
    suggested_by: tuple[str, ...] = ()
    #: What the labels in files of other formats become.
    labels_as: LabelsAs = "annotations"
    #: Otherwise the files are read and counted, and no task is made.
    commits: bool = True
    #: The rows of a table are tasks; otherwise the file itself is one.
    files_as_tasks_list: bool = True


class ImportOrder(msgspec.Struct, frozen=True):
    """What the worker shall import: uploads by id, a kept JSON body, or what lies at addresses."""

    import_id: int
    plan: Plan
    upload_ids: list[int] = []
    #: Came with this order, and go with it when it fails.
    owns_uploads: bool = True


def start_import(
    tx: Tx, grant: Grant, files: Sequence[StoredFile] | Sequence[int], *, plan: Plan | None = None
) -> tuple[jobs.Job, int]:
    """Order the import of kept files, or of uploads by id; the job and the import's id.

    Raises NotFound("file-not-found") for an upload of another project.
    """
    assert grant.project_id is not None
    own = [file for file in files if isinstance(file, StoredFile)]
    upload_ids = [uploads.add(tx, grant.project_id, grant.actor.user_id, file) for file in own]
    upload_ids += [file for file in files if isinstance(file, int)]
    uploads.check_are_of(tx, grant, upload_ids)
    import_id = begin(tx, grant)
    order = ImportOrder(import_id, plan or Plan(), upload_ids, owns_uploads=len(own) == len(upload_ids))
    job = jobs.submit(tx, grant, JOB_NAME, order)
    name_job(tx, import_id, job.id)
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
    blocks = list(stage_json([body], checker, "The body"))
    import_id = _write(database, grant, blocks, checker.summary.task_count)
    return {**answer(checker.summary, time.monotonic() - began, []), "import": import_id}


def _write(database: Database, grant: Grant, blocks: Sequence[Block], count: int) -> int:
    if count <= writing.BATCH:
        with database.write() as tx:
            import_id = begin(tx, grant)
            for batch in to_batches(blocks, 0, writing.BATCH):
                write_batch(tx, import_id, batch)
            writing.finish(tx, import_id)
        return import_id
    with database.write() as tx:
        import_id = begin(tx, grant)
    try:
        writing.write_all(database, import_id, blocks, _tell_nobody)
    except BaseException:
        writing.undo(database, import_id)
        raise
    writing.show(database, import_id)
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


def _tell_nobody(_written: int) -> None:
    return None
