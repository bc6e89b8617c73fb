"""An import as a job: read and check everything, write it in small batches, show it."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from treadle.jobs import JobKind, JobRun
from treadle.labeling import projects, uploads
from treadle.labeling.config import parse_config
from treadle.labeling.imports import writing
from treadle.labeling.imports.blocks import from_file, to_file
from treadle.labeling.imports.checking import Checker, Staged
from treadle.labeling.imports.importing import JOB_NAME, ImportOrder, answer, source_of
from treadle.labeling.imports.reading import TABULAR, extension_of
from treadle.labeling.imports.staging import Source, stage_all
from treadle.permissions import Permission


def run_import(run: JobRun) -> dict[str, Any]:
    """Read and check, write, show; the answer with counts."""
    order = run.decode(ImportOrder)
    began = time.monotonic()
    summary = msgspec.convert(run.step("read", _read, run, order), Staged)
    run.step("write", _write, run, order, summary.task_count)
    run.step("show", _show, run, order)
    return {**answer(summary, time.monotonic() - began, order.upload_ids), "import": order.import_id}


def undo_import(run: JobRun) -> None:
    """Take away the rows and the files of an import that failed or was cancelled before they showed."""
    order = run.decode(ImportOrder)
    if writing.undo(run.database, order.import_id):
        _remove_files(run, order)
    _forget_staging(run, order)


def _remove_files(run: JobRun, order: ImportOrder) -> None:
    with run.database.write() as tx:
        files = uploads.list_by_id(tx, order.upload_ids)
        uploads.remove(tx, order.upload_ids)
    for row in files:
        run.objects.delete(row["object_key"])
        run.objects.delete(uploads.thumbnail_key(row["project_id"], row["file_name"]))


IMPORT_JOB = JobKind(JOB_NAME, run_import, Permission.TASK_WRITE, undo_import)


def _read(run: JobRun, order: ImportOrder) -> dict[str, Any]:
    sources = _sources(run, order)
    with run.database.read() as tx:
        config = parse_config(projects.config_of(tx, _project_id(run)))
    summary = Staged(found_formats=_count_formats(sources))
    summary.could_be_tasks_list = any(extension_of(source.name) in TABULAR for source in sources)

    def report(done: int) -> None:
        run.check_cancelled()
        run.report(done, len(sources), f"Read {done} of {len(sources)}")

    checker = Checker(config, summary, order.suggested_by)
    blocks = stage_all(run.database, run.objects, checker, sources=sources, report=report)
    run.objects.put(_staging_key(order), to_file(blocks))
    return msgspec.to_builtins(summary)  # type: ignore[no-any-return]


def _write(run: JobRun, order: ImportOrder, total: int) -> int:
    def report(written: int) -> None:
        run.check_cancelled()
        run.report(written, total, f"Wrote {written} of {total} tasks")

    blocks = from_file(run.objects.read(_staging_key(order)))
    return writing.write_all(run.database, order.import_id, blocks, report)


def _show(run: JobRun, order: ImportOrder) -> None:
    with run.database.write() as tx:
        writing.finish(tx, order.import_id)
    _forget_staging(run, order)


def _sources(run: JobRun, order: ImportOrder) -> list[Source]:
    if order.body_key is not None:
        return [Source("The body", order.body_key)]
    with run.database.read() as tx:
        return [source_of(row) for row in uploads.list_by_id(tx, order.upload_ids)]


def _count_formats(sources: list[Source]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for source in sources:
        if source.upload_id is not None:
            extension = extension_of(source.name)
            counted[extension] = counted.get(extension, 0) + 1
    return counted


def _forget_staging(run: JobRun, order: ImportOrder) -> None:
    run.objects.delete(_staging_key(order))
    if order.body_key is not None:
        run.objects.delete(order.body_key)


def _staging_key(order: ImportOrder) -> str:
    return f"imports/{order.import_id}/tasks"


def _project_id(run: JobRun) -> int:
    assert run.job.project_id is not None
    return run.job.project_id
